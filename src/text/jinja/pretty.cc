// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/utf8.h"
#include "text/jinja/compare.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/layout.h"
#include "text/jinja/operations.h"
#include "text/jinja/text_tools.h"
#include "text/jinja/unicode.h"

namespace hearth::text::jinja {
namespace {

constexpr std::size_t kWidth = 80;

// Keys in order; where Python cannot compare them, by the names of their types, and within one type
// that has no order by insertion.
Result<std::vector<DictObject::Entry>> sorted_entries(Evaluator& evaluator,
                                                      const DictObject& dict) {
  std::vector<DictObject::Entry> entries = dict.entries;
  Result<void> failed;
  TRY(evaluator.budget().charge_items(entries.size() * 8));
  std::stable_sort(entries.begin(), entries.end(), [&](const auto& a, const auto& b) {
    const bool comparable =
        (a.key.is_number() && b.key.is_number()) || (a.key.is_string() && b.key.is_string());
    if (comparable) {
      const Result<bool> less = is_less(evaluator, a.key, b.key);
      if (!less) failed = std::unexpected(less.error());
      return less.value_or(false);
    }
    return type_name(a.key) < type_name(b.key);
  });
  if (!failed) return std::unexpected(failed.error());
  return entries;
}

class Printer {
 public:
  explicit Printer(Evaluator& evaluator) : evaluator_(evaluator) {}

  Result<void> print(const Value& value, std::size_t indent, std::size_t allowance) {
    const Nesting nesting(evaluator_.budget());
    if (nesting.too_deep()) return Nesting::error();
    if (indent > evaluator_.budget().max_text() || out_.size() > evaluator_.budget().max_text())
      return evaluator_.budget().too_long();
    std::string flat;
    TRY(append_flat(flat, value));
    TRY(evaluator_.budget().charge_text(flat.size()));
    const auto room =
        static_cast<std::ptrdiff_t>(kWidth) - static_cast<std::ptrdiff_t>(indent + allowance);
    if (static_cast<std::ptrdiff_t>(count_runes(flat)) > room) {
      if (value.is(Kind::dict) && !value.as_dict().entries.empty())
        return dict(value.as_dict(), indent, allowance);
      if (value.is(Kind::list) && !value.items().empty())
        return list(value.items(), indent, allowance, "[", "]");
      if (value.is(Kind::tuple) && !value.items().empty())
        return list(value.items(), indent, allowance, "(", value.items().size() == 1 ? ",)" : ")");
      if (value.is_string() && !value.is_markup())
        return string(value.as_text(), indent, allowance);
    }
    out_ += flat;
    return {};
  }

  std::string take() { return std::move(out_); }

 private:
  Result<void> append_flat(std::string& out, const Value& value) {
    const Nesting nesting(evaluator_.budget());
    if (nesting.too_deep()) return Nesting::error();
    TRY(evaluator_.budget().charge(1));
    if (out.size() > evaluator_.budget().max_text()) return evaluator_.budget().too_long();
    if (value.is(Kind::dict)) {
      out += '{';
      bool is_first = true;
      for (const auto& entry : TRY(sorted_entries(evaluator_, value.as_dict()))) {
        if (!std::exchange(is_first, false)) out += ", ";
        TRY(append_flat(out, entry.key));
        out += ": ";
        TRY(append_flat(out, entry.value));
      }
      out += '}';
      return {};
    }
    if (!value.is_sequence()) return append_repr(evaluator_, out, value);
    out += value.is(Kind::list) ? '[' : '(';
    bool is_first = true;
    for (const Value& item : value.items()) {
      if (!std::exchange(is_first, false)) out += ", ";
      TRY(append_flat(out, item));
    }
    if (value.is(Kind::tuple) && value.items().size() == 1) out += ',';
    out += value.is(Kind::list) ? ']' : ')';
    return {};
  }

  void new_line(std::size_t indent) { out_.append(1, '\n').append(indent, ' '); }

