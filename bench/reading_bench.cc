// SPDX-License-Identifier: Apache-2.0
//
// How near to reading the products of one token come, on several threads at once:
//
//   hearth_reading_bench THREADS ROUNDS [TYPE ...]
//
// Each type's product and a plain loop over as many bytes of the same memory take turns every
// millisecond or so, because on a shared machine the bandwidth of one second says little about that
// of the next. Printed is the median of the ratios of neighbouring turns with its quartiles: 1 is
// the speed of the loop. As in a model, weights are far larger than the caches and each thread has
// rows of its own; unlike there, nothing else happens between products.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string_view>
#include <thread>
#include <vector>

#include "kernels/ceilings.h"
#include "kernels/kernels.h"
#include "kernels/test_weights.h"
#include "model/page_memory.h"

namespace hearth::kernels {
namespace {

constexpr size_t kK = 2048;
constexpr size_t kSlicePanels = 512;  // what a thread multiplies in a turn: 9 MiB of 4-bit weights
constexpr size_t kSlices = 8;         // of each thread, in turn

// Waits without going to sleep: a turn is shorter than waking up may take.
class Barrier {
 public:
  explicit Barrier(unsigned n) : n_(n) {}
  void wait() {
    const unsigned turn = turn_.load();
    if (n_here_.fetch_add(1) + 1 == n_) {
      n_here_ = 0;
      turn_ = turn + 1;
    } else {
      while (turn_.load() == turn) {
      }
    }
  }

 private:
  const unsigned n_;
  std::atomic<unsigned> n_here_ = 0, turn_ = 0;
};

// Rows of kK weights for every thread, and a token to multiply them by.
class Weights {
 public:
  Weights(WeightType type, unsigned n_threads)
      : type_(type),
        slice_bytes_(kSlicePanels * packed_panel_bytes(type, kK)),
        memory_(model::PageMemory::allocate(slice_bytes_ * kSlices * n_threads,
                                            model::PageMemory::Pages::huge)
                    .value()),
        quants_(kK),
        scales_(kK / 32, 0.01f),
        sums_(kK / 16, 3),
        out_(n_threads, std::vector<float>(kSlicePanels * kPanelRows)) {
    std::mt19937 rng(1);
    for (int8_t& q : quants_) q = static_cast<int8_t>(static_cast<int>(rng() % 255) - 127);
    // The same panel everywhere: what lies in them does not change what they cost.
    const std::vector<uint8_t> rows = make_weights(type, kPanelRows, kK, Fill::random, rng);
    std::vector<uint8_t> panel(packed_panel_bytes(type, kK));
    pack_panel(type, rows.data(), row_bytes(), kK, kPanelRows, panel.data());
    for (size_t at = 0; at < memory_.size(); at += panel.size())
      std::memcpy(memory_.data() + at, panel.data(), panel.size());
  }

  void multiply(const Kernels& table, unsigned thread, size_t turn) {
    const size_t group = activation_form(type_) == ActivationForm::q8_256 ? 256 : 32;
    MatmulArgs args{};
    args.weights = slice(thread, turn);
    args.row_bytes = row_bytes();
    args.k = kK;
    args.row_end = kSlicePanels * kPanelRows;
    args.n_tokens = 1;
    args.quantized = {.q = quants_.data(),
                      .scales = scales_.data(),
                      .sums = sums_.data(),
                      .q_stride = kK,
                      .scale_stride = kK / group,
                      .sum_stride = kK / 16,
                      .blocked = nullptr};
    args.out = out_[thread].data();
    args.out_stride = args.row_end;
    table.matmul[static_cast<size_t>(type_)](args);
  }

  // Another slice than the product's, which would be in the caches.
  void read(unsigned thread, size_t turn) {
    static_cast<void>(read_loop().sum(slice(thread, turn + kSlices / 2), slice_bytes_));
  }

  double bytes() const { return static_cast<double>(slice_bytes_ * out_.size()); }

 private:
  size_t row_bytes() const { return kK / block_elems(type_) * block_bytes(type_); }
  const std::byte* slice(unsigned thread, size_t turn) const {
    return memory_.data() + (thread * kSlices + turn % kSlices) * slice_bytes_;
  }

  const WeightType type_;
  const size_t slice_bytes_;
  model::PageMemory memory_;
  std::vector<int8_t> quants_;
  std::vector<float> scales_;
  std::vector<int16_t> sums_;
  std::vector<std::vector<float>> out_;
};

void compare(const NamedType& type, unsigned n_threads, size_t n_rounds) {
  const Kernels& table = active();
  Weights weights(type.type, n_threads);
  Barrier barrier(n_threads);
  std::vector<double> ratios;
  double seconds_of_products = 0;
  const auto work = [&](unsigned thread) {
    const auto timed = [&](auto&& turn) {
      barrier.wait();
      const auto start = std::chrono::steady_clock::now();
      turn();
      barrier.wait();
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    for (size_t round = 0; round < n_rounds; ++round) {
      const double reading = timed([&] { weights.read(thread, round); });
      const double product = timed([&] { weights.multiply(table, thread, round); });
      if (thread != 0) continue;
      ratios.push_back(reading / product);
      seconds_of_products += product;
    }
  };
  std::vector<std::thread> others;
  for (unsigned thread = 1; thread < n_threads; ++thread) others.emplace_back(work, thread);
  work(0);
  for (std::thread& thread : others) thread.join();
  std::ranges::sort(ratios);
  fmt::print("{}/{:8} {:.3f} of reading ({:.3f} to {:.3f}), {:.1f} GB/s\n", table.name, type.name,
             ratios[n_rounds / 2], ratios[n_rounds / 4], ratios[n_rounds * 3 / 4],
             weights.bytes() * static_cast<double>(n_rounds) / seconds_of_products * 1e-9);
}

// The types in panels, of which some may be asked for by name; none when a name is of no such type.
std::vector<NamedType> types_named(const std::vector<std::string_view>& names) {
  std::vector<NamedType> types;
  for (const NamedType& type : all_types())
    if (is_packed(type.type) &&
        (names.empty() || std::ranges::find(names, type.name) != names.end()))
      types.push_back(type);
  if (!names.empty() && types.size() != names.size()) types.clear();
  return types;
}

int run(int argc, char** argv) {
  const int n_threads = argc > 1 ? std::atoi(argv[1]) : 0;
  const int n_rounds = argc > 2 ? std::atoi(argv[2]) : 0;
  const int n_cpus = static_cast<int>(std::thread::hardware_concurrency());
  if (n_threads < 1 || n_threads > n_cpus || n_rounds < 1 || !active().packed) {
    fmt::print(
        stderr,
        "usage: {} THREADS ROUNDS [TYPE ...], on a CPU with a vector table; at most a thread "
        "for each of the {} CPUs\n",
        argv[0], n_cpus);
    return 2;
  }
  const std::vector<NamedType> types = types_named({argv + 3, argv + argc});
  if (types.empty()) {
    fmt::print(stderr, "{}: a type is one of these, once:", argv[0]);
    for (const NamedType& type : types_named({})) fmt::print(stderr, " {}", type.name);
    fmt::print(stderr, "\n");
    return 2;
  }
  for (const NamedType& type : types)
    compare(type, static_cast<unsigned>(n_threads), static_cast<size_t>(n_rounds));
  return 0;
}

}  // namespace
}  // namespace hearth::kernels

int main(int argc, char** argv) {
  return hearth::kernels::run(argc, argv);
}
