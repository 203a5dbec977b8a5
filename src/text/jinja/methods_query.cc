// SPDX-License-Identifier: Apache-2.0
//
// Methods of str that answer questions, and the methods of numbers, dict, list and tuple.
#include <algorithm>
#include <cmath>
#include <span>

#include "base/utf8.h"
#include "text/jinja/compare.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/operations.h"
#include "text/jinja/registry.h"
#include "text/jinja/text_index.h"
#include "text/jinja/text_search.h"
#include "text/jinja/unicode.h"

namespace hearth::text::jinja {
namespace {

struct Window {
  std::string_view text;
  std::size_t first_byte = 0;
  bool is_outside = false;  // the start lies behind the end of the text or of the window
};

// The part of a string that optional start and stop arguments select.
Result<Window> window(Evaluator& evaluator, const Value& self, const Value& start,
                      const Value& stop) {
  if (!self.is_ascii() && !(start.is_missing() && stop.is_missing()))
    TRY(evaluator.budget().charge_text(self.as_text().size()));
  const auto size = static_cast<std::ptrdiff_t>(self.n_runes());
  const auto place = [size](const Value& value,
                            std::ptrdiff_t otherwise) -> Result<std::ptrdiff_t> {
    if (value.is_missing() || value.is_none()) return otherwise;
    if (!value.is_integral())
      return raised("slice indices must be integers or None or have an __index__ method");
    const std::ptrdiff_t given = TRY(size_argument(value));
    return given < 0 ? std::max<std::ptrdiff_t>(0, given + size) : given;
  };
  const std::ptrdiff_t first = TRY(place(start, 0));
  const std::ptrdiff_t last = std::min(TRY(place(stop, size)), size);
  Window out;
  if (first > last) {
    out.is_outside = true;
    return out;
  }
  out.first_byte = rune_offset(self, static_cast<std::size_t>(first));
  out.text = self.as_text().substr(
      out.first_byte, rune_offset(self, static_cast<std::size_t>(last)) - out.first_byte);
  return out;
}

template <bool kFromRight, bool kMustFind>
Result<Value> find(Evaluator& evaluator, const Value& self, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "find", {"", "", ""}, 1));
  const std::string_view what = TRY(text_argument(bound[0], "find"));
  TRY(evaluator.budget().charge_search(self.as_text().size(), what.size()));
  const Window in = TRY(window(evaluator, self, bound[1], bound[2]));
  std::size_t at = std::string_view::npos;
  if (!in.is_outside) at = kFromRight ? rfind_text(in.text, what) : find_text(in.text, what);
  if (at == std::string_view::npos) {
    if (kMustFind) return raised("substring not found");
    return Value::integer(-1);
  }
  return Value::size(rune_index(self, in.first_byte + at));
}

Result<Value> count(Evaluator& evaluator, const Value& self, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "count", {"", "", ""}, 1));
  const std::string_view what = TRY(text_argument(bound[0], "count"));
  TRY(evaluator.budget().charge_search(self.as_text().size(), what.size()));
  const Window in = TRY(window(evaluator, self, bound[1], bound[2]));
  if (in.is_outside) return Value::integer(0);
  if (what.empty()) return Value::size(count_runes(in.text) + 1);
  return Value::size(count_text(in.text, what));
}

template <bool kStart>
Result<Value> has_affix(Evaluator& evaluator, const Value& self, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "startswith", {"", "", ""}, 1));
  const Window in = TRY(window(evaluator, self, bound[1], bound[2]));
  const bool is_tuple = bound[0].is(Kind::tuple);
  for (const Value& affix :
       is_tuple ? std::span<const Value>(bound[0].items()) : std::span<const Value>(&bound[0], 1)) {
    if (!affix.is_string())
      return raised("{} first arg must be str or a tuple of str, not {}",
                    kStart ? "startswith" : "endswith", type_name(affix));
    TRY(evaluator.budget().charge(1 + affix.as_text().size() / 32));
    const bool matches = !in.is_outside && (kStart ? in.text.starts_with(affix.as_text())
                                                   : in.text.ends_with(affix.as_text()));
    if (matches) return Value::boolean(true);
  }
  return Value::boolean(false);
}

