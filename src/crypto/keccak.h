/* SPDX-License-Identifier: ISC */
/*
 * keccak.h - Keccak-256 as Ethereum uses it, by nettle: with the padding from before SHA-3 became a
 * standard.
 */
#ifndef CRYPTO_KECCAK_H
#define CRYPTO_KECCAK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

#define KECCAK_SIZE 32

void keccak256(uint8_t out[KECCAK_SIZE], struct span data);

/* A self-test: true if known inputs give their known results. Call it once, at the start. */
bool keccak_works(void);

#endif
