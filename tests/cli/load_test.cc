// SPDX-License-Identifier: Apache-2.0
//
// `hearth bench --server` against `hearth serve`; and, with its help, whether the server stays as
// it is: HEARTH_SOAK=1 makes that 10,000 requests from 1,000 clients at once, as `./check --soak`
// does.
#include <gmock/gmock.h>

#include <csignal>
#include <cstdlib>

#include "base/json.h"
#include "base/test_support.h"
#include "program.h"
#include "server_program.h"
#include "server_watch.h"

namespace hearth::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

ServerInvocation tiny(std::vector<std::string> flags) {
  std::vector<std::string> args = {fixture("tiny-llama-q8_0.gguf"), "--port", "0", "-t", "2"};
  args.insert(args.end(), flags.begin(), flags.end());
  return {.args = std::move(args)};
}

std::string url_of(ServerProgram& server) {
  return "http://127.0.0.1:" + std::to_string(server.port());
}

Outcome bench(const std::string& url, std::vector<std::string> flags,
              std::vector<std::string> environment = {}) {
  std::vector<std::string> args = {"bench", "--server", url};
  args.insert(args.end(), flags.begin(), flags.end());
  return run(Invocation{.args = std::move(args), .environment = std::move(environment)});
}

Json report_of(const Outcome& outcome) {
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  return parse_json(outcome.out).value_or(Json());
}

TEST(Load, MeasuresOurOwnServer) {
  ServerProgram server(tiny({"-c", "1024", "-np", "8"}));
  for (const char* endpoint : {"completions", "chat"}) {
    std::vector<std::string> flags = {"-p",
                                      "60",
                                      "-n",
                                      "12",
                                      "-np",
                                      "6",
                                      "--num-prompts",
                                      "30",
                                      "--json",
                                      "--save-detailed",
                                      "--goodput",
                                      "ttft:60000"};
    if (endpoint == std::string("chat")) flags.emplace_back("--chat");
    const Json report = report_of(bench(url_of(server), flags));
    ASSERT_TRUE(report.is_object());
    EXPECT_EQ(report["model_id"].get<std::string>(), "tiny-llama-q8_0");
    EXPECT_EQ(report["endpoint_type"].get<std::string>(), endpoint);
    EXPECT_EQ(report["completed"], 30);
    EXPECT_EQ(report["failed"], 0);
    EXPECT_EQ(report["total_output_tokens"], 30 * 12) << "the end is ignored";
    EXPECT_EQ(report["max_concurrent_requests"], 6);
    EXPECT_GT(report["p99_ttft_ms"].get<double>(), 0);
    EXPECT_GE(report["p99_e2el_ms"].get<double>(), report["p90_e2el_ms"].get<double>());
    EXPECT_DOUBLE_EQ(report["request_goodput"].get<double>(),
                     report["request_throughput"].get<double>());
    // Words were learnt to be so long; they differ.
    EXPECT_NEAR(report["total_input_tokens"].get<double>(), 30 * 60, 30 * 15);
    ASSERT_EQ(report["input_lens"].size(), 30u);
    // The server counted the same.
    const int n_prompts = endpoint == std::string("chat") ? 2 * 33 : 33;  // with those before
    EXPECT_TRUE(comes_true([&] {
      return has_metric(server.port(), "hearth:request_prompt_tokens_count", n_prompts);
    }));
  }
  const Outcome table =
      bench(url_of(server) + "/v1", {"--mix", "3:20,4", "--mix", "1:200,4", "--num-prompts", "8",
                                     "--request-rate", "100", "-m", "tiny-llama-q8_0"});
  EXPECT_EQ(table.status, 0) << table.err;
  EXPECT_THAT(table.out, AllOf(HasSubstr("100 a second"), HasSubstr("TTFT of 200,4"),
                               HasSubstr("|         8 |      0 |")));
  EXPECT_EQ(server.stop(SIGTERM), 0);
}

