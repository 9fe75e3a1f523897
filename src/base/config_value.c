/* SPDX-License-Identifier: ISC */
/*
 * config_value.c - the values of configuration keys: one reader and one printer per kind of value.
 */
#include "base/config_value.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/un.h>

#include "base/config.h"
#include "base/mem.h"

struct unit {
	const char *word;
	int64_t factor;
};

/* Largest first: the printer takes the first that divides, of times from hours on ("72h", as people write it). */
static const struct unit durations[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}, {NULL, 0}};
static const struct unit sizes[] = {{"m", 1 << 20}, {"k", 1 << 10}, {"", 1}, {NULL, 0}};

static void *
field(const void *config, const struct config_row *row)
{
	return (char *)(uintptr_t)config + row->offset;
}

/* Enums and modes are ints, all other numbers int64_t. */
static void
set_number(void *config, const struct config_row *row, int64_t value)
{
	int small = (int)value;

	if (row->size == sizeof(small))
		memcpy(field(config, row), &small, sizeof(small));
	else
		memcpy(field(config, row), &value, sizeof(value));
}

static int64_t
get_number(const void *config, const struct config_row *row)
{
	int64_t value;
	int small;

	if (row->size == sizeof(small)) {
		memcpy(&small, field(config, row), sizeof(small));
		return small;
	}
	memcpy(&value, field(config, row), sizeof(value));
	return value;
}

/* ---- items ---- */

static bool
has_only(struct span s, const char *set)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\0' || strchr(set, s.p[i]) == NULL)
			return false;
	return s.n > 0;
}

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool
is_address(int family, struct span s)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (s.n >= sizeof(text) || memchr(s.p, '\0', s.n) != NULL)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	return inet_pton(family, text, &address) == 1;
}

/* "name", "1.2.3.4" or "[::1]" */
static bool
is_host(struct span s)
{
	if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		return is_address(AF_INET6, (struct span){s.p + 1, s.n - 2});
	if (s.n > 253 || !has_only(s, LOWER UPPER DIGITS ".-_"))
		return false;
	return !has_only(s, DIGITS ".") || is_address(AF_INET, s);
}

/* Splits "host:port" at the last colon that is not inside brackets; port->p is NULL without one. */
static void
split_port(struct span in, struct span *host, struct span *port)
{
	size_t at = in.n;

	while (at > 0 && in.p[at - 1] != ':' && in.p[at - 1] != ']')
		at--;
	*host = in;
	*port = (struct span){NULL, 0};
	if (at == 0 || in.p[at - 1] == ']')
		return;
	*host = (struct span){in.p, at - 1};
	*port = (struct span){in.p + at, in.n - at};
}

static bool
starts_with(struct span *s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (s->n < n || memcmp(s->p, prefix, n) != 0)
		return false;
	*s = (struct span){s->p + n, s->n - n};
	return true;
}

bool
config_normal_listen(struct buf *out, struct span in)
{
	struct span rest = in, host, port;
	unsigned long long number;

	buf_span(out, in);
	if (starts_with(&rest, "unix:"))
		return rest.n > 0 && rest.n < sizeof(((struct sockaddr_un *)NULL)->sun_path);
	if (starts_with(&rest, "fd:"))
		return span_u64(rest, 1 << 20, &number);
	split_port(in, &host, &port);
	return is_host(host) && span_u64(port, 65535, &number);
}

/* Lower case, as browsers send it: no '/' at the end, no port that is the scheme's own. */
bool
config_normal_origin(struct buf *out, struct span in)
{
	struct span host, port, scheme, all;
	unsigned long long number = 0;
	size_t from = out->len;
	char *colon;

	for (size_t i = 0; i < in.n; i++)
		buf_addc(out, in.p[i] >= 'A' && in.p[i] <= 'Z' ? (char)(in.p[i] | 0x20) : in.p[i]);
	if (in.n > 0 && in.p[in.n - 1] == '/')
		out->len--;
	all = (struct span){buf_cstr(out) + from, out->len - from};
	colon = strstr(all.p, "://");
	if (colon == NULL)
		return false;
	scheme = (struct span){all.p, (size_t)(colon - all.p)};
	split_port((struct span){colon + 3, all.n - scheme.n - 3}, &host, &port);
	if (!has_only(scheme, LOWER DIGITS "+.-") || !has_only((struct span){scheme.p, 1}, LOWER) ||
	    !is_host(host) || (port.p != NULL && !span_u64(port, 65535, &number)))
		return false;
	if ((span_is(scheme, "http") && number == 80) ||
	    (span_is(scheme, "https") && number == 443))
		out->len -= port.n + 1;
	return true;
}

