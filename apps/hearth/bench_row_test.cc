// SPDX-License-Identifier: Apache-2.0
//
// The figures of a row against sums by hand, and every format read back.
#include "bench_row.h"

#include <gmock/gmock.h>

#include <cmath>

#include "base/json.h"
#include "bench_printer.h"

namespace hearth::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

engine::BenchPhase phase(double seconds, std::uint64_t n_tokens, model::Work work) {
  return {static_cast<std::uint64_t>(seconds * 1e9), n_tokens, work};
}

// Two repetitions of a prompt of 100 tokens and 10 new ones. The ceilings of the first are the mean
// of 100, 200 and 300 (int8), 10 (float), 50, 100 and 150 (read); those of the second 300, 10, 150.
BenchResult result() {
  const model::Work prompt{.int8_macs = 200, .float_macs = 2, .read_bytes = 10};
  const model::Work generation{.int8_macs = 20, .float_macs = 1, .read_bytes = 60};
  BenchResult r;
  r.what = {.model = "x.gguf",
            .n_batch = 2048,
            .n_ubatch = 512,
            .n_threads = 3,
            .test = {.n_prompt = 100, .n_gen = 10, .n_depth = 5}};
  r.model = {.file = "it's \"x\".gguf",
             .type = "llama 1.2B Q4_K",
             .size_bytes = 3u << 20,
             .n_params = 2500000};
  r.test_time = "2026-11-21T17:00:00Z";
  r.samples = {{phase(2, 100, prompt), phase(2, 10, generation)},
               {phase(1, 100, prompt), phase(1, 10, generation)}};
  // The last before the first repetition, one in its pause, and one after each.
  r.ceilings = {{{100, 10, 50}}, {{200, 10, 100}, {300, 10, 150}}, {{300, 10, 150}}};
  return r;
}

TEST(BenchRow, HasTheFieldsOfLlamaBenchFirst) {
  std::vector<std::string> names;
  const Json row = bench_row(result());
  for (const auto& [name, value] : row.items()) names.push_back(name);
  names.resize(42);
  EXPECT_THAT(names, ElementsAre("build_commit", "build_number", "cpu_info", "gpu_info", "backends",
                                 "model_filename", "model_type", "model_size", "model_n_params",
                                 "n_batch", "n_ubatch", "n_threads", "cpu_mask", "cpu_strict",
                                 "poll", "type_k", "type_v", "n_gpu_layers", "n_cpu_moe",
                                 "split_mode", "main_gpu", "no_kv_offload", "flash_attn", "devices",
                                 "tensor_split", "tensor_buft_overrides", "load_mode", "lazy_mode",
                                 "embeddings", "no_op_offload", "no_host", "repack", "fit_target",
                                 "fit_min_ctx", "n_prompt", "n_gen", "n_depth", "test_time",
                                 "avg_ns", "stddev_ns", "avg_ts", "stddev_ts"));
}

// 110 tokens in 4 s and in 2 s: 27.5 and 55 tokens a second, mean 41.25, deviation 27.5 / sqrt 2.
TEST(BenchRow, MeanAndDeviation) {
  const Json row = bench_row(result());
  EXPECT_EQ(row["n_prompt"], 100);
  EXPECT_EQ(row["n_gen"], 10);
  EXPECT_EQ(row["n_depth"], 5);
  EXPECT_EQ(row["n_kv"], 115);
  EXPECT_EQ(row["avg_ns"], 3000000000);
  EXPECT_NEAR(row["stddev_ns"].get<double>(), 2e9 / std::sqrt(2), 1);
  EXPECT_DOUBLE_EQ(row["avg_ts"].get<double>(), 41.25);
  EXPECT_DOUBLE_EQ(row["stddev_ts"].get<double>(), 27.5 / std::sqrt(2));
  EXPECT_EQ(row["samples_ns"], Json::parse("[4000000000, 2000000000]"));
  EXPECT_EQ(row["samples_ts"], Json::parse("[27.5, 55.0]"));
  EXPECT_DOUBLE_EQ(row["t_pp"].get<double>(), 1.5);
  EXPECT_DOUBLE_EQ(row["speed_pp"].get<double>(), 75);
  EXPECT_DOUBLE_EQ(row["speed_tg"].get<double>(), 7.5);
  EXPECT_DOUBLE_EQ(row["stddev_speed_tg"].get<double>(), 5 / std::sqrt(2));
}

