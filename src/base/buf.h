/* SPDX-License-Identifier: ISC */
/*
 * buf.h - a buffer of bytes that grows, embedded in its owner. A struct that is all zero is a valid
 * empty buffer. Its size doubles as it grows.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/span.h"

struct buf {
	char *p;
	size_t len;
	size_t cap;
};

/* Releases the memory; the buffer is empty and may be used again. */
void buf_clear(struct buf *);

char *buf_grow(struct buf *, size_t n); /* the slow path of buf_reserve */

/* Makes room for n more bytes and returns a pointer to it; len does not change. */
static inline char *
buf_reserve(struct buf *b, size_t n)
{
	return b->p != NULL && n <= b->cap - b->len ? b->p + b->len : buf_grow(b, n);
}

/* buf_add, buf_addc, buf_printf, buf_span and buf_str append; none has a limit of its own. */
static inline void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	memcpy(buf_reserve(b, n), p, n);
	b->len += n;
}

static inline void
buf_addc(struct buf *b, char c)
{
	*buf_reserve(b, 1) = c;
	b->len++;
}

void buf_printf(struct buf *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static inline void
buf_span(struct buf *b, struct span s)
{
	buf_add(b, s.p, s.n);
}

static inline void
buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

/* Appends a number in decimal digits. */
void buf_u64(struct buf *, uint64_t value);

/* Removes n bytes (at most len) from the front. */
void buf_drop(struct buf *, size_t n);

/* The contents as a terminated string: puts a NUL behind them; len does not change. Valid until the
 * next change. */
const char *buf_cstr(struct buf *);

/* The contents, borrowed until the next change. */
static inline struct span
buf_as_span(const struct buf *b)
{
	return (struct span){b->p ? b->p : "", b->len};
}

/* Returns the contents as a terminated string, which the caller frees; the buffer is then empty. */
char *buf_steal(struct buf *);

#endif
