/* SPDX-License-Identifier: ISC */
/*
 * json.c - the only door to json-c: parsing after the check, getters, and the writer. The writer
 * knows from the last byte in the buffer whether a comma is needed: none after '{' or '['.
 */
#include "base/json.h"

/* Two names of ours are also names in json-c. Both are types there, so nothing clashes in the
 * linker. */
#define json_type json_c_type
#define json_bool json_c_bool
#include <json-c/json.h>
#undef json_type
#undef json_bool
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/clock.h"
#include "base/json_slice.h"

#define TOKENER_KEEP_BYTES \
	65536 /* after a longer text the tokener is freed: it keeps memory for its longest string */

/* ---- reading ---- */

static __thread struct json_tokener *tokener;
static pthread_key_t tokener_key;

static void
free_tokener(void *tok)
{
	json_tokener_free(tok);
}

static void
make_tokener_key(void)
{
	pthread_key_create(&tokener_key, free_tokener);
}

static struct json_tokener *
use_tokener(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	if (tokener == NULL) {
		pthread_once(&once, make_tokener_key);
		tokener = json_tokener_new_ex(JSON_DEPTH_MAX + 1);
		pthread_setspecific(tokener_key, tokener);
	}
	return tokener;
}

static void
drop_tokener(void)
{
	pthread_setspecific(tokener_key, NULL);
	json_tokener_free(tokener);
	tokener = NULL;
}

static struct json_object *
object_of(const struct json *v)
{
	return (struct json_object *)(uintptr_t)v; /* json-c's getters accept no const */
}

struct json *
json_parse(struct span text, const char **why)
{
	struct json_tokener *tok;
	struct json_object *value;
	enum json_tokener_error error;
	struct buf joined = {0};

	if (!json_check(text, why))
		return NULL;
	tok = use_tokener();
	if (tok == NULL) {
		if (why != NULL)
			*why = "no memory";
		return NULL;
	}
	if (json_join_pairs(text, &joined))
		text = buf_as_span(&joined);
	json_tokener_reset(tok);
	value = json_tokener_parse_ex(tok, text.p, (int)text.n);
	if (json_tokener_get_error(tok) == json_tokener_continue)
		value = json_tokener_parse_ex(tok, "", 1); /* the NUL ends a number */
	error = json_tokener_get_error(tok);
	if (error != json_tokener_success && why != NULL)
		*why = json_tokener_error_desc(error);
	if (text.n > TOKENER_KEEP_BYTES)
		drop_tokener();
	buf_clear(&joined);
	return (struct json *)value;
}

void
json_free(struct json *v)
{
	json_object_put(object_of(v));
}

enum json_type
json_type(const struct json *v)
{
	static const enum json_type types[] = {
	    [json_type_null] = JSON_NULL,
	    [json_type_boolean] = JSON_BOOL,
	    [json_type_int] = JSON_INT,
	    [json_type_double] = JSON_DOUBLE,
	    [json_type_string] = JSON_STRING,
	    [json_type_array] = JSON_ARRAY,
	    [json_type_object] = JSON_OBJECT,
	};

	return types[json_object_get_type(object_of(v))];
}

const struct json *
json_get(const struct json *object, const char *name)
{
	struct json_object *value = NULL;

	if (json_type(object) != JSON_OBJECT)
		return NULL;
	json_object_object_get_ex(object_of(object), name, &value);
	return (const struct json *)value;
}

bool
json_string(const struct json *v, struct span *out)
{
	if (json_type(v) != JSON_STRING)
		return false;
	*out = (struct span){
	    json_object_get_string(object_of(v)), (size_t)json_object_get_string_len(object_of(v))};
	return true;
}

/* True if the value does not fit int64_t: json-c stores such integers as uint64_t, and its getter
 * would clamp them. It clamps smaller ones to INT64_MIN when it parses. */
static bool
is_beyond_int64(struct json_object *o)
{
	int64_t n = json_object_get_int64(o);

	return n == INT64_MIN || (n == INT64_MAX && json_object_get_uint64(o) > INT64_MAX);
}

bool
json_int(const struct json *v, int64_t *out)
{
	if (json_type(v) != JSON_INT || is_beyond_int64(object_of(v)))
		return false;
	*out = json_object_get_int64(object_of(v));
	return true;
}

bool
json_number(const struct json *v, double *out)
{
	if (json_type(v) != JSON_INT && json_type(v) != JSON_DOUBLE)
		return false;
	*out = json_object_get_double(object_of(v));
	return true;
}

