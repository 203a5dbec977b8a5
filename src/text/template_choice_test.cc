// SPDX-License-Identifier: Apache-2.0
//
// Our own chat templates in the forms that their names stand for, and which template a file gets.
#include "text/template_choice.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <map>

#include "base/file.h"
#include "base/json.h"
#include "text/builtin_templates.h"
#include "text/chat_template.h"
#include "text/tokenizer_test_util.h"

namespace hearth::text {
namespace {

Json turn(const char* role, const Json& content) {
  return {{"role", role}, {"content", content}};
}

std::string render(const BuiltinTemplate& builtin, const Json& messages) {
  const Result<ChatTemplate> parsed = ChatTemplate::parse(builtin.source());
  EXPECT_TRUE(parsed) << builtin.name << ": " << parsed.error().message;
  if (!parsed) return {};
  const Result<std::string> text = parsed->render({{"messages", messages},
                                                   {"bos_token", "<s>"},
                                                   {"eos_token", "</s>"},
                                                   {"add_generation_prompt", true}});
  EXPECT_TRUE(text) << builtin.name << ": " << text.error().message;
  return text.value_or(std::string());
}

// What each makes of a system message, a turn, and a second question.
const std::map<std::string_view, std::string_view> kExpected = {
    {"llama4",
     "<s><|header_start|>system<|header_end|>\n\nS<|eot|><|header_start|>user<|header_end|>\n\nQ"
     "<|eot|><|header_start|>assistant<|header_end|>\n\nA<|eot|><|header_start|>user<|header_end|>"
     "\n\nR<|eot|><|header_start|>assistant<|header_end|>\n\n"},
    {"llama3",
     "<s><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user"
     "<|end_header_id|>\n\nQ<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nA<|eot_id|>"
     "<|start_header_id|>user<|end_header_id|>\n\nR<|eot_id|><|start_header_id|>assistant"
     "<|end_header_id|>\n\n"},
    {"gpt-oss",
     "<|start|>system<|message|>S<|end|><|start|>user<|message|>Q<|end|><|start|>assistant"
     "<|channel|>final<|message|>A<|end|><|start|>user<|message|>R<|end|><|start|>assistant"},
    {"phi4",
     "<|im_start|>system<|im_sep|>S<|im_end|><|im_start|>user<|im_sep|>Q<|im_end|><|im_start|>"
     "assistant<|im_sep|>A<|im_end|><|im_start|>user<|im_sep|>R<|im_end|><|im_start|>assistant"
     "<|im_sep|>"},
    {"chatml",
     "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\nA"
     "<|im_end|>\n<|im_start|>user\nR<|im_end|>\n<|im_start|>assistant\n"},
    {"gemma",
     "<s><start_of_turn>user\nS\n\nQ<end_of_turn>\n<start_of_turn>model\nA<end_of_turn>\n"
     "<start_of_turn>user\nR<end_of_turn>\n<start_of_turn>model\n"},
    {"deepseek3", "<s>S<｜User｜>Q<｜Assistant｜>A</s><｜User｜>R<｜Assistant｜>"},
    {"command-r",
     "<s><|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>S<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|>"
     "<|USER_TOKEN|>Q<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>A"
     "<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>R<|END_OF_TURN_TOKEN|>"
     "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>"},
    {"granite",
     "<|start_of_role|>system<|end_of_role|>S<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>"
     "Q<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>A<|end_of_text|>\n"
     "<|start_of_role|>user<|end_of_role|>R<|end_of_text|>\n<|start_of_role|>assistant"
     "<|end_of_role|>"},
    {"exaone3",
     "[|system|]S[|endofturn|]\n[|user|]Q\n[|assistant|]A[|endofturn|]\n[|user|]R\n[|assistant|]"},
    {"phi3",
     "<|system|>\nS<|end|>\n<|user|>\nQ<|end|>\n<|assistant|>\nA<|end|>\n<|user|>\nR<|end|>"
     "\n<|assistant|>\n"},
    {"zephyr",
     "<|system|>\nS</s>\n<|user|>\nQ</s>\n<|assistant|>\nA</s>\n<|user|>\nR</s>\n<|assistant|>\n"},
    {"mistral-v7", "<s>[SYSTEM_PROMPT] S[/SYSTEM_PROMPT][INST] Q[/INST] A</s>[INST] R[/INST]"},
    {"mistral-v7-tekken", "<s>[SYSTEM_PROMPT]S[/SYSTEM_PROMPT][INST]Q[/INST]A</s>[INST]R[/INST]"},
    {"mistral-v3", "<s>[INST] S\n\nQ[/INST] A</s>[INST] R[/INST]"},
    {"mistral-v3-tekken", "<s>[INST]S\n\nQ[/INST]A</s>[INST]R[/INST]"},
    {"llama2", "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nQ [/INST] A </s><s>[INST] R [/INST]"},
    {"vicuna", "<s>S\n\nUSER: Q\nASSISTANT: A</s>\nUSER: R\nASSISTANT:"},
    {"deepseek2", "<s>S\n\nUser: Q\n\nAssistant: A</s>User: R\n\nAssistant:"},
    {"openchat",
     "<s>S<|end_of_turn|>GPT4 Correct User: Q<|end_of_turn|>GPT4 Correct Assistant: "
     "A<|end_of_turn|>GPT4 Correct User: R<|end_of_turn|>GPT4 Correct Assistant:"},
    {"falcon3", "<|system|>\nS\n<|user|>\nQ\n<|assistant|>\nA</s>\n<|user|>\nR\n<|assistant|>\n"},
    {"rwkv-world", "System: S\n\nUser: Q\n\nAssistant: A\n\nUser: R\n\nAssistant:"},
};

TEST(BuiltinTemplates, WriteTheFormsOfTheirNames) {
  const Json messages = Json::array(
      {turn("system", "S"), turn("user", "Q"), turn("assistant", "A"), turn("user", "R")});
  std::size_t n = 0;
  for (const BuiltinTemplate& builtin : builtin_templates()) {
    const auto expected = kExpected.find(builtin.name);
    ASSERT_NE(expected, kExpected.end()) << builtin.name;
    EXPECT_EQ(render(builtin, messages), expected->second) << builtin.name;
    ++n;
  }
  EXPECT_EQ(n, kExpected.size());
}

TEST(BuiltinTemplates, ReadTheTextOfParts) {
  const Json text = turn("user", "two words");
  const Json parts = turn("user", Json::array({{{"type", "text"}, {"text", "two "}},
                                               {{"type", "image"}},
                                               {{"type", "text"}, {"text", "words"}}}));
  for (const BuiltinTemplate& builtin : builtin_templates()) {
    EXPECT_EQ(render(builtin, Json::array({parts})), render(builtin, Json::array({text})));
    EXPECT_NE(render(builtin, Json::array({text})).find("two words"), std::string::npos);
    render(builtin, Json::array());  // no message at all is no error
  }
}

// A file with byte tokens, these special tokens and metadata.
class File {
 public:
  explicit File(const std::vector<std::string>& special,
                std::vector<format::WriteKeyValue> metadata = {}) {
    std::vector<std::string> tokens = {"a", "b", "<s>"};
    std::vector<std::int32_t> types = {1, 1, 3};
    for (const std::string& token : special) {
      tokens.push_back(token);
      types.push_back(3);
    }
    metadata.push_back({"tokenizer.ggml.model", std::string("gpt2")});
    metadata.push_back({"tokenizer.ggml.pre", std::string("gpt-2")});
    metadata.push_back({"tokenizer.ggml.tokens", tokens});
    metadata.push_back({"tokenizer.ggml.token_type", types});
    metadata.push_back({"tokenizer.ggml.merges", std::vector<std::string>{"a b"}});
    const UniqueFd fd(memfd_create("file", MFD_CLOEXEC));
    EXPECT_TRUE(format::write_gguf(fd.get(), {.metadata = metadata, .tensors = {}}));
    lseek(fd.get(), 0, SEEK_SET);
    bytes_ = read_all(fd.get(), std::size_t{1} << 20).value_or(std::string());
  }

