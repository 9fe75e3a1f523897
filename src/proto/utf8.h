/* SPDX-License-Identifier: ISC */
/*
 * utf8.h - checks UTF-8 (RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF), whole
 * or in pieces, and reads code points.
 */
#ifndef PROTO_UTF8_H
#define PROTO_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* True if the whole text is valid and does not end inside a character. */
bool utf8_valid(struct span);

/* The state of a check of text that comes in pieces. All zero is the start. */
struct utf8 {
	uint8_t need;      /* continuation bytes that the current character still lacks */
	uint8_t low, high; /* the range of the next of them, if need > 0 */
};

/* Checks the next piece. False: no further text can make it valid. Do not use the state after
 * that. */
bool utf8_feed(struct utf8 *, struct span piece);

/* True if the text may end here. */
static inline bool
utf8_is_whole(const struct utf8 *u)
{
	return u->need == 0;
}

/* Cuts the next code point off *rest. False: *rest is empty, or does not begin with a valid
 * character. */
bool utf8_next(struct span *rest, uint32_t *point);

/* The number of code points in valid UTF-8. */
size_t utf8_length(struct span valid);

/* Valid UTF-8 without the white space at both ends that JavaScript's trim() removes (ECMA-262:
 * WhiteSpace, LineTerminator). */
struct span utf8_trim(struct span valid);

#endif
