// SPDX-License-Identifier: Apache-2.0
#include "server/http/events.h"

#include <string>
#include <utility>

namespace hearth::server {
namespace {

// CR, LF and CR LF all end a line of an event stream.
void append_data_lines(std::string& text, std::string_view data) {
  while (true) {
    const std::size_t end = data.find_first_of("\r\n");
    text += "data: ";
    text += data.substr(0, end);
    text += '\n';
    if (end == std::string_view::npos) break;
    const bool is_pair = data.substr(end).starts_with("\r\n");
    data.remove_prefix(end + (is_pair ? 2 : 1));
  }
  text += '\n';
}

}  // namespace

void start_events(ResponseWriter& writer, std::chrono::milliseconds ping_interval) {
  HttpResponse response;
  response.content_type = "text/event-stream";
  response.headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};
  StreamOptions options;
  if (ping_interval.count() > 0) {
    options.ping = ": ping\n\n";
    options.ping_interval = ping_interval;
  }
  writer.start_stream(std::move(response), std::move(options));
}

bool send_event(ResponseWriter& writer, std::string_view data) {
  std::string text;
  append_data_lines(text, data);
  return writer.write(text);
}

bool send_named_event(ResponseWriter& writer, std::string_view name, std::string_view data) {
  std::string text = "event: ";
  text += name;
  text += '\n';
  append_data_lines(text, data);
  return writer.write(text);
}

bool send_done_event(ResponseWriter& writer) {
  return writer.write("data: [DONE]\n\n");
}

}  // namespace hearth::server
