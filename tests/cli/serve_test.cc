// SPDX-License-Identifier: Apache-2.0
//
// hearth serve as a client meets it: a real process, its confined worker, and real sockets.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <optional>
#include <thread>

#include "base/base64.h"
#include "base/file.h"
#include "base/json.h"
#include "program.h"
#include "server_program.h"

namespace hearth::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

struct Answer {
  int status = 0;
  std::string text;  // headers and body, as they came
  Json body() const {
    const std::size_t at = text.find("\r\n\r\n");
    return parse_json(text.substr(at == std::string::npos ? 0 : at + 4)).value_or(Json());
  }
};

class ServeTest : public testing::Test {
 protected:
  void SetUp() override { start({}); }
  void TearDown() override {
    if (!server_) return;
    EXPECT_EQ(server_->stop(SIGTERM), 0) << server_->said();
  }

  // On a port of its own; returns when the model is served.
  void start(std::vector<std::string> flags) {
    std::vector<std::string> args = {
        fixture("tiny-llama-q8_0.gguf"), "--port", "0", "-c", "256", "-np", "8", "-t", "2"};
    args.insert(args.end(), flags.begin(), flags.end());
    server_.emplace(ServerInvocation{.args = std::move(args)});
    port_ = server_->port();
    ASSERT_NE(port_, 0) << server_->said();
  }

  // Ends it before the test does; its exit status, and said_ is all that it said.
  int stop() {
    const int status = server_->stop(SIGTERM);
    said_ = server_->said();
    server_.reset();
    return status;
  }

  UniqueFd connect() const {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  static std::string request_text(const std::string& method, const std::string& path,
                                  const std::string& body) {
    return method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  Answer ask(const std::string& method, const std::string& path,
             const std::string& body = "") const {
    const UniqueFd fd = connect();
    EXPECT_TRUE(write_all(fd.get(), request_text(method, path, body)));
    Answer answer;
    answer.text = read_all(fd.get(), std::size_t{64} << 20).value_or("");
    if (answer.text.starts_with("HTTP/1.1 ")) answer.status = std::stoi(answer.text.substr(9, 3));
    return answer;
  }
  static std::string chat(const std::string& question, const std::string& rest = "") {
    return R"({"messages": [{"role": "user", "content": ")" + question +
           R"("}], "temperature": 0, "max_tokens": 12)" + rest + "}";
  }
  std::string content_of(const std::string& question) const {
    const Answer answer = ask("POST", "/v1/chat/completions", chat(question));
    EXPECT_EQ(answer.status, 200) << answer.text;
    if (answer.status != 200) return "";
    return answer.body()["choices"][0]["message"]["content"].get<std::string>();
  }

  std::optional<ServerProgram> server_;
  std::uint16_t port_ = 0;
  std::string said_;
};

TEST_F(ServeTest, AnswersInAnyBatchWhatItAnswersAlone) {
  EXPECT_EQ(ask("GET", "/health").body()["status"], "ok");
  EXPECT_EQ(ask("GET", "/v1/models").body()["data"][0]["id"], "tiny-llama-q8_0");
  constexpr int kQuestions = 8;
  std::vector<std::string> alone, together(kQuestions);
  for (int i = 0; i < kQuestions; ++i) alone.push_back(content_of("number " + std::to_string(i)));
  std::vector<std::thread> clients;
  for (int i = 0; i < kQuestions; ++i)
    clients.emplace_back([&, i] {
      together[static_cast<std::size_t>(i)] = content_of("number " + std::to_string(i));
    });
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(together, alone);
  EXPECT_THAT(ask("GET", "/props").text, HasSubstr("system call filter"));
  EXPECT_THAT(ask("GET", "/metrics").text,
              HasSubstr("hearth:generation_tokens_total{model_name=\"tiny-llama-q8_0\"}"));
}

