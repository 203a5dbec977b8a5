// SPDX-License-Identifier: Apache-2.0
//
// Server-sent events (WHATWG HTML, 9.2) over a ResponseWriter, as OpenAI's clients read them: lines
// "data: JSON" with an empty line behind, "data: [DONE]" at the end, and comments as pings.
// Free functions: the state is the writer's. All but start_events() return false when the client
// is gone.
#pragma once

#include <chrono>
#include <string_view>

#include "server/http/writer.h"

namespace hearth::server {

// Headers that keep proxies from collecting events: Cache-Control and X-Accel-Buffering (nginx).
// A ping ": ping" goes out when nothing else did for the interval; 0: never.
void start_events(ResponseWriter& writer,
                  std::chrono::milliseconds ping_interval = std::chrono::seconds(15));

// One event; a line break in the data begins another "data:" line, which parsers put together.
bool send_event(ResponseWriter& writer, std::string_view data);
// With "event: NAME" before it; a name has no line breaks.
bool send_named_event(ResponseWriter& writer, std::string_view name, std::string_view data);
// "data: [DONE]"
bool send_done_event(ResponseWriter& writer);

}  // namespace hearth::server
