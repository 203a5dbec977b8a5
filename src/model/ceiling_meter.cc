// SPDX-License-Identifier: Apache-2.0
#include "model/ceiling_meter.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "model/cpu_executor_internal.h"

namespace hearth::model {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
constexpr std::size_t kMostReadBytes = std::size_t{1} << 29, kLeastReadBytes = 8 * kChunkBytes;
constexpr double kSeconds = 0.03;        // of one figure
constexpr std::uint64_t kGrain = 20000;  // rounds handed out at once: some 50 to 200 microseconds

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Four times the last cache at least, where the system tells its size.
std::size_t read_size(std::uint64_t available_bytes) {
  const long cache = ::sysconf(_SC_LEVEL3_CACHE_SIZE);
  const std::size_t wanted =
      std::max(kMostReadBytes, cache > 0 ? 4 * static_cast<std::size_t>(cache) : 0);
  const std::size_t size =
      static_cast<std::size_t>(std::min<std::uint64_t>(wanted, available_bytes / 4));
  return std::max(size / kChunkBytes * kChunkBytes, kLeastReadBytes);
}

}  // namespace

CeilingMeter::CeilingMeter(unsigned n_threads, unsigned n_cpus, PageMemory memory)
    : pool_(n_threads, n_cpus),
      memory_(std::make_unique<PageMemory>(std::move(memory))),
      operands_(std::make_unique<kernels::CeilingOperands>()) {
  kernels::fill_operands(1, *operands_);
  static_cast<void>(::madvise(memory_->data(), memory_->size(), MADV_HUGEPAGE));
  work_.reset(memory_->size() / kChunkBytes, 1);
  auto fill = [this](unsigned) {
    std::size_t begin = 0, end = 0;
    while (work_.take(begin, end))
      std::memset(memory_->data() + begin * kChunkBytes, 1, (end - begin) * kChunkBytes);
  };
  pool_.run(fill);
}

Result<std::unique_ptr<CeilingMeter>> CeilingMeter::create(unsigned n_threads, unsigned n_cpus,
                                                           std::uint64_t available_bytes) {
  PageMemory memory = TRY(PageMemory::allocate(read_size(available_bytes)));
  return std::unique_ptr<CeilingMeter>(new CeilingMeter(n_threads, n_cpus, std::move(memory)));
}

CeilingMeter::~CeilingMeter() = default;

double CeilingMeter::seconds_of(const kernels::Ceiling& ceiling, std::uint64_t n_rounds) {
  work_.reset(n_rounds, kGrain);
  auto task = [&](unsigned) {
    alignas(64) std::byte sums[kernels::kCeilingSumBytes];
    std::size_t begin = 0, end = 0;
    while (work_.take(begin, end)) ceiling.run(*operands_, end - begin, sums);
  };
  const auto start = std::chrono::steady_clock::now();
  pool_.run(task);
  return seconds_since(start);
}

double CeilingMeter::macs_per_second(const kernels::Ceiling& ceiling) {
  // Once to wake the threads and the clock, and to find out how many rounds there is time for.
  const std::uint64_t first = 4 * kGrain * pool_.size();
  const double first_seconds = std::max(seconds_of(ceiling, first), 1e-6);
  const auto n_rounds = static_cast<std::uint64_t>(std::max(1.0, kSeconds / first_seconds) *
                                                   static_cast<double>(first));
  const double seconds = seconds_of(ceiling, n_rounds);
  return static_cast<double>(n_rounds * ceiling.macs_per_round()) / seconds;
}

double CeilingMeter::read_bytes_per_second() {
  const kernels::ReadLoop& loop = kernels::read_loop();
  const std::size_t n_chunks = memory_->size() / kChunkBytes;
  auto task = [&](unsigned) {
    std::size_t begin = 0, end = 0;
    while (work_.take(begin, end))
      static_cast<void>(
          loop.sum(memory_->data() + begin * kChunkBytes, (end - begin) * kChunkBytes));
  };
  const auto start = std::chrono::steady_clock::now();
  double read_bytes = 0, seconds = 0;
  do {
    work_.reset(n_chunks, 1);
    pool_.run(task);
    read_bytes += static_cast<double>(memory_->size());
    seconds = seconds_since(start);
  } while (seconds < kSeconds);
  return read_bytes / seconds;
}

Ceilings CeilingMeter::measure() {
  return {.int8_macs = macs_per_second(kernels::best_ceiling(false)),
          .float_macs = macs_per_second(kernels::best_ceiling(true)),
          .read_bytes = read_bytes_per_second()};
}

}  // namespace hearth::model
