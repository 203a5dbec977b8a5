// SPDX-License-Identifier: Apache-2.0
//
// The functions that every template may call: range dict namespace cycler joiner raise_exception
// strftime_now.
#include <algorithm>

#include "text/jinja/compare.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/namespace.h"
#include "text/jinja/operations.h"
#include "text/jinja/registry.h"
#include "text/jinja/strftime.h"

namespace hearth::text::jinja {
namespace {

constexpr std::size_t kMaxRange = 100000;  // of the sandbox

Result<Value> range(Evaluator&, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "range", {"", "", ""}, 1));
  Int parts[3] = {0, 0, 1};
  const bool only_stop = bound[1].is_missing();
  for (std::size_t i = 0; i < 3; ++i) {
    if (bound[i].is_missing()) continue;
    const Int given = TRY(int_argument(bound[i]));
    constexpr Int kFar = Int{1} << 60;
    if (given > kFar || given < -kFar) return raised("the arguments of range() are too large");
    parts[only_stop ? 1 : i] = given;
  }
  if (parts[2] == 0) return raised("range() arg 3 must not be zero");
  Ref<RangeObject> made = make<RangeObject>(parts[0], parts[1], parts[2]);
  const Int span = parts[2] > 0 ? parts[1] - parts[0] : parts[0] - parts[1];
  const Int step = parts[2] > 0 ? parts[2] : -parts[2];
  if (span / step > static_cast<Int>(kMaxRange) || made->size() > kMaxRange)
    return raised("Range too big. The sandbox blocks ranges larger than MAX_RANGE ({}).",
                  kMaxRange);
  return Value::of(std::move(made));
}

// dict() and namespace() take a mapping or pairs, and keywords.
Result<Ref<DictObject>> dict_from(Evaluator& evaluator, std::string_view name, CallArgs args) {
  auto dict = make<DictObject>();
  if (args.positional.size() > 1)
    return raised("{} expected at most 1 argument, got {}", name, args.positional.size());
  if (!args.positional.empty() && args.positional[0].is(Kind::dict)) {
    TRY(evaluator.budget().charge_items(args.positional[0].as_dict().entries.size()));
    for (const auto& entry : args.positional[0].as_dict().entries)
      dict->set(entry.key, entry.hash, entry.value);
  } else if (!args.positional.empty()) {
    std::size_t i = 0;
    for (const Value& pair : TRY(collect(evaluator, args.positional[0]))) {
      if (!is_iterable(pair))
        return raised("cannot convert dictionary update sequence element #{} to a sequence", i);
      const std::vector<Value> parts = TRY(collect(evaluator, pair));
      if (parts.size() != 2)
        return raised("dictionary update sequence element #{} has length {}; 2 is required", i,
                      parts.size());
      dict->set(parts[0], TRY(hash_of(evaluator, parts[0])), parts[1]);
      ++i;
    }
  }
  for (auto& [key, value] : args.named) dict->set(key, std::move(value));
  return dict;
}

Result<Value> dict(Evaluator& evaluator, CallArgs args) {
  return Value::dict(TRY(dict_from(evaluator, "dict", std::move(args))));
}

Result<Value> make_namespace(Evaluator& evaluator, CallArgs args) {
  const Ref<DictObject> attributes = TRY(dict_from(evaluator, "dict", std::move(args)));
  auto space = make<NamespaceObject>(evaluator.cycles());
  for (const auto& entry : attributes->entries) space->set(entry);
  return Value::of(Ref<ExtendedObject>(space.get()));
}

class Cycler final : public ExtendedObject {
 public:
  explicit Cycler(std::vector<Value> items) : items_(std::move(items)) {}
  std::string_view type_name() const override { return "Cycler"; }
  std::string qualified_name() const override { return "jinja2.utils.Cycler"; }

  Result<Value> attribute(Evaluator& evaluator, std::string_view name) override {
    TRY(evaluator.budget().charge_items(name == "items" ? items_.size() : 0));
    const auto method = [&](MethodObject::Body body) {
      const Value self = Value::of(Ref<ExtendedObject>(this));
      return Value::of(Ref<ExtendedObject>(make<MethodObject>(name, self, body).get()));
    };
    if (name == "current") return items_[at_];
    if (name == "pos") return Value::size(at_);
    if (name == "items") return Value::tuple(items_);
    if (name == "next")
      return method([](Evaluator&, const Value& self, CallArgs args) -> Result<Value> {
        TRY(bind(std::move(args), "next", {}));
        auto& cycler = static_cast<Cycler&>(self.as_object());
        Value item = cycler.items_[cycler.at_];
        cycler.at_ = (cycler.at_ + 1) % cycler.items_.size();
        return item;
      });
    if (name == "reset")
      return method([](Evaluator&, const Value& self, CallArgs args) -> Result<Value> {
        TRY(bind(std::move(args), "reset", {}));
        static_cast<Cycler&>(self.as_object()).at_ = 0;
        return Value::none();
      });
    return Value();
  }

 private:
  std::vector<Value> items_;
  std::size_t at_ = 0;
};

Result<Value> cycler(Evaluator&, CallArgs args) {
  if (!args.named.empty())
    return raised("Cycler.__init__() got an unexpected keyword argument '{}'", args.named[0].first);
  if (args.positional.empty()) return raised("at least one item has to be provided");
  return Value::of(Ref<ExtendedObject>(make<Cycler>(std::move(args.positional)).get()));
}

class Joiner final : public ExtendedObject {
 public:
  explicit Joiner(Value separator) : separator_(std::move(separator)) {}
  std::string_view type_name() const override { return "Joiner"; }
  std::string qualified_name() const override { return "jinja2.utils.Joiner"; }
  bool is_callable() const override { return true; }
  Result<Value> call(Evaluator&, CallArgs args) override {
    TRY(bind(std::move(args), "joiner", {}));
    return std::exchange(used_, true) ? separator_ : Value::text({});
  }
  Result<Value> attribute(Evaluator&, std::string_view name) override {
    if (name == "sep") return separator_;
    if (name == "used") return Value::boolean(used_);
    return Value();
  }

 private:
  Value separator_;
  bool used_ = false;
};

Result<Value> joiner(Evaluator&, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "joiner", {"sep"}));
  const Value separator = bound[0].is_missing() ? Value::text(", ") : bound[0];
  return Value::of(Ref<ExtendedObject>(make<Joiner>(separator).get()));
}

Result<Value> raise_exception(Evaluator& evaluator, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "raise_exception", {"message"}, 1));
  return raised("{}", TRY(to_text(evaluator, bound[0])));
}

Result<Value> strftime_now(Evaluator& evaluator, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "strftime_now", {"format"}, 1));
  const std::string_view format = TRY(text_argument(bound[0], "strftime"));
  if (format.size() > 4096) return raised("the format of strftime_now is too long");
  TRY(evaluator.budget().charge(format.size() * 32));
  return evaluator.text(format_time(std::string(format), evaluator.now().value_or(local_now())));
}

constexpr Function kFunctions[] = {
    {"range", range},
    {"dict", dict},
    {"namespace", make_namespace},
    {"cycler", cycler},
    {"joiner", joiner},
    {"raise_exception", raise_exception},
    {"strftime_now", strftime_now},
};

}  // namespace

const Function* find_function(std::string_view name) {
  for (const Function& function : kFunctions)
    if (function.name == name) return &function;
  return nullptr;
}

}  // namespace hearth::text::jinja
