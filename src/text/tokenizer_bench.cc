// SPDX-License-Identifier: Apache-2.0
//
// Speed of tokenizers on one core, in MB of text for each second of its time, from bytes to ids and
// back: tokenizer_bench TEXT VOCABULARY.gguf... Prose of some hundred kilobytes tells most: what
// every Debian has is `cat /usr/share/common-licenses/*`.
#include <cstdio>
#include <ctime>
#include <string>

#include "base/file.h"
#include "format/model_files.h"
#include "text/tokenizer.h"

namespace hearth::text {
namespace {

constexpr std::size_t kMaxText = std::size_t{1} << 28;

// Time of this thread on a core: other programs' turns do not count.
double seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// The best of several runs, at least one second together.
template <class Body>
double best_time(Body&& body) {
  double best = 1e9;
  double total = 0;
  while (total < 1) {
    const double start = seconds();
    body();
    const double time = seconds() - start;
    best = std::min(best, time);
    total += time;
  }
  return best;
}

Result<void> measure(const std::string& text, const std::string& path) {
  std::vector<format::NamedFd> shards;
  auto fd = TRY(open_for_read(path));
  shards.push_back({std::move(fd), path});
  const auto files = TRY(format::ModelFiles::map(std::move(shards)));
  const auto tokenizer = TRY(Tokenizer::load(files->gguf()));
  std::vector<TokenId> ids;
  const double encoding = best_time([&] {
    ids.clear();
    tokenizer->encode(text, {}, ids);
  });
  const double decoding = best_time([&] { (void)tokenizer->decode(ids, true); });
  const double megabytes = static_cast<double>(text.size()) * 1e-6;
  std::printf("%-24s %8zu tokens  encode %7.1f MB/s  decode %7.1f MB/s  %s\n",
              tokenizer->description().c_str(), ids.size(), megabytes / encoding,
              megabytes / decoding, path.c_str());
  return {};
}

Result<void> run(int n_paths, char** paths) {
  if (n_paths < 2) return fail(ErrorCode::usage, "usage: tokenizer_bench TEXT VOCABULARY.gguf...");
  const UniqueFd fd = TRY(open_for_read(paths[0]));
  const std::string text = TRY(read_all(fd.get(), kMaxText));
  for (int i = 1; i < n_paths; ++i) TRY(measure(text, paths[i]));
  return {};
}

}  // namespace
}  // namespace hearth::text

int main(int argc, char** argv) {
  const auto done = hearth::text::run(argc - 1, argv + 1);
  if (!done) std::fprintf(stderr, "%s\n", done.error().message.c_str());
  return done ? 0 : 1;
}