  // "name: source" of the file's or "our name"; "nothing"; or the error.
  std::string choice(std::string_view name, std::string_view of_family = {}) const {
    const format::FileBytes file = {"test.gguf", std::as_bytes(std::span(bytes_))};
    const auto gguf = format::Gguf::parse(std::span(&file, 1));
    const auto tokenizer = load_tokenizer_bytes(bytes_);
    if (!gguf || !tokenizer) return "no file";
    const auto chosen = choose_template(*gguf, **tokenizer, name, of_family);
    if (!chosen) return chosen.error().message;
    if (!*chosen) return "nothing";
    return (*chosen)->is_builtin ? "our " + (*chosen)->name
                                 : (*chosen)->name + ": " + (*chosen)->source;
  }

 private:
  std::string bytes_;
};

TEST(TemplateChoice, AFileHasNamedTemplates) {
  const File file({}, {{"tokenizer.chat_template", std::string("usual")},
                       {"tokenizer.chat_template.tool_use", std::string("with tools")}});
  EXPECT_EQ(file.choice(""), "default: usual");
  EXPECT_EQ(file.choice("default"), "default: usual");
  EXPECT_EQ(file.choice("tool_use"), "tool_use: with tools");
  EXPECT_EQ(file.choice("chatml"), "our chatml");
  const std::string error = file.choice("nope");
  EXPECT_TRUE(error.starts_with("no chat template is named nope; there are: default, tool_use, "))
      << error;
  EXPECT_NE(error.find("chatml"), std::string::npos);
}

TEST(TemplateChoice, WithoutOneTheSpecialTokensTell) {
  EXPECT_EQ(File({}).choice(""), "nothing");
  EXPECT_EQ(File({"<|im_start|>"}).choice(""), "nothing");
  EXPECT_EQ(File({"<|im_start|>", "<|im_end|>"}).choice(""), "our chatml");
  EXPECT_EQ(File({"<|im_start|>", "<|im_end|>", "<|im_sep|>"}).choice(""), "our phi4");
  EXPECT_EQ(File({"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"}).choice(""),
            "our llama3");
  EXPECT_EQ(File({"<|user|>", "<|assistant|>", "<|end|>"}).choice(""), "our phi3");
  EXPECT_EQ(File({"<|user|>", "<|assistant|>"}).choice(""), "our zephyr");
  EXPECT_EQ(File({"[INST]", "[/INST]", "[TOOL_CALLS]"}).choice(""), "our mistral-v3-tekken");
  EXPECT_EQ(File({}).choice("", "vicuna"), "our vicuna");
  EXPECT_EQ(File({}).choice("", "chatml"), "nothing");  // without its tokens it is letters
  EXPECT_EQ(File({"<|im_start|>", "<|im_end|>"}).choice("", "vicuna"), "our chatml");
  EXPECT_NE(File({}).choice("tool_use").find("no chat template is named"), std::string::npos);
}

}  // namespace
}  // namespace hearth::text
