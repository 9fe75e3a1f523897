/* SPDX-License-Identifier: ISC */
/*
 * config_nearest.c - finds the key that is most like a misspelt name, for error messages.
 */
#include <string.h>

#include "config/config_value.h"

#define NAME_MAX_BYTES 40 /* longer than every key: nothing is near a longer name */
#define NEAR_MAX       3  /* edits at most; fewer for a short name */

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

static char
folded(char c)
{
	if (c == '-')
		return '_';
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* The Levenshtein distance: the least number of bytes to add, remove or replace. name has at most
 * NAME_MAX_BYTES. */
static size_t
distance(struct span name, const char *key)
{
	size_t row[NAME_MAX_BYTES + 1];

	for (size_t i = 0; i <= name.n; i++)
		row[i] = i;
	for (; *key != '\0'; key++) {
		size_t diagonal = row[0]++;

		for (size_t i = 0; i < name.n; i++) {
			size_t above = row[i + 1];

			row[i + 1] =
			    least(above + 1, row[i] + 1, diagonal + (folded(name.p[i]) != *key));
			diagonal = above;
		}
	}
	return row[name.n];
}

static size_t
nearest_row(struct span name)
{
	size_t nearest = config_row_count;
	size_t best = name.n / 3 < NEAR_MAX ? name.n / 3 : NEAR_MAX;

	if (name.n > NAME_MAX_BYTES)
		return nearest;
	for (size_t row = 0; row < config_row_count; row++) {
		size_t d = distance(name, config_rows[row].key);

		if (d < best || (d == best && nearest == config_row_count)) {
			best = d;
			nearest = row;
		}
	}
	return nearest;
}

void
config_row_suggest(struct buf *out, struct span name, const char *prefix, char dash)
{
	size_t n = strlen(prefix), row = config_row_count;

	if (name.n >= n)
		row = nearest_row((struct span){name.p + n, name.n - n});
	if (row < config_row_count) {
		buf_printf(out, "the nearest is %s", prefix);
		config_row_spell(out, &config_rows[row], dash, dash == '_' && n > 0);
		buf_str(out, "; ");
	}
	buf_str(out, "escrowchatd --help lists all");
}
