// SPDX-License-Identifier: Apache-2.0
//
// A value of the template language: Python's None, bool, int, float, str, list, tuple, dict, range,
// the views and iterators over them, Jinja's Undefined, and objects with attributes (namespaces,
// macros...).
//
// Values are handles to reference-counted objects. Counts are plain: values live within one render
// on one thread, but for the constants of a template, which are immortal (their owner is the
// template). Lists and dicts never change once a template can see them, for the sandbox refuses
// every method that would; only namespaces, frames and loops do, and these are cleared when a
// render ends (cycles.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/number.h"

namespace hearth::text::jinja {

// Anything on the heap. Objects die through a queue, so a deep value needs no deep stack.
class Object {
 public:
  Object() = default;
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  virtual ~Object() = default;

  void retain() {
    if (refs_ != kImmortal) ++refs_;
  }
  void release() {
    if (refs_ != kImmortal && --refs_ == 0) reap(this);
  }
  void make_immortal() { refs_ = kImmortal; }
  bool is_immortal() const { return refs_ == kImmortal; }

 private:
  static constexpr std::uint32_t kImmortal = ~std::uint32_t{0};
  static void reap(Object* object);
  std::uint32_t refs_ = 0;
};

template <class T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(T* object) : object_(object) {
    if (object_) object_->retain();
  }
  Ref(const Ref& other) : Ref(other.object_) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_) object_->release();
  }
  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

template <class T, class... Args>
Ref<T> make(Args&&... args) {
  return Ref<T>(new T(std::forward<Args>(args)...));
}

enum class Kind : std::uint8_t {
  missing,  // no value: an argument not given, the end of an iterator; templates never see it
  undefined,
  none,
  boolean,
  integer,
  floating,
  string,
  list,
  tuple,
  dict,
  range,
  view,
  iterator,
  object,
};

// The bytes of a string, which may be longer than the value that shows them: appending to the value
// that ends where the bytes end continues in place, so text that grows in a loop is not copied
// anew.
struct StringObject final : Object {
  std::string text;
};

struct ListObject;
struct DictObject;
struct RangeObject;
struct ViewObject;
struct UndefinedObject;
class IteratorObject;
class ExtendedObject;

