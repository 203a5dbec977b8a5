// SPDX-License-Identifier: Apache-2.0
//
// Replays the vectors of tools/sample/reference.py: each sampler alone, on the same candidates,
// must keep the same tokens with the same probabilities.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>
#include <string>

#include "base/json.h"
#include "sample/chain_internal.h"

namespace hearth::sample {
namespace {

Json load(const std::string& name) {
  std::ifstream file(std::string(HEARTH_SOURCE_DIR) + "/tests/fixtures/sample/" + name + ".json");
  std::stringstream text;
  text << file.rdbuf();
  auto json = parse_json(text.str());
  EXPECT_TRUE(json) << name;
  return json ? *json : Json::object();
}

// Fills the params that a case names and the feedback values among them.
void read_params(const Json& json, SamplingParams& params, Feedback& feedback) {
  const auto number = [&](const char* name, auto& field) {
    using T = std::remove_reference_t<decltype(field)>;
    if (json.contains(name)) field = json.at(name).get<T>();
  };
  params.temp = 1;
  number("temp", params.temp);
  number("dynatemp_range", params.dynatemp_range);
  number("dynatemp_exponent", params.dynatemp_exponent);
  number("top_k", params.top_k);
  number("top_p", params.top_p);
  number("min_p", params.min_p);
  number("typical_p", params.typical_p);
  number("top_n_sigma", params.top_n_sigma);
  number("xtc_probability", params.xtc_probability);
  number("xtc_threshold", params.xtc_threshold);
  number("min_keep", params.min_keep);
  number("repeat_last_n", params.repeat_last_n);
  number("repeat_penalty", params.repeat_penalty);
  number("presence_penalty", params.presence_penalty);
  number("frequency_penalty", params.frequency_penalty);
  number("dry_multiplier", params.dry_multiplier);
  number("dry_base", params.dry_base);
  number("dry_allowed_length", params.dry_allowed_length);
  number("dry_penalty_last_n", params.dry_penalty_last_n);
  number("dry_sequence_breakers", params.dry_sequence_breakers);
  std::ranges::sort(params.dry_sequence_breakers);
  number("mirostat_tau", params.mirostat_tau);
  number("adaptive_target", params.adaptive_target);
  number("adaptive_decay", params.adaptive_decay);
  number("mu", feedback.mirostat_mu);
  number("adaptive_sum", feedback.adaptive_sum);
  number("adaptive_weight", feedback.adaptive_weight);
  if (!json.contains("logit_bias")) return;
  for (const Json& entry : json.at("logit_bias")) {
    params.logit_bias.push_back({entry[0], entry[1].is_null() ? kDead : entry[1].get<float>()});
  }
}

// Runs one case; listed: from a list of candidates rather than from the dense row.
void replay(const std::string& name, const Json& file, const Json& one, bool listed) {
  std::vector<float> logits;
  for (const Json& value : one.at("logits")) {
    const auto scaled = value.get<int>();
    logits.push_back(scaled == file.at("dead").get<int>()
                         ? kDead
                         : static_cast<float>(scaled) / file.at("scale").get<float>());
  }
  SamplingParams params;
  Feedback feedback;
  read_params(one.at("params"), params, feedback);
  ASSERT_TRUE(validate(params));
  History history;
  const std::size_t window = params.repeat_last_n < 0
                                 ? History::kEverything
                                 : static_cast<std::size_t>(params.repeat_last_n);
  history.start(logits.size() + 200, window, feedback, true);
  for (const Json& token : one.at("history")) history.push(token.get<std::int32_t>(), feedback);

  const double u = one.at("u").get<double>();
  Scratch scratch;
  const Step step{params, logits.size(), history, {.pick = u, .xtc = u}, scratch};
  Candidates candidates;
  candidates.reset(logits, nullptr);
  if (listed) candidates.list();

  Drawn drawn;
  bool selects = true;
  if (name == "mirostat_1" || name == "mirostat_2") {
    scale_by_temperature(params.temp, candidates);
    drawn = name == "mirostat_1" ? draw_mirostat_1(step, candidates)
                                 : draw_mirostat_2(step, candidates);
  } else if (name == "adaptive_p") {
    drawn = draw_adaptive(step, candidates);
  } else if (name == "logit_bias") {
    selects = false;
    apply_logit_bias(step, candidates);
  } else {
    selects = false;
    const auto kinds = parse_sampler_names(name);
    ASSERT_TRUE(kinds);
    const SamplerInfo& info = info_of(kinds->front());
    if (info.acts(params)) info.apply(step, candidates);
  }

  const double total = candidates.weigh();
  std::vector<std::pair<std::int32_t, double>> kept;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    kept.emplace_back(candidates.list()[i].id, candidates.weights()[i] / total);
  }
  std::ranges::sort(kept);
  ASSERT_EQ(kept.size(), one.at("ids").size()) << one.dump();
  for (std::size_t i = 0; i < kept.size(); ++i) {
    EXPECT_EQ(kept[i].first, one.at("ids")[i].get<std::int32_t>()) << one.dump();
    const double want = one.at("p")[i].get<double>();
    EXPECT_NEAR(kept[i].second, want, 1e-5 * want + 1e-9) << one.dump();
    if (selects && drawn.id == kept[i].first) {
      EXPECT_NEAR(drawn.probability, want, 1e-5);
    }
  }
  if (name.starts_with("mirostat")) {
    const double surprise = -std::log2(drawn.probability);
    EXPECT_NEAR(drawn.next.mirostat_mu,
                feedback.mirostat_mu - params.mirostat_eta * (surprise - params.mirostat_tau),
                1e-9);
  }
}

class Golden : public testing::TestWithParam<const char*> {};

TEST_P(Golden, KeepsWhatTheReferenceKeeps) {
  const std::string name = GetParam();
  const Json file = load(name);
  ASSERT_GT(file.at("cases").size(), 40U);
  for (const Json& one : file.at("cases")) {
    for (const bool listed : {false, true}) replay(name, file, one, listed);
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(AllSamplers, Golden,
                         testing::Values("logit_bias", "penalties", "dry", "top_n_sigma", "top_k",
                                         "typical_p", "top_p", "min_p", "xtc", "temperature",
                                         "mirostat_1", "mirostat_2", "adaptive_p"),
                         [](const auto& suite) { return std::string(suite.param); });

TEST(GoldenDraws, AreThoseOfTheReference) {
  const Json file = load("draws");
  for (const Json& row : file.at("rows")) {
    const StepDraws draws =
        draws_of(row.at("seed").get<std::uint64_t>(), row.at("step").get<std::uint64_t>());
    EXPECT_EQ(draws.pick, row.at("draws")[0].get<double>());
    EXPECT_EQ(draws.xtc, row.at("draws")[1].get<double>());
  }
}

}  // namespace
}  // namespace hearth::sample