// Whether the text is not empty and every code point has one of the flags.
template <int kFlags>
Result<Value> all_have(Evaluator& evaluator, const Value& self, CallArgs args) {
  TRY(bind(std::move(args), "method", {}));
  TRY(evaluator.budget().charge_runes(self.as_text().size()));
  const std::u32string runes = decoded(self.as_text());
  const bool empty_counts = kFlags == kPrintable;
  return Value::boolean(
      (empty_counts || !runes.empty()) &&
      std::all_of(runes.begin(), runes.end(), [](char32_t rune) { return has(rune, kFlags); }));
}

Result<Value> isascii(Evaluator&, const Value& self, CallArgs args) {
  TRY(bind(std::move(args), "isascii", {}));
  return Value::boolean(self.is_ascii());
}

Result<Value> isidentifier(Evaluator& evaluator, const Value& self, CallArgs args) {
  TRY(bind(std::move(args), "isidentifier", {}));
  TRY(evaluator.budget().charge_runes(self.as_text().size()));
  const std::u32string runes = decoded(self.as_text());
  const bool starts = !runes.empty() && (runes[0] == '_' || has(runes[0], kXidStart));
  return Value::boolean(starts && std::all_of(runes.begin(), runes.end(), [](char32_t rune) {
                          return rune == '_' || has(rune, kXid);
                        }));
}

Result<Value> istitle(Evaluator& evaluator, const Value& self, CallArgs args) {
  TRY(bind(std::move(args), "istitle", {}));
  TRY(evaluator.budget().charge_runes(self.as_text().size()));
  bool after_cased = false;
  bool any = false;
  for (const char32_t rune : decoded(self.as_text())) {
    const std::uint16_t flags = flags_of(rune);
    if (flags & (kUpper | kTitle)) {
      if (after_cased) return Value::boolean(false);
      after_cased = any = true;
    } else if (flags & kLower) {
      if (!after_cased) return Value::boolean(false);
    } else {
      after_cased = false;
    }
  }
  return Value::boolean(any);
}

template <bool kIsUpper>
Result<Value> has_case(Evaluator& evaluator, const Value& self, CallArgs args) {
  TRY(bind(std::move(args), "isupper", {}));
  TRY(evaluator.budget().charge_runes(self.as_text().size()));
  return Value::boolean(is_cased_text(self.as_text(), kIsUpper));
}

Result<Value> dict_get(Evaluator& evaluator, const Value& self, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "get", {"", ""}, 1));
  const Value* found = self.as_dict().find(bound[0], TRY(hash_of(evaluator, bound[0])));
  if (found) return *found;
  return bound[1].is_missing() ? Value::none() : bound[1];
}

template <ViewObject::Part kPart>
Result<Value> dict_view(Evaluator&, const Value& self, CallArgs args) {
  TRY(bind(std::move(args), "items", {}));
  return Value::of(make<ViewObject>(self, kPart));
}

Result<Value> copy(Evaluator& evaluator, const Value& self, CallArgs args) {
  TRY(bind(std::move(args), "copy", {}));
  if (!self.is(Kind::dict)) return Value::list(TRY(collect(evaluator, self)));
  TRY(evaluator.budget().charge_items(self.as_dict().entries.size()));
  auto dict = make<DictObject>();
  for (const auto& entry : self.as_dict().entries) dict->set(entry.key, entry.hash, entry.value);
  return Value::dict(std::move(dict));
}

Result<Value> fromkeys(Evaluator& evaluator, const Value&, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "fromkeys", {"", ""}, 1));
  auto dict = make<DictObject>();
  for (const Value& key : TRY(collect(evaluator, bound[0])))
    dict->set(key, TRY(hash_of(evaluator, key)), bound[1].is_missing() ? Value::none() : bound[1]);
  return Value::dict(std::move(dict));
}

Result<Value> sequence_count(Evaluator& evaluator, const Value& self, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "count", {""}, 1));
  std::size_t n = 0;
  for (const Value& item : TRY(collect(evaluator, self)))
    n += is_same(item, bound[0]) || TRY(equals(evaluator, item, bound[0]));
  return Value::size(n);
}