// The prompt: 200 / 200 + 2 / 10 = 1.2 s of 2, then 200 / 300 + 0.2 = 0.8667 s of 1, by int8.
// Generation: 60 / 100 = 0.6 s of 2, then 60 / 150 = 0.4 s of 1, by reading.
TEST(BenchRow, SharesOfTheCeilings) {
  const Json row = bench_row(result());
  const double second = 200.0 / 300 + 0.2;
  EXPECT_DOUBLE_EQ(row["share_pp"].get<double>(), (0.6 + second) / 2);
  EXPECT_EQ(row["bound_pp"], "int8");
  EXPECT_DOUBLE_EQ(row["share_tg"].get<double>(), (0.3 + 0.4) / 2);
  EXPECT_EQ(row["bound_tg"], "read");
  EXPECT_DOUBLE_EQ(row["samples_share"][0].get<double>(), 1.8 / 4);
  EXPECT_DOUBLE_EQ(row["samples_share"][1].get<double>(), (second + 0.4) / 2);
  EXPECT_DOUBLE_EQ(row["share"].get<double>(), (0.45 + (second + 0.4) / 2) / 2);
  EXPECT_EQ(row["bound"], "int8");
  EXPECT_EQ(row["int8_macs"], 220);
  EXPECT_EQ(row["read_bytes"], 70);
  EXPECT_DOUBLE_EQ(row["ceiling_int8"].get<double>(), 225);
  EXPECT_DOUBLE_EQ(row["stddev_ceiling_float"].get<double>(), 0);
}

TEST(BenchRow, ThreadsAndLoadingAreThoseThatWereAskedFor) {
  BenchResult r = result();
  r.setting = {.cpu_mask = "0x5", .cpu_strict = true, .poll = 7, .load_mode = "dio"};
  const Json row = bench_row(r);
  EXPECT_EQ(row["cpu_mask"], "0x5");
  EXPECT_EQ(row["cpu_strict"], true);
  EXPECT_EQ(row["poll"], 7);
  EXPECT_EQ(row["load_mode"], "dio");
}

TEST(BenchRow, APhaseThatIsNotThereHasNoBound) {
  BenchResult r = result();
  for (engine::BenchSample& sample : r.samples) sample.generation = {};
  const Json row = bench_row(r);
  EXPECT_EQ(row["bound_tg"], "");
  EXPECT_EQ(row["speed_tg"], 0);
  EXPECT_EQ(row["bound"], "int8");
  EXPECT_DOUBLE_EQ(row["avg_ts"].get<double>(), 75);
}

std::string printed(const std::string& format, std::size_t n_rows, TableColumns columns = {}) {
  const auto printer = make_bench_printer(format, std::move(columns)).value();
  const Json row = bench_row(result());
  std::string text = n_rows == 0 ? "" : printer->begin(row);
  for (std::size_t i = 0; i < n_rows; ++i) text += printer->row(row);
  return text + printer->end();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

TEST(BenchPrinter, Json) {
  for (const std::size_t n : {0u, 1u, 3u}) {
    const auto parsed = parse_json(printed("json", n));
    ASSERT_TRUE(parsed.has_value()) << n;
    ASSERT_EQ(parsed->size(), n);
    for (const Json& row : *parsed) EXPECT_EQ(row, bench_row(result()));
  }
}

TEST(BenchPrinter, JsonLines) {
  const auto lines = lines_of(printed("jsonl", 2));
  ASSERT_EQ(lines.size(), 2u);
  for (const std::string& line : lines) EXPECT_EQ(parse_json(line).value(), bench_row(result()));
}

// Values in quotes, divided by commas; a quote within is two.
std::vector<std::string> csv_values(const std::string& line) {
  std::vector<std::string> values;
  std::size_t at = 0;
  while (at < line.size()) {
    EXPECT_EQ(line[at], '"');
    std::string value;
    for (++at; at < line.size(); ++at) {
      if (line[at] == '"' && (at + 1 == line.size() || line[at + 1] != '"')) break;
      if (line[at] == '"') ++at;
      value += line[at];
    }
    values.push_back(value);
    at += 2;  // the quote and the comma
  }
  return values;
}

TEST(BenchPrinter, Csv) {
  const auto lines = lines_of(printed("csv", 2));
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[1], lines[2]);
  std::vector<std::string> names;
  for (std::size_t at = 0; at <= lines[0].size();) {
    const std::size_t end = std::min(lines[0].find(',', at), lines[0].size());
    names.push_back(lines[0].substr(at, end - at));
    at = end + 1;
  }
  const auto values = csv_values(lines[1]);
  ASSERT_EQ(values.size(), names.size());
  const Json row = bench_row(result());
  for (std::size_t i = 0; i < names.size(); ++i) {
    ASSERT_TRUE(row.contains(names[i])) << names[i];
    const Json& value = row[names[i]];
    EXPECT_EQ(values[i], value.is_string() ? value.get<std::string>() : value.dump()) << names[i];
  }
}

