// SPDX-License-Identifier: Apache-2.0
//
// Speed of every product and of attention on one core, for every table that this CPU can run: the
// benchmarks are made from the rows of kernels/types.inc, as the kernels and their tests are.
//
//   hearth_kernels_bench --benchmark_filter='avx512vnni/q4_k/'
//
// The counter "ceiling" is the share of the multiply-adds that the table's own instructions can do
// at best, "of_read" that of reading at best, both measured at the start: the larger of the two
// tells what binds. Weights are far larger than the caches, as those of a model are. Hearth keeps
// them and its caches in huge pages, where the system has them; malloc does so when asked to by
// GLIBC_TUNABLES=glibc.malloc.hugetlb=1.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "kernels/ceilings.h"
#include "kernels/kernels.h"
#include "kernels/kv_blocks.h"
#include "kernels/test_weights.h"
#include "model/page_memory.h"

namespace hearth::kernels {
namespace {

constexpr size_t kK = 2048, kRows = 2048;
constexpr size_t kCopies = 16;  // of the matrix, multiplied in turn: 36 MiB of 4-bit weights
constexpr int64_t kTokens[] = {1, 2, 4, 8, 16, 32, 128, 512};

// Time of this thread on a core, as the benchmarks below count it: other programs' turns do not.
double thread_seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double seconds_of(auto&& work) {
  const double start = thread_seconds();
  work();
  return thread_seconds() - start;
}

// The best of several short runs.
double macs_per_second(const Ceiling& ceiling) {
  CeilingOperands operands;
  fill_operands(1, operands);
  alignas(64) uint8_t sums[kCeilingSumBytes];
  constexpr uint64_t kRounds = 100000;
  double best = 0;
  for (int i = 0; i < 20; ++i) {
    const double seconds = seconds_of([&] { ceiling.run(operands, kRounds, sums); });
    best = std::max(best, static_cast<double>(kRounds * ceiling.macs_per_round()) / seconds);
  }
  return best;
}

double read_bytes_per_second() {
  std::vector<uint32_t> memory((size_t{256} << 20) / 4 + 16, 1);
  const auto address = (reinterpret_cast<uintptr_t>(memory.data()) + 63) / 64 * 64;
  double best = 0;
  for (int i = 0; i < 5; ++i)
    best = std::max(best, static_cast<double>(size_t{256} << 20) / seconds_of([&] {
                            benchmark::DoNotOptimize(read_loop().sum(
                                reinterpret_cast<const void*>(address), size_t{256} << 20));
                          }));
  return best;
}

// What a table's products are made of, by the name of its loop. The best one for a table that is
// not listed here, which is never too low.
const Ceiling& ceiling_of(const Kernels& table, bool is_float) {
  static const std::multimap<std::string_view, std::string_view> kLoops = {
      {"avx2", "vpmaddubsw, 256 bit"},     {"avx2", "fma, 256 bit"},
      {"scalar", "pmaddwd, 128 bit"},      {"scalar", "mulps and addps, 128 bit"},
      {"avx512vnni", "vpdpbusd, 512 bit"}, {"avx512vnni", "fma, 512 bit"},
      {"avxvnni", "vpdpbusd, 256 bit"},    {"avxvnni", "fma, 256 bit"}};
  const auto [begin, end] = kLoops.equal_range(table.name);
  for (const Ceiling& ceiling : all_ceilings())
    for (auto loop = begin; loop != end; ++loop)
      if (ceiling.usable && ceiling.is_float() == is_float && loop->second == ceiling.name)
        return ceiling;
  return best_ceiling(is_float);
}

double measured(const Ceiling& ceiling) {
  static std::map<const Ceiling*, double> rates;
  const auto [at, is_new] = rates.try_emplace(&ceiling);
  if (is_new) at->second = macs_per_second(ceiling);
  return at->second;
}

double measured_reading() {
  static const double rate = read_bytes_per_second();
  return rate;
}

void set_counters(benchmark::State& state, double macs, double bytes, const Ceiling& ceiling) {
  using benchmark::Counter;
  const auto n = static_cast<double>(state.iterations());
  state.counters["GMAC/s"] = Counter(n * macs * 1e-9, Counter::kIsRate);
  state.counters["GB/s"] = Counter(n * bytes * 1e-9, Counter::kIsRate);
  state.counters["ceiling"] = Counter(n * macs / measured(ceiling), Counter::kIsRate);
  state.counters["of_read"] = Counter(n * bytes / measured_reading(), Counter::kIsRate);
}

struct Product {
  std::vector<uint8_t> rows;
  TableWeights weights;
  size_t matrix_bytes;  // of a copy, in the table's layout
  std::vector<float> x, scales, out;
  std::vector<int8_t> q;
  std::vector<int16_t> sums;
  QuantizedActivations quantized;
  std::optional<BlockedTokens> blocked;
  MatmulArgs args;

