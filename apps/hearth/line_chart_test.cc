// SPDX-License-Identifier: Apache-2.0
//
// What a picture holds, read back as text: places by hand, names that want to break out of it, and
// series with nothing to draw.
#include "line_chart.h"

#include <gmock/gmock.h>

#include <limits>

namespace hearth::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++n;
  return n;
}

LineChart chart_of(std::vector<ChartPoint> points, ChartScale scale = ChartScale::doubling) {
  return {.title = "speed",
          .notes = {},
          .x_label = "depth",
          .x_scale = scale,
          .panels = {{.title = "tg", .y_label = "tokens/s", .series = {{"hearth", points}}}}};
}

// Every element that is opened is closed, in order, and there is one root.
void expect_well_formed(const std::string& svg) {
  std::vector<std::string> open;
  std::size_t n_roots = 0;
  for (std::size_t at = 0; (at = svg.find('<', at)) != std::string::npos;) {
    const std::size_t end = svg.find('>', at);
    ASSERT_NE(end, std::string::npos);
    const std::string tag = svg.substr(at + 1, end - at - 1);
    ASSERT_FALSE(tag.empty());
    ASSERT_EQ(tag.find('<'), std::string::npos) << tag;
    const std::string name =
        tag.substr(tag[0] == '/' ? 1 : 0, tag.find_first_of(" />", 1) - (tag[0] == '/'));
    if (tag[0] == '/') {
      ASSERT_FALSE(open.empty());
      ASSERT_EQ("/" + open.back(), tag);
      open.pop_back();
    } else {
      n_roots += open.empty();
      if (!tag.ends_with('/')) open.push_back(tag.substr(0, tag.find(' ')));
    }
    at = end + 1;
  }
  EXPECT_TRUE(open.empty());
  EXPECT_EQ(n_roots, 1u);
}

TEST(AxisTicks, AreRoundAndReachTheHighest) {
  EXPECT_THAT(axis_ticks(100, 5), ElementsAre(0, 20, 40, 60, 80, 100));
  EXPECT_THAT(axis_ticks(101, 5), ElementsAre(0, 25, 50, 75, 100, 125));
  EXPECT_THAT(axis_ticks(0.3, 3), ElementsAre(0, testing::DoubleEq(0.1), testing::DoubleEq(0.2),
                                              testing::DoubleNear(0.3, 1e-12)));
  EXPECT_THAT(axis_ticks(7, 5), ElementsAre(0, 2, 4, 6, 8));
  for (const double highest : {0.0, -1.0, kNan, kInfinity})
    EXPECT_THAT(axis_ticks(highest, 5), ElementsAre(0, 1));
  for (double highest = 1e-9; highest < 1e12; highest *= 1.7) {
    const auto ticks = axis_ticks(highest, 5);
    EXPECT_GE(ticks.back(), highest * (1 - 1e-6));
    EXPECT_LE(ticks.size(), 6u) << highest;
    EXPECT_GE(ticks.size(), 2u) << highest;
  }
}

TEST(XmlEscaped, NothingGetsOut) {
  EXPECT_EQ(xml_escaped("a<b>&\"c'"), "a&lt;b&gt;&amp;&#34;c&#39;");
  EXPECT_EQ(xml_escaped(std::string("\0\x01\xff", 3)), "\\x00\\x01\\xff");
  EXPECT_EQ(xml_escaped("\xEF\xBF\xBE|\xEF\xBF\xBF"), "\xEF\xBF\xBD|\xEF\xBF\xBD");
  EXPECT_EQ(xml_escaped("Grüße, 模型"), "Grüße, 模型");
}

// Depths 0, 512 and 1024 are a step apart each: 76, 454 and 832 of a plot from 76 to 832. The
// highest of 100 is at the top of the panel, 0 at its bottom, 220 below.
TEST(LineChart, PlacesOfADoublingAxis) {
  const std::string svg = to_svg(chart_of({{0, 100}, {512, 50}, {1024, 0}}));
  expect_well_formed(svg);
  EXPECT_THAT(
      svg,
      HasSubstr("<polyline class=\"line s0\" points=\"76.0,110.0 454.0,220.0 832.0,330.0\"/>"));
  for (const char* tick : {">0</text>", ">512</text>", ">1k</text>", ">20</text>", ">100</text>"})
    EXPECT_THAT(svg, HasSubstr(tick));
  EXPECT_EQ(count(svg, "<circle class=\"mark f0\""), 4u);  // one of the legend
  EXPECT_THAT(svg, Not(HasSubstr("class=\"band")));
}

