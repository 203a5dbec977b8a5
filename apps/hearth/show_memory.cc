// SPDX-License-Identifier: Apache-2.0
#include "show_memory.h"

#include <fmt/format.h>

#include "base/escape.h"
#include "base/json.h"
#include "base/utf8.h"
#include "human.h"
#include "model/kv_blocks.h"

namespace hearth::app {
namespace {

bool is_in_place(const WeightsOutlook& weights) {
  return weights.prepared_bytes > 0 && weights.is_mapped;
}

bool uses_huge_pages(const WeightsOutlook& weights) {
  return !is_in_place(weights) &&
         (weights.huge_pages == "always" || weights.huge_pages == "madvise");
}

}  // namespace

std::string memory_json(const engine::MemoryPlan& memory, const WeightsOutlook& weights) {
  Json object;
  object["context"] = memory.n_ctx;
  object["model_context"] = memory.n_ctx_model;
  object["weights_bytes"] = memory.weights_bytes;
  object["kv_bytes"] = memory.kv_bytes;
  object["kv_bytes_per_token"] = memory.kv_block_bytes / model::kBlockTokens;
  object["scratch_bytes"] = memory.scratch_bytes;
  object["program_bytes"] = memory.program_bytes;
  object["total_bytes"] = memory.total_bytes();
  object["available_bytes"] = memory.available_bytes ? Json(*memory.available_bytes) : Json();
  if (!memory.group.empty()) object["control_group"] = to_valid_utf8(memory.group);
  object["fits"] = memory.fits();
  if (!memory.fits()) object["advice"] = memory.advice;
  object["prepared_copy_bytes"] = weights.prepared_bytes;
  object["prepared_copy_mapped"] = weights.prepared_bytes > 0 && weights.is_mapped;
  object["huge_pages"] = uses_huge_pages(weights);
  return to_json_text(object, 2) + "\n";
}

std::string memory_text(const engine::MemoryPlan& memory, const WeightsOutlook& weights) {
  std::string text;
  const auto line = [&](std::string_view label, const std::string& value) {
    text += fmt::format("{:<16}{}\n", label, value);
  };
  line("context", fmt::format("{} tokens{}", memory.n_ctx,
                              memory.n_ctx == memory.n_ctx_model
                                  ? std::string(", the model's")
                                  : fmt::format(" of the model's {}{}", memory.n_ctx_model,
                                                memory.lowered ? ": more does not fit" : "")));
  line("weights", human_bytes(memory.weights_bytes));
  line("KV cache", fmt::format("{}, {} for each token", human_bytes(memory.kv_bytes),
                               human_bytes(memory.kv_block_bytes / model::kBlockTokens)));
  line("scratch", human_bytes(memory.scratch_bytes));
  line("program", fmt::format("about {}", human_bytes(memory.program_bytes)));
  line("together", human_bytes(memory.total_bytes()));
  line("available", memory.available_bytes ? human_bytes(*memory.available_bytes) : "unknown");
  if (!memory.group.empty()) line("", "under the limit of " + printable(memory.group));
  line("fits", memory.fits() ? std::string("yes") : "no: " + memory.advice);
  line("prepared copy", weights.prepared_bytes == 0
                            ? "none: " + weights.why_none
                            : fmt::format("{} on disk, {}", human_bytes(weights.prepared_bytes),
                                          weights.is_mapped ? "mapped" : "read into memory"));
  line("huge pages",
       uses_huge_pages(weights)
           ? "for weights in memory"
           : fmt::format("none: {}", is_in_place(weights)
                                         ? "the prepared copy is used in the page cache"
                                         : "the system gives none"));
  return text;
}

}  // namespace hearth::app
