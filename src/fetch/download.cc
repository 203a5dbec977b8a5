// SPDX-License-Identifier: Apache-2.0
//
// The calling thread hashes the file in order, close behind the threads that fetch its pieces, so
// that what it reads is still in the page cache. What it hashes is what the disk gives back, not
// what came over the network: a fault between the two is found.
#include "fetch/download.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/sha256.h"
#include "fetch/content_range_internal.h"
#include "fetch/journal_internal.h"

namespace hearth::fetch {
namespace {

constexpr auto kTick = std::chrono::milliseconds(100);
constexpr std::uint64_t kProgressThatCounts = 1 << 20;  // bytes that pay for new tries
constexpr std::size_t kHashBlockBytes = 1 << 20;

std::string hash_of(std::string_view text) {
  Sha256 hash;
  hash.update(std::as_bytes(std::span(text)));
  return hash.finish_hex();
}

class Transfer {
 public:
  Transfer(const DownloadOptions& options, const RemoteFile& remote, std::string expected,
           Journal& journal)
      : options_(options), remote_(remote), expected_(std::move(expected)), journal_(journal) {
    for (std::uint64_t piece = 0; piece < journal.n_pieces(); ++piece) {
      if (journal.has(piece)) {
        bytes_done_ += journal.piece_size(piece);
      } else {
        wanted_.push_back(piece);
      }
    }
  }

  // The hash of the whole.
  Result<std::string> run();

 private:
  void work();
  Result<void> fetch_piece(HttpClient& client, std::uint64_t piece);
  Result<void> check_reply(const HttpReply& reply, const ByteRange& wanted) const;
  Result<std::string> hash_in_order();
  // False once the transfer is over before its time.
  bool wait_for(std::uint64_t piece);
  void give_up(Error error);

  const DownloadOptions& options_;
  const RemoteFile& remote_;
  const std::string expected_;
  Journal& journal_;
  std::atomic<std::uint64_t> bytes_done_ = 0;
  std::stop_source stop_;

  std::mutex mutex_;  // guards the journal's list of pieces and what follows
  std::condition_variable_any changed_;
  std::deque<std::uint64_t> wanted_;
  std::optional<Error> error_;  // the first
};

void Transfer::give_up(Error error) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = std::move(error);
  stop_.request_stop();
  changed_.notify_all();
}

Result<std::string> Transfer::run() {
  std::vector<std::jthread> workers;
  const auto n_workers =
      std::clamp<std::size_t>(wanted_.size(), 1, static_cast<std::size_t>(options_.n_connections));
  for (std::size_t i = 0; i < n_workers; ++i) workers.emplace_back([this] { work(); });
  auto hash = hash_in_order();
  stop_.request_stop();
  changed_.notify_all();
  workers.clear();
  if (error_) return std::unexpected(std::move(*error_));
  return hash;
}

void Transfer::work() {
  HttpClient client(options_.stall);
  while (true) {
    std::uint64_t piece = 0;
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop_.get_token(), [this] { return !wanted_.empty(); })) return;
      piece = wanted_.front();
      wanted_.pop_front();
    }
    if (auto fetched = fetch_piece(client, piece); !fetched)
      return give_up(std::move(fetched.error()));
  }
}

Result<void> Transfer::check_reply(const HttpReply& reply, const ByteRange& wanted) const {
  if (expected_.empty() && !remote_.etag.empty() && reply.header("etag") != remote_.etag)
    return fail(ErrorCode::integrity, "{}: the file changed on the server; fetch it again",
                shown_url(options_.url));
  if (!remote_.takes_ranges && reply.status == 200) return {};
  const auto range = parse_content_range(reply.header("content-range"));
  if (reply.status == 206 && range && range->first == wanted.first && range->last == wanted.last &&
      range->total == remote_.bytes)
    return {};
  return fail(ErrorCode::failed, "{}: the server sent another range than bytes {} to {} of {}",
              shown_url(options_.url), wanted.first, wanted.last, remote_.bytes);
}

Result<void> Transfer::fetch_piece(HttpClient& client, std::uint64_t piece) {
  const std::uint64_t start = journal_.piece_offset(piece), size = journal_.piece_size(piece);
  std::uint64_t have = 0, have_at_failure = 0;
  Sha256 hash;
  for (int failures = 1;; ++failures) {
    if (!remote_.takes_ranges && have > 0) {  // only the whole file can be had
      bytes_done_ -= have;
      have = 0;
      hash = Sha256();
    }
    const ByteRange wanted{start + have, start + size - 1};
    HttpRequest request{.url = options_.url, .token = options_.token};
    if (remote_.takes_ranges) request.range = wanted;
    bool garbled = false;  // one bad reply; the next may be good
    const auto take = [&](const HttpReply& reply,
                          std::span<const std::byte> bytes) -> Result<void> {
      if (auto sound = check_reply(reply, wanted); !sound) {
        garbled = sound.error().code == ErrorCode::failed;
        return sound;
      }
      if (bytes.size() > size - have) {
        garbled = true;
        return fail(ErrorCode::failed, "{}: the server sent more than it said",
                    shown_url(options_.url));
      }
      TRY(journal_.write(start + have, bytes));
      hash.update(bytes);
      have += bytes.size();
      bytes_done_ += bytes.size();
      return {};
    };
    const auto reply = client.get(request, take, stop_.get_token());
    if (have == size) break;
    HttpFailure failure{{ErrorCode::failed, fmt::format("{}: the server sent less than it said",
                                                        shown_url(options_.url))},
                        true};
    if (!reply) failure = reply.error();
    failure.transient = failure.transient || garbled;
    if (remote_.takes_ranges && have - have_at_failure >= kProgressThatCounts) failures = 1;
    have_at_failure = have;
    if (!wait_for_retry(options_.retry, failures, failure, stop_.get_token()))
      return std::unexpected(failure.error);
  }
  const std::lock_guard lock(mutex_);
  TRY(journal_.add(piece, hash.finish_hex()));
  changed_.notify_all();
  return {};
}

