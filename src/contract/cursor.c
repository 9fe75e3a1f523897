/* SPDX-License-Identifier: ISC */
/*
 * cursor.c - the opaque string (incarnation, position) that clients keep.
 */
#include "contract/cursor.h"

#include "store/tables/eventlog.h"

const char *
cursor_format(char out[CURSOR_SIZE], const char *incarnation, int64_t position)
{
	char digits[20];
	size_t n = strlen(incarnation), at = sizeof(digits);
	uint64_t left = (uint64_t)position;

	do {
		digits[--at] = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	memcpy(out, incarnation, n);
	out[n++] = '-';
	memcpy(out + n, digits + at, sizeof(digits) - at);
	out[n + sizeof(digits) - at] = '\0';
	return out;
}

static bool
is_incarnation(struct span name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return false;
	}
	return name.n == INCARNATION_SIZE - 1;
}

enum cursor_state
cursor_resolve(struct store *st, struct span text, int64_t *position)
{
	struct span rest = text, name = span_cut(&rest, '-');
	unsigned long long n;

	/* A position has one spelling: no leading zero. */
	if (!is_incarnation(name) || rest.p == NULL || !span_u64(rest, INT64_MAX, &n) ||
	    (rest.n > 1 && rest.p[0] == '0'))
		return CURSOR_BAD;
	*position = (int64_t)n;
	return incarnation_covers(st, name, *position) ? CURSOR_GOOD : CURSOR_LOST;
}

const char *
cursor_now(struct store *st, char out[CURSOR_SIZE])
{
	char incarnation[INCARNATION_SIZE];

	incarnation_current(st, incarnation);
	return cursor_format(out, incarnation, eventlog_newest(st));
}