class Value {
 public:
  Value() = default;
  Value(const Value& other)
      : kind_(other.kind_), markup_(other.markup_), size_(other.size_), data_(other.data_) {
    if (is_heap()) data_.object->retain();
  }
  Value(Value&& other) noexcept
      : kind_(std::exchange(other.kind_, Kind::missing)),
        markup_(other.markup_),
        size_(other.size_),
        data_(other.data_) {}
  Value& operator=(Value other) noexcept {
    std::swap(kind_, other.kind_);
    std::swap(markup_, other.markup_);
    std::swap(size_, other.size_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~Value() {
    if (is_heap()) data_.object->release();
  }

  static Value none();
  static Value boolean(bool value);
  static Value integer(Int value);
  static Value size(std::size_t value) { return integer(static_cast<Int>(value)); }
  static Value real(double value);
  static Value text(std::string bytes);  // valid UTF-8, below 4 GiB
  static Value markup(std::string bytes);
  static Value list(std::vector<Value> items);
  static Value tuple(std::vector<Value> items);
  static Value dict(Ref<DictObject> dict);
  static Value undefined(std::string message);
  static Value undefined_name(std::string_view name);
  static Value of(Ref<UndefinedObject> object);
  static Value of(Ref<RangeObject> object);
  static Value of(Ref<ViewObject> object);
  static Value of(Ref<IteratorObject> object);
  static Value of(Ref<ExtendedObject> object);

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_missing() const { return kind_ == Kind::missing; }
  bool is_undefined() const { return kind_ == Kind::undefined; }
  bool is_none() const { return kind_ == Kind::none; }
  bool is_string() const { return kind_ == Kind::string; }
  bool is_markup() const { return kind_ == Kind::string && markup_; }
  bool is_sequence() const { return kind_ == Kind::list || kind_ == Kind::tuple; }
  // bool is an int in Python.
  bool is_integral() const { return kind_ == Kind::integer || kind_ == Kind::boolean; }
  bool is_number() const { return is_integral() || kind_ == Kind::floating; }

  bool as_bool() const { return data_.integer.low != 0; }
  Int as_int() const {
    return static_cast<Int>(
        (static_cast<UInt>(static_cast<std::uint64_t>(data_.integer.high)) << 64) |
        data_.integer.low);
  }
  double as_real() const { return kind_ == Kind::floating ? data_.real : to_double(as_int()); }
  std::string_view as_text() const;
  std::size_t n_runes() const { return data_.string.n_runes; }
  bool is_ascii() const { return size_ == data_.string.n_runes; }
  const std::vector<Value>& items() const;  // of a list or tuple
  const DictObject& as_dict() const;
  const RangeObject& as_range() const;
  const ViewObject& as_view() const;
  const UndefinedObject& as_undefined() const;
  IteratorObject& as_iterator() const;
  ExtendedObject& as_object() const;
  const Object* identity() const { return is_heap() ? data_.object : nullptr; }

  // The same text, marked as safe markup or as plain.
  Value with_markup(bool markup) const;
  // This text with more behind it, in place where no other value owns the bytes behind it.
  Value appended(std::string_view more, std::size_t more_runes) const;
  bool grows_in_place(std::size_t extra) const;
  // Keeps the object for ever, as a constant of a template: the caller owns it from here on.
  void make_immortal();

 private:
  struct Halves {
    std::uint64_t low;
    std::int64_t high;
  };
  struct Text {
    Object* object;
    std::uint32_t n_runes;
  };
  union Data {
    Halves integer{0, 0};
    double real;
    Object* object;
    Text string;
  };

  bool is_heap() const {
    return kind_ >= Kind::string || (kind_ == Kind::undefined && data_.object != nullptr);
  }
  static Value heap(Kind kind, Object* object);
  static Value string_of(Ref<StringObject> object, std::size_t n_runes);

  Kind kind_ = Kind::missing;
  bool markup_ = false;
  std::uint32_t size_ = 0;  // bytes of a string
  Data data_;
};

struct UndefinedObject final : Object {
  explicit UndefinedObject(std::string text) : message(std::move(text)) {}
  std::string message;
};

struct ListObject final : Object {
  explicit ListObject(std::vector<Value> values) : items(std::move(values)) {}
  std::vector<Value> items;
  bool is_group = false;  // what groupby yields: a tuple that also answers to .grouper and .list
};

// A dict: entries in the order of insertion, found by hash. 1, 1.0 and True are one key.
struct DictObject final : Object {
  struct Entry {
    Value key;
    Value value;
    std::uint64_t hash;
  };
  std::vector<Entry> entries;

  // The key must be hashable (compare.h makes its hash).
  const Value* find(const Value& key, std::uint64_t hash) const;
  const Value* find(std::string_view key) const;
  void set(Value key, std::uint64_t hash, Value value);
  void set(std::string_view key, Value value);

 private:
  template <class Same>
  std::size_t position(std::uint64_t hash, Same same) const;
  void add_to_index(std::size_t entry);
  std::vector<std::uint32_t> index_;  // open addressing; empty while the dict is small
};

struct RangeObject final : Object {
  RangeObject(Int from, Int to, Int by) : start(from), stop(to), step(by) {}
  Int start;
  Int stop;
  Int step;
  std::size_t size() const;  // at most 100000: the sandbox refuses longer ones
  Int at(std::size_t i) const { return start + static_cast<Int>(i) * step; }
};

// dict.keys(), values(), items().
struct ViewObject final : Object {
  enum class Part : std::uint8_t { keys, values, items };
  ViewObject(Value of, Part which) : dict(std::move(of)), part(which) {}
  Value dict;
  Part part;
  Value at(std::size_t i) const;
  std::size_t size() const { return dict.as_dict().entries.size(); }
};

std::uint64_t hash_text(std::string_view text);
std::size_t count_runes(std::string_view text);
// The name of the value's Python type: "str", "NoneType", "dict_items".
std::string_view type_name(const Value& value);

}  // namespace hearth::text::jinja
