// SPDX-License-Identifier: Apache-2.0
//
// Every table that this machine can run against the scalar one, which defines the numbers: the same
// bits, for random and extreme inputs and for every odd shape. One list of cases serves all types.
#include "kernels/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/scalar/functions.h"
#include "kernels/test_bits.h"
#include "kernels/test_tables.h"
#include "kernels/test_weights.h"

namespace hearth::kernels {
namespace {

// Those that claim the bits of the scalar one (which is not compared with itself) and have a
// product of this type of their own.
std::vector<const Kernels*> compared_tables(WeightType type) {
  const auto product = [&](const Kernels& t) { return t.matmul[static_cast<size_t>(type)]; };
  std::vector<const Kernels*> out = tables_that_differ(product);
  std::erase_if(out, [](const Kernels* t) { return t == &scalar::table || !t->equals_scalar; });
  return out;
}

struct Activations {
  std::vector<float> x;
  std::vector<int8_t> q;
  std::vector<float> scales;
  std::vector<int16_t> sums;
  QuantizedActivations view;
};

size_t round_up(size_t n, size_t to) {
  return (n + to - 1) / to * to;
}

Activations quantize(const Kernels& kernels, ActivationForm form, const std::vector<float>& x,
                     size_t k) {
  const size_t n = x.size() / k;
  const size_t group = form == ActivationForm::q8_256 ? 256 : 32;
  Activations a{x, {}, {}, {}, {}};
  const size_t stride = round_up(k, group) + 64;
  a.q.resize(n * stride);
  a.scales.resize(n * stride / group);
  a.sums.resize(n * stride / 16);
  a.view = {a.q.data(),     a.scales.data(), a.sums.data(), stride,
            stride / group, stride / 16,     nullptr};
  if (form == ActivationForm::f32) return a;
  for (size_t t = 0; t < n; ++t) {
    (form == ActivationForm::q8_256 ? kernels.quantize_q8_256 : kernels.quantize_q8_32)(
        x.data() + t * k, k, a.q.data() + t * stride, a.scales.data() + t * (stride / group),
        a.sums.data() + t * (stride / 16));
  }
  return a;
}

constexpr float kUntouched = 12345.0f;

// Weights as the table wants them.
std::vector<float> product(const Kernels& kernels, WeightType type, const uint8_t* weights,
                           size_t k, size_t begin, size_t end, const Activations& a,
                           size_t n_tokens, size_t out_stride) {
  std::vector<float> out(n_tokens * out_stride, kUntouched);
  QuantizedActivations quantized = a.view;
  const BlockedTokens blocked(kernels, activation_form(type), k, n_tokens, &quantized);
  kernels.matmul[static_cast<size_t>(type)]({.weights = weights,
                                             .row_bytes = k / block_elems(type) * block_bytes(type),
                                             .k = k,
                                             .row_begin = begin,
                                             .row_end = end,
                                             .n_tokens = n_tokens,
                                             .quantized = quantized,
                                             .x = a.x.data(),
                                             .x_stride = k,
                                             .out = out.data(),
                                             .out_stride = out_stride});
  return out;
}

// Rows begin .. end - 1 as the scalar table computed them among all, the others untouched. A number
// depends on its row and its token alone, so one product with that table answers for all.
void expect_part(const std::vector<float>& want, const std::vector<float>& got, size_t out_stride,
                 size_t begin, size_t end) {
  for (size_t i = 0; i < got.size(); ++i) {
    const size_t row = i % out_stride;
    const float expected = begin <= row && row < end ? want[i] : kUntouched;
    ASSERT_TRUE(same_bits(expected, got[i]))
        << "row " << row << " token " << i / out_stride << ": " << expected << ", " << got[i];
  }
}

class PerType : public testing::TestWithParam<NamedType> {
 protected:
  // The sums' lengths worth trying: 1 to 5 blocks, and tails of 256 and of 16.
  std::vector<size_t> lengths() const {
    const size_t elems = block_elems(GetParam().type);
    if (elems == 1) return {1, 15, 16, 17, 31, 64, 100, 333};
    if (elems == 256) return {256, 512, 768, 1280};
    return {elems, 2 * elems, 3 * elems, 5 * elems, 576, 640};
  }
};

TEST_P(PerType, EveryTableGivesTheScalarBits) {
  const WeightType type = GetParam().type;
  std::mt19937 rng(7);
  const struct {
    size_t begin, end;
  } rows[] = {{0, 1},  {0, 7},  {0, 8},   {0, 16},  {0, 33},
              {3, 21}, {5, 40}, {17, 39}, {32, 39}, {39, 40}};
  for (size_t k : lengths()) {
    if (k % block_elems(type) != 0) continue;
    for (Fill fill : {Fill::random, Fill::all_ones, Fill::zeros, Fill::extreme, Fill::tiny}) {
      const std::vector<uint8_t> weights = make_weights(type, 40, k, fill, rng);
      std::vector<float> x = gaussian(rng, 17 * k);
      if (fill == Fill::extreme) {  // the largest sums: every activation at its limit
        for (size_t i = 0; i < x.size(); ++i)
          x[i] = (i / k % 2 == 0) == (i % 2 == 0) ? 1.0f : -1.0f;
        for (size_t i = 0; i < 2 * k; ++i) x[i] = i < k ? 1.0f : -1.0f;
      }
      const Activations a = quantize(scalar::table, activation_form(type), x, k);
      const auto want = product(scalar::table, type, weights.data(), k, 0, 40, a, 17, 41);
      const bool is_whole = fill == Fill::random || (fill == Fill::extreme && k <= 512);
      for (const Kernels* table : compared_tables(type)) {
        const TableWeights for_table(*table, type, weights, k);
        for (const auto& range : rows) {
          for (size_t n_tokens : {1, 2, 3, 5, 17}) {
            if (!is_whole && n_tokens != 1 && n_tokens != 5) continue;
            SCOPED_TRACE(testing::Message() << table->name << " k " << k << " rows " << range.begin
                                            << ".." << range.end << " tokens " << n_tokens
                                            << " fill " << static_cast<int>(fill));
            expect_part(
                want,
                product(*table, type, for_table.data(), k, range.begin, range.end, a, n_tokens, 41),
                41, range.begin, range.end);
            if (HasFatalFailure()) return;
          }
        }
      }
    }
  }
}

// Every number of rows and of tokens around the sizes of panels and tiles, of every set.
TEST_P(PerType, TailsOfPanelsAndTiles) {
  const WeightType type = GetParam().type;
  const size_t n_rows = 36, most_tokens = 65;
  std::mt19937 rng(9);
  for (size_t k : {256, 512, 1280}) {
    const Fill fill = k == 512 ? Fill::extreme : Fill::random;
    const std::vector<uint8_t> weights = make_weights(type, n_rows, k, fill, rng);
    std::vector<float> x = gaussian(rng, most_tokens * k);
    if (fill == Fill::extreme) {  // runs of one sign, so that the sums grow
      for (size_t i = 0; i < x.size(); ++i) x[i] = (i / 16 * (1 + i / k)) % 3 == 0 ? -1.0f : 1.0f;
    }
    const Activations a = quantize(scalar::table, activation_form(type), x, k);
    const auto want =
        product(scalar::table, type, weights.data(), k, 0, n_rows, a, most_tokens, n_rows);
    std::vector<const Kernels*> tables = compared_tables(type);
    tables.push_back(&scalar::table);
    for (const Kernels* table : tables) {
      const TableWeights for_table(*table, type, weights, k);
      const auto check = [&](size_t begin, size_t end, size_t n_tokens) {
        SCOPED_TRACE(testing::Message() << table->name << " k " << k << " rows " << begin << ".."
                                        << end << " tokens " << n_tokens);
        expect_part(want,
                    product(*table, type, for_table.data(), k, begin, end, a, n_tokens, n_rows),
                    n_rows, begin, end);
      };
      if (table == &scalar::table) {  // only that it leaves other rows alone
        check(3, 21, 5);
        continue;
      }
      for (size_t end = 1; end <= 33; ++end) {
        const size_t n_tokens = std::vector<size_t>{5, 33, 9}[end % 3];
        if (k != 1280) check(end > 20 ? end / 3 : 0, end, n_tokens);
        if (HasFatalFailure()) return;
      }
      for (size_t n_tokens : {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13,
                              14, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65}) {
        if (k == 256 || n_tokens % 16 == 1) check(0, n_rows, n_tokens);
        if (HasFatalFailure()) return;
      }
    }
  }
}

// More tokens than one tile holds, and than one decoding of a panel serves.
TEST_P(PerType, ManyTokens) {
  const WeightType type = GetParam().type;
  std::mt19937 rng(8);
  const size_t k = block_elems(type) == 1 ? 48 : 256, rows = 35, n = 259;
  const std::vector<uint8_t> weights = make_weights(type, rows, k, Fill::random, rng);
  const Activations a = quantize(scalar::table, activation_form(type), gaussian(rng, n * k), k);
  const auto want = product(scalar::table, type, weights.data(), k, 0, rows, a, n, rows);
  for (const Kernels* table : compared_tables(type)) {
    const TableWeights for_table(*table, type, weights, k);
    expect_same_bits(want, product(*table, type, for_table.data(), k, 0, rows, a, n, rows),
                     table->name);
  }
}

TEST_P(PerType, IsCloseToExactArithmetic) {
  const WeightType type = GetParam().type;
  std::mt19937 rng(9);
  const size_t k = 1024, rows = 32, n_tokens = 8;
  const std::vector<uint8_t> weights = make_weights(type, rows, k, Fill::random, rng);
  const std::vector<float> x = gaussian(rng, n_tokens * k);
  std::vector<double> exact(n_tokens * rows);
  const size_t row_bytes = k / block_elems(type) * block_bytes(type);
  for (size_t r = 0; r < rows; ++r) {
    std::vector<float> w(k);
    scalar::table.dequantize[static_cast<size_t>(type)](weights.data() + r * row_bytes, k,
                                                        w.data());
    for (size_t t = 0; t < n_tokens; ++t) {
      double sum = 0;
      for (size_t i = 0; i < k; ++i)
        sum += static_cast<double>(w[i]) * static_cast<double>(x[t * k + i]);
      exact[t * rows + r] = sum;
    }
  }
  for (const Kernels* table : usable_tables()) {
    const Activations a = quantize(*table, activation_form(type), x, k);
    const TableWeights for_table(*table, type, weights, k);
    const auto got = product(*table, type, for_table.data(), k, 0, rows, a, n_tokens, rows);
    double error = 0, norm = 0;
    for (size_t i = 0; i < got.size(); ++i) {
      error += (exact[i] - static_cast<double>(got[i])) * (exact[i] - static_cast<double>(got[i]));
      norm += exact[i] * exact[i];
    }
    EXPECT_LE(error / norm, activation_form(type) == ActivationForm::f32 ? 1e-12 : 1e-4)
        << table->name;
    RecordProperty("nmse_" + std::string(table->name), std::to_string(error / norm));
  }
}

INSTANTIATE_TEST_SUITE_P(AllTypes, PerType, testing::ValuesIn(all_types()),
                         [](const auto& test) { return std::string(test.param.name); });

// What the results of a test run are worth on this machine.
TEST(Tables, WhichRan) {
  size_t n;
  const IsaChoice* all = all_isas(&n);
  for (size_t i = 0; i < n; ++i) {
    const std::string name = all[i].table->name;
    bool is_emulated = false;
    for (const Kernels* table : usable_tables()) is_emulated |= table->name == name + ", emulated";
    std::printf("             %s: %s%s%s%s\n", name.c_str(), all[i].usable ? "ran" : "not run, ",
                all[i].missing, is_emulated ? "; its source ran with emulated instructions" : "",
                is_emulated || all[i].usable ? "" : "; NOT TESTED HERE");
  }
  EXPECT_TRUE(is_usable("scalar"));
}

TEST(Tables, EveryWeightTypeHasItsFunctions) {
  for (const NamedType& named : all_types()) {
    for (const Kernels* table : usable_tables()) {
      EXPECT_NE(table->matmul[static_cast<size_t>(named.type)], nullptr) << named.name;
      EXPECT_NE(table->dequantize[static_cast<size_t>(named.type)], nullptr) << named.name;
    }
    EXPECT_NE(activation_form(named.type), ActivationForm::none);
  }
  EXPECT_EQ(activation_form(static_cast<WeightType>(9)), ActivationForm::none);
  EXPECT_EQ(activation_form(static_cast<WeightType>(1000)), ActivationForm::none);
  EXPECT_EQ(block_bytes(WeightType::q4_k), 144u);
  EXPECT_EQ(block_elems(WeightType::nvfp4), 64u);
}

}  // namespace
}  // namespace hearth::kernels
