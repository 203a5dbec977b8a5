// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <optional>
#include <utility>

#include "base/escape.h"
#include "format/gguf_limits.h"
#include "format/gguf_parser_internal.h"

namespace hearth::format {
namespace {

constexpr std::string_view kAlignmentKey = "general.alignment";
constexpr std::size_t kShownNameBytes = 128;  // of a key or tensor name in a message

// What a file that is no GGUF probably is, for the files that people really mix up with one.
std::string_view guess_of_kind(std::string_view head) {
  if (head.starts_with("version https://git-lfs")) {
    return "a Git LFS pointer, not the model itself: fetch it with git lfs pull";
  }
  if (head.starts_with("<!") || head.starts_with("<html")) return "a web page, not a model";
  if (head.starts_with("PK\x03\x04")) return "a zip archive (perhaps a PyTorch model), not GGUF";
  if (head.size() > 8 && head[8] == '{') return "a safetensors file, not GGUF";
  for (const std::string_view old : {"lmgg", "fmgg", "tjgg", "algg"}) {
    if (head.starts_with(old)) return "a model in the old GGML format that GGUF replaced";
  }
  return {};
}

std::size_t scalar_bytes(ValueType type) {
  switch (type) {
    case ValueType::u8:
    case ValueType::i8:
    case ValueType::boolean:
      return 1;
    case ValueType::u16:
    case ValueType::i16:
      return 2;
    case ValueType::u32:
    case ValueType::i32:
    case ValueType::f32:
      return 4;
    case ValueType::u64:
    case ValueType::i64:
    case ValueType::f64:
      return 8;
    case ValueType::string:
    case ValueType::array:
      break;
  }
  return 0;
}

template <class T>
bool read_integer(ByteReader& reader, Value& value) {
  T number = 0;
  if (!reader.read(number)) return false;
  value.integer = static_cast<std::uint64_t>(static_cast<std::int64_t>(number));
  return true;
}

template <class T>
bool read_real(ByteReader& reader, Value& value) {
  T number = 0;
  if (!reader.read(number)) return false;
  value.real = static_cast<double>(number);
  return true;
}

// Reads a scalar of value.type; false when the file ends first.
bool read_scalar(ByteReader& reader, Value& value) {
  switch (value.type) {
    case ValueType::u8:
    case ValueType::boolean:
      return read_integer<std::uint8_t>(reader, value);
    case ValueType::i8:
      return read_integer<std::int8_t>(reader, value);
    case ValueType::u16:
      return read_integer<std::uint16_t>(reader, value);
    case ValueType::i16:
      return read_integer<std::int16_t>(reader, value);
    case ValueType::u32:
      return read_integer<std::uint32_t>(reader, value);
    case ValueType::i32:
      return read_integer<std::int32_t>(reader, value);
    case ValueType::u64:
      return reader.read(value.integer);
    case ValueType::i64:
      return read_integer<std::int64_t>(reader, value);
    case ValueType::f32:
      return read_real<float>(reader, value);
    case ValueType::f64:
      return read_real<double>(reader, value);
    case ValueType::string:
    case ValueType::array:
      break;
  }
  return false;
}

// Why a string could not be read at the reader's place.
std::string string_fault(ByteReader reader, std::uint64_t max_bytes) {
  std::uint64_t n_bytes = 0;
  if (!reader.read(n_bytes)) return "the file ends inside the length of a string";
  if (n_bytes > max_bytes) {
    return fmt::format("a string of {} bytes is longer than the {} allowed", n_bytes, max_bytes);
  }
  return fmt::format("a string of {} bytes runs past the end of the file", n_bytes);
}

}  // namespace

Result<Gguf> Gguf::parse(std::span<const FileBytes> shards) {
  return GgufParser(shards).parse();
}

GgufParser::GgufParser(std::span<const FileBytes> files) {
  shards_.reserve(files.size());
  for (const FileBytes& file : files) {
    Shard& shard = shards_.emplace_back();
    shard.facts.file_name_ = printable(file.name);
    shard.reader = ByteReader(file.bytes);
  }
}

Result<Gguf> GgufParser::parse() {
  if (shards_.empty()) return fail(ErrorCode::usage, "no model file was given");
  for (Shard& shard : shards_) {
    TRY(read_header(shard));
    TRY(read_metadata(shard));
  }
  TRY(check_shards_belong_together());
  for (std::uint32_t i = 0; i < shards_.size(); ++i) TRY(read_tensors(i));
  return std::move(shards_[0].facts);
}

std::unexpected<Error> GgufParser::fault(ErrorCode code, const Shard& shard, const Subject& subject,
                                         std::uint64_t offset, std::string_view what) {
  std::string about(subject.kind);
  if (!subject.name.empty()) {
    about += fmt::format(" {}", printable(subject.name, kShownNameBytes));
  } else if (subject.kind != "header") {
    about += fmt::format(" number {}", subject.index + 1);
  }
  return fail(code, "{}: {} at byte {} ({})", shard.facts.file_name_, what, offset, about);
}

Result<void> GgufParser::read_header(Shard& shard) {
  const Subject header{"header", {}, 0};
  ByteReader& reader = shard.reader;
  const std::span<const std::byte> bytes = reader.bytes();
  const std::string_view head{reinterpret_cast<const char*>(bytes.data()),
                              std::min<std::size_t>(bytes.size(), 32)};
  if (bytes.empty()) return fault(ErrorCode::integrity, shard, header, 0, "the file is empty");
  if (!head.starts_with("GGUF")) {
    const std::string_view kind = guess_of_kind(head);
    return fault(ErrorCode::integrity, shard, header, 0,
                 kind.empty() ? std::string("the magic word GGUF is missing")
                              : fmt::format("this is {}", kind));
  }

  std::uint32_t magic = 0;
  std::uint32_t version = 0;
  if (!reader.read(magic) || !reader.read(version)) {
    return fault(ErrorCode::integrity, shard, header, bytes.size(), "the file ends in its header");
  }
  if (version == 1) {
    return fault(ErrorCode::unsupported, shard, header, 4,
                 "GGUF version 1 of 2023 is not supported: convert the model again");
  }
  if (version != 0 && std::byteswap(version) <= 0xFF) {
    return fault(ErrorCode::unsupported, shard, header, 4,
                 "this is a big-endian GGUF file, which only big-endian machines can use");
  }
  if (version > 3 && version <= 0xFF) {
    return fault(ErrorCode::unsupported, shard, header, 4,
                 fmt::format("GGUF version {} is newer than this program knows", version));
  }
  if (version != 2 && version != 3) {
    return fault(ErrorCode::integrity, shard, header, 4,
                 fmt::format("{} is no GGUF version", version));
  }
  shard.facts.version_ = version;

  if (!reader.read(shard.n_tensors) || !reader.read(shard.n_metadata)) {
    return fault(ErrorCode::integrity, shard, header, bytes.size(), "the file ends in its header");
  }
  const auto check_count = [&](std::string_view what, std::uint64_t count, std::uint64_t cap,
                               std::uint64_t entry_bytes, std::uint64_t offset) -> Result<void> {
    if (count > cap) {
      return fault(ErrorCode::integrity, shard, header, offset,
                   fmt::format("{} {} are more than the {} allowed", count, what, cap));
    }
    if (count > reader.remaining() / entry_bytes) {
      return fault(ErrorCode::integrity, shard, header, offset,
                   fmt::format("{} {} cannot fit in the {} bytes that follow", count, what,
                               reader.remaining()));
    }
    return {};
  };
  TRY(check_count("tensors", shard.n_tensors, kMaxTensors, kMinTensorEntryBytes, 8));
  TRY(check_count("metadata entries", shard.n_metadata, kMaxMetadataEntries, kMinMetadataEntryBytes,
                  16));
  return {};
}

Result<void> GgufParser::read_metadata(Shard& shard) {
  Gguf& facts = shard.facts;
  const auto count = static_cast<std::size_t>(shard.n_metadata);  // at most kMaxMetadataEntries
  facts.metadata_.reserve(count);
  facts.key_index_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t start = shard.reader.offset();
    const std::string_view key = TRY(read_key(shard, i));
    const Subject subject{"key", key, i};
    if (!facts.key_index_.emplace(key, i).second) {
      return fault(ErrorCode::integrity, shard, subject, start, "a key appears twice");
    }
    facts.metadata_.push_back({ key, TRY(read_value(shard, subject)) });
    if (key == kAlignmentKey)
      TRY(set_alignment(shard, subject, start, facts.metadata_.back().value));
  }
  return {};
}

