// SPDX-License-Identifier: Apache-2.0
#include "sample/sampler.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <utility>
#include <vector>

#include "base/check.h"
#include "sample/candidates_internal.h"
#include "sample/chain_internal.h"
#include "sample/numeric_internal.h"
#include "sample/softmax.h"

namespace hearth::sample {
namespace {

constexpr std::int32_t kNoToken = -1;

Result<std::uint64_t> system_seed() {
  std::uint32_t seed = 0;
  ssize_t got = 0;
  do {
    got = getrandom(&seed, sizeof seed, 0);
  } while (got < 0 && errno == EINTR);
  if (got != sizeof seed) return fail(ErrorCode::io, "no random seed: {}", errno_text(errno));
  return seed == kRandomSeed ? 0 : seed;
}

// Whether the answer is the best token after the edits, so that nothing else need run: temperature
// is 0, and until then nobody can drop the best token or edit behind a truncation.
bool is_greedy(const SamplingParams& params, std::span<const SamplerInfo* const> chain) {
  if (params.mirostat != 0 || params.temp > 0 || params.dynatemp_range > 0) return false;
  bool truncated = false, cooled = false;
  for (const SamplerInfo* info : chain) {
    if (info->effect == SamplerInfo::may_drop_best) return false;
    if (info->effect == SamplerInfo::edits) {
      if (truncated) return false;
    } else {
      truncated = true;
    }
    cooled = cooled || info->kind == SamplerKind::temperature;
  }
  return cooled;
}

}  // namespace

struct Sampler::Impl {
  SamplingParams params;
  std::size_t vocab_size = 0;
  std::vector<const SamplerInfo*> chain;  // those that act, in order
  SelectToken select = draw;
  bool greedy = false;

  History history;
  std::int32_t pending_id = kNoToken;  // what sample() last returned, and what accepting it entails
  Feedback pending_feedback;

  Candidates candidates;
  Scratch scratch;
  std::vector<Candidate> best;
  std::vector<TokenLogprob> top;

