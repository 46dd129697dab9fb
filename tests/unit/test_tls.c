// SPDX-License-Identifier: MIT
/*
 * TLS settings: pins, files that cannot be used, what makes two of them the same. Certificates are
 * made here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include "lib/tls.h"

#define DAY_S 86400L

/* A directory with a certificate and its key, and another key. */
struct files {
	char directory[32];
	char certificate[64], key[64], other[64];
	X509 *made;
};

/* Writes a key. */
static void write_key(const char *path, EVP_PKEY *key)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(file);
}

/* Makes the files: the certificate ends in ten days. */
static int make_files(void **state)
{
	struct files *files = calloc(1, sizeof(*files));
	EVP_PKEY *key = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
	X509_NAME *name;
	FILE *file;

	assert_non_null(files);
	assert_non_null(key);
	assert_non_null(other);
	snprintf(files->directory, sizeof(files->directory), "/tmp/sluice-tls.XXXXXX");
	assert_non_null(mkdtemp(files->directory));
	snprintf(files->certificate, sizeof(files->certificate), "%s/own.pem", files->directory);
	snprintf(files->key, sizeof(files->key), "%s/own.key", files->directory);
	snprintf(files->other, sizeof(files->other), "%s/other.key", files->directory);
	write_key(files->key, key);
	write_key(files->other, other);
	files->made = X509_new();
	assert_non_null(files->made);
	X509_gmtime_adj(X509_getm_notBefore(files->made), 0);
	X509_gmtime_adj(X509_getm_notAfter(files->made), 10 * DAY_S);
	X509_set_pubkey(files->made, key);
	name = X509_get_subject_name(files->made);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"own", -1, -1,
				   0);
	X509_set_issuer_name(files->made, name);
	assert_true(X509_sign(files->made, key, EVP_sha256()) > 0);
	file = fopen(files->certificate, "w");
	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, files->made), 1);
	fclose(file);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	*state = files;
	return 0;
}

/* Removes them. */
static int remove_files(void **state)
{
	struct files *files = *state;

	unlink(files->certificate);
	unlink(files->key);
	unlink(files->other);
	rmdir(files->directory);
	X509_free(files->made);
	free(files);
	return 0;
}

/* A pin is read as it is written, and nothing else is one. */
static void test_pins(void **state)
{
	/* SHA-256 of nothing. */
	static const char right[] = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
	static const char *const wrong[] = {
		"",
		"sha256//",
		"sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
		"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
		"sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF==",
		"sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFUA",
		"sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hS uF=",
		"sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=A",
	};
	uint8_t pin[SLUICE_TLS_PIN_SIZE];
	size_t number;

	(void)state;
	assert_int_equal(sluice_tls_pin_parse(right, pin), 0);
	assert_int_equal(pin[0], 0xe3);
	assert_int_equal(pin[SLUICE_TLS_PIN_SIZE - 1], 0x55);
	for (number = 0; number < sizeof(wrong) / sizeof(wrong[0]); number++)
		assert_int_equal(sluice_tls_pin_parse(wrong[number], pin), -EINVAL);
	assert_int_equal(sluice_tls_pin_parse(NULL, pin), -EINVAL);
}

/* A key is held against the pins; none pins nothing. */
static void test_a_key_against_pins(void **state)
{
	const struct files *files = *state;
	struct sluice_tls_settings settings = {.pin_count = 0};
	unsigned char *bytes = NULL;
	int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(files->made), &bytes);

	assert_true(sluice_tls_pin_fits(&settings, files->made));
	settings.pin_count = 1;
	assert_false(sluice_tls_pin_fits(&settings, files->made));
	assert_false(sluice_tls_pin_fits(&settings, NULL));
	assert_true(length > 0);
	settings.pin_count = 2;
	assert_int_equal(
		EVP_Digest(bytes, (size_t)length, settings.pins[1], NULL, EVP_sha256(), NULL), 1);
	assert_true(sluice_tls_pin_fits(&settings, files->made));
	OPENSSL_free(bytes);
}

/* What cannot be used is named, with why. */
static void test_files_that_cannot_be_used(void **state)
{
	const struct files *files = *state;
	struct sluice_tls_settings settings = {.ca = SLUICE_TLS_SYSTEM};
	SSL_CTX *context = NULL;
	char why[SLUICE_TLS_WHY];

	assert_int_equal(sluice_tls_open(&settings, &context, why), 0);
	SSL_CTX_free(context);
	snprintf(settings.ca, sizeof(settings.ca), "%s", files->certificate);
	snprintf(settings.certificate, sizeof(settings.certificate), "%s", files->certificate);
	snprintf(settings.key, sizeof(settings.key), "%s", files->key);
	assert_int_equal(sluice_tls_open(&settings, &context, why), 0);
	SSL_CTX_free(context);
	assert_int_equal(sluice_tls_open_server(&settings, &context, why), 0);
	SSL_CTX_free(context);

	snprintf(settings.key, sizeof(settings.key), "%s", files->other);
	assert_int_equal(sluice_tls_open(&settings, &context, why), -EINVAL);
	assert_non_null(strstr(why, files->other));
	snprintf(settings.key, sizeof(settings.key), "%s", files->certificate);
	assert_int_equal(sluice_tls_open(&settings, &context, why), -EINVAL);
	assert_non_null(strstr(why, files->certificate));
	snprintf(settings.ca, sizeof(settings.ca), "%s/nowhere", files->directory);
	assert_int_equal(sluice_tls_open(&settings, &context, why), -EINVAL);
	assert_non_null(strstr(why, "nowhere"));
	assert_non_null(strstr(why, strerror(ENOENT)));
	snprintf(settings.ca, sizeof(settings.ca), "%s", files->key);
	assert_int_equal(sluice_tls_open(&settings, &context, why), -EINVAL);
	assert_int_equal(sluice_tls_open(NULL, &context, why), -EINVAL);
}

/* Settings are the same if nothing differs; the print of files changes with them. */
static void test_what_is_the_same(void **state)
{
	const struct files *files = *state;
	struct sluice_tls_settings one = {.ca = SLUICE_TLS_SYSTEM}, other = one;
	uint64_t before;
	FILE *file;

	assert_true(sluice_tls_is_same(&one, &other));
	snprintf(other.name, sizeof(other.name), "another");
	assert_false(sluice_tls_is_same(&one, &other));
	other = one;
	other.pin_count = 1;
	assert_false(sluice_tls_is_same(&one, &other));
	assert_true(sluice_tls_is_same(NULL, NULL));
	assert_false(sluice_tls_is_same(&one, NULL));
	assert_true(sluice_tls_is_wanted(&one));
	assert_false(sluice_tls_is_wanted(NULL));

	snprintf(one.certificate, sizeof(one.certificate), "%s", files->certificate);
	before = sluice_tls_print(&one);
	assert_true(sluice_tls_print(&one) == before);
	file = fopen(files->certificate, "a");
	assert_non_null(file);
	fputc('\n', file);
	fclose(file);
	assert_false(sluice_tls_print(&one) == before);
}

/* The end of a certificate is told in seconds. */
static void test_the_end_of_a_certificate(void **state)
{
	const struct files *files = *state;
	int64_t ends = sluice_tls_ends(files->made), due = (int64_t)time(NULL) + 10 * DAY_S;

	assert_true(ends > due - DAY_S && ends <= due + 1);
	assert_int_equal(sluice_tls_ends(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pins),
		cmocka_unit_test(test_a_key_against_pins),
		cmocka_unit_test(test_files_that_cannot_be_used),
		cmocka_unit_test(test_what_is_the_same),
		cmocka_unit_test(test_the_end_of_a_certificate),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
