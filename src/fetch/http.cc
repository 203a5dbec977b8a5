// SPDX-License-Identifier: Apache-2.0
#include "fetch/http.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>

#include "base/check.h"
#include "base/escape.h"

namespace hearth::fetch {
namespace {

constexpr std::size_t kMaxHeaderBytes = 64 << 10;  // of one hop
constexpr int kMaxRedirects = 8;
constexpr std::size_t kMaxErrorBodyBytes = 64 << 10;  // read and dropped, so the connection lives
constexpr long kConnectSeconds = 20;
constexpr std::chrono::seconds kLongestServerWait{300};

void start_curl_once() {
  static const CURLcode started = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  CHECK(started == CURLE_OK);
}

char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// What one transfer's call-backs share.
struct Hop {
  const BodySink& sink;
  const std::stop_token& stop;
  HttpReply reply;
  std::size_t header_bytes = 0;
  std::size_t dropped_bytes = 0;
  std::optional<Error> refused;  // why a call-back ended the transfer
};

std::size_t take_header(char* data, std::size_t, std::size_t size, void* user) {
  Hop& hop = *static_cast<Hop*>(user);
  const std::string_view line(data, size);
  hop.header_bytes += size;
  if (hop.header_bytes > kMaxHeaderBytes) {
    hop.refused = Error{ErrorCode::failed, "the server sent too many headers"};
    return 0;
  }
  if (line.starts_with("HTTP/")) {  // a new reply: what came before was "100 Continue" or a proxy's
    hop.reply.headers.clear();
    return size;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  std::string name(trim(line.substr(0, colon)));
  std::ranges::transform(name, name.begin(), ascii_lower);
  hop.reply.headers[std::move(name)] = trim(line.substr(colon + 1));
  return size;
}

int check_stop(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Hop*>(user)->stop.stop_requested() ? 1 : 0;
}

struct BodyTaker {
  CURL* curl;
  Hop* hop;
};

std::size_t take_body(char* data, std::size_t, std::size_t size, void* user) {
  const BodyTaker& taker = *static_cast<BodyTaker*>(user);
  Hop& hop = *taker.hop;
  long status = 0;
  ::curl_easy_getinfo(taker.curl, CURLINFO_RESPONSE_CODE, &status);
  hop.reply.status = static_cast<int>(status);
  if (status < 200 || status > 299) {
    hop.dropped_bytes += size;
    return hop.dropped_bytes > kMaxErrorBodyBytes ? 0 : size;
  }
  auto taken = hop.sink(hop.reply, std::as_bytes(std::span(data, size)));
  if (taken) return size;
  hop.refused = std::move(taken.error());
  return 0;
}

bool is_transient(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_SSL_CONNECT_ERROR:
      return true;
    default:
      return false;
  }
}

// Seconds alone; the other form of RFC 9110, a date, counts as none.
std::chrono::milliseconds parse_retry_after(std::string_view text) {
  unsigned seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return std::min(std::chrono::seconds(seconds), kLongestServerWait);
}

HttpFailure status_failure(const HttpReply& reply, std::string_view url) {
  const std::string shown = shown_url(url);
  const int status = reply.status;
  const std::string_view reason = reply.header("x-error-code");  // the hub's own word for it
  if (status == 404 || status == 410 || reason == "RepoNotFound" || reason == "EntryNotFound")
    return {{ErrorCode::not_found, fmt::format("{}: there is no such file (HTTP {}); a private one "
                                               "needs HF_TOKEN",
                                               shown, status)}};
  if (status == 401 || status == 403)
    return {{ErrorCode::failed,
             fmt::format("{}: the server asks for permission (HTTP {}); {}", shown, status,
                         reason == "GatedRepo"
                             ? "accept the model's terms on its page, then set HF_TOKEN"
                             : "set HF_TOKEN to a token that may read it")}};
  const bool transient = status == 408 || status == 429 || status >= 500;
  return {{ErrorCode::failed, fmt::format("{}: the server answered HTTP {}", shown, status)},
          transient,
          parse_retry_after(reply.header("retry-after"))};
}

}  // namespace

std::string_view HttpReply::header(std::string_view name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string_view() : found->second;
}

struct HttpClient::State {
  CURL* curl = nullptr;
  std::chrono::seconds stall;

  ~State() { ::curl_easy_cleanup(curl); }

