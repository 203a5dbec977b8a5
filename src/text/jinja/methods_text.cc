// SPDX-License-Identifier: Apache-2.0
//
// Methods of str that give new strings. What markup gives is markup.
#include <algorithm>

#include "base/utf8.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/format.h"
#include "text/jinja/format_spec.h"
#include "text/jinja/markup.h"
#include "text/jinja/operations.h"
#include "text/jinja/registry.h"
#include "text/jinja/text_index.h"
#include "text/jinja/text_search.h"
#include "text/jinja/text_tools.h"
#include "text/jinja/unicode.h"

namespace hearth::text::jinja {
namespace {

Result<Value> like(Evaluator& evaluator, const Value& self, std::string text) {
  return evaluator.text(std::move(text), self.is_markup());
}

template <std::string (*kMap)(std::string_view)>
Result<Value> mapped(Evaluator& evaluator, const Value& self, CallArgs args) {
  TRY(bind(std::move(args), "method", {}));
  const std::size_t size = self.as_text().size();
  TRY(self.is_ascii() ? evaluator.budget().charge_text(size)
                      : evaluator.budget().charge_runes(size));
  return like(evaluator, self, kMap(self.as_text()));
}

template <Side kSide>
Result<Value> strip(Evaluator& evaluator, const Value& self, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "strip", {""}));
  std::optional<std::string_view> chars;
  if (!bound[0].is_missing() && !bound[0].is_none()) chars = TRY(text_argument(bound[0], "strip"));
  TRY(evaluator.budget().charge(chars ? chars->size() / 4 : 0));
  const std::string_view text = stripped(self.as_text(), kSide, chars);
  TRY(evaluator.budget().charge_runes(self.as_text().size() - text.size()));
  if (text.size() == self.as_text().size()) return self;
  return like(evaluator, self, std::string(text));
}

Result<Value> list_of(Evaluator& evaluator, const Value& self,
                      const std::vector<std::string_view>& parts) {
  TRY(evaluator.budget().charge_items(parts.size() * Budget::kPart));
  std::vector<Value> items;
  items.reserve(parts.size());
  for (const std::string_view part : parts)
    items.push_back(TRY(like(evaluator, self, std::string(part))));
  return Value::list(std::move(items));
}

template <bool kFromRight>
Result<Value> split(Evaluator& evaluator, const Value& self, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "split", {"sep", "maxsplit"}));
  const std::ptrdiff_t at_most = bound[1].is_missing() ? -1 : TRY(size_argument(bound[1]));
  if (bound[0].is_missing() || bound[0].is_none()) {
    TRY(evaluator.budget().charge_text(self.as_text().size()));
    return list_of(
        evaluator, self,
        split_space(self.as_text(), at_most, kFromRight, evaluator.budget().max_parts()));
  }
  if (!bound[0].is_string()) return raised("must be str or None, not {}", type_name(bound[0]));
  if (bound[0].as_text().empty()) return raised("empty separator");
  TRY(evaluator.budget().charge_search(self.as_text().size(), bound[0].as_text().size()));
  return list_of(evaluator, self,
                 split_at(self.as_text(), bound[0].as_text(), at_most, kFromRight,
                          evaluator.budget().max_parts()));
}

Result<Value> splitlines(Evaluator& evaluator, const Value& self, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "splitlines", {"keepends"}));
  const bool keep = !bound[0].is_missing() && TRY(int_argument(bound[0]))
  != 0;
  TRY(evaluator.budget().charge(self.as_text().size() / 16));
  return list_of(evaluator, self,
                 split_lines(self.as_text(), keep, evaluator.budget().max_parts()));
}

template <bool kFromRight>
Result<Value> partition(Evaluator& evaluator, const Value& self, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "partition", {""}, 1));
  if (!bound[0].is_string()) return raised("must be str, not {}", type_name(bound[0]));
  const std::string_view text = self.as_text();
  const std::string_view separator = bound[0].as_text();
  if (separator.empty()) return raised("empty separator");
  TRY(evaluator.budget().charge_search(text.size(), separator.size()));
  const std::size_t at = kFromRight ? rfind_text(text, separator) : find_text(text, separator);
  std::vector<std::string_view> parts = {text, {}, {}};
  if (at != std::string_view::npos)
    parts = {text.substr(0, at), separator, text.substr(at + separator.size())};
  else if (kFromRight)
    parts = {{}, {}, text};
  return Value::tuple(TRY(list_of(evaluator, self, parts)).items());
}

Result<Value> replace(Evaluator& evaluator, const Value& self, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "replace", {"", "", ""}, 2));
  const std::string_view from = TRY(text_argument(bound[0], "replace"));
  if (!self.is_markup()) TRY(text_argument(bound[1], "replace"));
  const Value to = self.is_markup() ? TRY(escaped(evaluator, bound[1])) : bound[1];
  const std::ptrdiff_t at_most = bound[2].is_missing() ? -1 : TRY(size_argument(bound[2]));
  TRY(evaluator.budget().charge_search(self.as_text().size(), from.size()));
  TRY(evaluator.budget().charge_text(replaced_size(self.as_text(), from, to.as_text(), at_most)));
  return like(evaluator, self, replaced(self.as_text(), from, to.as_text(), at_most));
}

// The fill character of center, ljust and rjust.
Result<char32_t> fill_argument(const Value& value) {
  if (value.is_missing()) return U' ';
  if (!value.is_string())
    return raised("The fill character must be a unicode character, not {}", type_name(value));
  if (value.n_runes() != 1) return raised("The fill character must be exactly one character long");
  return decode_rune(value.as_text()).rune;
}

