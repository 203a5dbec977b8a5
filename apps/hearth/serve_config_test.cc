// SPDX-License-Identifier: Apache-2.0
//
// What a configuration file, variables and flags make together. Nothing is opened but the file.
#include "serve_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>
#include <vector>

#include "base/test_support.h"
#include "parse_flags.h"
#include "settings_file.h"

namespace hearth::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// A variable of the environment, as long as it lives.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    ::setenv(name, value.c_str(), 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

class ServeConfigTest : public testing::Test {
 protected:
  // No file at the usual place.
  ServeConfigTest() : home_("XDG_CONFIG_HOME", folder_.path()) {}

  Result<ServeConfig> resolved(std::vector<std::string> words, const std::string& file = {}) {
    if (!file.empty()) {
      words.push_back("--config");
      words.push_back(folder_.write("serve.toml", file));
    }
    ServeOptions options;
    Declarations declarations;
    Flags flags(declarations);
    options.declare(flags);
    const auto parsed = parse_flags(declarations, words);
    if (!parsed) return std::unexpected(parsed.error());
    return resolve(options);
  }
  ServeConfig config(std::vector<std::string> words, const std::string& file = {}) {
    auto result = resolved(std::move(words), file);
    EXPECT_TRUE(result.has_value()) << result.error().message;
    return result.value_or(ServeConfig());
  }
  // What is wrong, behind the file's name; a number of exit status before it.
  std::string refusal(const std::string& file, std::vector<std::string> words = {}) {
    const auto result = resolved(std::move(words), file);
    if (result) return "none";
    const std::string path = folder_.file("serve.toml") + ":";
    std::string text = result.error().message;
    EXPECT_EQ(result.error().code, ErrorCode::usage) << text;
    if (text.starts_with(path)) text = text.substr(path.size());
    return text;
  }

  const hearth::test::TempDir folder_;
  const Variable home_;
};

TEST_F(ServeConfigTest, WithoutAFile) {
  const ServeConfig one = config({"/m/tiny.gguf", "-a", "small", "--port", "9000", "-np", "2"});
  ASSERT_EQ(one.models.size(), 1U);
  EXPECT_EQ(one.models[0].id, "tiny");
  EXPECT_THAT(one.models[0].aliases, ElementsAre("small", "/m/tiny.gguf"));
  EXPECT_EQ(one.models[0].flags.n_parallel, 2U);
  ASSERT_EQ(one.listeners.size(), 1U);
  EXPECT_EQ(one.listeners[0].port, 9000U);
  EXPECT_EQ(one.file, "");

  const ServeConfig several = config({"a", "-m", "b", "-m", "c"});
  std::vector<std::string> ids;
  for (const ModelToServe& model : several.models) ids.push_back(model.id);
  EXPECT_THAT(ids, UnorderedElementsAre("a", "b", "c"));
  EXPECT_FALSE(resolved({"a", "-m", "a"}).has_value());
  EXPECT_FALSE(resolved({"a", "/m/a.gguf"}).has_value()) << "one id for two";
  EXPECT_FALSE(resolved({"a", "b", "--alias", "c"}).has_value());
  EXPECT_FALSE(resolved({}).has_value());
}

TEST_F(ServeConfigTest, AFlagBeatsAVariableBeatsTheFileBeatsTheDefault) {
  const std::string file = "model = 'a'\nparallel = 3\nmax_queue = 7\nport = 1000\n";
  EXPECT_EQ(config({}, file).models[0].flags.n_parallel, 3U);
  EXPECT_EQ(config({}, file).models[0].flags.max_queue, 7U);
  EXPECT_EQ(config({}, file).drain_seconds, 30U);
  const Variable parallel("LLAMA_ARG_N_PARALLEL", "5");
  EXPECT_EQ(config({}, file).models[0].flags.n_parallel, 5U);
  EXPECT_EQ(config({"-np", "6"}, file).models[0].flags.n_parallel, 6U);
  EXPECT_EQ(config({"--port", "2000"}, file).listeners[0].port, 2000U);
  EXPECT_EQ(config({"b"}, file).models[0].id, "b");
}

TEST_F(ServeConfigTest, TablesFallBackToTheTopLevel) {
  const ServeConfig both = config({}, R"(
parallel = 3
alias = ["not for both"]
api-key = ["top"]
host = "::1"
[[model]]
model = "a"
alias = ["x", "y"]
[[model]]
model = "b"
parallel = 9
[[listener]]
port = 1
[[listener]]
port = 2
api-key-file = "/keys"
trust-proxy = "unix"
)");
  ASSERT_EQ(both.models.size(), 2U);
  EXPECT_EQ(both.models[0].flags.n_parallel, 3U);
  EXPECT_THAT(both.models[0].aliases, ElementsAre("x", "y"));
  EXPECT_EQ(both.models[1].flags.n_parallel, 9U);
  EXPECT_THAT(both.models[1].aliases, IsEmpty());
  ASSERT_EQ(both.listeners.size(), 2U);
  EXPECT_EQ(both.listeners[1].host, "::1");
  EXPECT_THAT(both.listeners[0].api_keys, ElementsAre("top"));
  EXPECT_TRUE(both.listeners[0].takes_all_named_keys);
  // Who says where his keys come from says all of it.
  EXPECT_THAT(both.listeners[1].api_keys, IsEmpty());
  EXPECT_EQ(both.listeners[1].api_key_file, "/keys");
  EXPECT_FALSE(both.listeners[1].takes_all_named_keys);
  EXPECT_EQ(both.listeners[1].trusted_proxies, "unix");
}

