/* SPDX-License-Identifier: MIT */
/*
 * What both ends of a TLS connection are made from: files with certificates and keys, the name that
 * a peer must show, keys that are pinned. TLS 1.3 (RFC 8446) and nothing older, by OpenSSL 3.
 * Touches: reads the files it is given the names of.
 */
#ifndef SLUICE_TLS_H
#define SLUICE_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ssl_ctx_st SSL_CTX;
typedef struct x509_st X509;

#define SLUICE_TLS_TEXT 256U	/* bytes of a path or a name, with its end */
#define SLUICE_TLS_PINS 8U	/* keys that can be pinned */
#define SLUICE_TLS_PIN_SIZE 32U /* SHA-256 of a SubjectPublicKeyInfo */
#define SLUICE_TLS_WHY 320U	/* bytes of a sentence that says what is wrong with a file */
/* A certificate that ends sooner is told of. */
#define SLUICE_TLS_SOON_DAYS 14

/* "" where a text is not given. Without padding at compared places: see sluice_tls_is_same(). */
struct sluice_tls_settings {
	char ca[SLUICE_TLS_TEXT];   /* file of certificates that are trusted, or "system"; "": no
				       TLS, but for who accepts */
	char name[SLUICE_TLS_TEXT]; /* that the peer's certificate must be for; "": as dialled */
	char certificate[SLUICE_TLS_TEXT]; /* our own, with its chain */
	char key[SLUICE_TLS_TEXT];	   /* its key */
	uint8_t pins[SLUICE_TLS_PINS][SLUICE_TLS_PIN_SIZE];
	size_t pin_count;
};

/* What is trusted where `ca` is this: what the system trusts. */
#define SLUICE_TLS_SYSTEM "system"

/* Is TLS asked for? @threadsafe */
static inline bool sluice_tls_is_wanted(const struct sluice_tls_settings *settings)
{
	return settings && settings->ca[0];
}

/* Would they make the same of every connection, as long as the files do not change? @threadsafe */
bool sluice_tls_is_same(const struct sluice_tls_settings *one,
			const struct sluice_tls_settings *other);

/*
 * Makes what connections that we make are made from. 0; -EINVAL, and a sentence without a full
 * stop in `why`, which names the file; -ENOMEM, likewise. @owner caller: SSL_CTX_free()
 * @context process
 */
int sluice_tls_open(const struct sluice_tls_settings *settings, SSL_CTX **context,
		    char why[SLUICE_TLS_WHY]);

/* The same for connections that we accept: `certificate` and `key` are ours; with `ca`, who comes
 * must have a certificate that it trusts. @owner caller: SSL_CTX_free() @context process */
int sluice_tls_open_server(const struct sluice_tls_settings *settings, SSL_CTX **context,
			   char why[SLUICE_TLS_WHY]);

/* Reads a pin, "sha256//" and 44 characters of base64 (RFC 7469, 2.4, as curl writes it), into
 * `pin`. 0 or -EINVAL. @threadsafe */
int sluice_tls_pin_parse(const char *text, uint8_t pin[SLUICE_TLS_PIN_SIZE]);

/* Is the key of `certificate` one of those that are pinned? True if none is. @threadsafe */
bool sluice_tls_pin_fits(const struct sluice_tls_settings *settings, X509 *certificate);

/* Seconds since 1970 at which `certificate` ends; 0: it is NULL, or that is not known.
 * @threadsafe */
int64_t sluice_tls_ends(const X509 *certificate);

/* Why a certificate was refused, by OpenSSL's number (X509_V_ERR_*), as a half-sentence with what
 * mends it; a constant. @threadsafe */
const char *sluice_tls_refusal(long code);

/* A number that changes when a file of the settings does: of their times, sizes and inodes.
 * @threadsafe */
uint64_t sluice_tls_print(const struct sluice_tls_settings *settings);

#endif /* SLUICE_TLS_H */
