/* SPDX-License-Identifier: MIT */
/*
 * TLS on a connection: a handshake, and from then on what is written and read. Protocols know
 * nothing of it. Between writer.c, tcp.c, handshake.c and the socket, in the connection's worker.
 * Touches: the socket.
 */
#ifndef SLUICE_SECURE_H
#define SLUICE_SECURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sluice_connection;
struct sluice_secure;

/* Bytes of what describes a connection. */
#define SLUICE_SECURE_TEXT 128

/* Gets ready for a handshake on the connection's socket. 0; -EINVAL: files of its credentials
 * cannot be used, or there is no memory; -ENOMEM. @owner sluice_secure_end(), sluice_secure_free()
 * @context worker */
int sluice_secure_open(struct sluice_connection *connection);

/* Goes on with the handshake as far as it goes: sluice_secure_is_rising() says whether it is still
 * under way. NULL, or why the peer is refused or refuses, as a constant half-sentence, and in
 * *error the errno that belongs to it or 0. @context worker */
const char *sluice_secure_rise(struct sluice_connection *connection, int *error);

/* Version, cipher, and who encrypts, of one that is up; returns `text`. @context worker */
const char *sluice_secure_describe(const struct sluice_connection *connection,
				   char text[SLUICE_SECURE_TEXT]);

/* Seconds since 1970 at which the certificate of the peer ends; 0: not known. @context worker */
int64_t sluice_secure_peer_ends(const struct sluice_connection *connection);

/* Is a handshake under way? @threadsafe within the worker */
bool sluice_secure_is_rising(const struct sluice_connection *connection);

/* Writes what the connection has pending, or a part of it. How many of these bytes are written; or
 * -1 and errno: EAGAIN, when there is room EPOLLOUT says so; 0, TLS failed. @context worker */
ssize_t sluice_secure_send(struct sluice_connection *connection);

/* Writes `length` bytes, a record at most, where nothing is pending; whether they go changes
 * nothing. @context worker */
void sluice_secure_say(struct sluice_connection *connection, const void *bytes, size_t length);

/* Reads up to `room` bytes; how many, 0 at the peer's end, or -1 and errno, 0 if TLS failed.
 * Whoever read less than there was room for has to read again until EAGAIN. @context worker */
ssize_t sluice_secure_read(struct sluice_connection *connection, void *bytes, size_t room);

/* Lies something read and deciphered here, of which the socket will not tell? @context worker */
bool sluice_secure_has_more(const struct sluice_connection *connection);

/* Why reading or writing failed, if it was TLS that did, as a constant half-sentence; else
 * `fallback`. @context worker */
const char *sluice_secure_reason(const struct sluice_connection *connection, const char *fallback);

/* Of the bytes that were written since TLS is up, how many the peer's TCP has acknowledged, if
 * `waiting` bytes are unacknowledged in the socket: no more than it has, perhaps fewer.
 * @context worker */
uint64_t sluice_secure_acknowledged(struct sluice_connection *connection, uint64_t waiting);

/* How many bytes were written since TLS is up. @context worker */
uint64_t sluice_secure_written(const struct sluice_connection *connection);

/* The socket is about to be closed; `politely`: the peer hears that nothing more comes. Keeps what
 * the next handshake can be shorter by. Does nothing without TLS. @context worker */
void sluice_secure_end(struct sluice_connection *connection, bool politely);

/* Frees it. @context worker, or process if never entered */
void sluice_secure_free(struct sluice_connection *connection);

#endif /* SLUICE_SECURE_H */