TEST_F(ServeConfigTest, TheCommandLineBeatsTablesToo) {
  const std::string file = R"(
[[model]]
model = "a"
parallel = 9
[[listener]]
port = 1
api-key = ["own"]
[[listener]]
port = 2
)";
  EXPECT_EQ(config({"-np", "2"}, file).models[0].flags.n_parallel, 2U);
  EXPECT_THAT(config({"--api-key", "said"}, file).listeners[0].api_keys, ElementsAre("said"));
  const ServeConfig other = config({"b", "--port", "3"}, file);
  ASSERT_EQ(other.models.size(), 1U);
  EXPECT_EQ(other.models[0].id, "b");
  ASSERT_EQ(other.listeners.size(), 1U);
  EXPECT_EQ(other.listeners[0].port, 3U);
  EXPECT_THAT(other.notes, ElementsAre(HasSubstr("[[model]]"), HasSubstr("[[listener]]")));
}

TEST_F(ServeConfigTest, SaysWhereTheFileIsWrong) {
  EXPECT_THAT(refusal("[[# x\n"), HasSubstr("expected bare key"));
  EXPECT_THAT(refusal("mod\u00e4 = 'a'\n"), testing::StartsWith("1:4: "));
  EXPECT_EQ(refusal("model = 'a'\n\nctx_sise = 1\n"),
            "3:1: unknown key 'ctx_sise'; did you mean 'ctx-size'?");
  EXPECT_EQ(refusal("model = 'a'\nport = 'eighty'"), "2:8: port takes a whole number, not a text");
  EXPECT_EQ(refusal("port = -1"), "1:8: port: '-1' is not a number in range");
  EXPECT_EQ(refusal("no-key = 1"), "1:10: no-key takes true or false, not a whole number");
  EXPECT_EQ(refusal("host = ['a', 'b']"), "1:1: host takes one value, not a list");
  EXPECT_EQ(refusal("alias = ['a', 1]"), "1:15: alias takes a text in quotes, not a whole number");
  EXPECT_EQ(refusal("ctx-size = 1\nctx_size = 2"),
            "2:1: ctx_size says again what ctx-size says in line 1");
  EXPECT_EQ(refusal("num-ctx = 1\nctx-size = 2"),
            "2:1: ctx-size says again what num-ctx says in line 1");
  EXPECT_THAT(refusal("port = "), HasSubstr("1:"));
  EXPECT_THAT(refusal("[model]\nmodel = 'a'"), HasSubstr("1:1: write [[model]]"));
  EXPECT_THAT(refusal("[server]\nport = 1"), HasSubstr("[[model]] and [[listener]]"));
  EXPECT_THAT(refusal("[[model]]\nparallel = 1"), HasSubstr("1:1: this [[model]]"));
  EXPECT_THAT(refusal("[[model]]\nmodel = 'a'\nport = 1"), HasSubstr("3:1: unknown key 'port'"));
  EXPECT_THAT(refusal("[[listener]]\nctx-size = 1", {"a"}), HasSubstr("2:1: unknown key"));
  EXPECT_THAT(refusal("model = 'a'\n[[model]]\nmodel = 'b'"), HasSubstr("2:"));
  EXPECT_THAT(refusal("[[model]]\nmodel = 'a'\n[[model]]\nmodel = 'b'\nalias = ['a']"),
              HasSubstr("'a'"));
  EXPECT_THAT(refusal("config = 'other.toml'"), HasSubstr("unknown key 'config'"));
  EXPECT_THAT(refusal("port = 1979-05-27"), HasSubstr("1:8: "));
  const auto missing = resolved({"a", "--config", folder_.file("none.toml")});
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
}

TEST_F(ServeConfigTest, NumbersThatAreKeptAsTexts) {
  EXPECT_EQ(refusal("model = 'a'\npoll = 50\ncpu-strict = 1\n"), "none");
}

TEST_F(ServeConfigTest, ReadsTheFileAtTheUsualPlace) {
  EXPECT_EQ(config({"a"}).file, "");
  ASSERT_EQ(::mkdir(folder_.file("hearth").c_str(), 0700), 0);
  const std::string path = folder_.write("hearth/serve.toml", "port = 4711\n");
  const ServeConfig found = config({"a"});
  EXPECT_EQ(found.file, path);
  EXPECT_EQ(found.listeners[0].port, 4711U);
}

TEST_F(ServeConfigTest, TellsWhatOnlyARestartChanges) {
  const auto fixed = config({}, R"(
model = "a"
api-key = ["k"]
[[listener]]
port = 1
allowed_host = ["h"]
max-body = 3
)")
                         .fixed;
  EXPECT_THAT(fixed, UnorderedElementsAre("model = a", "[[listener]] 1: port = 1",
                                          "[[listener]] 1: max-body = 3"));
}

TEST_F(ServeConfigTest, TheExampleIsUnderstood) {
  const std::string path = std::string(HEARTH_SOURCE_DIR) + "/docs/examples/serve.toml";
  const ServeConfig example = config({"--config", path});
  EXPECT_EQ(example.models.size(), 2U);
  EXPECT_EQ(example.listeners.size(), 3U);
  EXPECT_EQ(example.models[1].flags.n_parallel, 2U);
  EXPECT_EQ(example.models[0].flags.n_parallel, 8U);
}

}  // namespace
}  // namespace hearth::app
