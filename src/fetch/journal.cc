// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/escape.h"
#include "base/sha256.h"
#include "fetch/journal_internal.h"

namespace hearth::fetch {
namespace {

constexpr std::size_t kMaxJournalBytes = 64 << 20;
constexpr std::size_t kReadBytes = 1 << 20;
constexpr std::uint64_t kMaxPieces = 1 << 18;

Error file_error(const std::string& path, int error_number) {
  return {ErrorCode::io, fmt::format("{}: {}", printable(path), errno_text(error_number))};
}

// Opens the file that the path names once the lock is held: the process that held it before may
// have removed it.
Result<UniqueFd> open_locked(const std::string& path) {
  while (true) {
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0644));
    if (!fd) return std::unexpected(file_error(path, errno));
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK)
        return fail(ErrorCode::io, "another process is fetching this file right now ({})",
                    printable(path));
      return std::unexpected(file_error(path, errno));
    }
    struct stat ours, there;
    if (::fstat(fd.get(), &ours) == 0 && ::stat(path.c_str(), &there) == 0 &&
        ours.st_ino == there.st_ino && ours.st_dev == there.st_dev)
      return fd;
  }
}

struct PieceLine {
  std::uint64_t piece = 0;
  std::string sha256;
};

std::optional<PieceLine> parse_piece(std::string_view line, std::uint64_t n_pieces) {
  constexpr std::string_view kWord = "piece ";
  if (!line.starts_with(kWord)) return std::nullopt;
  PieceLine parsed;
  const char* end = line.data() + line.size();
  const auto [stop, error] = std::from_chars(line.data() + kWord.size(), end, parsed.piece);
  if (error != std::errc() || stop == end || *stop != ' ' || parsed.piece >= n_pieces)
    return std::nullopt;
  parsed.sha256.assign(stop + 1, end);
  if (!is_sha256_hex(parsed.sha256)) return std::nullopt;
  return parsed;
}

}  // namespace

std::string Journal::head() const {
  return fmt::format("hearth-download 1\nbytes {}\npiece_bytes {}\nvalidator {}\n", identity_.bytes,
                     identity_.piece_bytes, printable(identity_.validator, 500));
}

std::uint64_t Journal::piece_size(std::uint64_t piece) const {
  return std::min(identity_.piece_bytes, identity_.bytes - piece_offset(piece));
}

Result<Journal> Journal::open(const std::string& folder, const std::string& key,
                              const DownloadIdentity& identity,
                              const std::function<Result<void>(std::uint64_t)>& checked) {
  CHECK(identity.bytes > 0 && identity.piece_bytes > 0);
  const std::uint64_t n_pieces = (identity.bytes - 1) / identity.piece_bytes + 1;
  if (n_pieces > kMaxPieces || identity.bytes > std::uint64_t{1} << 60)
    return fail(ErrorCode::does_not_fit, "a file of {} bytes is too large to fetch",
                identity.bytes);
  Journal journal;
  journal.identity_ = identity;
  journal.part_path_ = folder + "/" + key + ".part";
  journal.journal_path_ = folder + "/" + key + ".journal";
  journal.hashes_.resize(n_pieces);
  journal.journal_ = TRY(open_locked(journal.journal_path_));
  journal.part_ =
      UniqueFd(::open(journal.part_path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!journal.part_) return std::unexpected(file_error(journal.part_path_, errno));
  const std::string text = TRY(read_all(journal.journal_.get(), kMaxJournalBytes));
  if (!identity.validator.empty() && text.starts_with(journal.head())) {
    TRY(journal.take_up(std::string_view(text).substr(journal.head().size()), checked));
  } else {
    TRY(journal.start_over());
  }
  std::uint64_t missing = 0;
  for (std::uint64_t piece = 0; piece < n_pieces; ++piece)
    if (!journal.has(piece)) missing += journal.piece_size(piece);
  TRY(check_free_space(folder, missing));
  return journal;
}

Result<void> Journal::take_up(std::string_view text,
                              const std::function<Result<void>(std::uint64_t)>& checked) {
  std::vector<std::byte> buffer(kReadBytes);
  std::vector<std::string> claimed(hashes_.size());
  while (true) {  // what follows the last line feed was being written when its process died
    const auto end = text.find('\n');
    if (end == std::string_view::npos) break;
    if (auto line = parse_piece(text.substr(0, end), hashes_.size()))
      claimed[line->piece] = std::move(line->sha256);
    text.remove_prefix(end + 1);
  }
  if (!text.empty()) TRY(write_all(journal_.get(), "\n"));
  if (::ftruncate(part_.get(), static_cast<off_t>(identity_.bytes)) != 0)
    return std::unexpected(file_error(part_path_, errno));
  for (std::uint64_t piece = 0; piece < hashes_.size(); ++piece) {
    if (claimed[piece].empty()) continue;
    Sha256 hash;
    for (std::uint64_t done = 0; done < piece_size(piece);) {
      const std::uint64_t size = std::min<std::uint64_t>(buffer.size(), piece_size(piece) - done);
      const std::span<std::byte> block(buffer.data(), size);
      TRY(read(piece_offset(piece) + done, block));
      hash.update(block);
      done += size;
    }
    if (hash.finish_hex() != claimed[piece]) continue;
    hashes_[piece] = std::move(claimed[piece]);
    TRY(checked(piece_size(piece)));
  }
  return {};
}

Result<void> Journal::start_over() {
  if (::ftruncate(journal_.get(), 0) != 0) return std::unexpected(file_error(journal_path_, errno));
  if (::ftruncate(part_.get(), 0) != 0 ||
      ::ftruncate(part_.get(), static_cast<off_t>(identity_.bytes)) != 0)
    return std::unexpected(file_error(part_path_, errno));
  return write_all(journal_.get(), head());
}

Result<void> Journal::write(std::uint64_t offset, std::span<const std::byte> bytes) const {
  return about_part(write_at(part_.get(), offset, bytes));
}

Result<void> Journal::read(std::uint64_t offset, std::span<std::byte> bytes) const {
  return about_part(read_at(part_.get(), offset, bytes));
}

Result<void> Journal::about_part(Result<void> done) const {
  if (!done) return fail(done.error().code, "{}: {}", printable(part_path_), done.error().message);
  return done;
}

Result<void> Journal::add(std::uint64_t piece, const std::string& sha256) {
  TRY(write_all(journal_.get(), fmt::format("piece {} {}\n", piece, sha256)));
  hashes_[piece] = sha256;
  return {};
}

Result<void> Journal::sync() const {
  if (::fsync(part_.get()) != 0) return std::unexpected(file_error(part_path_, errno));
  return {};
}

void Journal::remove_journal() {
  ::unlink(journal_path_.c_str());
}

void Journal::remove_all() {
  ::unlink(part_path_.c_str());
  remove_journal();
}

}  // namespace hearth::fetch