// A table of one column for each field that is inserted; texts in single quotes, one within twice.
TEST(BenchPrinter, Sql) {
  const std::string text = printed("sql", 2);
  const std::size_t end = text.find(");\n");
  ASSERT_THAT(text, StartsWith("CREATE TABLE IF NOT EXISTS hearth_bench (\n"));
  std::vector<std::string> names;
  for (const std::string& line : lines_of(text.substr(0, end))) {
    if (!line.starts_with("  ")) continue;
    const std::size_t blank = line.find(' ', 2);
    names.push_back(line.substr(2, blank - 2));
    std::string type = line.substr(blank + 1);
    if (type.ends_with(',')) type.pop_back();
    const Json value = bench_row(result())[names.back()];
    EXPECT_EQ(type, value.is_string()         ? "TEXT"
                    : value.is_number_float() ? "REAL"
                                              : "INTEGER")
        << names.back();
  }
  EXPECT_GT(names.size(), 60u);
  const auto lines = lines_of(text.substr(end + 4));
  ASSERT_EQ(lines.size(), 2u);
  std::string columns;
  for (const std::string& name : names) columns += (columns.empty() ? "" : ", ") + name;
  EXPECT_THAT(lines[0], StartsWith("INSERT INTO hearth_bench (" + columns + ") VALUES ('"));
  EXPECT_THAT(lines[0], HasSubstr("'it''s \"x\".gguf', 'llama 1.2B Q4_K', 3145728, 2500000, 2048"));
  EXPECT_THAT(lines[0], testing::EndsWith(");"));
}

TEST(BenchPrinter, Table) {
  const auto lines = lines_of(printed("md", 1, {.parameters = {"n_ubatch"}}));
  ASSERT_GE(lines.size(), 5u);
  const auto n_bars = std::ranges::count(lines[0], '|');
  EXPECT_EQ(n_bars, 10);
  for (int i = 1; i < 3; ++i) EXPECT_EQ(std::ranges::count(lines[i], '|'), n_bars) << lines[i];
  EXPECT_THAT(lines[0], HasSubstr("| n_ubatch |"));
  EXPECT_THAT(lines[2], HasSubstr(" llama 1.2B Q4_K "));
  EXPECT_THAT(lines[2], HasSubstr("   3.00 MiB |     2.50 M |"));
  EXPECT_THAT(lines[2], HasSubstr(" pp100+tg10 @ d5 |        41.25 ± 19.45 |"));
  EXPECT_THAT(lines[2], HasSubstr("± 13.0 % int8 |"));
  EXPECT_THAT(lines[4], StartsWith("ceilings with 3 threads: int8 225.0 MAC/s ± 43 % ("));
  EXPECT_THAT(lines[5], StartsWith("build: "));
}

TEST(BenchPrinter, TableOfManySequences) {
  const auto lines = lines_of(printed("md", 1, {.parameters = {}, .is_batched = true}));
  for (const char* head : {" PP |", " TG |", " B |", " N_KV |", " S_PP t/s |", " S_TG t/s |",
                           " S t/s |", " TG of ceiling |"})
    EXPECT_THAT(lines[0], HasSubstr(head));
  EXPECT_THAT(lines[2], HasSubstr("|    1.500 |"));
  EXPECT_THAT(lines[2], HasSubstr(" 75.00 ± 35.36 |"));
  EXPECT_THAT(lines[2], HasSubstr("35.0 % read |"));
}

TEST(BenchPrinter, RefusesOtherFormats) {
  EXPECT_EQ(make_bench_printer("xml", {}).error().code, ErrorCode::usage);
}

TEST(HumanRate, FitsItsUnit) {
  EXPECT_EQ(human_rate(466.1e9, "MAC/s"), "466.1 GMAC/s");
  EXPECT_EQ(human_rate(9.5e9, "B/s"), "9500.0 MB/s");
  EXPECT_EQ(human_rate(12, "B/s"), "12.0 B/s");
}

}  // namespace
}  // namespace hearth::app
