// SPDX-License-Identifier: Apache-2.0
//
// The chat of `hearth run MODEL` on a terminal: turns with memory and the commands of
// chat_commands.h. Ctrl-C stops the answer, not the program. Standard output carries the answers,
// standard error the rest. What does not fit into the context is said and never cut away.
#pragma once

#include <string>

#include "answer_view.h"
#include "base/json.h"
#include "engine/request.h"
#include "sampling_options.h"
#include "server/model_worker.h"

namespace hearth::app {

struct ChatOptions {
  std::string model;    // as the user called it
  wire::Loaded loaded;  // what its process said of it
  double load_seconds = 0;
  engine::Request request;          // sampling and limits for every turn
  SamplingOptions sampling;         // the flags that they came from
  sample::SamplingParams defaults;  // the model's
  Json variables;                   // further template variables
  std::string system;               // empty: the template's own
  ViewOptions view;
  bool verbose = false;
  bool keeps_history = true;
};

// The variables of a chat template for these messages, and more.
std::string chat_variables(const Json& messages, const Json& more);

Result<int> run_chat(server::ModelWorker& worker, const ChatOptions& options);

}  // namespace hearth::app
