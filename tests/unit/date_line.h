/* SPDX-License-Identifier: ISC */
/*
 * date_line.h - cuts the Date off an answer, so that the rest can be compared as a whole.
 */
#ifndef DATE_LINE_H
#define DATE_LINE_H

#include "base/buf.h"
#include "base/clock.h"

/* Removes the one line Date, which must say the present time, give or take an hour. Returns the
 * rest. */
static inline const char *
without_date(struct buf *answer)
{
	static const char before[] = "\r\nDate: ";
	const char *text = buf_cstr(answer);
	size_t at = (size_t)(strstr(text, before) - text), n = sizeof(before) - 1;
	char expected[CLOCK_HTTP_SIZE];
	int64_t now = clock_wall_ms(), hour = 3600000;
	bool is_now = false;

	assert_non_null(strstr(text, before));
	for (int64_t ms = now - hour; ms <= now + hour; ms += 1000)
		is_now = is_now || memcmp(answer->p + at + n, clock_http(expected, ms),
				       CLOCK_HTTP_SIZE - 1) == 0;
	assert_true(is_now);
	n += CLOCK_HTTP_SIZE - 1;
	memmove(answer->p + at, answer->p + at + n, answer->len - at - n);
	answer->len -= n;
	assert_null(strstr(buf_cstr(answer), before));
	return buf_cstr(answer);
}

#endif
