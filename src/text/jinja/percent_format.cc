// SPDX-License-Identifier: Apache-2.0
//
// "text" % arguments.
#include <algorithm>
#include <cmath>
#include <optional>

#include "base/escape.h"
#include "base/utf8.h"
#include "text/jinja/compare.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/format.h"
#include "text/jinja/format_spec.h"
#include "text/jinja/markup.h"
#include "text/jinja/operations.h"

namespace hearth::text::jinja {
namespace {

struct Conversion {
  bool left = false;
  bool plus = false;
  bool space = false;
  bool alternate = false;
  bool zero = false;
  std::size_t width = 0;
  std::optional<std::size_t> precision;
  char type = 0;
};

class PercentFormatter {
 public:
  PercentFormatter(Evaluator& evaluator, const Value& text, const Value& arguments)
      : evaluator_(evaluator),
        rest_(text.as_text()),
        arguments_(arguments),
        is_markup_(text.is_markup()) {
    is_mapping_ = arguments.is(Kind::dict) || arguments.is(Kind::list) ||
                  arguments.is(Kind::range) || arguments.is_undefined();
  }

  Result<std::string> run() {
    while (!rest_.empty()) {
      const std::size_t percent = rest_.find('%');
      TRY(append(rest_.substr(0, percent)));
      if (percent == std::string_view::npos) break;
      rest_.remove_prefix(percent + 1);
      TRY(conversion());
    }
    if (!is_mapping_ && n_used_ < n_arguments())
      return raised("not all arguments converted during string formatting");
    return std::move(out_);
  }

 private:
  std::size_t n_arguments() const {
    return arguments_.is(Kind::tuple) ? arguments_.items().size() : 1;
  }

  Result<void> append(std::string_view text) {
    if (out_.size() + text.size() > evaluator_.budget().max_text())
      return evaluator_.budget().too_long();
    TRY(evaluator_.budget().charge(text.size() / 32 + 1));
    out_ += text;
    return {};
  }

  Result<Value> next_argument() {
    if (named_) return *named_;
    if (n_used_ >= n_arguments()) return raised("not enough arguments for format string");
    ++n_used_;
    return arguments_.is(Kind::tuple) ? arguments_.items()[n_used_ - 1] : arguments_;
  }

  // A number or "*".
  Result<std::optional<Int>> size_field() {
    if (!rest_.empty() && rest_[0] == '*') {
      rest_.remove_prefix(1);
      const Value given = TRY(next_argument());
      if (!given.is_integral()) return raised("* wants int");
      if (given.as_int() > static_cast<Int>(evaluator_.budget().max_text()))
        return evaluator_.budget().too_long();
      return std::optional<Int>(
          std::max<Int>(given.as_int(), -static_cast<Int>(evaluator_.budget().max_text())));
    }
    std::optional<Int> value;
    while (!rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9') {
      value = value.value_or(0) * 10 + (rest_[0] - '0');
      if (*value > static_cast<Int>(evaluator_.budget().max_text()))
        return evaluator_.budget().too_long();
      rest_.remove_prefix(1);
    }
    return value;
  }

  Result<void> mapping_key() {
    int depth = 1;
    std::size_t end = 1;
    for (; end < rest_.size() && depth > 0; ++end)
      depth += rest_[end] == '(' ? 1 : rest_[end] == ')' ? -1 : 0;
    if (depth > 0) return raised("incomplete format key");
    if (!is_mapping_) return raised("format requires a mapping");
    const std::string_view key = rest_.substr(1, end - 2);
    rest_.remove_prefix(end);
    if (arguments_.is_undefined()) return raised("{}", arguments_.as_undefined().message);
    if (!arguments_.is(Kind::dict))
      return raised("list indices must be integers or slices, not str");
    const Value* found = arguments_.as_dict().find(key);
    if (!found) return raised("KeyError: '{}'", key);
    named_ = *found;
    return {};
  }

  Result<void> conversion() {
    Conversion spec;
    named_.reset();
    if (!rest_.empty() && rest_[0] == '(') TRY(mapping_key());
    for (; !rest_.empty() && std::string_view("-+ #0").find(rest_[0]) != std::string_view::npos;
         rest_.remove_prefix(1)) {
      spec.left |= rest_[0] == '-';
      spec.plus |= rest_[0] == '+';
      spec.space |= rest_[0] == ' ';
      spec.alternate |= rest_[0] == '#';
      spec.zero |= rest_[0] == '0';
    }
    const std::optional<Int> width = TRY(size_field());
    if (width && *width < 0) spec.left = true;
    spec.width = static_cast<std::size_t>(width ? (*width < 0 ? -*width : *width) : 0);
    if (!rest_.empty() && rest_[0] == '.') {
      rest_.remove_prefix(1);
      spec.precision = static_cast<std::size_t>(std::max<Int>(0, TRY(size_field()).value_or(0)));
    }
    if (!rest_.empty() && std::string_view("hlL").find(rest_[0]) != std::string_view::npos)
      rest_.remove_prefix(1);
    if (rest_.empty()) return raised("incomplete format");
    spec.type = rest_[0];
    rest_.remove_prefix(1);
    if (spec.type == '%') return append("%");
    const Value value = TRY(next_argument());
    return append(TRY(converted(spec, value)));
  }

