/* SPDX-License-Identifier: ISC */
/*
 * json_slice.c - reads values of a checked JSON text in place. As the text is checked, only
 * brackets, quotes and commas have to be found.
 */
#include "base/json_slice.h"

#define REPLACEMENT 0xfffd /* U+FFFD stands for a surrogate that stands alone */

struct cursor { /* a place in a text, and the end of the text */
	const char *p, *end;
};

static bool
is_blank(char ch)
{
	return ch == ' ' || ch == '\n' || ch == '\r' || ch == '\t';
}

static void
skip_space(struct cursor *c)
{
	while (c->p < c->end && is_blank(*c->p))
		c->p++;
}

static void
skip_string(struct cursor *c)
{
	const char *quote;

	c->p++;
	while ((quote = memchr(c->p, '"', (size_t)(c->end - c->p))) != NULL) {
		const char *escape = memchr(c->p, '\\', (size_t)(quote - c->p));

		if (escape == NULL) {
			c->p = quote + 1;
			return;
		}
		c->p = escape + 2;
	}
	c->p = c->end;
}

/* Skips an array or an object, up to the byte after its last bracket. */
static void
skip_nested(struct cursor *c)
{
	int depth = 0;

	do {
		if (*c->p == '"') {
			skip_string(c);
			continue;
		}
		if (*c->p == '{' || *c->p == '[')
			depth++;
		else if (*c->p == '}' || *c->p == ']')
			depth--;
		c->p++;
	} while (depth > 0 && c->p < c->end);
}

static bool
is_scalar_end(char ch)
{
	return ch == ',' || ch == '}' || ch == ']' || is_blank(ch);
}

static struct span
take_value(struct cursor *c)
{
	const char *start = c->p;

	if (c->p == c->end)
		return (struct span){"", 0};
	if (*c->p == '"')
		skip_string(c);
	else if (*c->p == '{' || *c->p == '[')
		skip_nested(c);
	else
		while (c->p < c->end && !is_scalar_end(*c->p))
			c->p++;
	return (struct span){start, (size_t)(c->p - start)};
}

/* Moves to the first or the next member or element of an object or array. False: there are no
 * more. */
static bool
next(struct cursor *c)
{
	skip_space(c);
	if (c->p == c->end || *c->p == '}' || *c->p == ']')
		return false;
	c->p++; /* the opening bracket, or a comma */
	skip_space(c);
	return c->p < c->end && *c->p != '}' && *c->p != ']';
}

static struct cursor
begin(struct span value)
{
	return (struct cursor){value.p, value.p + value.n};
}

struct span
json_slice(struct span text)
{
	struct cursor c = begin(text);

	skip_space(&c);
	while (c.end > c.p && is_blank(c.end[-1]))
		c.end--;
	return (struct span){c.p, (size_t)(c.end - c.p)};
}

enum json_type
json_slice_type(struct span value)
{
	if (value.n == 0)
		return JSON_NULL;
	switch (value.p[0]) {
	case '{':
		return JSON_OBJECT;
	case '[':
		return JSON_ARRAY;
	case '"':
		return JSON_STRING;
	case 'n':
		return JSON_NULL;
	case 't':
	case 'f':
		return JSON_BOOL;
	default:
		break;
	}
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '.' || value.p[i] == 'e' || value.p[i] == 'E')
			return JSON_DOUBLE;
	}
	return JSON_INT;
}

static void
put_if_named(
    struct span name, struct span value, const char *const names[], struct span values[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (span_is(name, names[i]))
			values[i] = value;
	}
}

void
json_slice_members(struct span object, const char *const names[], struct span values[], size_t n)
{
	struct cursor c = begin(object);
	struct buf decoded = {0}; /* names with escapes, which are rare */

	for (size_t i = 0; i < n; i++)
		values[i] = (struct span){"", 0};
	if (json_slice_type(object) != JSON_OBJECT)
		return;
	while (next(&c)) {
		struct span name = take_value(&c);

		skip_space(&c);
		c.p++; /* the colon */
		skip_space(&c);
		json_slice_string(name, &decoded, &name);
		put_if_named(name, take_value(&c), names, values, n);
		decoded.len = 0;
	}
	buf_clear(&decoded);
}

