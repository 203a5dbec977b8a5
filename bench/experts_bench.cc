// SPDX-License-Identifier: Apache-2.0
//
// The product of a mixture of experts (model/expert_product.h) in the shape of Qwen3-30B-A3B: 128
// experts of which a token uses 8, 2048 inputs, 768 outputs, on all threads of the machine. Beside
// it the same multiply-adds as one dense product of a single matrix for all slots, which is what
// the experts would cost if they were one. Tokens choose at random, as random weights would.
//
//   hearth_experts_bench --benchmark_filter='q4_k'
#include <benchmark/benchmark.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <thread>

#include "kernels/packed.h"
#include "kernels/test_weights.h"
#include "model/expert_product.h"

namespace hearth::model {
namespace {

constexpr std::size_t kExperts = 128, kUsed = 8, kK = 2048, kRows = 768;

std::vector<std::uint32_t> random_routes(std::size_t n_tokens) {
  std::mt19937 rng(3);
  std::vector<std::uint32_t> all(kExperts), routes;
  std::iota(all.begin(), all.end(), 0u);
  for (std::size_t t = 0; t < n_tokens; ++t) {
    std::shuffle(all.begin(), all.end(), rng);
    routes.insert(routes.end(), all.begin(), all.begin() + kUsed);
  }
  return routes;
}

void run(benchmark::State& state, kernels::WeightType type, bool is_dense) {
  const auto n_tokens = static_cast<std::size_t>(state.range(0));
  const kernels::Kernels& table = kernels::active();
  std::mt19937 rng(4);
  const std::size_t n_experts = is_dense ? 1 : kExperts;
  const auto rows = kernels::make_weights(type, kRows * n_experts, kK, kernels::Fill::random, rng);
  const kernels::TableWeights weights(table, type, rows, kK);
  const std::size_t row_bytes = kK / kernels::block_elems(type) * kernels::block_bytes(type);
  const bool is_packed = table.packed && kernels::is_packed(type);
  const ExpertWeights experts{
      type,
      weights.data(),
      is_packed ? kRows / kernels::kPanelRows * kernels::packed_panel_bytes(type, kK)
                : kRows * row_bytes,
      row_bytes,
      kK,
      kRows};
  ExpertSlots slots;
  if (is_dense) {
    slots.sort(std::vector<std::uint32_t>(n_tokens * kUsed, 0), 1, 1);
  } else {
    slots.sort(random_routes(n_tokens), kUsed, kExperts);
  }
  const std::vector<float> x(slots.size() * kK, 0.5f);
  std::vector<float> out(slots.size() * kRows);
  ThreadPool pool(std::max(1u, std::thread::hardware_concurrency()));
  ExpertProduct product(table);
  for (auto _ : state) {
    if (!product.run(experts, slots, is_dense ? ExpertInput::by_place : ExpertInput::by_token,
                     x.data(), pool, out.data()))
      state.SkipWithError("no memory");
  }
  const double macs = static_cast<double>(slots.size() * kRows * kK);
  const double bytes = static_cast<double>(slots.by_size().size() * kRows * row_bytes);
  const auto n = static_cast<double>(state.iterations());
  state.counters["GMAC/s"] = benchmark::Counter(n * macs * 1e-9, benchmark::Counter::kIsRate);
  state.counters["GB/s"] = benchmark::Counter(n * bytes * 1e-9, benchmark::Counter::kIsRate);
  state.counters["experts"] = static_cast<double>(slots.by_size().size());
}

}  // namespace
}  // namespace hearth::model

int main(int argc, char** argv) {
  using hearth::kernels::WeightType;
  for (const auto& [name, type] : {std::pair{"q4_k", WeightType::q4_k},
                                   {"q6_k", WeightType::q6_k},
                                   {"q8_0", WeightType::q8_0},
                                   {"mxfp4", WeightType::mxfp4}}) {
    for (const bool is_dense : {false, true}) {
      benchmark::RegisterBenchmark(
          (std::string(name) + (is_dense ? "/dense" : "/experts")).c_str(),
          [type, is_dense](benchmark::State& s) { hearth::model::run(s, type, is_dense); })
          ->ArgName("tokens")
          ->Unit(benchmark::kMicrosecond)
          ->UseRealTime()
          ->Arg(1)
          ->Arg(8)
          ->Arg(64)
          ->Arg(512);
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
