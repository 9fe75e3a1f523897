/* SPDX-License-Identifier: ISC */
/*
 * recover.h - finds the public key of an ECDSA signature on secp256k1, by libsecp256k1.
 */
#ifndef CRYPTO_RECOVER_H
#define CRYPTO_RECOVER_H

#include <stdbool.h>
#include <stdint.h>

struct recover; /* read-only: threads may share it */

struct recover *recover_new(void);
void recover_free(struct recover *); /* NULL is fine */

/* Finds the public key (x and y, 32 bytes each) of a signature (r and s, 32 bytes each) over a
 * hash. False: recid is not 0 or 1, s is greater than half of the group's order (so that a
 * signature has only one valid form), or there is no such key. */
bool recover_key(const struct recover *, uint8_t out[64], const uint8_t signature[64], int recid,
    const uint8_t hash[32]);

#endif
