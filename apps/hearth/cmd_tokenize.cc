// SPDX-License-Identifier: Apache-2.0
//
// tokenize and detokenize: the tokenizer alone, on any GGUF that has one, whatever its
// architecture.
#include <fmt/format.h>

#include "base/file.h"
#include "base/json.h"
#include "command.h"
#include "flags.h"
#include "model_source.h"
#include "process.h"
#include "show_tokens.h"
#include "text/tokenizer.h"
#include "token_ids.h"

namespace hearth::app {
namespace {

constexpr std::size_t kMaxInput = std::size_t{1} << 30;

Result<std::shared_ptr<const text::Tokenizer>> load_tokenizer(const ModelArgument& argument) {
  const auto files =
      TRY(format::ModelFiles::map(TRY(open_model(TRY(argument.take()), argument.offline()))));
  return text::Tokenizer::load(files->gguf());
}

struct TokenizeOptions {
  ModelArgument model;
  bool no_special = false, no_bos = false, show = false, json = false;
};

Result<int> tokenize(const TokenizeOptions& options) {
  const auto tokenizer = TRY(load_tokenizer(options.model));
  const std::string input = TRY(read_all(0, kMaxInput));
  std::vector<text::TokenId> ids;
  tokenizer->encode(input, {.add_special = !options.no_bos, .parse_special = !options.no_special},
                    ids);
  if (options.show && options.json) {
    TRY(write_stdout(tokens_to_json(*tokenizer, ids).dump() + "\n"));
  } else if (options.show) {
    TRY(write_stdout(show_tokens(*tokenizer, ids, stdout_takes_colour())));
  } else {
    TRY(write_stdout(options.json ? fmt::format("[{}]\n", fmt::join(ids, ","))
                                  : fmt::format("{}\n", fmt::join(ids, " "))));
  }
  return 0;
}

Result<int> detokenize(const ModelArgument& model) {
  const auto tokenizer = TRY(load_tokenizer(model));
  const std::string input = TRY(read_all(0, kMaxInput));
  const auto ids = TRY(parse_token_ids(input, tokenizer->size()));
  std::string bytes;
  for (const text::TokenId id : ids) bytes += tokenizer->bytes_of(id);
  TRY(write_stdout(bytes));
  return 0;
}

}  // namespace

Action declare_tokenize(Flags& flags) {
  auto options = std::make_shared<TokenizeOptions>();
  options->model.declare(flags);
  flags.add("--no-special", options->no_special, "treat the text of control tokens as plain text");
  flags.add("--no-bos", options->no_bos, "add neither BOS nor EOS");
  flags.add("--show", options->show, "print each token's text, kind and bytes");
  flags.add("--json", options->json, "print a JSON array");
  return [options] { return tokenize(*options); };
}

Action declare_detokenize(Flags& flags) {
  auto model = std::make_shared<ModelArgument>();
  model->declare(flags);
  return [model] { return detokenize(*model); };
}

}  // namespace hearth::app
