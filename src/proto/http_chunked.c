/* SPDX-License-Identifier: ISC */
/*
 * http_chunked.c - HTTP/1.1 input: chunked bodies.
 */
#include "proto/http.h"
#include "proto/http_text.h"

#define CHUNK_DIGITS_MAX      16
#define CHUNK_EXTRA_MAX_BYTES 4096

enum chunked_state {
	CHUNK_SIZE,      /* digits, then blanks, ';' or CR */
	CHUNK_EXT_GAP,   /* blanks, then ';' */
	CHUNK_EXT_START, /* behind ';': blanks, then a name */
	CHUNK_EXT_NAME,
	CHUNK_EXT_NAME_GAP, /* blanks, then '=' or ';' */
	CHUNK_EXT_EQUALS,   /* behind '=': blanks, then a value */
	CHUNK_EXT_TOKEN,
	CHUNK_EXT_QUOTED,
	CHUNK_EXT_ESCAPED, /* the character behind a backslash */
	CHUNK_EXT_END,     /* behind a quoted value */
	CHUNK_SIZE_LF,     /* LF after the size */
	CHUNK_DATA,        /* `left` bytes */
	CHUNK_CR,          /* CR LF after the data */
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
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
chunk_go(struct http_chunked *c, enum chunked_state next)
{
	c->state = (uint8_t)next;
	return true;
}

/* Takes a byte behind the size, a name or a value: the end of the line, another extension, or
 * blanks, which lead to the state gap. */
static bool
chunk_ext_next(struct http_chunked *c, char in, enum chunked_state gap)
{
	if (in == '\r')
		return chunk_go(c, CHUNK_SIZE_LF);
	if (in == ';')
		return chunk_go(c, CHUNK_EXT_START);
	return is_blank(in) && chunk_go(c, gap);
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
	return c->digits > 0 && chunk_ext_next(c, in, CHUNK_EXT_GAP);
}

/* One byte of an extension (RFC 9112, section 7.1.1). Returns false for an unexpected one. */
static bool
chunk_ext(struct http_chunked *c, char in)
{
	if (in != '\r' && ++c->extra > CHUNK_EXTRA_MAX_BYTES)
		return false;
	switch ((enum chunked_state)c->state) {
	case CHUNK_EXT_START:
		return is_blank(in) || (http_is_tchar(in) && chunk_go(c, CHUNK_EXT_NAME));
	case CHUNK_EXT_NAME:
		return http_is_tchar(in) || (in == '=' && chunk_go(c, CHUNK_EXT_EQUALS)) ||
		       chunk_ext_next(c, in, CHUNK_EXT_NAME_GAP);
	case CHUNK_EXT_NAME_GAP:
		return is_blank(in) || (in == '=' && chunk_go(c, CHUNK_EXT_EQUALS)) ||
		       (in == ';' && chunk_go(c, CHUNK_EXT_START));
	case CHUNK_EXT_EQUALS:
		return is_blank(in) || (in == '"' && chunk_go(c, CHUNK_EXT_QUOTED)) ||
		       (http_is_tchar(in) && chunk_go(c, CHUNK_EXT_TOKEN));
	case CHUNK_EXT_TOKEN:
		return http_is_tchar(in) || chunk_ext_next(c, in, CHUNK_EXT_GAP);
	case CHUNK_EXT_QUOTED:
		return (in == '"' && chunk_go(c, CHUNK_EXT_END)) ||
		       (in == '\\' && chunk_go(c, CHUNK_EXT_ESCAPED)) || http_is_text(in);
	case CHUNK_EXT_ESCAPED:
		return http_is_text(in) && chunk_go(c, CHUNK_EXT_QUOTED);
	case CHUNK_EXT_END:
		return chunk_ext_next(c, in, CHUNK_EXT_GAP);
	default: /* CHUNK_EXT_GAP */
		return is_blank(in) || (in == ';' && chunk_go(c, CHUNK_EXT_START));
	}
}

/* One byte of a trailer; the total of extensions and trailers is limited. The end mark leads to the
 * state next. */
static bool
chunk_trailer(struct http_chunked *c, char in, char end, enum chunked_state next)
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
	case CHUNK_EXT_GAP:
	case CHUNK_EXT_START:
	case CHUNK_EXT_NAME:
	case CHUNK_EXT_NAME_GAP:
	case CHUNK_EXT_EQUALS:
	case CHUNK_EXT_TOKEN:
	case CHUNK_EXT_QUOTED:
	case CHUNK_EXT_ESCAPED:
	case CHUNK_EXT_END:
		return chunk_ext(c, in);
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
		return in != ':' && chunk_trailer(c, in, ':', CHUNK_VALUE);
	case CHUNK_NAME:
		return chunk_trailer(c, in, ':', CHUNK_VALUE);
	case CHUNK_VALUE:
		return chunk_trailer(c, in, '\r', CHUNK_VALUE_LF);
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
