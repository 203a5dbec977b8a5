// SPDX-License-Identifier: Apache-2.0
#include "write_picture.h"

#include <fmt/format.h>

#include <span>

#include "base/escape.h"
#include "output_file.h"

namespace hearth::app {

std::string picture_name(std::string_view model, std::string_view suffix) {
  std::string_view base = model.substr(model.rfind('/') + 1);
  if (base.ends_with(".gguf")) base.remove_suffix(5);
  std::string name;
  for (const char c : base.substr(0, 100)) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || (c == '.' && !name.empty()) ||
                          (c == '-' && !name.empty());
    name += is_plain ? c : '_';
  }
  return fmt::format("{}{}.svg", name.empty() ? "model" : name, suffix);
}

Result<void> write_picture(const std::string& path, const LineChart& chart) {
  const std::string svg = to_svg(chart);
  OutputFile file = TRY(OutputFile::create(path));
  TRY(file.write(std::as_bytes(std::span(svg))));
  TRY(file.commit());
  fmt::print(stderr, "hearth: picture: {}\n", printable(path));
  return {};
}

}  // namespace hearth::app
