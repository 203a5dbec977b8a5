// SPDX-License-Identifier: Apache-2.0
//
// Filters on numbers: abs int float round filesizeformat sum.
#include <cmath>

#include "text/jinja/evaluator.h"
#include "text/jinja/format.h"
#include "text/jinja/generator.h"
#include "text/jinja/operations.h"
#include "text/jinja/registry.h"

namespace hearth::text::jinja {
namespace {

Result<Value> absolute(Evaluator& evaluator, const Value& subject, CallArgs args) {
  TRY(bind(std::move(args), "abs", {}));
  if (subject.is(Kind::floating)) return Value::real(std::fabs(subject.as_real()));
  if (!subject.is_integral()) return raised("bad operand type for abs(): '{}'", type_name(subject));
  if (subject.as_int() < 0) return apply_unary(UnaryOp::minus, subject);
  static_cast<void>(evaluator);
  return Value::integer(subject.as_int());
}

std::unexpected<Error> too_large() {
  return raised("an integer beyond 128 bits: the template language of Hearth has none so large");
}

// float(value) as Python's constructor gives it, nothing where it raises TypeError or ValueError.
std::optional<double> as_float(const Value& value) {
  if (value.is_number()) return value.as_real();
  return value.is_string() ? parse_float(value.as_text()) : std::nullopt;
}

Result<Value> integer(Evaluator& evaluator, const Value& subject, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "int", {"default", "base"}));
  const Value otherwise = bound[0].is_missing() ? Value::integer(0) : bound[0];
  if (subject.is_undefined()) return raised("{}", subject.as_undefined().message);
  if (subject.is_integral()) return Value::integer(subject.as_int());
  if (subject.is_string()) {
    TRY(evaluator.budget().charge(subject.as_text().size()));
    // Python's TypeError about the base is caught as one about the text is.
    const Int base = bound[1].is_missing() ? 10 : int_argument(bound[1]).value_or(1);
    bool overflow = false;
    if (base == 0 || (base >= 2 && base <= 36))
      if (const auto number = parse_int(subject.as_text(), static_cast<int>(base), overflow))
        return Value::integer(*number);
    if (overflow) return too_large();
  }
  const std::optional<double> real = as_float(subject);
  if (!real || std::isnan(*real)) return otherwise;
  if (std::isinf(*real)) {
    if (subject.is_string()) return otherwise;
    return raised("cannot convert float infinity to integer");
  }
  if (const auto number = to_int(*real)) return Value::integer(*number);
  return too_large();
}

Result<Value> real(Evaluator& evaluator, const Value& subject, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "float", {"default"}));
  if (subject.is_undefined()) return raised("{}", subject.as_undefined().message);
  if (subject.is_string()) TRY(evaluator.budget().charge(subject.as_text().size()));
  if (const auto number = as_float(subject)) return Value::real(*number);
  return bound[0].is_missing() ? Value::real(0) : bound[0];
}

// Half to even at a power of ten.
Result<Value> round_int(Int value, std::ptrdiff_t precision) {
  if (precision >= 0) return Value::integer(value);
  if (precision < -38) return Value::integer(0);
  const Int unit = int_power(10, -precision).value_or(1);  // 10^38 fits
  const Int low = floor_div(value, unit);
  const Int rest = floor_mod(value, unit);
  const bool up = rest > unit - rest || (rest == unit - rest && low % 2 != 0);
  return Value::integer((low + (up ? 1 : 0)) * unit);
}

Result<Value> round(Evaluator& evaluator, const Value& subject, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "round", {"precision", "method"}));
  const std::string_view method =
      bound[1].is_missing() ? "common" : TRY(text_argument(bound[1], "round"));
  if (method != "common" && method != "ceil" && method != "floor")
    return raised("method must be common, ceil or floor");
  const Value precision = bound[0].is_missing() ? Value::integer(0) : bound[0];
  if (method == "common") {
    if (!subject.is_number())
      return raised("type {} doesn't define __round__ method", type_name(subject));
    if (precision.is_none()) {
      if (subject.is_integral()) return Value::integer(subject.as_int());
      const auto whole = to_int(round_to(subject.as_real(), 0));
      if (!whole) return raised("cannot convert float infinity or NaN to integer");
      return Value::integer(*whole);
    }
    const std::ptrdiff_t digits = TRY(size_argument(precision));
    if (subject.is_integral()) return round_int(subject.as_int(), digits);
    const auto clamped = static_cast<int>(std::clamp<std::ptrdiff_t>(digits, -400, 400));
    return Value::real(round_to(subject.as_real(), clamped));
  }
  const Value scale = TRY(apply_binary(evaluator, BinaryOp::pow, Value::integer(10), precision));
  const Value scaled = TRY(apply_binary(evaluator, BinaryOp::mul, subject, scale));
  if (!scaled.is_number()) return raised("must be real number, not {}", type_name(scaled));
  Value whole = scaled;
  if (scaled.is(Kind::floating)) {
    const double moved =
        method == "ceil" ? std::ceil(scaled.as_real()) : std::floor(scaled.as_real());
    const auto integral = to_int(moved);
    if (!integral) return raised("cannot convert float infinity or NaN to integer");
    whole = Value::integer(*integral);
  }
  return apply_binary(evaluator, BinaryOp::div, whole, scale);
}

Result<Value> filesizeformat(Evaluator& evaluator, const Value& subject, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "filesizeformat", {"binary"}));
  const bool binary = flag(bound[0]);
  if (subject.is_undefined()) return raised("{}", subject.as_undefined().message);
  const std::optional<double> size = as_float(subject);
  if (!size) return raised("could not convert {} to float", type_name(subject));
  const double base = binary ? 1024 : 1000;
  if (*size == 1) return evaluator.text("1 Byte");
  if (*size < base) {
    const auto whole = to_int(*size);
    if (!whole) return raised("cannot convert float infinity to integer");
    return evaluator.text(int_text(*whole) + " Bytes");
  }
  constexpr std::string_view kUnits = "kMGTPEZY";
  double unit = base;
  for (std::size_t i = 0;; ++i) {
    unit *= base;
    if (*size < unit || i + 1 == kUnits.size() || std::isnan(*size)) {
      const char prefix =
          binary && i == 0 ? 'K' : kUnits[std::isnan(*size) ? kUnits.size() - 1 : i];
      return evaluator.text(fmt::format("{} {}{}", float_digits(base * *size / unit, 1, 'f'),
                                        prefix, binary ? "iB" : "B"));
    }
  }
}

Result<Value> sum(Evaluator& evaluator, const Value& subject, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "sum", {"attribute", "start"}));
  const AttributePath path = TRY(AttributePath::parse(bound[0]));
  Value total = bound[1].is_missing() ? Value::integer(0) : bound[1];
  if (total.is_string()) return raised("sum() can't sum strings [use ''.join(seq) instead]");
  const Ref<IteratorObject> items = TRY(iterate(evaluator, subject));
  while (true) {
    const Value item = TRY(items->next(evaluator));
    if (item.is_missing()) return total;
    TRY(evaluator.budget().charge(1));
    total = TRY(apply_binary(evaluator, BinaryOp::add, total, TRY(path.get(evaluator, item))));
  }
}

constexpr Filter kNumberFilters[] = {
    {"abs", absolute},
    {"int", integer},
    {"float", real},
    {"round", round},
    {"filesizeformat", filesizeformat},
    {"sum", sum},
};

}  // namespace

std::span<const Filter> number_filters() {
  return kNumberFilters;
}

}  // namespace hearth::text::jinja