bool
json_bool(const struct json *v, bool *out)
{
	if (json_type(v) != JSON_BOOL)
		return false;
	*out = json_object_get_boolean(object_of(v));
	return true;
}

size_t
json_length(const struct json *array)
{
	return json_type(array) == JSON_ARRAY ? json_object_array_length(object_of(array)) : 0;
}

const struct json *
json_at(const struct json *array, size_t i)
{
	if (i >= json_length(array))
		return NULL;
	return (const struct json *)json_object_array_get_idx(object_of(array), i);
}

size_t
json_members(const struct json *object)
{
	return json_type(object) == JSON_OBJECT
		   ? (size_t)json_object_object_length(object_of(object))
		   : 0;
}

/* ---- writing ---- */

/* Bytes of characters that must be escaped, and first bytes of such characters: C0, '"', '\', DEL,
 * and the first byte of U+0080 and of U+2028 in UTF-8. */
static const bool is_special[256] = {
    [0 ... 0x1f] = true,
    ['"'] = true,
    ['\\'] = true,
    [0x7f] = true,
    [0xc2] = true,
    [0xe2] = true,
};

static const char *
skip_verbatim(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
	const __m128i del = _mm_set1_epi8(0x7f), c2 = _mm_set1_epi8((char)0xc2);
	const __m128i e2 = _mm_set1_epi8((char)0xe2), c0_max = _mm_set1_epi8(0x1f);

	for (; end - p >= 16; p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i ascii =
		    _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash));
		__m128i leads = _mm_or_si128(_mm_cmpeq_epi8(v, c2), _mm_cmpeq_epi8(v, e2));
		__m128i controls = _mm_or_si128(
		    _mm_cmpeq_epi8(_mm_min_epu8(v, c0_max), v), _mm_cmpeq_epi8(v, del));
		int mask = _mm_movemask_epi8(_mm_or_si128(ascii, _mm_or_si128(leads, controls)));

		if (mask != 0)
			return p + __builtin_ctz((unsigned)mask);
	}
#endif
	while (p < end && !is_special[(unsigned char)*p])
		p++;
	return p;
}

/* The escape of each special ASCII byte. The first byte is the length of the escape. */
#define SIX(hex) "\6\\u00" hex
static const char escapes[128][8] = {SIX("00"), SIX("01"), SIX("02"), SIX("03"), SIX("04"),
    SIX("05"), SIX("06"), SIX("07"), "\2\\b", "\2\\t", "\2\\n", SIX("0b"), "\2\\f", "\2\\r",
    SIX("0e"), SIX("0f"), SIX("10"), SIX("11"), SIX("12"), SIX("13"), SIX("14"), SIX("15"),
    SIX("16"), SIX("17"), SIX("18"), SIX("19"), SIX("1a"), SIX("1b"), SIX("1c"), SIX("1d"),
    SIX("1e"), SIX("1f"), ['"'] = "\2\\\"", ['\\'] = "\2\\\\", [0x7f] = SIX("7f")};

/* Writes the escapes of the special ASCII bytes from p on. Returns a pointer behind those bytes. */
static const char *
put_ascii(struct buf *b, const char *p, const char *end)
{
	for (; p < end && (unsigned char)*p < 0x80 && is_special[(unsigned char)*p]; p++) {
		const char *escape = escapes[(unsigned char)*p];

		memcpy(buf_reserve(b, sizeof(*escapes)), escape + 1, sizeof(*escapes) - 1);
		b->len += (size_t)*escape;
	}
	return p;
}

/* Writes one character whose first byte is special, with an escape only if it is U+0080 to U+009F,
 * U+2028 or U+2029. */
static const char *
put_lead(struct buf *b, const char *p, const char *end)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char c = (unsigned char)*p, next = end - p > 1 ? (unsigned char)p[1] : 0;

	if (c == 0xc2 && next >= 0x80 && next <= 0x9f) {
		buf_add(b, (char[]){'\\', 'u', '0', '0', hex[next >> 4], hex[next & 15]}, 6);
		return p + 2;
	}
	if (c == 0xe2 && end - p > 2 && next == 0x80 && ((unsigned char)p[2] & 0xfe) == 0xa8) {
		buf_add(b, (unsigned char)p[2] == 0xa8 ? "\\u2028" : "\\u2029", 6);
		return p + 3;
	}
	buf_addc(b, *p);
	return p + 1;
}

