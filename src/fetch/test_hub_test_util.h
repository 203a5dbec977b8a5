// SPDX-License-Identifier: Apache-2.0
//
// A small web server of the tests' own, on the loopback interface: files with Range and ETag,
// redirects, and whatever a test scripts against its client. One thread for each connection; every
// reply closes its connection. For tests alone; failures here abort.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace hearth::fetch {

struct SeenRequest {
  std::string path;                            // with its query
  std::map<std::string, std::string> headers;  // lower-case names
  std::string header(const std::string& name) const;
};

// What is sent back, byte for byte.
struct RawReply {
  std::string bytes;
  bool reset = false;    // ends the connection by RST instead of FIN
  bool endless = false;  // sends the bytes again and again until the client goes
  int delay_ms = 0;      // before the first byte
};

// "HTTP/1.1 STATUS X" with Content-Length, the given headers ("Name: value") and the body.
RawReply reply(int status, std::vector<std::string> headers, std::string_view body);
RawReply redirect_to(const std::string& url, std::vector<std::string> headers = {});
// The file, or the part that the request's Range asks for (206).
RawReply serve_file(const SeenRequest& request, std::string_view contents,
                    std::vector<std::string> headers = {});

class TestHub {
 public:
  using Handler = std::function<RawReply(const SeenRequest&)>;

  explicit TestHub(Handler handler);
  TestHub(const TestHub&) = delete;
  TestHub& operator=(const TestHub&) = delete;
  ~TestHub();

  std::string url(std::string_view path = "") const;
  std::vector<SeenRequest> requests() const;

 private:
  void accept_all();
  void answer(int fd);

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::vector<SeenRequest> requests_;
  std::list<std::thread> connections_;
  std::thread acceptor_;
};

}  // namespace hearth::fetch
