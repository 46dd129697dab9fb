// SPDX-License-Identifier: MIT
/*
 * What TLS connections are made from; see tls.h. Touches: reads files.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include "tls.h"

/* The one form of a pin. */
#define PIN_BEGIN "sha256//"
/* Characters of 32 bytes in base64 (RFC 4648, 4). */
#define PIN_TEXT 44U

bool sluice_tls_is_same(const struct sluice_tls_settings *one,
			const struct sluice_tls_settings *other)
{
	if (!one || !other)
		return one == other;
	return !strcmp(one->ca, other->ca) && !strcmp(one->name, other->name) &&
	       !strcmp(one->certificate, other->certificate) && !strcmp(one->key, other->key) &&
	       one->pin_count == other->pin_count && one->pin_count <= SLUICE_TLS_PINS &&
	       !memcmp(one->pins, other->pins, one->pin_count * SLUICE_TLS_PIN_SIZE);
}

/* Says what is wrong with a file, with what OpenSSL noted first about it. Returns -EINVAL. */
static int complain(const char *what, const char *path, char why[SLUICE_TLS_WHY])
{
	unsigned long code = ERR_peek_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	if (ERR_GET_LIB(code) == ERR_LIB_SYS)
		reason = strerror(ERR_GET_REASON(code));
	snprintf(why, SLUICE_TLS_WHY, "%s %.200s cannot be used: %s", what, path,
		 reason ? reason : "it holds nothing of the kind, in PEM");
	ERR_clear_error();
	return -EINVAL;
}

/* Our own certificate and key, if the settings have them. 0 or -EINVAL. */
static int take_own(SSL_CTX *context, const struct sluice_tls_settings *settings,
		    char why[SLUICE_TLS_WHY])
{
	if (!settings->certificate[0])
		return 0;
	if (SSL_CTX_use_certificate_chain_file(context, settings->certificate) != 1)
		return complain("the certificate", settings->certificate, why);
	/* No prompt: a daemon has nobody to ask. */
	if (SSL_CTX_use_PrivateKey_file(context, settings->key, SSL_FILETYPE_PEM) != 1)
		return complain("the key", settings->key, why);
	if (SSL_CTX_check_private_key(context) != 1)
		return complain("with that certificate, the key", settings->key, why);
	return 0;
}

/* No passphrase is known. @context process */
/* NOLINTNEXTLINE(readability-non-const-parameter): pem_password_cb */
static int have_no_passphrase(char *buffer, int size, int writes, void *context)
{
	(void)buffer;
	(void)size;
	(void)writes;
	(void)context;
	return 0;
}

/* What both ends have in common. 0, -EINVAL or -ENOMEM. */
static int open_any(const SSL_METHOD *method, const struct sluice_tls_settings *settings,
		    SSL_CTX **result, char why[SLUICE_TLS_WHY])
{
	SSL_CTX *context;
	int error;

	if (!settings || !result || !why)
		return -EINVAL;
	ERR_clear_error();
	context = SSL_CTX_new(method);
	if (!context) {
		snprintf(why, SLUICE_TLS_WHY, "there is no memory for TLS");
		ERR_clear_error();
		return -ENOMEM;
	}
	SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
	SSL_CTX_set_default_passwd_cb(context, have_no_passphrase);
	/*
	 * A peer that ends TCP without saying so before (close_notify) is at its end all the same:
	 * what it has, framings with acknowledgements say. The kernel encrypts where it can: then a
	 * span goes by one copy, as without TLS.
	 */
	SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_ENABLE_KTLS);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					  SSL_MODE_RELEASE_BUFFERS);
	if (settings->ca[0] && strcmp(settings->ca, SLUICE_TLS_SYSTEM) != 0 &&
	    SSL_CTX_load_verify_file(context, settings->ca) != 1) {
		error = complain("the CA file", settings->ca, why);
		goto free;
	}
	if (!strcmp(settings->ca, SLUICE_TLS_SYSTEM) &&
	    SSL_CTX_set_default_verify_paths(context) != 1) {
		error = complain("what is trusted by the", "system", why);
		goto free;
	}
	error = take_own(context, settings, why);
	if (error)
		goto free;
	*result = context;
	return 0;

free:
	SSL_CTX_free(context);
	return error;
}

