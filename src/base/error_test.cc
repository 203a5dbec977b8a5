// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <set>
#include <string>

#include "base/check.h"
#include "base/checked.h"

namespace hearth {
namespace {

constexpr ErrorCode kAllCodes[] = {
    ErrorCode::failed,      ErrorCode::usage,        ErrorCode::not_found, ErrorCode::integrity,
    ErrorCode::unsupported, ErrorCode::does_not_fit, ErrorCode::cancelled, ErrorCode::io};

Result<int> half(int value) {
  if (value % 2 != 0) return fail(ErrorCode::usage, "{} is odd", value);
  return value / 2;
}
Result<void> must_be_even(int value) {
  if (value % 2 != 0) return fail(ErrorCode::usage, "{} is odd", value);
  return {};
}
Result<int> quarter(int value) {
  return TRY(half(TRY(half(value))));
}
Result<std::string> described(int value) {
  TRY(must_be_even(value));
  const int first = TRY(half(value))
  , second = TRY(half(first));
  return fmt::format("{} {}", first, second);
}
Result<void> passes_on(int value) {
  TRY(must_be_even(value));
  return {};
}
Result<std::unique_ptr<int>> boxed(int value) {
  return std::make_unique<int>(TRY(half(value)));
}
Result<int> unboxed(int value) {
  std::unique_ptr<int> box = TRY(boxed(value));  // a value that can only be moved
  return *box;
}
Result<int> from_lvalue(const Result<int>& input) {
  return TRY(input)
  +1;
}

TEST(Error, NamesAreDistinct) {
  std::set<std::string_view> names;
  for (const ErrorCode code : kAllCodes) names.insert(name_of(code));
  EXPECT_EQ(names.size(), std::size(kAllCodes));
  EXPECT_EQ(name_of(ErrorCode::does_not_fit), "does_not_fit");
}

TEST(Error, ExitCodesAreTheDocumentedOnes) {
  EXPECT_EQ(exit_code(ErrorCode::failed), 1);
  EXPECT_EQ(exit_code(ErrorCode::io), 1);
  EXPECT_EQ(exit_code(ErrorCode::usage), 2);
  EXPECT_EQ(exit_code(ErrorCode::not_found), 3);
  EXPECT_EQ(exit_code(ErrorCode::integrity), 4);
  EXPECT_EQ(exit_code(ErrorCode::unsupported), 4);
  EXPECT_EQ(exit_code(ErrorCode::does_not_fit), 5);
  EXPECT_EQ(exit_code(ErrorCode::cancelled), 130);
}

TEST(Error, ErrnoText) {
  EXPECT_EQ(errno_text(ENOENT), "No such file or directory");
  EXPECT_FALSE(errno_text(123456).empty());
}

TEST(Try, GivesTheValue) {
  EXPECT_EQ(quarter(12).value(), 3);
  EXPECT_EQ(described(8).value(), "4 2");
  EXPECT_EQ(unboxed(10).value(), 5);
  EXPECT_EQ(from_lvalue(4).value(), 5);
  EXPECT_TRUE(passes_on(2).has_value());
}

TEST(Try, PassesTheErrorOn) {
  EXPECT_EQ(quarter(3).error().message, "3 is odd");
  EXPECT_EQ(quarter(6).error().message, "3 is odd");
  EXPECT_EQ(described(5).error().code, ErrorCode::usage);
  EXPECT_EQ(passes_on(7).error().message, "7 is odd");
  EXPECT_EQ(unboxed(1).error().message, "1 is odd");
  const Result<int> kept = fail(ErrorCode::io, "kept");
  EXPECT_EQ(from_lvalue(kept).error().message, "kept");
  EXPECT_EQ(kept.error().message, "kept");  // an lvalue is copied from, not moved from
}

TEST(Check, AbortsWithItsPlace) {
  CHECK(1 + 1 == 2);
  EXPECT_DEATH(CHECK(1 + 1 == 3), "bug at .*error_test.cc:[0-9]+: CHECK\\(1 \\+ 1 == 3\\) failed");
}

TEST(Checked, Overflow) {
  using Size = std::uint64_t;
  constexpr Size kMax = ~Size{0};
  EXPECT_EQ(checked_add<Size>(kMax - 1, 1), kMax);
  EXPECT_EQ(checked_add<Size>(kMax, 1), std::nullopt);
  EXPECT_EQ(checked_mul<Size>(1u << 31, 2), Size{1} << 32);
  EXPECT_EQ(checked_mul<Size>(Size{1} << 32, Size{1} << 32), std::nullopt);
  EXPECT_EQ(checked_mul<std::uint8_t>(16, 16), std::nullopt);
  EXPECT_EQ(checked_align_up<Size>(0, 32), Size{0});
  EXPECT_EQ(checked_align_up<Size>(1, 32), Size{32});
  EXPECT_EQ(checked_align_up<Size>(32, 32), Size{32});
  EXPECT_EQ(checked_align_up<Size>(kMax - 30, 32), std::nullopt);
}

}  // namespace
}  // namespace hearth
