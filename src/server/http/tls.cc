// SPDX-License-Identifier: Apache-2.0
#include "server/http/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/escape.h"
#include "base/file.h"

namespace hearth::server {
namespace {

constexpr std::size_t kMaxPemFile = std::size_t{1} << 20;
constexpr std::size_t kMaxRecord = 16 * 1024;  // of plain bytes (RFC 8446, 5.1)
// RFC 7301: names with their lengths in front.
constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

template <class T, void (*free_it)(T*)>
struct Freed {
  void operator()(T* object) const { free_it(object); }
};
void free_bio(BIO* bio) {
  BIO_free(bio);
}
using OwnedBio = std::unique_ptr<BIO, Freed<BIO, free_bio>>;
using OwnedCertificate = std::unique_ptr<X509, Freed<X509, X509_free>>;
using OwnedKey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;

// The last thing that OpenSSL complained about.
std::string openssl_text() {
  const unsigned long code = ERR_peek_last_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return reason == nullptr ? "it cannot be used" : reason;
}

std::unexpected<Error> refused(const std::string& path, std::string_view why) {
  return fail(ErrorCode::usage, "{}: {}", printable(path), why);
}

int length_of(std::string_view bytes) {
  CHECK(bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
  return static_cast<int>(bytes.size());
}

OwnedBio reader_of(std::string_view text) {
  return OwnedBio(BIO_new_mem_buf(text.data(), length_of(text)));
}

// OpenSSL would ask for a passphrase on the terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* n_chosen,
                    const unsigned char* offered, unsigned n_offered, void*) {
  unsigned char* match = nullptr;
  const int found =
      SSL_select_next_proto(&match, n_chosen, kHttp11, sizeof kHttp11, offered, n_offered);
  *chosen = match;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

Result<void> use_certificates(SSL_CTX* context, const std::string& path) {
  const std::string text = TRY(read_file(path, kMaxPemFile));
  const OwnedBio reader = reader_of(text);
  const OwnedCertificate own(PEM_read_bio_X509_AUX(reader.get(), nullptr, no_passphrase, nullptr));
  if (!own) return refused(path, "there is no certificate in it (PEM: BEGIN CERTIFICATE)");
  if (SSL_CTX_use_certificate(context, own.get()) != 1) return refused(path, openssl_text());
  while (OwnedCertificate next{PEM_read_bio_X509(reader.get(), nullptr, no_passphrase, nullptr)}) {
    if (SSL_CTX_add0_chain_cert(context, next.get()) != 1) return refused(path, openssl_text());
    (void)next.release();  // the context's now
  }
  ERR_clear_error();  // the end of the file is one
  return {};
}

Result<void> use_key(SSL_CTX* context, const TlsFiles& files) {
  const std::string text = TRY(read_file(files.key, kMaxPemFile));
  const OwnedBio reader = reader_of(text);
  const OwnedKey key(PEM_read_bio_PrivateKey(reader.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (!key)
    return refused(files.key,
                   "there is no private key in it that can be read without a passphrase");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    ERR_clear_error();
    return refused(files.key, "it is not the key of " + printable(files.certificate));
  }
  return {};
}

}  // namespace

struct TlsServer::Context {
  SSL_CTX* ssl = SSL_CTX_new(TLS_server_method());
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { SSL_CTX_free(ssl); }
};

struct TlsSession::Ssl {
  std::shared_ptr<const void> context;  // outlives the session, whatever is loaded meanwhile
  SSL* ssl = nullptr;
  BIO* in = nullptr;  // both are the ssl's
  BIO* out = nullptr;
  ~Ssl() { SSL_free(ssl); }
};

TlsServer::TlsServer(TlsFiles files) : files_(std::move(files)) {}
TlsServer::~TlsServer() = default;

Result<std::shared_ptr<TlsServer>> TlsServer::load(TlsFiles files) {
  std::shared_ptr<TlsServer> server(new TlsServer(std::move(files)));
  server->context_ = TRY(read(server->files_));
  return server;
}

Result<void> TlsServer::reload() {
  auto fresh = TRY(read(files_));
  const std::lock_guard lock(mutex_);
  context_ = std::move(fresh);
  return {};
}

Result<std::shared_ptr<const TlsServer::Context>> TlsServer::read(const TlsFiles& files) {
  ERR_clear_error();
  const auto context = std::make_shared<const Context>();
  SSL_CTX* const ssl = context->ssl;
  if (ssl == nullptr) return fail(ErrorCode::failed, "TLS: {}", openssl_text());
  if (SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) != 1)
    return fail(ErrorCode::failed, "TLS: {}", openssl_text());
  SSL_CTX_set_options(
      ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Thousands of idle connections are not to hold 32 KiB of empty buffers each.
  SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, nullptr);
  TRY(use_certificates(ssl, files.certificate));
  TRY(use_key(ssl, files));
  return context;
}

std::unique_ptr<TlsSession> TlsServer::begin() const {
  auto ssl = std::make_unique<TlsSession::Ssl>();
  {
    const std::lock_guard lock(mutex_);
    ssl->ssl = SSL_new(context_->ssl);
    ssl->context = context_;
  }
  BIO* const in = BIO_new(BIO_s_mem());
  BIO* const out = BIO_new(BIO_s_mem());
  if (ssl->ssl == nullptr || in == nullptr || out == nullptr) {
    BIO_free(in);
    BIO_free(out);
    return nullptr;
  }
  BIO_set_mem_eof_return(in, -1);  // empty means: more may come
  SSL_set_bio(ssl->ssl, in, out);
  SSL_set_accept_state(ssl->ssl);
  ssl->in = in;
  ssl->out = out;
  return std::unique_ptr<TlsSession>(new TlsSession(std::move(ssl)));
}

TlsSession::TlsSession(std::unique_ptr<Ssl> ssl) : ssl_(std::move(ssl)) {}
TlsSession::~TlsSession() = default;

bool TlsSession::take(std::string_view sealed, std::string& plain) {
  is_fresh_ = false;
  SSL* const ssl = ssl_->ssl;
  ERR_clear_error();
  if (BIO_write(ssl_->in, sealed.data(), length_of(sealed)) != length_of(sealed)) return false;
  while (!has_ended_) {
    char bytes[kMaxRecord];
    std::size_t n = 0;
    // Reading does what is left of the handshake first.
    const int done = SSL_read_ex(ssl, bytes, sizeof bytes, &n);
    is_open_ = is_open_ || SSL_is_init_finished(ssl) == 1;
    if (done == 1) {
      plain.append(bytes, n);
      continue;
    }
    const int why = SSL_get_error(ssl, done);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return true;
    if (why != SSL_ERROR_ZERO_RETURN) return false;
    has_ended_ = true;
  }
  return true;
}

std::size_t TlsSession::n_output() const {
  return BIO_ctrl_pending(ssl_->out);
}

bool TlsSession::seal(std::string_view plain, std::string& sealed) {
  CHECK(plain.empty() || is_open_);
  ERR_clear_error();
  // In memory writing never waits.
  std::size_t n_written = 0;
  const bool is_whole =
      plain.empty() || (SSL_write_ex(ssl_->ssl, plain.data(), plain.size(), &n_written) == 1 &&
                        n_written == plain.size());
  const std::size_t before = sealed.size();
  sealed.resize(before + n_output());
  std::size_t n_read = 0;
  if (sealed.size() > before)
    BIO_read_ex(ssl_->out, sealed.data() + before, sealed.size() - before, &n_read);
  sealed.resize(before + n_read);
  return is_whole;
}

void TlsSession::end(std::string& sealed) {
  ERR_clear_error();
  if (is_open_) SSL_shutdown(ssl_->ssl);
  seal({}, sealed);
}

}  // namespace hearth::server