  HttpResult<HttpReply> get_hop(const std::string& url, const std::string& token,
                                const HttpRequest& request, const BodySink& sink,
                                const std::stop_token& stop);
};

HttpClient::HttpClient(std::chrono::seconds stall) : state_(std::make_unique<State>()) {
  start_curl_once();
  state_->curl = ::curl_easy_init();
  state_->stall = stall;
  CHECK(state_->curl != nullptr);
}

HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

HttpResult<HttpReply> HttpClient::State::get_hop(const std::string& url, const std::string& token,
                                                 const HttpRequest& request, const BodySink& sink,
                                                 const std::stop_token& stop) {
  Hop hop{.sink = sink, .stop = stop};
  BodyTaker taker{curl, &hop};
  char error_text[CURL_ERROR_SIZE] = "";
  ::curl_easy_reset(curl);  // keeps the connection
  ::curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  ::curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  ::curl_easy_setopt(curl, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  ::curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  ::curl_easy_setopt(curl, CURLOPT_USERAGENT, "hearth");
  ::curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  ::curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 256L);
  ::curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(stall.count()));
  ::curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_text);
  ::curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  ::curl_easy_setopt(curl, CURLOPT_HEADERDATA, &hop);
  ::curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  ::curl_easy_setopt(curl, CURLOPT_WRITEDATA, &taker);
  ::curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  ::curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, check_stop);
  ::curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &hop);
  if (request.range)
    ::curl_easy_setopt(curl, CURLOPT_RANGE,
                       fmt::format("{}-{}", request.range->first, request.range->last).c_str());
  curl_slist* headers = nullptr;
  if (!token.empty())
    headers = ::curl_slist_append(nullptr, ("Authorization: Bearer " + token).c_str());
  ::curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  const CURLcode code = ::curl_easy_perform(curl);
  ::curl_slist_free_all(headers);

  long status = 0;
  ::curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  hop.reply.status = static_cast<int>(status);
  if (stop.stop_requested())
    return std::unexpected(HttpFailure{{ErrorCode::cancelled, "the download was cancelled"}});
  if (hop.refused) return std::unexpected(HttpFailure{std::move(*hop.refused)});
  const bool refused_status = status >= 300 && code == CURLE_WRITE_ERROR;  // a long error page
  if (code != CURLE_OK && !refused_status) {
    const std::string why = error_text[0] != '\0' ? error_text : ::curl_easy_strerror(code);
    return std::unexpected(
        HttpFailure{{ErrorCode::failed, fmt::format("{}: {}", shown_url(url), printable(why, 300))},
                    is_transient(code)});
  }
  return std::move(hop.reply);
}

HttpResult<HttpReply> HttpClient::get(const HttpRequest& request, const BodySink& sink,
                                      const std::stop_token& stop) {
  const auto refuse = [](std::string why) {
    return std::unexpected(HttpFailure{{ErrorCode::failed, std::move(why)}});
  };
  const auto printing = [](char c) { return c > 0x20 && c < 0x7f; };
  if (!std::ranges::all_of(request.token, printing))
    return refuse("HF_TOKEN holds characters that no token has");
  std::string url = request.url;
  std::map<std::string, std::string, std::less<>> announced;
  for (int hops = 0; hops <= kMaxRedirects; ++hops) {
    const bool at_home = same_origin(url, request.url);
    HttpReply reply = TRY(state_->get_hop(url, at_home ? request.token : "", request, sink, stop));
    if (at_home)
      for (const auto& [name, value] : reply.headers)
        if (name.starts_with("x-")) announced.emplace(name, value);
    if (reply.status >= 200 && reply.status < 300) {
      for (const auto& [name, value] : announced) reply.headers.insert_or_assign(name, value);
      return reply;
    }
    const char* target = nullptr;
    ::curl_easy_getinfo(state_->curl, CURLINFO_REDIRECT_URL, &target);
    if (reply.status < 300 || reply.status > 399 || target == nullptr)
      return std::unexpected(status_failure(reply, url));
    std::string next = target;
    if (url.starts_with("https://") && !next.starts_with("https://"))
      return refuse(fmt::format("{}: it redirects to an address without encryption, {}",
                                shown_url(url), shown_url(next)));
    url = std::move(next);
  }
  return refuse(fmt::format("{}: more than {} redirects", shown_url(request.url), kMaxRedirects));
}

std::string shown_url(std::string_view url) {
  return printable(url.substr(0, url.find_first_of("?#")), 300);
}

bool same_origin(std::string_view a, std::string_view b) {
  const auto origin = [](std::string_view url) {
    const auto scheme_end = url.find("://");
    if (scheme_end == std::string_view::npos) return std::string();
    std::string text(url.substr(0, url.find_first_of("/?#", scheme_end + 3)));
    std::ranges::transform(text, text.begin(), ascii_lower);
    const std::string_view port = text.starts_with("https:") ? ":443" : ":80";
    if (text.ends_with(port)) text.resize(text.size() - port.size());
    return text;
  };
  const std::string left = origin(a);
  return !left.empty() && left == origin(b);
}

bool wait_for_retry(const RetryPolicy& policy, int failures, const HttpFailure& failure,
                    const std::stop_token& stop) {
  if (!failure.transient || failures >= policy.tries) return false;
  auto wait = policy.first_wait;
  for (int i = 1; i < failures && wait < policy.longest_wait; ++i) wait *= 2;
  wait = std::min(std::max(wait, failure.retry_after), policy.longest_wait);
  std::mutex mutex;
  std::condition_variable_any asleep;
  std::unique_lock lock(mutex);
  asleep.wait_for(lock, stop, wait, [] { return false; });
  return !stop.stop_requested();
}

Result<std::string> get_text(HttpClient& client, const HttpRequest& request, std::size_t max_bytes,
                             const RetryPolicy& policy, const std::stop_token& stop) {
  for (int failures = 1;; ++failures) {
    std::string text;
    const auto reply = client.get(
        request,
        [&](const HttpReply&, std::span<const std::byte> bytes) -> Result<void> {
          if (bytes.size() > max_bytes - text.size())
            return fail(ErrorCode::does_not_fit, "{}: the answer has more than {} bytes",
                        shown_url(request.url), max_bytes);
          text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
          return {};
        },
        stop);
    if (reply) return text;
    if (!wait_for_retry(policy, failures, reply.error(), stop))
      return std::unexpected(reply.error().error);
  }
}

}  // namespace hearth::fetch
