// SPDX-License-Identifier: Apache-2.0
#include "worker/answers.h"

#include <iterator>
#include <utility>

#include "worker/translate.h"

namespace hearth::worker {
namespace {

template <class T>
void append(std::vector<T>& to, std::vector<T>&& more) {
  to.insert(to.end(), std::move_iterator(more.begin()), std::move_iterator(more.end()));
}

}  // namespace

void Answers::set_marks(const engine::ThinkingFacts& facts) {
  if (!facts.open_mark.empty() && !facts.close_mark.empty())
    marks_ = text::ReasoningMarks{facts.open_mark, facts.close_mark};
}

void Answers::expect(wire::RequestId id, bool splits_reasoning) {
  const std::lock_guard lock(mutex_);
  answers_[id].splits = splits_reasoning;
}

std::vector<wire::ToFront> Answers::translate(engine::Event event) {
  const std::lock_guard lock(mutex_);
  const auto found = answers_.find(event.request);
  if (found == answers_.end()) return {};
  const wire::RequestId id = event.request;
  Answer& answer = found->second;
  std::vector<wire::ToFront> out;
  if (const auto* started = std::get_if<engine::StartedEvent>(&event.what)) {
    answer.is_reasoning = started->is_thinking;
    if (answer.splits && marks_) answer.splitter.emplace(*marks_, started->is_thinking);
    out.emplace_back(to_started(id, *started));
  } else if (auto* prompt = std::get_if<engine::PromptLogprobsEvent>(&event.what)) {
    out.emplace_back(wire::PromptPositions{id, to_positions(std::move(prompt->positions))});
  } else if (auto* some = std::get_if<engine::TextEvent>(&event.what)) {
    out = text(id, answer, std::move(*some));
  } else if (const auto* end = std::get_if<engine::FinishedEvent>(&event.what)) {
    out = finished(id, answer, *end);
    answers_.erase(found);
  } else if (auto* embedding = std::get_if<engine::EmbeddingEvent>(&event.what)) {
    out.emplace_back(to_embedding(id, std::move(*embedding)));
    answers_.erase(found);
  } else if (const auto* failure = std::get_if<engine::FailedEvent>(&event.what)) {
    out.emplace_back(to_failed(id, failure->error));
    answers_.erase(found);
  }
  return out;
}

// The tokens go with the first of the pieces: which of them made which is not
// known.
void Answers::add_pieces(wire::RequestId id, Answer& answer, std::vector<text::AnswerPiece> pieces,
                         std::vector<wire::ToFront>& out) {
  for (text::AnswerPiece& piece : pieces) {
    answer.is_reasoning = piece.kind == text::AnswerPiece::Kind::reasoning;
    if (piece.kind == text::AnswerPiece::Kind::mark) continue;
    out.emplace_back(wire::Text{.id = id,
                                .is_reasoning = answer.is_reasoning,
                                .text = std::move(piece.text),
                                .tokens = std::exchange(answer.tokens, {}),
                                .positions = std::exchange(answer.positions, {})});
  }
}

std::vector<wire::ToFront> Answers::text(wire::RequestId id, Answer& answer,
                                         engine::TextEvent event) {
  std::vector<wire::ToFront> out;
  std::vector<wire::Position> positions = to_positions(std::move(event.positions));
  if (!answer.splitter) {
    out.emplace_back(wire::Text{.id = id,
                                .is_reasoning = false,
                                .text = std::move(event.text),
                                .tokens = std::move(event.tokens),
                                .positions = std::move(positions)});
    return out;
  }
  const auto n_tokens = static_cast<std::uint32_t>(event.tokens.size());
  append(answer.tokens, std::move(event.tokens));
  append(answer.positions, std::move(positions));
  const bool was_reasoning = answer.is_reasoning;
  add_pieces(id, answer, answer.splitter->push(event.text), out);
  if (was_reasoning || answer.is_reasoning) answer.n_reasoning += n_tokens;
  return out;
}

std::vector<wire::ToFront> Answers::finished(wire::RequestId id, Answer& answer,
                                             const engine::FinishedEvent& event) {
  std::vector<wire::ToFront> out;
  if (answer.splitter) add_pieces(id, answer, answer.splitter->finish(), out);
  if (!answer.tokens.empty())
    out.emplace_back(wire::Text{.id = id,
                                .is_reasoning = answer.is_reasoning,
                                .text = {},
                                .tokens = std::move(answer.tokens),
                                .positions = std::move(answer.positions)});
  wire::Finished end = to_finished(id, event);
  end.n_reasoning = answer.n_reasoning;
  out.emplace_back(end);
  return out;
}

}  // namespace hearth::worker
