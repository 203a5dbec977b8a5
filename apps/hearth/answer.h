// SPDX-License-Identifier: Apache-2.0
//
// Drives one request from submission to its end and prints the answer as it comes. Notices Ctrl-C
// and a reader that has gone while waiting, so both take effect at once.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "answer_view.h"
#include "server/model_worker.h"

namespace hearth::app {

// Waits until the model is loaded, with a progress bar on standard error where that is a terminal.
Result<wire::Loaded> wait_until_loaded(const server::ModelWorker& worker);

struct Answer {
  std::string text;  // as the model wrote it, also where the answer was cut short
  wire::Started started;
  std::optional<wire::Finished> finished;  // none: failure says why
  Error failure;                           // cancelled after Ctrl-C
  bool ends_line = true;                   // what was printed ends with a newline
};

// Leaves the process quietly when standard output has no reader any more. A model whose process has
// died is waited for.
Answer print_answer(server::ModelWorker& worker, wire::Submit submit, const ViewOptions& view,
                    const wire::ThinkingFacts& thinking);

// "load: 0.31 s", "prompt: 31 tokens, 412.3 tokens/s" and so on, on standard error.
void print_speed(const Answer& answer, double load_seconds);

}  // namespace hearth::app
