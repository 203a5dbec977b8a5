// SPDX-License-Identifier: Apache-2.0
#include "traffic/client.h"

#include <curl/curl.h>

#include <map>
#include <utility>

#include "base/check.h"

namespace hearth::traffic {
namespace {

constexpr long kConnectSeconds = 20;

bool is_this_machine(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  return url.starts_with("127.") || url.starts_with("localhost") || url.starts_with("[::1]");
}

struct Transfer {
  TransferId id = 0;
  CURL* curl = nullptr;
  std::string body;
  const TransferEvents* events = nullptr;
  char error_text[CURL_ERROR_SIZE] = "";

  int status() const {
    long status = 0;
    ::curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return static_cast<int>(status);
  }
};

std::size_t take_body(char* data, std::size_t, std::size_t size, void* user) {
  const Transfer& transfer = *static_cast<Transfer*>(user);
  transfer.events->bytes(transfer.id, transfer.status(), {data, size});
  return size;
}

}  // namespace

struct Client::State {
  TransferEvents events;
  CURLM* multi = nullptr;
  curl_slist* headers = nullptr;
  std::vector<CURL*> idle;  // handles to use again
  std::map<TransferId, Transfer> active;

  // Takes the transfer out; its handle waits for the next.
  void retire(std::map<TransferId, Transfer>::iterator found) {
    ::curl_multi_remove_handle(multi, found->second.curl);
    idle.push_back(found->second.curl);
    active.erase(found);
  }
  void take_ended();
};

Client::Client(const ClientOptions& options, TransferEvents events)
    : state_(std::make_unique<State>()) {
  CHECK(::curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
  state_->events = std::move(events);
  state_->multi = ::curl_multi_init();
  CHECK(state_->multi != nullptr);
  ::curl_multi_setopt(state_->multi, CURLMOPT_MAXCONNECTS,
                      static_cast<long>(options.max_connections));
  ::curl_multi_setopt(state_->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
  // "Expect:" takes that header away, with which libcurl would wait before a long prompt.
  std::vector<std::string> headers = {"Content-Type: application/json", "Expect:"};
  headers.insert(headers.end(), options.headers.begin(), options.headers.end());
  for (const std::string& header : headers)
    state_->headers = ::curl_slist_append(state_->headers, header.c_str());
}

Client::~Client() {
  while (!state_->active.empty()) state_->retire(state_->active.begin());
  for (CURL* const curl : state_->idle) ::curl_easy_cleanup(curl);
  ::curl_multi_cleanup(state_->multi);
  ::curl_slist_free_all(state_->headers);
  ::curl_global_cleanup();
}

void Client::begin(TransferId id, const std::string& url, std::string body) {
  const auto [at, is_new] = state_->active.try_emplace(id);
  CHECK(is_new);
  Transfer& transfer = at->second;
  transfer.id = id;
  transfer.body = std::move(body);
  transfer.events = &state_->events;
  if (state_->idle.empty()) {
    transfer.curl = ::curl_easy_init();
    CHECK(transfer.curl != nullptr);
  } else {
    transfer.curl = state_->idle.back();
    state_->idle.pop_back();
    ::curl_easy_reset(transfer.curl);
  }
  CURL* const curl = transfer.curl;
  ::curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  ::curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  ::curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  if (is_this_machine(url)) ::curl_easy_setopt(curl, CURLOPT_PROXY, "");
  ::curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  ::curl_easy_setopt(curl, CURLOPT_USERAGENT, "hearth");
  ::curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  ::curl_easy_setopt(curl, CURLOPT_HTTPHEADER, state_->headers);
  ::curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer.error_text);
  ::curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  ::curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  ::curl_easy_setopt(curl, CURLOPT_PRIVATE, &transfer);
  if (!transfer.body.empty()) {
    ::curl_easy_setopt(curl, CURLOPT_POSTFIELDS, transfer.body.data());  // which is not copied
    ::curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(transfer.body.size()));
  }
  CHECK(::curl_multi_add_handle(state_->multi, curl) == CURLM_OK);
}

void Client::drop(TransferId id) {
  if (const auto found = state_->active.find(id); found != state_->active.end())
    state_->retire(found);
}

void Client::run(std::chrono::milliseconds most) {
  int n_running = 0;
  ::curl_multi_perform(state_->multi, &n_running);
  state_->take_ended();
  ::curl_multi_poll(state_->multi, nullptr, 0, static_cast<int>(most.count()), nullptr);
  ::curl_multi_perform(state_->multi, &n_running);
  state_->take_ended();
}

void Client::State::take_ended() {
  int n_left = 0;
  while (const CURLMsg* const message = ::curl_multi_info_read(multi, &n_left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    Transfer* transfer = nullptr;
    ::curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    TransferEnd end{.status = transfer->status(), .failure = {}};
    if (code != CURLE_OK)
      end.failure =
          transfer->error_text[0] != '\0' ? transfer->error_text : ::curl_easy_strerror(code);
    const TransferId id = transfer->id;
    retire(active.find(id));
    events.end(id, end);
  }
}

std::size_t Client::n_active() const {
  return state_->active.size();
}

}  // namespace hearth::traffic
