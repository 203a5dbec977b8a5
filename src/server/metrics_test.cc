// SPDX-License-Identifier: Apache-2.0
#include "server/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "base/json.h"
#include "base/test_support.h"
#include "server/log.h"
#include "server/server_metrics.h"

namespace hearth::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Metrics, TextForPrometheus) {
  Metrics metrics;
  Counter& requests = metrics.counter("hearth:requests_total", "Requests.", {{"status", "200"}});
  metrics.counter("hearth:requests_total", "Requests.", {{"status", "4\"\\\n"}}).add(3);
  Gauge& running = metrics.gauge("hearth:num_requests_running", "Now\nrunning.");
  const double bounds[] = {0.5, 1, 2.5};
  Histogram& latency =
      metrics.histogram("hearth:e2e_request_latency_seconds", "Time.", bounds, {{"model", "m"}});
  requests.add();
  running.set(2.5);
  running.add(-1);
  for (const double value : {0.25, 0.5, 0.75, 4.0, std::numeric_limits<double>::quiet_NaN()})
    latency.observe(value);
  EXPECT_EQ(metrics.text(),
            "# HELP hearth:requests_total Requests.\n"
            "# TYPE hearth:requests_total counter\n"
            "hearth:requests_total{status=\"200\"} 1\n"
            "hearth:requests_total{status=\"4\\\"\\\\\\n\"} 3\n"
            "# HELP hearth:num_requests_running Now\\nrunning.\n"
            "# TYPE hearth:num_requests_running gauge\n"
            "hearth:num_requests_running 1.5\n"
            "# HELP hearth:e2e_request_latency_seconds Time.\n"
            "# TYPE hearth:e2e_request_latency_seconds histogram\n"
            "hearth:e2e_request_latency_seconds_bucket{model=\"m\",le=\"0.5\"} 2\n"
            "hearth:e2e_request_latency_seconds_bucket{model=\"m\",le=\"1\"} 3\n"
            "hearth:e2e_request_latency_seconds_bucket{model=\"m\",le=\"2.5\"} 3\n"
            "hearth:e2e_request_latency_seconds_bucket{model=\"m\",le=\"+Inf\"} 4\n"
            "hearth:e2e_request_latency_seconds_sum{model=\"m\"} 5.5\n"
            "hearth:e2e_request_latency_seconds_count{model=\"m\"} 4\n");
}

TEST(Metrics, UpdatedByManyThreads) {
  Metrics metrics;
  Counter& counter = metrics.counter("a_total", "A.");
  Histogram& histogram = metrics.histogram("b", "B.", first_token_buckets());
  Gauge& gauge = metrics.gauge("c", "C.");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) {
        counter.add();
        histogram.observe(0.5);
        gauge.add(1);
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 4000u);
  EXPECT_EQ(gauge.value(), 4000);
  EXPECT_EQ(histogram.sum(), 2000);
}

TEST(Metrics, OfModelsAndOfHttp) {
  Metrics metrics;
  ModelMetrics one(metrics, "one");
  ModelMetrics two(metrics, "two");
  HttpMetrics http(metrics);
  one.time_to_first_token_seconds.observe(0.03);
  two.finished(FinishReason::length).add();
  RequestRecord record;
  record.status = 429;
  record.seconds = 0.2;
  http.count(record);
  record.status = 0;
  record.client_gone = true;
  http.count(record);
  const std::string text = metrics.text();
  for (const char* line :
       {"hearth:time_to_first_token_seconds_count{model_name=\"one\"} 1\n",
        "hearth:time_to_first_token_seconds_count{model_name=\"two\"} 0\n",
        "hearth:request_success_total{model_name=\"two\",finished_reason=\"length\"} 1\n",
        "hearth:http_requests_total{status=\"4xx\"} 1\n", "hearth:http_clients_gone_total 1\n"})
    EXPECT_THAT(text, HasSubstr(line));
}

TEST(Metrics, Buckets) {
  EXPECT_THAT(count_buckets(100), ElementsAre(1, 2, 5, 10, 20, 50, 100));
  for (const auto bounds : {first_token_buckets(), between_tokens_buckets(), request_buckets()})
    EXPECT_TRUE(std::ranges::is_sorted(bounds));
}

TEST(Log, LinesAreJson) {
  const std::string line =
      log_line(LogLevel::warning, "worker_lost",
               {{"model", "a\n\xff\"b"}, {"pid", std::int64_t{7}}, {"ok", false}, {"s", 0.5}});
  ASSERT_TRUE(line.ends_with("}\n"));
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const Json parsed = parse_json(line).value();
  EXPECT_EQ(parsed["level"], "warning");
  EXPECT_EQ(parsed["event"], "worker_lost");
  EXPECT_EQ(parsed["model"], "a\n\xEF\xBF\xBD\"b");
  EXPECT_EQ(parsed["pid"], 7);
  EXPECT_EQ(parsed["ok"], false);
  EXPECT_THAT(parsed["time"].get<std::string>(),
              testing::MatchesRegex("....-..-..T..:..:..\\....Z"));
  EXPECT_LT(log_line(LogLevel::info, "e", {{"t", std::string(1 << 20, 'x')}}).size(), 4096u);
}

TEST(Log, AReaderThatHasStoppedHoldsNobodyUp) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd reader(ends[0]), writer(ends[1]);
  const Log log(writer.get());
  for (int i = 0; i < 5000; ++i) log.write(LogLevel::info, "nobody_reads");
  std::string text(1 << 20, ' ');
  const ssize_t n = ::read(reader.get(), text.data(), text.size());
  ASSERT_GT(n, 4096);
  text.resize(static_cast<std::size_t>(n));
  EXPECT_TRUE(text.ends_with("}\n")) << "a line was cut";
  log.write(LogLevel::info, "read_again");
  text.resize(4096);
  text.resize(static_cast<std::size_t>(::read(reader.get(), text.data(), text.size())));
  EXPECT_EQ(parse_json(text).value()["event"].get<std::string>(), "read_again");
}

TEST(Log, RequestsWithoutTheirContent) {
  const hearth::test::TempDir dir;
  std::FILE* const file = std::fopen(dir.file("log").c_str(), "wb");
  ASSERT_NE(file, nullptr);
  const Log log(::fileno(file));
  RequestRecord record;
  record.id = "abc-1";
  record.peer = "127.0.0.1";
  record.client = "1.2.3.4";
  record.method = Method::post;
  record.path = "/v1/completions";
  record.status = 200;
  record.seconds = 0.25;
  log.request(record);
  log.write(LogLevel::debug, "too_detailed");
  std::fclose(file);
  const std::string text = read_file(dir.file("log"), 10'000).value();
  const Json parsed = parse_json(text).value();
  EXPECT_EQ(parsed["event"], "request");
  EXPECT_EQ(parsed["id"], "abc-1");
  EXPECT_EQ(parsed["client"], "1.2.3.4");
  EXPECT_EQ(parsed["method"], "POST");
  EXPECT_EQ(parsed["seconds"], 0.25);
  EXPECT_EQ(parsed["client_gone"], false);
  EXPECT_THAT(text, testing::Not(HasSubstr("too_detailed")));
}

}  // namespace
}  // namespace hearth::server
