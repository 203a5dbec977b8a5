// SPDX-License-Identifier: Apache-2.0
#include "bench_cases.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "base/escape.h"
#include "flags.h"

namespace hearth::app {
namespace {

constexpr std::size_t kMostTests = 10000;

// Takes a number off the front of text.
std::optional<std::uint32_t> take_number(std::string_view& text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

struct NumberRange {
  std::uint32_t first = 0, last = 0, step = 1;
  bool multiplies = false;

  std::uint64_t after(std::uint64_t number) const {
    return multiplies ? number * step : number + step;
  }
};

// first[-last[+step|*factor]]
std::optional<NumberRange> parse_range(std::string_view text) {
  NumberRange range;
  const auto first = take_number(text);
  if (!first) return std::nullopt;
  range.first = range.last = *first;
  if (text.empty()) return range;
  if (text[0] != '-') return std::nullopt;
  text.remove_prefix(1);
  const auto last = take_number(text);
  if (!last) return std::nullopt;
  range.last = *last;
  if (text.empty()) return range;
  if (text[0] != '+' && text[0] != '*') return std::nullopt;
  range.multiplies = text[0] == '*';
  text.remove_prefix(1);
  const auto step = take_number(text);
  if (!step || !text.empty()) return std::nullopt;
  range.step = *step;
  return range;
}

}  // namespace

Result<std::vector<std::uint32_t>> parse_numbers(std::string_view flag,
                                                 std::span<const std::string> texts,
                                                 std::uint32_t least, std::uint32_t most) {
  std::vector<std::uint32_t> numbers;
  for (const std::string& text : texts)
    for (const std::string& item : split_names(text)) {
      const auto range = parse_range(item);
      if (!range || range->last < range->first)
        return fail(ErrorCode::usage,
                    "{} {}: give numbers, divided by commas, or ranges: 128, 128-512, 128-512+64, "
                    "128-512*2",
                    flag, printable(text, 60));
      if (range->first != range->last && range->after(range->first) <= range->first)
        return fail(ErrorCode::usage, "{} {}: the range does not advance", flag,
                    printable(text, 60));
      if (range->first < least || range->last > most)
        return fail(ErrorCode::usage, "{} {}: give numbers from {} to {}", flag,
                    printable(text, 60), least, most);
      for (std::uint64_t number = range->first; number <= range->last;
           number = range->after(number)) {
        if (numbers.size() == kMostTests)
          return fail(ErrorCode::usage, "{} {}: more than {} numbers", flag, printable(text, 60),
                      kMostTests);
        numbers.push_back(static_cast<std::uint32_t>(number));
        if (range->first == range->last) break;
      }
    }
  return numbers;
}

Result<PromptAndGen> parse_prompt_and_gen(const std::string& text) {
  std::string_view rest = text;
  const auto n_prompt = take_number(rest);
  if (n_prompt && rest.starts_with(',')) {
    rest.remove_prefix(1);
    const auto n_gen = take_number(rest);
    if (n_gen && rest.empty()) return PromptAndGen{*n_prompt, *n_gen};
  }
  return fail(ErrorCode::usage, "-pg {}: give two numbers: 512,128", printable(text, 60));
}

bool BenchCase::loads_like(const BenchCase& other) const {
  return model == other.model && n_batch == other.n_batch && n_ubatch == other.n_ubatch &&
         k_type == other.k_type && v_type == other.v_type && n_threads == other.n_threads;
}

std::string BenchCase::name() const {
  std::string name;
  if (test.n_prompt != 0) name = fmt::format("pp{}", test.n_prompt);
  if (test.n_gen != 0) name += fmt::format("{}tg{}", name.empty() ? "" : "+", test.n_gen);
  if (is_batched) name += fmt::format(" x{}", test.n_sequences);
  if (test.n_depth != 0) name += fmt::format(" @ d{}", test.n_depth);
  return name;
}

namespace {

// The tests of one setting of everything else.
std::vector<engine::BenchTest> tests_of(const BenchParameters& parameters) {
  std::vector<engine::BenchTest> tests;
  const auto add = [&](std::uint32_t n_prompt, std::uint32_t n_gen, std::uint32_t n_sequences) {
    if (n_prompt != 0 || n_gen != 0)
      tests.push_back({.n_prompt = n_prompt, .n_gen = n_gen, .n_sequences = n_sequences});
  };
  if (parameters.n_sequences.empty()) {
    for (const std::uint32_t n_prompt : parameters.n_prompt) add(n_prompt, 0, 1);
    for (const std::uint32_t n_gen : parameters.n_gen) add(0, n_gen, 1);
    for (const auto& [n_prompt, n_gen] : parameters.prompts_and_gens) add(n_prompt, n_gen, 1);
    return tests;
  }
  for (const std::uint32_t n_prompt : parameters.n_prompt)
    for (const std::uint32_t n_gen : parameters.n_gen)
      for (const std::uint32_t n : parameters.n_sequences) add(n_prompt, n_gen, n);
  for (const auto& [n_prompt, n_gen] : parameters.prompts_and_gens)
    for (const std::uint32_t n : parameters.n_sequences) add(n_prompt, n_gen, n);
  return tests;
}

}  // namespace

Result<std::vector<BenchCase>> combine(const BenchParameters& p) {
  const std::vector<engine::BenchTest> tests = tests_of(p);
  std::vector<BenchCase> cases;
  for (const std::string& model : p.models)
    for (const std::uint32_t n_batch : p.n_batch)
      for (const std::uint32_t n_ubatch : p.n_ubatch)
        for (const kernels::KvType k_type : p.k_types)
          for (const kernels::KvType v_type : p.v_types)
            for (const std::uint32_t n_threads : p.n_threads)
              for (const std::uint32_t n_depth : p.n_depth)
                for (engine::BenchTest test : tests) {
                  test.n_depth = n_depth;
                  test.n_batch = n_batch;
                  cases.push_back({.model = model,
                                   .n_batch = n_batch,
                                   .n_ubatch = n_ubatch,
                                   .k_type = k_type,
                                   .v_type = v_type,
                                   .n_threads = n_threads,
                                   .is_batched = !p.n_sequences.empty(),
                                   .test = test});
                  if (cases.size() > kMostTests)
                    return fail(ErrorCode::usage, "more than {} tests", kMostTests);
                }
  if (cases.empty())
    return fail(ErrorCode::usage, "nothing to measure: give -p, -n or -pg something above 0");
  return cases;
}

}  // namespace hearth::app
