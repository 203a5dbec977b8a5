// SPDX-License-Identifier: Apache-2.0
//
// The ceilings once more, to hold `hearth bench --roofline` to: loops written without a look at
// those of kernels/ceilings, sharing no line with them. x86-64 alone. Prints the best of many short
// runs (0.03 s, as there) of each loop that this CPU has: one thread, then all.
//
//   ninja -C build/release hearth_roofline_asm && build/release/bench/hearth_roofline_asm [threads
//   [tries]]
#include <cpuid.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <numeric>
#include <thread>
#include <vector>

namespace {

using Loop = void (*)(long rounds);

// One round is 10 to 16 instructions, each with a sum of its own.
#define OP16(op)                                                         \
  op " %%zmm30, %%zmm31, %%zmm0\n" op " %%zmm30, %%zmm31, %%zmm1\n" op   \
     " %%zmm30, %%zmm31, %%zmm2\n" op " %%zmm30, %%zmm31, %%zmm3\n" op   \
     " %%zmm30, %%zmm31, %%zmm4\n" op " %%zmm30, %%zmm31, %%zmm5\n" op   \
     " %%zmm30, %%zmm31, %%zmm6\n" op " %%zmm30, %%zmm31, %%zmm7\n" op   \
     " %%zmm30, %%zmm31, %%zmm8\n" op " %%zmm30, %%zmm31, %%zmm9\n" op   \
     " %%zmm30, %%zmm31, %%zmm10\n" op " %%zmm30, %%zmm31, %%zmm11\n" op \
     " %%zmm30, %%zmm31, %%zmm12\n" op " %%zmm30, %%zmm31, %%zmm13\n" op \
     " %%zmm30, %%zmm31, %%zmm14\n" op " %%zmm30, %%zmm31, %%zmm15\n"
#define OP12(op)                                                       \
  op " %%ymm14, %%ymm15, %%ymm0\n" op " %%ymm14, %%ymm15, %%ymm1\n" op \
     " %%ymm14, %%ymm15, %%ymm2\n" op " %%ymm14, %%ymm15, %%ymm3\n" op \
     " %%ymm14, %%ymm15, %%ymm4\n" op " %%ymm14, %%ymm15, %%ymm5\n" op \
     " %%ymm14, %%ymm15, %%ymm6\n" op " %%ymm14, %%ymm15, %%ymm7\n" op \
     " %%ymm14, %%ymm15, %%ymm8\n" op " %%ymm14, %%ymm15, %%ymm9\n" op \
     " %%ymm14, %%ymm15, %%ymm10\n" op " %%ymm14, %%ymm15, %%ymm11\n"
#define ZERO16 "vpxord %%zmm30, %%zmm30, %%zmm30\nvpxord %%zmm31, %%zmm31, %%zmm31\n"
#define MADD(acc, t) \
  "vpmaddubsw %%ymm14, %%ymm15, %%ymm" t "\nvpaddw %%ymm" t ", %%ymm" acc ", %%ymm" acc "\n"
// Sums and operands are zero: what lies in a register might be a number that a float unit is slow
// with.
#define RUN(prepare, body)                                                                       \
  __asm__ volatile("vzeroall\n" prepare "0:\n" body "sub $1, %0\njne 0b\nvzeroupper\n"           \
                   : "+r"(rounds)::"cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", \
                     "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15")

void dpbusd512(long rounds) {
  RUN(ZERO16, OP16("vpdpbusd"));
}
void fma512(long rounds) {
  RUN(ZERO16, OP16("vfmadd231ps"));
}
void dpbusd256(long rounds) {
  RUN("", OP12("%{vex%} vpdpbusd"));
}
void fma256(long rounds) {
  RUN("", OP12("vfmadd231ps"));
}
void maddubs256(long rounds) {
  RUN("", MADD("0", "10") MADD("1", "11") MADD("2", "12") MADD("3", "13") MADD("4", "10")
              MADD("5", "11") MADD("6", "12") MADD("7", "13") MADD("8", "10") MADD("9", "11"));
}

struct Row {
  const char* name;
  bool usable;
  Loop loop;
  double macs_per_round;
};

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// What n threads at once do in a second: each does pieces until its time is up, and their own rates
// add up. The best of `tries`. Pieces are short (a quarter of a millisecond at most) beside that
// time.
double best_rate(unsigned n, double work_of_piece, int tries,
                 const std::function<void(unsigned)>& piece) {
  constexpr double kSeconds = 0.03;
  double best = 0;
  for (int i = 0; i < tries; ++i) {
    std::vector<double> rates(n);
    std::atomic<unsigned> n_ready = 0;
    const auto work = [&](unsigned thread) {
      ++n_ready;
      while (n_ready < n) std::this_thread::yield();
      const double start = now();
      double n_pieces = 0, seconds = 0;
      for (; seconds < kSeconds; seconds = now() - start, ++n_pieces) piece(thread);
      rates[thread] = n_pieces * work_of_piece / seconds;
    };
    std::vector<std::thread> threads;
    for (unsigned t = 1; t < n; ++t) threads.emplace_back(work, t);
    work(0);
    for (std::thread& thread : threads) thread.join();
    best = std::max(best, std::accumulate(rates.begin(), rates.end(), 0.0));
  }
  return best;
}

// Memory to read: eight times the last cache, but not less than a quarter of a GiB.
size_t bytes_to_read() {
  const long cache = ::sysconf(_SC_LEVEL3_CACHE_SIZE);
  const size_t least = size_t{256} << 20;
  return cache > 0 ? std::max(least, 8 * static_cast<size_t>(cache)) : least;
}

// Plain C++: eight 64-bit sums of words that follow each other, which any compiler makes vectors
// of.
uint64_t plain_read(const uint64_t* at, const uint64_t* end) {
  uint64_t sums[8] = {};
  for (; at < end; at += 8)
    for (int i = 0; i < 8; ++i) sums[i] += at[i];
  return sums[0] + sums[1] + sums[2] + sums[3] + sums[4] + sums[5] + sums[6] + sums[7];
}

}  // namespace

