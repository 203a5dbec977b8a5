// SPDX-License-Identifier: Apache-2.0
#include "engine/sampling_defaults.h"

namespace hearth::engine {
namespace {

std::string_view text_or_empty(const format::Gguf& gguf, std::string_view key) {
  const auto text = gguf.get_string(key);
  return text ? text->value_or("") : "";
}

sample::MetadataValue describe(const format::KeyValue& pair) {
  using format::ValueType;
  sample::MetadataValue described{.key = pair.key, .number = {}, .text = {}};
  const format::Value& value = pair.value;
  switch (value.type) {
    case ValueType::f32:
    case ValueType::f64:
      described.number = value.real;
      break;
    case ValueType::i8:
    case ValueType::i16:
    case ValueType::i32:
    case ValueType::i64:
      described.number = static_cast<double>(static_cast<std::int64_t>(value.integer));
      break;
    case ValueType::u8:
    case ValueType::u16:
    case ValueType::u32:
    case ValueType::u64:
      described.number = static_cast<double>(value.integer);
      break;
    case ValueType::string:
      described.text = value.string;
      break;
    default:  // neither number nor text: passed over, with a warning
      break;
  }
  return described;
}

}  // namespace

sample::ChosenDefaults sampling_defaults(const format::Gguf& gguf) {
  std::vector<sample::MetadataValue> values;
  for (const format::KeyValue& pair : gguf.metadata())
    if (pair.key.starts_with(sample::kMetadataPrefix)) values.push_back(describe(pair));
  std::string_view file_name = gguf.file_name();  // its last part: folders say nothing of a model
  file_name.remove_prefix(file_name.find_last_of('/') + 1);
  const std::string_view names[] = {text_or_empty(gguf, "general.basename"),
                                    text_or_empty(gguf, "general.name"), file_name};
  return sample::choose_defaults({text_or_empty(gguf, "general.architecture"), names}, values);
}

}  // namespace hearth::engine