  Result<std::string> converted(const Conversion& spec, const Value& value) {
    TRY(evaluator_.budget().charge_text(spec.width));
    switch (spec.type) {
      case 's':
      case 'r':
      case 'a': {
        std::string text;
        if (spec.type == 's' && is_markup_) text = TRY(escaped(evaluator_, value))
        .as_text();
        else if (spec.type == 's') TRY(append_text(evaluator_, text, value));
        else TRY(append_repr(evaluator_, text, value));
        if (is_markup_ && spec.type != 's') text = escape_html(text);
        return fit(std::move(text), spec);
      }
      case 'c': {
        std::string text;
        if (value.is_string() && value.n_runes() == 1) {
          text = value.as_text();
        } else if (value.is_integral()) {
          if (value.as_int() < 0 || value.as_int() > 0x10FFFF)
            return raised("%c arg not in range(0x110000)");
          append_rune(text, static_cast<char32_t>(value.as_int()));
        } else {
          return raised("%c requires int or char");
        }
        return padded(std::move(text), ' ', spec.left ? '<' : '>', spec.width);
      }
      case 'd':
      case 'i':
      case 'u':
      case 'o':
      case 'x':
      case 'X':
        return integer(spec, value);
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        return real(spec, value);
      default:
        return raised("unsupported format character '{}'", spec.type);
    }
  }

  static std::string fit(std::string text, const Conversion& spec) {
    if (spec.precision) {
      std::size_t end = 0;
      for (std::size_t n = 0; n < *spec.precision && end < text.size(); ++n)
        end += decode_rune(std::string_view(text).substr(end)).length;
      text.resize(end);
    }
    return padded(std::move(text), ' ', spec.left ? '<' : '>', spec.width);
  }

  static std::string laid_out(const Conversion& spec, bool negative, std::string prefix,
                              std::string digits) {
    const std::string head = (negative     ? "-"
                              : spec.plus  ? "+"
                              : spec.space ? " "
                                           : "") +
                             std::move(prefix);
    if (spec.zero && !spec.left && spec.width > head.size() + digits.size())
      digits.insert(0, spec.width - head.size() - digits.size(), '0');
    return padded(head + digits, ' ', spec.left ? '<' : '>', spec.width);
  }

  Result<std::string> integer(const Conversion& spec, const Value& value) {
    const bool is_decimal = spec.type == 'd' || spec.type == 'i' || spec.type == 'u';
    if (value.is_undefined()) return raised("{}", value.as_undefined().message);
    std::optional<Int> number;
    if (value.is_integral()) number = value.as_int();
    if (is_decimal && value.is(Kind::floating)) {
      number = to_int(value.as_real());
      if (!number) return raised("cannot convert float infinity, NaN or a huge float to integer");
    }
    if (!number)
      return raised("%{} format: {} is required, not {}", spec.type,
                    is_decimal ? "a real number" : "an integer", type_name(value));
    const unsigned base = is_decimal ? 10 : spec.type == 'o' ? 8 : 16;
    std::string digits = int_text_in(magnitude_of(*number), base);
    if (spec.type == 'X')
      std::transform(digits.begin(), digits.end(), digits.begin(),
                     [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
    if (spec.precision && *spec.precision > digits.size()) {
      TRY(evaluator_.budget().charge_text(*spec.precision));
      digits.insert(0, *spec.precision - digits.size(), '0');
    }
    std::string prefix;
    if (spec.alternate && !is_decimal) prefix = std::string("0") + spec.type;
    return laid_out(spec, *number < 0, std::move(prefix), std::move(digits));
  }

  Result<std::string> real(const Conversion& spec, const Value& value) {
    if (value.is_undefined()) return raised("{}", value.as_undefined().message);
    if (!value.is_number()) return raised("must be real number, not {}", type_name(value));
    const double number = value.as_real();
    if (spec.precision && *spec.precision > 100000) return raised("the precision is too large");
    TRY(evaluator_.budget().charge(8 + spec.precision.value_or(0) / 2));
    std::string digits;
    if (std::isfinite(number)) {
      digits = float_digits(std::fabs(number), static_cast<int>(spec.precision.value_or(6)),
                            spec.type, spec.alternate);
    } else {
      digits = std::isnan(number) ? "nan" : "inf";
      if (spec.type < 'a') digits = std::isnan(number) ? "NAN" : "INF";
    }
    return laid_out(spec, std::signbit(number) && !std::isnan(number), {}, std::move(digits));
  }

  Evaluator& evaluator_;
  std::string_view rest_;
  const Value& arguments_;
  bool is_markup_;
  bool is_mapping_;
  std::size_t n_used_ = 0;
  std::optional<Value> named_;
  std::string out_;
};

}  // namespace

Result<Value> percent_format(Evaluator& evaluator, const Value& text, const Value& arguments) {
  std::string out = TRY(PercentFormatter(evaluator, text, arguments).run());
  return evaluator.text(std::move(out), text.is_markup());
}

}  // namespace hearth::text::jinja