Result<Value> sequence_index(Evaluator& evaluator, const Value& self, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "index", {"", "", ""}, 1));
  const std::vector<Value> items = TRY(collect(evaluator, self));
  const auto size = static_cast<std::ptrdiff_t>(items.size());
  const auto place = [size](const Value& value,
                            std::ptrdiff_t otherwise) -> Result<std::ptrdiff_t> {
    if (value.is_missing()) return otherwise;
    const std::ptrdiff_t given = TRY(size_argument(value));
    return given < 0 ? std::max<std::ptrdiff_t>(0, given + size) : given;
  };
  const std::ptrdiff_t last = std::min(TRY(place(bound[2], size)), size);
  for (std::ptrdiff_t i = TRY(place(bound[1], 0)); i < last; ++i) {
    const Value& item = items[static_cast<std::size_t>(i)];
    if (is_same(item, bound[0]) || TRY(equals(evaluator, item, bound[0]))) return Value::integer(i);
  }
  std::string text;
  TRY(append_repr(evaluator, text, bound[0]));
  return raised("{} is not in {}", text, type_name(self));
}

Result<Value> conjugate(Evaluator&, const Value& self, CallArgs args) {
  TRY(bind(std::move(args), "conjugate", {}));
  return self.is(Kind::floating) ? self : Value::integer(self.as_int());
}

Result<Value> is_integer(Evaluator&, const Value& self, CallArgs args) {
  TRY(bind(std::move(args), "is_integer", {}));
  return Value::boolean(std::isfinite(self.as_real()) &&
                        std::floor(self.as_real()) == self.as_real());
}

template <bool kOnes>
Result<Value> bits(Evaluator&, const Value& self, CallArgs args) {
  TRY(bind(std::move(args), "bit_length", {}));
  Int n = 0;
  for (UInt rest = magnitude_of(self.as_int()); rest != 0; rest >>= 1)
    n += kOnes ? static_cast<Int>(rest & 1) : 1;
  return Value::integer(n);
}

constexpr Method kTextMethods[] = {
    {"find", find<false, false>},
    {"rfind", find<true, false>},
    {"index", find<false, true>},
    {"rindex", find<true, true>},
    {"count", count},
    {"startswith", has_affix<true>},
    {"endswith", has_affix<false>},
    {"isalpha", all_have<kAlpha>},
    {"isdecimal", all_have<kDecimal>},
    {"isdigit", all_have<kDigit>},
    {"isnumeric", all_have<kNumeric>},
    {"isspace", all_have<kSpace>},
    {"isalnum", all_have<kAlpha | kDecimal | kDigit | kNumeric>},
    {"isprintable", all_have<kPrintable>},
    {"isascii", isascii},
    {"isidentifier", isidentifier},
    {"istitle", istitle},
    {"isupper", has_case<true>},
    {"islower", has_case<false>},
};

constexpr Method kDictMethods[] = {
    {"get", dict_get},
    {"items", dict_view<ViewObject::Part::items>},
    {"keys", dict_view<ViewObject::Part::keys>},
    {"values", dict_view<ViewObject::Part::values>},
    {"copy", copy},
    {"fromkeys", fromkeys},
};

constexpr Method kSequenceMethods[] = {
    {"count", sequence_count}, {"index", sequence_index}, {"copy", copy}};

constexpr Method kIntMethods[] = {
    {"conjugate", conjugate}, {"bit_length", bits<false>}, {"bit_count", bits<true>}};

constexpr Method kFloatMethods[] = {{"conjugate", conjugate}, {"is_integer", is_integer}};

const Method* find_in(std::span<const Method> methods, std::string_view name) {
  for (const Method& method : methods)
    if (method.name == name) return &method;
  return nullptr;
}

}  // namespace

std::span<const Method> text_query_methods() {
  return kTextMethods;
}
const Method* find_number_method(std::string_view name, bool of_float) {
  return of_float ? find_in(kFloatMethods, name) : find_in(kIntMethods, name);
}
const Method* find_dict_method(std::string_view name) {
  return find_in(kDictMethods, name);
}
const Method* find_sequence_method(std::string_view name) {
  return find_in(kSequenceMethods, name);
}

}  // namespace hearth::text::jinja