Result<std::string_view> GgufParser::read_key(Shard& shard, std::uint64_t index) {
  const Subject subject{"key", {}, index};
  ByteReader& reader = shard.reader;
  const std::size_t start = reader.offset();
  std::string_view key;
  if (!reader.read_string(kMaxKeyBytes, key)) {
    return fault(ErrorCode::integrity, shard, subject, start, string_fault(reader, kMaxKeyBytes));
  }
  if (key.empty()) return fault(ErrorCode::integrity, shard, subject, start, "a key is empty");
  if (!std::ranges::all_of(key, [](char c) { return c >= 0x20 && c < 0x7F; })) {
    return fault(ErrorCode::integrity, shard, {"key", key, index}, start,
                 "a key has bytes that are not printable ASCII");
  }
  return key;
}

Result<Value> GgufParser::read_value(Shard& shard, const Subject& subject) {
  ByteReader& reader = shard.reader;
  const std::size_t type_offset = reader.offset();
  std::uint32_t type = 0;
  if (!reader.read(type)) {
    return fault(ErrorCode::integrity, shard, subject, type_offset, "the file ends inside a value");
  }
  if (type > static_cast<std::uint32_t>(ValueType::f64)) {
    return fault(ErrorCode::integrity, shard, subject, type_offset,
                 fmt::format("{} is no value type", type));
  }

  Value value;
  value.type = static_cast<ValueType>(type);
  const std::size_t start = reader.offset();
  if (value.type == ValueType::array) {
    value.array = TRY(read_array(shard, subject));
  } else if (value.type == ValueType::string) {
    if (!reader.read_string(kMaxStringBytes, value.string)) {
      return fault(ErrorCode::integrity, shard, subject, start,
                   string_fault(reader, kMaxStringBytes));
    }
  } else if (!read_scalar(reader, value)) {
    return fault(ErrorCode::integrity, shard, subject, start,
                 fmt::format("the file ends inside a {}", name_of(value.type)));
  } else if (value.type == ValueType::boolean && value.integer > 1) {
    return fault(ErrorCode::integrity, shard, subject, start,
                 fmt::format("a bool is {}, neither 0 nor 1,", value.integer));
  }
  return value;
}

