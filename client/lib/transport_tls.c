/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* TLS by OpenSSL over a socket that does not wait.  Debian's hiredis 0.14 has none. */
#include "client/lib/transport.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>

enum { PIECE_BYTES = 1 << 20 };

/* The first of OpenSSL's queue of errors, which is emptied. */
static void say_why(char *why, size_t size, const char *doing) {
    unsigned long code = ERR_get_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    snprintf(why, size, "%s: %s", doing, reason ? reason : "TLS failed");
    ERR_clear_error();
}

static enum brine_status refuse(struct brine_error *err, const char *doing) {
    char why[256];
    say_why(why, sizeof why, doing);
    return brine_fail(err, BRINE_INVALID, 0, "%s", why);
}

enum brine_status transport_tls_init(struct transport *transport,
                                     const struct brine_client_options *options,
                                     struct brine_error *err) {
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    transport->tls = tls;
    if (!tls) return brine_fail(err, BRINE_NO_MEMORY, 0, "no memory for TLS");
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(tls, transport->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    bool trusted = options->ca_file ? SSL_CTX_load_verify_file(tls, options->ca_file) == 1
                                    : SSL_CTX_set_default_verify_paths(tls) == 1;
    if (!trusted) return refuse(err, "the file of authorities cannot be read");
    if (!options->cert_file != !options->key_file)
        return brine_fail(err, BRINE_INVALID, 0, "a certificate and its key go together");
    if (!options->cert_file) return BRINE_OK;
    if (SSL_CTX_use_certificate_chain_file(tls, options->cert_file) != 1)
        return refuse(err, "the certificate cannot be read");
    if (SSL_CTX_use_PrivateKey_file(tls, options->key_file, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(tls) != 1)
        return refuse(err, "the key cannot be read, or is not the certificate's");
    return BRINE_OK;
}

void transport_tls_deinit(struct transport *transport) {
    SSL_CTX_free(transport->tls);
    transport->tls = NULL;
}

void transport_tls_close(struct transport *transport) {
    if (!transport->ssl) return;
    (void)SSL_shutdown(transport->ssl); /* says good-bye and waits for none */
    ERR_clear_error();
    SSL_free(transport->ssl);
    transport->ssl = NULL;
}

static enum transport_result result_of(struct transport *transport, int code, const char *doing) {
    switch (SSL_get_error(transport->ssl, code)) {
    case SSL_ERROR_WANT_READ:
        return TRANSPORT_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return TRANSPORT_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return TRANSPORT_CLOSED;
    case SSL_ERROR_SYSCALL:
        if (ERR_peek_error() == 0) return TRANSPORT_CLOSED;
        break;
    default:
        break;
    }
    say_why(transport->why, sizeof transport->why, doing);
    return TRANSPORT_FAILED;
}

/* A name is sent and compared; an address is only compared. */
static bool expect_name(SSL *ssl, const char *name) {
    struct in6_addr address;
    X509_VERIFY_PARAM *verify = SSL_get0_param(ssl);
    if (inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(verify, name) == 1;
    return SSL_set_tlsext_host_name(ssl, name) == 1 && SSL_set1_host(ssl, name) == 1;
}

enum transport_result transport_tls_handshake(struct transport *transport) {
    if (!transport->ssl) {
        SSL *ssl = SSL_new(transport->tls);
        transport->ssl = ssl;
        bool ok = ssl && SSL_set_fd(ssl, transport_socket(transport)) == 1 &&
                  (!transport->verify || expect_name(ssl, transport->server_name));
        if (!ok) {
            say_why(transport->why, sizeof transport->why, "TLS");
            return TRANSPORT_FAILED;
        }
    }
    ERR_clear_error();
    int code = SSL_connect(transport->ssl);
    if (code == 1) return TRANSPORT_OK;
    enum transport_result result = result_of(transport, code, "TLS");
    if (result == TRANSPORT_CLOSED)
        snprintf(transport->why, sizeof transport->why, "TLS: the server hung up");
    return result == TRANSPORT_CLOSED ? TRANSPORT_FAILED : result;
}

enum transport_result transport_tls_read(struct transport *transport, void *target, size_t room,
                                         size_t *got) {
    ERR_clear_error();
    int code = SSL_read(transport->ssl, target, (int)MIN(room, (size_t)PIECE_BYTES));
    if (code <= 0) return result_of(transport, code, "reading");
    *got = (size_t)code;
    return TRANSPORT_OK;
}

enum transport_result transport_tls_write(struct transport *transport, struct bytes bytes,
                                          size_t *written) {
    ERR_clear_error();
    if (bytes.len == 0) return TRANSPORT_OK;
    int code = SSL_write(transport->ssl, bytes.data, (int)MIN(bytes.len, (size_t)PIECE_BYTES));
    if (code <= 0) return result_of(transport, code, "writing");
    *written = (size_t)code;
    return TRANSPORT_OK;
}
