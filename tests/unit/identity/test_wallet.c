/* SPDX-License-Identifier: ISC */
/*
 * test_wallet.c - addresses and signatures against published vectors: EIP-55, EIP-191, RFC 8032.
 */
#include "identity/wallet.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "contract/names.h"
#include "crypto/verify.h"
#include "proto/base58.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* ---- EVM ---- */

static const char *const eip55[] = {
    /* all capitals, all small */
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    /* both */
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
};

static void
evm_addresses_are_shown_as_eip_55_has_them(void **state)
{
	for (size_t i = 0; i < COUNT(eip55); i++) {
		struct wallet w;
		struct user u;

		wallet_read(&w, span_of(eip55[i]));
		assert_int_equal(w.kind, WALLET_EVM);
		assert_false(w.is_unsafe);
		assert_string_equal(w.name, eip55[i]);
		assert_true(name_wallet(span_of(eip55[i]), &u));
		wallet_read(&w, span_of(u.key));
		assert_string_equal(w.name, eip55[i]);
	}
}

/* The documented result of web3.eth.accounts.sign('Some data'). */
#define SIGNER "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"
#define R      "b91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd"
#define S      "6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a029"
#define HIGH_S \
	"9ff818b327d1fc847ffe79bdd03d25e83e3a5df66963cee16074da8bd7b4a118" /* the group's order less S */

static enum error
check(const char *address, const char *text, const char *signature)
{
	struct recover *r = recover_new();
	struct wallet w;
	enum error err;

	wallet_read(&w, span_of(address));
	err = wallet_check(&w, r, span_of(text), span_of(signature));
	recover_free(r);
	return err;
}

static void
the_published_signature_of_eip_191_is_good(void **state)
{
	assert_int_equal(check(SIGNER, "Some data", "0x" R S "1c"), ERROR_NONE);
	assert_int_equal(check(SIGNER, "Some data", "0x" R S "01"), ERROR_NONE);
	assert_int_equal(check(SIGNER, "Some dat", "0x" R S "1c"), ERROR_UNAUTHORIZED);
	assert_int_equal(check(SIGNER, "Some data", "0x" R S "1b"), ERROR_UNAUTHORIZED);
	assert_int_equal(check(eip55[4], "Some data", "0x" R S "1c"), ERROR_UNAUTHORIZED);
}

static void
the_twin_of_a_signature_is_refused(void **state)
{
	assert_int_equal(check(SIGNER, "Some data", "0x" R HIGH_S "1b"), ERROR_UNAUTHORIZED);
	assert_int_equal(check(SIGNER, "Some data", "0x" R HIGH_S "1c"), ERROR_UNAUTHORIZED);
}

static void
no_v_but_four_reaches_the_library(void **state)
{
	struct recover *r = recover_new();
	uint8_t signature[64] = {1}, hash[32] = {2}, key[64];

	for (int v = 0; v < 256; v++) {
		char text[140];
		enum error err;

		snprintf(text, sizeof(text), "0x" R S "%02x", (unsigned)v);
		err = check(SIGNER, "Some data", text);
		if (v == 1 || v == 28)
			assert_int_equal(err, ERROR_NONE);
		else
			assert_int_equal(
			    err, v == 0 || v == 27 ? ERROR_UNAUTHORIZED : ERROR_BAD_REQUEST);
	}
	for (int recid = -2; recid < 300; recid++) {
		if (recid < 0 || recid > 1)
			assert_false(recover_key(r, key, signature, recid, hash));
	}
	recover_free(r);
}

static void
a_signature_has_one_length_and_form(void **state)
{
	static const struct {
		enum error err;
		const char *text;
	} forms[] = {
	    {ERROR_BAD_REQUEST, ""},
	    {ERROR_BAD_REQUEST, "0"},
	    {ERROR_BAD_REQUEST, "0x"},
	    {ERROR_BAD_REQUEST, R S "1c"},
	    {ERROR_BAD_REQUEST, "0X" R S "1c"},
	    {ERROR_BAD_REQUEST, "0x" R S},
	    {ERROR_BAD_REQUEST, "0x" R S "1"},
	    {ERROR_BAD_REQUEST, "0x" R S "1c0"},
	    {ERROR_BAD_REQUEST, "0x" R S "1g"},
	    {ERROR_BAD_REQUEST, "0x" R S " 1c"},
	    {ERROR_CONTRACT_WALLET, "0x" R S "1c00"},
	    {ERROR_CONTRACT_WALLET, "0x" R S R S "6492649264926492"},
	};

	for (size_t i = 0; i < COUNT(forms); i++)
		assert_int_equal(check(SIGNER, "Some data", forms[i].text), forms[i].err);
}

/* ---- Solana ---- */

