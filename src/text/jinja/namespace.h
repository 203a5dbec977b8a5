// SPDX-License-Identifier: Apache-2.0
//
// namespace(): the one object whose attributes a template may set.
#pragma once

#include <string_view>

#include "text/jinja/cycles.h"
#include "text/jinja/object.h"

namespace hearth::text::jinja {

class NamespaceObject final : public ExtendedObject, public CycleMember {
 public:
  explicit NamespaceObject(CycleList& cycles)
      : CycleMember(cycles), attributes_(make<DictObject>()) {}

  void set(std::string_view name, Value value) { attributes_->set(name, std::move(value)); }
  void set(const DictObject::Entry& entry) { attributes_->set(entry.key, entry.hash, entry.value); }

  std::string_view type_name() const override { return "Namespace"; }
  std::string qualified_name() const override { return "jinja2.utils.Namespace"; }
  Result<Value> attribute(Evaluator&, std::string_view name) override {
    const Value* found = attributes_->find(name);
    return found ? *found : Value();
  }
  Result<std::string> to_text(Evaluator& evaluator) const override;

 private:
  void clear() override { attributes_->entries.clear(); }
  Object& object() override { return *this; }

  Ref<DictObject> attributes_;
};

// The namespace that a value is, or null.
inline NamespaceObject* as_namespace(const Value& value) {
  return value.is(Kind::object) ? dynamic_cast<NamespaceObject*>(&value.as_object()) : nullptr;
}

}  // namespace hearth::text::jinja
