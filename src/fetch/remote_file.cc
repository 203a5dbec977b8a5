// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "base/sha256.h"
#include "fetch/content_range_internal.h"
#include "fetch/download.h"

namespace hearth::fetch {
namespace {

std::string_view unquoted(std::string_view etag) {
  if (etag.size() >= 2 && etag.starts_with('"') && etag.ends_with('"'))
    return etag.substr(1, etag.size() - 2);
  return etag;
}

Result<RemoteFile> read_headers(const HttpReply& reply, const std::string& url) {
  RemoteFile file;
  const auto range = parse_content_range(reply.header("content-range"));
  const auto length = parse_count(reply.header("content-length"));
  if (reply.status == 206 && range && range->first == 0 && range->last == 0) {
    file.takes_ranges = true;
    file.bytes = range->total;
  } else if (reply.status == 200 && length) {
    file.bytes = *length;
  }
  if (file.bytes == 0)
    return fail(ErrorCode::failed, "{}: the server does not say how large the file is",
                shown_url(url));
  if (const std::string_view hash = unquoted(reply.header("x-linked-etag")); is_sha256_hex(hash))
    file.sha256 = to_lower_hex(hash);
  if (const auto linked = parse_count(reply.header("x-linked-size"));
      linked && *linked != file.bytes)
    return fail(ErrorCode::integrity, "{}: the hub says {} bytes, the server that has them {}",
                shown_url(url), *linked, file.bytes);
  if (const std::string_view etag = reply.header("etag"); !etag.starts_with("W/")) file.etag = etag;
  return file;
}

}  // namespace

Result<RemoteFile> ask_about(HttpClient& client, const std::string& url, const std::string& token,
                             const RetryPolicy& retry, const std::stop_token& stop) {
  for (int failures = 1;; ++failures) {
    std::optional<HttpReply> whole;  // of a server that ignores Range; its body is not wanted
    const auto reply = client.get(
        {.url = url, .token = token, .range = ByteRange{0, 0}},
        [&](const HttpReply& partial, std::span<const std::byte>) -> Result<void> {
          if (partial.status == 206) return {};
          whole = partial;
          return fail(ErrorCode::cancelled, "the body is not wanted yet");
        },
        stop);
    if (reply) return read_headers(*reply, url);
    if (whole) return read_headers(*whole, url);
    if (!wait_for_retry(retry, failures, reply.error(), stop))
      return std::unexpected(reply.error().error);
  }
}

}  // namespace hearth::fetch