TEST_F(ServeTest, StreamsAsOfficialClientsReadIt) {
  const Answer whole = ask("POST", "/v1/chat/completions", chat("hello", R"(, "n": 2)"));
  const Answer stream =
      ask("POST", "/v1/chat/completions",
          chat("hello", R"(, "n": 2, "stream": true, "stream_options": {"include_usage": true})"));
  std::vector<std::string> texts(2), reasons(2);
  std::size_t n_prompt = 0;
  for (std::size_t at = stream.text.find("data: {"); at != std::string::npos;
       at = stream.text.find("data: {", at + 1)) {
    const Json chunk = *parse_json(stream.text.substr(at + 6, stream.text.find('\n', at) - at - 6));
    if (chunk.contains("usage")) n_prompt = chunk["usage"]["prompt_tokens"].get<std::size_t>();
    for (const Json& choice : chunk["choices"]) {
      const auto i = choice["index"].get<std::size_t>();
      texts.at(i) += choice["delta"].value("content", "");
      if (choice["finish_reason"].is_string())
        reasons.at(i) = choice["finish_reason"].get<std::string>();
    }
  }
  EXPECT_THAT(stream.text, AllOf(HasSubstr("text/event-stream"), HasSubstr("data: [DONE]")));
  const Json body = whole.body();
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(texts[i], body["choices"][i]["message"]["content"].get<std::string>());
    EXPECT_EQ(reasons[i], body["choices"][i]["finish_reason"].get<std::string>());
  }
  EXPECT_EQ(n_prompt, body["usage"]["prompt_tokens"].get<std::size_t>());
}

TEST_F(ServeTest, EchoesAPromptWithItsScores) {
  const Json body = ask("POST", "/v1/completions",
                        R"({"prompt": [[5, 6, 7, 8]], "echo": true, "logprobs": 2, "max_tokens": 1,
                            "temperature": 0})")
                        .body();
  const Json& logprobs = body["choices"][0]["logprobs"];
  ASSERT_EQ(logprobs["tokens"].size(), 5U) << to_json_text(body);
  EXPECT_TRUE(logprobs["token_logprobs"][0].is_null());
  for (std::size_t i = 1; i < 5; ++i) EXPECT_LT(logprobs["token_logprobs"][i].get<double>(), 0);
  EXPECT_EQ(body["usage"]["prompt_tokens"], 4);
}

std::vector<float> numbers_of(const Json& embedding) {
  return embedding["embedding"].get<std::vector<float>>();
}

// One text alone, in a list and beside conversations, as numbers and as base64: the same bits.
TEST_F(ServeTest, EmbedsTexts) {
  const Json alone = ask("POST", "/v1/embeddings", R"({"input": "a cat"})").body();
  const std::vector<float> cat = numbers_of(alone["data"][0]);
  ASSERT_EQ(cat.size(), 64U) << to_json_text(alone);
  double squares = 0;
  for (const float x : cat) squares += double{x} * double{x};
  EXPECT_NEAR(squares, 1, 1e-6);
  EXPECT_EQ(alone["usage"]["prompt_tokens"], alone["usage"]["total_tokens"]);

  std::string inputs;
  for (int i = 0; i < 30; ++i) inputs += R"("number )" + std::to_string(i) + R"(", )";
  std::thread other([&] { content_of("tell me a story"); });
  const Json many =
      ask("POST", "/v1/embeddings", R"({"input": [)" + inputs + R"("a cat"]})").body();
  other.join();
  ASSERT_EQ(many["data"].size(), 31U) << to_json_text(many);
  EXPECT_EQ(numbers_of(many["data"][30]), cat);
  EXPECT_NE(numbers_of(many["data"][29]), cat);

  const Json encoded =
      ask("POST", "/v1/embeddings", R"({"input": "a cat", "encoding_format": "base64"})").body();
  EXPECT_EQ(encoded["data"][0]["embedding"].get<std::string>(),
            to_base64(std::as_bytes(std::span(cat))));

  const Json ids = ask("POST", "/tokenize", R"({"content": "a cat", "add_special": true})").body();
  EXPECT_EQ(
      numbers_of(ask("POST", "/v1/embeddings", R"({"input": )" + to_json_text(ids["tokens"]) + "}")
                     .body()["data"][0]),
      cat);
  EXPECT_EQ(ask("POST", "/v1/embeddings", R"({"input": "a cat", "dimensions": 3})")
                .body()["data"][0]["embedding"]
                .size(),
            3U);
  EXPECT_EQ(ask("POST", "/v1/embeddings", R"({"input": "a cat", "dimensions": 65})")
                .body()["error"]["param"],
            "dimensions");
  std::string words;
  for (int i = 0; i < 2000; ++i) words += "word ";
  const Json too_long =
      ask("POST", "/v1/embeddings", R"({"input": ["a", ")" + words + R"("]})").body()["error"];
  EXPECT_EQ(too_long["code"], "context_length_exceeded");
  EXPECT_EQ(too_long["param"], "input[1]");
  EXPECT_THAT(too_long["message"].get<std::string>(), HasSubstr("256"));
}

