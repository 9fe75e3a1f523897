/* SPDX-License-Identifier: ISC */
/*
 * json_check.c - checks that a text is one JSON value by RFC 8259, within the limits of json.h. It
 * makes one pass without recursion and without memory of its own.
 */
#include "base/json.h"

#include <limits.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* The state of the checker: the tokens that may come next. */
enum expect {
	EXPECT_VALUE,
	EXPECT_VALUE_OR_CLOSE, /* after '[' */
	EXPECT_NAME,           /* after a comma in an object */
	EXPECT_NAME_OR_CLOSE,  /* after '{' */
	EXPECT_COMMA_OR_CLOSE, /* after a member or an element */
	EXPECT_END             /* after the outermost value */
};

struct checker {
	const unsigned char *p, *end;
	const char *why;
	uint64_t objects; /* bit d is set if an object, not an array, is open at depth d */
	int depth;
	bool is_beyond, in_name; /* of the refusal: it is a limit; it is inside of a name */
};

_Static_assert(JSON_DEPTH_MAX < 64, "the stack of brackets is one word");

static bool
refuse(struct checker *c, const char *why)
{
	if (c->why == NULL)
		c->why = why;
	return false;
}

/* The text may be JSON, but it is beyond a limit of json.h. */
static bool
refuse_beyond(struct checker *c, const char *why)
{
	c->is_beyond = true;
	return refuse(c, why);
}

static bool
is_digit(const struct checker *c)
{
	return c->p < c->end && *c->p >= '0' && *c->p <= '9';
}

static void
skip_space(struct checker *c)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\n' || *c->p == '\r' || *c->p == '\t'))
		c->p++;
}

/* Skips the bytes that need no check: ASCII without controls, quote and backslash. */
static const unsigned char *
skip_plain(const unsigned char *p, const unsigned char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
	const __m128i space = _mm_set1_epi8(' ');

	for (; end - p >= 16; p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		/* The comparison is signed: bytes from 0x80 on are less than a space too. */
		__m128i special = _mm_or_si128(_mm_cmplt_epi8(v, space),
		    _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash)));
		int mask = _mm_movemask_epi8(special);

		if (mask != 0)
			return p + __builtin_ctz((unsigned)mask);
	}
#endif
	while (p < end && *p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\')
		p++;
	return p;
}

/* Checks one character of two to four bytes: the shortest form, no surrogate, at most U+10FFFF
 * (RFC 3629, section 4). */
static bool
check_utf8(struct checker *c)
{
	unsigned lead = c->p[0], second_min = 0x80, second_max = 0xbf;
	int more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;

	if (lead < 0xc2 || lead > 0xf4 || c->end - c->p <= more)
		return refuse(c, "bad UTF-8");
	if (lead == 0xe0)
		second_min = 0xa0;
	else if (lead == 0xed)
		second_max = 0x9f;
	else if (lead == 0xf0)
		second_min = 0x90;
	else if (lead == 0xf4)
		second_max = 0x8f;
	if (c->p[1] < second_min || c->p[1] > second_max)
		return refuse(c, "bad UTF-8");
	for (int i = 2; i <= more; i++)
		if ((c->p[i] & 0xc0) != 0x80)
			return refuse(c, "bad UTF-8");
	c->p += more + 1;
	return true;
}

