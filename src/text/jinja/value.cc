// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "text/jinja/compare.h"
#include "text/jinja/object.h"

namespace hearth::text::jinja {

void Object::reap(Object* object) {
  // Destroying a list releases its items: those that die with it wait here instead of recursing.
  thread_local std::vector<Object*> waiting;
  thread_local bool busy = false;
  if (busy) {
    waiting.push_back(object);
    return;
  }
  busy = true;
  delete object;
  while (!waiting.empty()) {
    Object* next = waiting.back();
    waiting.pop_back();
    delete next;
  }
  busy = false;
}

Value Value::none() {
  Value value;
  value.kind_ = Kind::none;
  return value;
}

Value Value::boolean(bool flag) {
  Value value;
  value.kind_ = Kind::boolean;
  value.data_.integer = {flag ? 1u : 0u, 0};
  return value;
}

Value Value::integer(Int number) {
  Value value;
  value.kind_ = Kind::integer;
  value.data_.integer = {static_cast<std::uint64_t>(number),
                         static_cast<std::int64_t>(number >> 64)};
  return value;
}

Value Value::real(double number) {
  Value value;
  value.kind_ = Kind::floating;
  value.data_.real = number;
  return value;
}

Value Value::heap(Kind kind, Object* object) {
  Value value;
  value.kind_ = kind;
  value.data_.object = object;
  if (object) object->retain();
  return value;
}

Value Value::string_of(Ref<StringObject> object, std::size_t n_runes) {
  Value value = heap(Kind::string, object.get());
  value.size_ = static_cast<std::uint32_t>(object->text.size());
  value.data_.string = {object.get(), static_cast<std::uint32_t>(n_runes)};
  return value;
}

Value Value::text(std::string bytes) {
  const std::size_t n_runes = count_runes(bytes);
  auto object = make<StringObject>();
  object->text = std::move(bytes);
  return string_of(std::move(object), n_runes);
}

Value Value::markup(std::string bytes) {
  Value value = text(std::move(bytes));
  value.markup_ = true;
  return value;
}

Value Value::list(std::vector<Value> items) {
  return heap(Kind::list, make<ListObject>(std::move(items)).get());
}
Value Value::tuple(std::vector<Value> items) {
  return heap(Kind::tuple, make<ListObject>(std::move(items)).get());
}
Value Value::dict(Ref<DictObject> dict) {
  return heap(Kind::dict, dict.get());
}
Value Value::undefined(std::string message) {
  return heap(Kind::undefined, make<UndefinedObject>(std::move(message)).get());
}
Value Value::undefined_name(std::string_view name) {
  return undefined(fmt::format("'{}' is undefined", name));
}
Value Value::of(Ref<UndefinedObject> object) {
  return heap(Kind::undefined, object.get());
}
Value Value::of(Ref<RangeObject> object) {
  return heap(Kind::range, object.get());
}
Value Value::of(Ref<ViewObject> object) {
  return heap(Kind::view, object.get());
}
Value Value::of(Ref<IteratorObject> object) {
  return heap(Kind::iterator, object.get());
}
Value Value::of(Ref<ExtendedObject> object) {
  return heap(Kind::object, object.get());
}

std::string_view Value::as_text() const {
  return std::string_view(static_cast<const StringObject*>(data_.string.object)->text)
      .substr(0, size_);
}
const std::vector<Value>& Value::items() const {
  return static_cast<const ListObject*>(data_.object)->items;
}
const DictObject& Value::as_dict() const {
  return *static_cast<const DictObject*>(data_.object);
}
const RangeObject& Value::as_range() const {
  return *static_cast<const RangeObject*>(data_.object);
}
const ViewObject& Value::as_view() const {
  return *static_cast<const ViewObject*>(data_.object);
}
const UndefinedObject& Value::as_undefined() const {
  return *static_cast<const UndefinedObject*>(data_.object);
}
IteratorObject& Value::as_iterator() const {
  return *static_cast<IteratorObject*>(data_.object);
}
ExtendedObject& Value::as_object() const {
  return *static_cast<ExtendedObject*>(data_.object);
}

Value Value::with_markup(bool markup) const {
  Value value = *this;
  value.markup_ = markup;
  return value;
}

bool Value::grows_in_place(std::size_t extra) const {
  // Within the capacity only, so that views of the bytes stay valid. Constants belong to every
  // thread.
  const auto* object = static_cast<const StringObject*>(data_.string.object);
  const std::string& bytes = object->text;
  return size_ >= 64 && bytes.size() == size_ && bytes.capacity() - size_ >= extra &&
         !object->is_immortal();
}

Value Value::appended(std::string_view more, std::size_t more_runes) const {
  auto* object = static_cast<StringObject*>(data_.string.object);
  const std::size_t n_runes = data_.string.n_runes + more_runes;
  if (grows_in_place(more.size())) {
    object->text.append(more);
    return string_of(Ref<StringObject>(object), n_runes);
  }
  auto fresh = make<StringObject>();
  const std::size_t total = size_ + more.size();
  fresh->text.reserve(object->text.size() == size_ && size_ >= 64 ? total + total / 2 : total);
  fresh->text.append(as_text()).append(more);
  return string_of(std::move(fresh), n_runes);
}

void Value::make_immortal() {
  if (is_heap()) data_.object->make_immortal();
}

std::uint64_t hash_text(std::string_view text) {
  return std::hash<std::string_view>{}(text);
}

std::size_t count_runes(std::string_view text) {
  std::size_t n = 0;
  for (const char c : text) n += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return n;
}

namespace {

// Numbers are their own hash: those with the same low bits must not all meet in one slot.
std::uint64_t mixed(std::uint64_t hash) {
  hash = (hash ^ (hash >> 32)) * 0xD6E8FEB86659FD93u;
  return hash ^ (hash >> 32);
}

}  // namespace

template <class Same>
std::size_t DictObject::position(std::uint64_t hash, Same same) const {
  if (index_.empty()) {
    for (std::size_t i = 0; i < entries.size(); ++i)
      if (entries[i].hash == hash && same(entries[i].key)) return i;
    return entries.size();
  }
  const std::size_t mask = index_.size() - 1;
  for (std::size_t slot = mixed(hash) & mask; index_[slot] != 0; slot = (slot + 1) & mask) {
    const std::size_t i = index_[slot] - 1;
    if (entries[i].hash == hash && same(entries[i].key)) return i;
  }
  return entries.size();
}

void DictObject::add_to_index(std::size_t entry) {
  const std::size_t mask = index_.size() - 1;
  std::size_t slot = mixed(entries[entry].hash) & mask;
  while (index_[slot] != 0) slot = (slot + 1) & mask;
  index_[slot] = static_cast<std::uint32_t>(entry + 1);
}

const Value* DictObject::find(const Value& key, std::uint64_t hash) const {
  const std::size_t i = position(hash, [&key](const Value& other) { return same_key(key, other); });
  return i < entries.size() ? &entries[i].value : nullptr;
}

const Value* DictObject::find(std::string_view key) const {
  const std::size_t i = position(hash_text(key), [key](const Value& other) {
    return other.is_string() && other.as_text() == key;
  });
  return i < entries.size() ? &entries[i].value : nullptr;
}

void DictObject::set(Value key, std::uint64_t hash, Value value) {
  const std::size_t i = position(hash, [&key](const Value& other) { return same_key(key, other); });
  if (i < entries.size()) {
    entries[i].value = std::move(value);
    return;
  }
  entries.push_back({std::move(key), std::move(value), hash});
  if (entries.size() > 8 && entries.size() * 2 > index_.size()) {
    index_.assign(std::max<std::size_t>(32, index_.size() * 4), 0);
    for (std::size_t entry = 0; entry < entries.size(); ++entry) add_to_index(entry);
  } else if (!index_.empty()) {
    add_to_index(entries.size() - 1);
  }
}

void DictObject::set(std::string_view key, Value value) {
  set(Value::text(std::string(key)), hash_text(key), std::move(value));
}

std::size_t RangeObject::size() const {
  if (step > 0) return start < stop ? static_cast<std::size_t>((stop - start - 1) / step + 1) : 0;
  return start > stop ? static_cast<std::size_t>((start - stop - 1) / -step + 1) : 0;
}

Value ViewObject::at(std::size_t i) const {
  const DictObject::Entry& entry = dict.as_dict().entries[i];
  if (part == Part::keys) return entry.key;
  if (part == Part::values) return entry.value;
  return Value::tuple({entry.key, entry.value});
}

std::string_view type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::missing:
    case Kind::undefined:
      return "Undefined";
    case Kind::none:
      return "NoneType";
    case Kind::boolean:
      return "bool";
    case Kind::integer:
      return "int";
    case Kind::floating:
      return "float";
    case Kind::string:
      return value.is_markup() ? "Markup" : "str";
    case Kind::list:
      return "list";
    case Kind::tuple:
      return "tuple";
    case Kind::dict:
      return "dict";
    case Kind::range:
      return "range";
    case Kind::view: {
      const ViewObject::Part part = value.as_view().part;
      return part == ViewObject::Part::keys     ? "dict_keys"
             : part == ViewObject::Part::values ? "dict_values"
                                                : "dict_items";
    }
    case Kind::iterator:
      return value.as_iterator().type_name();
    case Kind::object:
      return value.as_object().type_name();
  }
  return "object";
}

}  // namespace hearth::text::jinja