struct span
json_slice_member(struct span object, const char *name)
{
	struct span value;

	json_slice_members(object, &name, &value, 1);
	return value;
}

bool
json_slice_next(struct span array, struct span *element)
{
	struct cursor c = begin(array);

	if (json_slice_type(array) != JSON_ARRAY)
		return false;
	if (element->n > 0)
		c.p = element->p + element->n;
	if (!next(&c))
		return false;
	*element = take_value(&c);
	return true;
}

struct span
json_slice_at(struct span array, size_t i)
{
	struct span element = {"", 0};

	while (json_slice_next(array, &element)) {
		if (i-- == 0)
			return element;
	}
	return (struct span){"", 0};
}

/* ---- strings ---- */

static unsigned
hex4(const char *p)
{
	unsigned unit = 0;

	for (int i = 0; i < 4; i++) {
		unsigned ch = (unsigned char)p[i];

		unit = unit << 4 | (ch <= '9' ? ch - '0' : (ch | 0x20) - 'a' + 10);
	}
	return unit;
}

static void
put_utf8(struct buf *b, unsigned point)
{
	if (point < 0x80) {
		buf_addc(b, (char)point);
		return;
	}
	if (point < 0x800) {
		buf_addc(b, (char)(0xc0 | point >> 6));
	} else {
		if (point < 0x10000) {
			buf_addc(b, (char)(0xe0 | point >> 12));
		} else {
			buf_addc(b, (char)(0xf0 | point >> 18));
			buf_addc(b, (char)(0x80 | (point >> 12 & 0x3f)));
		}
		buf_addc(b, (char)(0x80 | (point >> 6 & 0x3f)));
	}
	buf_addc(b, (char)(0x80 | (point & 0x3f)));
}

static bool
is_surrogate(unsigned unit)
{
	return unit >= 0xd800 && unit <= 0xdfff;
}

/* True if the escape at p, a high surrogate, is followed by the escape of a low one. The text is
 * checked, so at least a quote stands behind the escape. */
static bool
is_pair(const char *p)
{
	return hex4(p + 2) < 0xdc00 && p[6] == '\\' && p[7] == 'u' && hex4(p + 8) >= 0xdc00 &&
	       hex4(p + 8) <= 0xdfff;
}

/* Appends the character of the escape (or pair of escapes) at p. Returns a pointer behind it. */
static const char *
put_escaped(struct buf *b, const char *p)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	unsigned unit;

	if (p[1] != 'u') {
		buf_addc(b, to[strchr(from, p[1]) - from]);
		return p + 2;
	}
	unit = hex4(p + 2);
	if (!is_surrogate(unit) || !is_pair(p)) {
		put_utf8(b, is_surrogate(unit) ? REPLACEMENT : unit);
		return p + 6;
	}
	put_utf8(b, 0x10000 + ((unit - 0xd800) << 10) + (hex4(p + 8) - 0xdc00));
	return p + 12;
}

bool
json_join_pairs(struct span text, struct buf *out)
{
	const char *p = text.p, *end = text.p + text.n, *escape, *rest = text.p;

	while (p < end && (escape = memchr(p, '\\', (size_t)(end - p))) != NULL) {
		p = escape + 2;
		if (escape[1] != 'u' || !is_surrogate(hex4(escape + 2)))
			continue;
		buf_add(out, rest, (size_t)(escape - rest));
		p = rest = put_escaped(out, escape);
	}
	if (rest != text.p)
		buf_add(out, rest, (size_t)(end - rest));
	return rest != text.p;
}