int sluice_tls_open(const struct sluice_tls_settings *settings, SSL_CTX **context,
		    char why[SLUICE_TLS_WHY])
{
	int error = open_any(TLS_client_method(), settings, context, why);

	if (error)
		return error;
	SSL_CTX_set_verify(*context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_session_cache_mode(*context,
				       SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	return 0;
}

int sluice_tls_open_server(const struct sluice_tls_settings *settings, SSL_CTX **context,
			   char why[SLUICE_TLS_WHY])
{
	int error = open_any(TLS_server_method(), settings, context, why);

	if (error)
		return error;
	if (settings->ca[0])
		SSL_CTX_set_verify(*context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
				   NULL);
	/* Who resumes a session is the one who began it; the name only tells servers apart. */
	(void)SSL_CTX_set_session_id_context(*context, (const unsigned char *)"sluice", 6);
	return 0;
}

int sluice_tls_pin_parse(const char *text, uint8_t pin[SLUICE_TLS_PIN_SIZE])
{
	uint8_t bytes[SLUICE_TLS_PIN_SIZE + 4];

	if (!text || !pin || strncmp(text, PIN_BEGIN, strlen(PIN_BEGIN)) != 0)
		return -EINVAL;
	text += strlen(PIN_BEGIN);
	/* 32 bytes end in one '='; EVP_DecodeBlock() counts that as a byte. */
	if (strlen(text) != PIN_TEXT || text[PIN_TEXT - 1] != '=' || text[PIN_TEXT - 2] == '=' ||
	    EVP_DecodeBlock(bytes, (const unsigned char *)text, PIN_TEXT) !=
		    SLUICE_TLS_PIN_SIZE + 1)
		return -EINVAL;
	memcpy(pin, bytes, SLUICE_TLS_PIN_SIZE);
	return 0;
}

bool sluice_tls_pin_fits(const struct sluice_tls_settings *settings, X509 *certificate)
{
	uint8_t hash[SLUICE_TLS_PIN_SIZE];
	unsigned char *key = NULL;
	bool fits = false;
	size_t number;
	int length;

	if (!settings || !settings->pin_count)
		return settings != NULL;
	length = certificate ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key) : -1;
	if (length <= 0)
		return false;
	SHA256(key, (size_t)length, hash);
	OPENSSL_free(key);
	for (number = 0; number < settings->pin_count && number < SLUICE_TLS_PINS; number++)
		fits |= !memcmp(hash, settings->pins[number], sizeof(hash));
	return fits;
}

int64_t sluice_tls_ends(const X509 *certificate)
{
	struct tm time;

	if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1)
		return 0;
	return (int64_t)timegm(&time);
}

const char *sluice_tls_refusal(long code)
{
	switch (code) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "its certificate has expired: give the receiver a new one";
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "its certificate is not valid yet: compare the clocks of both machines";
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return "its certificate is for another name: set tls.name to one that it has";
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return "its certificate is signed by nobody whom tls.ca trusts";
	case X509_V_ERR_CERT_REVOKED:
		return "its certificate is revoked";
	case X509_V_ERR_INVALID_PURPOSE:
		return "its certificate is not one of a server";
	default:
		return "its certificate is not valid";
	}
}

/* Adds what tells this state of the file from others (FNV-1a over a few numbers). */
static uint64_t add_file(uint64_t print, const char *path)
{
	struct stat state;
	uint64_t facts[4] = {0};
	size_t number;

	if (!path[0] || stat(path, &state))
		return print * 0x100000001b3ULL;
	facts[0] = (uint64_t)state.st_mtim.tv_sec;
	facts[1] = (uint64_t)state.st_mtim.tv_nsec;
	facts[2] = (uint64_t)state.st_size;
	facts[3] = (uint64_t)state.st_ino;
	for (number = 0; number < 4; number++)
		print = (print ^ facts[number]) * 0x100000001b3ULL;
	return print;
}

uint64_t sluice_tls_print(const struct sluice_tls_settings *settings)
{
	uint64_t print = 0xcbf29ce484222325ULL;

	if (!settings)
		return 0;
	print = add_file(print, settings->ca);
	print = add_file(print, settings->certificate);
	return add_file(print, settings->key);
}