bool
config_normal_network(struct buf *out, struct span in)
{
	struct span rest = in, address = span_cut(&rest, '/');
	bool is_v4 = is_address(AF_INET, address);
	unsigned long long bits;

	buf_span(out, in);
	if (span_is(in, "unix"))
		return true;
	if (!is_v4 && !is_address(AF_INET6, address))
		return false;
	return rest.p == NULL || span_u64(rest, is_v4 ? 32 : 128, &bits);
}

bool
config_normal_prefix(struct buf *out, struct span in)
{
	buf_span(out, in);
	if (in.n > 0 && in.p[in.n - 1] == '/')
		out->len--;
	return in.n > 0 && in.p[0] == '/' &&
	       has_only(in, LOWER UPPER DIGITS "/-._~!$&'()*+,;=:@%") && in.n < 1024;
}

/* Some servers take '_' for '-': a name with one is two names. */
bool
config_normal_header(struct buf *out, struct span in)
{
	buf_span(out, in);
	return in.n < 128 && has_only(in, LOWER UPPER DIGITS "-");
}

bool
config_listen_is_identity(const char *spec)
{
	return strncmp(spec, "unix:", 5) == 0 && strchr(spec, ' ') != NULL;
}

struct span
config_listen_address(const char *spec)
{
	return (struct span){spec, strcspn(spec, " ")};
}

/* ---- numbers ---- */

static bool
parse_decimal(struct span text, int64_t *out)
{
	unsigned long long value;

	if (!span_u64(text, INT64_MAX, &value))
		return false;
	*out = (int64_t)value;
	return true;
}

static bool
parse_octal(struct span text, int64_t *out)
{
	if (text.n > 5 || !has_only(text, "01234567"))
		return false;
	*out = 0;
	for (size_t i = 0; i < text.n; i++)
		*out = *out * 8 + (text.p[i] - '0');
	return true;
}

static bool
parse_unit(const struct unit *units, struct span text, int64_t *out)
{
	size_t digits = 0;
	struct span unit;

	while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
		digits++;
	if (!parse_decimal((struct span){text.p, digits}, out))
		return false;
	unit = (struct span){text.p + digits, text.n - digits};
	if (unit.n == 0 && *out == 0)
		return true;
	for (; units->word != NULL; units++)
		if (span_eq_nocase(unit, span_of(units->word)))
			return !__builtin_mul_overflow(*out, units->factor, out);
	return false;
}

static bool
parse_number(const struct config_row *row, struct span text, int64_t *out)
{
	switch (row->kind) {
	case KIND_MODE:
		return parse_octal(text, out);
	case KIND_DURATION:
		return parse_unit(durations, text, out);
	case KIND_SIZE:
		return parse_unit(sizes, text, out);
	default:
		return parse_decimal(text, out);
	}
}

static void
print_unit(const struct unit *units, int64_t value, struct buf *out)
{
	while (units[1].word != NULL && value % units->factor != 0)
		units++;
	if (value == 0)
		buf_str(out, "0");
	else
		buf_printf(out, "%" PRId64 "%s", value / units->factor, units->word);
}

static void
print_number(const struct config_row *row, int64_t value, struct buf *out)
{
	switch (row->kind) {
	case KIND_MODE:
		buf_printf(out, "%04o", (unsigned)value);
		break;
	case KIND_DURATION:
		print_unit(durations + 1, value, out);
		break;
	case KIND_SIZE:
		print_unit(sizes, value, out);
		break;
	default:
		buf_printf(out, "%" PRId64, value);
	}
}

/* ---- one setter per shape ---- */

static bool
make_item(const struct config_row *row, struct span text, char **out)
{
	struct buf b = {0};

	if (memchr(text.p, '\0', text.n) == NULL) {
		if (row->normal == NULL)
			buf_span(&b, text);
		if (row->normal == NULL || row->normal(&b, text)) {
			*out = buf_steal(&b);
			return true;
		}
	}
	buf_clear(&b);
	return false;
}

static bool
set_string(void *config, const struct config_row *row, struct span text)
{
	char **at = field(config, row), *item = NULL;

	if (text.n == 0 ? row->initial != NULL : !make_item(row, text, &item))
		return false;
	free(*at);
	*at = item;
	return true;
}

