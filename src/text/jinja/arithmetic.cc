// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <utility>

#include "text/jinja/evaluator.h"
#include "text/jinja/format.h"
#include "text/jinja/markup.h"
#include "text/jinja/operations.h"

namespace hearth::text::jinja {
namespace {

std::string_view symbol_of(BinaryOp op) {
  switch (op) {
    case BinaryOp::add:
      return "+";
    case BinaryOp::sub:
      return "-";
    case BinaryOp::mul:
      return "*";
    case BinaryOp::div:
      return "/";
    case BinaryOp::floor_div:
      return "//";
    case BinaryOp::mod:
      return "%";
    case BinaryOp::pow:
      return "** or pow()";
  }
  return "?";
}

std::unexpected<Error> overflow() {
  return raised("an integer beyond 128 bits: the template language of Hearth has none so large");
}

// result was written by the call that says whether it overflowed.
Result<Value> int_result(bool overflowed, const Int& result) {
  if (overflowed) return overflow();
  return Value::integer(result);
}

// Rounded once where both are exact; the wider type keeps larger ones close to that.
double true_quotient(Int a, Int b) {
  constexpr Int kExact = Int{1} << 53;
  if (a <= kExact && a >= -kExact && b <= kExact && b >= -kExact)
    return static_cast<double>(a) / static_cast<double>(b);
  return static_cast<double>(static_cast<long double>(a) / static_cast<long double>(b));
}

Result<Value> apply_to_ints(BinaryOp op, Int a, Int b) {
  Int result = 0;
  switch (op) {
    case BinaryOp::add:
      return int_result(__builtin_add_overflow(a, b, &result), result);
    case BinaryOp::sub:
      return int_result(__builtin_sub_overflow(a, b, &result), result);
    case BinaryOp::mul:
      return int_result(__builtin_mul_overflow(a, b, &result), result);
    case BinaryOp::div:
      if (b == 0) return raised("division by zero");
      return Value::real(true_quotient(a, b));
    case BinaryOp::floor_div:
    case BinaryOp::mod:
      if (b == 0)
        return raised("integer {} by zero", op == BinaryOp::mod ? "modulo" : "division or modulo");
      if (b == -1) {
        if (op == BinaryOp::mod) return Value::integer(0);
        return int_result(__builtin_sub_overflow(Int{0}, a, &result), result);
      }
      return Value::integer(op == BinaryOp::mod ? floor_mod(a, b) : floor_div(a, b));
    case BinaryOp::pow:
      if (b < 0) {
        if (a == 0) return raised("0.0 cannot be raised to a negative power");
        return Value::real(std::pow(to_double(a), to_double(b)));
      }
      if (const auto power = int_power(a, b)) return Value::integer(*power);
      return overflow();
  }
  return overflow();
}

Result<Value> float_power(double a, double b) {
  if (a == 0 && b < 0) return raised("0.0 cannot be raised to a negative power");
  if (a < 0 && std::isfinite(a) && std::isfinite(b) && b != std::floor(b))
    return raised("complex numbers are not supported");
  const double power = std::pow(a, b);
  if (std::isinf(power) && std::isfinite(a) && std::isfinite(b))
    return raised("(34, 'Numerical result out of range')");
  return Value::real(power);
}

Result<Value> apply_to_floats(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::add:
      return Value::real(a + b);
    case BinaryOp::sub:
      return Value::real(a - b);
    case BinaryOp::mul:
      return Value::real(a * b);
    case BinaryOp::div:
      if (b == 0) return raised("float division by zero");
      return Value::real(a / b);
    case BinaryOp::floor_div:
      if (b == 0) return raised("float floor division by zero");
      return Value::real(floor_div(a, b));
    case BinaryOp::mod:
      if (b == 0) return raised("float modulo");
      return Value::real(floor_mod(a, b));
    case BinaryOp::pow:
      return float_power(a, b);
  }
  return raised("no such operation");
}

Result<Value> add_sequences(Evaluator& evaluator, const Value& a, const Value& b) {
  TRY(evaluator.budget().charge_items(a.items().size() + b.items().size()));
  std::vector<Value> items;
  items.reserve(a.items().size() + b.items().size());
  items.insert(items.end(), a.items().begin(), a.items().end());
  items.insert(items.end(), b.items().begin(), b.items().end());
  return a.is(Kind::list) ? Value::list(std::move(items)) : Value::tuple(std::move(items));
}

Result<Value> add_texts(Evaluator& evaluator, const Value& a, const Value& b) {
  if (!a.is_markup() && !b.is_markup()) return evaluator.append(a, b.as_text());
  const Value left = TRY(escaped(evaluator, a));
  const Value right = TRY(escaped(evaluator, b));
  return TRY(evaluator.append(left, right.as_text()))
  .with_markup(true);
}

}  // namespace

