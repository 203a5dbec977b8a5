// SPDX-License-Identifier: Apache-2.0
//
// hearth serve from a configuration file: several models and listeners in one process, what may be
// reached where, and --check-config.
#include <gmock/gmock.h>

#include <csignal>

#include "base/json.h"
#include "base/test_support.h"
#include "program.h"
#include "server_program.h"

namespace hearth::test {
namespace {

using server::test::TestAnswer;
using server::test::TestClient;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Json body_of(const TestAnswer& answer) {
  return parse_json(answer.body).value_or(Json());
}

std::vector<std::string> ids_of(const TestAnswer& models) {
  std::vector<std::string> ids;
  const Json body = body_of(models);
  for (const Json& model : body["data"]) ids.push_back(model["id"].get<std::string>());
  return ids;
}

// Two models; the first listener has both and a key, the second one model and no key.
std::string two_of_each() {
  return "threads = 1\nctx-size = 256\nport = 0\n"
         "[[model]]\nmodel = '" +
         fixture("tiny-llama-q8_0.gguf") + "'\nalias = ['llama']\n[[model]]\nmodel = '" +
         fixture("tiny-qwen2-q8_0.gguf") +
         "'\nparallel = 2\n"
         "[[listener]]\napi-key = ['secret']\n[[listener]]\nallowed-model = ['llama']\n";
}

TEST(ServeConfig, ModelsAndListenersOfTheirOwn) {
  const TempDir folder;
  const std::string file = folder.write("serve.toml", two_of_each());
  ServerProgram program({.args = {"--config", file}});
  // Each model is announced at each address.
  ASSERT_TRUE(program.hears("is served at", 4)) << program.said();
  EXPECT_THAT(program.said(), HasSubstr("settings of " + file));
  const std::uint16_t keyed = program.port(0);
  const std::uint16_t narrow = program.port(1);
  constexpr std::string_view kKey = "Authorization: Bearer secret\r\n";

  EXPECT_EQ(TestClient(keyed).ask(http_request("GET /v1/models")).status, 401);
  EXPECT_THAT(ids_of(TestClient(keyed).ask(http_request("GET /v1/models", "", kKey))),
              ElementsAre("tiny-llama-q8_0", "tiny-qwen2-q8_0"));
  EXPECT_THAT(ids_of(TestClient(narrow).ask(http_request("GET /v1/models"))),
              ElementsAre("tiny-llama-q8_0"));

  const auto chat = [&](std::uint16_t port, const std::string& model, std::string_view headers) {
    return TestClient(port).ask(http_request("POST /v1/chat/completions",
                                             chat_body(R"(, "model": ")" + model + "\""), headers));
  };
  EXPECT_EQ(chat(keyed, "llama", kKey).status, 200);
  EXPECT_EQ(chat(keyed, "tiny-qwen2-q8_0", kKey).status, 200);
  EXPECT_EQ(chat(narrow, "llama", "").status, 200);
  // What may not be asked is not there at all.
  const TestAnswer hidden = chat(narrow, "tiny-qwen2-q8_0", "");
  EXPECT_EQ(hidden.status, 404);
  EXPECT_EQ(body_of(hidden)["error"]["code"].get<std::string>(), "model_not_found");
  EXPECT_THAT(hidden.body, Not(HasSubstr("there is: tiny-qwen2")));
  EXPECT_EQ(TestClient(narrow).ask(http_request("GET /v1/models/tiny-qwen2-q8_0")).status, 404);
  EXPECT_EQ(TestClient(narrow)
                .ask(http_request("POST /v1/completions",
                                  R"({"model": "tiny-qwen2-q8_0", "prompt": "x"})"))
                .status,
            404);
  EXPECT_EQ(
      TestClient(narrow)
          .ask(http_request("POST /tokenize", R"({"model": "tiny-qwen2-q8_0", "content": "x"})"))
          .status,
      404);
  for (const char* path : {"GET /metrics", "GET /props", "GET /slots"}) {
    EXPECT_THAT(TestClient(narrow).ask(http_request(path)).body,
                AllOf(HasSubstr("tiny-llama"), Not(HasSubstr("qwen2"))))
        << path;
    EXPECT_THAT(TestClient(keyed).ask(http_request(path, "", kKey)).body, HasSubstr("qwen2"))
        << path;
  }
  // Where there is one model nobody has to say which.
  EXPECT_EQ(TestClient(narrow).ask(http_request("POST /v1/chat/completions", chat_body())).status,
            200);
  EXPECT_EQ(
      TestClient(keyed).ask(http_request("POST /v1/chat/completions", chat_body(), kKey)).status,
      404);

