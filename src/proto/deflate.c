/* SPDX-License-Identifier: ISC */
/*
 * deflate.c - the only use of zlib, and the negotiation of permessage-deflate.
 */
#include "proto/deflate.h"

#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/mem.h"

#define BITS_MIN      8 /* the smallest window that a client may ask for */
#define BITS_MAX      15
#define BITS_MIN_MADE 9 /* the smallest window that zlib makes */
#define MEM_LEVEL     8
#define VALUE_MAX     2 /* characters of a parameter's value: 8 to 15 */
#define FIRST_BYTES   256

/* The end of a flushed block. The sender cuts it off, and the receiver adds it again (RFC 7692,
 * section 7.2). */
static const struct span tail = {"\0\0\xff\xff", 4};

struct deflate {
	z_stream in;
	z_stream *out[BITS_MAX + 1]; /* by window bits; made when first asked for */
};

/* ---- zlib ---- */

static voidpf
zlib_alloc(voidpf opaque, uInt count, uInt size)
{
	return mem_realloc(NULL, count, size);
}

static void
zlib_free(voidpf opaque, voidpf p)
{
	free(p);
}

struct deflate *
deflate_new(void)
{
	struct deflate *d = mem_zalloc(sizeof(*d));

	d->in.zalloc = zlib_alloc;
	d->in.zfree = zlib_free;
	if (inflateInit2(&d->in, -BITS_MAX) != Z_OK)
		abort(); /* a zlib of another version */
	return d;
}

void
deflate_free(struct deflate *d)
{
	if (!d)
		return;
	inflateEnd(&d->in);
	for (int i = 0; i <= BITS_MAX; i++) {
		if (d->out[i])
			deflateEnd(d->out[i]);
		free(d->out[i]);
	}
	free(d);
}

