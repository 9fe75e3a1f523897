/* SPDX-License-Identifier: ISC */
/*
 * buf.c - a buffer that grows; its size doubles, so that n appends cost O(n).
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

#define BUF_FIRST_BYTES 64

void
buf_clear(struct buf *b)
{
	free(b->p);
	*b = (struct buf){0};
}

char *
buf_grow(struct buf *b, size_t n)
{
	size_t want, cap = b->cap ? b->cap : BUF_FIRST_BYTES;

	if (__builtin_add_overflow(b->len, n, &want))
		want = SIZE_MAX; /* the allocation ends the process */
	while (cap < want)
		cap = cap > SIZE_MAX / 2 ? SIZE_MAX : cap * 2;
	b->p = mem_realloc(b->p, cap, 1);
	b->cap = cap;
	return b->p + b->len;
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	buf_reserve(b, BUF_FIRST_BYTES);
	va_start(ap, fmt);
	n = vsnprintf(b->p + b->len, b->cap - b->len, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= b->cap - b->len) {
		buf_reserve(b, (size_t)n + 1);
		va_start(ap, fmt);
		vsnprintf(b->p + b->len, b->cap - b->len, fmt, ap);
		va_end(ap);
	}
	b->len += (size_t)n;
}

void
buf_u64(struct buf *b, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	buf_add(b, digits + at, sizeof(digits) - at);
}

void
buf_drop(struct buf *b, size_t n)
{
	if (n >= b->len) {
		b->len = 0;
		return;
	}
	memmove(b->p, b->p + n, b->len - n);
	b->len -= n;
}

const char *
buf_cstr(struct buf *b)
{
	*buf_reserve(b, 1) = '\0';
	return b->p;
}

char *
buf_steal(struct buf *b)
{
	char *p;

	buf_cstr(b);
	p = b->p;
	*b = (struct buf){0};
	return p;
}
