/* SPDX-License-Identifier: ISC */
/*
 * recover.h - the public key that made an ECDSA signature on secp256k1. The door to libsecp256k1.
 */
#ifndef BASE_RECOVER_H
#define BASE_RECOVER_H

#include <stdbool.h>
#include <stdint.h>

struct recover; /* read-only: threads may share it */

struct recover *recover_new(void);
void recover_free(struct recover *); /* NULL is fine */

/* The key of a signature (r, s: 32 bytes each) over a hash: 64 bytes, x and y. False: recid is not 0 or 1, s is in the upper half of the
 * group's order (each signature has a twin there), or no key fits. */
bool recover_key(const struct recover *, uint8_t out[64], const uint8_t signature[64], int recid,
    const uint8_t hash[32]);

#endif