Result<ArrayView> GgufParser::read_array(Shard& shard, const Subject& subject) {
  ByteReader& reader = shard.reader;
  const std::size_t start = reader.offset();
  std::uint32_t type = 0;
  std::uint64_t size = 0;
  if (!reader.read(type) || !reader.read(size)) {
    return fault(ErrorCode::integrity, shard, subject, start, "the file ends inside an array");
  }
  if (type > static_cast<std::uint32_t>(ValueType::f64)) {
    return fault(ErrorCode::integrity, shard, subject, start,
                 fmt::format("{} is no type for the elements of an array", type));
  }
  if (type == static_cast<std::uint32_t>(ValueType::array)) {
    return fault(ErrorCode::unsupported, shard, subject, start,
                 "arrays of arrays are not supported");
  }
  const auto element = static_cast<ValueType>(type);
  const std::uint64_t element_bytes =
      element == ValueType::string ? sizeof(std::uint64_t) : scalar_bytes(element);
  if (size > kMaxArrayElements) {
    return fault(ErrorCode::integrity, shard, subject, start + sizeof(type),
                 fmt::format("an array of {} elements is longer than the {} allowed", size,
                             kMaxArrayElements));
  }
  if (size > reader.remaining() / element_bytes) {
    return fault(
        ErrorCode::integrity, shard, subject, start + sizeof(type),
        fmt::format("an array of {} {} runs past the end of the file", size, name_of(element)));
  }

  ArrayView array;
  array.element_type_ = element;
  array.size_ = static_cast<std::size_t>(size);
  if (element == ValueType::string) {
    array.strings_ = TRY(read_strings(shard, subject, size));
    return array;
  }
  const std::size_t elements_offset = reader.offset();
  if (!reader.take(size * element_bytes, array.elements_)) {
    return fault(ErrorCode::integrity, shard, subject, elements_offset,
                 "the file ends inside an array");
  }
  if (element == ValueType::boolean) {
    const auto bad =
        std::ranges::find_if(array.elements_, [](std::byte b) { return b > std::byte{1}; });
    if (bad != array.elements_.end()) {
      const auto index = static_cast<std::uint64_t>(bad - array.elements_.begin());
      return fault(ErrorCode::integrity, shard, subject, elements_offset + index,
                   fmt::format("a bool is {}, neither 0 nor 1,", std::to_integer<int>(*bad)));
    }
  }
  return array;
}

Result<std::span<const std::string_view>> GgufParser::read_strings(Shard& shard,
                                                                   const Subject& subject,
                                                                   std::uint64_t n_strings) {
  ByteReader& reader = shard.reader;
  std::vector<std::string_view>& strings = shard.facts.string_arrays_.emplace_back();
  strings.reserve(static_cast<std::size_t>(n_strings));  // each takes 8 bytes of file at the least
  for (std::uint64_t i = 0; i < n_strings; ++i) {
    std::string_view text;
    if (!reader.read_string(kMaxStringBytes, text)) [[unlikely]] {
      return fault(ErrorCode::integrity, shard, subject, reader.offset(),
                   fmt::format("element {}: {}", i, string_fault(reader, kMaxStringBytes)));
    }
    strings.push_back(text);
  }
  return std::span<const std::string_view>(strings);
}

Result<void> GgufParser::set_alignment(Shard& shard, const Subject& subject, std::uint64_t offset,
                                       const Value& value) {
  if (value.type != ValueType::u32) {
    return fault(ErrorCode::integrity, shard, subject, offset,
                 fmt::format("the alignment is {} where u32 is needed,", name_of(value.type)));
  }
  if (!std::has_single_bit(value.integer) || value.integer < kMinAlignment ||
      value.integer > kMaxAlignment) {
    return fault(ErrorCode::integrity, shard, subject, offset,
                 fmt::format("the alignment {} is not a power of two from {} to {}", value.integer,
                             kMinAlignment, kMaxAlignment));
  }
  shard.alignment = static_cast<std::uint32_t>(value.integer);
  return {};
}

}  // namespace hearth::format
