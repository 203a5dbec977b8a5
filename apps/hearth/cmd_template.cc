// SPDX-License-Identifier: Apache-2.0
//
// template: a chat template over JSON variables on standard input, rendered and printed as it is.
#include <fmt/format.h>

#include <ctime>

#include "base/escape.h"
#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"
#include "command.h"
#include "flags.h"
#include "model_source.h"
#include "process.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace hearth::app {
namespace {

constexpr std::size_t kMaxVariablesBytes = std::size_t{256} << 20;

struct TemplateOptions {
  ModelArgument model;
  std::string template_file, now;
};

// "2024-07-26", "2024-07-26 15:04:05", "2024-07-26T15:04:05" or seconds since 1970 (UTC).
Result<std::tm> parse_now(const std::string& text) {
  std::tm time{};
  for (const char* format :
       {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"}) {
    std::tm parsed{};
    const char* end = ::strptime(text.c_str(), format, &parsed);
    if (end == nullptr || (*end != '\0' && std::string_view(end) != "Z")) continue;
    time = parsed;
    static_cast<void>(::timegm(&time));  // fills in the day of the week and of the year
    return time;
  }
  char* end = nullptr;
  const long long seconds = std::strtoll(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0')
    return fail(ErrorCode::usage, "--now {}: give a time like 2024-07-26T15:04:05",
                printable(text, 60));
  const auto moment = static_cast<std::time_t>(seconds);
  ::gmtime_r(&moment, &time);
  return time;
}

// bos_token and eos_token default to what the model's vocabulary has.
void add_token_defaults(const text::Tokenizer& tokenizer, Json& variables) {
  const auto add = [&](const char* name, std::optional<text::TokenId> id) {
    if (id && !variables.contains(name))
      variables[name] = to_valid_utf8(tokenizer.spelling_of(*id));
  };
  add("bos_token", tokenizer.bos());
  add("eos_token", tokenizer.eos());
}

Result<int> render(const TemplateOptions& options) {
  text::RenderOptions render_options;
  if (!options.now.empty()) render_options.now = TRY(parse_now(options.now));
  if (!options.model.given() && options.template_file.empty())
    return fail(ErrorCode::usage, "give a model (-m FILE) or a template (--template FILE)");

  std::string source;
  std::shared_ptr<const text::Tokenizer> tokenizer;
  if (!options.template_file.empty())
    source = TRY(read_file(options.template_file, std::size_t{16} << 20));
  if (options.model.given()) {
    const auto files = TRY(format::ModelFiles::map(TRY(open_model(TRY(options.model.take())))));
    tokenizer = TRY(text::Tokenizer::load(files->gguf()));
    if (options.template_file.empty()) {
      const auto own = TRY(files->gguf().get_string("tokenizer.chat_template"));
      if (!own)
        return fail(ErrorCode::failed, "{}: the model has no chat template",
                    files->gguf().file_name());
      source = *own;
    }
  }
  const text::ChatTemplate chat_template = TRY(text::ChatTemplate::parse(source));
  const std::string input = TRY(read_all(0, kMaxVariablesBytes));
  Json variables = TRY(parse_json(input, {.max_bytes = kMaxVariablesBytes}));
  if (!variables.is_object())
    return fail(ErrorCode::usage, "standard input must be a JSON object of template variables");
  if (tokenizer) add_token_defaults(*tokenizer, variables);
  TRY(write_stdout(TRY(chat_template.render(variables, render_options))));
  return 0;
}

}  // namespace

Action declare_template(Flags& flags) {
  auto options = std::make_shared<TemplateOptions>();
  options->model.declare(flags);
  flags.add("--template", options->template_file, "a template file instead of the model's own");
  flags.add("--now", options->now, "the time that strftime_now sees, e.g. 2024-07-26T15:04:05");
  return [options] { return render(*options); };
}

}  // namespace hearth::app
