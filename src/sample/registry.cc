// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "base/check.h"
#include "sample/chain_internal.h"

namespace hearth::sample {
namespace {

using P = SamplingParams;

// Rows in the order of SamplerKind. acts() repeats what each sampler's formula says anyway, so that
// an idle one costs nothing.
constexpr std::array<SamplerInfo, 10> kTable{{
    {SamplerKind::penalties, "penalties", 'e', apply_penalties,
     [](const P& p) {
       return p.repeat_last_n != 0 &&
              (p.repeat_penalty != 1 || p.presence_penalty != 0 || p.frequency_penalty != 0);
     },
     SamplerInfo::edits},
    {SamplerKind::dry, "dry", 'd', apply_dry,
     [](const P& p) {
       return p.dry_multiplier != 0 && p.dry_base >= 1 && p.dry_penalty_last_n != 0;
     },
     SamplerInfo::edits},
    {SamplerKind::top_n_sigma, "top_n_sigma", 's', apply_top_n_sigma,
     [](const P& p) { return p.top_n_sigma > 0; }, SamplerInfo::keeps_best},
    {SamplerKind::top_k, "top_k", 'k', apply_top_k, [](const P& p) { return p.top_k > 0; },
     SamplerInfo::keeps_best},
    {SamplerKind::typical_p, "typ_p", 'y', apply_typical_p,
     [](const P& p) { return p.typical_p < 1; }, SamplerInfo::may_drop_best},
    {SamplerKind::top_p, "top_p", 'p', apply_top_p, [](const P& p) { return p.top_p < 1; },
     SamplerInfo::keeps_best},
    {SamplerKind::min_p, "min_p", 'm', apply_min_p, [](const P& p) { return p.min_p > 0; },
     SamplerInfo::keeps_best},
    {SamplerKind::xtc, "xtc", 'x', apply_xtc,
     [](const P& p) { return p.xtc_probability > 0 && p.xtc_threshold <= 0.5F; },
     SamplerInfo::may_drop_best},
    {SamplerKind::temperature, "temperature", 't', apply_temperature,
     [](const P& p) { return p.temp != 1 || p.dynatemp_range > 0; }, SamplerInfo::keeps_best},
    {SamplerKind::adaptive_p, "adaptive_p", 'a', nullptr,
     [](const P& p) { return p.adaptive_target >= 0; }, SamplerInfo::may_drop_best},
}};

}  // namespace

std::span<const SamplerInfo> sampler_table() {
  return kTable;
}

const SamplerInfo& info_of(SamplerKind kind) {
  const auto i = static_cast<std::size_t>(kind);
  CHECK(i < kTable.size() && kTable[i].kind == kind);
  return kTable[i];
}

}  // namespace hearth::sample
