// SPDX-License-Identifier: Apache-2.0
//
// Lines over a common x axis as an SVG picture of one file: no script, no font, no address. Opens
// in any browser, follows its light or dark scheme, and tells series apart by marks as well as by
// colours that colour-blind people can tell (Okabe and Ito, "Color universal design", 2008). Every
// text is escaped; y axes begin at 0. Plain values; any thread.
#pragma once

#include <string>
#include <vector>

namespace hearth::app {

struct ChartPoint {
  double x = 0, y = 0;  // not finite, or below 0: nothing is drawn, and the line has a gap
  double spread = 0;    // drawn from y - spread to y + spread
  std::string note;     // shown when one points at it
};

struct ChartSeries {
  std::string name;  // in the legend once, however many panels have it
  std::vector<ChartPoint> points;
  bool is_reference = false;  // a grey dashed line without marks: a ceiling
};

struct ChartPanel {
  std::string title, y_label;
  std::vector<ChartSeries> series;
};

enum class ChartScale {
  linear,
  doubling,  // every doubling is a step of the same width; 0 stands one step before the first
};

struct LineChart {
  std::string title;
  std::vector<std::string> notes;  // small, under the title
  std::string x_label;
  ChartScale x_scale = ChartScale::linear;
  std::vector<ChartPanel> panels;  // one under the other
};

std::string to_svg(const LineChart& chart);

// Round numbers from 0 on, steps of 1, 2, 2.5 or 5 times a power of ten, at most `most` steps, the
// last one not below `highest`. {0, 1} where highest is not above 0.
std::vector<double> axis_ticks(double highest, int most);

// The text with what XML gives a meaning replaced, and what it has no room for made visible.
std::string xml_escaped(std::string_view text);

}  // namespace hearth::app
