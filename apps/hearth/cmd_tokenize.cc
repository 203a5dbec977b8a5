// SPDX-License-Identifier: Apache-2.0
//
// tokenize and detokenize: the tokenizer alone, on any GGUF that has one, whatever its
// architecture.
#include <fmt/format.h>

#include "base/file.h"
#include "base/json.h"
#include "command.h"
#include "confined_print.h"
#include "flags.h"
#include "model_source.h"
#include "process.h"
#include "show_tokens.h"
#include "text/tokenizer.h"
#include "token_ids.h"

namespace hearth::app {
namespace {

constexpr std::size_t kMaxInput = std::size_t{1} << 30;

struct TokenizeOptions {
  ModelArgument model;
  SandboxFlag sandbox;
  bool no_special = false, no_bos = false, show = false, json = false;
};

// Opens the model and reads standard input; then a confined process loads the tokenizer and makes
// the output of it.
template <class Make>
Result<int> print_with_tokenizer(const ModelArgument& argument, const SandboxFlag& sandbox,
                                 const Make& make) {
  const std::string name = TRY(argument.take());
  std::vector<format::NamedFd> shards = TRY(open_model(name, argument.offline()));
  const std::string input = TRY(read_all(0, kMaxInput));
  return sandbox.print({.about = name,
                        .work = [&](const worker::TellProgress&) -> Result<Printed> {
                          const auto files = TRY(format::ModelFiles::map(std::move(shards)));
                          const auto tokenizer = TRY(text::Tokenizer::load(files->gguf()));
                          return Printed {
                            .out = TRY(make(*tokenizer, input))
                            , .notes = {}
                          };
                        },
                        .input_bytes = input.size()});
}

Result<int> tokenize(const TokenizeOptions& options) {
  const bool coloured = stdout_takes_colour();
  const auto make = [&](const text::Tokenizer& tokenizer,
                        const std::string& input) -> Result<std::string> {
    std::vector<text::TokenId> ids;
    tokenizer.encode(input, {.add_special = !options.no_bos, .parse_special = !options.no_special},
                     ids);
    if (options.show && options.json) return tokens_to_json(tokenizer, ids).dump() + "\n";
    if (options.show) return show_tokens(tokenizer, ids, coloured);
    return options.json ? fmt::format("[{}]\n", fmt::join(ids, ","))
                        : fmt::format("{}\n", fmt::join(ids, " "));
  };
  return print_with_tokenizer(options.model, options.sandbox, make);
}

struct DetokenizeOptions {
  ModelArgument model;
  SandboxFlag sandbox;
};

Result<int> detokenize(const DetokenizeOptions& options) {
  const auto make = [](const text::Tokenizer& tokenizer,
                       const std::string& input) -> Result<std::string> {
    std::string bytes;
    for (const text::TokenId id : TRY(parse_token_ids(input, tokenizer.size())))
      bytes += tokenizer.bytes_of(id);
    return bytes;
  };
  return print_with_tokenizer(options.model, options.sandbox, make);
}

}  // namespace

Action declare_tokenize(Flags& flags) {
  auto options = std::make_shared<TokenizeOptions>();
  options->model.declare(flags);
  options->sandbox.declare(flags);
  flags.add("--no-special", options->no_special, "treat the text of control tokens as plain text");
  flags.add("--no-bos", options->no_bos, "add neither BOS nor EOS");
  flags.add("--show", options->show, "print each token's text, kind and bytes");
  flags.add("--json", options->json, "print a JSON array");
  return [options] { return tokenize(*options); };
}

Action declare_detokenize(Flags& flags) {
  auto options = std::make_shared<DetokenizeOptions>();
  options->model.declare(flags);
  options->sandbox.declare(flags);
  return [options] { return detokenize(*options); };
}

}  // namespace hearth::app
