// SPDX-License-Identifier: Apache-2.0
#include "server/http/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>
#include <utility>

namespace hearth::server {
namespace {

constexpr std::array<std::pair<int, std::string_view>, 24> kReasons = {{
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {421, "Misdirected Request"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
}};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

void append_header(std::string& text, std::string_view name, std::string_view value) {
  text += name;
  text += ": ";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    text += byte < 0x20 || byte == 0x7F ? ' ' : c;
  }
  text += "\r\n";
}

// RFC 9110, 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT", in English whatever the locale.
void append_date(std::string& text) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  if (::gmtime_r(&now, &utc) == nullptr) return;
  fmt::format_to(std::back_inserter(text), "Date: {}, {:02} {} {} {:02}:{:02}:{:02} GMT\r\n",
                 kDays[utc.tm_wday], utc.tm_mday, kMonths[utc.tm_mon], utc.tm_year + 1900,
                 utc.tm_hour, utc.tm_min, utc.tm_sec);
}

}  // namespace

std::string_view name_of(Method method) {
  static constexpr std::string_view kNames[] = {"GET",    "HEAD",    "POST", "PUT",
                                                "DELETE", "OPTIONS", "other"};
  return kNames[static_cast<std::size_t>(method)];
}

std::string_view reason_of(int status) {
  const auto row = std::ranges::find(kReasons, status, &std::pair<int, std::string_view>::first);
  return row == kReasons.end() ? "Unknown" : row->second;
}

bool same_token(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

const std::string* HttpRequest::header(std::string_view name) const {
  for (const Header& field : headers)
    if (same_token(field.name, name)) return &field.value;
  return nullptr;
}

std::size_t HttpRequest::n_headers(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      headers, [&](const Header& field) { return same_token(field.name, name); }));
}

std::string head_text(const HttpResponse& response, const Framing& framing) {
  std::string text = fmt::format("HTTP/1.{} {} {}\r\n", framing.is_http_1_0 ? 0 : 1,
                                 response.status, reason_of(response.status));
  append_date(text);
  if (!response.content_type.empty()) append_header(text, "Content-Type", response.content_type);
  for (const Header& field : response.headers) append_header(text, field.name, field.value);
  append_header(text, "X-Content-Type-Options", "nosniff");
  if (framing.is_chunked) {
    append_header(text, "Transfer-Encoding", "chunked");
  } else if (framing.has_length && response.status != 204 && response.status != 304) {
    append_header(text, "Content-Length", std::to_string(framing.length));
  }
  if (framing.closes) {
    append_header(text, "Connection", "close");
  } else if (framing.is_http_1_0) {
    append_header(text, "Connection", "keep-alive");
  }
  text += "\r\n";
  return text;
}

}  // namespace hearth::server
