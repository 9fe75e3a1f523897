/* SPDX-License-Identifier: ISC */
/*
 * base64.h - RFC 4648: base64 with padding, base64url without.
 */
#ifndef PROTO_BASE64_H
#define PROTO_BASE64_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

/* Append to out. Decoding is strict, so that every byte string has one spelling: the alphabet's
 * characters, exact padding (base64url: none), unused bits zero. False: the text breaks these
 * rules; out is unchanged. */
void base64_encode(struct buf *out, struct span);
bool base64_decode(struct buf *out, struct span);
void base64url_encode(struct buf *out, struct span);
bool base64url_decode(struct buf *out, struct span);

#endif
