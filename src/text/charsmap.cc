// SPDX-License-Identifier: Apache-2.0
#include "text/charsmap.h"

#include <algorithm>
#include <cstring>

namespace hearth::text {
namespace {

constexpr std::string_view kKey = "tokenizer.ggml.precompiled_charsmap";
// Rules of real files cover a few characters; the cap keeps hostile ones linear.
constexpr std::size_t kLongestRule = 256;

std::uint32_t label(std::uint32_t unit) {
  return unit & 0x800000FFu;
}
bool has_leaf(std::uint32_t unit) {
  return (unit >> 8 & 1) != 0;
}
std::uint32_t offset(std::uint32_t unit) {
  return unit >> 10 << ((unit & 0x200u) >> 6);
}
std::uint32_t leaf_value(std::uint32_t unit) {
  return unit & 0x7FFFFFFFu;
}

}  // namespace

Result<Charsmap> Charsmap::load(const format::Gguf& gguf) {
  Charsmap charsmap;
  const format::Value* value = gguf.find(kKey);
  if (!value) return charsmap;
  const bool bytes = value->type == format::ValueType::array &&
                     (value->array.element_type() == format::ValueType::u8 ||
                      value->array.element_type() == format::ValueType::i8);
  if (!bytes)
    return fail(ErrorCode::integrity, "{}: {} is not an array of bytes", gguf.file_name(), kKey);
  std::string blob(value->array.size(), '\0');
  for (std::size_t i = 0; i < blob.size(); ++i) blob[i] = static_cast<char>(value->array.int_at(i));
  std::uint32_t trie_bytes = 0;
  if (blob.size() >= sizeof trie_bytes) std::memcpy(&trie_bytes, blob.data(), sizeof trie_bytes);
  if (blob.size() < sizeof trie_bytes || trie_bytes >= blob.size() - sizeof trie_bytes) {
    return fail(ErrorCode::integrity, "{}: {} says that its trie has {} of {} bytes",
                gguf.file_name(), kKey, trie_bytes, blob.size());
  }
  charsmap.units_.resize(trie_bytes / sizeof(std::uint32_t));
  if (!charsmap.units_.empty()) {
    std::memcpy(charsmap.units_.data(), blob.data() + sizeof trie_bytes,
                charsmap.units_.size() * sizeof(std::uint32_t));
  }
  charsmap.replacements_ = blob.substr(sizeof trie_bytes + trie_bytes);
  return charsmap;
}

std::size_t Charsmap::match(std::string_view text, std::string_view& replacement) const {
  if (units_.empty()) return 0;
  std::size_t longest = 0;
  std::size_t at = offset(units_[0]);
  for (std::size_t i = 0; i < std::min(text.size(), kLongestRule); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == 0) break;
    at ^= byte;
    if (at >= units_.size() || label(units_[at]) != byte) break;
    const bool leaf = has_leaf(units_[at]);
    at ^= offset(units_[at]);
    if (!leaf) continue;
    if (at >= units_.size()) break;
    const std::size_t begin = leaf_value(units_[at]);
    const std::size_t end =
        begin < replacements_.size() ? replacements_.find('\0', begin) : std::string::npos;
    if (end == std::string::npos) break;
    longest = i + 1;
    replacement = std::string_view(replacements_).substr(begin, end - begin);
  }
  return longest;
}

bool Charsmap::begins_with(char c) const {
  if (units_.empty() || c == '\0') return false;
  const auto byte = static_cast<unsigned char>(c);
  const std::size_t at = offset(units_[0]) ^ byte;
  return at < units_.size() && label(units_[at]) == byte;
}

}  // namespace hearth::text