static size_t
unhex(uint8_t *out, const char *text)
{
	size_t n = strlen(text) / 2;

	for (size_t i = 0; i < n; i++) {
		char digits[3] = {text[2 * i], text[2 * i + 1], '\0'};

		out[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return n;
}

/* Encodes the bytes that hex names as base58. The caller frees. */
static char *
base58_of(const char *text)
{
	uint8_t bytes[64];
	struct buf out = {0};
	size_t n = unhex(bytes, text);

	assert_true(base58_encode(&out, (struct span){(const char *)bytes, n}));
	return buf_steal(&out);
}

static const struct {
	const char *key, *text, *signature;
} rfc8032[] = {
    {"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
	"5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
	"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
	"085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
	"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
	"18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

static void
the_signatures_of_rfc_8032_are_good(void **state)
{
	for (size_t i = 0; i < COUNT(rfc8032); i++) {
		char *key = base58_of(rfc8032[i].key), *signature = base58_of(rfc8032[i].signature);
		uint8_t text[2];
		size_t n = unhex(text, rfc8032[i].text);
		struct wallet w;

		wallet_read(&w, span_of(key));
		assert_int_equal(w.kind, WALLET_SOLANA);
		assert_string_equal(w.name, key);
		assert_int_equal(
		    wallet_check(&w, NULL, (struct span){(char *)text, n}, span_of(signature)),
		    ERROR_NONE);
		assert_int_equal(
		    wallet_check(&w, NULL, SPAN("other"), span_of(signature)), ERROR_UNAUTHORIZED);
		w.key[3] ^= 1;
		assert_int_not_equal(
		    wallet_check(&w, NULL, (struct span){(char *)text, n}, span_of(signature)),
		    ERROR_NONE);
		free(key);
		free(signature);
	}
}

/* The y of each point whose order divides 8, and values that are not below the prime, each with
 * both signs of x. */
static const char *const unsafe[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "efffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void
keys_that_anybody_can_sign_for_are_unsafe(void **state)
{
	for (size_t i = 0; i < 2 * COUNT(unsafe); i++) {
		uint8_t bytes[32];
		struct buf text = {0};
		struct wallet w;

		unhex(bytes, unsafe[i / 2]);
		bytes[31] |= i % 2 ? 0x80 : 0;
		assert_true(base58_encode(&text, (struct span){(char *)bytes, sizeof(bytes)}));
		wallet_read(&w, buf_as_span(&text));
		assert_int_equal(w.kind, WALLET_SOLANA);
		assert_true(w.is_unsafe);
		assert_int_equal(wallet_check(&w, NULL, SPAN("x"), SPAN("x")), ERROR_BAD_REQUEST);
		buf_clear(&text);
	}
	for (size_t i = 0; i < COUNT(rfc8032); i++) {
		char *key = base58_of(rfc8032[i].key);
		struct wallet w;

		wallet_read(&w, span_of(key));
		assert_false(w.is_unsafe);
		free(key);
	}
}

/* Without that check, the neutral point and zero are a signature of the neutral key over any
 * text. */
static void
libcrypto_alone_would_take_them(void **state)
{
	uint8_t neutral[32] = {1}, signature[64] = {1};
	struct verify_key *key = verify_key_eddsa((struct span){(char *)neutral, 32});

	assert_non_null(key);
	assert_true(verify_signature(key, SPAN("anything"), (struct span){(char *)signature, 64}));
	verify_key_free(key);
}

static void
the_zero_address_is_unsafe_and_other_names_are_no_keys(void **state)
{
	static const char *const others[] = {"", "alice", "0x", "0x1234",
	    "0xzz908400098527886E0F7030069857D2E4169EE7",
	    "0X52908400098527886E0F7030069857D2E4169EE7",
	    "52908400098527886E0F7030069857D2E4169EE7", "0OIl11111111111111111111111111111111",
	    "1111111111111111111111111111111", "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"};
	struct wallet w;

	wallet_read(&w, SPAN("0x0000000000000000000000000000000000000000"));
	assert_true(w.is_unsafe);
	for (size_t i = 0; i < COUNT(others); i++) {
		wallet_read(&w, span_of(others[i]));
		assert_int_equal(w.kind, WALLET_OTHER);
		assert_false(w.is_unsafe);
		assert_int_equal(wallet_check(&w, NULL, SPAN("x"), SPAN("x")), ERROR_BAD_REQUEST);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(evm_addresses_are_shown_as_eip_55_has_them),
	    cmocka_unit_test(the_published_signature_of_eip_191_is_good),
	    cmocka_unit_test(the_twin_of_a_signature_is_refused),
	    cmocka_unit_test(no_v_but_four_reaches_the_library),
	    cmocka_unit_test(a_signature_has_one_length_and_form),
	    cmocka_unit_test(the_signatures_of_rfc_8032_are_good),
	    cmocka_unit_test(keys_that_anybody_can_sign_for_are_unsafe),
	    cmocka_unit_test(libcrypto_alone_would_take_them),
	    cmocka_unit_test(the_zero_address_is_unsafe_and_other_names_are_no_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