Result<Value> repeat(Evaluator& evaluator, const Value& sequence, Int times) {
  constexpr Int kMost = static_cast<Int>(std::uint64_t{1} << 63);
  if (times >= kMost || times < -kMost)
    return raised("cannot fit 'int' into an index-sized integer");
  if (times < 0) times = 0;
  if (sequence.is_string()) {
    const std::string_view unit = sequence.as_text();
    if (!unit.empty() && times > static_cast<Int>(evaluator.budget().max_text() / unit.size()))
      return evaluator.budget().too_long();
    std::string out;
    if (!unit.empty()) {
      const std::size_t size = unit.size() * static_cast<std::size_t>(times);
      TRY(evaluator.budget().charge_text(size));
      out.reserve(size);
      if (times > 0) out = unit;
      while (out.size() < size) out.append(out, 0, std::min(out.size(), size - out.size()));
    }
    return evaluator.text(std::move(out), sequence.is_markup());
  }
  const std::vector<Value>& unit = sequence.items();
  std::vector<Value> items;
  if (!unit.empty() && times > 0) {
    if (times > static_cast<Int>(std::size_t{1} << 32))
      times = static_cast<Int>(std::size_t{1} << 32);
    TRY(evaluator.budget().charge_items(unit.size() * static_cast<std::size_t>(times)));
    items.reserve(unit.size() * static_cast<std::size_t>(times));
    for (Int i = 0; i < times; ++i) items.insert(items.end(), unit.begin(), unit.end());
  }
  return sequence.is(Kind::list) ? Value::list(std::move(items)) : Value::tuple(std::move(items));
}

Result<Value> apply_binary(Evaluator& evaluator, BinaryOp op, const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) return apply_to_ints(op, a.as_int(), b.as_int());
  if (a.is_number() && b.is_number()) return apply_to_floats(op, a.as_real(), b.as_real());
  if (a.is_undefined()) return raised("{}", a.as_undefined().message);
  if (op == BinaryOp::mod && a.is_string()) return percent_format(evaluator, a, b);
  if (b.is_undefined()) return raised("{}", b.as_undefined().message);
  if (op == BinaryOp::add) {
    if (a.is_string() && b.is_string()) return add_texts(evaluator, a, b);
    if (a.is_sequence() && a.kind() == b.kind()) return add_sequences(evaluator, a, b);
    if (a.is_string() || a.is_sequence())
      return raised("can only concatenate {0} (not \"{1}\") to {0}", type_name(a), type_name(b));
  }
  if (op == BinaryOp::mul) {
    if ((a.is_string() || a.is_sequence()) && b.is_integral())
      return repeat(evaluator, a, b.as_int());
    if ((b.is_string() || b.is_sequence()) && a.is_integral())
      return repeat(evaluator, b, a.as_int());
    if (a.is_string() || a.is_sequence())
      return raised("can't multiply sequence by non-int of type '{}'", type_name(b));
  }
  return raised("unsupported operand type(s) for {}: '{}' and '{}'", symbol_of(op), type_name(a),
                type_name(b));
}

Result<Value> apply_unary(UnaryOp op, const Value& value) {
  if (value.is_undefined()) return raised("{}", value.as_undefined().message);
  if (value.is_integral()) {
    Int result = value.as_int();
    if (op == UnaryOp::minus && __builtin_sub_overflow(Int{0}, value.as_int(), &result))
      return overflow();
    return Value::integer(result);
  }
  if (value.is(Kind::floating))
    return Value::real(op == UnaryOp::minus ? -value.as_real() : value.as_real());
  return raised("bad operand type for unary {}: '{}'", op == UnaryOp::minus ? "-" : "+",
                type_name(value));
}

}  // namespace hearth::text::jinja
