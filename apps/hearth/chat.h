// SPDX-License-Identifier: Apache-2.0
//
// The chat of `hearth run MODEL` on a terminal: turns with memory, a few slash commands. Ctrl-C
// stops the answer, not the program.
#pragma once

#include <string>

#include "base/json.h"
#include "engine/engine.h"

namespace hearth::app {

struct ChatOptions {
  engine::Request request;  // sampling and limits for every turn
  Json variables;           // further template variables
  std::string system;       // empty: the template's own
  bool verbose = false;
};

// One turn's template variables.
std::string chat_variables(const Json& messages, const Json& more);
Json chat_message(const char* role, const std::string& content);

Result<int> run_chat(engine::Engine& engine, const ChatOptions& options);

}  // namespace hearth::app
