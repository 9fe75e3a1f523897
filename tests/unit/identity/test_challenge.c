/* SPDX-License-Identifier: ISC */
/*
 * test_challenge.c - what identity/challenge.h promises: its own texts and no other, for five
 * minutes.
 */
#include "identity/challenge.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#define NOW INT64_C(1764000000000) /* 2025-11-24T16:00:00.000Z */

struct made {
	struct wallet wallet;
	struct challenge challenge;
	struct buf text;
	char nonce[CHALLENGE_NONCE_SIZE];
	int64_t expires_ms;
};

static void
make(struct made *m, const char *address)
{
	wallet_read(&m->wallet, span_of(address));
	m->challenge = (struct challenge){.wallet = &m->wallet,
	    .origin = SPAN("https://app.example.com:8443"),
	    .chain_id = 137,
	    .key = SPAN("a key"),
	    .log = SPAN("0123456789abcdef")};
	m->text = (struct buf){0};
	challenge_make(&m->challenge, NOW, &m->text);
}

#define EVM    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
#define SOLANA "FVen3X669xLzsi6N2V91DoiyzHzg1uAgqiT8jZ9nS96Z"

static bool
is_good(struct made *m, struct span text, int64_t now)
{
	return challenge_check(&m->challenge, text, now, m->nonce, &m->expires_ms);
}

static void
the_text_is_laid_out_as_eip_4361_has_it(void **state)
{
	static const char front[] =
	    "app.example.com:8443 wants you to sign in with your Ethereum account:\n" EVM "\n\n"
	    "Sign in to the chat of your escrows.\n\nURI: https://app.example.com:8443\n"
	    "Version: 1\nChain ID: 137\nNonce: ";
	static const char rest[] = "\nIssued At: 2025-11-24T16:00:00.000Z\n"
				   "Expiration Time: 2025-11-24T16:05:00.000Z";
	struct made m;
	const char *text;

	make(&m, EVM);
	text = buf_cstr(&m.text);
	assert_memory_equal(text, front, sizeof(front) - 1);
	assert_string_equal(text + sizeof(front) - 1 + CHALLENGE_NONCE_SIZE - 1, rest);
	for (size_t i = 0; i < CHALLENGE_NONCE_SIZE - 1; i++) {
		char c = text[sizeof(front) - 1 + i];

		assert_true((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
	}
	buf_clear(&m.text);
	make(&m, SOLANA);
	assert_non_null(strstr(buf_cstr(&m.text), "with your Solana account:\n" SOLANA "\n\n"));
	buf_clear(&m.text);
}

static void
it_is_good_for_five_minutes(void **state)
{
	struct made m;

	make(&m, EVM);
	assert_true(is_good(&m, buf_as_span(&m.text), NOW));
	assert_int_equal(m.expires_ms, NOW + 300000);
	assert_int_equal(strlen(m.nonce), CHALLENGE_NONCE_SIZE - 1);
	assert_true(is_good(&m, buf_as_span(&m.text), NOW + 299999));
	assert_false(is_good(&m, buf_as_span(&m.text), NOW + 300000));
	assert_false(is_good(&m, buf_as_span(&m.text), NOW - 2000));
	buf_clear(&m.text);
}

static void
no_byte_of_it_can_be_another(void **state)
{
	struct made m;
	size_t n;

	make(&m, SOLANA);
	n = m.text.len;
	for (size_t i = 0; i < n; i++) {
		char *exact = malloc(i + 1); /* so that a read beyond the end is seen */

		memcpy(exact, m.text.p, i);
		exact = realloc(exact, i ? i : 1);
		assert_false(is_good(&m, (struct span){exact, i}, NOW));
		free(exact);
		for (int bit = 0; bit < 8; bit++) {
			m.text.p[i] ^= (char)(1 << bit);
			assert_false(is_good(&m, buf_as_span(&m.text), NOW));
			m.text.p[i] ^= (char)(1 << bit);
		}
	}
	buf_addc(&m.text, '\n');
	assert_false(is_good(&m, buf_as_span(&m.text), NOW));
	assert_true(is_good(&m, (struct span){m.text.p, n}, NOW));
	buf_clear(&m.text);
}

static void
it_is_for_one_wallet_page_chain_key_and_log(void **state)
{
	struct made m, other;

	make(&m, EVM);
	make(&other, "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359");
	for (int i = 0; i < 5; i++) {
		struct challenge good = m.challenge;

		if (i == 0)
			m.challenge.wallet = &other.wallet;
		if (i == 1)
			m.challenge.origin = SPAN("https://app.example.com:8444");
		if (i == 2)
			m.challenge.chain_id = 1;
		if (i == 3)
			m.challenge.key = SPAN("b key");
		if (i == 4)
			m.challenge.log = SPAN("0123456789abcdee");
		assert_false(is_good(&m, buf_as_span(&m.text), NOW));
		m.challenge = good;
	}
	assert_true(is_good(&m, buf_as_span(&m.text), NOW));
	assert_false(is_good(&m, buf_as_span(&other.text), NOW));
	buf_clear(&m.text);
	buf_clear(&other.text);
}

static void
each_is_another(void **state)
{
	struct made a, b;

	make(&a, EVM);
	make(&b, EVM);
	assert_false(span_eq(buf_as_span(&a.text), buf_as_span(&b.text)));
	buf_clear(&a.text);
	buf_clear(&b.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_text_is_laid_out_as_eip_4361_has_it),
	    cmocka_unit_test(it_is_good_for_five_minutes),
	    cmocka_unit_test(no_byte_of_it_can_be_another),
	    cmocka_unit_test(it_is_for_one_wallet_page_chain_key_and_log),
	    cmocka_unit_test(each_is_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