  // Other models, by a signal; other addresses not.
  std::string changed = two_of_each();
  changed.replace(changed.find("['llama']\n[[model]]"), 9, "['LLAMA']");
  changed.replace(changed.rfind("['llama']"), 9, "['tiny-qwen2-q8_0']");
  folder.write("serve.toml", changed + "max-body = 3\n");
  program.signal(SIGHUP);
  ASSERT_TRUE(program.hears(R"("event":"reloaded")")) << program.said();
  EXPECT_THAT(program.said(), AllOf(HasSubstr("needs_restart"), HasSubstr("max-body = 3"),
                                    HasSubstr("alias = LLAMA")));
  EXPECT_THAT(ids_of(TestClient(narrow).ask(http_request("GET /v1/models"))),
              ElementsAre("tiny-qwen2-q8_0"));
  // A file that is wrong changes nothing.
  folder.write("serve.toml", changed + "port = 'x'\n");
  program.signal(SIGHUP);
  ASSERT_TRUE(program.hears("reload_failed"));
  EXPECT_THAT(ids_of(TestClient(narrow).ask(http_request("GET /v1/models"))),
              ElementsAre("tiny-qwen2-q8_0"));
  EXPECT_EQ(program.stop(SIGTERM), 0) << program.said();
}

TEST(ServeConfig, SeveralModelsOnTheCommandLine) {
  ServerProgram program(
      {.args = {fixture("tiny-llama-q8_0.gguf"), "-m", fixture("tiny-qwen2-q8_0.gguf"), "-c", "256",
                "-t", "1", "--port", "0"}});
  EXPECT_THAT(ids_of(program.client().ask(http_request("GET /v1/models"))),
              ElementsAre("tiny-llama-q8_0", "tiny-qwen2-q8_0"));
  EXPECT_EQ(program.stop(SIGTERM), 0) << program.said();
}

class CheckConfig : public testing::Test {
 protected:
  Outcome check(const std::string& file, std::vector<std::string> more = {}) {
    std::vector<std::string> args = {"serve", "--check-config", "--config",
                                     folder_.write("serve.toml", file)};
    args.insert(args.end(), more.begin(), more.end());
    return run(Invocation{.args = std::move(args),
                          .environment = {"HEARTH_HOME=" + folder_.file("home")}});
  }
  const TempDir folder_;
};

TEST_F(CheckConfig, SaysWhatWouldBeServed) {
  const Outcome good = check(two_of_each());
  EXPECT_EQ(good.status, 0) << good.err;
  EXPECT_THAT(good.out, AllOf(HasSubstr("model tiny-llama-q8_0 (also llama"),
                              HasSubstr("127.0.0.1:0: 1 key, all models"),
                              HasSubstr("no key is asked for, only tiny-llama-q8_0"),
                              HasSubstr("all is well")));
  const Outcome as_json = check(two_of_each(), {"--json"});
  const Json json = parse_json(as_json.out).value();
  EXPECT_EQ(as_json.err, "");
  EXPECT_EQ(json["ok"], true);
  EXPECT_EQ(json["models"][1]["parallel"], 2);
  EXPECT_EQ(json["listeners"][0]["needs_key"], true);
  EXPECT_EQ(json["listeners"][1]["models"][0].get<std::string>(), "tiny-llama-q8_0");
}

TEST_F(CheckConfig, FindsAllThatIsWrong) {
  const Outcome bad = check("model = '" + fixture("tiny-llama-q8_0.gguf") +
                            "'\n[[listener]]\nhost = '0.0.0.0'\nport = 0\n"
                            "[[listener]]\nport = 0\ntls-cert = 'only.crt'\n"
                            "[[listener]]\nport = 0\nallowed-model = ['nobody']\n"
                            "[[listener]]\nport = 0\ntrust-proxy = 'my-proxy'\n"
                            "[[listener]]\nport = 0\nkey-name = ['laptop']\n");
  EXPECT_EQ(bad.status, 2);
  EXPECT_THAT(bad.err, AllOf(HasSubstr("0.0.0.0"), HasSubstr("--ssl-key-file"), HasSubstr("nobody"),
                             HasSubstr("my-proxy"), HasSubstr("laptop")));
  EXPECT_THAT(bad.out, Not(HasSubstr("all is well")));
}

TEST_F(CheckConfig, TellsWrongFromMissing) {
  EXPECT_EQ(check("model = '/nowhere/model.gguf'\nport = 0\n").status, 3);
  const Outcome typo = check("modle = 'a'\n", {"--json"});
  EXPECT_EQ(typo.status, 2);
  const Json json = parse_json(typo.out).value();
  EXPECT_EQ(json["ok"], false);
  EXPECT_THAT(json["problems"][0]["message"].get<std::string>(), HasSubstr("serve.toml:1:1: "));
}

TEST_F(CheckConfig, SaysThatAnAddressIsInUse) {
  ServerProgram program(
      {.args = {fixture("tiny-llama-q8_0.gguf"), "-c", "256", "-t", "1", "--port", "0"}});
  const Outcome twice = check("model = '" + fixture("tiny-llama-q8_0.gguf") +
                              "'\nport = " + std::to_string(program.port()) + "\n");
  EXPECT_EQ(twice.status, 0) << "perhaps it is the server that will have this configuration";
  EXPECT_THAT(twice.err, HasSubstr("is in use now"));
  EXPECT_EQ(program.stop(SIGTERM), 0) << program.said();
}

}  // namespace
}  // namespace hearth::test
