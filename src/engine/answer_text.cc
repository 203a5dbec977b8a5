// SPDX-License-Identifier: Apache-2.0
#include "engine/answer_text.h"

#include <utility>

namespace hearth::engine {

TextEvent AnswerText::push(TokenId token, std::optional<Position> position) {
  held_.push_back({token, std::move(position), n_decoded_, kUnknown});
  const std::string text = decoder_.push(token);
  decode(text);
  return hand_out(stops_.push(text));
}

TextEvent AnswerText::finish() {
  if (stops_.stopped()) return {};
  const std::string text = decoder_.finish();
  decode(text);
  std::string shown = stops_.push(text);
  shown += stops_.finish();
  if (!stops_.stopped())
    for (Held& held : held_) held.end = 0;  // also those without text
  return hand_out(std::move(shown));
}

void AnswerText::decode(std::string_view text) {
  if (text.empty()) return;
  n_decoded_ += text.size();
  for (auto it = held_.rbegin(); it != held_.rend() && it->end == kUnknown; ++it)
    it->end = n_decoded_;
}

TextEvent AnswerText::hand_out(std::string text) {
  n_shown_ += text.size();
  TextEvent event{.text = std::move(text), .tokens = {}, .positions = {}};
  const bool stopped = stops_.stopped();
  while (!held_.empty()) {
    Held& first = held_.front();
    if (stopped ? first.begin >= n_shown_ : first.end > n_shown_) break;
    event.tokens.push_back(first.token);
    if (first.position) event.positions.push_back(std::move(*first.position));
    held_.pop_front();
  }
  if (stopped) held_.clear();
  return event;
}

}  // namespace hearth::engine