/* True if the word is one that belongs to the item before it, of the same text, and has been put to it. */
static bool
take_suffix(struct config_list *list, size_t first, const struct config_row *row, struct span word)
{
	struct buf b = {0};

	if (row->suffix == NULL || !span_is(word, row->suffix + 1) || list->n == first ||
	    strncmp(list->v[list->n - 1], "unix:", 5) != 0 ||
	    strchr(list->v[list->n - 1], ' ') != NULL)
		return false;
	buf_printf(&b, "%s%s", list->v[list->n - 1], row->suffix);
	free(list->v[list->n - 1]);
	list->v[list->n - 1] = buf_steal(&b);
	return true;
}

static bool
set_list(void *config, const struct config_row *row, struct span *text)
{
	struct config_list *list = field(config, row);
	struct span rest = *text;
	size_t first = list->n;
	char *item;

	while (rest.n > 0) {
		size_t n = 0;

		while (n < rest.n && strchr(", \t", rest.p[n]) == NULL)
			n++;
		if (n > 0 && !take_suffix(list, first, row, (struct span){rest.p, n})) {
			*text = (struct span){rest.p, n};
			if (!make_item(row, *text, &item))
				return false;
			list->v = mem_realloc(list->v, list->n + 1, sizeof(*list->v));
			list->v[list->n++] = item;
		}
		n += n < rest.n;
		rest = (struct span){rest.p + n, rest.n - n};
	}
	return true;
}

static bool
set_word(void *config, const struct config_row *row, struct span text, bool *is_unbuilt)
{
	for (const struct config_word *w = row->words; w->word != NULL; w++) {
		if (!span_is(text, w->word))
			continue;
		*is_unbuilt = w->is_unbuilt;
		if (!w->is_unbuilt)
			set_number(config, row, w->value);
		return !w->is_unbuilt;
	}
	return false;
}

bool
config_value_set(void *config, const struct config_row *row, struct span text, struct buf *why)
{
	bool is_good, is_unbuilt = false;
	int64_t number;

	switch (row->kind) {
	case KIND_STRING:
		is_good = set_string(config, row, text);
		break;
	case KIND_LIST:
		is_good = set_list(config, row, &text);
		break;
	case KIND_WORD:
		is_good = set_word(config, row, text, &is_unbuilt);
		break;
	default:
		is_good =
		    parse_number(row, text, &number) && number >= row->min && number <= row->max;
		if (is_good)
			set_number(config, row, number);
	}
	if (is_good)
		return true;
	buf_addc(why, '"');
	buf_span(why, text);
	buf_str(why, is_unbuilt ? "\" is not built yet; accepted: " : "\" is wrong; accepted: ");
	config_value_accepted(row, why);
	return false;
}

void
config_value_clear(void *config, const struct config_row *row)
{
	struct config_list *list;

	if (row->kind == KIND_STRING) {
		free(*(char **)field(config, row));
		*(char **)field(config, row) = NULL;
	}
	if (row->kind != KIND_LIST)
		return;
	list = field(config, row);
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	*list = (struct config_list){0};
}

void
config_value_print(const void *config, const struct config_row *row, struct buf *out)
{
	const struct config_list *list = field(config, row);

	switch (row->kind) {
	case KIND_STRING:
		buf_span(out, span_of(*(char **)field(config, row)));
		break;
	case KIND_LIST:
		for (size_t i = 0; i < list->n; i++)
			buf_printf(out, "%s%s", i > 0 ? ", " : "", list->v[i]);
		break;
	case KIND_WORD:
		for (const struct config_word *w = row->words; w->word != NULL; w++)
			if (w->value == get_number(config, row))
				buf_str(out, w->word);
		break;
	default:
		print_number(row, get_number(config, row), out);
	}
}

void
config_value_accepted(const struct config_row *row, struct buf *out)
{
	static const char *const nouns[] = {
	    [KIND_NUMBER] = "a number",
	    [KIND_MODE] = "an octal mode",
	    [KIND_DURATION] = "a duration (250ms, 2s, 5m, 72h, 7d)",
	    [KIND_SIZE] = "a size (64k, 1m)",
	};
	const char *comma = "";

	if (row->accepted != NULL) {
		buf_str(out, row->accepted);
		return;
	}
	if (row->kind == KIND_WORD) {
		for (const struct config_word *w = row->words; w->word != NULL; w++) {
			if (w->is_unbuilt)
				continue;
			buf_printf(out, "%s%s", comma, w->word);
			comma = ", ";
		}
		return;
	}
	buf_printf(out, "%s from ", nouns[row->kind]);
	print_number(row, row->min, out);
	buf_str(out, " to ");
	print_number(row, row->max, out);
}
