// SPDX-License-Identifier: Apache-2.0
#include "model/expert_product.h"

#include <gtest/gtest.h>

#include <random>

#include "kernels/test_bits.h"
#include "kernels/test_weights.h"

namespace hearth::model {
namespace {

using kernels::ActivationForm;
using kernels::WeightType;

std::vector<std::uint32_t> random_routes(std::mt19937& rng, std::size_t n_tokens,
                                         std::size_t n_used, std::size_t n_experts) {
  std::vector<std::uint32_t> routes, all(n_experts);
  for (std::uint32_t e = 0; e < n_experts; ++e) all[e] = e;
  for (std::size_t t = 0; t < n_tokens; ++t) {
    std::shuffle(all.begin(), all.end(), rng);
    // Crowds on the first experts: small and large ones, and some that nobody chose.
    std::stable_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n_experts / 2));
    routes.insert(routes.end(), all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n_used));
  }
  return routes;
}

TEST(ExpertSlots, SortsByExpertInTheOrderOfTokens) {
  const std::vector<std::uint32_t> routes = {3, 1, 1, 0, 3, 1};  // 3 tokens, 2 experts each, of 5
  ExpertSlots slots;
  slots.sort(routes, 2, 5);
  EXPECT_EQ(slots.size(), 6u);
  EXPECT_EQ(slots.n_experts(), 5u);
  const std::size_t begins[] = {0, 1, 4, 4, 6, 6};
  for (std::size_t e = 0; e <= 5; ++e) EXPECT_EQ(slots.begin(e), begins[e]) << e;
  const std::size_t tokens[] = {1, 0, 1, 2, 0, 2};
  for (std::size_t place = 0; place < 6; ++place) EXPECT_EQ(slots.token_at(place), tokens[place]);
  for (std::size_t t = 0; t < 3; ++t)
    for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(slots.token_at(slots.place_of(t, i)), t);
  EXPECT_EQ(std::vector(slots.by_size().begin(), slots.by_size().end()),
            (std::vector<std::uint32_t>{1, 3, 0}));
}

// One row of quantised input and one expert at a time, by the scalar table.
std::vector<float> reference(WeightType type, const std::vector<std::uint8_t>& rows, std::size_t k,
                             std::size_t n_rows, std::size_t expert, const float* x) {
  const kernels::Kernels* scalar = nullptr;
  std::size_t n = 0;
  const kernels::IsaChoice* all = kernels::all_isas(&n);
  for (std::size_t i = 0; i < n; ++i)
    if (std::string_view(all[i].table->name) == "scalar") scalar = all[i].table;
  std::vector<std::int8_t> q(k);
  std::vector<float> scales(k / 32), out(n_rows);
  std::vector<std::int16_t> sums(k / 16);
  const ActivationForm form = kernels::activation_form(type);
  if (form == ActivationForm::q8_32)
    scalar->quantize_q8_32(x, k, q.data(), scales.data(), sums.data());
  if (form == ActivationForm::q8_256)
    scalar->quantize_q8_256(x, k, q.data(), scales.data(), sums.data());
  const std::size_t row_bytes = k / kernels::block_elems(type) * kernels::block_bytes(type);
  kernels::MatmulArgs args{};
  args.weights = rows.data() + expert * n_rows * row_bytes;
  args.row_bytes = row_bytes;
  args.k = k;
  args.row_end = n_rows;
  args.n_tokens = 1;
  args.quantized = {q.data(), scales.data(), sums.data(), k, k / 32, k / 16, nullptr};
  args.x = x;
  args.x_stride = k;
  args.out = out.data();
  args.out_stride = n_rows;
  scalar->matmul[static_cast<std::size_t>(type)](args);
  return out;
}

void expect_products_as_alone(WeightType type, ExpertInput input, unsigned n_workers) {
  std::mt19937 rng(11);
  const kernels::Kernels& table = kernels::active();
  const std::size_t k = 512, n_rows = 80, n_experts = 12, n_used = 3, n_tokens = 29;
  const std::size_t row_bytes = k / kernels::block_elems(type) * kernels::block_bytes(type);
  const auto rows = kernels::make_weights(type, n_rows * n_experts, k, kernels::Fill::random, rng);
  const kernels::TableWeights weights(table, type, rows, k);
  const bool is_packed = table.packed && kernels::is_packed(type);
  const ExpertWeights experts{
      type,
      weights.data(),
      is_packed ? n_rows / 16 * kernels::packed_panel_bytes(type, k) : n_rows * row_bytes,
      row_bytes,
      k,
      n_rows};
  const auto routes = random_routes(rng, n_tokens, n_used, n_experts);
  ExpertSlots slots;
  slots.sort(routes, n_used, n_experts);
  std::normal_distribution<float> normal;
  std::vector<float> x(slots.size() * k), out(slots.size() * n_rows, 12345.0f);
  for (float& v : x) v = normal(rng);

  ThreadPool pool(n_workers);
  ExpertProduct product(table);
  ASSERT_TRUE(product.run(experts, slots, input, x.data(), pool, out.data()));
  for (std::size_t token = 0; token < n_tokens; ++token) {
    for (std::size_t i = 0; i < n_used; ++i) {
      const std::size_t place = slots.place_of(token, i);
      const float* in = &x[(input == ExpertInput::by_token ? token : place) * k];
      const auto want = reference(type, rows, k, n_rows, routes[token * n_used + i], in);
      const std::vector<float> got(&out[place * n_rows], &out[place * n_rows] + n_rows);
      kernels::expect_same_bits(want, got, "token " + std::to_string(token));
    }
  }
}

TEST(ExpertProduct, EachSlotIsAsIfItWereAlone) {
  for (const WeightType type : {WeightType::q4_k, WeightType::q6_k, WeightType::q8_0,
                                WeightType::mxfp4, WeightType::bf16}) {
    SCOPED_TRACE(static_cast<int>(type));
    for (const unsigned n_workers : {1u, 3u}) {
      expect_products_as_alone(type, ExpertInput::by_token, n_workers);
      expect_products_as_alone(type, ExpertInput::by_place, n_workers);
    }
  }
}

TEST(ExpertProduct, NoTokensAreNoWork) {
  ExpertSlots slots;
  slots.sort({}, 8, 128);
  ThreadPool pool(2);
  ExpertProduct product(kernels::active());
  EXPECT_TRUE(product.run({}, slots, ExpertInput::by_token, nullptr, pool, nullptr));
  EXPECT_TRUE(slots.by_size().empty());
}

TEST(CombineExperts, AddsInTheOrderOfTheSlots) {
  const std::vector<std::uint32_t> routes = {2, 0, 1, 2};
  ExpertSlots slots;
  slots.sort(routes, 2, 3);
  // Places: expert 0: token 0; expert 1: token 1; expert 2: tokens 0 and 1.
  const std::vector<float> rows = {1, 10, 2, 20, 3, 30, 4, 40};
  const std::vector<float> weights = {0.5f, 2.0f, 4.0f, 0.25f};
  std::vector<float> out(4);
  ThreadPool pool(2);
  combine_experts(slots, weights, rows.data(), 2, pool, out.data());
  EXPECT_EQ(out, (std::vector<float>{0.5f * 3 + 2 * 1, 0.5f * 30 + 2 * 10, 4.0f * 2 + 0.25f * 4,
                                     4.0f * 20 + 0.25f * 40}));
}

}  // namespace
}  // namespace hearth::model
