// SPDX-License-Identifier: Apache-2.0
//
// Which tests `bench` runs: lists and ranges of parameters, written as llama-bench takes them, and
// all their combinations, in its order.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "engine/bench.h"
#include "kernels/kernels.h"

namespace hearth::app {

// The numbers of texts like "128,256-1024*2": lists of numbers and of ranges first-last,
// first-last+step and first-last*factor. usage, naming the flag, for what is not such a list, or
// has a number outside [least, most].
Result<std::vector<std::uint32_t>> parse_numbers(std::string_view flag,
                                                 std::span<const std::string> texts,
                                                 std::uint32_t least, std::uint32_t most);

// "512,128": a prompt and what is generated after it.
using PromptAndGen = std::pair<std::uint32_t, std::uint32_t>;
Result<PromptAndGen> parse_prompt_and_gen(const std::string& text);

struct BenchParameters {
  std::vector<std::string> models;
  std::vector<std::uint32_t> n_batch, n_ubatch;
  std::vector<kernels::KvType> k_types, v_types;
  std::vector<std::uint32_t> n_threads, n_depth, n_prompt, n_gen;
  std::vector<PromptAndGen> prompts_and_gens;
  std::vector<std::uint32_t> n_sequences;  // not empty: many sequences at once
};

struct BenchCase {
  std::string model;
  std::uint32_t n_batch = 0, n_ubatch = 0;
  kernels::KvType k_type = kernels::KvType::f16, v_type = kernels::KvType::f16;
  std::uint32_t n_threads = 1;
  bool is_batched = false;  // -np was given
  engine::BenchTest test;

  // Whether a model that was loaded for one serves the other.
  bool loads_like(const BenchCase& other) const;
  // "pp512", "tg128", "pp512+tg128 @ d1024", "pp100+tg48 x8"
  std::string name() const;
};

// usage if there is nothing to measure, or more than a day would take.
Result<std::vector<BenchCase>> combine(const BenchParameters& parameters);

}  // namespace hearth::app
