// SPDX-License-Identifier: Apache-2.0
//
// TLS 1.2 and 1.3 (OpenSSL) as a filter of bytes: what came from a socket goes in, what the client
// said and what is to be written come out. It has no socket and never waits, so one connection's
// code serves both with TLS and without, and its deadlines and bounds hold for both. (Asio's
// ssl::stream would put reads, writes and buffers of its own between the two.)
//
// Ciphers are OpenSSL's defaults; there is no renegotiation, no compression and no cache of
// sessions (tickets do without). ALPN offers http/1.1 and refuses a client that wants others alone.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/error.h"

namespace hearth::server {

// Paths of PEM files: the certificate with its chain, and its key without a passphrase.
struct TlsFiles {
  std::string certificate;
  std::string key;
};

// One connection's TLS. One thread at a time.
class TlsSession {
 public:
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // Takes what came from the socket and appends what the client said with it, which may be nothing.
  // False when the client broke the protocol: what output() still has tells it so, and nothing more
  // may be taken.
  bool take(std::string_view sealed, std::string& plain);
  // Appends to sealed what is to be written: the protocol's own messages, then the plain bytes.
  // plain is empty before is_open(). False when the session is broken.
  bool seal(std::string_view plain, std::string& sealed);
  // Appends the end of our side (close_notify), so that the client knows that nothing was cut off.
  void end(std::string& sealed);

  bool is_fresh() const { return is_fresh_; }    // nothing was taken yet
  bool is_open() const { return is_open_; }      // the handshake is done
  bool has_ended() const { return has_ended_; }  // the client's side
  // Bytes of the protocol's own that seal() would append.
  std::size_t n_output() const;

 private:
  friend class TlsServer;
  struct Ssl;
  explicit TlsSession(std::unique_ptr<Ssl> ssl);

  std::unique_ptr<Ssl> ssl_;
  bool is_fresh_ = true, is_open_ = false, has_ended_ = false;
};

// The first byte of every TLS connection (a record of a handshake; RFC 8446, 5.1). No request of
// HTTP begins with it.
inline constexpr char kTlsFirstByte = 0x16;

// A certificate and its key, for the connections of a listener. Any thread.
class TlsServer {
 public:
  // not_found or io for files that cannot be read; usage, naming the file, for what is in them, and
  // where the key is not that of the certificate.
  static Result<std::shared_ptr<TlsServer>> load(TlsFiles files);
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  // Reads the files anew: sessions that begin from now on have the new certificate. On an error
  // nothing changes.
  Result<void> reload();
  // Null if there is no memory for one.
  std::unique_ptr<TlsSession> begin() const;

 private:
  struct Context;
  explicit TlsServer(TlsFiles files);
  static Result<std::shared_ptr<const Context>> read(const TlsFiles& files);

  const TlsFiles files_;
  mutable std::mutex mutex_;  // for context_
  std::shared_ptr<const Context> context_;
};

}  // namespace hearth::server
