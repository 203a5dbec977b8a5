// SPDX-License-Identifier: Apache-2.0
//
// How a template writes tool calls: a turn with a call, with two, and without any, side by side.
#include <algorithm>

#include "text/template_probe.h"

namespace hearth::text {
namespace {

// Where the arguments of a call stand in the output.
struct Region {
  std::size_t begin = 0;
  std::size_t end = 0;
  ToolCallFormat::Arguments kind = ToolCallFormat::Arguments::unknown;
};

bool is_blank(char c) {
  return c == ' ' || c == '\n' || c == '\t';
}

// The object with the two arguments of the probe from a place on, in one of its spellings.
std::optional<Region> find_json(std::string_view text, std::size_t from, std::string_view quote) {
  const std::string key = std::string(quote) + std::string(kKeyWord) + std::string(quote);
  const std::string value = std::string(quote) + std::string(kSecondValueWord) + std::string(quote);
  const std::size_t at = text.find(key, from);
  if (at == std::string_view::npos) return std::nullopt;
  std::size_t begin = at;
  while (begin > 0 && is_blank(text[begin - 1])) --begin;
  const std::size_t last = text.find(value, at);
  if (begin == 0 || text[begin - 1] != '{' || last == std::string_view::npos) return std::nullopt;
  std::size_t end = last + value.size();
  while (end < text.size() && is_blank(text[end])) ++end;
  if (end >= text.size() || text[end] != '}') return std::nullopt;
  Region region{begin - 1, end + 1, ToolCallFormat::Arguments::json};
  if (quote.size() > 1) {
    region.kind = ToolCallFormat::Arguments::quoted_json;
    if (region.begin > 0 && text[region.begin - 1] == '"') --region.begin;
    if (region.end < text.size() && text[region.end] == '"') ++region.end;
  }
  return region;
}

Region find_arguments(std::string_view text, std::size_t from) {
  if (const auto json = find_json(text, from, "\"")) return *json;
  if (const auto quoted = find_json(text, from, "\\\"")) return *quoted;
  const std::size_t key = text.find(kKeyWord, from);
  const std::size_t last = text.find(kSecondValueWord, from);
  if (key == std::string_view::npos || last == std::string_view::npos) return {};
  return {key, last + kSecondValueWord.size(), ToolCallFormat::Arguments::pairs};
}

// A piece of the output with marks for the words of the probe that it repeats.
std::string piece(std::string_view text, std::size_t begin, std::size_t end) {
  std::string out(begin < end ? text.substr(begin, end - begin) : std::string_view());
  const auto mark = [&out](std::string_view word, std::string_view as) {
    for (std::size_t at = out.find(word); at != std::string::npos; at = out.find(word, at))
      out.replace(at, word.size(), as);
  };
  for (const std::string_view id : {kCallId, kSecondCallId}) mark(id, "{id}");
  for (const std::string_view name : {kToolWord, kSecondToolWord}) mark(name, "{name}");
  for (const std::string_view key : {kKeyWord, kSecondKeyWord}) mark(key, "{key}");
  return out;
}

Json two_arguments() {
  return {{std::string(kKeyWord), kValueWord}, {std::string(kSecondKeyWord), kSecondValueWord}};
}

// A turn with a call as the template likes it best: text before it, which shows where it begins,
// and arguments as an object.
struct CallTurn {
  std::string_view words;
  Json arguments;
  std::string text;
};

std::optional<CallTurn> render_call(const Probe& probe) {
  for (const Json& form : {two_arguments(), Json(to_json_text(two_arguments()))})
    for (const std::string_view words : {kAnswerWord, std::string_view()}) {
      const Json calls = Probe::list({Probe::call(kToolWord, form)});
      std::string text = probe.render(Probe::list({Probe::user(), Probe::calling(words, calls)}));
      const bool answer_leads = words.empty() || text.find(kAnswerWord) == std::string::npos ||
                                text.find(kAnswerWord) < text.find(kToolWord);
      if (shows(text, kToolWord) && shows(text, kValueWord) && answer_leads)
        return CallTurn{words, form, std::move(text)};
    }
  return std::nullopt;
}

// What every turn of the assistant begins with: with an answer, now or in the past, and as the
// prompt has it.
std::string turn_header(const Probe& probe, std::string_view plain) {
  const Json user = Probe::user();
  std::string header = between(plain, kUserWord, kAnswerWord).value_or(std::string());
  const std::string past =
      probe.render(Probe::list({user, Probe::answer(), {{"role", "user"}, {"content", "x"}}}));
  if (const auto other = between(past, kUserWord, kAnswerWord))
    header.resize(common_prefix(header, *other));
  const std::string chat = probe.render(Probe::list({user}), {{"add_generation_prompt", true}});
  const std::size_t end = chat.rfind(kUserWord);
  if (end != std::string::npos && chat.size() > end + kUserWord.size())
    header.resize(common_prefix(header, std::string_view(chat).substr(end + kUserWord.size())));
  return std::string(trimmed(header));
}

// Where the model's own text has ended, or where the prompt, or the header of the turn, has.
std::size_t start_of_call(const Probe& probe, std::string_view text, std::string_view plain,
                          std::string_view header, std::size_t name) {
  std::size_t start = text.find(kAnswerWord);
  if (start != std::string_view::npos) {
    start += kAnswerWord.size();
  } else {
    const std::string chat =
        probe.render(Probe::list({Probe::user()}), {{"add_generation_prompt", true}});
    start = text.starts_with(chat)
                ? chat.size()
                : std::min({common_prefix(text, plain), common_prefix(text, chat), name});
  }
  // Some end the turn with the text, and write the call in another.
  const std::size_t again =
      header.empty() ? std::string_view::npos : text.substr(0, name).find(header, start);
  return again == std::string_view::npos ? start : again + header.size();
}

}  // namespace

std::optional<ToolCallFormat> probe_tool_call(const Probe& probe) {
  const std::optional<CallTurn> turn = render_call(probe);
  if (!turn) return std::nullopt;
  const std::string_view text = turn->text;
  const std::string plain = probe.render(Probe::list({Probe::user(), Probe::answer()}));
  const std::size_t name = text.find(kToolWord);
  const std::size_t name_end = name + kToolWord.size();

  ToolCallFormat format;
  format.shows_id = shows(text, kCallId);
  const std::string header = turn_header(probe, plain);
  const std::size_t start = start_of_call(probe, text, plain, header, name);
  const Region region = find_arguments(text, name_end);
  format.arguments = region.kind;
  format.before_name = piece(text, start, name);
  if (region.kind == ToolCallFormat::Arguments::unknown) return format;
  format.name_to_arguments = piece(text, name_end, region.begin);
  if (region.kind == ToolCallFormat::Arguments::pairs) {
    const std::size_t value = text.find(kValueWord, region.begin);
    const std::size_t key = text.find(kSecondKeyWord, region.begin);
    format.key_to_value = piece(text, region.begin + kKeyWord.size(), value);
    format.value_to_key = piece(text, value + kValueWord.size(), key);
  }
  const std::size_t answer = plain.find(kAnswerWord);
  const std::string_view turn_end =
      answer == std::string::npos ? std::string_view()
                                  : std::string_view(plain).substr(answer + kAnswerWord.size());
  std::string_view rest = text.substr(region.end);
  if (!header.empty()) rest = rest.substr(0, rest.find(header));
  rest.remove_suffix(common_suffix(rest, turn_end));
  format.after_arguments = piece(rest, 0, rest.size());

  const Json calls = Probe::list({Probe::call(kToolWord, turn->arguments),
                                  Probe::call(kSecondToolWord, turn->arguments, kSecondCallId)});
  const std::string both =
      probe.render(Probe::list({Probe::user(), Probe::calling(turn->words, calls)}));
  const std::size_t second = both.find(kSecondToolWord);
  const std::size_t first = both.find(kToolWord);
  if (second != std::string::npos && first < second)
    format.between_calls = piece(both, find_arguments(both, first).end, second);
  return format;
}

}  // namespace hearth::text