TEST(Load, SharesAPrefixWhenAsked) {
  ServerProgram server(tiny({"-c", "2048", "-np", "2"}));
  const Json report =
      report_of(bench(url_of(server), {"-p", "20", "-n", "2", "--num-prompts", "10", "-np", "1",
                                       "--shared-prefix", "500", "--json"}));
  // All but an unfinished block of 64 tokens of it.
  EXPECT_GT(report["total_cached_tokens"].get<double>(), 10 * 380.0);
  const Json apart = report_of(
      bench(url_of(server), {"-p", "500", "-n", "2", "--num-prompts", "10", "-np", "1", "--json"}));
  EXPECT_LT(apart["total_cached_tokens"].get<double>(), 10 * 20.0);
  EXPECT_EQ(server.stop(SIGTERM), 0);
}

TEST(Load, SaysWhatIsWrong) {
  const Outcome nobody = bench("127.0.0.1:1", {});
  EXPECT_EQ(nobody.status, 1);
  EXPECT_THAT(nobody.err,
              AllOf(StartsWith("hearth: http://127.0.0.1:1/v1/models: "), HasSubstr("onnect")));
  const auto usage = [](std::vector<std::string> flags) {
    const Outcome outcome = bench("127.0.0.1:1", std::move(flags));
    EXPECT_EQ(outcome.status, 2) << outcome.err;
    return outcome.err;
  };
  EXPECT_THAT(usage({"--sweep"}), HasSubstr("--sweep"));
  EXPECT_THAT(usage({"-p", "1,2"}), HasSubstr("one number"));
  EXPECT_THAT(usage({"--mix", "8:100"}), HasSubstr("8:100,48"));
  EXPECT_THAT(usage({"--mix", "0:1,1"}), HasSubstr("--mix"));
  EXPECT_THAT(usage({"--mix", "1:1,1", "-p", "3"}), HasSubstr("leave out -p"));
  EXPECT_THAT(usage({"--goodput", "ttl:1"}), HasSubstr("ttft"));
  EXPECT_THAT(usage({"--request-rate", "0"}), HasSubstr("inf"));
  EXPECT_THAT(usage({"--burstiness", "0"}), HasSubstr("--burstiness"));
  EXPECT_THAT(usage({"--random-range-ratio", "1"}), HasSubstr("--random-range-ratio"));
  EXPECT_THAT(usage({"--extra-body", "[]"}), HasSubstr("--extra-body"));
  EXPECT_THAT(usage({"-o", "csv"}), HasSubstr("jsonl"));
  EXPECT_THAT(usage({"-m", "a,b"}), HasSubstr("one model"));
  EXPECT_EQ(run({"bench", "--mix", "1:1,1"}).status, 2);

  ServerProgram server(tiny({"-c", "1024", "--api-key", "secret"}));
  EXPECT_THAT(bench(url_of(server), {}).err, HasSubstr("HTTP 401"));
  const std::vector<std::string> few = {"-p", "20", "-n", "2", "--num-prompts", "2"};
  EXPECT_EQ(bench(url_of(server), few, {"HEARTH_API_KEY=secret"}).status, 0);
  EXPECT_THAT(bench(url_of(server), {"--api-key", "secret", "-m", "no"}).err, HasSubstr("'no'"));
  EXPECT_THAT(bench(url_of(server), {"--api-key", "secret", "-p", "4000"}).err,
              HasSubstr("HTTP 400"))
      << "a prompt that does not fit";
  EXPECT_EQ(server.stop(SIGTERM), 0);
}

