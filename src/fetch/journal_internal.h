// SPDX-License-Identifier: Apache-2.0
//
// A download that can be taken up again: the file as far as it has come, and beside it a journal
// with the hash of every piece that was received whole.
//
//   FOLDER/<key>.part       the file, sparse where pieces are missing
//   FOLDER/<key>.journal    "hearth-download 1", what is fetched, then "piece INDEX SHA256" lines
//
// The journal is a claim that is checked, not believed: open() reads every piece it lists and keeps
// those whose bytes still have their hash. So neither needs to reach the disk before the other, and
// a torn line, a power cut or a damaged disk costs a piece, never a wrong file.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace hearth::fetch {

// What is being fetched: if any of it changes, the pieces are of another file.
struct DownloadIdentity {
  std::uint64_t bytes = 0;
  std::uint64_t piece_bytes = 0;
  std::string validator;  // the expected SHA-256, or the server's ETag; empty: never taken up again

  bool operator==(const DownloadIdentity&) const = default;
};

// Holds a flock on the journal for as long as it lives, so that two processes do not fetch one file
// into one another's way. Not thread-safe but for write(), which takes any number of threads for
// bytes that do not overlap.
class Journal {
 public:
  // io if another process holds it, or the disk has no room. `checked` hears of bytes that were
  // found good.
  static Result<Journal> open(const std::string& folder, const std::string& key,
                              const DownloadIdentity& identity,
                              const std::function<Result<void>(std::uint64_t)>& checked);

  std::uint64_t n_pieces() const { return hashes_.size(); }
  bool has(std::uint64_t piece) const { return !hashes_[piece].empty(); }
  const std::string& hash_of(std::uint64_t piece) const { return hashes_[piece]; }
  std::uint64_t piece_offset(std::uint64_t piece) const { return piece * identity_.piece_bytes; }
  std::uint64_t piece_size(std::uint64_t piece) const;
  const std::string& part_path() const { return part_path_; }

  Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) const;
  Result<void> read(std::uint64_t offset, std::span<std::byte> bytes) const;
  Result<void> add(std::uint64_t piece, const std::string& sha256);
  void forget(std::uint64_t piece) { hashes_[piece].clear(); }
  Result<void> sync() const;

  // After the file has been taken elsewhere, or turned out to be wrong.
  void remove_journal();
  void remove_all();

 private:
  Result<void> about_part(Result<void> done) const;
  Journal() = default;
  Result<void> take_up(std::string_view text,
                       const std::function<Result<void>(std::uint64_t)>& checked);
  Result<void> start_over();
  std::string head() const;

  DownloadIdentity identity_;
  std::string part_path_, journal_path_;
  UniqueFd part_, journal_;
  std::vector<std::string> hashes_;  // by piece; empty: not there
};

}  // namespace hearth::fetch
