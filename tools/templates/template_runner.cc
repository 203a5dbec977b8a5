// SPDX-License-Identifier: Apache-2.0
//
// Renders chat templates for tools/templates/conformance.py: one process for many cases.
//   in, a line each:   {"template": "...", "variables": {...}, "now": [2024, 7, 26, 15, 4, 5]}
//   out, a line each:  {"ok": true, "text": "..."} or {"ok": false, "error": "..."}
// With "facts": true in the request, {"ok": true, "facts": {...}}: what the template tells.
// A template that is the same as the one before is not parsed again. JSON with NaN is not read.
#include <cstdio>
#include <ctime>
#include <optional>
#include <string>

#include "base/json.h"
#include "text/chat_template.h"
#include "text/template_facts.h"

namespace {

using hearth::Json;

std::tm time_of(const Json& parts) {
  std::tm time{};
  const auto part = [&parts](std::size_t i) { return i < parts.size() ? parts[i].get<int>() : 0; };
  time.tm_year = part(0) - 1900;
  time.tm_mon = part(1) - 1;
  time.tm_mday = part(2);
  time.tm_hour = part(3);
  time.tm_min = part(4);
  time.tm_sec = part(5);
  time.tm_isdst = -1;
  std::tm known = time;
  timegm(&known);
  time.tm_wday = known.tm_wday;
  time.tm_yday = known.tm_yday;
  return time;
}

class Runner {
 public:
  Json run(const std::string& line) {
    const hearth::Result<Json> request =
        hearth::parse_json(line, {.max_bytes = std::size_t{256} << 20, .max_depth = 400});
    if (!request) return failure(request.error().message);
    const std::string source = request->value("template", "");
    if (!parsed_ || source != source_) {
      source_ = source;
      parsed_.emplace(hearth::text::ChatTemplate::parse(source_));
    }
    if (!*parsed_) return failure(parsed_->error().message);
    const Json variables = request->value("variables", Json::object());
    if (request->value("facts", false))
      return Json{{"ok", true},
                  {"facts", to_json(hearth::text::probe_template(**parsed_, variables))}};
    hearth::text::RenderOptions options;
    if (request->contains("now")) options.now = time_of((*request)["now"]);
    const hearth::Result<std::string> text = (*parsed_)->render(variables, options);
    if (!text) return failure(text.error().message);
    return Json{{"ok", true}, {"text", *text}};
  }

 private:
  static Json failure(const std::string& message) {
    return Json{{"ok", false}, {"error", message}};
  }

  std::string source_;
  std::optional<hearth::Result<hearth::text::ChatTemplate>> parsed_;
};

}  // namespace

int main() {
  Runner runner;
  std::string line;
  for (int c = std::getchar(); c != EOF; c = std::getchar()) {
    if (c != '\n') {
      line.push_back(static_cast<char>(c));
      continue;
    }
    const std::string answer = hearth::to_json_text(runner.run(line)) + "\n";
    std::fputs(answer.c_str(), stdout);
    std::fflush(stdout);
    line.clear();
  }
  return 0;
}
