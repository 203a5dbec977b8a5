// SPDX-License-Identifier: Apache-2.0
//
// What several tests of the engine need.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "engine/engine.h"
#include "engine/loaded_model.h"
#include "format/model_files.h"
#include "model/sequence.h"
#include "text/tokenizer.h"

namespace hearth::engine {

namespace harness {

inline std::vector<format::NamedFd> tiny(const std::string& name = "tiny-llama-q8_0") {
  const std::string path =
      std::string(HEARTH_SOURCE_DIR) + "/tests/fixtures/models/" + name + ".gguf";
  std::vector<format::NamedFd> shards;
  shards.push_back({open_for_read(path).value(), path});
  return shards;
}

inline LoadOptions options(std::uint32_t n_ctx = 256, std::uint32_t n_sequences = 4) {
  LoadOptions load;
  load.n_ctx = n_ctx;
  load.n_sequences = n_sequences;
  load.n_ubatch = 32;
  load.n_threads = 2;
  return load;
}

// Computes the tokens one at a time, asking of each what `wanted` asks, and calls after_each()
// while its results are there.
template <class F>
void walk(LoadedModel& loaded, std::span<const TokenId> tokens, model::BatchRow wanted,
          F after_each) {
  model::Sequence sequence(loaded.sequences());
  for (std::uint32_t i = 0; i < tokens.size(); ++i) {
    EXPECT_TRUE(sequence.reserve(1));
    const auto position = static_cast<std::int32_t>(i);
    wanted.token = tokens[i];
    wanted.position = {position, position, position, position};
    wanted.kv_index = i;
    model::Batch batch;
    batch.sequences.push_back({sequence.blocks()});
    batch.rows.push_back(wanted);
    loaded.forward().run(batch);
    sequence.commit(1);
    after_each();
  }
}

inline std::shared_ptr<EventQueue> queue(std::size_t capacity = 1024) {
  return std::make_shared<EventQueue>(capacity);
}

inline std::vector<TokenId> prompt(TokenId first, std::size_t n) {
  std::vector<TokenId> ids(n);
  for (std::size_t i = 0; i < n; ++i)
    ids[i] = static_cast<TokenId>((static_cast<std::size_t>(first) + 7 * i) % 256 + 16);
  return ids;
}

inline Request request(RequestId id, std::vector<TokenId> ids, std::int32_t max_tokens = 20) {
  Request request;
  request.id = id;
  request.prompt = TokenPrompt{std::move(ids)};
  request.sampling.temp = 0;
  request.max_tokens = max_tokens;
  request.ignore_end = true;
  return request;
}

struct Outcome {
  std::vector<TokenId> tokens;
  std::string text;
  std::vector<Position> positions, prompt_positions;
  StartedEvent started;
  std::optional<FinishedEvent> finished;
  std::optional<Error> error;
};

inline Outcome collect(EventQueue& events) {
  Outcome outcome;
  while (!outcome.finished && !outcome.error) {
    auto event = events.pop();
    if (!event) break;
    if (auto* text = std::get_if<TextEvent>(&event->what)) {
      outcome.text += text->text;
      outcome.tokens.insert(outcome.tokens.end(), text->tokens.begin(), text->tokens.end());
      std::ranges::move(text->positions, std::back_inserter(outcome.positions));
    }
    if (auto* of_prompt = std::get_if<PromptLogprobsEvent>(&event->what))
      std::ranges::move(of_prompt->positions, std::back_inserter(outcome.prompt_positions));
    if (auto* started = std::get_if<StartedEvent>(&event->what)) outcome.started = *started;
    if (auto* finished = std::get_if<FinishedEvent>(&event->what)) outcome.finished = *finished;
    if (auto* failed = std::get_if<FailedEvent>(&event->what)) outcome.error = failed->error;
  }
  return outcome;
}

inline Outcome ask(Engine& engine, Request asked) {
  auto events = queue();
  engine.submit(std::move(asked), events);
  return collect(*events);
}

}  // namespace harness

inline std::shared_ptr<const text::Tokenizer> tiny_tokenizer() {
  auto shards = harness::tiny("tiny-llama-f32");
  return text::Tokenizer::load(format::ModelFiles::map(std::move(shards)).value()->gguf()).value();
}

}  // namespace hearth::engine
