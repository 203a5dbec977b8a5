// SPDX-License-Identifier: Apache-2.0
//
// template: a chat template over JSON variables on standard input, rendered and printed as it is;
// or what another template makes of the same variables that this one does not.
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <vector>

#include "base/escape.h"
#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"
#include "command.h"
#include "flags.h"
#include "model_source.h"
#include "process.h"
#include "template_options.h"
#include "text/builtin_templates.h"
#include "text/chat_template.h"
#include "text/template_choice.h"
#include "text/tokenizer.h"

namespace hearth::app {
namespace {

constexpr std::size_t kMaxVariablesBytes = std::size_t{256} << 20;

struct RenderArguments {
  ModelArgument model;
  TemplateOptions chat_template;
  std::string template_file, now, other;
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

struct Model {
  std::shared_ptr<const format::ModelFiles> files;
  std::shared_ptr<const text::Tokenizer> tokenizer;
};

Result<Model> open(const ModelArgument& argument) {
  Model model;
  if (!argument.given()) return model;
  model.files =
      TRY(format::ModelFiles::map(TRY(open_model(TRY(argument.take()), argument.offline()))));
  model.tokenizer = TRY(text::Tokenizer::load(model.files->gguf()));
  return model;
}

Result<text::ChatTemplate> find_template(const Model& model, const TemplateArgument& wanted) {
  if (!wanted.source.empty()) return text::ChatTemplate::parse(wanted.source);
  if (model.files) {
    const format::Gguf& gguf = model.files->gguf();
    const auto chosen = TRY(text::choose_template(gguf, *model.tokenizer, wanted.name));
    if (!chosen)
      return fail(ErrorCode::failed, "{}: the model has no chat template", gguf.file_name());
    if (chosen->is_builtin && wanted.name.empty())
      fmt::print(stderr, "hearth: note: the model has no chat template; this is our own \"{}\"\n",
                 chosen->name);
    return text::ChatTemplate::parse(chosen->source);
  }
  if (wanted.name.empty())
    return fail(ErrorCode::usage, "give a model (-m FILE) or a template (--chat-template NAME)");
  const text::BuiltinTemplate* builtin = text::find_builtin_template(wanted.name);
  if (builtin == nullptr)
    return fail(ErrorCode::usage, "no chat template of ours is named {}",
                printable(wanted.name, 60));
  return text::ChatTemplate::parse(builtin->source());
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

// The lines between the first and the last that differ, of one text and of the other; empty if none
// do.
std::string difference(std::string_view a, std::string_view b) {
  std::vector<std::string_view> left = lines_of(a), right = lines_of(b);
  std::size_t first = 0;
  while (first < left.size() && first < right.size() && left[first] == right[first]) ++first;
  while (left.size() > first && right.size() > first && left.back() == right.back()) {
    left.pop_back();
    right.pop_back();
  }
  if (left.size() == first && right.size() == first) return {};
  std::string text = fmt::format("line {}:\n", first + 1);
  for (std::size_t i = first; i < left.size(); ++i)
    text += fmt::format("-{}\n", printable(left[i], 4000));
  for (std::size_t i = first; i < right.size(); ++i)
    text += fmt::format("+{}\n", printable(right[i], 4000));
  return text;
}

Result<int> render(const RenderArguments& options) {
  text::RenderOptions render_options;
  if (!options.now.empty()) render_options.now = TRY(parse_now(options.now));
  TemplateArgument wanted = TRY(options.chat_template.take());
  if (!options.template_file.empty())
    wanted.source = TRY(read_file(options.template_file, std::size_t{16} << 20));
  const Json more = TRY(options.chat_template.variables());
  const Model model = TRY(open(options.model));
  const text::ChatTemplate chat_template = TRY(find_template(model, wanted));
  const std::string input = TRY(read_all(0, kMaxVariablesBytes));
  Json variables = TRY(parse_json(input, {.max_bytes = kMaxVariablesBytes}));
  if (!variables.is_object())
    return fail(ErrorCode::usage, "standard input must be a JSON object of template variables");
  for (const auto& [name, value] : more.items()) variables[name] = value;
  if (model.tokenizer) add_token_defaults(*model.tokenizer, variables);
  const std::string text = TRY(chat_template.render(variables, render_options));
  if (options.other.empty()) {
    TRY(write_stdout(text));
    return 0;
  }
  const text::ChatTemplate other =
      TRY(find_template(model, TRY(parse_template_argument(options.other))));
  const std::string differs = difference(text, TRY(other.render(variables, render_options)));
  TRY(write_stdout(differs));
  return differs.empty() ? 0 : 1;
}

}  // namespace

Action declare_template(Flags& flags) {
  auto options = std::make_shared<RenderArguments>();
  options->model.declare(flags);
  options->chat_template.declare(flags);
  flags.add("--template", options->template_file, "the same as --chat-template-file").value("FILE");
  flags.add("--diff", options->other,
            "another template by name or file: print the lines in which it differs; exit 1 if any");
  flags.add("--now", options->now, "the time that strftime_now sees, e.g. 2024-07-26T15:04:05")
      .value("TIME");
  return [options] { return render(*options); };
}

}  // namespace hearth::app