  static std::vector<uint8_t> copies_of_rows(WeightType type) {
    std::mt19937 rng(1);
    const auto matrix = make_weights(type, kRows, kK, Fill::random, rng);
    std::vector<uint8_t> all;
    for (size_t i = 0; i < kCopies; ++i) all.insert(all.end(), matrix.begin(), matrix.end());
    return all;
  }

  Product(const Kernels& table, WeightType type, size_t n_tokens)
      : rows(copies_of_rows(type)), weights(table, type, rows, kK) {
    std::mt19937 rng(2);
    const size_t row_bytes = kK / block_elems(type) * block_bytes(type);
    matrix_bytes = table.packed && is_packed(type)
                       ? kRows / kPanelRows * packed_panel_bytes(type, kK)
                       : kRows * row_bytes;
    // Rows of activations are kept off the power of two that would put them all into one cache set.
    const size_t stride = kK + 256;
    const size_t group = activation_form(type) == ActivationForm::q8_256 ? 256 : 32;
    x.assign(n_tokens * stride, 0.5f);
    scales.assign(n_tokens * stride / 32, 0.01f);
    out.resize(n_tokens * kRows);
    sums.assign(n_tokens * stride / 16, 3);
    q.resize(n_tokens * stride);
    for (int8_t& v : q) v = static_cast<int8_t>(static_cast<int>(rng() % 255) - 127);
    quantized = {q.data(),       scales.data(), sums.data(), stride,
                 stride / group, stride / 16,   nullptr};
    blocked.emplace(table, activation_form(type), kK, n_tokens, &quantized);
    args = {.weights = weights.data(),
            .row_bytes = row_bytes,
            .k = kK,
            .row_begin = 0,
            .row_end = kRows,
            .n_tokens = n_tokens,
            .quantized = quantized,
            .x = x.data(),
            .x_stride = stride,
            .out = out.data(),
            .out_stride = kRows};
  }
};

void run_product(benchmark::State& state, const Kernels& table, WeightType type) {
  const auto n_tokens = static_cast<size_t>(state.range(0));
  Product product(table, type, n_tokens);
  size_t copy = 0;
  for (auto _ : state) {
    product.args.weights = product.weights.data() + copy++ % kCopies * product.matrix_bytes;
    table.matmul[static_cast<size_t>(type)](product.args);
  }
  set_counters(state, static_cast<double>(kRows * kK * n_tokens),
               static_cast<double>(product.matrix_bytes),
               ceiling_of(table, activation_form(type) == ActivationForm::f32));
}

// Queries that all see the same chunks of 256 keys of 64 values, which lie as in a cache of eight
// heads (model/cpu_kv.h). A long context is read chunk by chunk, in each one head after the other,
// as the CPU executor does; or one chunk that is near again and again, as by many rows of a prompt.
struct Attention {
  static constexpr size_t kDim = 64, kHeads = 8;
  static constexpr size_t kBlockPanels = 4, kBlocks = kPanelsPerChunk / kBlockPanels;
  size_t k_bytes, v_bytes;  // of a panel
  size_t n_queries;
  model::PageMemory past;
  std::vector<float> q, sums, scales;
  std::vector<int8_t> quants;
  std::vector<int16_t> quant_sums;
  std::vector<CacheLine> blocked;
  std::vector<const float*> queries;
  std::vector<AttentionState> partials;
  std::vector<KeyRange> keys;
  std::array<const void*, kPanelsPerChunk> k_panels{}, v_panels{}, next_k_panels{};
  AttendChunkArgs args{};

