/* SPDX-License-Identifier: ISC */
/*
 * test_digest.c - what crypto/digest.h promises.
 */
#include "crypto/digest.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static const char *
hex(char *out, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	return out;
}

static void
sha1_gives_the_accept_key_of_rfc_6455(void **state)
{
	uint8_t digest[DIGEST_SHA1_SIZE];
	char text[2 * DIGEST_SHA1_SIZE + 1];

	digest_sha1(digest, SPAN("dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
	assert_string_equal(
	    hex(text, digest, sizeof(digest)), "b37a4f2cc0624f1690f64606cf385945b2bec4ea");
}

static void
sha256_gives_the_examples_of_fips_180(void **state)
{
	uint8_t digest[DIGEST_SHA256_SIZE];
	char text[2 * DIGEST_SHA256_SIZE + 1];

	digest_sha256(digest, SPAN("abc"));
	assert_string_equal(hex(text, digest, sizeof(digest)),
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_sha256(digest, SPAN(""));
	assert_string_equal(hex(text, digest, sizeof(digest)),
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void
equality_looks_at_every_byte(void **state)
{
	uint8_t a[32] = {0}, b[32] = {0};

	assert_true(digest_equal(a, b, sizeof(a)));
	for (size_t i = 0; i < sizeof(a); i++) {
		b[i] = 0x80;
		assert_false(digest_equal(a, b, sizeof(a)));
		assert_true(digest_equal(a, b, i));
		b[i] = 0;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sha1_gives_the_accept_key_of_rfc_6455),
	    cmocka_unit_test(sha256_gives_the_examples_of_fips_180),
	    cmocka_unit_test(equality_looks_at_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
