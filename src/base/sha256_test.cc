// SPDX-License-Identifier: Apache-2.0
#include "base/sha256.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

namespace hearth {
namespace {

std::string digest_of(std::string_view text, std::size_t step = 0) {
  Sha256 hash;
  if (step == 0) step = text.size() + 1;
  for (std::size_t at = 0; at < text.size(); at += step)
    hash.update(std::as_bytes(std::span(text.substr(at, step))));
  return hash.finish_hex();
}

// From FIPS 180-4's example values.
TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(digest_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(digest_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(digest_of(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesDoNotMatter) {
  const std::string text(1000, 'q');
  const std::string whole = digest_of(text);
  for (const std::size_t step : {1u, 3u, 63u, 64u, 65u, 999u})
    EXPECT_EQ(digest_of(text, step), whole);
}

TEST(Sha256, Moves) {
  Sha256 first;
  first.update(std::as_bytes(std::span("abc", 3)));
  Sha256 second(std::move(first));
  EXPECT_EQ(second.finish_hex(), digest_of("abc"));
}

TEST(Sha256, HexForm) {
  EXPECT_TRUE(is_sha256_hex(digest_of("")));
  EXPECT_TRUE(is_sha256_hex(std::string(64, 'F')));
  EXPECT_FALSE(is_sha256_hex(std::string(63, 'a')));
  EXPECT_FALSE(is_sha256_hex(std::string(65, 'a')));
  EXPECT_FALSE(is_sha256_hex(std::string(63, 'a') + "g"));
  EXPECT_FALSE(is_sha256_hex(""));
  EXPECT_EQ(to_lower_hex("09AFaf"), "09afaf");
}

}  // namespace
}  // namespace hearth
