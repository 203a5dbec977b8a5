// SPDX-License-Identifier: Apache-2.0
#include "server/openai/cache_report.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "server/log.h"

namespace hearth::server {
namespace {

// A model without a worker, and what its log was told.
class CacheReport : public testing::Test {
 protected:
  CacheReport() {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    read_ = UniqueFd(ends[0]);
    write_ = UniqueFd(ends[1]);
    log_.emplace(write_.get());
    model_.id = "tiny";
    model_.metrics = std::make_unique<ModelMetrics>(metrics_, "tiny");
    model_.log = &*log_;
  }
  std::string lines() {
    write_ = UniqueFd();
    return read_all(read_.get(), 1 << 20).value();
  }

  Metrics metrics_;
  ServedModel model_;
  UniqueFd read_, write_;
  std::optional<Log> log_;
};

wire::Started broken_past(std::uint32_t n_repeated, std::int32_t n_shifted = 0) {
  return {.id = 1,
          .n_prompt = 900,
          .n_reused = 40,
          .cache_stop = wire::CacheStop::other_token,
          .cached_token = 31337,
          .n_lost = 800,
          .n_repeated = n_repeated,
          .n_shifted = n_shifted};
}

TEST_F(CacheReport, TellsWhereAndHowAPastWasLost) {
  report_cache(model_, "r-1", broken_past(700));
  const std::string said = lines();
  const Json line = parse_json(said).value();
  EXPECT_EQ(line["event"].get<std::string>(), "prefix_cache_broken");
  EXPECT_EQ(line["level"].get<std::string>(), "warning");
  EXPECT_EQ(line["id"].get<std::string>(), "r-1");
  EXPECT_EQ(line["model"].get<std::string>(), "tiny");
  EXPECT_EQ(line["change"].get<std::string>(), "replaced");
  EXPECT_EQ(line["at_token"], 40);
  EXPECT_EQ(line["n_prompt"], 900);
  EXPECT_EQ(line["n_lost"], 800);
  EXPECT_EQ(line["n_repeated"], 700);
  EXPECT_THAT(said, testing::Not(testing::HasSubstr("31337")));  // a token is a piece of a prompt
  EXPECT_EQ(model_.metrics->prefix_cache_broken_total.value(), 1U);
}

TEST_F(CacheReport, NamesTheKindOfChange) {
  report_cache(model_, "", broken_past(200, 5));
  report_cache(model_, "", broken_past(200, -5));
  EXPECT_THAT(lines(), testing::AllOf(testing::HasSubstr(R"("change":"inserted")"),
                                      testing::HasSubstr(R"("change":"removed")")));
}

// Other conversations with the same system message, ends of pasts, new ones: nothing to say.
TEST_F(CacheReport, IsQuietAboutWhatIsNormal) {
  report_cache(model_, "", broken_past(0));
  report_cache(model_, "", broken_past(127));
  wire::Started went_on = broken_past(700);
  went_on.cache_stop = wire::CacheStop::end_of_past;
  report_cache(model_, "", went_on);
  report_cache(model_, "", wire::Finished{});
  EXPECT_EQ(lines(), "");
  EXPECT_EQ(model_.metrics->prefix_cache_broken_total.value(), 0U);
}

}  // namespace
}  // namespace hearth::server