bool
json_slice_string(struct span value, struct buf *decoded, struct span *out)
{
	const char *p, *end, *escape;
	size_t start = decoded->len;

	if (json_slice_type(value) != JSON_STRING)
		return false;
	p = value.p + 1;
	end = value.p + value.n - 1;
	*out = (struct span){p, (size_t)(end - p)};
	if (memchr(p, '\\', out->n) == NULL)
		return true;
	while ((escape = memchr(p, '\\', (size_t)(end - p))) != NULL) {
		buf_add(decoded, p, (size_t)(escape - p));
		p = put_escaped(decoded, escape);
	}
	buf_add(decoded, p, (size_t)(end - p));
	*out = (struct span){decoded->p + start, decoded->len - start};
	return true;
}

bool
json_slice_int(struct span value, int64_t *out)
{
	bool is_negative = value.n > 0 && value.p[0] == '-';
	unsigned long long n;

	if (json_slice_type(value) != JSON_INT ||
	    !span_u64((struct span){value.p + is_negative, value.n - is_negative},
		(unsigned long long)INT64_MAX, &n))
		return false;
	*out = is_negative ? (int64_t)-n : (int64_t)n;
	return true;
}

/* ---- copying ---- */

/* Skips the bytes that are copied as they are: all but blanks, outside of strings. */
static struct span
take_verbatim(struct cursor *c)
{
	const char *start = c->p;

	while (c->p < c->end && *c->p != '"' && !is_blank(*c->p))
		c->p++;
	return (struct span){start, (size_t)(c->p - start)};
}

void
json_copy(struct buf *out, struct span value)
{
	struct cursor c = begin(value);
	struct buf decoded = {0};
	struct span text;

	buf_reserve(out, value.n);
	for (skip_space(&c); c.p < c.end; skip_space(&c)) {
		if (*c.p != '"') {
			buf_span(out, take_verbatim(&c));
			continue;
		}
		json_slice_string(take_value(&c), &decoded, &text);
		json_put_string(out, text);
		decoded.len = 0;
	}
	buf_clear(&decoded);
}

/* ---- texts that are refused ---- */

/* Moves behind the string at c->p. False: it has no end. */
static bool
scan_string(struct cursor *c, struct span *inside)
{
	const char *p = c->p + 1;

	for (; p < c->end && *p != '"'; p++)
		p += *p == '\\';
	if (p >= c->end)
		return false;
	*inside = (struct span){c->p + 1, (size_t)(p - c->p - 1)};
	c->p = p + 1;
	return true;
}

/* The value behind a colon, if it is a good string or number; else n 0. c moves behind it. */
static struct span
scan_scalar(struct cursor *c)
{
	struct span inside, value = {"", 0};
	const char *start;

	skip_space(c);
	start = c->p;
	if (c->p == c->end || *c->p == '{' || *c->p == '[')
		return value;
	if (*c->p != '"') {
		while (c->p < c->end && !is_scalar_end(*c->p) && *c->p != '"')
			c->p++;
	} else if (!scan_string(c, &inside)) {
		c->p = c->end;
	}
	value = (struct span){start, (size_t)(c->p - start)};
	return json_check(value, NULL) ? value : (struct span){"", 0};
}

/* The name at c->p, and the value behind it. False: the string has no end. */
static bool
scan_member(struct cursor *c, struct span *name, struct span *value)
{
	*value = (struct span){"", 0};
	if (!scan_string(c, name))
		return false;
	skip_space(c);
	if (c->p < c->end && *c->p == ':') {
		c->p++;
		*value = scan_scalar(c);
	}
	return true;
}

void
json_scan_members(struct span text, const char *const names[], struct span values[], size_t n)
{
	struct cursor c = begin(text);
	struct span name, value;
	int depth = 0;

	for (size_t i = 0; i < n; i++)
		values[i] = (struct span){"", 0};
	skip_space(&c);
	if (c.p == c.end || *c.p != '{')
		return;
	do {
		if (*c.p != '"') {
			depth += *c.p == '{' || *c.p == '[';
			depth -= *c.p == '}' || *c.p == ']';
			c.p++;
		} else if (depth > 1) {
			if (!scan_string(&c, &name))
				return;
		} else if (!scan_member(&c, &name, &value)) {
			return;
		} else if (value.n > 0) {
			put_if_named(name, value, names, values, n);
		}
	} while (depth > 0 && c.p < c.end);
}
