// SPDX-License-Identifier: Apache-2.0
//
// The engine's events as messages for the front, with the reasoning of an answer told from the
// answer itself for requests that want it. What is expected is said by the thread that submits;
// translate() is for the one thread that talks to the front.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "engine/engine.h"
#include "text/reasoning_splitter.h"
#include "wire/messages.h"

namespace hearth::worker {

class Answers {
 public:
  // Of the model; empty: its reasoning is not known, and nothing is split. Before any request.
  void set_marks(const engine::ThinkingFacts& facts);

  // Before the request is submitted.
  void expect(wire::RequestId id, bool splits_reasoning);

  // In order, about one request; progress and end of loading are not for here.
  std::vector<wire::ToFront> translate(engine::Event event);

 private:
  struct Answer {
    bool splits = false;
    std::optional<text::ReasoningSplitter> splitter;
    bool is_reasoning = false;
    std::uint32_t n_reasoning = 0;
    // Of text that the splitter holds back.
    std::vector<wire::TokenId> tokens;
    std::vector<wire::Position> positions;
  };
  static void add_pieces(wire::RequestId id, Answer& answer, std::vector<text::AnswerPiece> pieces,
                         std::vector<wire::ToFront>& out);
  std::vector<wire::ToFront> text(wire::RequestId id, Answer& answer, engine::TextEvent event);
  std::vector<wire::ToFront> finished(wire::RequestId id, Answer& answer,
                                      const engine::FinishedEvent& event);

  std::optional<text::ReasoningMarks> marks_;
  std::mutex mutex_;
  std::map<wire::RequestId, Answer> answers_;
};

}  // namespace hearth::worker