  Result<void> dict(const DictObject& dict, std::size_t indent, std::size_t allowance) {
    out_ += '{';
    ++level_;
    const std::vector<DictObject::Entry> entries = TRY(sorted_entries(evaluator_, dict));
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const bool is_last = i + 1 == entries.size();
      std::string key;
      TRY(append_flat(key, entries[i].key));
      out_ += key + ": ";
      TRY(print(entries[i].value, indent + 1 + count_runes(key) + 2, is_last ? allowance + 1 : 1));
      if (!is_last) {
        out_ += ',';
        new_line(indent + 1);
      }
    }
    --level_;
    out_ += '}';
    return {};
  }

  Result<void> list(const std::vector<Value>& items, std::size_t indent, std::size_t allowance,
                    std::string_view open, std::string_view close) {
    out_ += open;
    ++level_;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const bool is_last = i + 1 == items.size();
      TRY(print(items[i], indent + 1, is_last ? allowance + close.size() : 1));
      if (!is_last) {
        out_ += ',';
        new_line(indent + 1);
      }
    }
    --level_;
    out_ += close;
    return {};
  }

  static std::size_t quoted_size(std::string_view text) {
    std::string out;
    append_quoted(out, text);
    return count_runes(out);
  }

  // Words with the white space behind each.
  static std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> out;
    while (!text.empty()) {
      std::size_t end = 0;
      const auto skip = [&](bool space) {
        while (end < text.size()) {
          const DecodedRune rune = decode_rune(text.substr(end));
          if (is_space(rune.rune) != space) break;
          end += rune.length;
        }
      };
      skip(false);
      skip(true);
      out.push_back(text.substr(0, end));
      text.remove_prefix(end);
    }
    return out;
  }

  Result<void> string(std::string_view text, std::size_t indent, std::size_t allowance) {
    const bool in_parentheses = level_ == 0;
    if (in_parentheses) {
      ++indent;
      ++allowance;
    }
    std::vector<std::string> chunks;
    const std::vector<std::string_view> lines =
        split_lines(text, true, evaluator_.budget().max_parts());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      auto room = static_cast<std::ptrdiff_t>(kWidth) - static_cast<std::ptrdiff_t>(indent);
      const bool is_last_line = i + 1 == lines.size();
      if (is_last_line) room -= static_cast<std::ptrdiff_t>(allowance);
      if (static_cast<std::ptrdiff_t>(quoted_size(lines[i])) <= room) {
        chunks.emplace_back();
        append_quoted(chunks.back(), lines[i]);
        continue;
      }
      const std::vector<std::string_view> parts = words(lines[i]);
      std::string current;
      for (std::size_t j = 0; j < parts.size(); ++j) {
        std::string candidate = current + std::string(parts[j]);
        auto width = static_cast<std::ptrdiff_t>(kWidth) - static_cast<std::ptrdiff_t>(indent);
        if (j + 1 == parts.size() && is_last_line) width -= static_cast<std::ptrdiff_t>(allowance);
        TRY(evaluator_.budget().charge_runes(candidate.size() + 32));
        if (static_cast<std::ptrdiff_t>(quoted_size(candidate)) > width) {
          if (!current.empty()) {
            chunks.emplace_back();
            append_quoted(chunks.back(), current);
          }
          current = parts[j];
        } else {
          current = std::move(candidate);
        }
      }
      if (!current.empty()) {
        chunks.emplace_back();
        append_quoted(chunks.back(), current);
      }
    }
    if (chunks.size() == 1) {
      out_ += chunks[0];
      return {};
    }
    if (in_parentheses) out_ += '(';
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      if (i > 0) new_line(indent);
      out_ += chunks[i];
    }
    if (in_parentheses) out_ += ')';
    return {};
  }

  Evaluator& evaluator_;
  std::string out_;
  int level_ = 0;
};

}  // namespace

Result<std::string> pretty(Evaluator& evaluator, const Value& value) {
  Printer printer(evaluator);
  TRY(printer.print(value, 0, 0));
  return printer.take();
}

}  // namespace hearth::text::jinja
