// SPDX-License-Identifier: Apache-2.0
#include "server/openai/embedding_request.h"

#include <gmock/gmock.h>

#include "base/json.h"

namespace hearth::server {
namespace {

using testing::HasSubstr;

std::expected<EmbeddingRequest, ApiError> read_embedding(std::string_view text) {
  return read_embedding_request(parse_json(text).value());
}

ApiError embedding_fault(const std::string& body) {
  const auto request = read_embedding(body);
  EXPECT_FALSE(request) << body;
  return request ? ApiError{} : request.error();
}

TEST(EmbeddingRequest, TakesInputsOfEveryForm) {
  const auto one =
      read_embedding(R"({"model": "m", "input": "text", "user": "u", "dimensions": null})");
  ASSERT_TRUE(one) << one.error().message;
  EXPECT_EQ(one->model, "m");
  EXPECT_EQ(std::get<wire::TextPrompt>(one->inputs.at(0)).text, "text");
  EXPECT_FALSE(one->is_list);
  EXPECT_FALSE(one->as_base64);
  EXPECT_EQ(one->n_dims, 0U);
  const auto ids =
      read_embedding(R"({"input": [1, 2], "encoding_format": "base64", "dimensions": 5})");
  ASSERT_TRUE(ids) << ids.error().message;
  EXPECT_EQ(std::get<wire::TokenPrompt>(ids->inputs.at(0)).ids, (std::vector<wire::TokenId>{1, 2}));
  EXPECT_FALSE(ids->is_list);
  EXPECT_TRUE(ids->as_base64);
  EXPECT_EQ(ids->n_dims, 5U);
  EXPECT_EQ(read_embedding(R"({"input": ["a", "b", "c"]})")->inputs.size(), 3U);
  EXPECT_EQ(read_embedding(R"({"input": [[1], [2, 3]]})")->inputs.size(), 2U);
  EXPECT_TRUE(read_embedding(R"({"input": ["a"]})")->is_list);
  EXPECT_TRUE(read_embedding(R"({"input": "x", "embd_normalize": 2})"));
}

TEST(EmbeddingRequest, NamesWhatIsWrong) {
  for (const auto& [body, param] :
       {std::pair(R"({})", "input"),
        {R"({"input": ""})", "input"},
        {R"({"input": []})", "input"},
        {R"({"input": {}})", "input"},
        {R"({"input": [1.5]})", "input"},
        {R"({"input": [-1]})", "input"},
        {R"({"input": [1, "a"]})", "input"},
        {R"({"input": ["a", ""]})", "input[1]"},
        {R"({"input": ["a", null]})", "input[1]"},
        {R"({"input": [[1], []]})", "input[1]"},
        {R"({"input": [[1], [4294967296]]})", "input[1]"},
        {R"({"input": "x", "encoding_format": "int8"})", "encoding_format"},
        {R"({"input": "x", "dimensions": 0})", "dimensions"},
        {R"({"input": "x", "dimensions": 2.5})", "dimensions"},
        {R"({"input": "x", "embd_normalize": 1})", "embd_normalize"},
        {R"({"input": "x", "pooling": "mean"})", "pooling"}}) {
    const ApiError error = embedding_fault(body);
    EXPECT_EQ(error.param, param) << body;
    EXPECT_EQ(row_of(error.kind).status, 400) << body;
  }
  std::string many = R"({"input": ["x")";
  for (int i = 0; i < 2048; ++i) many += R"(,"x")";
  EXPECT_THAT(embedding_fault(many + "]}").message,
              testing::AllOf(HasSubstr("2049"), HasSubstr("2048")));
}

TEST(EmbeddingBody, IsWhatClientsRead) {
  const std::vector<wire::Embedding> embeddings = {
      {.id = 7, .values = {1, -0.1F, 1e-10F}, .n_prompt = 3},
      {.id = 8, .values = {0, 3.4e38F, 0.333333343F}, .n_prompt = 4}};
  const Json body = parse_json(embedding_body("a \"name\"", embeddings, false)).value();
  EXPECT_EQ(body["object"].get<std::string>(), "list");
  EXPECT_EQ(body["model"].get<std::string>(), "a \"name\"");
  EXPECT_EQ(body["usage"]["prompt_tokens"], 7);
  EXPECT_EQ(body["usage"]["total_tokens"], 7);
  ASSERT_EQ(body["data"].size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(body["data"][i]["object"].get<std::string>(), "embedding");
    EXPECT_EQ(body["data"][i]["index"], i);
    EXPECT_EQ(body["data"][i]["embedding"].get<std::vector<float>>(), embeddings[i].values);
  }
  // 1, -0.1 and 1e-10 as float32, little end first, by hand: 3f800000 bdcccccd 2edbe6ff.
  const Json encoded = parse_json(embedding_body("m", embeddings, true)).value();
  EXPECT_EQ(encoded["data"][0]["embedding"].get<std::string>(), "AACAP83MzL3/5tsu");
  EXPECT_EQ(parse_json(embedding_body("m", {}, false)).value()["data"].size(), 0U);
}

}  // namespace
}  // namespace hearth::server
