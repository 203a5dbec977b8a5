// SPDX-License-Identifier: Apache-2.0
#include "engine/loaded_model.h"

#include <fmt/ranges.h>

#include "host/cpus_allowed.h"
#include "host/memory.h"
#include "model/family.h"
#include "text/template_choice.h"

namespace hearth::engine {
Result<std::unique_ptr<LoadedModel>> LoadedModel::load(std::vector<format::NamedFd> shards,
                                                       const LoadOptions& options,
                                                       const model::LoadProgress& progress) {
  std::unique_ptr<LoadedModel> loaded(new LoadedModel);
  loaded->files_ = TRY(format::ModelFiles::map(std::move(shards)));
  if (options.needs_text) TRY(loaded->load_text(options));
  loaded->plan_ = TRY(model::compile_plan(loaded->gguf()));

  loaded->memory_ = TRY(
      plan_memory(loaded->plan_, *loaded->files_, options,
                  options.available_memory ? *options.available_memory : host::available_memory()));
  TRY(check_fits(loaded->memory_));
  const model::ExecutorLimits& limits = loaded->memory_.limits;

  const auto fd_of = [](const std::shared_ptr<const UniqueFd>& fd) { return fd ? fd->get() : -1; };
  const model::CpuCrews crews = options.crews
                                    ? *options.crews
                                    : model::CpuCrews{.single = {.n_workers = options.n_threads},
                                                      .batch = {.n_workers = options.n_threads},
                                                      .n_cpus = host::cpus_allowed()};
  loaded->executor_ = model::make_cpu_executor(crews,
                                               {.mode = options.load_mode,
                                                .shard_fds = loaded->files_->fds(),
                                                .key = options.prepared.key,
                                                .prepared_fd = fd_of(options.prepared.from),
                                                .copy_fd = fd_of(options.prepared.into)},
                                               &loaded->weights_report_);
  TRY(loaded->executor_->prepare(loaded->plan_, 0, limits, progress));
  if (options.prepared.done) options.prepared.done(loaded->weights_report_);
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

std::string LoadedModel::notice() const {
  std::vector<std::string> notices;
  if (memory_.lowered)
    notices.push_back(
        fmt::format("the context is {} tokens, not the model's {}: more does not fit in memory",
                    memory_.n_ctx, memory_.n_ctx_model));
  if (!weights_report_.refused.empty())
    notices.push_back("the prepared copy was not used: " + weights_report_.refused);
  if (!weights_report_.not_locked.empty())
    notices.push_back("the weights are not kept in memory: " + weights_report_.not_locked);
  if (!template_notice_.empty()) notices.push_back(template_notice_);
  return fmt::format("{}", fmt::join(notices, "; "));
}

std::string LoadedModel::describe_weights() const {
  using Origin = model::WeightsReport::Origin;
  const model::WeightsReport& report = weights_report_;
  std::string text = report.panel_bytes == 0                    ? "as in the file"
                     : report.origin == Origin::prepared_mapped ? "prepared copy, mapped"
                     : report.origin == Origin::prepared_read   ? "prepared copy, read into memory"
                                                                : "packed now";
  if (report.wrote_copy) text += ", copy written";
  if (!report.not_written.empty()) text += ", no copy written: " + report.not_written;
  if (report.locked_bytes > 0) text += fmt::format(", {} MiB locked", report.locked_bytes >> 20);
  return text;
}

std::size_t LoadedModel::kv_bytes_per_token() const {
  return executor_->block_bytes() / model::kBlockTokens;
}

}  // namespace hearth::engine
