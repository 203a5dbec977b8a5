// SPDX-License-Identifier: Apache-2.0
//
// SamplingParams by name: one table of what a request body, a flag or a model file may set, as the
// HTTP API and llama.cpp spell it. A value of the wrong type, out of range or under a name that is
// not here is an error of code usage that begins with the name as it was given, and changes
// nothing; nothing is converted or clamped. null leaves a field as it is, as in OpenAI's API.
//
// Besides numbers and booleans:
//   seed                   -1 (a fresh one) or a whole number of 64 bits
//   logit_bias             {"15043": -2, ...} or [[15043, -2], ...]; a bias of false forbids
//   samplers               a list of names; or one text, of letters ("kpmt") or of names
//   ("top_k;min_p") dry_sequence_breakers  a list of texts, which only a vocabulary turns into
//   tokens: handed on
//
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"
#include "sample/params.h"

namespace hearth::sample {

// One of the pointers is set, or none for the four fields above.
struct Field {
  std::string_view name;   // the API's
  std::string_view alias;  // another spelling in use, or empty
  float SamplingParams::* real = nullptr;
  std::int32_t SamplingParams::* whole = nullptr;
  bool SamplingParams::* flag = nullptr;
  double least = 0, most = 0;  // of a number, both allowed; infinite: no limit but the type's
};

std::span<const Field> fields();
// By name or alias; null if there is none.
const Field* find_field(std::string_view name);

// Sets a field that is a number; a whole one refuses fractions. `name` is for the error.
Result<void> set_number(SamplingParams& params, const Field& field, std::string_view name,
                        double number);

// Every field that is a number, each by its name.
Result<void> check_numbers(const SamplingParams& params);

// Where dry_breakers is null, dry_sequence_breakers is refused too.
Result<void> set_field(SamplingParams& params, std::string_view name, const Json& value,
                       std::vector<std::string>* dry_breakers = nullptr);

// Every member of a JSON object, all or none. A field under two of its names is an error.
Result<void> apply_fields(SamplingParams& params, std::string_view json_object,
                          std::vector<std::string>* dry_breakers = nullptr);

// The object that apply_fields() makes these params of again, but for the breakers.
Json to_json(const SamplingParams& params);

}  // namespace hearth::sample
