/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* OpenSSL reads and writes through a BIO of our own: its read takes from tls->in, its write appends
 * to tls->out, so nothing is copied into memory BIOs and nothing of OpenSSL ever blocks. */

#include "net/tls.h"

#include "base/assert.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

enum { PATH_BYTES = 4096, CIPHERS_BYTES = 4096, WRITE_BYTES = 16 * 1024 };

/* ---- the BIO --------------------------------------------------------------------------------- */

static int bio_read(BIO *bio, char *data, size_t size, size_t *count) {
    struct tls *tls = BIO_get_data(bio);
    struct bytes first = bytes_view(tls->first, tls->first_count);
    first = bytes_slice(first, tls->first_taken, first.len);
    BIO_clear_retry_flags(bio);
    if (first.len > 0) { /* they were looked at before OpenSSL was begun */
        *count = MIN(size, first.len);
        bytes_copy_to(data, bytes_slice(first, 0, *count));
        tls->first_taken += (uint8_t)*count;
        return 1;
    }
    *count = MIN(size, tls->in.len);
    if (*count == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    bytes_copy_to(data, bytes_slice(tls->in, 0, *count));
    tls->in = bytes_slice(tls->in, *count, tls->in.len);
    return 1;
}

static int bio_write(BIO *bio, const char *data, size_t size, size_t *count) {
    struct tls *tls = BIO_get_data(bio);
    BRINE_ASSERT(tls->out, "OpenSSL writes only while somebody takes it");
    BIO_clear_retry_flags(bio);
    *count = 0;
    if (buf_append(tls->out, bytes_view(data, size)) != BRINE_OK) return 0;
    *count = size;
    return 1;
}

static long bio_control(BIO *bio UNUSED, int command, long number UNUSED, void *pointer UNUSED) {
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

/* ---- certificates ---------------------------------------------------------------------------- */

struct making {
    struct config *config;
    struct brine_error *err;
    SSL_CTX *context;
};

/* The newest reason in OpenSSL's queue, which is empty afterwards. */
static const char *take_reason(char *text, size_t size) {
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    snprintf(text, size, "%s", reason ? reason : "unknown error");
    ERR_clear_error();
    return text;
}

static enum brine_status refuse(struct making *making, const char *what, const char *value) {
    char reason[TLS_REASON_BYTES];
    take_reason(reason, sizeof reason);
    return brine_fail(making->err, BRINE_INVALID, 0, "%s: %.256s: %s", what, value, reason);
}

static enum brine_status copy_text(struct making *making, const struct config_text *field,
                                   char *text, size_t size) {
    struct buf copy;
    buf_init(&copy, making->config->mem, size - 1);
    enum brine_status status = config_copy_text(making->config, field, &copy);
    bytes_copy_to(text, buf_view(&copy));
    text[copy.len] = 0;
    if (copy.len) OPENSSL_cleanse(copy.data, copy.len);
    buf_deinit(&copy);
    if (status == BRINE_OK) return BRINE_OK;
    return brine_fail(making->err, status, 0, "an option of [tls] is too long or memory is short");
}

static int give_password(char *text, int size, int is_encrypting UNUSED, void *password) {
    int len = (int)strlen(password);
    if (len > size) return -1;
    memcpy(text, password, (size_t)len);
    return len;
}

static enum brine_status load_certificate(struct making *making) {
    struct config *config = making->config;
    char path[PATH_BYTES], password[PATH_BYTES];
    TRY(copy_text(making, &config->tls.cert_file, path, sizeof path));
    if (!path[0])
        return brine_fail(making->err, BRINE_INVALID, 0,
                          "tls.cert_file: no certificate is named, and tls.port is set");
    if (SSL_CTX_use_certificate_chain_file(making->context, path) != 1)
        return refuse(making, "tls.cert_file", path);
    TRY(copy_text(making, &config->tls.key_file, path, sizeof path));
    if (!path[0])
        return brine_fail(making->err, BRINE_INVALID, 0,
                          "tls.key_file: no key is named, and tls.port is set");
    TRY(copy_text(making, &config->tls.key_file_pass, password, sizeof password));
    SSL_CTX_set_default_passwd_cb(making->context, give_password);
    SSL_CTX_set_default_passwd_cb_userdata(making->context, password);
    bool loaded = SSL_CTX_use_PrivateKey_file(making->context, path, SSL_FILETYPE_PEM) == 1;
    SSL_CTX_set_default_passwd_cb_userdata(making->context, NULL);
    OPENSSL_cleanse(password, sizeof password);
    if (!loaded || SSL_CTX_check_private_key(making->context) != 1)
        return refuse(making, "tls.key_file", path);
    return BRINE_OK;
}

/* ORDER config_tls_clients */
static const int verify_modes[] = {
    SSL_VERIFY_NONE, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, SSL_VERIFY_PEER};

static enum brine_status load_authorities(struct making *making) {
    struct config *config = making->config;
    char file[PATH_BYTES], folder[PATH_BYTES];
    int64_t clients = config_read(config->tls.auth_clients);
    TRY(copy_text(making, &config->tls.ca_cert_file, file, sizeof file));
    TRY(copy_text(making, &config->tls.ca_cert_dir, folder, sizeof folder));
    SSL_CTX_set_verify(making->context, verify_modes[clients], NULL);
    if (!file[0] && !folder[0]) {
        if (clients == CONFIG_TLS_CLIENTS_NO) return BRINE_OK;
        return brine_fail(making->err, BRINE_INVALID, 0,
                          "tls.auth_clients asks for certificates of clients: name those who may "
                          "sign them in tls.ca_cert_file or tls.ca_cert_dir, or set it to no");
    }
    if (SSL_CTX_load_verify_locations(making->context, file[0] ? file : NULL,
                                      folder[0] ? folder : NULL) != 1)
        return refuse(making, file[0] ? "tls.ca_cert_file" : "tls.ca_cert_dir",
                      file[0] ? file : folder);
    if (file[0] && clients != CONFIG_TLS_CLIENTS_NO)
        SSL_CTX_set_client_CA_list(making->context, SSL_load_client_CA_file(file));
    return BRINE_OK;
}

/* OpenSSL decodes a certificate's extensions when it first needs them, in whatever thread that is;
 * done here, before others see the context, nothing of it changes later. */
static void decode_certificates(SSL_CTX *context) {
    X509 *own = SSL_CTX_get0_certificate(context);
    STACK_OF(X509_OBJECT) *known = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
    STACK_OF(X509) *chain = NULL;
    if (own) (void)X509_check_purpose(own, -1, 0);
    SSL_CTX_get0_chain_certs(context, &chain);
    for (int i = 0; i < sk_X509_num(chain); i++)
        (void)X509_check_purpose(sk_X509_value(chain, i), -1, 0);
    for (int i = 0; i < sk_X509_OBJECT_num(known); i++) {
        X509 *each = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(known, i));
        if (each) (void)X509_check_purpose(each, -1, 0);
    }
}

/* "TLSv1.2 TLSv1.3", as Redis's tls-protocols; versions that nobody should use are not known. */
static enum brine_status choose_versions(struct making *making) {
    static const struct {
        const char *name;
        int version;
    } known[] = {{"TLSv1.2", TLS1_2_VERSION}, {"TLSv1.3", TLS1_3_VERSION}};
    char text[PATH_BYTES];
    int least = 0, most = 0;
    TRY(copy_text(making, &making->config->tls.protocols, text, sizeof text));
    for (char *at = text + strspn(text, " "); *at; at += strspn(at, " ")) {
        size_t len = strcspn(at, " "), i = 0;
        while (i < ARRAY_LEN(known) && !bytes_is(bytes_view(at, len), known[i].name)) i++;
        if (i == ARRAY_LEN(known))
            return brine_fail(making->err, BRINE_INVALID, 0,
                              "tls.protocols: expected TLSv1.2 and TLSv1.3, found '%.*s'",
                              (int)MIN(len, (size_t)64), at);
        least = least ? MIN(least, known[i].version) : known[i].version;
        most = MAX(most, known[i].version);
        at += len;
    }
    SSL_CTX_set_min_proto_version(making->context, least ? least : TLS1_2_VERSION);
    if (most) SSL_CTX_set_max_proto_version(making->context, most);
    return BRINE_OK;
}

static enum brine_status choose_ciphers(struct making *making) {
    struct config *config = making->config;
    char text[CIPHERS_BYTES];
    TRY(copy_text(making, &config->tls.ciphers, text, sizeof text));
    if (text[0] && SSL_CTX_set_cipher_list(making->context, text) != 1)
        return refuse(making, "tls.ciphers", text);
    TRY(copy_text(making, &config->tls.ciphersuites, text, sizeof text));
    if (text[0] && SSL_CTX_set_ciphersuites(making->context, text) != 1)
        return refuse(making, "tls.ciphersuites", text);
    if (config_read(config->tls.prefer_server_ciphers))
        SSL_CTX_set_options(making->context, SSL_OP_CIPHER_SERVER_PREFERENCE);
    return BRINE_OK;
}

static void choose_sessions(struct making *making) {
    static const unsigned char id[] = "brine";
    struct config *config = making->config;
    if (!config_read(config->tls.session_caching)) {
        SSL_CTX_set_session_cache_mode(making->context, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_options(making->context, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(making->context, 0);
        return;
    }
    SSL_CTX_set_session_cache_mode(making->context, SSL_SESS_CACHE_SERVER);
    SSL_CTX_sess_set_cache_size(making->context, config_read(config->tls.session_cache_size));
    SSL_CTX_set_timeout(making->context, config_read(config->tls.session_cache_timeout) / 1000);
    SSL_CTX_set_session_id_context(making->context, id, sizeof id - 1);
}

static enum brine_status fill_context(struct making *making) {
    SSL_CTX *context = making->context;
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_max_cert_list(context, TLS_CLIENT_CHAIN_BYTES_MAX);
    SSL_CTX_set_dh_auto(context, 1);
    TRY(choose_versions(making));
    TRY(choose_ciphers(making));
    choose_sessions(making);
    TRY(load_certificate(making));
    TRY(load_authorities(making));
    decode_certificates(context);
    return BRINE_OK;
}

static enum brine_status make_context(struct config *config, SSL_CTX **context,
                                      struct brine_error *err) {
    struct making making = {.config = config, .err = err};
    ERR_clear_error();
    making.context = SSL_CTX_new(TLS_server_method());
    if (!making.context) return brine_fail(err, BRINE_NO_MEMORY, 0, "tls: OpenSSL made no context");
    enum brine_status status = fill_context(&making);
    if (status == BRINE_OK)
        *context = making.context;
    else
        SSL_CTX_free(making.context);
    ERR_clear_error();
    return status;
}

enum brine_status tls_check_config(struct config *config, struct brine_error *err) {
    SSL_CTX *context;
    if (config_read(config->tls.port) == 0) return BRINE_OK;
    TRY(make_context(config, &context, err));
    SSL_CTX_free(context);
    return BRINE_OK;
}

enum brine_status tls_server_init(struct tls_server *server, struct brine_error *err) {
    *server = (struct tls_server){0};
    int code = pthread_mutex_init(&server->lock, NULL);
    BRINE_ASSERT(code == 0, "a plain mutex needs nothing that can be missing");
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "brine");
    server->method = method;
    if (method && BIO_meth_set_read_ex(method, bio_read) &&
        BIO_meth_set_write_ex(method, bio_write) && BIO_meth_set_ctrl(method, bio_control))
        return BRINE_OK;
    tls_server_deinit(server);
    return brine_fail(err, BRINE_NO_MEMORY, 0, "tls: OpenSSL has no memory");
}

void tls_server_deinit(struct tls_server *server) {
    if (server->context) SSL_CTX_free(server->context);
    if (server->method) BIO_meth_free(server->method);
    pthread_mutex_destroy(&server->lock);
}

enum brine_status tls_server_reload(struct tls_server *server, struct config *config,
                                    struct brine_error *err) {
    SSL_CTX *context = NULL;
    if (config_read(config->tls.port) == 0) return BRINE_OK;
    TRY(make_context(config, &context, err));
    pthread_mutex_lock(&server->lock);
    SSL_CTX *old = server->context;
    server->context = context;
    pthread_mutex_unlock(&server->lock);
    if (old) SSL_CTX_free(old); /* connections that began with it refer to it */
    return BRINE_OK;
}

/* ---- a connection ---------------------------------------------------------------------------- */

struct tls *tls_create(struct allocator *mem) {
    struct tls *tls = mem_alloc_zeroed(mem, sizeof *tls);
    if (!tls) return NULL;
    tls->mem = mem;
    buf_init(&tls->held, mem, SIZE_MAX); /* as long as what is fed */
    buf_init(&tls->sending, mem, SIZE_MAX);
    buf_init(&tls->unsent, mem, SIZE_MAX); /* the socket's owner has the limit */
    return tls;
}

void tls_destroy(struct tls *tls) {
    if (!tls) return;
    if (tls->ssl) SSL_free(tls->ssl);
    buf_deinit(&tls->held);
    buf_deinit(&tls->sending);
    buf_deinit(&tls->unsent);
    mem_free(tls->mem, tls, sizeof *tls);
}

static enum tls_result break_off(struct tls *tls, const char *reason) {
    if (!tls->is_broken) snprintf(tls->reason, sizeof tls->reason, "%s", reason);
    tls->is_broken = true;
    return TLS_BROKEN;
}

static bool begin(struct tls *tls, struct tls_server *server) {
    pthread_mutex_lock(&server->lock);
    tls->ssl = server->context ? SSL_new(server->context) : NULL;
    pthread_mutex_unlock(&server->lock);
    BIO *bio = tls->ssl ? BIO_new(server->method) : NULL;
    if (!bio) {
        ERR_clear_error();
        return false;
    }
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_accept_state(tls->ssl);
    return true;
}

/* Looks at a stranger's first bytes as they come. */
static enum tls_result look_at_first(struct tls *tls, struct tls_server *server) {
    while (tls->first_count < TLS_FIRST_BYTES && tls->in.len > 0) {
        tls->first[tls->first_count++] = tls->in.data[0];
        tls->in = bytes_slice(tls->in, 1, tls->in.len);
    }
    struct bytes first = bytes_view(tls->first, tls->first_count);
    if (first.len >= 1 && first.data[0] != 0x16)
        return break_off(tls, "the client does not speak TLS, perhaps it means the plain port");
    if (first.len < TLS_FIRST_BYTES) return TLS_WAITS;
    size_t claimed = (size_t)first.data[6] << 16 | (size_t)first.data[7] << 8 | first.data[8];
    if (!tls_looks_like_hello(first) || first.data[5] != 1)
        return break_off(tls, "the client does not speak TLS");
    if (claimed > TLS_HELLO_BYTES_MAX) return break_off(tls, "its ClientHello is too long");
    return begin(tls, server) ? TLS_DATA : break_off(tls, "out of memory");
}

void tls_feed(struct tls *tls, struct bytes received) {
    BRINE_ASSERT(tls->in.len == 0, "what was fed before is taken");
    tls->in = received;
}

enum brine_status tls_keep(struct tls *tls) {
    struct buf *held = &tls->held;
    struct bytes rest = tls->in;
    bool is_held = held->len && rest.data >= held->data && rest.data <= held->data + held->len;
    if (is_held)
        buf_consume(held, held->len - rest.len);
    else
        held->len = 0;
    if (!is_held && rest.len) TRY(buf_append(held, rest));
    if (held->len == 0) buf_shrink(held, 0);
    tls->in = buf_view(held);
    return BRINE_OK;
}

bool tls_has_input(const struct tls *tls) {
    return tls->in.len > 0 || (tls->ssl && SSL_pending(tls->ssl) > 0);
}

static enum tls_result failed(struct tls *tls, int code) {
    char reason[TLS_REASON_BYTES];
    switch (SSL_get_error(tls->ssl, code)) {
    case SSL_ERROR_WANT_READ:
        return TLS_WAITS;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_ENDED;
    default:
        return break_off(tls, take_reason(reason, sizeof reason));
    }
}

enum tls_result tls_read(struct tls *tls, struct tls_server *server, void *room, size_t size,
                         size_t *count, struct buf *out) {
    *count = 0;
    if (tls->is_broken) return TLS_BROKEN;
    if (!tls->ssl) {
        enum tls_result result = look_at_first(tls, server);
        if (result != TLS_DATA) return result;
    }
    tls->out = out;
    ERR_clear_error();
    int code = SSL_read_ex(tls->ssl, room, size, count);
    if (!tls->is_established) tls->is_established = SSL_is_init_finished(tls->ssl);
    enum tls_result result = code == 1 ? TLS_DATA : failed(tls, code);
    tls->out = NULL;
    return result;
}

enum brine_status tls_write(struct tls *tls, struct bytes bytes, struct buf *out) {
    if (tls->is_broken || !tls->ssl) return BRINE_IO;
    tls->out = out;
    ERR_clear_error();
    while (bytes.len > 0 && !tls->is_broken) {
        size_t count = 0;
        int code = SSL_write_ex(tls->ssl, bytes.data, MIN(bytes.len, (size_t)WRITE_BYTES), &count);
        if (code != 1) failed(tls, code);
        if (code != 1) tls->is_broken = true; /* our BIO takes all or is out of memory */
        bytes = bytes_slice(bytes, count, bytes.len);
    }
    tls->out = NULL;
    return tls->is_broken ? BRINE_IO : BRINE_OK;
}

void tls_say_goodbye(struct tls *tls, struct buf *out) {
    if (!tls->ssl || tls->is_broken || !tls->is_established) return;
    tls->out = out;
    ERR_clear_error();
    (void)SSL_shutdown(tls->ssl);
    ERR_clear_error();
    tls->out = NULL;
}

size_t tls_bytes(const struct tls *tls) {
    return sizeof *tls + tls->held.cap + tls->sending.cap + tls->unsent.cap +
           (tls->ssl ? (size_t)TLS_CONNECTION_BYTES : 0);
}
