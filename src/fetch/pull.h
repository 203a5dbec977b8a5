// SPDX-License-Identifier: Apache-2.0
//
// From a reference to a model of the store: find out which files it means, fetch what the store
// lacks, let the caller look at them, take them in.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"
#include "fetch/download.h"
#include "fetch/hub.h"
#include "fetch/model_ref.h"
#include "store/store.h"

namespace hearth::fetch {

// What a pull is doing, for bars and for programs. Sums over all files of the model.
struct PullProgress {
  std::string file;  // the one at work
  std::uint64_t bytes_done = 0, bytes_total = 0;
};

struct PullOptions {
  ModelRef ref;
  std::string name;    // empty: the short name, or from the file's name
  std::string sha256;  // of the one file; usage if there are several. Empty: what is known of it
  HubAccess access;
  bool replace = false;  // take the name away from another model
  RetryPolicy retry;
  std::chrono::seconds stall{60};
  std::uint64_t piece_bytes = std::uint64_t{16} << 20;
  std::function<void(const PullProgress&)> progress;
  // Looks at the fetched files, in shard order, before the store takes them; an error keeps them
  // out.
  std::function<Result<void>(const std::vector<std::string>& paths)> check;
  std::stop_token stop;
};

struct Pulled {
  store::Manifest manifest;
  bool verified = true;    // every file had a hash that somebody had named
  bool was_there = false;  // nothing was fetched
};

// Errors are those of read_repo, choose_files, download and Store::adopt; usage for a path, and for
// a short name that nobody knows; failed when something must be fetched and access.offline is set.
Result<Pulled> pull(store::Store& store, const PullOptions& options);

}  // namespace hearth::fetch
