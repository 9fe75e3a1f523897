/* SPDX-License-Identifier: ISC */
/*
 * keccak.c - Keccak-256 with the permutation of nettle. Absorbing, padding and squeezing are done
 * here.
 */
#include "crypto/keccak.h"

#include <nettle/sha3.h>

#define RATE 136 /* bytes of the state that take input: 1600 bits less twice 256 */

/* Adds one byte to the state, whose words are little-endian. */
static void
absorb(struct sha3_state *state, size_t at, uint8_t byte)
{
	state->a[at / 8] ^= (uint64_t)byte << (at % 8 * 8);
}

void
keccak256(uint8_t out[KECCAK_SIZE], struct span data)
{
	struct sha3_state state = {{0}};
	size_t at = 0;

	for (size_t i = 0; i < data.n; i++) {
		absorb(&state, at++, (uint8_t)data.p[i]);
		if (at == RATE) {
			sha3_permute(&state);
			at = 0;
		}
	}
	absorb(&state, at, 0x01); /* SHA-3 (FIPS 202) has 0x06 here */
	absorb(&state, RATE - 1, 0x80);
	sha3_permute(&state);
	for (size_t i = 0; i < KECCAK_SIZE; i++)
		out[i] = (uint8_t)(state.a[i / 8] >> (i % 8 * 8));
}

bool
keccak_works(void)
{
	static const uint8_t of_nothing[KECCAK_SIZE] = {0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23,
	    0x3c, 0x92, 0x7e, 0x7d, 0xb2, 0xdc, 0xc7, 0x03, 0xc0, 0xe5, 0x00, 0xb6, 0x53, 0xca,
	    0x82, 0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70};
	static const uint8_t of_abc[KECCAK_SIZE] = {0x4e, 0x03, 0x65, 0x7a, 0xea, 0x45, 0xa9, 0x4f,
	    0xc7, 0xd4, 0x7b, 0xa8, 0x26, 0xc8, 0xd6, 0x67, 0xc0, 0xd1, 0xe6, 0xe3, 0x3a, 0x64,
	    0xa0, 0x36, 0xec, 0x44, 0xf5, 0x8f, 0xa1, 0x2d, 0x6c, 0x45};
	uint8_t nothing[KECCAK_SIZE], abc[KECCAK_SIZE];

	keccak256(nothing, SPAN(""));
	keccak256(abc, SPAN("abc"));
	return memcmp(nothing, of_nothing, KECCAK_SIZE) == 0 &&
	       memcmp(abc, of_abc, KECCAK_SIZE) == 0;
}
