// SPDX-License-Identifier: Apache-2.0
//
// What goes wrong around a server that runs: clients that break, a worker that is killed, a log
// that cannot be written, too few descriptors. Every request ends in an answer or in one clear
// error, and the next one is answered.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "base/json.h"
#include "base/test_support.h"
#include "program.h"
#include "server_program.h"
#include "server_watch.h"

namespace hearth::test {
namespace {

using server::test::TestAnswer;
using server::test::TestClient;
using testing::AnyOf;

ServerInvocation tiny(std::vector<std::string> flags) {
  std::vector<std::string> args = {fixture("tiny-llama-q8_0.gguf"), "--port", "0", "-t", "2"};
  args.insert(args.end(), flags.begin(), flags.end());
  return {.args = std::move(args)};
}

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

// On a connection that stays.
void post(TestClient& client, const Json& body) {
  const std::string text = to_json_text(body);
  client.send("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
              std::to_string(text.size()) + "\r\n\r\n" + text);
}
int status_of_health(TestClient& client) {
  return client.ask("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").status;
}

TestAnswer ask(std::uint16_t port) {
  TestClient client(port);
  post(client, completion("hello", 8, false));
  return client.read_answer();
}
std::string answer_of(std::uint16_t port) {
  const TestAnswer answer = ask(port);
  EXPECT_EQ(answer.status, 200) << answer.body;
  const auto body = parse_json(answer.body);
  return body && body->contains("choices") ? (*body)["choices"][0]["text"].get<std::string>() : "";
}
// While its worker is started again there is nothing but a 503.
bool answers_again(std::uint16_t port) {
  return comes_true([port] {
    const TestAnswer answer = ask(port);
    EXPECT_THAT(answer.status, AnyOf(200, 503)) << answer.body;
    return answer.status == 200;
  });
}

bool is_idle(std::uint16_t port) {
  return has_metric(port, "hearth:num_requests_running", 0) &&
         has_metric(port, "hearth:num_requests_waiting", 0);
}

// In whatever way a client leaves, and wherever its request is: waiting, read, or answered.
TEST(Faults, ClientsThatLeaveFreeTheirPlaces) {
  ServerProgram server(tiny({"-c", "4096", "-np", "4"}));
  const std::string before = answer_of(server.port());
  for (int way = 0; way < 3; ++way) {
    std::vector<TestClient> clients;
    for (int i = 0; i < 12; ++i) {
      clients.push_back(server.client());
      post(clients.back(), completion(words(100), 3000, true));
    }
    // Some are answered by now, and the others wait behind them.
    ASSERT_TRUE(clients.front().read_until("data: "));
    for (TestClient& client : clients) {
      if (way == 0) client.close();
      if (way == 1) client.reset();
      if (way == 2) client.half_close();
    }
    EXPECT_TRUE(comes_true([&] { return is_idle(server.port()); })) << "way " << way;
  }
  EXPECT_EQ(answer_of(server.port()), before);
  EXPECT_EQ(server.stop(SIGTERM), 0);
}

TEST(Faults, BrokenUploadsCostNobodyElseAnything) {
  ServerProgram server(tiny({"-c", "1024"}));
  const std::string before = answer_of(server.port());
  std::vector<TestClient> broken;
  const std::string head =
      "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n";
  for (int i = 0; i < 60; ++i) {
    broken.push_back(server.client());
    // A header without an end, a body without an end, nothing at all.
    if (i % 3 == 0) broken.back().send(head.substr(0, 30));
    if (i % 3 == 1) broken.back().send(head + "{\"prompt\": \"");
  }
  EXPECT_EQ(answer_of(server.port()), before) << "while sixty are in the middle of something";
  for (std::size_t i = 0; i < broken.size(); ++i) {
    if (i % 4 == 0) broken[i].close();
    if (i % 4 == 1) broken[i].reset();
    if (i % 4 == 2) broken[i].half_close();
    if (i % 4 == 3) broken[i].send("x");  // and again no end
  }
  EXPECT_EQ(answer_of(server.port()), before);
  EXPECT_EQ(server.stop(SIGTERM), 0);
}

// How a stream or a whole answer ended: "answered", or by which error.
std::string outcome_of(TestClient& client) {
  const TestAnswer answer = client.read_answer();
  const std::string& body = answer.body;
  if (!answer.is_complete) return "cut off";
  const auto json = parse_json(body);
  if (answer.status != 200) return (*json)["error"]["code"].get<std::string>();
  const bool is_done = body.find("data: [DONE]") != std::string::npos;
  const std::size_t error = body.find("data: {\"error\"");
  if (error == std::string::npos) return is_done || json ? "answered" : "no end";
  if (is_done || body.find("data: {\"error\"", error + 1) != std::string::npos) return "two ends";
  const auto event = parse_json(body.substr(error + 6, body.find('\n', error) - error - 6));
  return (*event)["error"]["code"].get<std::string>();
}

// Prompts that are being read, prompts that wait and answers that are being written, streamed or
// not: when the worker is killed each of them ends in one error, and then the model is there again.
TEST(Faults, AKilledWorkerCostsItsRequestsOneErrorEach) {
  ServerProgram server(tiny({"-c", "8192", "-np", "4"}));
  const std::string before = answer_of(server.port());
  for (const bool in_decode : {false, true}) {
    std::vector<TestClient> clients;
    for (int i = 0; i < 8; ++i) {
      clients.push_back(server.client());
      const bool streams = in_decode || i % 2 == 0;
      post(clients.back(), completion(words(in_decode ? 5 : 800), 2000, streams));
    }
    if (in_decode) {
      for (std::size_t i = 0; i < 4; ++i) ASSERT_TRUE(clients[i].read_until("\"text\""));
    } else {
      // Some prompts are being read by then, and the others wait.
      ASSERT_TRUE(
          comes_true([&] { return !has_metric(server.port(), "hearth:num_requests_running", 0); }));
    }
    const std::vector<pid_t> killed = server.workers();
    server.signal_workers(SIGKILL);
    int n_lost = 0;
    for (TestClient& client : clients) {
      const std::string outcome = outcome_of(client);
      EXPECT_THAT(outcome, AnyOf("worker_lost", "answered"));
      n_lost += outcome == "worker_lost" ? 1 : 0;
    }
    EXPECT_GE(n_lost, 4);
    ASSERT_TRUE(answers_again(server.port()));
    EXPECT_NE(server.workers(), killed);
    EXPECT_EQ(answer_of(server.port()), before);
  }
  EXPECT_EQ(server.stop(SIGTERM), 0);
}

// The worker may have no more memory than it has: a request is answered, or the worker ends and
// that is told apart from an answer.
TEST(Faults, AWorkerWithoutMemoryEndsInOneError) {
  ServerProgram server(tiny({"-c", "8192", "-np", "4"}));
  const std::string before = answer_of(server.port());
  const rlimit nothing{.rlim_cur = 4096, .rlim_max = RLIM_INFINITY};
  ASSERT_EQ(::prlimit(server.workers().front(), RLIMIT_AS, &nothing, nullptr), 0);
  std::vector<TestClient> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(server.client());
    post(clients.back(), completion(words(300), 100, true));
  }
  for (TestClient& client : clients)
    EXPECT_THAT(outcome_of(client), AnyOf("worker_lost", "answered", "model_loading"));
  ASSERT_TRUE(answers_again(server.port()));
  EXPECT_EQ(answer_of(server.port()), before);
  EXPECT_EQ(server.stop(SIGTERM), 0);
}

// A memory cgroup of its own for a process that already runs; nothing where none may be made. What
// the process had before is charged elsewhere.
class MemoryLimit {
 public:
  explicit MemoryLimit(std::uint64_t bytes) {
    const std::string name = "/hearth-test-" + std::to_string(::getpid());
    for (const auto& [root, file] : {std::pair{"/sys/fs/cgroup/memory", "/memory.limit_in_bytes"},
                                     std::pair{"/sys/fs/cgroup", "/memory.max"}}) {
      path_ = root + name;
      if (::mkdir(path_.c_str(), 0755) != 0) continue;
      if (put(path_ + file, std::to_string(bytes))) return;
      ::rmdir(path_.c_str());
    }
    path_.clear();
  }
  ~MemoryLimit() {
    if (!path_.empty()) comes_true([this] { return ::rmdir(path_.c_str()) == 0; });
  }
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;