// A client that changes the beginning of what it sent before, and one that does not.
TEST_F(ServeTest, TellsWhoseChangesBreakTheCache) {
  const auto prompt = [&](int changed, const std::string& rest) {
    std::string ids;
    for (int i = 0; i < 200; ++i)
      ids += (i == 0 ? "" : ", ") + std::to_string(i == changed ? 5 : (7 * i) % 256 + 16);
    const Answer answer = ask("POST", "/v1/completions",
                              R"({"prompt": [)" + ids + R"(], "max_tokens": 1)" + rest + "}");
    EXPECT_EQ(answer.status, 200) << answer.text;
    return answer.body()["usage"]["prompt_tokens_details"]["cached_tokens"].get<int>();
  };
  EXPECT_EQ(prompt(-1, ""), 0);
  EXPECT_EQ(prompt(-1, ""), 199);
  EXPECT_EQ(prompt(-1, R"(, "cache_prompt": false)"), 0);
  EXPECT_EQ(prompt(190, ""), 190);  // near the end: nothing to tell
  EXPECT_EQ(prompt(10, ""), 10);
  const std::string metrics = ask("GET", "/metrics").text;
  EXPECT_THAT(metrics, HasSubstr("hearth:prefix_cache_broken_total{model_name="
                                 "\"tiny-llama-q8_0\"} 1\n"));
  EXPECT_EQ(stop(), 0);
  const std::size_t at = said_.find("prefix_cache_broken");
  ASSERT_NE(at, std::string::npos) << said_;
  EXPECT_EQ(said_.find("prefix_cache_broken", at + 1), std::string::npos);
  const std::size_t begin = said_.rfind('\n', at) + 1;
  const Json line = *parse_json(said_.substr(begin, said_.find('\n', at) - begin));
  EXPECT_EQ(line["at_token"], 10);
  EXPECT_EQ(line["change"], "replaced");
  EXPECT_GE(line["n_repeated"].get<int>(), 128);
  EXPECT_THAT(line["id"].get<std::string>(), testing::Not(testing::IsEmpty()));
}

class ServeWithFlags : public ServeTest {
 protected:
  void SetUp() override { start({"--pooling", "mean", "--cache-ram", "0"}); }
};

TEST_F(ServeWithFlags, PoolsAndCachesAsTold) {
  const auto embedding = [&] {
    return numbers_of(ask("POST", "/v1/embeddings", R"({"input": "a cat"})").body()["data"][0]);
  };
  const std::vector<float> mean = embedding();
  content_of("hello");
  EXPECT_EQ(ask("POST", "/v1/chat/completions", chat("hello"))
                .body()["usage"]["prompt_tokens_details"]["cached_tokens"],
            0);
  EXPECT_EQ(stop(), 0);
  said_.clear();
  start({"--pooling", "last", "--no-cache-prompt"});
  EXPECT_NE(embedding(), mean);
  const auto n_cached = [&](const std::string& rest) {
    return ask("POST", "/v1/chat/completions", chat("hello", rest))
        .body()["usage"]["prompt_tokens_details"]["cached_tokens"]
        .get<int>();
  };
  EXPECT_EQ(n_cached(""), 0);
  EXPECT_EQ(n_cached(R"(, "cache_prompt": true)"), 0);
  EXPECT_GT(n_cached(R"(, "cache_prompt": true)"), 0);
}

TEST(Serve, RefusesPoolingsThatAreNone) {
  const Outcome outcome =
      run(Invocation{.args = {"serve", fixture("tiny-llama-q8_0.gguf"), "--pooling", "rank"},
                     .environment = {"HEARTH_HOME=" + scratch_folder() + "/pooling"}});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("--pooling rank"), HasSubstr("mean, cls, last")));
}

