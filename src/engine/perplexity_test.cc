// SPDX-License-Identifier: Apache-2.0
//
// Perplexity against the logits that transformers computed (tests/fixtures/models): a window that
// begins where the fixture's sequence begins sees exactly those.
#include "engine/perplexity.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/file.h"

namespace hearth::engine {
namespace {

const std::string kFolder = std::string(HEARTH_SOURCE_DIR) + "/tests/fixtures/models/";
constexpr std::size_t kVocab = 288;

std::unique_ptr<LoadedModel> load(const std::string& name, std::uint32_t n_ctx,
                                  std::uint32_t n_ubatch = 512) {
  LoadOptions options;
  options.n_ctx = n_ctx;
  options.n_ubatch = options.max_wanted = std::min(n_ubatch, n_ctx);
  options.k_type = options.v_type = kernels::KvType::f32;
  const std::string path = kFolder + name + ".gguf";
  std::vector<format::NamedFd> shards;
  shards.push_back({open_for_read(path).value(), path});
  return LoadedModel::load(std::move(shards), options).value();
}

std::vector<model::TokenId> tokens_of(const std::string& name) {
  std::vector<model::TokenId> tokens;
  const std::string text = read_file(kFolder + name + ".tokens", 1u << 20).value();
  for (std::size_t at = 0; at < text.size();) {
    std::size_t used = 0;
    tokens.push_back(std::stoi(text.substr(at), &used));
    at += used + 1;
  }
  return tokens;
}

// -log p(tokens[i + 1]) by the fixture's logits after token i.
double reference_nll(const std::string& name, std::size_t i) {
  const std::string bytes = read_file(kFolder + name + ".logits.f32", 1u << 20).value();
  std::vector<float> row(kVocab);
  std::memcpy(row.data(), bytes.data() + i * kVocab * sizeof(float), kVocab * sizeof(float));
  long double total = 0;
  for (const float logit : row) total += std::exp(static_cast<long double>(logit));
  return static_cast<double>(std::log(total)) -
         row[static_cast<std::size_t>(tokens_of(name)[i + 1])];
}

TEST(Perplexity, ScoresTheSecondHalfOfAWindow) {
  const std::string name = "tiny-llama-f32";
  const auto tokens = tokens_of(name);
  for (const std::uint32_t n_ctx : {3u, 10u, 19u, 20u}) {
    double sum = 0, squares = 0;
    for (std::size_t i = n_ctx / 2; i + 1 < n_ctx; ++i) {
      sum += reference_nll(name, i);
      squares += std::pow(reference_nll(name, i), 2);
    }
    const auto n = static_cast<double>(n_ctx - n_ctx / 2 - 1);
    const auto model = load(name, n_ctx);
    const auto result = measure_perplexity(
        *model, tokens, {.n_ctx = n_ctx, .n_windows = 1, .go_on = nullptr}, nullptr);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->n_windows, 1u);
    EXPECT_EQ(result->nll.n(), n);
    EXPECT_NEAR(result->nll.mean(), sum / n, 1e-5);
    EXPECT_NEAR(result->value(), std::exp(sum / n), 2e-5 * std::exp(sum / n));
    if (n < 2) continue;
    const double error = std::sqrt((squares / n - std::pow(sum / n, 2)) / (n - 1));
    EXPECT_NEAR(result->standard_error(), error * result->value(), 1e-4 * result->value());
  }
}

// Each window is read from an empty context, so the second one alone gives what it gave in its
// place; and no figure depends on how the rows are cut into steps.
TEST(Perplexity, WindowsAreIndependentAndStepsDoNotMatter) {
  const auto tokens = tokens_of("tiny-llama-q8_0");
  const auto model = load("tiny-llama-q8_0", 10);
  const PerplexityOptions options{.n_ctx = 10, .n_windows = 0, .go_on = nullptr};
  std::vector<double> running;
  const auto both = measure_perplexity(*model, tokens, options, [&](const Perplexity& so_far) {
    running.push_back(so_far.nll.mean());
    EXPECT_EQ(so_far.n_windows, running.size());
    EXPECT_EQ(so_far.n_windows_all, 2u);
  });
  ASSERT_TRUE(both);
  ASSERT_EQ(running.size(), 2u);
  EXPECT_EQ(both->nll.n(), 8u);
  const auto second = measure_perplexity(*model, std::span(tokens).subspan(10), options, nullptr);
  EXPECT_NEAR(both->nll.mean(), (running[0] + second->nll.mean()) / 2, 1e-12);
  for (const std::uint32_t n_ubatch : {1u, 3u, 7u}) {
    const auto cut = load("tiny-llama-q8_0", 10, n_ubatch);
    EXPECT_EQ(measure_perplexity(*cut, tokens, options, nullptr)->nll.mean(), both->nll.mean());
  }
}

// tiny-llama3's tokenizer asks for BOS: whatever stands first in a window makes no difference.
TEST(Perplexity, AWindowBeginsWithBosWhereTheModelWantsIt) {
  auto tokens = tokens_of("tiny-llama3-q8_0");
  const auto model = load("tiny-llama3-q8_0", 20);
  ASSERT_TRUE(model->tokenizer()->adds_bos());
  const PerplexityOptions options{.n_ctx = 20, .n_windows = 0, .go_on = nullptr};
  const double plain = measure_perplexity(*model, tokens, options, nullptr)->nll.mean();
  tokens[0] = tokens[0] == 99 ? 100 : 99;
  EXPECT_EQ(measure_perplexity(*model, tokens, options, nullptr)->nll.mean(), plain);
  tokens[0] = *model->tokenizer()->bos();
  EXPECT_EQ(measure_perplexity(*model, tokens, options, nullptr)->nll.mean(), plain);

  auto other = tokens_of("tiny-llama-q8_0");
  const auto no_bos = load("tiny-llama-q8_0", 20);
  ASSERT_FALSE(no_bos->tokenizer()->adds_bos());
  const double before = measure_perplexity(*no_bos, other, options, nullptr)->nll.mean();
  other[0] = other[0] == 99 ? 100 : 99;
  EXPECT_NE(measure_perplexity(*no_bos, other, options, nullptr)->nll.mean(), before);
}

TEST(Perplexity, RefusesAndStops) {
  const auto tokens = tokens_of("tiny-llama-f32");
  const auto model = load("tiny-llama-f32", 32);
  EXPECT_EQ(
      measure_perplexity(*model, tokens, {.n_ctx = 32, .n_windows = 0, .go_on = nullptr}, nullptr)
          .error()
          .code,
      ErrorCode::usage);
  int n_asked = 0;
  const auto stopped = measure_perplexity(
      *model, tokens, {.n_ctx = 5, .n_windows = 0, .go_on = [&] { return ++n_asked < 3; }},
      nullptr);
  EXPECT_EQ(stopped.error().code, ErrorCode::cancelled);
  EXPECT_EQ(n_asked, 3);
}

}  // namespace
}  // namespace hearth::engine