  bool take(pid_t process) const {
    return !path_.empty() && put(path_ + "/cgroup.procs", std::to_string(process));
  }

 private:
  static bool put(const std::string& path, const std::string& text) {
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    return file && ::write(file.get(), text.data(), text.size()) == std::ssize(text);
  }

  std::string path_;
};

// The kernel kills a worker for memory: its requests end in one error each, and nothing else does.
TEST(Faults, AWorkerThatIsKilledForMemoryIsStartedAgain) {
  ServerProgram server(tiny({"-c", "8192", "-np", "4"}));
  const std::string before = answer_of(server.port());
  const pid_t killed = server.workers().front();
  {
    const MemoryLimit limit(256 << 10);
    if (!limit.take(killed)) GTEST_SKIP() << "no memory cgroup may be made here";
    std::vector<TestClient> clients;
    for (int i = 0; i < 4; ++i) {
      clients.push_back(server.client());
      post(clients.back(), completion(words(800), 2000, true));
    }
    for (TestClient& client : clients)
      EXPECT_THAT(outcome_of(client), AnyOf("worker_lost", "model_loading"));
    ASSERT_TRUE(answers_again(server.port()));
  }
  EXPECT_NE(server.workers().front(), killed);
  EXPECT_EQ(answer_of(server.port()), before);
  EXPECT_EQ(server.stop(SIGTERM), 0);
}

// Each look at the wall clock is two days from the one before. Deadlines, pings, budgets of time
// and retries go by the other clock.
TEST(Faults, AWallClockThatJumpsChangesNothing) {
  ServerInvocation invocation = tiny({"-c", "4096", "-np", "2"});
  const auto story = [&] {
    ServerProgram server(invocation);
    TestClient client = server.client();
    const TestAnswer first =
        client.ask(http_request("GET /health", {}, "Connection: keep-alive\r\n"));
    EXPECT_EQ(first.status, 200);
    std::vector<TestClient> clients;
    std::string told;
    for (int i = 0; i < 6; ++i) {
      clients.push_back(server.client());
      post(clients.back(), completion(words(200), 300, i % 2 == 0));
    }
    for (TestClient& one : clients) told += outcome_of(one) + " ";
    const std::vector<pid_t> killed = server.workers();
    server.signal_workers(SIGKILL);
    EXPECT_TRUE(answers_again(server.port()));
    told += answer_of(server.port());
    EXPECT_EQ(server.stop(SIGTERM), 0);
    return std::pair{first.header("date").substr(0, 16), told};
  };
  const auto [today, before] = story();
  invocation.environment = {"LD_PRELOAD=" HEARTH_JUMPING_CLOCK};
  const auto [other_day, told] = story();
  EXPECT_NE(other_day, today) << "the clock did not jump";
  EXPECT_EQ(told, before);
}

// Standard error is a pipe that nobody reads: it is full after some hundred lines.
TEST(Faults, ALogThatNobodyReadsHoldsNobodyUp) {
  ServerProgram server(tiny({"-c", "1024"}));
  TestClient client = server.client();
  for (int i = 0; i < 1500; ++i) ASSERT_EQ(status_of_health(client), 200) << "after " << i;
  EXPECT_EQ(server.stop(SIGTERM), 0);
}

TEST(Faults, ALogOnAFullDiskHoldsNobodyUp) {
  // A path, since it cannot tell a port.
  const std::string path = scratch_folder() + "/full-disk.sock";
  ServerInvocation invocation = tiny({"-c", "1024", "--host", path});
  invocation.before_start = [] { ::dup2(::open("/dev/full", O_WRONLY), STDERR_FILENO); };
  ServerProgram server(invocation);
  const auto is_healthy = [&] {
    TestClient client(path);
    return status_of_health(client) == 200;
  };
  ASSERT_TRUE(comes_true([&] { return ::access(path.c_str(), F_OK) == 0; }));
  ::usleep(100'000);  // bound, but perhaps not listening yet
  ASSERT_TRUE(comes_true(is_healthy));
  const std::vector<pid_t> killed = server.workers();
  server.signal_workers(SIGKILL);  // which it wants to tell
  ASSERT_TRUE(comes_true([&] { return server.workers() != killed && is_healthy(); }));
  EXPECT_EQ(server.stop(SIGTERM), 0);
}

// With a limit of 64 that may be raised a hundred clients are served; with one that may not, those
// that have a connection are, and the others when it is their turn.
TEST(Faults, FewDescriptors) {
  for (const rlim_t hard : {rlim_t{4096}, rlim_t{64}}) {
    // The undefined-behaviour sanitizer looks at memory by way of a pipe, and takes it for invalid
    // where it can have none.
    if (kAddressSanitizer && hard == 64) continue;
    ServerInvocation invocation = tiny({"-c", "1024"});
    invocation.before_start = [hard] {
      const rlimit few{.rlim_cur = 64, .rlim_max = hard};
      ::setrlimit(RLIMIT_NOFILE, &few);
    };
    ServerProgram server(invocation);
    std::vector<TestClient> clients;
    for (int i = 0; i < 100; ++i) clients.push_back(server.client());
    EXPECT_EQ(status_of_health(clients.front()), 200);
    for (std::size_t i = 0; hard == 64 && i < 80; ++i) clients[i].close();
    EXPECT_EQ(status_of_health(clients.back()), 200);
    EXPECT_EQ(server.stop(SIGTERM), 0);
  }
}

}  // namespace
}  // namespace hearth::test
