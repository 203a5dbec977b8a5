// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "command.h"

namespace hearth::app {

std::span<const Command> commands() {
  using enum CommandGroup;
  static constexpr Command kCommands[] = {
      {"run", "answer a prompt, or chat", declare_run, answers},
      {"serve", "answer OpenAI's API with a model", declare_serve, answers},
      {"key", "API keys for serve", declare_key, answers},
      {"pull", "fetch a model into the store", declare_pull},
      {"import", "take a GGUF file into the store", declare_import},
      {"list", "list the models of the store and of other programs", declare_list},
      {"ls", "the same as list", declare_list},
      {"rm", "remove models from the store", declare_rm},
      {"cp", "give a model of the store a second name", declare_cp},
      {"verify", "check the hashes of the store's files", declare_verify},
      {"alias", "names of your own for models", declare_alias},
      {"show", "what a model is: sizes, types, template, metadata", declare_show},
      {"tokenize", "text on standard input to token ids", declare_tokenize, tools},
      {"detokenize", "token ids on standard input to text", declare_detokenize, tools},
      {"template", "render a chat template over JSON on standard input", declare_template, tools},
      {"logits", "write the logits of every position of a token list", declare_logits, tools},
      {"compare", "how far one dump of logits is from another", declare_compare, tools},
      {"perplexity", "how well a model predicts a text", declare_perplexity, tools},
      {"bench", "how fast a model reads and generates, beside this machine's ceilings",
       declare_bench, tools},
      {"make-random", "a file of random weights in a real model's shape", declare_make_random,
       tools},
      {"completion", "the completions of a shell", declare_completion, program},
      {"man", "the manual page", declare_man, program},
      {"version", "version, build and instruction set", declare_version, program},
  };
  return kCommands;
}

const Command* find_command(std::string_view name) {
  // Started by serve and not by people, so no help lists it.
  static constexpr Command kWorker = {"worker", "the process of one model", declare_worker};
  if (name == kWorker.name) return &kWorker;
  const auto all = commands();
  const auto found = std::ranges::find(all, name, &Command::name);
  return found == all.end() ? nullptr : &*found;
}

Declarations declarations_of(const Command& command) {
  Declarations declarations;
  Flags flags(declarations);
  static_cast<void>(command.declare(flags));
  return declarations;
}

}  // namespace hearth::app
