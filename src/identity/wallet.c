/* SPDX-License-Identifier: ISC */
/*
 * wallet.c - the keys that addresses stand for, and signatures by these keys.
 */
#include "identity/wallet.h"

#include "crypto/keccak.h"
#include "crypto/verify.h"
#include "proto/base58.h"

#define EVM_CHARS       42
#define EVM_BYTES       20
#define EVM_SIGNATURE   65 /* r, s, v */
#define ED25519_BYTES   32
#define SOLANA_MIN      32 /* characters */
#define SOLANA_MAX      44
#define SIGNATURE_BYTES 64

/* ---- hex ---- */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads 0x and two hex digits for each byte. *n gets the number of bytes; at most max are stored.
 * False: the text is something else. */
static bool
hex_read(struct span text, uint8_t *out, size_t max, size_t *n)
{
	if (text.n < 2 || text.n % 2 != 0 || text.p[0] != '0' || text.p[1] != 'x')
		return false;
	*n = text.n / 2 - 1;
	for (size_t i = 0; i < *n; i++) {
		int high = hex_digit(text.p[2 * i + 2]), low = hex_digit(text.p[2 * i + 3]);

		if (high < 0 || low < 0)
			return false;
		if (i < max)
			out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* ---- EVM ---- */

/* A letter is a capital if the hash of the address in lower case has a digit of 8 or more in the
 * same place (EIP-55). */
static void
write_eip55(char out[WALLET_NAME_SIZE], const uint8_t address[EVM_BYTES])
{
	uint8_t hash[KECCAK_SIZE];
	char *c = out + 2;

	memcpy(out, "0x", 2);
	for (size_t i = 0; i < EVM_BYTES; i++) {
		*c++ = "0123456789abcdef"[address[i] >> 4];
		*c++ = "0123456789abcdef"[address[i] & 15];
	}
	*c = '\0';
	keccak256(hash, (struct span){out + 2, EVM_CHARS - 2});
	for (size_t i = 0; i < EVM_CHARS - 2; i++) {
		uint8_t digit = i % 2 == 0 ? hash[i / 2] >> 4 : hash[i / 2] & 15;

		if (digit >= 8 && out[i + 2] >= 'a')
			out[i + 2] -= 0x20;
	}
}

static bool
read_evm(struct wallet *w, struct span address)
{
	static const uint8_t zero[EVM_BYTES] = {0};
	size_t n;

	if (address.n != EVM_CHARS || !hex_read(address, w->key, EVM_BYTES, &n))
		return false;
	w->kind = WALLET_EVM;
	w->is_unsafe = memcmp(w->key, zero, EVM_BYTES) == 0;
	write_eip55(w->name, w->key);
	return true;
}

/* The hash that a wallet signs for a text (EIP-191, version 0x45). */
static void
hash_personal(uint8_t out[KECCAK_SIZE], struct span text)
{
	struct buf whole = {0};

	buf_printf(&whole,
	    "\x19"
	    "Ethereum Signed Message:\n%zu",
	    text.n);
	buf_span(&whole, text);
	keccak256(out, buf_as_span(&whole));
	buf_clear(&whole);
}

static enum error
check_evm(const struct wallet *w, const struct recover *r, struct span text, struct span signature)
{
	uint8_t bytes[EVM_SIGNATURE], hash[KECCAK_SIZE], key[64];
	size_t n;

	if (!hex_read(signature, bytes, sizeof(bytes), &n) || n < EVM_SIGNATURE)
		return ERROR_BAD_REQUEST;
	if (n > EVM_SIGNATURE) /* EIP-1271, EIP-6492: a contract's may have any length */
		return ERROR_CONTRACT_WALLET;
	if (bytes[64] > 1 && bytes[64] != 27 && bytes[64] != 28)
		return ERROR_BAD_REQUEST;
	hash_personal(hash, text);
	if (!recover_key(r, key, bytes, bytes[64] >= 27 ? bytes[64] - 27 : bytes[64], hash))
		return ERROR_UNAUTHORIZED;
	keccak256(hash, (struct span){(const char *)key, sizeof(key)});
	return memcmp(hash + KECCAK_SIZE - EVM_BYTES, w->key, EVM_BYTES) == 0 ? ERROR_NONE
									      : ERROR_UNAUTHORIZED;
}

/* ---- Solana ---- */

/* The y coordinates, in canonical encoding without the sign bit of x, of all points whose order
 * divides 8. Anybody can sign for these keys: one constant signature is valid for every text. */
static const uint8_t small_orders[][ED25519_BYTES] = {
    {0x00},
    {0x01},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
	0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc,
	0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
	0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03,
	0x7a},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0x7f},
};

/* The prime 2^255 - 19: a y from here on is a non-canonical encoding. All of these differ from the
 * prime only in the first byte. */
static const uint8_t prime[ED25519_BYTES] = {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};

static bool
is_unsafe_ed25519(const uint8_t key[ED25519_BYTES])
{
	uint8_t y[ED25519_BYTES];

	memcpy(y, key, sizeof(y));
	y[ED25519_BYTES - 1] &= 0x7f;
	for (size_t i = 0; i < sizeof(small_orders) / sizeof(small_orders[0]); i++) {
		if (memcmp(y, small_orders[i], sizeof(y)) == 0)
			return true;
	}
	return memcmp(y + 1, prime + 1, sizeof(y) - 1) == 0 && y[0] >= prime[0];
}

static bool
read_solana(struct wallet *w, struct span address)
{
	uint8_t bytes[BASE58_MAX_BYTES];
	size_t n;

	if (address.n < SOLANA_MIN || address.n > SOLANA_MAX ||
	    !base58_decode(bytes, &n, address) || n != ED25519_BYTES)
		return false;
	w->kind = WALLET_SOLANA;
	memcpy(w->key, bytes, n);
	memcpy(w->name, address.p, address.n);
	w->is_unsafe = is_unsafe_ed25519(w->key);
	return true;
}

bool
wallet_is_envelope(struct span text)
{
	static const struct span marks[] = {{"\xff", 1}, {"\xc3\xbf", 2}};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (text.n >= marks[i].n && memcmp(text.p, marks[i].p, marks[i].n) == 0)
			return true;
	}
	return false;
}

static enum error
check_solana(const struct wallet *w, struct span text, struct span signature)
{
	struct verify_key *key;
	uint8_t bytes[BASE58_MAX_BYTES];
	size_t n;
	bool is_good;

	if (!base58_decode(bytes, &n, signature) || n != SIGNATURE_BYTES)
		return ERROR_BAD_REQUEST;
	key = verify_key_eddsa((struct span){(const char *)w->key, ED25519_BYTES});
	is_good =
	    key && verify_signature(key, text, (struct span){(const char *)bytes, SIGNATURE_BYTES});
	verify_key_free(key);
	return is_good ? ERROR_NONE : ERROR_UNAUTHORIZED;
}

/* ---- any ---- */

void
wallet_read(struct wallet *w, struct span address)
{
	*w = (struct wallet){.kind = WALLET_OTHER};
	if (!read_evm(w, address) && !read_solana(w, address))
		*w = (struct wallet){.kind = WALLET_OTHER};
}

enum error
wallet_check(
    const struct wallet *w, const struct recover *r, struct span text, struct span signature)
{
	if (w->kind == WALLET_OTHER || w->is_unsafe)
		return ERROR_BAD_REQUEST;
	if (w->kind == WALLET_SOLANA && wallet_is_envelope(text))
		return ERROR_OFFCHAIN_ENVELOPE;
	return w->kind == WALLET_EVM ? check_evm(w, r, text, signature)
				     : check_solana(w, text, signature);
}
