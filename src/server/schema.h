// SPDX-License-Identifier: Apache-2.0
//
// What a JSON object of a request may contain, as a table: each route has one, docs/api.md lists
// it. A field is
//   used      its type and range are checked here, so that whoever reads it need not
//   harmless  accepted and ignored, whatever it is: OpenAI clients send it, and it changes nothing
//             about the answer (user, metadata, store, service_tier...)
//   refused   known, but not done by this version: 400 by name, unless it says what we do anyway
// null means absent, as official clients send it for options that nobody set.
//
// Fields that are in no table: OpenAI's own API refuses them, and so do we by default: a misspelt
// "temprature" or another server's option would otherwise be a silent default. Clients send fields
// of other vendors only where a person configured them, so that person reads the message. Objects
// that clients echo back from other servers' answers (messages and their parts) ignore them
// instead, as these carry whatever that server put in.
//
// The first fault is reported, with its place: "messages[2].role".
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/json_fwd.h"
#include "server/api_error.h"

namespace hearth::server {

// JSON types, as bits: a field may have several ("stop" is a string or an array).
enum JsonType : std::uint8_t {
  kBoolean = 1 << 0,
  kInteger = 1 << 1,  // a number without a fraction, 1.0 included
  kNumber = 1 << 2,   // integers too
  kString = 1 << 3,
  kArray = 1 << 4,
  kObject = 1 << 5,
  kAnyType = (1 << 6) - 1,
};

enum class FieldKind : std::uint8_t { used, harmless, refused };

struct Field {
  std::string_view name;
  unsigned types = kAnyType;  // bits of JsonType
  FieldKind kind = FieldKind::used;
  bool is_required = false;
  // Of numbers, both included.
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  // Of strings (bytes), arrays (elements) and objects (members).
  std::size_t min_size = 0;
  std::size_t max_size = SIZE_MAX;
  // The strings that may be; empty: any.
  std::span<const std::string_view> values = {};
  // Of a refused field: the value, as JSON, that asks for nothing ("[]", "1"); null always does.
  std::string_view idle_value = {};
  // What it is for, or, of a refused one, what to do instead. For the documentation and for errors.
  std::string_view note = {};
};

enum class UnknownFields : std::uint8_t { refuse, ignore };

// Nothing if the object is as the table says. place goes before names in errors: "messages[2]".
std::optional<ApiError> check_fields(const Json& object, std::span<const Field> fields,
                                     UnknownFields unknown, std::string_view place = {});

// "a string or an array": the types in words.
std::string words_of_types(unsigned types);

}  // namespace hearth::server
