// SPDX-License-Identifier: Apache-2.0
//
// Drives one request from submission to its end and prints the answer as it comes. Notices Ctrl-C
// and a reader that has gone while waiting, so both take effect at once.
#pragma once

#include <memory>
#include <string>

#include "engine/engine.h"

namespace hearth::app {

// Waits until the model is loaded, with a progress bar on standard error where that is a terminal.
Result<engine::LoadedEvent> wait_until_loaded(engine::Engine& engine,
                                              engine::EventQueue& load_events);

struct Answer {
  std::string text;
  engine::FinishedEvent finished;
};

// cancelled after Ctrl-C; leaves the process quietly when standard output has no reader any more.
Result<Answer> print_answer(engine::Engine& engine, engine::Request request);

// "prompt: 31 tokens, 412.3 tokens/s" and so on, on standard error.
void print_speed(const engine::FinishedEvent& finished);

}  // namespace hearth::app
