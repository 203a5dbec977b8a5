// SPDX-License-Identifier: Apache-2.0
#include "fetch/model_ref.h"

#include <gmock/gmock.h>

namespace hearth::fetch {
namespace {

void expect_ref(std::string_view text, RefKind kind, std::string_view value,
                std::string_view quant = "") {
  const auto ref = parse_model_ref(text);
  ASSERT_TRUE(ref) << text << ": " << ref.error().message;
  EXPECT_EQ(ref->kind, kind) << text;
  EXPECT_EQ(ref->text, value) << text;
  EXPECT_EQ(ref->quant, quant) << text;
}

TEST(ModelRef, KnowsEverySpellingOfTheHub) {
  for (const char* text : {"hf:org/Repo-GGUF", "hf.co/org/Repo-GGUF",
                           "huggingface.co/org/Repo-GGUF", "https://huggingface.co/org/Repo-GGUF",
                           "https://hf.co/org/Repo-GGUF/", "hf://org/Repo-GGUF"})
    expect_ref(text, RefKind::hub, "org/Repo-GGUF");
  expect_ref("hf:org/repo:Q4_K_M", RefKind::hub, "org/repo", "Q4_K_M");
  expect_ref("hf.co/org/repo:UD-Q2_K_XL", RefKind::hub, "org/repo", "UD-Q2_K_XL");
  expect_ref("hf:org/repo:model.gguf", RefKind::hub, "org/repo", "model.gguf");
}

TEST(ModelRef, ABrowserPageOfAFileMeansTheFile) {
  expect_ref("https://huggingface.co/org/repo/blob/main/m.gguf", RefKind::url,
             "https://huggingface.co/org/repo/resolve/main/m.gguf");
  expect_ref("hf.co/org/repo/resolve/main/m.gguf", RefKind::url,
             "https://hf.co/org/repo/resolve/main/m.gguf");
  // Elsewhere "blob" is a folder like any other.
  expect_ref("http://example.org/a/blob/main/m.gguf", RefKind::url,
             "http://example.org/a/blob/main/m.gguf");
}

TEST(ModelRef, KnowsNamesAndPaths) {
  expect_ref("smollm2", RefKind::name, "smollm2");
  expect_ref("qwen3:0.6b", RefKind::name, "qwen3:0.6b");
  expect_ref("./m.gguf", RefKind::path, "./m.gguf");
  expect_ref("m.gguf", RefKind::path, "m.gguf");
  expect_ref("/a folder/m.gguf", RefKind::path, "/a folder/m.gguf");
}

TEST(ModelRef, RefusesTheRest) {
  for (const char* text : {"",
                           "hf:",
                           "hf:org",
                           "hf:org/",
                           "hf:/repo",
                           "hf:org/repo:",
                           "hf:org/re po",
                           "hf:../..",
                           "hf:org/a..b",
                           "hf:org/repo/file",
                           "hf:org/repo:a/b",
                           "hf:org/repo?x=1",
                           "ftp://host/m.gguf",
                           "https://",
                           "https:///m.gguf",
                           "https://user:secret@host/m.gguf",
                           "https://host/a b.gguf",
                           "https://host/a\nb.gguf",
                           "Not A Name",
                           "hf.co/org"}) {
    const auto ref = parse_model_ref(text);
    ASSERT_FALSE(ref) << text;
    EXPECT_EQ(ref.error().code, ErrorCode::usage) << text;
    EXPECT_THAT(ref.error().message, testing::Not(testing::HasSubstr("secret")));
  }
  EXPECT_FALSE(parse_model_ref(std::string(1 << 20, 'a')));
}

}  // namespace
}  // namespace hearth::fetch
