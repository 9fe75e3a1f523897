/* SPDX-License-Identifier: ISC */
/*
 * base64.h - RFC 4648: base64 with padding, base64url without.
 */
#ifndef PROTO_BASE64_H
#define PROTO_BASE64_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

/* Append to out. Decoding is strict: that alphabet alone, padding exactly as due (base64url:
 * none), unused bits zero, so every byte string has one spelling. False: it is something else;
 * out is as before. */
void base64_encode(struct buf *out, struct span);
bool base64_decode(struct buf *out, struct span);
void base64url_encode(struct buf *out, struct span);
bool base64url_decode(struct buf *out, struct span);

#endif
