// SPDX-License-Identifier: Apache-2.0
//
// strftime_now(format): the time of the render, in Python's format letters and in English.
#pragma once

#include <ctime>
#include <string>

#include "base/error.h"

namespace hearth::text::jinja {

std::tm local_now();
std::string format_time(const std::string& format, const std::tm& time);

}  // namespace hearth::text::jinja
