// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "base/file.h"
#include "fetch/download.h"

namespace hearth::fetch {
namespace {

bool is_old(const std::string& path, std::chrono::hours age) {
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0) return false;
  const auto changed = std::chrono::system_clock::from_time_t(status.st_mtime);
  return std::chrono::system_clock::now() - changed > age;
}

}  // namespace

// A journal is written to whenever a piece is whole and locked while its download lives, so that an
// old journal that can be locked belongs to nobody. Whoever opens a journal looks again at its name
// once the lock is held (Journal::open), and so does not go on with one that was removed here.
Result<void> sweep_partial(const std::string& folder, std::chrono::hours age) {
  constexpr std::string_view kJournal = ".journal", kPart = ".part";
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(folder.c_str()), ::closedir);
  if (!entries) return {};
  std::vector<std::string> old;
  while (const dirent* entry = ::readdir(entries.get())) {
    std::string path = folder + "/" + entry->d_name;
    if ((path.ends_with(kJournal) || path.ends_with(kPart)) && is_old(path, age))
      old.push_back(std::move(path));
  }
  for (const std::string& path : old) {
    const std::string stem = path.substr(0, path.rfind('.'));
    const std::string journal = stem + std::string(kJournal);
    const UniqueFd fd(::open(journal.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!fd) {
      if (path.ends_with(kPart)) ::unlink(path.c_str());  // a file without a journal is of no use
      continue;
    }
    if (!is_old(journal, age) || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) continue;
    ::unlink((stem + std::string(kPart)).c_str());
    ::unlink(journal.c_str());
  }
  return {};
}

}  // namespace hearth::fetch
