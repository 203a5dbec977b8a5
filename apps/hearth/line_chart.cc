// SPDX-License-Identifier: Apache-2.0
#include "line_chart.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/escape.h"

namespace hearth::app {
namespace {

constexpr double kPictureWidth = 860, kLeft = 76, kRight = 28, kPanelHeight = 220, kPanelGap = 64;
constexpr double kPlotWidth = kPictureWidth - kLeft - kRight;
constexpr std::size_t kColours = 6;

// Two schemes of the same classes. Series 0 to 5 are s0 to s5.
constexpr std::string_view kStyle = R"(<style>
text { font-family: system-ui, "Segoe UI", Helvetica, Arial, sans-serif; font-size: 12px; fill: #444b55; }
.title { font-size: 18px; font-weight: 600; fill: #15181d; }
.panel { font-size: 13px; font-weight: 600; fill: #15181d; }
.note { fill: #667080; }
.paper { fill: #ffffff; }
.grid { stroke: #e4e8ee; stroke-width: 1; }
.axis { stroke: #98a1ae; stroke-width: 1; }
.line { fill: none; stroke-width: 2.2; stroke-linejoin: round; stroke-linecap: round; }
.reference { fill: none; stroke: #7b8594; stroke-width: 1.6; stroke-dasharray: 6 5; }
.band { stroke: none; opacity: 0.16; }
.mark { stroke: #ffffff; stroke-width: 1.2; }
.s0 { stroke: #0072b2; } .f0 { fill: #0072b2; }
.s1 { stroke: #d55e00; } .f1 { fill: #d55e00; }
.s2 { stroke: #009e73; } .f2 { fill: #009e73; }
.s3 { stroke: #cc79a7; } .f3 { fill: #cc79a7; }
.s4 { stroke: #b58200; } .f4 { fill: #b58200; }
.s5 { stroke: #3f4a8a; } .f5 { fill: #3f4a8a; }
@media (prefers-color-scheme: dark) {
text { fill: #b4bcc8; }
.title, .panel { fill: #f1f4f8; }
.note { fill: #8d97a5; }
.paper { fill: #14171c; }
.grid { stroke: #272c34; }
.axis { stroke: #59626f; }
.reference { stroke: #8d97a5; }
.band { opacity: 0.22; }
.mark { stroke: #14171c; }
.s0 { stroke: #56b4e9; } .f0 { fill: #56b4e9; }
.s1 { stroke: #f08a3c; } .f1 { fill: #f08a3c; }
.s2 { stroke: #2cc79a; } .f2 { fill: #2cc79a; }
.s3 { stroke: #e79fc8; } .f3 { fill: #e79fc8; }
.s4 { stroke: #f0e442; } .f4 { fill: #f0e442; }
.s5 { stroke: #98a5f5; } .f5 { fill: #98a5f5; }
}
</style>
)";

bool is_drawn(const ChartPoint& point) {
  return std::isfinite(point.x) && std::isfinite(point.y) && point.x >= 0 && point.y >= 0;
}

double spread_of(const ChartPoint& point) {
  return std::isfinite(point.spread) ? std::max(point.spread, 0.0) : 0.0;
}

// "2500", "2.5k": short enough to stand under an axis.
std::string short_number(double value) {
  if (value >= 1024 && std::fmod(value, 1024) == 0) return fmt::format("{:.0f}k", value / 1024);
  return fmt::format("{:.6g}", value);
}

std::string line_between(std::string_view style, double x1, double y1, double x2, double y2) {
  return fmt::format(
      "<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", style, x1,
      y1, x2, y2);
}

std::string text_at(std::string_view style, double x, double y, std::string_view anchor,
                    std::string_view text) {
  return fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n",
                     style, x, y, anchor, xml_escaped(text));
}

// Marks of different shapes, in the order of series: disc, square, diamond, triangles.
std::string mark_at(std::size_t series, double x, double y) {
  const std::string style = fmt::format("mark f{}", series % kColours);
  const auto polygon = [&](std::initializer_list<std::pair<double, double>> corners) {
    std::vector<std::string> points;
    for (const auto& [dx, dy] : corners)
      points.push_back(fmt::format("{:.1f},{:.1f}", x + dx, y + dy));
    return fmt::format("<polygon class=\"{}\" points=\"{}\"/>", style, fmt::join(points, " "));
  };
  switch (series % 5) {
    case 0:
      return fmt::format("<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4.2\"/>", style, x,
                         y);
    case 1:
      return polygon({{-3.8, -3.8}, {3.8, -3.8}, {3.8, 3.8}, {-3.8, 3.8}});
    case 2:
      return polygon({{0, -5.4}, {5.4, 0}, {0, 5.4}, {-5.4, 0}});
    case 3:
      return polygon({{0, -5}, {4.9, 3.7}, {-4.9, 3.7}});
    default:
      return polygon({{0, 5}, {4.9, -3.7}, {-4.9, -3.7}});
  }
}

// Where a number of the x axis stands, 0 to 1 from left to right.
class XAxis {
 public:
  explicit XAxis(const LineChart& chart) : is_doubling_(chart.x_scale == ChartScale::doubling) {
    for (const ChartPanel& panel : chart.panels)
      for (const ChartSeries& series : panel.series)
        for (const ChartPoint& point : series.points)
          if (is_drawn(point)) values_.push_back(point.x);
    std::ranges::sort(values_);
    const auto repeated = std::ranges::unique(values_);
    values_.erase(repeated.begin(), repeated.end());
    const auto first = std::ranges::find_if(values_, [](double x) { return x > 0; });
    least_ = first == values_.end() ? 1 : *first;
    if (values_.empty()) return;
    low_ = is_doubling_ ? scaled(values_.front()) : 0;
    high_ = is_doubling_ ? scaled(values_.back()) : axis_ticks(values_.back(), 10).back();
  }

  double place(double x) const { return high_ > low_ ? (scaled(x) - low_) / (high_ - low_) : 0.5; }

  // A doubling axis has its ticks at 0 and at powers of two, or at what was measured where none of
  // these is in between.
  std::vector<double> ticks() const {
    if (values_.empty()) return {};
    if (!is_doubling_) return axis_ticks(values_.back(), 10);
    std::vector<double> ticks;
    if (values_.front() == 0) ticks.push_back(0);
    const double first = std::ceil(std::log2(least_)), last = std::floor(std::log2(values_.back()));
    const double step = std::max(1.0, std::ceil((last - first) / 12));
    if (values_.back() > 0)
      for (double power = first; power <= last; power += step) ticks.push_back(std::exp2(power));
    return ticks.empty() ? values_ : ticks;
  }

 private:
  double scaled(double x) const {
    if (!is_doubling_) return x;
    return x > 0 ? std::log2(x) : std::log2(least_) - 1;
  }

  bool is_doubling_;
  std::vector<double> values_;
  double least_ = 1, low_ = 0, high_ = 0;
};

// Which colour and mark a name has, the same in every panel.
class Palette {
 public:
  explicit Palette(const LineChart& chart) {
    for (const ChartPanel& panel : chart.panels)
      for (const ChartSeries& series : panel.series) {
        auto& names = series.is_reference ? references_ : names_;
        if (std::ranges::find(names, series.name) == names.end()) names.push_back(series.name);
      }
  }
  std::size_t index(const ChartSeries& series) const {
    return static_cast<std::size_t>(std::ranges::find(names_, series.name) - names_.begin());
  }
  const std::vector<std::string>& names() const { return names_; }
  const std::vector<std::string>& references() const { return references_; }

 private:
  std::vector<std::string> names_, references_;
};

class ChartWriter {
 public:
  explicit ChartWriter(const LineChart& chart) : chart_(chart), x_axis_(chart), palette_(chart) {}

  std::string write() {
    double y = 36;
    body_ += text_at("title", kLeft - 48, y, "start", chart_.title);
    for (const std::string& note : chart_.notes)
      body_ += text_at("note", kLeft - 48, y += 18, "start", note);
    y = legend(y + 26) + 14;
    for (const ChartPanel& panel : chart_.panels) {
      panel_at(panel, y + 34);
      y += kPanelHeight + kPanelGap;
    }
    body_ += text_at("", kLeft + kPlotWidth / 2, y + 10, "middle", chart_.x_label);
    y += 20;
    return fmt::format(
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
               "width=\"{0:.0f}\" "
               "height=\"{1:.0f}\" role=\"img\">\n<title>{2}</title>\n",
               kPictureWidth, y + 8, xml_escaped(chart_.title)) +
           std::string(kStyle) +
           fmt::format("<rect class=\"paper\" width=\"{:.0f}\" height=\"{:.0f}\" rx=\"8\"/>\n",
                       kPictureWidth, y + 8) +
           body_ + "</svg>\n";
  }

 private:
  // Returns the y of its last line. A letter is about 6.6 wide.
  double legend(double y) {
    double x = kLeft - 48;
    const auto entry = [&](const std::string& name, auto&& draw) {
      const double width = 34 + 6.6 * static_cast<double>(printable(name, 60).size()) + 22;
      if (x + width > kPictureWidth - kRight && x > kLeft) {
        x = kLeft - 48;
        y += 20;
      }
      draw();
      body_ += text_at("", x + 34, y + 4, "start", printable(name, 60));
      x += width;
    };
    for (std::size_t i = 0; i < palette_.names().size(); ++i)
      entry(palette_.names()[i], [&] {
        body_ += line_between(fmt::format("line s{}", i % kColours), x, y, x + 26, y) +
                 mark_at(i, x + 13, y) + "\n";
      });
    for (const std::string& name : palette_.references())
      entry(name, [&] { body_ += line_between("reference", x, y, x + 26, y); });
    return y;
  }

  void panel_at(const ChartPanel& panel, double top) {
    double highest = 0;
    for (const ChartSeries& series : panel.series)
      for (const ChartPoint& point : series.points)
        if (is_drawn(point)) highest = std::max(highest, point.y + spread_of(point));
    const std::vector<double> ticks = axis_ticks(highest, 5);
    bottom_ = top + kPanelHeight;
    y_per_unit_ = kPanelHeight / ticks.back();
    body_ += text_at("panel", kLeft, top - 12, "start", panel.title);
    body_ += fmt::format(
        "<text x=\"0\" y=\"0\" text-anchor=\"middle\" transform=\"translate(24 {:.1f}) "
        "rotate(-90)\">{}"
        "</text>\n",
        top + kPanelHeight / 2, xml_escaped(panel.y_label));
    for (const double tick : ticks) {
      body_ += line_between(tick == 0 ? "axis" : "grid", kLeft, y_of(tick), kPictureWidth - kRight,
                            y_of(tick));
      body_ += text_at("", kLeft - 9, y_of(tick) + 4, "end", fmt::format("{:.6g}", tick));
    }
    const std::vector<double> x_ticks = x_axis_.ticks();
    for (const double tick : x_ticks) {
      body_ += line_between("grid", x_of(tick), top, x_of(tick), bottom_);
      body_ += text_at("", x_of(tick), bottom_ + 18, "middle",
                       chart_.x_scale == ChartScale::doubling ? short_number(tick)
                                                              : fmt::format("{:.6g}", tick));
    }
    if (x_ticks.empty())
      body_ +=
          text_at("note", kLeft + kPlotWidth / 2, top + kPanelHeight / 2, "middle", "no figures");
    // What everything is measured against lies behind what was measured; bands behind lines.
    for (const ChartSeries& series : panel.series)
      if (series.is_reference) lines_of(series, "reference");
    for (const ChartSeries& series : panel.series)
      if (!series.is_reference) bands_of(series);
    for (const ChartSeries& series : panel.series) {
      if (series.is_reference) continue;
      lines_of(series, fmt::format("line s{}", palette_.index(series) % kColours));
      marks_of(series);
    }
  }

  double x_of(double x) const { return kLeft + kPlotWidth * x_axis_.place(x); }
  double y_of(double y) const { return bottom_ - y * y_per_unit_; }
  std::string corner(double x, double y) const {
    return fmt::format("{:.1f},{:.1f}", x_of(x), y_of(std::max(y, 0.0)));
  }

  // Calls visit with every stretch without a gap.
  template <class Visit>
  static void for_each_stretch(const ChartSeries& series, Visit&& visit) {
    std::vector<const ChartPoint*> stretch;
    for (const ChartPoint& point : series.points) {
      if (is_drawn(point)) {
        stretch.push_back(&point);
      } else if (!stretch.empty()) {
        visit(stretch);
        stretch.clear();
      }
    }
    if (!stretch.empty()) visit(stretch);
  }

  void lines_of(const ChartSeries& series, const std::string& style) {
    for_each_stretch(series, [&](const std::vector<const ChartPoint*>& stretch) {
      if (stretch.size() < 2) return;
      std::vector<std::string> corners;
      for (const ChartPoint* point : stretch) corners.push_back(corner(point->x, point->y));
      body_ +=
          fmt::format("<polyline class=\"{}\" points=\"{}\"/>\n", style, fmt::join(corners, " "));
    });
  }

  // A band, or a bar where there is no neighbour.
  void bands_of(const ChartSeries& series) {
    const std::size_t colour = palette_.index(series) % kColours;
    for_each_stretch(series, [&](const std::vector<const ChartPoint*>& stretch) {
      if (std::ranges::all_of(stretch, [](const auto* point) { return spread_of(*point) == 0; }))
        return;
      if (stretch.size() == 1) {
        const ChartPoint& point = *stretch[0];
        body_ += line_between(fmt::format("line s{}", colour), x_of(point.x),
                              y_of(std::max(point.y - spread_of(point), 0.0)), x_of(point.x),
                              y_of(point.y + spread_of(point)));
        return;
      }
      std::vector<std::string> corners;
      for (const ChartPoint* point : stretch)
        corners.push_back(corner(point->x, point->y + spread_of(*point)));
      for (auto point = stretch.rbegin(); point != stretch.rend(); ++point)
        corners.push_back(corner((*point)->x, (*point)->y - spread_of(**point)));
      body_ += fmt::format("<polygon class=\"band f{}\" points=\"{}\"/>\n", colour,
                           fmt::join(corners, " "));
    });
  }

  void marks_of(const ChartSeries& series) {
    const std::size_t index = palette_.index(series);
    for (const ChartPoint& point : series.points) {
      if (!is_drawn(point)) continue;
      body_ +=
          fmt::format("<g>{}<title>{}</title></g>\n", mark_at(index, x_of(point.x), y_of(point.y)),
                      xml_escaped(point.note.empty() ? series.name : point.note));
    }
  }

  const LineChart& chart_;
  XAxis x_axis_;
  Palette palette_;
  std::string body_;
  double bottom_ = 0, y_per_unit_ = 1;
};

}  // namespace

std::string to_svg(const LineChart& chart) {
  return ChartWriter(chart).write();
}

std::vector<double> axis_ticks(double highest, int most) {
  if (!std::isfinite(highest) || highest <= 0) return {0, 1};
  const double power = std::pow(10, std::floor(std::log10(highest / most)));
  double step = 10 * power;
  for (const double factor : {5.0, 2.5, 2.0, 1.0})
    if (std::ceil(highest / (factor * power) - 1e-9) <= most) step = factor * power;
  std::vector<double> ticks{0};
  const auto n = static_cast<int>(std::ceil(highest / step - 1e-9));
  for (int i = 1; i <= std::max(n, 1); ++i) ticks.push_back(i * step);
  return ticks;
}

std::string xml_escaped(std::string_view text) {
  std::string out = escape_html(printable(text));  // no control characters, valid UTF-8
  // The two code points below U+10000 that are characters of UTF-8 and not of XML.
  for (const std::string_view bad : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"})
    for (std::size_t at; (at = out.find(bad)) != std::string::npos;)
      out.replace(at, bad.size(), "\xEF\xBF\xBD");
  return out;
}

}  // namespace hearth::app