template <char kAlign>
Result<Value> justify(Evaluator& evaluator, const Value& self, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "justify", {"", ""}, 1));
  const auto width =
      static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, TRY(size_argument(bound[0]))));
  const char32_t fill = TRY(fill_argument(bound[1]));
  const std::size_t size = self.n_runes();
  if (width <= size) return self;
  TRY(evaluator.budget().charge_text(width));
  if (kAlign != '^')
    return like(evaluator, self, padded(std::string(self.as_text()), fill, kAlign, width));
  // Python puts the odd blank on the left when the width is odd.
  const std::size_t missing = width - size;
  const std::size_t left = missing / 2 + (missing & width & 1);
  std::string text = padded(std::string(self.as_text()), fill, '>', size + left);
  return like(evaluator, self, padded(std::move(text), fill, '<', width));
}

Result<Value> zfill(Evaluator& evaluator, const Value& self, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "zfill", {""}, 1));
  const auto width =
      static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, TRY(size_argument(bound[0]))));
  if (width <= self.n_runes()) return self;
  TRY(evaluator.budget().charge_text(width));
  const std::string_view text = self.as_text();
  const bool has_sign = text.starts_with("+") || text.starts_with("-");
  std::string out(text.substr(0, has_sign ? 1 : 0));
  out.append(width - self.n_runes(), '0');
  return like(evaluator, self, out.append(text.substr(has_sign ? 1 : 0)));
}

Result<Value> expandtabs(Evaluator& evaluator, const Value& self, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "expandtabs", {"tabsize"}));
  const std::ptrdiff_t tab = bound[0].is_missing() ? 8 : TRY(size_argument(bound[0]));
  TRY(evaluator.budget().charge_runes(self.as_text().size()));
  std::string out;
  std::ptrdiff_t column = 0;
  for (const char c : self.as_text()) {
    if (c == '\t') {
      const std::ptrdiff_t missing = tab > 0 ? tab - column % tab : 0;
      TRY(evaluator.budget().charge_text(static_cast<std::size_t>(missing)));
      if (out.size() + static_cast<std::size_t>(missing) > evaluator.budget().max_text())
        return evaluator.budget().too_long();
      out.append(static_cast<std::size_t>(missing), ' ');
      column += missing;
      continue;
    }
    out += c;
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++column;
    if (c == '\n' || c == '\r') column = 0;
  }
  return like(evaluator, self, std::move(out));
}

template <bool kPrefix>
Result<Value> remove_affix(Evaluator& evaluator, const Value& self, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "removeprefix", {""}, 1));
  const std::string_view affix = TRY(text_argument(bound[0], "removeprefix"));
  std::string_view text = self.as_text();
  if (kPrefix && text.starts_with(affix)) text.remove_prefix(affix.size());
  if (!kPrefix && text.ends_with(affix)) text.remove_suffix(affix.size());
  return like(evaluator, self, std::string(text));
}

Result<Value> join(Evaluator& evaluator, const Value& self, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "join", {""}, 1));
  if (!is_iterable(bound[0])) return raised("can only join an iterable");
  std::string out;
  std::size_t i = 0;
  for (const Value& item : TRY(collect(evaluator, bound[0]))) {
    if (!item.is_string() && !self.is_markup())
      return raised("sequence item {}: expected str instance, {} found", i, type_name(item));
    if (i++ > 0) out += self.as_text();
    out += self.is_markup() ? TRY(escaped(evaluator, item))
    .as_text() : item.as_text();
    if (out.size() > evaluator.budget().max_text()) return evaluator.budget().too_long();
  }
  return like(evaluator, self, std::move(out));
}

Result<Value> format(Evaluator& evaluator, const Value& self, CallArgs args) {
  return brace_format(evaluator, self, args);
}

Result<Value> format_map(Evaluator& evaluator, const Value& self, CallArgs args) {
  if (!args.named.empty()) return raised("format_map() takes no keyword arguments");
  if (args.positional.size() != 1)
    return raised("format_map() takes exactly one argument ({} given)", args.positional.size());
  CallArgs named;
  if (!args.positional[0].is(Kind::dict)) return raised("format_map() argument must be a mapping");
  for (const auto& entry : args.positional[0].as_dict().entries)
    if (entry.key.is_string()) named.named.emplace_back(entry.key.as_text(), entry.value);
  return brace_format(evaluator, self, named);
}

Result<Value> unsupported(Evaluator&, const Value&, CallArgs) {
  return raised("this method of str is not supported");
}

constexpr Method kMethods[] = {
    {"lower", mapped<to_lower>},
    {"upper", mapped<to_upper>},
    {"title", mapped<to_title>},
    {"capitalize", mapped<to_capitalized>},
    {"swapcase", mapped<to_swapped>},
    {"casefold", mapped<to_folded>},
    {"strip", strip<Side::both>},
    {"lstrip", strip<Side::left>},
    {"rstrip", strip<Side::right>},
    {"split", split<false>},
    {"rsplit", split<true>},
    {"splitlines", splitlines},
    {"partition", partition<false>},
    {"rpartition", partition<true>},
    {"replace", replace},
    {"center", justify<'^'>},
    {"ljust", justify<'<'>},
    {"rjust", justify<'>'>},
    {"zfill", zfill},
    {"expandtabs", expandtabs},
    {"removeprefix", remove_affix<true>},
    {"removesuffix", remove_affix<false>},
    {"join", join},
    {"format", format},
    {"format_map", format_map},
    {"encode", unsupported},
    {"translate", unsupported},
    {"maketrans", unsupported},
};

}  // namespace

std::span<const Method> text_methods() {
  return kMethods;
}

const Method* find_text_method(std::string_view name) {
  for (const std::span<const Method> table : {text_methods(), text_query_methods()})
    for (const Method& method : table)
      if (method.name == name) return &method;
  return nullptr;
}

}  // namespace hearth::text::jinja
