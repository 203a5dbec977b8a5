// SPDX-License-Identifier: Apache-2.0
//
// What to sample with when the user chose nothing. For each value, in this order: what the model
// file itself says (general.sampling.*); what its family's makers recommend (the table in
// defaults.cc, every row with its source); llama.cpp's general default. The answer says where each
// value came from, so that `hearth show` can. What a user asks for is laid over the result by the
// caller.
//
// The file is the caller's to read: it passes the few values as plain text or numbers. A value in a
// file that cannot be used (wrong type, out of range) is passed over and reported, never an error.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sample/params.h"

namespace hearth::sample {

inline constexpr std::string_view kMetadataPrefix = "general.sampling.";

// One metadata value whose key begins with kMetadataPrefix: a number or a string.
struct MetadataValue {
  std::string_view key;
  std::optional<double> number;
  std::string_view text;
};

// What is known of a model beyond its values: general.architecture, and its names (general.name,
// general.basename, the file's name, a repository), in which the table looks for a family's mark.
struct ModelIdentity {
  std::string_view architecture;
  std::span<const std::string_view> names;
};

enum class ValueSource : std::uint8_t { general, family, file };
std::string_view name_of(ValueSource source);

struct ChosenValue {
  std::string_view field;  // as the HTTP API spells it: "temperature", "top_k"...
  std::string value;       // for people
  ValueSource source = ValueSource::general;
};

struct ChosenDefaults {
  SamplingParams params;
  std::vector<ChosenValue> values;    // every value that a file or family can set, in a fixed order
  std::string_view family;            // the row of the table, empty if none
  std::string_view family_source;     // who recommends it
  std::vector<std::string> warnings;  // one sentence for each value that was passed over
};

ChosenDefaults choose_defaults(const ModelIdentity& model, std::span<const MetadataValue> metadata);

}  // namespace hearth::sample