int main(int argc, char** argv) {
  const unsigned n = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1]))
                              : std::max(1u, std::thread::hardware_concurrency());
  const int tries = argc > 2 ? std::atoi(argv[2]) : 20;
  if (n < 1 || n > 1024 || tries < 1) return 2;
  unsigned a = 0, b = 0, c = 0, d = 0, a1 = 0, unused = 0;
  __get_cpuid_count(7, 0, &a, &b, &c, &d);
  __get_cpuid_count(7, 1, &a1, &unused, &unused, &unused);
  const bool avx2 = (b >> 5 & 1) != 0, avx512 = (b >> 16 & 1) != 0;
  const Row rows[] = {{"vpdpbusd, 512 bit", avx512 && (c >> 11 & 1) != 0, dpbusd512, 16 * 64.0},
                      {"vpdpbusd, 256 bit", (a1 >> 4 & 1) != 0, dpbusd256, 12 * 32.0},
                      {"vpmaddubsw, 256 bit", avx2, maddubs256, 10 * 32.0},
                      {"fma, 512 bit", avx512, fma512, 16 * 16.0},
                      {"fma, 256 bit", avx2, fma256, 12 * 8.0}};
  std::printf("%-22s %12s %12s\n", "best of many", "1 thread", "all");
  for (const Row& row : rows) {
    if (!row.usable) continue;
    constexpr long kRounds = 20000;
    const auto work = [&](unsigned) { row.loop(kRounds); };
    const double one = best_rate(1, kRounds * row.macs_per_round, tries, work);
    const double all = best_rate(n, kRounds * row.macs_per_round, tries, work);
    std::printf("%-22s %7.1f GMAC/s %7.1f GMAC/s\n", row.name, one * 1e-9, all * 1e-9);
  }
  // Large pages, as the other measures with: with pages of 4 KiB the same loop is slower. The
  // threads share one stream, of which each takes the next MiB.
  constexpr size_t kPieceWords = size_t{1} << 17;
  const size_t n_pieces = bytes_to_read() / 8 / kPieceWords;
  const size_t n_words = n_pieces * kPieceWords;
  void* const memory_pages =
      ::mmap(nullptr, n_words * 8, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory_pages == MAP_FAILED) return 1;
  ::madvise(memory_pages, n_words * 8, MADV_HUGEPAGE);
  auto* const memory = static_cast<uint64_t*>(memory_pages);
  std::fill(memory, memory + n_words, 1);
  std::vector<uint64_t> sums(n);
  std::atomic<size_t> next_piece = 0;
  const auto read = [&](unsigned thread) {
    const uint64_t* const at = memory + next_piece++ % n_pieces * kPieceWords;
    sums[thread] += plain_read(at, at + kPieceWords);
  };
  const double one = best_rate(1, 8.0 * kPieceWords, tries, read);
  const double all = best_rate(n, 8.0 * kPieceWords, tries, read);
  std::printf("%-22s %9.1f GB/s %9.1f GB/s\n", sums[0] == 0 ? "?" : "reading", one * 1e-9,
              all * 1e-9);
  return 0;
}
