// SPDX-License-Identifier: Apache-2.0
#include "state_folder.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "base/escape.h"

namespace hearth::app {
namespace {

constexpr mode_t kOwnerAlone = 0600;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

Result<std::string> state_folder() {
  if (const std::string home = variable("HEARTH_HOME"); !home.empty()) return home + "/state";
  // A relative path is invalid, says the specification.
  if (const std::string state = variable("XDG_STATE_HOME"); state.starts_with('/'))
    return state + "/hearth";
  if (const std::string home = variable("HOME"); !home.empty())
    return home + "/.local/state/hearth";
  return fail(ErrorCode::usage, "set HOME, XDG_STATE_HOME or HEARTH_HOME");
}

Result<void> make_private_folder_of(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!folder.empty() && std::filesystem::create_directories(folder, error))
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  if (error)
    return fail(ErrorCode::io, "{}: {}", printable(folder.string()), errno_text(error.value()));
  return {};
}

Result<UniqueFd> open_private(const std::string& path, int flags) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, kOwnerAlone));
  if (!fd || ::fchmod(fd.get(), kOwnerAlone) != 0)
    return fail(errno == ENOENT ? ErrorCode::not_found : ErrorCode::io, "{}: {}", printable(path),
                errno_text(errno));
  return fd;
}

}  // namespace hearth::app