bool Transfer::wait_for(std::uint64_t piece) {
  while (true) {
    if (options_.progress) options_.progress(bytes_done_, remote_.bytes);
    if (options_.stop.stop_requested())
      give_up(
          {ErrorCode::cancelled, "the download was cancelled; the same command goes on with it"});
    std::unique_lock lock(mutex_);
    if (error_) return false;
    if (changed_.wait_for(lock, kTick, [&] { return journal_.has(piece) || error_; }))
      return !error_;
  }
}

Result<std::string> Transfer::hash_in_order() {
  Sha256 whole;
  std::vector<std::byte> buffer(kHashBlockBytes);
  for (std::uint64_t piece = 0; piece < journal_.n_pieces(); ++piece) {
    if (!wait_for(piece)) return "";
    for (std::uint64_t done = 0; done < journal_.piece_size(piece);) {
      const std::span<std::byte> block(
          buffer.data(), std::min<std::uint64_t>(buffer.size(), journal_.piece_size(piece) - done));
      TRY(journal_.read(journal_.piece_offset(piece) + done, block));
      whole.update(block);
      done += block.size();
    }
  }
  if (options_.progress) options_.progress(bytes_done_, remote_.bytes);
  return whole.finish_hex();
}

// A file whose server vouches for another hash than it has was damaged on its way. No hash tells in
// which range, so that the pieces are fetched again an eighth at a time until the whole is right.
Result<std::string> fetch_damaged_part(const DownloadOptions& options, const RemoteFile& remote,
                                       const std::string& expected, Journal& journal) {
  constexpr std::uint64_t kParts = 8;
  const std::uint64_t step = (journal.n_pieces() - 1) / kParts + 1;
  std::string sha256;
  for (std::uint64_t first = 0; first < journal.n_pieces() && sha256 != expected; first += step) {
    for (std::uint64_t i = first; i < std::min(first + step, journal.n_pieces()); ++i)
      journal.forget(i);
    sha256 = TRY(Transfer(options, remote, expected, journal).run());
  }
  return sha256;
}

}  // namespace

void Downloaded::finish() {
  if (journal) journal->remove_journal();
  journal.reset();
}

Result<Downloaded> download(const DownloadOptions& options) {
  CHECK(options.n_connections > 0 && options.piece_bytes > 0);
  HttpClient client(options.stall);
  const RemoteFile remote =
      TRY(ask_about(client, options.url, options.token, options.retry, options.stop));
  const std::string shown = shown_url(options.url);
  const std::string pinned = to_lower_hex(options.sha256);
  if (!pinned.empty() && !remote.sha256.empty() && pinned != remote.sha256)
    return fail(ErrorCode::integrity, "{}: the hub says that its SHA-256 is {}, not {}", shown,
                remote.sha256, pinned);
  if (options.bytes != 0 && options.bytes != remote.bytes)
    return fail(ErrorCode::integrity, "{}: it has {} bytes, not {}", shown, remote.bytes,
                options.bytes);
  const std::string expected = pinned.empty() ? remote.sha256 : pinned;
  const DownloadIdentity identity{
      .bytes = remote.bytes,
      .piece_bytes = remote.takes_ranges ? options.piece_bytes : remote.bytes,
      .validator = expected.empty() ? remote.etag : expected};
  std::uint64_t bytes_checked = 0;
  const auto checked = [&](std::uint64_t bytes) -> Result<void> {
    bytes_checked += bytes;
    if (options.progress) options.progress(bytes_checked, remote.bytes);
    if (options.stop.stop_requested())
      return fail(ErrorCode::cancelled, "the download was cancelled");
    return {};
  };
  auto journal = std::make_shared<Journal>(TRY(Journal::open(
      options.folder, expected.empty() ? hash_of(options.url) : expected, identity, checked)));
  std::string sha256 = TRY(Transfer(options, remote, expected, *journal).run());
  if (sha256 != expected && !expected.empty() && expected == remote.sha256 && remote.takes_ranges)
    sha256 = TRY(fetch_damaged_part(options, remote, expected, *journal));
  if (!expected.empty() && sha256 != expected) {
    journal->remove_all();
    return fail(ErrorCode::integrity, "{}: its SHA-256 is {}, not {}; what was fetched is deleted",
                shown, sha256, expected);
  }
  TRY(journal->sync());
  return Downloaded{.path = journal->part_path(),
                    .bytes = remote.bytes,
                    .sha256 = sha256,
                    .verified = !expected.empty(),
                    .journal = journal};
}

}  // namespace hearth::fetch
