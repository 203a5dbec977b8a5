// SPDX-License-Identifier: Apache-2.0
//
// No lock is held while files are read: blobs never change, and one that another process removes
// meanwhile belongs to a model that was removed with it, which is then no model to speak of.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <vector>

#include "base/escape.h"
#include "base/file.h"
#include "base/sha256.h"
#include "store/folder_internal.h"
#include "store/store.h"

namespace hearth::store {
namespace {

constexpr std::size_t kVerifyBytes = 1 << 20;

}  // namespace

Result<Verification> Store::verify(const VerifyOptions& options) {
  Verification found;
  std::vector<Manifest> models;
  for (const std::string& name : options.names) {
    auto model = find(name);
    if (!model && model.error().code != ErrorCode::integrity) return std::unexpected(model.error());
    if (!model) {
      found.problems.push_back(model.error().message);
    } else {
      models.push_back(std::move(model->manifest));
    }
  }
  if (options.names.empty()) {
    Listing listing = TRY(list());
    found.problems = std::move(listing.problems);
    for (Manifest& manifest : listing.models)
      if (check_blobs(manifest)) models.push_back(std::move(manifest));
  }

  std::map<std::string, StoredFile> files;  // by path: each is read once
  std::uint64_t bytes_total = 0, bytes_done = 0;
  for (const Manifest& manifest : models)
    for (const StoredFile& file : manifest.files)
      if (files.emplace(path_of(file), file).second) bytes_total += file.bytes;

  std::map<std::string, std::string> wrong;  // path: what is
  std::vector<std::byte> buffer(kVerifyBytes);
  for (const auto& [path, file] : files) {
    const auto fd = open_for_read(path);
    if (!fd) {
      wrong[path] = fd.error().message;
      continue;
    }
    Sha256 hash;
    while (true) {
      if (options.stop.stop_requested())
        return fail(ErrorCode::cancelled, "the verification was cancelled");
      const ssize_t n = ::read(fd->get(), buffer.data(), buffer.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) wrong[path] = errno_text(errno);
      if (n <= 0) break;
      hash.update(std::span(buffer).first(static_cast<std::size_t>(n)));
      bytes_done += static_cast<std::uint64_t>(n);
      if (options.progress) options.progress(bytes_done, bytes_total);
    }
    if (wrong.contains(path)) continue;
    if (const std::string sha256 = hash.finish_hex(); sha256 != file.sha256) {
      wrong[path] = fmt::format("its SHA-256 is {}", sha256);
      if (options.remove_damaged && !file.is_reference()) {
        const UniqueFd lock = TRY(lock_file(root_ + "/lock"));
        if (::unlink(path.c_str()) == 0) wrong[path] += "; it is deleted";
      }
    }
  }

  for (const Manifest& manifest : models) {
    const auto now = read_manifest(manifest.name);  // another process may have removed it meanwhile
    if (!now || now->files != manifest.files) continue;
    bool sound = true;
    for (const StoredFile& file : manifest.files) {
      const auto what = wrong.find(path_of(file));
      if (what == wrong.end()) continue;
      sound = false;
      found.problems.push_back(fmt::format(
          "{}: {} ({}) is damaged: {}; {}", manifest.name, printable(what->first),
          printable(file.name), what->second,
          options.remove_damaged
              ? repair_advice(manifest)
              : "`hearth verify --remove-damaged` deletes it, then " + repair_advice(manifest)));
    }
    if (sound) found.sound.push_back(manifest.name);
  }
  return found;
}

}  // namespace hearth::store