TEST(Load, CtrlCPrintsWhatThereIs) {
  ServerProgram server(tiny({"-c", "1024"}));
  const Outcome outcome =
      run(Invocation{.args = {"bench", "--server", url_of(server), "-p", "20", "-n", "4",
                              "--request-rate", "20", "--num-prompts", "100000", "--json"},
                     .interrupt_after = 1.5});
  EXPECT_EQ(outcome.status, 130);
  const Json report = parse_json(outcome.out).value_or(Json());
  ASSERT_TRUE(report.is_object()) << outcome.out << outcome.err;
  EXPECT_GT(report["completed"].get<int>(), 0);
  EXPECT_EQ(report["completed"].get<int>() + report["unfinished"].get<int>(), 100000);
  EXPECT_LT(outcome.seconds, 20);
  EXPECT_EQ(server.stop(SIGTERM), 0);
}

TEST(Load, AQueueThatIsFullIsTold) {
  ServerProgram server(tiny({"-c", "1024", "-np", "1", "--max-queue", "4"}));
  const Json report =
      report_of(bench(url_of(server), {"-p", "20", "-n", "200", "-np", "40", "--num-prompts", "40",
                                       "--json", "--num-warmups", "1"}));
  EXPECT_GE(report["completed"].get<int>(), 4);
  EXPECT_GT(report["failed"].get<int>(), 0);
  EXPECT_EQ(report["completed"].get<int>() + report["failed"].get<int>(), 40);
  EXPECT_EQ(report["errors"].size(), 1u) << to_json_text(report["errors"]);
  EXPECT_EQ(report["errors"]["HTTP 429"]["count"], report["failed"]);
  EXPECT_EQ(server.stop(SIGTERM), 0);
}

// A twentieth, and what malloc keeps or gives back at random: in processes as small as these that
// is nearly as much (+3 % to +8 % after 10,000 requests, and no more after 70,000).
std::uint64_t with_noise(std::uint64_t bytes) {
  return bytes + bytes / 20 + (std::uint64_t{2} << 20);
}

// Many clients, and many more requests than were needed to grow to full size: no error, no thread
// more, and no memory more than noise.
TEST(Soak, StaysAsItIs) {
  const bool is_long = std::getenv("HEARTH_SOAK") != nullptr;
  const int n_clients = is_long             ? 1000
                        : kAddressSanitizer ? 30
                                            : 100,
            n_before = n_clients, n_after = 9 * n_clients;
  ServerProgram server(tiny({"-c", "512", "-np", "16", "--max-queue", "2000"}));
  const auto send = [&](int n) {
    const Json report =
        report_of(bench(url_of(server), {"-p", "30", "-n", "8", "-np", std::to_string(n_clients),
                                         "--num-prompts", std::to_string(n), "--json"}));
    EXPECT_EQ(report["completed"], n) << to_json_text(report["errors"]);
    EXPECT_EQ(report["max_concurrent_requests"], n_clients);
  };
  ASSERT_NE(server.port(), 0);
  const pid_t worker = server.workers().front();
  send(n_before);
  const std::uint64_t front_bytes = resident_bytes(server.pid());
  const std::uint64_t worker_bytes = resident_bytes(worker);
  const std::uint64_t front_threads = thread_count(server.pid());
  const std::uint64_t worker_threads = thread_count(worker);
  send(n_after);
  EXPECT_EQ(server.workers(), std::vector{worker}) << "it was started again";
  EXPECT_EQ(thread_count(server.pid()), front_threads);
  EXPECT_EQ(thread_count(worker), worker_threads);
  if (!kAddressSanitizer) {  // which keeps what is freed for a while
    EXPECT_LT(resident_bytes(server.pid()), with_noise(front_bytes));
    EXPECT_LT(resident_bytes(worker), with_noise(worker_bytes));
  }
  RecordProperty("front_bytes", static_cast<int>(front_bytes));
  RecordProperty("worker_bytes", static_cast<int>(worker_bytes));
  EXPECT_TRUE(
      comes_true([&] { return has_metric(server.port(), "hearth:num_requests_running", 0); }));
  EXPECT_EQ(server.stop(SIGTERM), 0);
}

}  // namespace
}  // namespace hearth::test
