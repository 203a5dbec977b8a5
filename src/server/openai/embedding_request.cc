// SPDX-License-Identifier: Apache-2.0
#include "server/openai/embedding_request.h"

#include <fmt/format.h>

#include <bit>
#include <iterator>

#include "base/base64.h"
#include "base/json.h"
#include "server/openai/generation_fields.h"
#include "server/openai/prompt_list.h"

namespace hearth::server {
namespace {

constexpr std::size_t kMaxInputs = 2048;  // as OpenAI's

constexpr std::string_view kEncodings[] = {"float", "base64"};

constexpr Field kEmbeddingFields[] = {
    {.name = "input",
     .types = kString | kArray,
     .is_required = true,
     .note = "a text, a list of token ids, or a list of up to 2048 of either; none empty"},
    {.name = "model", .types = kString, .max_size = 1024, .note = "a name that /v1/models lists"},
    {.name = "encoding_format",
     .types = kString,
     .values = kEncodings,
     .note = "base64: of little-endian float32"},
    {.name = "dimensions",
     .types = kInteger,
     .min = 1,
     .max = 1e6,
     .note = "the first so many numbers, scaled to the length 1 again; means something for models "
             "that were trained so"},
    {.name = "user", .kind = FieldKind::harmless},
    {.name = "embd_normalize",
     .kind = FieldKind::refused,
     .idle_value = "2",
     .note = "embeddings have the length 1"},
};

// Shorter than what a JSON library writes of a double: the nearest float32 is all there is to say.
void append_numbers(std::string& text, const std::vector<float>& values) {
  text += '[';
  for (std::size_t i = 0; i < values.size(); ++i)
    fmt::format_to(std::back_inserter(text), "{}{}", i == 0 ? "" : ",", values[i]);
  text += ']';
}

void append_base64(std::string& text, const std::vector<float>& values) {
  static_assert(std::endian::native == std::endian::little);
  text += '"';
  text += to_base64(std::as_bytes(std::span(values)));
  text += '"';
}

}  // namespace

std::span<const Field> embedding_fields() {
  return kEmbeddingFields;
}

std::expected<EmbeddingRequest, ApiError> read_embedding_request(const Json& body) {
  if (auto error = check_fields(body, embedding_fields(), UnknownFields::refuse))
    return std::unexpected(std::move(*error));
  EmbeddingRequest request;
  if (const Json* model = member(body, "model")) request.model = model->get<std::string>();
  const Json& input = body.at("input");
  auto inputs =
      read_prompts(input, {.field = "input", .most = kMaxInputs, .takes_empty_text = false});
  if (!inputs) return std::unexpected(std::move(inputs.error()));
  request.inputs = std::move(*inputs);
  request.is_list = input.is_array() && !input.front().is_number();
  if (const Json* encoding = member(body, "encoding_format"))
    request.as_base64 = encoding->get_ref<const std::string&>() == "base64";
  if (const Json* n = member(body, "dimensions")) request.n_dims = n->get<std::uint32_t>();
  return request;
}

// Written by hand: a tree of millions of numbers would take ten times the memory of their text.
std::string embedding_body(std::string_view model, std::span<const wire::Embedding> embeddings,
                           bool as_base64) {
  std::string text = R"({"object":"list","data":[)";
  std::uint64_t n_tokens = 0;
  for (std::size_t i = 0; i < embeddings.size(); ++i) {
    fmt::format_to(std::back_inserter(text), R"({}{{"object":"embedding","index":{},"embedding":)",
                   i == 0 ? "" : ",", i);
    (as_base64 ? append_base64 : append_numbers)(text, embeddings[i].values);
    text += '}';
    n_tokens += embeddings[i].n_prompt;
  }
  fmt::format_to(std::back_inserter(text),
                 R"(],"model":{},"usage":{{"prompt_tokens":{},"total_tokens":{}}}}})",
                 to_json_text(Json(std::string(model))), n_tokens, n_tokens);
  return text;
}

}  // namespace hearth::server
