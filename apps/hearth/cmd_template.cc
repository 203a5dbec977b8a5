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
#include "confined_print.h"
#include "flags.h"
#include "model_source.h"
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
  SandboxFlag sandbox;
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

Result<Model> load(std::vector<format::NamedFd> shards) {
  Model model;
  if (shards.empty()) return model;
  model.files = TRY(format::ModelFiles::map(std::move(shards)));
  model.tokenizer = TRY(text::Tokenizer::load(model.files->gguf()));
  return model;
}

Result<text::ChatTemplate> find_template(const Model& model, const TemplateArgument& wanted,
                                         std::string& notes) {
  if (!wanted.source.empty()) return text::ChatTemplate::parse(wanted.source);
  if (model.files) {
    const format::Gguf& gguf = model.files->gguf();
    const auto chosen = TRY(text::choose_template(gguf, *model.tokenizer, wanted.name));
    if (!chosen)
      return fail(ErrorCode::failed, "{}: the model has no chat template", gguf.file_name());
    if (chosen->is_builtin && wanted.name.empty())
      notes += fmt::format("hearth: note: the model has no chat template; this is our own \"{}\"\n",
                           chosen->name);
    return text::ChatTemplate::parse(chosen->source);
  }
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

// What the command line and standard input say, read before anything of the model is.
struct RenderJob {
  text::RenderOptions options;
  TemplateArgument wanted;
  std::optional<TemplateArgument> other;
  Json more;  // variables of the command line, which go over those of standard input
  std::string input;
};

Result<Printed> render(std::vector<format::NamedFd> shards, const RenderJob& job) {
  const Model model = TRY(load(std::move(shards)));
  Printed printed;
  const text::ChatTemplate chat_template = TRY(find_template(model, job.wanted, printed.notes));
  Json variables = TRY(parse_json(job.input, {.max_bytes = kMaxVariablesBytes}));
  if (!variables.is_object())
    return fail(ErrorCode::usage, "standard input must be a JSON object of template variables");
  for (const auto& [name, value] : job.more.items()) variables[name] = value;
  if (model.tokenizer) add_token_defaults(*model.tokenizer, variables);
  printed.out = TRY(chat_template.render(variables, job.options));
  if (!job.other) return printed;
  const text::ChatTemplate other = TRY(find_template(model, *job.other, printed.notes));
  printed.out = difference(printed.out, TRY(other.render(variables, job.options)));
  printed.status = printed.out.empty() ? 0 : 1;
  return printed;
}

Result<int> print_rendered(const RenderArguments& arguments) {
  RenderJob job;
  if (!arguments.now.empty()) job.options.now = TRY(parse_now(arguments.now));
  job.wanted = TRY(arguments.chat_template.take());
  if (!arguments.template_file.empty())
    job.wanted.source = TRY(read_file(arguments.template_file, std::size_t{16} << 20));
  job.more = TRY(arguments.chat_template.variables());
  std::string about = "the template";
  std::vector<format::NamedFd> shards;
  if (arguments.model.given()) {
    about = TRY(arguments.model.take());
    shards = TRY(open_model(about, arguments.model.offline()));
  } else if (job.wanted.source.empty() && job.wanted.name.empty()) {
    return fail(ErrorCode::usage, "give a model (-m FILE) or a template (--chat-template NAME)");
  }
  if (!arguments.other.empty()) job.other = TRY(parse_template_argument(arguments.other));
  job.input = TRY(read_all(0, kMaxVariablesBytes));
  return arguments.sandbox.print(
      {.about = about,
       .work = [&](const worker::TellProgress&) { return render(std::move(shards), job); },
       .input_bytes = job.input.size()});
}

}  // namespace

Action declare_template(Flags& flags) {
  auto options = std::make_shared<RenderArguments>();
  options->model.declare(flags);
  options->chat_template.declare(flags);
  options->sandbox.declare(flags);
  flags.add("--template", options->template_file, "the same as --chat-template-file").value("FILE");
  flags.add("--diff", options->other,
            "another template by name or file: print the lines in which it differs; exit 1 if any");
  flags.add("--now", options->now, "the time that strftime_now sees, e.g. 2024-07-26T15:04:05")
      .value("TIME");
  return [options] { return print_rendered(*options); };
}

}  // namespace hearth::app
