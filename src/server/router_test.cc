// SPDX-License-Identifier: Apache-2.0
#include "server/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace hearth::server {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

Task<void> do_nothing(Call&) {
  co_return;
}

Router example_router() {
  return Router({{Method::get, "/health", Scope::open, do_nothing, ""},
                 {Method::get, "/v1/models", Scope::observe, do_nothing, ""},
                 {Method::get, "/v1/models/special", Scope::observe, do_nothing, ""},
                 {Method::get, "/v1/models/{model*}", Scope::observe, do_nothing, ""},
                 {Method::del, "/v1/models/{model*}", Scope::manage, do_nothing, ""},
                 {Method::post, "/v1/chat/completions", Scope::infer, do_nothing, ""},
                 {Method::get, "/slots/{id}", Scope::observe, do_nothing, ""},
                 {Method::post, "/slots/{id}/{act}", Scope::manage, do_nothing, ""}});
}

TEST(Router, FindsRoutes) {
  const Router router = example_router();
  const auto path_of = [&](Method method, std::string_view path) {
    const auto match = router.match(method, path);
    return match.route == nullptr ? "" : std::string(match.route->path);
  };
  EXPECT_EQ(path_of(Method::get, "/health"), "/health");
  EXPECT_EQ(path_of(Method::head, "/health"), "/health");
  EXPECT_EQ(path_of(Method::post, "/v1/chat/completions"), "/v1/chat/completions");
  EXPECT_EQ(path_of(Method::get, "/v1/models/special"), "/v1/models/special") << "the first row";
  EXPECT_EQ(path_of(Method::get, "/v1/models/a"), "/v1/models/{model*}");
  for (const char* none : {"/", "/healthy", "/health/", "/v1", "/v1/models/", "/slots", "/slots/",
                           "/slots/1/2/3", "//health", "/v1/chat/completions/", "*", ""})
    EXPECT_EQ(path_of(Method::get, none), "") << none;
}

TEST(Router, HandsOverWhatBracesTake) {
  const Router router = example_router();
  EXPECT_THAT(router.match(Method::get, "/slots/7").params, ElementsAre(Pair("id", "7")));
  EXPECT_THAT(router.match(Method::post, "/slots/7/erase").params,
              ElementsAre(Pair("id", "7"), Pair("act", "erase")));
  EXPECT_THAT(router.match(Method::get, "/v1/models/org/name:q4").params,
              ElementsAre(Pair("model", "org/name:q4")));
  EXPECT_THAT(router.match(Method::get, "/v1/models/org%2Fname").params,
              ElementsAre(Pair("model", "org/name")));
  EXPECT_THAT(router.match(Method::get, "/slots/a%2Fb").params, ElementsAre(Pair("id", "a/b")));
}

TEST(Router, OtherMethods) {
  const Router router = example_router();
  const auto wrong = router.match(Method::post, "/health");
  EXPECT_EQ(wrong.route, nullptr);
  EXPECT_EQ(allow_text(wrong.allowed), "GET, HEAD");
  EXPECT_EQ(allow_text(router.match(Method::get, "/v1/chat/completions").allowed), "POST");
  EXPECT_EQ(allow_text(router.match(Method::put, "/v1/models/x").allowed), "GET, DELETE, HEAD");
  EXPECT_THAT(router.match(Method::post, "/none").allowed, IsEmpty());
}

TEST(Router, PercentSigns) {
  EXPECT_EQ(percent_decoded("a%20b%2f%2F%"), "a b//%");
  EXPECT_EQ(percent_decoded("%zz%4"), "%zz%4");
  EXPECT_EQ(percent_decoded("%41"), "A");
  EXPECT_EQ(percent_decoded("%00"), std::string(1, '\0'));
}

}  // namespace
}  // namespace hearth::server
