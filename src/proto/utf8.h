/* SPDX-License-Identifier: ISC */
/*
 * utf8.h - is it UTF-8 (RFC 3629: no surrogates, nothing overlong, nothing above U+10FFFF),
 * whole or in pieces.
 */
#ifndef PROTO_UTF8_H
#define PROTO_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* True if all of it is valid and it does not end inside a character. */
bool utf8_valid(struct span);

/* The same for text that comes in pieces. All zero is the start. */
struct utf8 {
	uint8_t need;      /* continuation bytes the character under way still lacks */
	uint8_t low, high; /* what the next of them may be, if need > 0 */
};

/* Takes the next piece. False as soon as no continuation could make it valid; the state is then
 * of no use. */
bool utf8_feed(struct utf8 *, struct span piece);

/* True if the text may end here. */
static inline bool
utf8_is_whole(const struct utf8 *u)
{
	return u->need == 0;
}

/* The next code point; cuts it off *rest. False at the end, and where *rest does not begin with
 * a valid character. */
bool utf8_next(struct span *rest, uint32_t *point);

/* Code points in valid UTF-8. */
size_t utf8_length(struct span valid);

/* Valid UTF-8 without white space at both ends, as JavaScript's trim() cuts it (ECMA-262:
 * WhiteSpace, LineTerminator). */
struct span utf8_trim(struct span valid);

#endif
