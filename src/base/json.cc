// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <algorithm>

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

// nlohmann reports an error's place and reason through the SAX interface only; it then throws
// nothing.
class Parser : public nlohmann::detail::json_sax_dom_parser<Json> {
 public:
  using json_sax_dom_parser::json_sax_dom_parser;
  template <class Exception>
  bool parse_error(std::size_t position, const std::string& token, const Exception& exception) {
    reason_ = fmt::format(
        "not JSON at byte {}: {}", position == 0 ? 0 : position - 1,
        token.empty() ? "the end came too early" : "near '" + printable(token, 40) + "'");
    return json_sax_dom_parser::parse_error(position, token, exception);
  }
  const std::string& reason() const { return reason_; }

 private:
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
  Parser parser(value, false);
  if (!Json::sax_parse(text, &parser)) return fail(ErrorCode::usage, "{}", parser.reason());
  return value;
}

std::string to_json_text(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace hearth