TEST(LineChart, PlacesOfALinearAxis) {
  const std::string svg = to_svg(chart_of({{0, 0}, {5, 100}, {10, 50}}, ChartScale::linear));
  expect_well_formed(svg);
  EXPECT_THAT(svg, HasSubstr("points=\"76.0,330.0 454.0,110.0 832.0,220.0\""));
}

TEST(LineChart, SpreadIsABandAndOfASinglePointABar) {
  const std::string band = to_svg(chart_of({{1, 80, 20, ""}, {2, 50, 10, ""}}));
  EXPECT_THAT(
      band,
      HasSubstr(
          "<polygon class=\"band f0\" points=\"76.0,110.0 832.0,198.0 832.0,242.0 76.0,198.0\"/>"));
  const std::string bar = to_svg(chart_of({{4, 80, 20, ""}}));
  expect_well_formed(bar);
  EXPECT_THAT(
      bar,
      HasSubstr("<line class=\"line s0\" x1=\"454.0\" y1=\"198.0\" x2=\"454.0\" y2=\"110.0\"/>"));
  EXPECT_THAT(bar, Not(HasSubstr("<polyline")));
  EXPECT_THAT(bar, HasSubstr(">4</text>"));
}

TEST(LineChart, WhatIsNoNumberIsAGap) {
  const std::string svg = to_svg(chart_of({{1, 10},
                                           {2, 20},
                                           {4, kNan},
                                           {8, 10},
                                           {16, 20},
                                           {32, -1},
                                           {kInfinity, 3},
                                           {64, 5, kNan, ""}}));
  expect_well_formed(svg);
  EXPECT_EQ(count(svg, "<polyline"), 2u);
  EXPECT_EQ(count(svg, "<g>"), 5u);
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf\"")));
}

TEST(LineChart, NothingToDraw) {
  for (const auto& chart : {chart_of({}), chart_of({{kNan, 1}}), LineChart{}}) {
    const std::string svg = to_svg(chart);
    expect_well_formed(svg);
    EXPECT_THAT(svg, Not(HasSubstr("<polyline")));
    EXPECT_EQ(count(svg, "no figures"), chart.panels.size());
  }
}

TEST(LineChart, NamesAreOfAnybodysMaking) {
  const std::string evil = "</text><script>alert(1)</script>\"'&\x1b";
  LineChart chart = chart_of({{1, 10, 0, evil}, {2, 20, 0, evil}});
  chart.title = chart.x_label = chart.panels[0].title = chart.panels[0].y_label = evil;
  chart.panels[0].series[0].name = evil;
  chart.notes = {evil};
  const std::string svg = to_svg(chart);
  expect_well_formed(svg);
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_THAT(svg, Not(HasSubstr("\x1b")));
  EXPECT_GE(count(svg, "&lt;script&gt;"), 8u);
}

// One colour and mark for a name in all panels, one entry in the legend; references have no marks.
TEST(LineChart, ANameLooksTheSameInEveryPanel) {
  const std::vector<ChartPoint> points = {{1, 1}, {2, 2}};
  LineChart chart{.title = "",
                  .notes = {},
                  .x_label = "",
                  .x_scale = ChartScale::doubling,
                  .panels = {{"a", "", {{"one", points}, {"two", points}}},
                             {"b", "", {{"two", points}, {"ceiling", points, true}}}}};
  const std::string svg = to_svg(chart);
  expect_well_formed(svg);
  EXPECT_EQ(count(svg, "<polyline class=\"line s0\""), 1u);
  EXPECT_EQ(count(svg, "<polyline class=\"line s1\""), 2u);
  EXPECT_EQ(count(svg, "<polyline class=\"reference\""), 1u);
  EXPECT_EQ(count(svg, "<title>ceiling"), 0u);
  EXPECT_EQ(count(svg, ">two</text>"), 1u);
}

}  // namespace
}  // namespace hearth::app
