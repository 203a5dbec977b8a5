// SPDX-License-Identifier: Apache-2.0
//
// The open kinds of value: iterators (made by filters such as map, consumed once, as Python's
// generators are) and extended objects (namespaces, macros, loops, functions, bound methods).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "text/jinja/value.h"

namespace hearth::text::jinja {

class Evaluator;

struct CallArgs {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;

  // Takes the named argument out; missing if it was not given.
  Value take(std::string_view name);
};

class IteratorObject : public Object {
 public:
  // The next value, or missing at the end (and ever after).
  virtual Result<Value> next(Evaluator& evaluator) = 0;
  virtual std::string_view type_name() const { return "generator"; }
};

class ExtendedObject : public Object {
 public:
  virtual std::string_view type_name() const = 0;
  // With its module, as Jinja's messages about missing attributes name it.
  virtual std::string qualified_name() const { return std::string(type_name()); }
  // The attribute, or missing.
  virtual Result<Value> attribute(Evaluator& evaluator, std::string_view name);
  virtual bool is_callable() const { return false; }
  virtual Result<Value> call(Evaluator& evaluator, CallArgs args);
  // What len() gives, or missing.
  virtual Result<Value> size(Evaluator& evaluator);
  // Null if the object is not iterable.
  virtual IteratorObject* iterator() { return nullptr; }
  virtual Result<std::string> to_text(Evaluator& evaluator) const;
};

// A function of the language: range, dict, raise_exception...
class FunctionObject final : public ExtendedObject {
 public:
  using Body = Result<Value> (*)(Evaluator& evaluator, CallArgs args);
  FunctionObject(std::string_view name, Body body) : name_(name), body_(body) {}
  std::string_view type_name() const override { return "function"; }
  bool is_callable() const override { return true; }
  Result<Value> call(Evaluator& evaluator, CallArgs args) override {
    return body_(evaluator, std::move(args));
  }
  Result<std::string> to_text(Evaluator& evaluator) const override;

 private:
  std::string_view name_;
  Body body_;
};

// A method with the value that it was taken from: 'text'.upper.
class MethodObject final : public ExtendedObject {
 public:
  using Body = Result<Value> (*)(Evaluator& evaluator, const Value& self, CallArgs args);
  MethodObject(std::string_view name, Value self, Body body)
      : name_(name), self_(std::move(self)), body_(body) {}
  std::string_view type_name() const override { return "builtin_function_or_method"; }
  bool is_callable() const override { return true; }
  Result<Value> call(Evaluator& evaluator, CallArgs args) override {
    return body_(evaluator, self_, std::move(args));
  }
  Result<std::string> to_text(Evaluator& evaluator) const override;

 private:
  std::string_view name_;
  Value self_;
  Body body_;
};

}  // namespace hearth::text::jinja
