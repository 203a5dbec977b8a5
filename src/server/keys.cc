// SPDX-License-Identifier: Apache-2.0
#include "server/keys.h"

#include <openssl/crypto.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/escape.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "server/router.h"

namespace hearth::server {
namespace {

constexpr int kFormat = 1;
constexpr std::size_t kPlainIdDigits = 16;
constexpr std::string_view kKeyPrefix = "hearth_";
constexpr std::size_t kIdDigits = 8;
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kMaxKeyName = 100;
constexpr std::size_t kMaxKeys = 10'000;
constexpr std::size_t kMaxPresented = 512;
constexpr std::int64_t kMaxLimit = 1'000'000'000;

std::string random_hex(std::size_t n_bytes) {
  std::string bytes(n_bytes, '\0');
  std::size_t n_done = 0;
  while (n_done < n_bytes) {
    const ssize_t n = ::getrandom(bytes.data() + n_done, n_bytes - n_done, 0);
    CHECK(n > 0 || errno == EINTR);  // getrandom(2) fails in no other way without flags
    if (n > 0) n_done += static_cast<std::size_t>(n);
  }
  std::string hex;
  for (const char c : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

bool is_lower_hex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string salted_hash(std::string_view salt, std::string_view key) {
  Sha256 hash;
  hash.update(std::as_bytes(std::span(salt)));
  hash.update(std::as_bytes(std::span(key)));
  return hash.finish_hex();
}

bool has_key(const KeyEntry& entry, std::string_view key) {
  const std::string hash = salted_hash(entry.salt, key);
  return hash.size() == entry.sha256.size() &&
         ::CRYPTO_memcmp(hash.data(), entry.sha256.data(), hash.size()) == 0;
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

std::string text_member(const Json& row, const char* name) {
  const auto found = row.find(name);
  return found != row.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Nothing for what is neither absent nor a sensible number.
std::optional<std::int64_t> limit_member(const Json& row, const char* name) {
  const auto found = row.find(name);
  if (found == row.end()) return 0;
  if (!found->is_number_integer()) return std::nullopt;
  if (found->is_number_unsigned() && found->get<std::uint64_t>() > std::uint64_t{kMaxLimit})
    return std::nullopt;
  const auto value = found->get<std::int64_t>();
  return value >= 0 && value <= kMaxLimit ? std::optional(value) : std::nullopt;
}

constexpr Scope kScopes[] = {Scope::infer, Scope::observe, Scope::manage};

std::optional<unsigned> scopes_member(const Json& row) {
  const auto found = row.find("scopes");
  if (found == row.end() || !found->is_array()) return std::nullopt;
  unsigned bits = 0;
  for (const Json& one : *found) {
    const auto* const scope = std::ranges::find_if(kScopes, [&](Scope known) {
      return one.is_string() && one.get_ref<const std::string&>() == name_of(known);
    });
    if (scope == std::end(kScopes)) return std::nullopt;
    bits |= static_cast<unsigned>(*scope);
  }
  return bits;
}

bool is_key_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxKeyName && is_valid_utf8(name) &&
         printable(name) == name;
}

std::optional<KeyEntry> parse_key_row(const Json& row) {
  if (!row.is_object()) return std::nullopt;
  KeyEntry entry{.id = text_member(row, "id"),
                 .name = text_member(row, "name"),
                 .salt = text_member(row, "salt"),
                 .sha256 = text_member(row, "sha256"),
                 .created = text_member(row, "created")};
  const auto scopes = scopes_member(row);
  const auto rate = limit_member(row, "requests_per_minute");
  const auto concurrent = limit_member(row, "concurrent");
  if (!scopes || !rate || !concurrent) return std::nullopt;
  entry.scopes = *scopes;
  entry.requests_per_minute = *rate;
  entry.concurrent = *concurrent;
  const bool is_sound = entry.id.size() == kIdDigits && is_lower_hex(entry.id) &&
                        is_key_name(entry.name) && entry.salt.size() == 2 * kSaltBytes &&
                        is_lower_hex(entry.salt) && is_sha256_hex(entry.sha256) &&
                        is_lower_hex(entry.sha256) && entry.created.size() <= 40 &&
                        printable(entry.created) == entry.created;
  return is_sound ? std::optional(std::move(entry)) : std::nullopt;
}

}  // namespace

Result<KeyList> parse_keys(std::string_view text) {
  const auto parsed = parse_json(text, {.max_bytes = std::size_t{8} << 20, .max_depth = 8});
  if (!parsed) return fail(ErrorCode::integrity, "the file of keys: {}", parsed.error().message);
  const Json& root = *parsed;
  const bool has_rows = root.is_object() && root.contains("keys") && root["keys"].is_array();
  if (!has_rows || !root.contains("format") || root["format"] != kFormat)
    return fail(ErrorCode::integrity, "the file of keys is not of format {}", kFormat);
  const Json& rows = root["keys"];
  if (rows.size() > kMaxKeys)
    return fail(ErrorCode::integrity, "the file of keys has more than {} keys", kMaxKeys);
  KeyList keys;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto entry = parse_key_row(rows[i]);
    if (!entry) return fail(ErrorCode::integrity, "the file of keys: key {} is malformed", i + 1);
    keys.push_back(std::move(*entry));
  }
  std::vector<std::string_view> ids;
  for (const KeyEntry& entry : keys) ids.push_back(entry.id);
  std::ranges::sort(ids);
  if (std::ranges::adjacent_find(ids) != ids.end())
    return fail(ErrorCode::integrity, "the file of keys has an id twice");
  return keys;
}

std::string to_text(const KeyList& keys) {
  Json rows = Json::array();
  for (const KeyEntry& entry : keys) {
    Json row;
    row["id"] = entry.id;
    row["name"] = entry.name;
    row["salt"] = entry.salt;
    row["sha256"] = entry.sha256;
    Json& scopes = row["scopes"] = Json::array();
    for (const Scope scope : kScopes)
      if ((entry.scopes & static_cast<unsigned>(scope)) != 0)
        scopes.push_back(std::string(name_of(scope)));
    if (entry.requests_per_minute > 0) row["requests_per_minute"] = entry.requests_per_minute;
    if (entry.concurrent > 0) row["concurrent"] = entry.concurrent;
    row["created"] = entry.created;
    rows.push_back(std::move(row));
  }
  Json root;
  root["format"] = kFormat;
  root["keys"] = std::move(rows);
  return to_json_text(root, 1) + "\n";
}

Result<std::string> add_key(KeyList& keys, const KeyRequest& request) {
  if (!is_key_name(request.name))
    return fail(ErrorCode::usage, "a key's name has 1 to {} bytes without control characters",
                kMaxKeyName);
  if (std::ranges::find(keys, request.name, &KeyEntry::name) != keys.end())
    return fail(ErrorCode::usage, "there is a key named '{}' already", request.name);
  if (keys.size() >= kMaxKeys) return fail(ErrorCode::usage, "there are {} keys", kMaxKeys);
  std::string id = random_hex(kIdDigits / 2);
  while (std::ranges::find(keys, id, &KeyEntry::id) != keys.end()) id = random_hex(kIdDigits / 2);
  std::string text = fmt::format("{}{}_{}", kKeyPrefix, id, random_hex(kSecretBytes));
  std::string salt = random_hex(kSaltBytes);
  std::string hash = salted_hash(salt, text);
  keys.push_back(
      {.id = std::move(id),
       .name = request.name,
       .salt = std::move(salt),
       .sha256 = std::move(hash),
       .scopes = request.scopes,
       .requests_per_minute = std::clamp<std::int64_t>(request.requests_per_minute, 0, kMaxLimit),
       .concurrent = std::clamp<std::int64_t>(request.concurrent, 0, kMaxLimit),
       .created = utc_now()});
  return text;
}

Result<void> revoke_key(KeyList& keys, std::string_view id_or_name) {
  auto found = std::ranges::find(keys, id_or_name, &KeyEntry::id);
  if (found == keys.end()) found = std::ranges::find(keys, id_or_name, &KeyEntry::name);
  if (found == keys.end())
    return fail(ErrorCode::not_found, "there is no key '{}'", printable(id_or_name, 100));
  keys.erase(found);
  return {};
}

KeyRing::KeyRing(KeyList keys, const std::vector<std::string>& plain)
    : keys_(std::move(keys)), n_named_(keys_.size()) {
  std::size_t n_plain = 0;
  for (const std::string& key : plain) {
    ++n_plain;
    if (key.empty()) continue;
    std::string salt = random_hex(kSaltBytes);
    std::string hash = salted_hash(salt, key);
    keys_.push_back(
        {.id = "plain-" + salted_hash("id of a plain key", key).substr(0, kPlainIdDigits),
         .name = fmt::format("--api-key {}", n_plain),
         .salt = std::move(salt),
         .sha256 = std::move(hash),
         .scopes = kAllScopes});
  }
}

const KeyEntry* KeyRing::find(std::string_view presented) const {
  if (presented.empty() || presented.size() > kMaxPresented) return nullptr;
  const KeyEntry* found = nullptr;
  // The id is public, so looking it up by plain comparison gives nothing away.
  if (presented.starts_with(kKeyPrefix)) {
    const std::string_view id = presented.substr(kKeyPrefix.size(), kIdDigits);
    for (std::size_t i = 0; i < n_named_; ++i)
      if (keys_[i].id == id && has_key(keys_[i], presented)) found = &keys_[i];
  }
  for (std::size_t i = n_named_; i < keys_.size(); ++i)
    if (has_key(keys_[i], presented)) found = &keys_[i];
  return found;
}

}  // namespace hearth::server
