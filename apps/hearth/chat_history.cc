// SPDX-License-Identifier: Apache-2.0
#include "chat_history.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/escape.h"
#include "base/utf8.h"
#include "state_folder.h"

namespace hearth::app {
namespace {

constexpr std::size_t kMaxHistoryBytes = 2 * kMaxHistoryEntries * (kMaxHistoryEntryBytes + 1);

std::string to_line(std::string_view entry) {
  std::string line;
  for (const char c : entry) {
    if (c == '\\') line += "\\\\";
    if (c == '\n') line += "\\n";
    if (c != '\\' && c != '\n') line += c;
  }
  return line + '\n';
}

std::string from_line(std::string_view line) {
  std::string entry;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool is_escape = line[i] == '\\' && i + 1 < line.size();
    if (is_escape) ++i;
    entry += is_escape && line[i] == 'n' ? '\n' : line[i];
  }
  return to_valid_utf8(entry);
}

std::vector<std::string_view> lines_in(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.size(), text.find('\n'));
    if (end > 0) lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return lines;
}

// Keeps the newest entries. The file stays the same one, for others that have it open.
Result<void> cut(int fd, std::span<const std::string_view> newest) {
  std::string text;
  for (const std::string_view line : newest) text += std::string(line) + '\n';
  if (::ftruncate(fd, 0) != 0)
    return fail(ErrorCode::io, "the history cannot be cut: {}", errno_text(errno));
  return write_all(fd, text);
}

}  // namespace

Result<std::vector<std::string>> load_history(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) return std::vector<std::string>();
  const UniqueFd fd = TRY(open_private(path, O_RDWR | O_APPEND));
  ::flock(fd.get(), LOCK_EX);
  const std::string text = TRY(read_all(fd.get(), kMaxHistoryBytes));
  const std::vector<std::string_view> lines = lines_in(text);
  const auto newest = std::span(lines).last(std::min(lines.size(), kMaxHistoryEntries));
  if (lines.size() >= 2 * kMaxHistoryEntries) TRY(cut(fd.get(), newest));
  std::vector<std::string> entries;
  for (const std::string_view line : newest) entries.push_back(from_line(line));
  return entries;
}

Result<void> add_to_history(const std::string& path, std::string_view entry) {
  if (entry.empty() || entry.size() > kMaxHistoryEntryBytes) return {};
  TRY(make_private_folder_of(path));
  const UniqueFd fd = TRY(open_private(path, O_WRONLY | O_CREAT | O_APPEND));
  ::flock(fd.get(), LOCK_EX);
  return write_all(fd.get(), to_line(entry));
}

}  // namespace hearth::app