  Attention(const Kernels& table, KvType type, size_t n_chunks, size_t queries_together)
      : k_bytes(kv_key_panel_bytes(type, kDim)),
        v_bytes(kv_value_panel_bytes(type, kDim)),
        n_queries(queries_together),
        past(model::PageMemory::allocate(chunk_bytes() * std::max(n_chunks, kHeads),
                                         model::PageMemory::Pages::huge)
                 .value()),
        sums(n_queries * kDim),
        scales(n_queries * kDim / 32),
        quants(n_queries * kDim),
        quant_sums(n_queries * kDim / 16),
        keys(n_queries, {0, kChunkTokens}) {
    std::mt19937 rng(3);
    q = gaussian(rng, n_queries * kDim);
    for (size_t i = 0; i < n_queries; ++i) {
      queries.push_back(&q[i * kDim]);
      partials.push_back({0, 0, &sums[i * kDim]});
      table.quantize_q8_32(queries[i], kDim, &quants[i * kDim], &scales[i * kDim / 32],
                           &quant_sums[i * kDim / 16]);
    }
    // The same panels everywhere: what lies in them does not change what they cost.
    const std::vector<float> tokens = gaussian(rng, kPanelTokens * kDim);
    for (size_t i = 0; i < kPanelTokens; ++i) {
      table.store_key(&tokens[i * kDim], kDim, type, piece(0, 0), i);
      table.store_value(&tokens[i * kDim], kDim, type, piece(0, 0) + kBlockPanels * k_bytes, i);
    }
    for (size_t number = 0; number < past.size() / chunk_bytes(); ++number) {
      for (size_t i = 0; i < kPanelsPerChunk; ++i) {
        if (number == 0 && i == 0) continue;
        std::memcpy(k_panel(number, i), k_panel(0, 0), k_bytes);
        std::memcpy(v_panel(number, i), v_panel(0, 0), v_bytes);
      }
    }
    args.q = queries.data();
    args.quantized = {.q = quants.data(),
                      .scales = scales.data(),
                      .sums = quant_sums.data(),
                      .q_stride = kDim,
                      .scale_stride = kDim / 32,
                      .sum_stride = kDim / 16,
                      .blocked = nullptr};
    if (wants_blocked(table, n_queries)) {
      blocked.resize(blocked_bytes(kDim, n_queries) / sizeof(CacheLine) + 1);
      table.block_activations(args.quantized, ActivationForm::q8_32, kDim, n_queries, 0, n_queries,
                              blocked.data());
      args.quantized.blocked = blocked.data();
    }
    args.key_product = table.matmul[static_cast<size_t>(kv_weight_type(type))];
    args.keys = keys.data();
    args.n_queries = n_queries;
    args.k_dim = args.v_dim = args.k_stride = kDim;
    args.v_row_bytes = kv_row_bytes(type, kDim);
    args.scale = 0.125f;
    args.k_type = args.v_type = type;
    args.k_panels = k_panels.data();
    args.v_panels = v_panels.data();
    args.next_k_panels = next_k_panels.data();
    args.n_next = kPanelsPerChunk;
    args.is_near = n_chunks == 1;
  }

  size_t chunk_bytes() const { return kPanelsPerChunk * (k_bytes + v_bytes); }
  // A head's keys and values of a block, where chunk number `number` of the reading has them.
  std::byte* piece(size_t number, size_t block) const {
    const size_t head = number % kHeads, first_block = number / kHeads * kBlocks;
    return past.data() +
           ((first_block + block) * kHeads + head) * kBlockPanels * (k_bytes + v_bytes);
  }
  std::byte* k_panel(size_t number, size_t i) const {
    return piece(number, i / kBlockPanels) + i % kBlockPanels * k_bytes;
  }
  std::byte* v_panel(size_t number, size_t i) const {
    return piece(number, i / kBlockPanels) + kBlockPanels * k_bytes + i % kBlockPanels * v_bytes;
  }