  void plan();
  Drawn run(std::span<const float> logits, const TokenMask* mask);
  void report_final(Choice& choice);
};

// Chooses once what every step will run.
void Sampler::Impl::plan() {
  std::ranges::sort(params.dry_sequence_breakers);
  bool adaptive = false;
  if (params.mirostat != 0) {
    select = params.mirostat == 1 ? draw_mirostat_1 : draw_mirostat_2;
  } else {
    for (const SamplerKind kind : params.samplers) {
      const SamplerInfo& info = info_of(kind);
      if (!info.acts(params)) continue;
      adaptive = adaptive || kind == SamplerKind::adaptive_p;
      chain.push_back(&info);
    }
    // Wherever the user put it, adaptive-p draws, and so it comes last.
    if (adaptive) select = draw_adaptive;
  }
  greedy = is_greedy(params, chain);
  std::erase_if(chain, [](const SamplerInfo* info) { return info->apply == nullptr; });

  const bool counts = std::ranges::any_of(
      chain, [](const SamplerInfo* info) { return info->kind == SamplerKind::penalties; });
  const std::size_t window = !counts ? 0
                             : params.repeat_last_n < 0
                                 ? History::kEverything
                                 : static_cast<std::size_t>(params.repeat_last_n);
  history.start(vocab_size, window, first_feedback(params), adaptive || params.mirostat != 0);
}

// The step proper. candidates hold the final distribution afterwards; none left gives id kNoToken.
Drawn Sampler::Impl::run(std::span<const float> logits, const TokenMask* mask) {
  const Step step{.params = params,
                  .vocab_size = vocab_size,
                  .history = history,
                  .draws = draws_of(params.seed, history.n_generated()),
                  .scratch = scratch};
  candidates.reset(logits, mask);
  if (!params.logit_bias.empty()) apply_logit_bias(step, candidates);
  if (candidates.empty()) return {.id = kNoToken, .probability = 0, .next = {}};
  if (greedy) {
    for (const SamplerInfo* info : chain) {
      if (info->effect == SamplerInfo::edits) info->apply(step, candidates);
    }
    candidates.keep_top(1);
  } else if (params.mirostat != 0) {
    scale_by_temperature(params.temp, candidates);
  } else {
    for (const SamplerInfo* info : chain) info->apply(step, candidates);
  }
  return select(step, candidates);
}

void Sampler::Impl::report_final(Choice& choice) {
  choice.logprob = static_cast<float>(exact_log(choice.probability));
  const auto list = candidates.list();
  best.assign(list.begin(), list.end());
  const auto want = std::min(best.size(), static_cast<std::size_t>(params.n_probs));
  grow_sorted_prefix(best, 0, want, better);
  const double total = candidates.weigh();
  const double top_logit = candidates.best().logit;
  for (const Candidate& c : std::span(best).first(want)) {
    const double weight = exact_exp(c.logit - top_logit);
    if (weight == 0) break;
    top.push_back({c.id, static_cast<float>(exact_log(weight / total))});
  }
}

Result<Sampler> Sampler::create(SamplingParams params, std::size_t vocab_size) {
  if (vocab_size == 0 || vocab_size > std::size_t{1} << 30) {
    return fail(ErrorCode::usage, "vocab_size: {} tokens cannot be sampled from", vocab_size);
  }
  TRY(validate(params, vocab_size));
  if (params.seed == kRandomSeed) params.seed = TRY(system_seed());
  auto impl = std::make_unique<Impl>();
  impl->params = std::move(params);
  impl->vocab_size = vocab_size;
  impl->plan();
  return Sampler(std::move(impl));
}

Sampler::Sampler(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Sampler::Sampler(Sampler&&) noexcept = default;
Sampler& Sampler::operator=(Sampler&&) noexcept = default;
Sampler::~Sampler() = default;

Sampler Sampler::clone() const {
  // Buffers refer to the step that made them, so the copy begins with its own.
  auto copy = std::make_unique<Impl>();
  copy->params = impl_->params;
  copy->vocab_size = impl_->vocab_size;
  copy->chain = impl_->chain;
  copy->select = impl_->select;
  copy->greedy = impl_->greedy;
  copy->history = impl_->history;
  copy->pending_id = impl_->pending_id;
  copy->pending_feedback = impl_->pending_feedback;
  return Sampler(std::move(copy));
}

Result<Choice> Sampler::sample(std::span<const float> logits, const TokenMask* mask) {
  Impl& impl = *impl_;
  CHECK(logits.size() == impl.vocab_size);
  CHECK(mask == nullptr || mask->size() == impl.vocab_size);
  impl.top.clear();
  if (has_bad_value(logits)) {
    return fail(ErrorCode::failed, "the model computed a logit that is not a finite number");
  }
  const Drawn drawn = impl.run(logits, mask);
  if (drawn.id == kNoToken) {
    return fail(ErrorCode::failed, "no token is left to choose: {} forbids all of them",
                mask != nullptr ? "the grammar" : "the model or the logit bias");
  }
  impl.pending_id = drawn.id;
  impl.pending_feedback = drawn.next;

  Choice choice{.id = drawn.id,
                .probability = static_cast<float>(drawn.probability),
                .logprob = std::numeric_limits<float>::quiet_NaN(),
                .top = {}};
  if (impl.params.logprobs || impl.params.n_probs > 0) {
    if (impl.params.post_sampling_probs) {
      impl.report_final(choice);
    } else {
      choice.logprob = read_logprobs(
          logits, choice.id, static_cast<std::size_t>(impl.params.n_probs), impl.top, impl.best);
    }
    choice.top = impl.top;
  }
  return choice;
}

void Sampler::accept_prompt(std::span<const std::int32_t> ids) {
  for (const std::int32_t id : ids) {
    CHECK(id >= 0 && static_cast<std::size_t>(id) < impl_->vocab_size);
    impl_->history.push_prompt(id);
  }
  impl_->pending_id = kNoToken;
}

void Sampler::accept(std::int32_t id) {
  CHECK(id >= 0 && static_cast<std::size_t>(id) < impl_->vocab_size);
  const bool expected = id == impl_->pending_id;
  impl_->history.push(id, expected ? impl_->pending_feedback : impl_->history.feedback());
  impl_->pending_id = kNoToken;
}

std::size_t Sampler::n_generated() const {
  return impl_->history.n_generated();
}

void Sampler::roll_back(std::size_t n) {
  CHECK(n <= n_generated());
  for (; n > 0; --n) impl_->history.pop();
  impl_->pending_id = kNoToken;
}

std::uint64_t Sampler::seed() const {
  return impl_->params.seed;
}
const SamplingParams& Sampler::params() const {
  return impl_->params;
}
std::size_t Sampler::vocab_size() const {
  return impl_->vocab_size;
}

}  // namespace hearth::sample
