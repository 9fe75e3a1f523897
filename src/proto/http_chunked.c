/* SPDX-License-Identifier: ISC */
/*
 * http_chunked.c - HTTP/1.1 input: chunked bodies.
 */
#include "proto/http.h"
#include "proto/http_text.h"

#define CHUNK_DIGITS_MAX      16
#define CHUNK_EXTRA_MAX_BYTES 4096

enum chunked_state {
	CHUNK_SIZE,    /* digits, then ';' or CR */
	CHUNK_EXT,     /* an extension, up to CR */
	CHUNK_SIZE_LF, /* LF after the size */
	CHUNK_DATA,    /* `left` bytes */
	CHUNK_CR,      /* CR LF after the data */
	CHUNK_LF,
	CHUNK_LINE,  /* the start of a trailer, or CR */
	CHUNK_NAME,  /* a trailer's name up to ':' */
	CHUNK_VALUE, /* its value up to CR */
	CHUNK_VALUE_LF,
	CHUNK_LAST_LF, /* LF of the empty line at the end */
	CHUNK_DONE
};

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
chunk_size(struct http_chunked *c, char in)
{
	int digit = hex(in);

	if (digit >= 0) {
		if (c->digits == CHUNK_DIGITS_MAX || c->left > (uint64_t)(INT64_MAX >> 4))
			return false;
		c->digits++;
		c->left = c->left << 4 | (uint64_t)digit;
		return true;
	}
	if (c->digits == 0 || (in != '\r' && in != ';'))
		return false;
	c->state = in == '\r' ? CHUNK_SIZE_LF : CHUNK_EXT;
	return true;
}

/* One byte of an extension or trailer, whose total is limited. The end mark leads to the state
 * next. */
static bool
chunk_extra(struct http_chunked *c, char in, char end, enum chunked_state next)
{
	if (in == end) {
		c->state = (uint8_t)next;
		return true;
	}
	if (++c->extra > CHUNK_EXTRA_MAX_BYTES)
		return false;
	return end == ':' ? http_is_tchar(in) : http_is_text(in);
}

static bool
chunk_expect(struct http_chunked *c, char in, char want, enum chunked_state next)
{
	c->state = (uint8_t)next;
	return in == want;
}

/* One byte that is not data. */
static bool
chunk_step(struct http_chunked *c, char in)
{
	switch ((enum chunked_state)c->state) {
	case CHUNK_SIZE:
		return chunk_size(c, in);
	case CHUNK_EXT:
		return chunk_extra(c, in, '\r', CHUNK_SIZE_LF);
	case CHUNK_SIZE_LF:
		c->digits = 0;
		return chunk_expect(c, in, '\n', c->left > 0 ? CHUNK_DATA : CHUNK_LINE);
	case CHUNK_CR:
		return chunk_expect(c, in, '\r', CHUNK_LF);
	case CHUNK_LF:
		return chunk_expect(c, in, '\n', CHUNK_SIZE);
	case CHUNK_LINE:
		if (in == '\r')
			return chunk_expect(c, in, '\r', CHUNK_LAST_LF);
		c->state = CHUNK_NAME;
		return in != ':' && chunk_extra(c, in, ':', CHUNK_VALUE);
	case CHUNK_NAME:
		return chunk_extra(c, in, ':', CHUNK_VALUE);
	case CHUNK_VALUE:
		return chunk_extra(c, in, '\r', CHUNK_VALUE_LF);
	case CHUNK_VALUE_LF:
		return chunk_expect(c, in, '\n', CHUNK_LINE);
	case CHUNK_LAST_LF:
		return chunk_expect(c, in, '\n', CHUNK_DONE);
	case CHUNK_DATA:
	case CHUNK_DONE:
		break;
	}
	return false;
}

ssize_t
http_chunked_read(struct http_chunked *c, const char *in, size_t len, struct span *data)
{
	size_t used = 0;

	*data = (struct span){"", 0};
	while (used < len && c->state != CHUNK_DONE) {
		if (c->state != CHUNK_DATA) {
			if (!chunk_step(c, in[used++]))
				return -1;
			continue;
		}
		*data = (struct span){in + used, len - used};
		if (data->n >= c->left) {
			data->n = (size_t)c->left;
			c->state = CHUNK_CR;
		}
		c->left -= data->n;
		used += data->n;
		break;
	}
	return (ssize_t)used;
}

bool
http_chunked_is_done(const struct http_chunked *c)
{
	return c->state == CHUNK_DONE;
}