  void attend(const Kernels& table, size_t chunk) {
    for (size_t i = 0; i < kPanelsPerChunk; ++i) {
      k_panels[i] = k_panel(chunk, i);
      v_panels[i] = v_panel(chunk, i);
      next_k_panels[i] = k_panel((chunk + 1) % (past.size() / chunk_bytes()), i);
    }
    table.attend_chunk(args, partials.data());
  }
};

void run_attention(benchmark::State& state, const Kernels& table, KvType type, size_t n_chunks) {
  Attention attention(table, type, n_chunks, static_cast<size_t>(state.range(0)));
  size_t chunk = 0;
  for (auto _ : state) attention.attend(table, chunk++ % n_chunks);
  const double values = 2.0 * Attention::kDim * kChunkTokens;
  set_counters(state, values * static_cast<double>(attention.n_queries),
               static_cast<double>(attention.chunk_bytes()), ceiling_of(table, true));
}

void register_attention(const Kernels& table, KvType type) {
  const std::string name = std::string(table.name) + "/attend_chunk/" + kv_type_name(type);
  // 64 MiB of float16, or one chunk.
  for (const size_t n_chunks : {size_t{1024}, size_t{1}}) {
    auto* attention =
        benchmark::RegisterBenchmark((name + (n_chunks == 1 ? "/near" : "/far")).c_str(),
                                     [&table, type, n_chunks](benchmark::State& state) {
                                       run_attention(state, table, type, n_chunks);
                                     });
    attention->ArgName("queries")->Unit(benchmark::kMicrosecond);
    for (const int64_t n : {1, 4, 8, 64}) attention->Arg(n);
  }
}

// The steps between products, over 2048 values.
void register_vectors(const Kernels& table) {
  struct Vectors {
    std::vector<float> x = std::vector<float>(kK, 0.3f), w = std::vector<float>(kK, 1.0f);
    std::vector<float> y = std::vector<float>(kK), scales = std::vector<float>(kK / 32);
    std::vector<int8_t> q = std::vector<int8_t>(kK);
    std::vector<int16_t> sums = std::vector<int16_t>(kK / 16);
  };
  const std::string prefix = std::string(table.name) + "/";
  const auto add = [&](const char* name, auto step) {
    benchmark::RegisterBenchmark((prefix + name).c_str(), [step](benchmark::State& state) {
      Vectors v;
      for (auto _ : state) step(v);
      state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kK));
    });
  };
  add("rms_norm",
      [&table](Vectors& v) { table.rms_norm(v.x.data(), v.w.data(), 1e-5f, kK, v.y.data()); });
  add("silu_mul", [&table](Vectors& v) { table.silu_mul(v.x.data(), v.w.data(), kK, v.y.data()); });
  add("quantize_q8_32", [&table](Vectors& v) {
    table.quantize_q8_32(v.x.data(), kK, v.q.data(), v.scales.data(), v.sums.data());
  });
  add("quantize_q8_256", [&table](Vectors& v) {
    table.quantize_q8_256(v.x.data(), kK, v.q.data(), v.scales.data(), v.sums.data());
  });
}

void register_table(const Kernels& table) {
  for (const NamedType& named : all_types()) {
    const std::string name = std::string(table.name) + "/" + named.name;
    auto* product = benchmark::RegisterBenchmark(
        name.c_str(),
        [&table, type = named.type](benchmark::State& state) { run_product(state, table, type); });
    product->ArgName("tokens")->Unit(benchmark::kMicrosecond);
    for (const int64_t n : kTokens) product->Arg(n);
  }
  for (const KvType type : {KvType::f16, KvType::q8_0, KvType::q4_0})
    register_attention(table, type);
  register_vectors(table);
}

}  // namespace
}  // namespace hearth::kernels

int main(int argc, char** argv) {
  using hearth::kernels::IsaChoice;
  size_t n = 0;
  const IsaChoice* const all = hearth::kernels::all_isas(&n);
  for (size_t i = 0; i < n; ++i)
    if (all[i].usable) hearth::kernels::register_table(*all[i].table);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
