// SPDX-License-Identifier: Apache-2.0
#include "engine/memory_plan.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "base/checked.h"
#include "base/escape.h"
#include "engine/loaded_model.h"
#include "model/cpu_memory.h"

namespace hearth::engine {
namespace {

// Measured: the program with a vocabulary of a few hundred tokens, and what each token adds.
constexpr std::uint64_t kProgramBytes = std::uint64_t{9} << 20;
constexpr std::uint64_t kBytesPerVocabToken = 200;

constexpr std::uint32_t kLeastContext = 512;  // less is not worth lowering to
constexpr std::uint32_t kShortStep = 32;      // rows; shorter ones save little more

struct Need {
  const model::Plan& plan;
  std::uint64_t file_bytes;
  const LoadOptions& options;

  MemoryPlan at(std::uint32_t n_ctx) const {
    MemoryPlan memory;
    memory.n_ctx = n_ctx;
    memory.n_ctx_model = plan.hparams.n_ctx_train;
    model::ExecutorLimits& limits = memory.limits;
    limits.max_rows = std::max(1u, std::min(options.n_ubatch, n_ctx));
    const std::uint32_t n_sequences = std::max(1u, options.n_sequences);
    limits.max_wanted = options.max_wanted != 0
                            ? options.max_wanted
                            : std::min(limits.max_rows, std::clamp(n_sequences, 1u, 16u) * 4);
    const std::uint64_t blocks_each =
        (std::uint64_t{n_ctx} + model::kBlockTokens - 1) / model::kBlockTokens;
    limits.n_blocks = static_cast<std::uint32_t>(std::min<std::uint64_t>(
        blocks_each * n_sequences, std::numeric_limits<std::uint32_t>::max()));
    limits.k_type = options.k_type;
    limits.v_type = options.v_type;

    const model::CpuMemory cpu = model::cpu_memory(plan, limits);
    memory.weights_bytes = file_bytes;
    memory.kv_block_bytes = cpu.kv_block_bytes;
    // A product beyond 64 bits fits nowhere; a quarter of them leaves room to add.
    constexpr std::uint64_t kTooMuch = std::numeric_limits<std::uint64_t>::max() / 4;
    memory.kv_bytes = std::min(
        kTooMuch,
        checked_mul<std::uint64_t>(limits.n_blocks, cpu.kv_block_bytes).value_or(kTooMuch));
    memory.scratch_bytes = cpu.scratch_bytes;
    memory.program_bytes = kProgramBytes;
    if (options.needs_text) memory.program_bytes += kBytesPerVocabToken * plan.hparams.n_vocab;
    return memory;
  }

  // The longest context, in whole blocks, that takes at most so many bytes; 0 for none.
  std::uint32_t longest_within(std::uint64_t bytes, std::uint32_t most) const {
    std::uint32_t fits = 0, fits_not = most / model::kBlockTokens + 1;  // in blocks
    while (fits + 1 < fits_not) {
      const std::uint32_t middle = fits + (fits_not - fits) / 2;
      (at(middle * model::kBlockTokens).total_bytes() <= bytes ? fits : fits_not) = middle;
    }
    return fits * model::kBlockTokens;
  }
};

// "-c 4096 or small-model, a smaller quantisation": each change alone is enough.
std::string advice(const Need& need, const MemoryPlan& memory, const format::ModelFiles& files) {
  const std::uint64_t available = memory.available_bytes.value_or(0);  // known, or it would fit
  std::vector<std::string> changes;
  // The finest cache that fits; below q8_0 answers become visibly worse.
  for (const kernels::KvType type : {kernels::KvType::f16, kernels::KvType::q8_0}) {
    LoadOptions smaller = need.options;
    smaller.k_type = smaller.v_type = type;
    const MemoryPlan with = Need{need.plan, need.file_bytes, smaller}.at(memory.n_ctx);
    if (with.total_bytes() >= memory.total_bytes() || with.total_bytes() > available) continue;
    const char* name = kernels::kv_type_name(type);
    changes.push_back(fmt::format("-ctk {} -ctv {}", name, name));
    break;
  }
  if (const std::uint32_t n_ctx = need.longest_within(available, memory.n_ctx); n_ctx != 0) {
    changes.push_back(fmt::format("-c {}", n_ctx));
  } else {
    LoadOptions shorter_steps = need.options;
    shorter_steps.n_ubatch = std::min(need.options.n_ubatch, kShortStep);
    const Need shorter{need.plan, need.file_bytes, shorter_steps};
    if (const std::uint32_t fits = shorter.longest_within(available, memory.n_ctx); fits != 0)
      changes.push_back(fmt::format("-ub {} -c {}", shorter_steps.n_ubatch, fits));
  }
  if (need.options.find_smaller) {
    const std::string name = need.options.find_smaller(files, need.options, available);
    if (!name.empty()) changes.push_back(name + ", a smaller quantisation");
  }
  if (!changes.empty()) return fmt::format("try {}", fmt::join(changes, " or "));
  return fmt::format("free {} MiB, or take a smaller quantisation",
                     ((need.at(model::kBlockTokens).total_bytes() - available) >> 20) + 1);
}

}  // namespace

Result<MemoryPlan> plan_memory(const model::Plan& plan, const format::ModelFiles& files,
                               const LoadOptions& options, const host::AvailableMemory& available) {
  const Need need{plan, files.total_bytes(), options};
  std::uint32_t n_ctx = options.n_ctx;
  bool lowered = false;
  if (n_ctx == 0) {
    n_ctx = plan.hparams.n_ctx_train != 0 ? plan.hparams.n_ctx_train : kDefaultContext;
    if (!available.bytes) {
      n_ctx = std::min(n_ctx, kDefaultContext);
    } else if (const std::uint64_t most = *available.bytes - *available.bytes / 10;
               need.at(n_ctx).total_bytes() > most) {
      const std::uint32_t least = std::min(kLeastContext, n_ctx);
      lowered = n_ctx > least;
      n_ctx = std::max(least, need.longest_within(most, n_ctx));
    }
  }
  MemoryPlan memory = need.at(n_ctx);
  if (memory.limits.n_blocks > 0x7FFFFFFF)
    return fail(ErrorCode::does_not_fit, "a context of {} tokens is too long", n_ctx);
  memory.lowered = lowered;
  memory.available_bytes = available.bytes;
  memory.group = available.group;
  if (!memory.fits()) memory.advice = advice(need, memory, files);
  return memory;
}

Result<void> check_fits(const MemoryPlan& memory) {
  if (memory.fits()) return {};
  return fail(ErrorCode::does_not_fit,
              "the model with a context of {} tokens needs {} MiB ({} of weights, {} of KV cache, "
              "{} of scratch, {} besides) and {} MiB are available{}; {}",
              memory.n_ctx, memory.total_bytes() >> 20, memory.weights_bytes >> 20,
              memory.kv_bytes >> 20, memory.scratch_bytes >> 20, memory.program_bytes >> 20,
              memory.available_bytes.value_or(0) >> 20,
              memory.group.empty() ? "" : " under the limit of " + printable(memory.group, 200),
              memory.advice);
}

}  // namespace hearth::engine
