// SPDX-License-Identifier: Apache-2.0
#include "engine/loaded_model.h"

#include <algorithm>
#include <limits>

#include "host/memory.h"
#include "model/family.h"
#include "text/template_choice.h"

namespace hearth::engine {
namespace {

// What is computed in before loading: the KV cache and the buffers are allocated lazily by the
// kernel, so without this check a context that is too long would be found out by the OOM killer.
Result<void> check_fits(const model::Plan& plan, const model::ExecutorLimits& limits,
                        std::uint32_t n_ctx) {
  std::uint64_t kv_per_token = 0;
  for (const model::KvShape& shape : plan.kv)
    kv_per_token += shape.n_kv_heads * (shape.k_dim * kernels::kv_element_bytes(limits.k_type) +
                                        shape.v_dim * kernels::kv_element_bytes(limits.v_type));
  const std::uint64_t kv_bytes = kv_per_token * limits.n_blocks * model::kBlockTokens;
  std::uint64_t scratch = 0;
  for (std::size_t i = 0; i < model::kBuffers; ++i)
    scratch += std::uint64_t{plan.widths[i]} * 4 * std::max(limits.max_rows, limits.max_wanted);
  const std::uint64_t available =
      host::available_memory().value_or(std::numeric_limits<std::uint64_t>::max() / 2);
  if (kv_bytes + scratch > available)
    return fail(ErrorCode::does_not_fit,
                "a context of {} tokens needs {} MiB for the KV cache and {} MiB of scratch, and "
                "{} MiB are "
                "available; try -c {}",
                n_ctx, kv_bytes >> 20, scratch >> 20, available >> 20,
                std::max<std::uint64_t>(512, kv_per_token == 0
                                                 ? 512
                                                 : (available - std::min(available, scratch)) / 2 /
                                                       kv_per_token / 256 * 256));
  return {};
}

}  // namespace

Result<std::unique_ptr<LoadedModel>> LoadedModel::load(std::vector<format::NamedFd> shards,
                                                       const LoadOptions& options,
                                                       const model::LoadProgress& progress) {
  std::unique_ptr<LoadedModel> loaded(new LoadedModel);
  loaded->files_ = TRY(format::ModelFiles::map(std::move(shards)));
  if (options.needs_text) TRY(loaded->load_text(options));
  loaded->plan_ = TRY(model::compile_plan(loaded->gguf()));

  const std::uint32_t n_ctx_train = loaded->plan_.hparams.n_ctx_train;
  loaded->n_ctx_ = options.n_ctx != 0 ? options.n_ctx : std::min(n_ctx_train, kDefaultContext);
  model::ExecutorLimits& limits = loaded->limits_;
  limits.max_rows = std::max(1u, std::min(options.n_ubatch, loaded->n_ctx_));
  limits.max_wanted = options.max_wanted != 0 ? options.max_wanted : std::min(limits.max_rows, 64u);
  const std::uint64_t blocks_each =
      (std::uint64_t{loaded->n_ctx_} + model::kBlockTokens - 1) / model::kBlockTokens;
  const std::uint64_t n_blocks = blocks_each * std::max(1u, options.n_sequences);
  if (n_blocks > 0x7FFFFFFF)
    return fail(ErrorCode::does_not_fit, "a context of {} tokens is too long", loaded->n_ctx_);
  limits.n_blocks = static_cast<std::uint32_t>(n_blocks);
  limits.k_type = options.k_type;
  limits.v_type = options.v_type;
  TRY(check_fits(loaded->plan_, limits, loaded->n_ctx_));

  loaded->executor_ = model::make_cpu_executor(options.n_threads);
  TRY(loaded->executor_->prepare(loaded->plan_, 0, limits, progress));
  loaded->forward_ = std::make_unique<model::Forward>(
      loaded->plan_, std::vector<model::Executor*>{loaded->executor_.get()}, limits);
  loaded->sequences_ = std::make_unique<model::SequenceStore>(model::SequenceStore{
      model::BlockPool(limits.n_blocks),
      [forward = loaded->forward_.get()](model::BlockId from, model::BlockId to) {
        forward->copy_block(from, to);
      }});
  return loaded;
}

Result<void> LoadedModel::load_text(const LoadOptions& options) {
  tokenizer_ = TRY(text::Tokenizer::load(gguf()));
  std::string source = options.chat_template;
  const bool is_asked_for = !source.empty() || !options.chat_template_name.empty();
  if (source.empty()) {
    const auto arch = TRY(gguf().get_string("general.architecture"));
    const model::Family* family = model::find_family(arch.value_or(std::string_view()));
    const auto chosen =
        TRY(text::choose_template(gguf(), *tokenizer_, options.chat_template_name,
                                  family ? family->fallback_template : std::string_view()));
    if (chosen) source = chosen->source;
    if (chosen && chosen->is_builtin && !is_asked_for)
      template_notice_ =
          fmt::format("the model has no chat template: Hearth's own \"{}\" is used", chosen->name);
  }
  if (source.empty()) {
    template_notice_ = "the model has no chat template: the prompt is completed as plain text";
    return {};
  }
  auto parsed = text::ChatTemplate::parse(source);
  if (!parsed) {
    if (is_asked_for) return std::unexpected(parsed.error());
    template_notice_ = "the model's chat template cannot be used (" + parsed.error().message +
                       "): the prompt is completed as plain text";
    return {};
  }
  template_ = std::move(*parsed);
  template_source_ = std::move(source);
  return {};
}

std::size_t LoadedModel::kv_bytes_per_token() const {
  return executor_->block_bytes() / model::kBlockTokens;
}

}  // namespace hearth::engine
