// SPDX-License-Identifier: Apache-2.0
//
// What goes wrong around a server that runs: clients that break, a worker that is killed, a log
// that cannot be written, too few descriptors. Every request ends in an answer or in one clear
// error, and the next one is answered.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server_process.h"

namespace hearth::test {
namespace {

using testing::AnyOf;

constexpr const char* kCompletions = "/v1/completions";

Json completion(const std::string& prompt, int n_tokens, bool streams) {
  Json body;
  body["prompt"] = prompt;
  body["max_tokens"] = n_tokens;
  body["ignore_eos"] = true;
  body["temperature"] = 0;
  body["stream"] = streams;
  return body;
}

std::string words(std::size_t n) {
  std::string text;
  for (std::size_t i = 0; i < n; ++i) text += "w" + std::to_string(i) + " ";
  return text;
}

std::string answer_of(const ServerProcess& server) {
  Client client(server.port());
  client.post(kCompletions, completion("hello", 8, false));
  const std::string answer = client.read_answer();
  EXPECT_EQ(status_of(answer), 200) << answer;
  const Json body = body_of(answer);
  return body.contains("choices") ? body["choices"][0]["text"].get<std::string>() : "";
}

bool is_idle(const ServerProcess& server) {
  return server.has_metric("hearth:num_requests_running", 0) &&
         server.has_metric("hearth:num_requests_waiting", 0);
}

// In whatever way a client leaves, and wherever its request is: waiting, read, or answered.
TEST(Faults, ClientsThatLeaveFreeTheirPlaces) {
  ServerProcess server({.flags = {"-c", "4096", "-np", "4"}});
  const std::string before = answer_of(server);
  for (int way = 0; way < 3; ++way) {
    std::vector<Client> clients;
    for (int i = 0; i < 12; ++i) {
      clients.emplace_back(server.port());
      clients.back().post(kCompletions, completion(words(100), 3000, true));
    }
    // Some are answered by now, and the others wait behind them.
    ASSERT_TRUE(clients.front().read_until("data: "));
    for (Client& client : clients) {
      if (way == 0) client.close();
      if (way == 1) client.reset();
      if (way == 2) client.half_close();
    }
    EXPECT_TRUE(comes_true([&] { return is_idle(server); })) << "way " << way;
  }
  EXPECT_EQ(answer_of(server), before);
  EXPECT_EQ(server.stop(), 0);
}

TEST(Faults, BrokenUploadsCostNobodyElseAnything) {
  ServerProcess server({.flags = {"-c", "1024"}});
  const std::string before = answer_of(server);
  std::vector<Client> broken;
  const std::string head = std::string("POST ") + kCompletions +
                           " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n";
  for (int i = 0; i < 60; ++i) {
    broken.emplace_back(server.port());
    // A header without an end, a body without an end, nothing at all.
    if (i % 3 == 0) broken.back().send(head.substr(0, 30));
    if (i % 3 == 1) broken.back().send(head + "{\"prompt\": \"");
  }
  EXPECT_EQ(answer_of(server), before) << "while sixty clients are in the middle of something";
  for (std::size_t i = 0; i < broken.size(); ++i) {
    if (i % 4 == 0) broken[i].close();
    if (i % 4 == 1) broken[i].reset();
    if (i % 4 == 2) broken[i].half_close();
    if (i % 4 == 3) broken[i].send("x");  // and again no end
  }
  EXPECT_EQ(answer_of(server), before);
  broken.clear();  // the end of the server waits for requests that are on their way
  EXPECT_EQ(server.stop(), 0);
}

// How a stream or a whole answer ended: "answered", or by which error.
std::string outcome_of(Client& client) {
  const std::string answer = client.read_answer();
  if (answer.empty()) return "cut off";
  if (status_of(answer) != 200) return body_of(answer)["error"]["code"].get<std::string>();
  const bool is_done = answer.find("data: [DONE]") != std::string::npos;
  const std::size_t error = answer.find("data: {\"error\"");
  if (error == std::string::npos) return is_done || body_of(answer).is_object() ? "answered" : "?";
  if (is_done || answer.find("data: {\"error\"", error + 1) != std::string::npos) return "two ends";
  const std::string event = answer.substr(error + 6, answer.find('\n', error) - error - 6);
  return (*parse_json(event))["error"]["code"].get<std::string>();
}

// Prompts that are being read, prompts that wait and answers that are being written, streamed or
// not: when the worker is killed each of them ends in one error, and then the model is there again.
TEST(Faults, AKilledWorkerCostsItsRequestsOneErrorEach) {
  ServerProcess server({.flags = {"-c", "8192", "-np", "4"}});
  const std::string before = answer_of(server);
  for (const bool in_decode : {false, true}) {
    std::vector<Client> clients;
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back(server.port());
      const bool streams = in_decode || i % 2 == 0;
      clients.back().post(kCompletions, completion(words(in_decode ? 5 : 800), 2000, streams));
    }
    if (in_decode) {
      for (int i = 0; i < 4; ++i)
        ASSERT_TRUE(clients[static_cast<std::size_t>(i)].read_until("\"text\""));
    } else {
      // Some prompts are being read by then, and the others wait.
      ASSERT_TRUE(comes_true([&] { return !server.has_metric("hearth:num_requests_running", 0); }));
    }
    const pid_t killed = server.worker();
    ASSERT_GT(killed, 0);
    ::kill(killed, SIGKILL);
    int n_lost = 0;
    for (Client& client : clients) {
      const std::string outcome = outcome_of(client);
      EXPECT_THAT(outcome, AnyOf("worker_lost", "answered"));
      n_lost += outcome == "worker_lost" ? 1 : 0;
    }
    EXPECT_GE(n_lost, 4);
    ASSERT_TRUE(comes_true([&] {
      Client client(server.port());
      client.post(kCompletions, completion("hello", 8, false));
      const std::string answer = client.read_answer();
      EXPECT_THAT(status_of(answer), AnyOf(200, 503)) << answer;
      return status_of(answer) == 200;
    }));
    EXPECT_NE(server.worker(), killed);
    EXPECT_EQ(answer_of(server), before);
  }
  EXPECT_EQ(server.stop(), 0);
}

// The worker may have no more memory than it has: the request is answered, or the worker ends and
// is told apart from an answer.
TEST(Faults, AWorkerWithoutMemoryEndsInOneError) {
  ServerProcess server({.flags = {"-c", "8192", "-np", "4"}});
  const std::string before = answer_of(server);
  const rlimit nothing{.rlim_cur = 4096, .rlim_max = RLIM_INFINITY};
  ASSERT_EQ(::prlimit(server.worker(), RLIMIT_AS, &nothing, nullptr), 0);
  std::vector<Client> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back(server.port());
    clients.back().post(kCompletions, completion(words(300), 100, true));
  }
  for (Client& client : clients)
    EXPECT_THAT(outcome_of(client), AnyOf("worker_lost", "answered", "model_loading"));
  ASSERT_TRUE(comes_true([&] {
    Client client(server.port());
    client.post(kCompletions, completion("hello", 8, false));
    return status_of(client.read_answer()) == 200;
  }));
  EXPECT_EQ(answer_of(server), before);
  EXPECT_EQ(server.stop(), 0);
}

