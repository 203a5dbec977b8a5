// SPDX-License-Identifier: Apache-2.0
//
// A configuration file of `hearth serve`, from reading TOML to what is to be served where. Beyond
// not crashing: what is accepted names models and listeners, what is refused says so on one line.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "apps/hearth/flags.h"
#include "apps/hearth/serve_config.h"
#include "base/check.h"

namespace hearth::app {
namespace {

// A file that holds the bytes, and that nobody else sees.
class FileOf {
 public:
  FileOf(const std::uint8_t* data, std::size_t size)
      : fd_(::memfd_create("settings", MFD_CLOEXEC)) {
    CHECK(fd_ >= 0);
    CHECK(::write(fd_, data, size) == static_cast<ssize_t>(size));
  }
  FileOf(const FileOf&) = delete;
  FileOf& operator=(const FileOf&) = delete;
  ~FileOf() { ::close(fd_); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

void look_at(const ServeConfig& config) {
  CHECK(!config.models.empty() && !config.listeners.empty());
  for (const ModelToServe& model : config.models) {
    CHECK(!model.name.empty());
    CHECK(model.is_called(model.id) && model.is_called(model.name));
  }
}

void check_config(const std::uint8_t* data, std::size_t size) {
  const FileOf file(data, size);
  ServeOptions options;
  Declarations declarations;
  Flags flags(declarations);
  options.declare(flags);
  options.config_file = file.path();
  const auto config = resolve(options);
  if (config) return look_at(*config);
  CHECK(!config.error().message.empty());
  for (const char byte : config.error().message) CHECK(static_cast<unsigned char>(byte) >= ' ');
}

}  // namespace
}  // namespace hearth::app

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hearth::app::check_config(data, size);
  return 0;
}
