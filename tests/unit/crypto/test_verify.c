/* SPDX-License-Identifier: ISC */
/*
 * test_verify.c - what crypto/verify.h promises.
 */
#include "crypto/verify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "unit/jose.h"

struct vector {
	struct verify_key *key;
	struct span data, signature;
};

static void
vector_clear(struct vector *v)
{
	verify_key_free(v->key);
	free((char *)v->signature.p);
}

/* A token's signed part and its signature. */
static struct vector
vector_of(struct verify_key *key, const char *token)
{
	const char *dot = strrchr(token, '.');

	assert_non_null(key);
	return (struct vector){key, {token, (size_t)(dot - token)}, jose_bytes(dot + 1)};
}

static struct vector
vector(int which)
{
	struct span a, b = {NULL, 0};
	struct vector v;

	switch (which) {
	case 0:
		a = jose_bytes(JOSE_K);
		v = vector_of(verify_key_hs256(a), JOSE_HS256);
		break;
	case 1:
		a = jose_bytes(JOSE_N);
		b = jose_bytes("AQAB");
		v = vector_of(verify_key_rs256(a, b), JOSE_RS256);
		break;
	case 2:
		a = jose_bytes(JOSE_EC_X);
		b = jose_bytes(JOSE_EC_Y);
		v = vector_of(verify_key_es256(a, b), JOSE_ES256);
		break;
	default:
		a = jose_bytes(JOSE_ED_X);
		v = vector_of(verify_key_eddsa(a), JOSE_EDDSA_DATA "." JOSE_EDDSA_SIGNATURE);
	}
	free((char *)a.p);
	free((char *)b.p);
	return v;
}

#define VECTORS 4

static void
the_published_signatures_are_good(void **state)
{
	for (int i = 0; i < VECTORS; i++) {
		struct vector v = vector(i);

		assert_true(verify_signature(v.key, v.data, v.signature));
		assert_true(
		    verify_signature(v.key, v.data, v.signature)); /* again: nothing is used up */
		vector_clear(&v);
	}
}

static void
one_bit_more_or_less_is_another_signature(void **state)
{
	for (int i = 0; i < VECTORS; i++) {
		struct vector v = vector(i);
		char *bytes = (char *)v.signature.p;

		for (size_t bit = 0; bit < v.signature.n * 8; bit += 7) {
			bytes[bit / 8] ^= (char)(1 << bit % 8);
			assert_false(verify_signature(v.key, v.data, v.signature));
			bytes[bit / 8] ^= (char)(1 << bit % 8);
		}
		for (size_t n = 0; n < v.signature.n; n++)
			assert_false(verify_signature(v.key, v.data, (struct span){bytes, n}));
		assert_false(
		    verify_signature(v.key, (struct span){v.data.p, v.data.n - 1}, v.signature));
		vector_clear(&v);
	}
}

static void
a_signature_is_no_other_keys(void **state)
{
	for (int i = 0; i < VECTORS; i++) {
		for (int k = 0; k < VECTORS; k++) {
			struct vector v = vector(i), other = vector(k);

			assert_int_equal(verify_signature(other.key, v.data, v.signature), i == k);
			vector_clear(&v);
			vector_clear(&other);
		}
	}
}

static void
numbers_of_zero_are_no_signature(void **state)
{
	static const char zeros[64];

	for (int i = 0; i < VECTORS; i++) {
		struct vector v = vector(i);

		for (size_t n = 0; n <= sizeof(zeros); n++)
			assert_false(verify_signature(v.key, v.data, (struct span){zeros, n}));
		vector_clear(&v);
	}
}

static void
weak_and_wrong_keys_are_refused(void **state)
{
	struct span k = jose_bytes(JOSE_K), n = jose_bytes(JOSE_N), e = jose_bytes("AQAB"),
		    x = jose_bytes(JOSE_EC_X), y = jose_bytes(JOSE_EC_Y);
	char huge[VERIFY_RS256_MAX / 8 + 1];
	struct verify_key *key;

	assert_null(verify_key_hs256((struct span){k.p, 31}));
	key = verify_key_hs256((struct span){k.p, 32});
	assert_non_null(key);
	verify_key_free(key);
	assert_null(verify_key_eddsa((struct span){x.p, 31}));
	assert_null(verify_key_eddsa((struct span){n.p, 33}));
	/* 2040 bits, more than 8192, exponents that are even, one, none, or long */
	assert_null(verify_key_rs256((struct span){n.p, n.n - 1}, e));
	memset(huge, 0xff, sizeof(huge));
	assert_null(verify_key_rs256((struct span){huge, sizeof(huge)}, e));
	assert_null(verify_key_rs256(n, SPAN("\x04")));
	assert_null(verify_key_rs256(n, SPAN("\x01")));
	assert_null(verify_key_rs256(n, SPAN("")));
	assert_null(verify_key_rs256(n, (struct span){n.p, 9}));
	assert_null(verify_key_rs256(SPAN(""), e));
	/* no point of the curve; too short */
	assert_null(verify_key_es256(x, x));
	assert_null(verify_key_es256((struct span){x.p, 31}, y));
	assert_null(verify_key_es256(x, (struct span){y.p, 31}));
	verify_key_free(NULL);
	free((char *)k.p);
	free((char *)n.p);
	free((char *)e.p);
	free((char *)x.p);
	free((char *)y.p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_published_signatures_are_good),
	    cmocka_unit_test(one_bit_more_or_less_is_another_signature),
	    cmocka_unit_test(a_signature_is_no_other_keys),
	    cmocka_unit_test(numbers_of_zero_are_no_signature),
	    cmocka_unit_test(weak_and_wrong_keys_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
