// SPDX-License-Identifier: Apache-2.0
//
// docs/api.md lists every route and every field, as the router and the schemas have them. The
// section that is checked is written by this test: HEARTH_WRITE_DOCS=1 writes it anew.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "base/file.h"
#include "server/llama_routes.h"
#include "server/openai/embedding_request.h"
#include "server/openai/generation_fields.h"

namespace hearth::server {
namespace {

constexpr std::string_view kBegin = "<!-- generated -->\n", kEnd = "<!-- end of generated -->\n";

std::string route_table() {
  Models models({});
  const ApiSettings settings;
  Metrics metrics;
  std::vector<Route> routes = openai_routes(models, settings);
  for (Route& route : llama_routes(models, settings, metrics)) routes.push_back(std::move(route));
  std::string text = "| route | key's scope | what it does |\n|---|---|---|\n";
  for (const Route& route : routes)
    text += fmt::format("| `{} {}` | {} | {} |\n", name_of(route.method), route.path,
                        name_of(route.scope), route.summary);
  return text;
}

std::string limits_of(const Field& field) {
  std::string text = words_of_types(field.types);
  if (field.types == kAnyType) text = "anything";
  for (const std::string_view value : field.values)
    text += fmt::format("{}`{}`", value == field.values.front() ? ": " : ", ", value);
  const bool has_min = field.min > -std::numeric_limits<double>::infinity();
  const bool has_max = field.max < std::numeric_limits<double>::infinity();
  if (has_min) text += fmt::format(", from {}", field.min);
  if (has_max) text += fmt::format(", to {}", field.max);
  return text;
}

std::string treatment_of(const Field& field) {
  switch (field.kind) {
    case FieldKind::used:
      return field.is_required ? "**required**" : "used";
    case FieldKind::harmless:
      return "accepted, changes nothing";
    case FieldKind::refused:
      return field.idle_value.empty() ? "refused"
                                      : fmt::format("refused, but for `{}`", field.idle_value);
  }
  return "";
}

std::string field_table(std::string_view title, std::span<const Field> fields) {
  std::string text = fmt::format("\n### {}\n| field | value | | |\n|---|---|---|---|\n", title);
  for (const Field& field : fields)
    text += fmt::format("| `{}` | {} | {} | {} |\n", field.name, limits_of(field),
                        treatment_of(field), field.note);
  return text;
}

TEST(ApiDoc, ListsEveryRouteAndField) {
  const std::string path = std::string(HEARTH_SOURCE_DIR) + "/docs/api.md";
  const std::string doc = read_file(path, 1 << 20).value();
  const std::size_t begin = doc.find(kBegin), end = doc.find(kEnd);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const std::string expected = route_table() +
                               field_table("POST /v1/chat/completions", chat_fields()) +
                               field_table("POST /v1/completions", completion_fields()) +
                               field_table("POST /v1/embeddings", embedding_fields());
  const std::size_t from = begin + kBegin.size();
  if (std::getenv("HEARTH_WRITE_DOCS") != nullptr) {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    ASSERT_NE(file, nullptr);
    const std::string whole = doc.substr(0, from) + expected + doc.substr(end);
    EXPECT_EQ(std::fwrite(whole.data(), 1, whole.size(), file), whole.size());
    EXPECT_EQ(std::fclose(file), 0);
    return;
  }
  EXPECT_EQ(doc.substr(from, end - from), expected)
      << "run this test with HEARTH_WRITE_DOCS=1 and commit docs/api.md";
}

}  // namespace
}  // namespace hearth::server
