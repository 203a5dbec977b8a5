// SPDX-License-Identifier: Apache-2.0
//
// A model ready to compute: files, plan, executor, KV blocks, tokenizer and chat template together.
// Loading reports progress and can be cancelled. One thread computes with it at a time; the
// tokenizer and the template may be used by any.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/memory_plan.h"
#include "engine/smaller_model.h"
#include "format/model_files.h"
#include "model/forward.h"
#include "model/sequence.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace hearth::engine {

// A copy of the packed weights on disk (model/prepared_file.h): who opens paths offers a descriptor
// to read one from, or an empty file to write one into, and is told how it went.
struct PreparedOffer {
  std::string key;  // of the model's contents
  std::shared_ptr<const UniqueFd> from, into;
  // Called once, by the loading thread, when the load has succeeded; keeps or removes the file.
  std::function<void(const model::WeightsReport&)> done;
};

struct LoadOptions {
  std::uint32_t n_ctx = 0;        // tokens of one sequence; 0: plan_memory chooses
  std::uint32_t n_sequences = 1;  // how many such sequences the KV cache holds
  std::uint32_t n_ubatch = 512;   // rows of one forward step
  std::uint32_t max_wanted = 0;   // rows of a step that may want results; 0: 4 a sequence
  unsigned n_threads = 1;
  std::optional<model::CpuCrews> crews;  // who computes; none: n_threads of the usual kind
  kernels::KvType k_type = kernels::KvType::f16;
  kernels::KvType v_type = kernels::KvType::f16;
  bool needs_text = true;  // fail without a usable tokenizer
  std::string
      chat_template;  // a source that overrides the file's; empty: the file's or the family's
  std::string chat_template_name;  // which of those (text/template_choice.h); empty: the usual one
  FindSmaller find_smaller;        // may be empty
  model::LoadMode load_mode = model::LoadMode::automatic;
  PreparedOffer prepared;
  bool wants_thinking_facts = false;  // find out how the model's reasoning is marked
  // What there is, for a process that may not look any more; none: looked up when it is needed.
  std::optional<host::AvailableMemory> available_memory;
};

class LoadedModel {
 public:
  static Result<std::unique_ptr<LoadedModel>> load(std::vector<format::NamedFd> shards,
                                                   const LoadOptions& options,
                                                   const model::LoadProgress& progress = nullptr);

  const format::Gguf& gguf() const { return files_->gguf(); }
  const model::Plan& plan() const { return plan_; }
  model::Forward& forward() { return *forward_; }
  model::Executor& executor() { return *executor_; }
  model::SequenceStore& sequences() { return *sequences_; }
  const text::Tokenizer* tokenizer() const { return tokenizer_.get(); }
  const text::ChatTemplate* chat_template() const { return template_ ? &*template_ : nullptr; }
  const std::string& template_source() const { return template_source_; }
  // What the user should know about this model here, or empty.
  std::string notice() const;
  std::uint32_t n_ctx() const { return memory_.n_ctx; }
  const model::ExecutorLimits& limits() const { return memory_.limits; }
  const MemoryPlan& memory() const { return memory_; }
  std::size_t kv_bytes_per_token() const;
  const model::WeightsReport& weights_report() const { return weights_report_; }
  // How the weights came into memory, in a few words.
  std::string describe_weights() const;

 private:
  LoadedModel() = default;
  Result<void> load_text(const LoadOptions& options);

  std::shared_ptr<const format::ModelFiles> files_;
  model::Plan plan_;
  MemoryPlan memory_;
  model::WeightsReport weights_report_;
  std::unique_ptr<model::Executor> executor_;
  std::unique_ptr<model::Forward> forward_;
  std::unique_ptr<model::SequenceStore> sequences_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  std::optional<text::ChatTemplate> template_;
  std::string template_source_;  // of template_
  std::string template_notice_;
};

}  // namespace hearth::engine
