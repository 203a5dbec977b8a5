// SPDX-License-Identifier: Apache-2.0
//
// HTTP messages as plain values (RFC 9110, 9112). Requests are parsed by RequestParser, responses
// written by the connection. Nothing here knows the library underneath.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::server {

enum class Method : std::uint8_t { get, head, post, put, del, options, other };

// "GET"; "other" for other.
std::string_view name_of(Method method);

struct Header {
  std::string name;
  std::string value;
};

struct HttpRequest {
  Method method = Method::other;
  std::string path;   // of the target, starts with '/', as it was sent (percent signs included)
  std::string query;  // behind '?', without it
  std::string host;   // from Host, or from an absolute target; as it was sent
  std::vector<Header> headers;
  std::string body;  // chunked bodies are put together; trailers are dropped
  bool is_http_1_0 = false;

  // Set by the connection.
  std::string id;            // of this request, in logs and in x-request-id
  std::string peer;          // the address at the other end; "unix" for a Unix socket
  std::string client;        // the address behind trusted proxies, for logs and limits; else peer
  std::size_t listener = 0;  // which of the server's listeners it came by

  // The first header of that name in any case; null if there is none.
  const std::string* header(std::string_view name) const;
  std::size_t n_headers(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";  // empty: no such header
  std::vector<Header> headers;
  std::string body;
};

// "Not Found"; "Unknown" for what is not in the table.
std::string_view reason_of(int status);

// Whether two header names or tokens are the same but for the case of ASCII letters.
bool same_token(std::string_view a, std::string_view b);

// How the connection frames a response.
struct Framing {
  bool is_http_1_0 = false;
  bool closes = false;      // Connection: close
  bool is_chunked = false;  // else Content-Length, if there is a length
  bool has_length = true;
  std::size_t length = 0;
};

// The status line and the headers up to the empty line, with Date, Content-Type and the framing.
// Control characters in values become spaces: no value can begin a header of its own.
std::string head_text(const HttpResponse& response, const Framing& framing);

}  // namespace hearth::server
