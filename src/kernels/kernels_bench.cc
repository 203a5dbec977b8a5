// SPDX-License-Identifier: Apache-2.0
//
// Speed of every table on one core: products in GMAC/s with 1, 8, 32 and 128 tokens, and attention.
// A shape that does not fit the caches, as weights never do: kernels_bench [table] [type] [rows]
// [k]
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

#include "kernels/kernels.h"
#include "kernels/test_weights.h"

namespace hearth::kernels {
namespace {

// Time of this thread on a core: other programs' turns do not count.
double seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// The best of several runs, at least 0.3 s together.
template <class F>
double best_time(F&& f) {
  double best = 1e9, total = 0;
  while (total < 0.3) {
    const double start = seconds();
    f();
    const double time = seconds() - start;
    best = time < best ? time : best;
    total += time;
  }
  return best;
}

void bench_products(const Kernels& table, const char* only, size_t rows, size_t k) {
  std::mt19937 rng(1);
  for (const NamedType& named : all_types()) {
    if (only != nullptr && std::strcmp(only, named.name) != 0 && std::strcmp(only, "all") != 0)
      continue;
    const auto weights = make_weights(named.type, rows, k, Fill::random, rng);
    const TableWeights for_table(table, named.type, weights, k);
    std::printf("%-10s %-8s", table.name, named.name);
    for (size_t n : {1, 8, 32, 128}) {
      // Rows of activations are kept off the power of two that would put them all into one cache
      // set.
      const size_t stride = k + 256;
      std::vector<float> x(n * stride, 0.5f), scales(n * stride / 32, 0.01f), out(n * rows);
      std::vector<int8_t> q(n * stride);
      for (int8_t& v : q) v = static_cast<int8_t>(static_cast<int>(rng() % 255) - 127);
      std::vector<int16_t> sums(n * stride / 16, 3);
      const size_t group = activation_form(named.type) == ActivationForm::q8_256 ? 256 : 32;
      QuantizedActivations quantized{q.data(),       scales.data(), sums.data(), stride,
                                     stride / group, stride / 16,   nullptr};
      const BlockedTokens blocked(table, activation_form(named.type), k, n, &quantized);
      const MatmulArgs args{.weights = for_table.data(),
                            .row_bytes = k / block_elems(named.type) * block_bytes(named.type),
                            .k = k,
                            .row_begin = 0,
                            .row_end = rows,
                            .n_tokens = n,
                            .quantized = quantized,
                            .x = x.data(),
                            .x_stride = stride,
                            .out = out.data(),
                            .out_stride = rows};
      const double time = best_time([&] { table.matmul[static_cast<size_t>(named.type)](args); });
      std::printf("  n=%-3zu %7.2f", n, static_cast<double>(rows * k * n) / time / 1e9);
    }
    std::printf("  GMAC/s\n");
  }
}

void bench_attention(const Kernels& table) {
  const size_t dim = 64;
  std::vector<float> q(dim, 0.1f), acc(dim);
  std::vector<uint16_t> k(dim * kChunkTokens, 0x2e66), v(dim * kChunkTokens, 0x2e66);
  const void* k_panels[kPanelsPerChunk];
  const void* v_panels[kPanelsPerChunk];
  for (size_t i = 0; i < kPanelsPerChunk; ++i) {
    k_panels[i] = k.data() + i * dim * kPanelTokens;
    v_panels[i] = v.data() + i * dim * kPanelTokens;
  }
  AttentionState state{0, 0, acc.data()};
  const AttendChunkArgs args{.q = q.data(),
                             .k_dim = dim,
                             .v_dim = dim,
                             .scale = 0.125f,
                             .softcap = 0,
                             .k_type = KvType::f16,
                             .v_type = KvType::f16,
                             .k_panels = k_panels,
                             .v_panels = v_panels,
                             .key_begin = 0,
                             .key_end = kChunkTokens};
  const double time = best_time([&] { table.attend_chunk(args, &state); });
  std::printf("%-10s attend_chunk f16 dim 64: %.2f us, %.2f GMAC/s\n", table.name, time * 1e6,
              static_cast<double>(2 * dim * kChunkTokens) / time / 1e9);
  std::vector<float> x(1536, 0.3f), w(1536, 1.0f), y(1536), scales(48);
  std::vector<int8_t> bytes(1536);
  std::vector<int16_t> sums(96);
  std::printf(
      "%-10s of 1536: rms_norm %.2f us, silu_mul %.2f us, quantize_q8_32 %.2f us, q8_256 %.2f us\n",
      table.name,
      best_time([&] { table.rms_norm(x.data(), w.data(), 1e-5f, 1536, y.data()); }) * 1e6,
      best_time([&] { table.silu_mul(x.data(), w.data(), 1536, y.data()); }) * 1e6,
      best_time([&] {
        table.quantize_q8_32(x.data(), 1536, bytes.data(), scales.data(), sums.data());
      }) * 1e6,
      best_time([&] {
        table.quantize_q8_256(x.data(), 1536, bytes.data(), scales.data(), sums.data());
      }) * 1e6);
}

}  // namespace
}  // namespace hearth::kernels

int main(int argc, char** argv) {
  using hearth::kernels::all_isas;
  using hearth::kernels::IsaChoice;
  const size_t rows = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 4096;
  const size_t k = argc > 4 ? std::strtoul(argv[4], nullptr, 10) : 4096;
  size_t n;
  const IsaChoice* all = all_isas(&n);
  for (size_t i = 0; i < n; ++i) {
    if (!all[i].usable || (argc > 1 ? std::strcmp(argv[1], all[i].table->name)
                                    : std::strcmp("scalar", all[i].table->name) == 0))
      continue;
    hearth::kernels::bench_products(*all[i].table, argc > 2 ? argv[2] : nullptr, rows, k);
    hearth::kernels::bench_attention(*all[i].table);
  }
}
