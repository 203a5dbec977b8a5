// SPDX-License-Identifier: Apache-2.0
#include "server/openai/cache_report.h"

#include "server/log.h"

namespace hearth::server {
namespace {

// Two blocks of the KV cache: below that nobody would notice the time.
constexpr std::uint32_t kWorthALine = 128;

std::string_view name_of_change(std::int32_t n_shifted) {
  return n_shifted == 0 ? "replaced" : n_shifted > 0 ? "inserted" : "removed";
}

bool breaks_cache(const wire::Started& started) {
  return started.cache_stop == wire::CacheStop::other_token && started.n_repeated >= kWorthALine;
}

}  // namespace

void report_cache(const ServedModel& model, std::string_view request_id,
                  const wire::ToFront& event) {
  const auto* started = std::get_if<wire::Started>(&event);
  if (started == nullptr || !breaks_cache(*started)) return;
  model.metrics->prefix_cache_broken_total.add();
  if (model.log == nullptr) return;
  model.log->write(LogLevel::warning, "prefix_cache_broken",
                   {{"id", request_id},
                    {"model", model.id},
                    {"at_token", std::int64_t{started->n_reused}},
                    {"change", name_of_change(started->n_shifted)},
                    {"n_prompt", std::int64_t{started->n_prompt}},
                    {"n_lost", std::int64_t{started->n_lost}},
                    {"n_repeated", std::int64_t{started->n_repeated}}});
}

}  // namespace hearth::server
