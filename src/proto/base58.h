/* SPDX-License-Identifier: ISC */
/*
 * base58.h - Bitcoin's base58, as Solana spells public keys and signatures. Bounded, because it
 * is quadratic.
 */
#ifndef PROTO_BASE58_H
#define PROTO_BASE58_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

#define BASE58_MAX_BYTES 64 /* decoded: a signature */

/* *n bytes into out. False: a character outside the alphabet, or more than BASE58_MAX_BYTES. */
bool base58_decode(uint8_t out[BASE58_MAX_BYTES], size_t *n, struct span text);

/* Appends. False, and nothing appended: more than BASE58_MAX_BYTES. */
bool base58_encode(struct buf *out, struct span bytes);

#endif
