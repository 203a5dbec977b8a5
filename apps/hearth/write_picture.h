// SPDX-License-Identifier: Apache-2.0
//
// A picture as a file. One thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "line_chart.h"

namespace hearth::app {

// "smollm2-sweep.svg" for the suffix "-sweep": a file in the current folder after whatever names
// the model, without what a file system or a shell gives a meaning.
std::string picture_name(std::string_view model, std::string_view suffix);

// Writes it, whole or not at all, and says where on standard error.
Result<void> write_picture(const std::string& path, const LineChart& chart);

}  // namespace hearth::app