TEST_F(ServeTest, NamesWhatIsWrong) {
  const auto fault = [&](const std::string& rest) {
    const Answer answer = ask("POST", "/v1/chat/completions", chat("x", rest));
    EXPECT_EQ(answer.status, 400) << answer.text;
    return answer.body()["error"];
  };
  EXPECT_EQ(fault(R"(, "top_p": 7)")["param"], "top_p");
  EXPECT_EQ(fault(R"(, "tools": [{}])")["param"], "tools");
  EXPECT_EQ(fault(R"(, "min_p": "x")")["param"], "min_p");
  std::string words;
  for (int i = 0; i < 2000; ++i) words += "word ";
  const Answer too_long = ask("POST", "/v1/chat/completions", chat(words));
  EXPECT_EQ(too_long.body()["error"]["code"], "context_length_exceeded");
  EXPECT_EQ(ask("POST", "/v1/chat/completions", chat("x", R"(, "model": "no")")).status, 404);
  EXPECT_EQ(ask("GET", "/nowhere").status, 404);
  EXPECT_EQ(ask("POST", "/v1/chat/completions", "{").status, 400);
}

// A client that goes away in the middle costs nobody else anything.
TEST_F(ServeTest, OutlivesClientsThatHangUp) {
  for (int i = 0; i < 20; ++i) {
    const UniqueFd fd = connect();
    ASSERT_TRUE(write_all(fd.get(), request_text("POST", "/v1/chat/completions",
                                                 chat("tell me", R"(, "stream": true)"))));
    if (i % 2 == 0) {
      char byte = 0;
      EXPECT_EQ(::read(fd.get(), &byte, 1), 1);
    }
  }
  EXPECT_EQ(content_of("hello"), content_of("hello"));
}

TEST_F(ServeTest, StartsTheModelAgainWhenItsProcessIsKilled) {
  const std::string before = content_of("hello");
  server_->signal_workers(SIGKILL);
  Answer answer;
  for (int i = 0; i < 600 && answer.status != 200; ++i) {
    ::usleep(50'000);
    answer = ask("POST", "/v1/chat/completions", chat("hello"));
    EXPECT_TRUE(answer.status == 200 || answer.status >= 500) << answer.text;
  }
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body()["choices"][0]["message"]["content"].get<std::string>(), before);
}

TEST(Serve, RefusesToBeOpenByAccident) {
  const Outcome outcome = run(Invocation{
      .args = {"serve", fixture("tiny-llama-q8_0.gguf"), "--host", "0.0.0.0", "--port", "0"},
      .environment = {"HEARTH_HOME=" + scratch_folder() + "/open"}});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("hearth key add"), HasSubstr("--no-key")));
}

TEST(Serve, TellsWhatIsWrongWithAModel) {
  const std::string path = scratch_folder() + "/broken.gguf";
  std::FILE* file = std::fopen(path.c_str(), "wb");
  ASSERT_NE(file, nullptr);
  std::fputs("GGUF but no more", file);
  std::fclose(file);
  const Outcome outcome =
      run(Invocation{.args = {"serve", path, "--port", "0"},
                     .environment = {"HEARTH_HOME=" + scratch_folder() + "/broken"}});
  EXPECT_NE(outcome.status, 0);
  EXPECT_THAT(outcome.err, HasSubstr("broken.gguf"));
}

TEST(Keys, AreShownOnceAndRevoked) {
  const auto key = [](std::vector<std::string> args) {
    args.insert(args.begin(), "key");
    return run(Invocation{.args = std::move(args),
                          .environment = {"HEARTH_HOME=" + scratch_folder() + "/keys"}});
  };
  const Outcome added = key({"add", "laptop", "--scope", "infer", "--per-minute", "10"});
  EXPECT_EQ(added.status, 0) << added.err;
  EXPECT_THAT(added.out, testing::StartsWith("hearth_"));
  const Outcome listed = key({"list"});
  EXPECT_THAT(listed.out, AllOf(HasSubstr("laptop"), HasSubstr("infer")));
  EXPECT_THAT(listed.out, testing::Not(HasSubstr(added.out.substr(20, 40))));
  EXPECT_EQ(key({"add", "laptop"}).status, 2);
  EXPECT_EQ(key({"revoke", "laptop"}).status, 0);
  EXPECT_NE(key({"revoke", "laptop"}).status, 0);
  EXPECT_EQ(parse_json(key({"list", "--json"}).out)->size(), 0U);
}

}  // namespace
}  // namespace hearth::test
