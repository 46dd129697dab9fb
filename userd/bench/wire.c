// SPDX-License-Identifier: MIT
/*
 * A socket of the sink, with or without TLS: see wire.h. Touches: the socket.
 */
#include <errno.h>
#include <limits.h>
#include <sys/socket.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include "wire.h"

bool sluice_wire_open(struct sluice_wire *wire, int fd, SSL_CTX *context)
{
	wire->fd = fd;
	wire->tls = NULL;
	if (!context)
		return true;
	wire->tls = SSL_new(context);
	if (!wire->tls || SSL_set_fd(wire->tls, fd) != 1) {
		SSL_free(wire->tls);
		wire->tls = NULL;
		return false;
	}
	SSL_set_accept_state(wire->tls);
	return true;
}

void sluice_wire_close(struct sluice_wire *wire)
{
	if (wire->tls && SSL_is_init_finished(wire->tls)) {
		ERR_clear_error();
		(void)SSL_shutdown(wire->tls);
		ERR_clear_error();
	}
	SSL_free(wire->tls);
	wire->tls = NULL;
	close(wire->fd);
}

/* What OpenSSL answered, as a socket would: 0 at the end, or -1 and errno. */
static ssize_t answer_of(SSL *tls, int returned)
{
	int error = errno;

	switch (SSL_get_error(tls, returned)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		error = EAGAIN;
		break;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		error = error ? error : ECONNRESET;
		break;
	default:
		error = ECONNRESET;
	}
	ERR_clear_error();
	errno = error;
	return -1;
}

ssize_t sluice_wire_read(struct sluice_wire *wire, void *bytes, size_t room, bool peek)
{
	int most = room < INT_MAX ? (int)room : INT_MAX, got;

	if (!wire->tls)
		return recv(wire->fd, bytes, room, MSG_DONTWAIT | (peek ? MSG_PEEK : 0));
	ERR_clear_error();
	errno = 0;
	got = peek ? SSL_peek(wire->tls, bytes, most) : SSL_read(wire->tls, bytes, most);
	return got > 0 ? got : answer_of(wire->tls, got);
}

ssize_t sluice_wire_write(struct sluice_wire *wire, const void *bytes, size_t length)
{
	int sent;

	if (!wire->tls)
		return send(wire->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
	ERR_clear_error();
	errno = 0;
	sent = SSL_write(wire->tls, bytes, length < INT_MAX ? (int)length : INT_MAX);
	if (sent > 0)
		return sent;
	if (!answer_of(wire->tls, sent))
		errno = ECONNRESET;
	return -1;
}

bool sluice_wire_has_more(const struct sluice_wire *wire)
{
	return wire->tls && SSL_pending(wire->tls) > 0;
}
