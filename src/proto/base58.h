/* SPDX-License-Identifier: ISC */
/*
 * base58.h - Bitcoin's base58, in which Solana writes public keys and signatures. The length is
 * limited, because the time is quadratic.
 */
#ifndef PROTO_BASE58_H
#define PROTO_BASE58_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

#define BASE58_MAX_BYTES 64 /* decoded: a signature */

/* Decodes *n bytes into out. False: a character is outside the alphabet, or there are more than
 * BASE58_MAX_BYTES. */
bool base58_decode(uint8_t out[BASE58_MAX_BYTES], size_t *n, struct span text);

/* Appends the text. False: there are more than BASE58_MAX_BYTES; nothing is appended. */
bool base58_encode(struct buf *out, struct span bytes);

#endif
