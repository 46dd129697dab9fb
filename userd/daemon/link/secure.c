// SPDX-License-Identifier: MIT
/*
 * TLS on a connection; see secure.h. Touches: the socket.
 *
 * Where the kernel encrypts (kTLS), all that is pending goes by one sendmsg(), as without TLS. Else
 * OpenSSL makes records of it, 16,384 bytes in each at most (RFC 8446, 5.1), into a buffer, and
 * these go by one write. TCP counts the bytes of records, we count what is in them: `marks`
 * remember where each record ends in both.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include "connection.h"
#include "credentials.h"
#include "secure.h"

/* RFC 8446, 5.1: the most that a record holds. */
#define RECORD 16384U
/* Bytes of records that gather until they are written. */
#define BUFFER (280L << 10)
/* Ends of records that may be unacknowledged; of more, some are remembered together. */
#define MARKS 1024U

/* Where a record ends. */
struct mark {
	uint64_t plain, wire; /* bytes since TLS is up: of ours, of records */
};

struct sluice_secure {
	SSL *ssl;	      /* NULL: there is no connection */
	SSL_SESSION *session; /* of the last one, if it can be resumed */
	bool is_up;
	bool is_kernels;   /* the kernel encrypts what is written */
	const char *fault; /* what TLS itself failed with; NULL: it did not */
	BIO *buffer;	   /* of records; NULL: the kernel makes them */
	size_t unsent;	   /* bytes of what is pending whose records are in the buffer */
	uint64_t plain;	   /* bytes written since it is up */
	uint64_t before;   /* bytes on the wire before it was */
	uint64_t confirmed;
	uint64_t first, next; /* of the marks, modulo MARKS */
	struct mark marks[MARKS];
	uint8_t gathered[RECORD];
};

/* What TLS failed with, as a half-sentence with what mends it. The alerts: RFC 8446, 6. */
static const char *fault_of(const SSL *ssl, bool is_up)
{
	unsigned long code = ERR_peek_error();
	long verdict = SSL_get_verify_result(ssl);

	if (!is_up && verdict != X509_V_OK)
		return sluice_tls_refusal(verdict);
	switch (ERR_GET_REASON(code)) {
	case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
		return "it wants a certificate of ours: set tls.certificate and tls.key";
	case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
	case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
	case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
	case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
		return "it does not trust our certificate (tls.certificate)";
	case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
		return "our certificate (tls.certificate) has expired";
	case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
		return "our certificate (tls.certificate) is revoked";
	case SSL_R_TLSV1_UNRECOGNIZED_NAME:
		return "it has no certificate for that name: set tls.name to one that it has";
	case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
	case SSL_R_UNSUPPORTED_PROTOCOL:
		return "it does not speak TLS 1.3";
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_PACKET_LENGTH_TOO_LONG:
		return "what answers there is no TLS";
	default:
		return is_up ? "TLS on it failed" : "the TLS handshake failed";
	}
}

/* What the last call of OpenSSL came to, as recv(2) would say: 0 at the end, else -1 and errno.
 * @context worker */
static ssize_t result_of(struct sluice_secure *secure, int returned)
{
	int error = errno;

	switch (SSL_get_error(secure->ssl, returned)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		errno = error ? error : ECONNRESET;
		break;
	default:
		secure->fault = fault_of(secure->ssl, secure->is_up);
		errno = 0; /* the sentence says it all */
	}
	ERR_clear_error();
	return -1;
}

/* Has the handshake ask for the name that the destination must show, and tell which it wants.
 * False: no memory. */