static int
hex_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads "\uXXXX" at c->p. Returns its code unit, or -1. */
static int
take_unit(struct checker *c)
{
	int unit = 0;

	if (c->end - c->p < 6 || c->p[0] != '\\' || c->p[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		int digit = hex_value(c->p[i]);

		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	c->p += 6;
	return unit;
}

static bool
check_escape(struct checker *c, bool is_name)
{
	int unit;

	if (c->end - c->p < 2)
		return refuse(c, "unfinished string");
	if (c->p[1] != 'u') {
		if (c->p[1] == '\0' || strchr("\"\\/bfnrt", c->p[1]) == NULL)
			return refuse(c, "bad escape");
		c->p += 2;
		return true;
	}
	unit = take_unit(c);
	if (unit < 0)
		return refuse(c, "bad escape");
	if (unit > 0 || !is_name)
		return true;
	c->in_name = true;
	return refuse_beyond(c, "U+0000 in a name"); /* json-c's names end at a NUL */
}

static bool
check_string(struct checker *c, bool is_name)
{
	c->p++;
	for (;;) {
		c->p = skip_plain(c->p, c->end);
		if (c->p == c->end)
			return refuse(c, "unfinished string");
		if (*c->p == '"')
			break;
		if (*c->p < 0x20)
			return refuse(c, "raw control character in a string");
		if (*c->p == '\\' ? !check_escape(c, is_name) : !check_utf8(c))
			return false;
	}
	c->p++;
	return true;
}

static bool
check_digits(struct checker *c)
{
	if (!is_digit(c))
		return refuse(c, "bad number");
	while (is_digit(c))
		c->p++;
	return true;
}

/* A number of any size and precision (RFC 8259, section 6). */
static bool
check_number(struct checker *c)
{
	const unsigned char *first;

	c->p += *c->p == '-';
	first = c->p;
	if (!check_digits(c))
		return false;
	if (*first == '0' && c->p - first > 1)
		return refuse(c, "bad number");
	if (c->p < c->end && *c->p == '.') {
		c->p++;
		if (!check_digits(c))
			return false;
	}
	if (c->p == c->end || (*c->p | 0x20) != 'e')
		return true;
	c->p++;
	if (c->p < c->end && (*c->p == '-' || *c->p == '+'))
		c->p++;
	return check_digits(c);
}

static bool
check_word(struct checker *c, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(c->end - c->p) < n || memcmp(c->p, word, n) != 0)
		return refuse(c, "no JSON value");
	c->p += n;
	return true;
}

static bool
check_scalar(struct checker *c)
{
	switch (*c->p) {
	case '"':
		return check_string(c, false);
	case 't':
		return check_word(c, "true");
	case 'f':
		return check_word(c, "false");
	case 'n':
		return check_word(c, "null");
	default:
		if (*c->p != '-' && !is_digit(c))
			return refuse(c, "no JSON value");
		return check_number(c);
	}
}

static enum expect
after_value(const struct checker *c)
{
	return c->depth == 0 ? EXPECT_END : EXPECT_COMMA_OR_CLOSE;
}

static bool
step_value(struct checker *c, enum expect *expect)
{
	bool is_object = *c->p == '{';

	if (*c->p != '{' && *c->p != '[') {
		if (!check_scalar(c))
			return false;
		*expect = after_value(c);
		return true;
	}
	if (c->depth == JSON_DEPTH_MAX)
		return refuse_beyond(c, "nested too deep");
	c->depth++;
	c->objects &= ~(UINT64_C(1) << c->depth);
	c->objects |= (uint64_t)is_object << c->depth;
	c->p++;
	*expect = is_object ? EXPECT_NAME_OR_CLOSE : EXPECT_VALUE_OR_CLOSE;
	return true;
}

static bool
step_name(struct checker *c, enum expect *expect)
{
	if (*c->p != '"')
		return refuse(c, "no name in an object");
	if (!check_string(c, true))
		return false;
	skip_space(c);
	if (c->p == c->end || *c->p != ':')
		return refuse(c, "no colon after a name");
	c->p++;
	*expect = EXPECT_VALUE;
	return true;
}

/* Checks one token; c->p is at a byte that is no space. */
static bool
step(struct checker *c, enum expect *expect)
{
	bool is_object = c->objects >> c->depth & 1;

	if (*c->p == (is_object ? '}' : ']') && c->depth > 0 && *expect != EXPECT_VALUE &&
	    *expect != EXPECT_NAME) {
		c->p++;
		c->depth--;
		*expect = after_value(c);
		return true;
	}
	switch (*expect) {
	case EXPECT_VALUE:
	case EXPECT_VALUE_OR_CLOSE:
		return step_value(c, expect);
	case EXPECT_NAME:
	case EXPECT_NAME_OR_CLOSE:
		return step_name(c, expect);
	case EXPECT_COMMA_OR_CLOSE:
		if (*c->p != ',')
			return refuse(c, "no comma or closing bracket");
		c->p++;
		*expect = is_object ? EXPECT_NAME : EXPECT_VALUE;
		return true;
	case EXPECT_END:
		break;
	}
	return refuse(c, "more than one value");
}

/* True if the strings and brackets behind the place of a refusal end where the text ends. */
static bool
is_balanced(const struct checker *c)
{
	int64_t depth = c->depth;
	const unsigned char *p = c->p;
	bool is_string = c->in_name;

	for (; p < c->end && (is_string || depth > 0); p++) {
		if (*p == '"')
			is_string = !is_string;
		else if (is_string)
			p += *p == '\\';
		else
			depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
	}
	while (p < c->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p == c->end && depth == 0 && !is_string;
}

enum json_verdict
json_judge(struct span text, const char **why)
{
	const unsigned char *start = (const unsigned char *)text.p;
	struct checker c = {.p = start, .end = text.n > 0 ? start + text.n : start};
	enum expect expect = EXPECT_VALUE;
	bool is_good =
	    text.n <= INT_MAX || refuse(&c, "too long"); /* json-c uses int for lengths */

	while (is_good) {
		skip_space(&c);
		if (c.p == c.end)
			break;
		is_good = step(&c, &expect);
	}
	if (is_good && expect != EXPECT_END)
		is_good = refuse(&c, text.n == 0 ? "empty" : "unfinished value");
	if (why != NULL)
		*why = c.why;
	if (is_good)
		return JSON_GOOD;
	return c.is_beyond && is_balanced(&c) ? JSON_BEYOND : JSON_BAD;
}

bool
json_check(struct span text, const char **why)
{
	return json_judge(text, why) == JSON_GOOD;
}
