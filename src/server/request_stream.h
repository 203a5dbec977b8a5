// SPDX-License-Identifier: Apache-2.0
//
// What a worker says about one request, for whoever answers it. The worker's reader pushes; the
// answering side takes, from any one thread, and is woken in between. Text that nobody has taken
// yet is kept in one event, so that a slow reader costs no more than the answer's own length.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

#include "wire/messages.h"

namespace hearth::server {

class RequestStream {
 public:
  // gone: called when the stream goes before its last event has come.
  explicit RequestStream(std::function<void()> gone) : gone_(std::move(gone)) {}
  RequestStream(const RequestStream&) = delete;
  RequestStream& operator=(const RequestStream&) = delete;
  ~RequestStream();

  // Called from another thread whenever there is something to take, and at once if there is
  // already.
  void on_news(std::function<void()> wake);

  // What has come since the last time; never waits. The last event of all is Finished, Failed,
  // Tokens, Rendered or Embedding.
  std::vector<wire::ToFront> take();
  // The same, but waits for something. Nothing when the patience is over.
  std::vector<wire::ToFront> take_within(std::chrono::milliseconds patience);

  void push(wire::ToFront event);

 private:
  std::mutex mutex_;
  std::condition_variable has_events_;
  std::vector<wire::ToFront> events_;
  std::function<void()> wake_, gone_;
  bool has_ended_ = false;
};

// Whether it is the last about its request.
bool ends_request(const wire::ToFront& event);
// 0: about the model.
wire::RequestId request_of(const wire::ToFront& event);

}  // namespace hearth::server