void
json_put_string(struct buf *b, struct span s)
{
	const char *p = s.p, *end = s.n > 0 ? s.p + s.n : s.p;

	*buf_reserve(b, s.n + 2) = '"';
	b->len++;
	while (p < end) {
		const char *run = p;
		size_t n;

		p = skip_verbatim(p, end);
		n = (size_t)(p - run);
		memcpy(buf_reserve(b, n + 1), run, n);
		b->len += n;
		if (p < end)
			p = (unsigned char)*p < 0x80 ? put_ascii(b, p, end) : put_lead(b, p, end);
	}
	buf_addc(b, '"');
}

void
json_put_int(struct buf *b, int64_t value)
{
	if (value < 0)
		buf_addc(b, '-');
	buf_u64(b, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void
json_put_bool(struct buf *b, bool value)
{
	buf_str(b, value ? "true" : "false");
}

/* Writes the shortest text that reads back as the same double. */
static void
put_double(struct buf *b, double value)
{
	char text[32];

	if (value - value !=
	    0) { /* infinite: JSON has no word for it, so a number too large stands */
		buf_str(b, value < 0 ? "-1e999" : "1e999");
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	buf_str(b, strcmp(text, "-0") == 0 ? "-0.0" : text); /* json-c reads -0 as the integer 0 */
}

void
json_open(struct buf *b, char bracket)
{
	buf_addc(b, bracket);
}

void
json_close(struct buf *b, char bracket)
{
	buf_addc(b, bracket == '{' || bracket == '}' ? '}' : ']');
}

void
json_name(struct buf *b, const char *name)
{
	size_t n = strlen(name);
	char *p = buf_reserve(b, n + 4), *start = p;

	if (b->len > 0 && p[-1] != '{')
		*p++ = ',';
	*p++ = '"';
	memcpy(p, name, n);
	p += n;
	*p++ = '"';
	*p++ = ':';
	b->len += (size_t)(p - start);
}

void
json_element(struct buf *b)
{
	if (b->len > 0 && b->p[b->len - 1] != '[')
		buf_addc(b, ',');
}

static void
write_object(struct buf *b, struct json_object *o)
{
	json_open(b, '{');
	json_object_object_foreach(o, name, value)
	{
		if (b->p[b->len - 1] != '{')
			buf_addc(b, ',');
		json_put_string(b, span_of(name));
		buf_addc(b, ':');
		json_write(b, (const struct json *)value);
	}
	json_close(b, '}');
}

static void
write_array(struct buf *b, const struct json *array)
{
	json_open(b, '[');
	for (size_t i = 0; i < json_length(array); i++) {
		json_element(b);
		json_write(b, json_at(array, i));
	}
	json_close(b, ']');
}

void
json_write(struct buf *b, const struct json *v)
{
	struct json_object *o = object_of(v);
	struct span s = {"", 0};

	switch (json_type(v)) {
	case JSON_NULL:
		buf_str(b, "null");
		break;
	case JSON_BOOL:
		json_put_bool(b, json_object_get_boolean(o));
		break;
	case JSON_INT:
		if (json_object_get_int64(o) == INT64_MAX)
			buf_u64(b, json_object_get_uint64(o));
		else
			json_put_int(b, json_object_get_int64(o));
		break;
	case JSON_DOUBLE:
		put_double(b, json_object_get_double(o));
		break;
	case JSON_STRING:
		json_string(v, &s);
		json_put_string(b, s);
		break;
	case JSON_ARRAY:
		write_array(b, v);
		break;
	case JSON_OBJECT:
		write_object(b, o);
		break;
	}
}

void
json_member_string(struct buf *b, const char *name, struct span value)
{
	json_name(b, name);
	json_put_string(b, value);
}

void
json_member_cstr(struct buf *b, const char *name, const char *value)
{
	json_member_string(b, name, span_of(value));
}

void
json_member_int(struct buf *b, const char *name, int64_t value)
{
	json_name(b, name);
	json_put_int(b, value);
}

void
json_member_bool(struct buf *b, const char *name, bool value)
{
	json_name(b, name);
	json_put_bool(b, value);
}

void
json_member_time(struct buf *b, const char *name, int64_t wall_ms)
{
	char text[CLOCK_ISO_SIZE];

	json_member_cstr(b, name, clock_iso(text, wall_ms));
}

void
json_member_raw(struct buf *b, const char *name, struct span json)
{
	json_name(b, name);
	buf_span(b, json);
}
