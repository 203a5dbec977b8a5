// SPDX-License-Identifier: Apache-2.0
//
// Certificates and a client of TLS for tests, by OpenSSL's own API. For tests alone; failures of
// the system abort.
#pragma once

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "server/http/test_client.h"
#include "server/http/tls.h"

namespace hearth::server::test {

// Writes FOLDER/NAME.crt, for "localhost" and signed by itself, and FOLDER/NAME.key (P-256).
inline TlsFiles make_certificate(const std::string& folder, const std::string& name) {
  const TlsFiles files{.certificate = folder + "/" + name + ".crt",
                       .key = folder + "/" + name + ".key"};
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  CHECK(key != nullptr && certificate != nullptr);
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* const subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, subject);
  X509_EXTENSION* const names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name,
                                                    const_cast<char*>("DNS:localhost"));
  X509_add_ext(certificate, names, -1);
  X509_EXTENSION_free(names);
  CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
  std::FILE* file = std::fopen(files.certificate.c_str(), "wb");
  CHECK(file != nullptr && PEM_write_X509(file, certificate) == 1 && std::fclose(file) == 0);
  file = std::fopen(files.key.c_str(), "wb");
  CHECK(file != nullptr &&
        PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr) == 1 &&
        std::fclose(file) == 0);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return files;
}

struct TlsClientOptions {
  std::string alpn = {};     // a name; empty: none is offered
  int max_version = 0;       // TLS1_2_VERSION...; 0: any
  std::string trusted = {};  // a file of the certificate that is believed; empty: any
};

class TlsTestClient : public TestClient {
 public:
  explicit TlsTestClient(std::uint16_t port, const TlsClientOptions& options = {})
      : TestClient(port), context_(SSL_CTX_new(TLS_client_method())) {
    CHECK(context_ != nullptr);
    SSL_CTX_set_min_proto_version(context_, 0);
    SSL_CTX_set_security_level(context_, 0);  // so that old versions are offered when asked for
    if (options.max_version != 0) SSL_CTX_set_max_proto_version(context_, options.max_version);
    if (!options.trusted.empty()) {
      CHECK(SSL_CTX_load_verify_locations(context_, options.trusted.c_str(), nullptr) == 1);
      SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    }
    ssl_ = SSL_new(context_);
    CHECK(ssl_ != nullptr && SSL_set_fd(ssl_, fd()) == 1);
    if (!options.alpn.empty()) {
      const std::string wire = static_cast<char>(options.alpn.size()) + options.alpn;
      SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(wire.data()),
                          static_cast<unsigned>(wire.size()));
    }
    CHECK(SSL_set1_host(ssl_, "localhost") == 1);
    is_open_ = SSL_connect(ssl_) == 1;
    CHECK(::fcntl(fd(), F_SETFL, O_NONBLOCK) == 0);
  }
  TlsTestClient(TlsTestClient&&) = delete;
  ~TlsTestClient() override {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }

  // Whether the handshake went well.
  bool is_open() const { return is_open_; }
  std::string version() const { return SSL_get_version(ssl_); }
  std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned n = 0;
    SSL_get0_alpn_selected(ssl_, &name, &n);
    return {reinterpret_cast<const char*>(name), n};
  }
  // The common name of the server's certificate.
  std::string server_name() const {
    char name[256] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get0_peer_certificate(ssl_)),
                              NID_commonName, name, sizeof name);
    return name;
  }
  // Whether the server said that its side was over, before it was.
  bool saw_proper_end() const { return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0; }
  void say_end() { SSL_shutdown(ssl_); }

 protected:
  ssize_t transmit(std::string_view text) override {
    std::size_t n = 0;
    while (SSL_write_ex(ssl_, text.data(), text.size(), &n) != 1) {
      if (SSL_get_error(ssl_, 0) != SSL_ERROR_WANT_WRITE) return -1;
      pollfd wanted{.fd = fd(), .events = POLLOUT, .revents = 0};
      if (::poll(&wanted, 1, 10'000) <= 0) return -1;
    }
    return static_cast<ssize_t>(n);
  }
  bool receive() override {
    char bytes[16384];
    std::size_t n = 0;
    const int done = SSL_read_ex(ssl_, bytes, sizeof bytes, &n);
    if (done == 1) received.append(bytes, n);
    return done == 1 || SSL_get_error(ssl_, done) == SSL_ERROR_WANT_READ;
  }
  bool has_buffered() const override { return SSL_pending(ssl_) > 0; }

 private:
  SSL_CTX* context_;
  SSL* ssl_ = nullptr;
  bool is_open_ = false;
};

}  // namespace hearth::server::test
