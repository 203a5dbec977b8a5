// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/escape.h"

namespace hearth {
namespace {

// Deep nesting is found before parsing, by counting brackets outside strings, so that no recursive
// code ever sees it.
bool deeper_than(std::string_view text, int max_depth) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > max_depth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

// Receives nlohmann's parse events: the one interface of it that reports an error's place and
// throws nothing. It builds the value itself because the library's ordered objects look every new
// key up by scanning, which a hostile object of a million keys turns into hours.
class Builder {
 public:
  Builder(Json& root, std::size_t n_bytes, const JsonLimits& limits)
      : root_(root), n_bytes_(n_bytes), limits_(limits) {}

  bool null() { return put(nullptr); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(std::int64_t value) { return put(value); }
  bool number_unsigned(std::uint64_t value) { return put(value); }
  bool number_float(double value, const std::string&) { return put(value); }
  bool string(std::string& value) { return put(std::move(value)); }
  bool binary(Json::binary_t&) { return false; }  // not a thing in text
  bool start_array(std::size_t) { return open(Json::array()); }
  bool start_object(std::size_t) { return open(Json::object()); }
  bool end_array() { return close(); }
  bool end_object() { return close(); }

  bool key(std::string& name) {
    Open& top = open_.back();
    Members& members = top.value->get_ref<Json::object_t&>();
    top.member = top.find(members, name);
    if (top.member == members.size()) {
      if (!top.index.empty()) top.index.emplace(name, members.size());
      members.emplace_back(std::move(name), nullptr);
    } else if (limits_.unique_keys) {
      reason_ = "the key '" + printable(name, 80) + "' appears twice in an object";
      return false;
    }
    return true;
  }

  template <class Exception>
  bool parse_error(std::size_t position, const std::string& token, const Exception&) {
    const std::size_t at = position == 0 ? 0 : position - 1;  // the library counts from one
    reason_ = fmt::format(
        "not JSON at byte {}: {}", at,
        at >= n_bytes_ ? "the end came too early" : "near '" + printable(token, 40) + "'");
    return false;
  }
  const std::string& reason() const { return reason_; }

 private:
  using Members = Json::object_t::Container;  // the vector behind an ordered object

  // An array or object whose end has not been seen. Nothing but the innermost one grows, so
  // pointers to the others stay good.
  struct Open {
    Json* value;
    std::size_t member = 0;                              // objects: where the next value goes
    std::unordered_map<std::string, std::size_t> index;  // objects, once scanning is too slow

    std::size_t find(const Members& members, const std::string& name) {
      constexpr std::size_t kScan = 16;
      if (index.empty() && members.size() == kScan)
        for (std::size_t i = 0; i < kScan; ++i) index.emplace(members[i].first, i);
      if (!index.empty()) {
        const auto found = index.find(name);
        return found == index.end() ? members.size() : found->second;
      }
      std::size_t i = 0;
      while (i < members.size() && members[i].first != name) ++i;
      return i;
    }
  };

  Json& place(Json value) {
    if (open_.empty()) return root_ = std::move(value);
    Open& top = open_.back();
    if (top.value->is_array()) {
      top.value->push_back(std::move(value));
      return top.value->back();
    }
    Members& members = top.value->get_ref<Json::object_t&>();
    return members[top.member].second = std::move(value);
  }
  bool put(Json value) {
    if (!count()) return false;
    place(std::move(value));
    return true;
  }
  bool open(Json container) {
    if (!count()) return false;
    Json& placed = place(std::move(container));
    open_.push_back({.value = &placed, .member = 0, .index = {}});
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  bool count() {
    if (++n_values_ <= limits_.max_values) return true;
    reason_ = fmt::format("JSON of more than {} values", limits_.max_values);
    return false;
  }

  Json& root_;
  std::size_t n_bytes_;
  const JsonLimits& limits_;
  std::size_t n_values_ = 0;
  std::vector<Open> open_;
  std::string reason_;
};

}  // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes)
    return fail(ErrorCode::usage, "JSON of {} bytes is larger than the limit of {}", text.size(),
                limits.max_bytes);
  if (deeper_than(text, limits.max_depth))
    return fail(ErrorCode::usage, "JSON is nested deeper than {} levels", limits.max_depth);
  Json value;
  Builder builder(value, text.size(), limits);
  if (!Json::sax_parse(text, &builder)) return fail(ErrorCode::usage, "{}", builder.reason());
  return value;
}

std::string to_json_text(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace hearth