static bool expect(const struct sluice_connection *connection, SSL *ssl)
{
	const struct sluice_tls_settings *settings =
		sluice_credentials_settings(connection->group->credentials);
	const char *name =
		settings->name[0] ? settings->name : sluice_target_host(connection->target);
	uint8_t address[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
	/* RFC 6066, 3: only names are sent. */
	return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

int sluice_secure_open(struct sluice_connection *connection)
{
	struct sluice_secure *secure = connection->secure;
	SSL *ssl;

	if (!secure)
		secure = connection->secure = calloc(1, sizeof(*secure));
	ssl = secure ? sluice_credentials_begin(connection->group->credentials) : NULL;
	if (!ssl)
		return -EINVAL;
	secure->ssl = ssl;
	secure->is_up = secure->is_kernels = false;
	secure->fault = NULL;
	secure->buffer = NULL;
	secure->unsent = 0;
	secure->plain = secure->before = secure->confirmed = 0;
	secure->first = secure->next = 0;
	if (!expect(connection, ssl) || SSL_set_fd(ssl, connection->fd) != 1)
		return -ENOMEM;
	if (secure->session)
		(void)SSL_set_session(ssl, secure->session);
	return 0;
}

/* Puts a buffer between OpenSSL and the socket. False: no memory. */
static bool gather(struct sluice_secure *secure)
{
	BIO *socket = SSL_get_wbio(secure->ssl), *buffer = BIO_new(BIO_f_buffer());

	if (!buffer)
		return false;
	if (BIO_set_write_buffer_size(buffer, BUFFER) != 1 || !BIO_up_ref(socket)) {
		BIO_free(buffer);
		return false;
	}
	secure->before = BIO_number_written(socket);
	SSL_set0_wbio(secure->ssl, BIO_push(buffer, socket));
	secure->buffer = buffer;
	return true;
}

const char *sluice_secure_rise(struct sluice_connection *connection, int *error)
{
	struct sluice_secure *secure = connection->secure;
	int result;

	ERR_clear_error();
	*error = errno = 0;
	result = SSL_connect(secure->ssl);
	if (result != 1) {
		if (result_of(secure, result) < 0 && errno == EAGAIN)
			return NULL;
		if (secure->fault)
			return secure->fault;
		*error = errno == ECONNRESET ? 0 : errno;
		return "it ended the connection in the TLS handshake: does it speak TLS there?";
	}
	if (!sluice_tls_pin_fits(sluice_credentials_settings(connection->group->credentials),
				 SSL_get0_peer_certificate(secure->ssl)))
		return "its key is none of those in tls.pins";
	secure->is_kernels = BIO_get_ktls_send(SSL_get_wbio(secure->ssl));
	if (!secure->is_kernels && !gather(secure))
		return "there is no memory for TLS";
	secure->is_up = true;
	return NULL;
}

const char *sluice_secure_describe(const struct sluice_connection *connection,
				   char text[SLUICE_SECURE_TEXT])
{
	const struct sluice_secure *secure = connection->secure;

	snprintf(text, SLUICE_SECURE_TEXT, "%s, %s, encrypted by %s%s",
		 SSL_get_version(secure->ssl), SSL_get_cipher_name(secure->ssl),
		 secure->is_kernels ? "the kernel" : "the daemon",
		 SSL_session_reused(secure->ssl) ? ", session resumed" : "");
	return text;
}

int64_t sluice_secure_peer_ends(const struct sluice_connection *connection)
{
	return sluice_tls_ends(SSL_get0_peer_certificate(connection->secure->ssl));
}

bool sluice_secure_is_rising(const struct sluice_connection *connection)
{
	const struct sluice_secure *secure = connection->secure;

	return secure && secure->ssl && !secure->is_up;
}

/* Notes that a record with `length` bytes is in the buffer. */
static void note_record(struct sluice_secure *secure, size_t length)
{
	secure->plain += length;
	/* Where there is no room the newest one moves on: nothing counts as acknowledged too soon.
	 */
	if (secure->next - secure->first == MARKS)
		secure->next--;
	secure->marks[secure->next++ % MARKS] =
		(struct mark){secure->plain, BIO_number_written(secure->buffer)};
}

/* Makes a record of at most `length` bytes. How many are in it, or -1 and errno. */
static ssize_t make_record(struct sluice_secure *secure, const void *bytes, size_t length)
{
	int result = SSL_write(secure->ssl, bytes, length < RECORD ? (int)length : (int)RECORD);

	if (result > 0) {
		note_record(secure, (size_t)result);
		return result;
	}
	if (!result_of(secure, result))
		errno = EPIPE;
	return -1;
}

/* Writes what is in the buffer. False, and errno: not all of it went. */
static bool empty(struct sluice_secure *secure)
{
	if (BIO_flush(secure->buffer) == 1)
		return true;
	if (BIO_should_retry(secure->buffer))
		errno = EAGAIN;
	else if (!errno)
		errno = EPIPE;
	ERR_clear_error();
	return false;
}

/* Makes records of what is pending, as much as fits the buffer. How many bytes that are, or -1 and
 * errno. */
static ssize_t make_records(struct sluice_secure *secure, const struct iovec pending[2])
{
	size_t head = pending[0].iov_len, rest = pending[1].iov_len, done = 0, length;
	const uint8_t *bytes = pending[1].iov_base;
	ssize_t part;

	/* A frame's head does not go in a record of its own. */
	if (head && head < RECORD && rest) {
		length = rest < RECORD - head ? rest : RECORD - head;
		memcpy(secure->gathered, pending[0].iov_base, head);
		memcpy(secure->gathered + head, bytes, length);
		part = make_record(secure, secure->gathered, head + length);
		if (part != (ssize_t)(head + length))
			return part;
		done = head + length;
		bytes += length;
		rest -= length;
	} else if (head) {
		/* What is behind it comes when it is gone. */
		bytes = pending[0].iov_base;
		rest = head;
	}
	while (rest && done < (size_t)BUFFER - (size_t)2 * RECORD) {
		part = make_record(secure, bytes, rest);
		if (part < 0)
			return done ? (ssize_t)done : -1;
		done += (size_t)part;
		bytes += part;
		rest -= (size_t)part;
	}
	return (ssize_t)done;
}

ssize_t sluice_secure_send(struct sluice_connection *connection)
{
	struct msghdr message = {.msg_iov = connection->writing.pending, .msg_iovlen = 2};
	struct sluice_secure *secure = connection->secure;
	ssize_t done;

	if (!secure || !secure->is_up) {
		errno = EINVAL;
		return -1;
	}
	errno = 0;
	if (secure->is_kernels) {
		done = sendmsg(connection->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
		secure->plain += done > 0 ? (uint64_t)done : 0;
		return done;
	}
	ERR_clear_error();
	if (!secure->unsent) {
		done = make_records(secure, connection->writing.pending);
		if (done <= 0)
			return -1;
		secure->unsent = (size_t)done;
	}
	/* What has records already counts as written when they are. */
	if (!empty(secure))
		return -1;
	done = (ssize_t)secure->unsent;
	secure->unsent = 0;
	return done;
}

void sluice_secure_say(struct sluice_connection *connection, const void *bytes, size_t length)
{
	struct sluice_secure *secure = connection->secure;

	if (!secure || !secure->is_up || !bytes || !length || length > RECORD)
		return;
	ERR_clear_error();
	if (secure->is_kernels)
		(void)send(connection->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
	else if (!secure->unsent && make_record(secure, bytes, length) > 0)
		(void)empty(secure);
}

ssize_t sluice_secure_read(struct sluice_connection *connection, void *bytes, size_t room)
{
	struct sluice_secure *secure = connection->secure;
	int result;

	if (!secure || !secure->is_up || !bytes || !room) {
		errno = EINVAL;
		return -1;
	}
	ERR_clear_error();
	errno = 0;
	result = SSL_read(secure->ssl, bytes, room < INT_MAX ? (int)room : INT_MAX);
	return result > 0 ? result : result_of(secure, result);
}

bool sluice_secure_has_more(const struct sluice_connection *connection)
{
	const struct sluice_secure *secure = connection->secure;

	return secure && secure->ssl && SSL_pending(secure->ssl) > 0;
}

const char *sluice_secure_reason(const struct sluice_connection *connection, const char *fallback)
{
	const struct sluice_secure *secure = connection->secure;

	return secure && secure->fault ? secure->fault : fallback;
}

uint64_t sluice_secure_acknowledged(struct sluice_connection *connection, uint64_t waiting)
{
	struct sluice_secure *secure = connection->secure;
	uint64_t wire;

	if (!secure->ssl || !secure->is_up)
		return secure->confirmed;
	if (secure->is_kernels) {
		/* A record is longer than what is in it. */
		if (secure->plain > waiting && secure->plain - waiting > secure->confirmed)
			secure->confirmed = secure->plain - waiting;
		return secure->confirmed;
	}
	wire = BIO_number_written(BIO_next(secure->buffer)) - secure->before;
	for (; secure->first < secure->next; secure->first++) {
		const struct mark *mark = &secure->marks[secure->first % MARKS];

		if (mark->wire + waiting > wire)
			break;
		secure->confirmed = mark->plain;
	}
	return secure->confirmed;
}

uint64_t sluice_secure_written(const struct sluice_connection *connection)
{
	return connection->secure ? connection->secure->plain : 0;
}

void sluice_secure_end(struct sluice_connection *connection, bool politely)
{
	struct sluice_secure *secure = connection->secure;
	SSL_SESSION *session;

	if (!secure || !secure->ssl)
		return;
	if (secure->is_up) {
		ERR_clear_error();
		session = SSL_get1_session(secure->ssl);
		if (session && SSL_SESSION_is_resumable(session)) {
			SSL_SESSION_free(secure->session);
			secure->session = session;
		} else {
			SSL_SESSION_free(session);
		}
		if (politely && !connection->writing.busy)
			(void)SSL_shutdown(secure->ssl);
		if (politely && !connection->writing.busy && secure->buffer)
			(void)BIO_flush(secure->buffer);
		/* Else OpenSSL takes a session that ended without a goodbye for a bad one. */
		SSL_set_shutdown(secure->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	} else {
		/* What failed once is not tried again in the short way. */
		SSL_SESSION_free(secure->session);
		secure->session = NULL;
	}
	SSL_free(secure->ssl);
	ERR_clear_error();
	secure->ssl = NULL;
	secure->buffer = NULL;
	secure->is_up = false;
}

void sluice_secure_free(struct sluice_connection *connection)
{
	struct sluice_secure *secure = connection->secure;

	if (!secure)
		return;
	sluice_secure_end(connection, false);
	SSL_SESSION_free(secure->session);
	free(secure);
	connection->secure = NULL;
}
