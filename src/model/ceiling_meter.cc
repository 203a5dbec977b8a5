// SPDX-License-Identifier: Apache-2.0
#include "model/ceiling_meter.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <numeric>
#include <vector>

namespace hearth::model {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20, kPageBytes = 4096;
constexpr std::size_t kUsualReadBytes = std::size_t{1} << 28, kLeastReadBytes = 8 * kChunkBytes;
constexpr double kSeconds = 0.03;         // of one figure
constexpr std::uint64_t kRounds = 20000;  // between two looks at the clock: 50 to 500 microseconds

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Eight times the last cache at least, where the system tells its size.
std::size_t read_size(std::uint64_t available_bytes) {
  const long cache = ::sysconf(_SC_LEVEL3_CACHE_SIZE);
  const std::size_t wanted =
      std::max(kUsualReadBytes, cache > 0 ? 8 * static_cast<std::size_t>(cache) : 0);
  const std::size_t size =
      static_cast<std::size_t>(std::min<std::uint64_t>(wanted, available_bytes / 4));
  return std::max(size / kChunkBytes * kChunkBytes, kLeastReadBytes);
}

}  // namespace

CeilingMeter::CeilingMeter(unsigned n_threads, unsigned n_cpus, PageMemory memory)
    : pool_(n_threads, n_cpus),
      memory_(std::move(memory)),
      operands_(std::make_unique<kernels::CeilingOperands>()) {
  kernels::fill_operands(1, *operands_);
  for_each_item(pool_, memory_.size() / kChunkBytes, 1, [&](std::size_t chunk, unsigned) {
    std::memset(memory_.data() + chunk * kChunkBytes, 1, kChunkBytes);
  });
}

Result<std::unique_ptr<CeilingMeter>> CeilingMeter::create(unsigned n_threads, unsigned n_cpus,
                                                           std::uint64_t available_bytes) {
  PageMemory memory =
      TRY(PageMemory::allocate(read_size(available_bytes), PageMemory::Pages::huge));
  return std::unique_ptr<CeilingMeter>(new CeilingMeter(n_threads, n_cpus, std::move(memory)));
}

double CeilingMeter::rate_of(TaskRef piece) {
  std::vector<double> rates(pool_.size());
  auto task = [&](unsigned worker) {
    const auto start = std::chrono::steady_clock::now();
    double n_pieces = 0, seconds = 0;
    do {
      piece(worker);
      ++n_pieces;
      seconds = seconds_since(start);
    } while (seconds < kSeconds);
    rates[worker] = n_pieces / seconds;
  };
  pool_.run(task);
  return std::accumulate(rates.begin(), rates.end(), 0.0);
}

double CeilingMeter::macs_per_second(const kernels::Ceiling& ceiling) {
  auto piece = [&](unsigned) {
    alignas(64) std::byte sums[kernels::kCeilingSumBytes];
    ceiling.run(*operands_, kRounds, sums);
  };
  return rate_of(piece) * static_cast<double>(kRounds * ceiling.macs_per_round());
}

// Hosts of virtual machines take back memory that has not been touched for half a minute, which a
// prompt of some thousand tokens takes: the first look at each page then costs as much as reading
// it ten times. One word of each, so that caches stay as they are.
void CeilingMeter::touch_pages() {
  for_each_item(pool_, memory_.size() / kChunkBytes, 1, [&](std::size_t chunk, unsigned) {
    const auto* bytes = reinterpret_cast<const volatile std::byte*>(memory_.data());
    for (std::size_t at = 0; at < kChunkBytes; at += kPageBytes)
      static_cast<void>(bytes[chunk * kChunkBytes + at]);
  });
}

double CeilingMeter::read_bytes_per_second() {
  touch_pages();
  const kernels::ReadLoop& loop = kernels::read_loop();
  const std::size_t n_chunks = memory_.size() / kChunkBytes;
  auto piece = [&](unsigned) {
    const std::size_t chunk = next_chunk_.fetch_add(1, std::memory_order_relaxed) % n_chunks;
    static_cast<void>(loop.sum(memory_.data() + chunk * kChunkBytes, kChunkBytes));
  };
  return rate_of(piece) * static_cast<double>(kChunkBytes);
}

Ceilings CeilingMeter::measure() {
  return {.int8_macs = macs_per_second(kernels::best_ceiling(false)),
          .float_macs = macs_per_second(kernels::best_ceiling(true)),
          .read_bytes = read_bytes_per_second()};
}

}  // namespace hearth::model