// Standard error is a pipe that nobody reads: it is full after some hundred lines.
TEST(Faults, ALogThatNobodyReadsHoldsNobodyUp) {
  ServerProcess server({.flags = {"-c", "1024"}});
  Client client(server.port());
  for (int i = 0; i < 1500; ++i) {
    client.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    ASSERT_EQ(status_of(client.read_answer()), 200) << "after " << i;
  }
  EXPECT_EQ(server.stop(), 0);
}

TEST(Faults, ALogOnAFullDiskHoldsNobodyUp) {
  ServerProcess server({.flags = {"-c", "1024"}, .disk_is_full = true});
  EXPECT_EQ(answer_of(server), answer_of(server));
  ::kill(server.worker(), SIGKILL);  // which it wants to tell
  EXPECT_TRUE(comes_true([&] { return server.has_metric("hearth:worker_restarts_total", 1); }));
  EXPECT_EQ(server.stop(), 0);
}

// With a limit of 64 that may be raised a hundred clients are served; with one that may not, those
// that have a connection are, and the others when it is their turn.
TEST(Faults, FewDescriptors) {
  for (const rlim_t hard : {rlim_t{4096}, rlim_t{64}}) {
    ServerProcess server({.flags = {"-c", "1024"}, .in_child = [hard] {
                            const rlimit few{.rlim_cur = 64, .rlim_max = hard};
                            ::setrlimit(RLIMIT_NOFILE, &few);
                          }});
    std::vector<Client> clients;
    for (int i = 0; i < 100; ++i) clients.emplace_back(server.port());
    const auto ask = [](Client& client) {
      client.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
      return status_of(client.read_answer());
    };
    EXPECT_EQ(ask(clients.front()), 200);
    if (hard == 64) clients.erase(clients.begin(), clients.end() - 20);
    EXPECT_EQ(ask(clients.back()), 200);
    EXPECT_EQ(server.stop(), 0);
  }
}

}  // namespace
}  // namespace hearth::test
