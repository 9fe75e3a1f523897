/* SPDX-License-Identifier: ISC */
/*
 * config_value.c - the values of configuration keys: a reader and a printer for each kind of value.
 */
#include "config/config_value.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/config.h"

struct unit {
	const char *word;
	int64_t factor;
};

/* Units, the largest first. The printer uses the first that divides the value; it never uses days
 * for a time, because people write "72h". */
static const struct unit durations[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}, {NULL, 0}};
static const struct unit sizes[] = {{"m", 1 << 20}, {"k", 1 << 10}, {"", 1}, {NULL, 0}};

static void *
field(const void *config, const struct config_row *row)
{
	return (char *)(uintptr_t)config + row->offset;
}

/* Enums and modes are ints; all other numbers are int64_t. */
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
	*out = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '7')
			return false;
		*out = *out * 8 + (text.p[i] - '0');
	}
	return text.n > 0 && text.n <= 5;
}

/* Each parser returns NULL if the text is valid; else the reason, as the end of a sentence about
 * the text. */
static const char *
parse_unit(const struct unit *units, struct span text, int64_t *out)
{
	size_t digits = 0;
	struct span unit;

	while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
		digits++;
	if (digits == 0)
		return "does not begin with a number";
	if (!parse_decimal((struct span){text.p, digits}, out))
		return "is too large";
	unit = (struct span){text.p + digits, text.n - digits};
	if (unit.n == 0 && *out == 0)
		return NULL;
	for (; units->word != NULL; units++)
		if (span_eq_nocase(unit, span_of(units->word)))
			return __builtin_mul_overflow(*out, units->factor, out) ? "is too large"
										: NULL;
	return unit.n == 0 ? "has no unit" : "has an unknown unit";
}

static const char *
parse_number(const struct config_row *row, struct span text, int64_t *out)
{
	switch (row->kind) {
	case KIND_MODE:
		return parse_octal(text, out) ? NULL : "is no octal number";
	case KIND_DURATION:
		return parse_unit(durations, text, out);
	case KIND_SIZE:
		return parse_unit(sizes, text, out);
	default:
		return parse_decimal(text, out) ? NULL : "is no decimal number";
	}
}

static const char *
set_parsed(void *config, const struct config_row *row, struct span text)
{
	int64_t number;
	const char *why = parse_number(row, text, &number);

	if (why != NULL)
		return why;
	if (number < row->min)
		return "is too small";
	if (number > row->max)
		return "is too large";
	set_number(config, row, number);
	return NULL;
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

/* ---- the setters: each returns NULL, or the reason why it refuses ---- */

static const char *
make_item(const struct config_row *row, struct span text, char **out)
{
	struct buf b = {0};
	const char *why = NULL;

	if (memchr(text.p, '\0', text.n) != NULL)
		return "has a NUL byte";
	if (row->normal == NULL)
		buf_span(&b, text);
	else
		why = row->normal(&b, text);
	if (why == NULL)
		*out = buf_steal(&b);
	buf_clear(&b);
	return why;
}

static const char *
set_string(void *config, const struct config_row *row, struct span text)
{
	char **at = field(config, row), *item = NULL;
	const char *why = NULL;

	if (text.n > 0)
		why = make_item(row, text, &item);
	else if (row->initial != NULL)
		why = "is empty";
	if (why != NULL)
		return why;
	free(*at);
	*at = item;
	return NULL;
}

/* If the word is the suffix of the item before it in the same text, adds it to that item and
 * returns true. */
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

/* If an item is refused, *text becomes that item. */
static const char *
set_list(void *config, const struct config_row *row, struct span *text)
{
	struct config_list *list = field(config, row);
	struct span rest = *text;
	size_t first = list->n;
	const char *why;
	char *item;

	while (rest.n > 0) {
		size_t n = 0;

		while (n < rest.n && strchr(", \t", rest.p[n]) == NULL)
			n++;
		if (n > 0 && !take_suffix(list, first, row, (struct span){rest.p, n})) {
			*text = (struct span){rest.p, n};
			why = make_item(row, *text, &item);
			if (why != NULL)
				return why;
			list->v = mem_realloc(list->v, list->n + 1, sizeof(*list->v));
			list->v[list->n++] = item;
		}
		n += n < rest.n;
		rest = (struct span){rest.p + n, rest.n - n};
	}
	return NULL;
}

static const char *
set_word(void *config, const struct config_row *row, struct span text)
{
	for (const struct config_word *w = row->words; w->word != NULL; w++) {
		if (!span_is(text, w->word))
			continue;
		if (w->is_unbuilt)
			return "is not built yet";
		set_number(config, row, w->value);
		return NULL;
	}
	return "is unknown";
}

bool
config_value_set(void *config, const struct config_row *row, struct span text, struct buf *why)
{
	const char *refusal;

	switch (row->kind) {
	case KIND_STRING:
		refusal = set_string(config, row, text);
		break;
	case KIND_LIST:
		refusal = set_list(config, row, &text);
		break;
	case KIND_WORD:
		refusal = set_word(config, row, text);
		break;
	default:
		refusal = set_parsed(config, row, text);
	}
	if (refusal == NULL)
		return true;
	buf_addc(why, '"');
	buf_span(why, text);
	buf_printf(why, "\" %s; accepted: ", refusal);
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
