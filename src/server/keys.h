// SPDX-License-Identifier: Apache-2.0
//
// API keys. A key of ours is 256 random bits with a public name in front:
// "hearth_1a2b3c4d_" and 64 hex digits. What is kept is its salted SHA-256: the text itself is
// shown once, when it is made. (A slow hash would gain nothing: nobody guesses 256 bits.) The file
// of keys is JSON, mode 0600, replaced in one step; several programs may change it at once.
//
// Plain keys (llama-server's --api-key) live in memory alone, hashed likewise. Their ids are made
// of their text, so that a key is the same one on every listener and after a reload; they are shown
// nowhere, since people choose such keys.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace hearth::server {

struct KeyEntry {
  std::string id;                        // 8 hex digits, public; of a plain key "plain-" and more
  std::string name;                      // for people: 1 to 100 bytes
  std::string salt;                      // hex
  std::string sha256;                    // of the salt's text and the key's text, hex
  unsigned scopes = 0;                   // bits of Scope (router.h)
  std::int64_t requests_per_minute = 0;  // 0: unbounded
  std::int64_t concurrent = 0;           // requests at a time; 0: unbounded
  std::string created;                   // ISO 8601, UTC
};

using KeyList = std::vector<KeyEntry>;

// What a file of keys says, and the text of one. integrity if it is not one.
Result<KeyList> parse_keys(std::string_view text);
std::string to_text(const KeyList& keys);

// No file is no keys.
Result<KeyList> read_key_file(const std::string& path);

// Reads the list, lets change() alter it, and writes it back, while no other process does. Whoever
// reads at the same time sees the old file or the new one. Errors of change() are passed on, and
// nothing is written then.
Result<void> update_key_file(const std::string& path,
                             const std::function<Result<void>(KeyList&)>& change);

struct KeyRequest {
  std::string name;
  unsigned scopes = 0;
  std::int64_t requests_per_minute = 0;
  std::int64_t concurrent = 0;
};
// Adds a new key and returns its text, which exists nowhere else. usage if the name is taken,
// empty or too long.
Result<std::string> add_key(KeyList& keys, const KeyRequest& request);
// By id or name; not_found if there is none.
Result<void> revoke_key(KeyList& keys, std::string_view id_or_name);

// The keys that are valid now. Immutable: a reload makes another one.
class KeyRing {
 public:
  // plain are whole keys as somebody typed them; empty ones are left out. They may do everything.
  explicit KeyRing(KeyList keys = {}, const std::vector<std::string>& plain = {});

  // The entry of a key that a client presented; null if it is none of ours. How long that takes
  // tells nothing of a key's secret part.
  const KeyEntry* find(std::string_view presented) const;
  bool is_empty() const { return keys_.empty(); }
  const KeyList& entries() const { return keys_; }

 private:
  KeyList keys_;
  std::size_t n_named_ = 0;  // those of the file come first
};

}  // namespace hearth::server
