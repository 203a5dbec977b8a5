// SPDX-License-Identifier: Apache-2.0
//
// Text from files, requests and models is hostile to terminals and logs: whatever is shown to a
// person passes through printable() first.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hearth {

// The text with control characters (C0, DEL, C1, and the Unicode direction overrides) and bytes
// that are not UTF-8 written as \n, \t, \xHH or \u{HHHH}, cut with "..." after max_bytes of output.
std::string printable(std::string_view text, std::size_t max_bytes = 400);

// The text as HTML and XML want it between and within tags: & < > ' " as references, the quotes by
// number, as Jinja writes them.
std::string escape_html(std::string_view text);

}  // namespace hearth