static z_stream *
compressor(struct deflate *d, int window_bits)
{
	z_stream *z = d->out[window_bits];

	if (z) {
		deflateReset(z);
		return z;
	}
	z = mem_zalloc(sizeof(*z));
	z->zalloc = zlib_alloc;
	z->zfree = zlib_free;
	if (deflateInit2(
		z, Z_BEST_SPEED, Z_DEFLATED, -window_bits, MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	d->out[window_bits] = z;
	return z;
}

void
deflate_message(struct deflate *d, int window_bits, struct span message, struct buf *out)
{
	z_stream *z;
	size_t room;

	if (message.n == 0) { /* RFC 7692, section 7.2.3.6 */
		buf_addc(out, '\0');
		return;
	}
	z = compressor(d, window_bits);
	z->next_in = (Bytef *)(uintptr_t)message.p;
	z->avail_in = (uInt)message.n;
	room = deflateBound(z, message.n) + FIRST_BYTES; /* usually enough for one round */
	do {
		z->next_out = (Bytef *)buf_reserve(out, room);
		z->avail_out = (uInt)room;
		deflate(z, Z_SYNC_FLUSH);
		out->len += room - z->avail_out;
	} while (z->avail_out == 0);
	out->len -= tail.n;
}

/* Inflates one more piece. *is_ended: the piece ends with the last block of a stream. Blocks after
 * such a block are another stream (section 7.2.3.4). */
static enum inflate_verdict
inflate_piece(z_stream *z, struct span piece, size_t limit, struct buf *out, bool *is_ended)
{
	z->next_in = (Bytef *)(uintptr_t)piece.p;
	z->avail_in = (uInt)piece.n;
	for (;;) {
		size_t room = limit - out->len; /* one byte more than is allowed */
		int result;

		if (out->len == out->cap)
			buf_reserve(out, 1);
		if (room > out->cap - out->len)
			room = out->cap - out->len;
		z->next_out = (Bytef *)(out->p + out->len);
		z->avail_out = (uInt)room;
		result = inflate(z, Z_NO_FLUSH);
		out->len += room - z->avail_out;
		if (out->len == limit)
			return INFLATE_TOO_BIG;
		*is_ended = result == Z_STREAM_END;
		if (*is_ended && z->avail_in > 0) {
			inflateReset(z);
			continue;
		}
		if (*is_ended)
			return INFLATE_OK;
		if (result != Z_OK && result != Z_BUF_ERROR)
			return INFLATE_BAD;
		if (z->avail_out > 0)
			return INFLATE_OK; /* all input is used */
	}
}

enum inflate_verdict
inflate_message(struct deflate *d, struct span payload, size_t max_bytes, struct buf *out)
{
	size_t from = out->len, limit = from + max_bytes + 1;
	size_t guess = payload.n < max_bytes / 4 ? payload.n * 4 : max_bytes;
	enum inflate_verdict verdict;
	bool is_ended = false;

	inflateReset(&d->in);
	buf_reserve(out, guess < FIRST_BYTES ? FIRST_BYTES : guess);
	verdict = inflate_piece(&d->in, payload, limit, out, &is_ended);
	if (verdict == INFLATE_OK && !is_ended)
		verdict = inflate_piece(&d->in, tail, limit, out, &is_ended);
	/* Bit 128 of data_type: inflate stopped between two blocks. Else the payload was cut
	 * short. */
	if (verdict == INFLATE_OK && !is_ended && !(d->in.data_type & 128))
		verdict = INFLATE_BAD;
	if (verdict != INFLATE_OK)
		out->len = from;
	return verdict;
}

/* ---- negotiation: extension-list of RFC 6455, section 9.1; parameters of RFC 7692, 7.1 ---- */

enum parameter {
	SERVER_NO_CONTEXT_TAKEOVER = 1,
	CLIENT_NO_CONTEXT_TAKEOVER = 2,
	SERVER_MAX_WINDOW_BITS = 4,
	CLIENT_MAX_WINDOW_BITS = 8
};

struct offer {
	bool is_good;
	unsigned seen;
	int server_bits;
};

static bool
is_token_char(char c)
{
	return c > ' ' && c < 0x7f && !strchr("()<>@,;:\\\"/[]?={}", c);
}

static void
skip_blanks(struct span *s)
{
	while (s->n > 0 && (s->p[0] == ' ' || s->p[0] == '\t')) {
		s->p++;
		s->n--;
	}
}

/* True if c is next. Then it is cut off, with the blanks around it. */
static bool
take(struct span *s, char c)
{
	skip_blanks(s);
	if (s->n == 0 || s->p[0] != c)
		return false;
	s->p++;
	s->n--;
	skip_blanks(s);
	return true;
}

static struct span
take_token(struct span *s)
{
	struct span token = {s->p, 0};

	while (token.n < s->n && is_token_char(token.p[token.n]))
		token.n++;
	s->p += token.n;
	s->n -= token.n;
	return token;
}

/* Cuts off a token, which may be a quoted string. text gets its first characters, *n its length. */
static bool
take_value(struct span *s, char text[VALUE_MAX], size_t *n)
{
	bool is_quoted = s->n > 0 && s->p[0] == '"';

	if (is_quoted) {
		s->p++;
		s->n--;
	}
	for (*n = 0; s->n > 0; s->p++, s->n--) {
		if (is_quoted && s->p[0] == '\\' && s->n > 1) {
			s->p++;
			s->n--;
		}
		if (!is_token_char(s->p[0]))
			break;
		if (*n < VALUE_MAX)
			text[*n] = s->p[0];
		++*n;
	}
	if (*n == 0 || (is_quoted && (s->n == 0 || s->p[0] != '"')))
		return false;
	s->p += is_quoted;
	s->n -= is_quoted;
	return true;
}

/* 8 to 15 without a leading zero; else 0. */
static int
window_bits_of(const char *text, size_t n)
{
	unsigned long long bits;

	if (n == 0 || n > VALUE_MAX || text[0] == '0')
		return 0;
	if (!span_u64((struct span){text, n}, BITS_MAX, &bits) || bits < BITS_MIN)
		return 0;
	return (int)bits;
}

static bool
is_parameter_good(struct offer *o, struct span name, bool has_value, int bits)
{
	static const struct {
		const char *name;
		enum parameter parameter;
	} parameters[] = {
	    {"server_no_context_takeover", SERVER_NO_CONTEXT_TAKEOVER},
	    {"client_no_context_takeover", CLIENT_NO_CONTEXT_TAKEOVER},
	    {"server_max_window_bits", SERVER_MAX_WINDOW_BITS},
	    {"client_max_window_bits", CLIENT_MAX_WINDOW_BITS},
	};
	unsigned p = 0;

	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		if (span_is(name, parameters[i].name))
			p = parameters[i].parameter;
	}
	if (p == 0 || o->seen & p)
		return false;
	o->seen |= p;
	if (p == SERVER_MAX_WINDOW_BITS) {
		o->server_bits = bits;
		return bits >= BITS_MIN_MADE;
	}
	return !has_value || (p == CLIENT_MAX_WINDOW_BITS && bits > 0);
}

/* Cuts off one offer. False: bad syntax. is_good: it is permessage-deflate with parameters that the
 * server can use. */
static bool
take_offer(struct span *s, struct offer *o)
{
	struct span name = take_token(s);

	*o =
	    (struct offer){.is_good = span_is(name, "permessage-deflate"), .server_bits = BITS_MAX};
	if (name.n == 0)
		return false;
	while (take(s, ';')) {
		char text[VALUE_MAX];
		size_t n = 0;
		bool has_value;

		name = take_token(s);
		has_value = take(s, '=');
		if (name.n == 0 || (has_value && !take_value(s, text, &n)))
			return false;
		if (!is_parameter_good(o, name, has_value, window_bits_of(text, n)))
			o->is_good = false;
	}
	return true;
}

bool
deflate_negotiate(struct span offers, int *window_bits, struct buf *answer)
{
	struct offer taken = {.is_good = false}, o;

	skip_blanks(&offers);
	while (offers.n > 0) {
		if (take(&offers, ',')) /* empty elements are none (RFC 9110, section 5.6.1.2) */
			continue;
		if (!take_offer(&offers, &o))
			return false;
		skip_blanks(&offers);
		if (offers.n > 0 && offers.p[0] != ',')
			return false;
		if (o.is_good && !taken.is_good)
			taken = o;
	}
	if (!taken.is_good)
		return false;
	*window_bits = taken.server_bits;
	buf_str(
	    answer, "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
	if (taken.seen & SERVER_MAX_WINDOW_BITS)
		buf_printf(answer, "; server_max_window_bits=%d", taken.server_bits);
	return true;
}
