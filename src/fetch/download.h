// SPDX-License-Identifier: Apache-2.0
//
// Fetches one file: several ranges at once, taken up again after any kind of end, hashed while it
// grows, on the disk and checked when the call returns.
//
// The hash that counts is the caller's; where there is none, the one that the hub announces for the
// file (X-Linked-Etag). A server that announces one other than the caller's is refused before a
// byte is fetched. Where nobody names a hash the file is taken as it comes, and said to be so.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/error.h"
#include "fetch/http.h"

namespace hearth::fetch {

class Journal;  // journal_internal.h

// What a server says about a file before it is fetched.
struct RemoteFile {
  std::uint64_t bytes = 0;
  bool takes_ranges = false;
  std::string sha256;  // announced by the hub; empty: not
  std::string etag;    // strong, of where the bytes come from; empty: none
};

// not_found if there is no such file. A server that does not tell the size is refused.
Result<RemoteFile> ask_about(HttpClient& client, const std::string& url, const std::string& token,
                             const RetryPolicy& retry, const std::stop_token& stop);

struct DownloadOptions {
  std::string url;
  std::string token;
  std::string sha256;       // what the file must have; empty: what the hub announces
  std::uint64_t bytes = 0;  // what it must have; 0: anything
  std::string folder;       // where it grows; see Store::partial_dir
  int n_connections = 4;
  std::uint64_t piece_bytes = std::uint64_t{16} << 20;
  RetryPolicy retry;
  std::chrono::seconds stall{60};
  // Called from the calling thread a few times a second.
  std::function<void(std::uint64_t bytes_done, std::uint64_t bytes_total)> progress;
  std::stop_token stop;
};

struct Downloaded {
  std::string path;
  std::uint64_t bytes = 0;
  std::string sha256;
  bool verified = false;             // somebody had named the hash
  std::shared_ptr<Journal> journal;  // keeps other processes away

  // To be called when the file has been taken elsewhere (rename), or is not wanted after all.
  void finish();
};

// Removes the beginnings of downloads that nobody went on with for `age`, and is not fetching now.
Result<void> sweep_partial(const std::string& folder,
                           std::chrono::hours age = std::chrono::hours(24 * 14));

// integrity: a hash or size that is not the expected one, or a file that changed on the server.
// not_found, failed: as HttpClient::get. io: no room, or another process fetches the same file.
// cancelled: asked to stop. After every failure but a wrong hash the next call goes on from there.
Result<Downloaded> download(const DownloadOptions& options);

}  // namespace hearth::fetch
