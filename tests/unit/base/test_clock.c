/* SPDX-License-Identifier: ISC */
/*
 * test_clock.c - what base/clock.h promises.
 */
#include "base/clock.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <time.h>

static const struct {
	const char *text;
	int64_t ms;
} moments[] = {
    {"1970-01-01T00:00:00.000Z", 0},
    {"1969-12-31T23:59:59.999Z", -1},
    {"2000-02-29T12:00:00.000Z", INT64_C(951825600000)},
    {"2026-11-24T01:02:03.456Z", INT64_C(1795482123456)},
    {"0000-01-01T00:00:00.000Z", INT64_C(-62167219200000)},
    {"0000-02-29T00:00:00.000Z", INT64_C(-62162121600000)},
    {"9999-12-31T23:59:59.999Z", INT64_C(253402300799999)},
};

static void
known_moments_are_spelled_as_javascript_does(void **state)
{
	char text[CLOCK_ISO_SIZE];

	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++)
		assert_string_equal(clock_iso(text, moments[i].ms), moments[i].text);
}

static void
a_date_of_http_is_spelled_as_rfc_9110_does(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} dates[] = {
	    {"Sun, 06 Nov 1994 08:49:37 GMT", INT64_C(784111777000)},
	    {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
	    {"Wed, 31 Dec 1969 23:59:59 GMT", -1},
	    {"Tue, 29 Feb 2000 12:00:00 GMT", INT64_C(951825600000)},
	    {"Tue, 24 Nov 2026 01:02:03 GMT", INT64_C(1795482123456)},
	    {"Sat, 01 Jan 0000 00:00:00 GMT", INT64_MIN},
	    {"Fri, 31 Dec 9999 23:59:59 GMT", INT64_MAX},
	};
	char text[CLOCK_HTTP_SIZE], want[CLOCK_HTTP_SIZE];

	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++)
		assert_string_equal(clock_http(text, dates[i].ms), dates[i].text);
	for (int64_t s = 0; s < INT64_C(4102444800); s += 86399 * 5) { /* until 2100 */
		time_t t = (time_t)s;
		struct tm tm;

		strftime(want, sizeof(want), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&t, &tm));
		assert_string_equal(clock_http(text, s * 1000), want);
	}
}

static void
known_moments_are_read_back(void **state)
{
	int64_t ms;

	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		assert_true(clock_parse_iso(span_of(moments[i].text), &ms));
		assert_true(ms == moments[i].ms);
	}
}

static void
moments_out_of_the_years_are_clamped(void **state)
{
	char text[CLOCK_ISO_SIZE];

	assert_string_equal(clock_iso(text, INT64_MIN), "0000-01-01T00:00:00.000Z");
	assert_string_equal(clock_iso(text, INT64_MAX), "9999-12-31T23:59:59.999Z");
}

/* The test walks through all years in steps of an odd length, and compares with the C library's
 * calendar. */
static void
every_day_agrees_with_the_c_library(void **state)
{
	char text[CLOCK_ISO_SIZE], want[64];
	int64_t back;

	for (int64_t s = INT64_C(-62167219200); s <= INT64_C(253402300799); s += 8640123) {
		time_t t = (time_t)s;
		struct tm tm;

		gmtime_r(&t, &tm);
		snprintf(want, sizeof(want), "%04d-%02d-%02dT%02d:%02d:%02d.000Z",
		    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
		assert_string_equal(clock_iso(text, s * 1000), want);
		assert_true(clock_parse_iso(span_of(text), &back));
		assert_true(back == s * 1000);
	}
}

static void
fractions_and_zones_may_differ(void **state)
{
	static const char *const same[] = {"2026-11-24T01:02:03.5Z", "2026-11-24T01:02:03.500Z",
	    "2026-11-24T01:02:03.500999999Z", "2026-11-24T03:32:03.5+02:30",
	    "2026-11-23T23:02:03.5-02:00", "2026-11-24T01:02:03.5+00:00"};
	int64_t want = INT64_C(1795482123500), ms;

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_true(clock_parse_iso(span_of(same[i]), &ms));
		assert_true(ms == want);
	}
	assert_true(clock_parse_iso(SPAN("2026-11-24T01:02:03Z"), &ms));
	assert_true(ms == want - 500);
}

static void
what_is_no_time_is_refused(void **state)
{
	static const char *const wrong[] = {"", "2026", "2026-11-24", "2026-11-24T01:02:03",
	    "2026-11-24 01:02:03Z", "2026-11-24T01:02Z", "2026-13-01T00:00:00Z",
	    "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-02-29T00:00:00Z",
	    "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-11-24T24:00:00Z",
	    "2026-11-24T00:60:00Z", "2026-11-24T00:00:60Z", "2026-11-24T00:00:00.Z",
	    "2026-11-24T00:00:00.1234567890Z", "2026-11-24T00:00:00Z ", "2026-11-24T00:00:00+0100",
	    "2026-11-24T00:00:00+24:00", "2026-11-24T00:00:00+01:60", "+2026-11-24T00:00:00Z",
	    "2026-11-24t00:00:00z", "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"};
	int64_t ms;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (clock_parse_iso(span_of(wrong[i]), &ms))
			fail_msg("\"%s\" was taken", wrong[i]);
}

static void
a_time_cut_short_anywhere_is_refused(void **state)
{
	const char *whole = "2026-11-24T01:02:03.456Z";
	int64_t ms;

	for (size_t n = 0; n < strlen(whole); n++)
		assert_false(clock_parse_iso((struct span){whole, n}, &ms));
}

static void
the_clocks_run_forward_in_their_units(void **state)
{
	int64_t us = clock_mono_us(), ms = clock_mono_ms(), later = clock_mono_us();

	assert_true(us / 1000 <= ms && ms <= later / 1000);
	assert_true(clock_wall_ms() / 1000 - time(NULL) <= 1);
	assert_true(clock_wall_ms() > INT64_C(1600000000000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(known_moments_are_spelled_as_javascript_does),
	    cmocka_unit_test(a_date_of_http_is_spelled_as_rfc_9110_does),
	    cmocka_unit_test(known_moments_are_read_back),
	    cmocka_unit_test(moments_out_of_the_years_are_clamped),
	    cmocka_unit_test(every_day_agrees_with_the_c_library),
	    cmocka_unit_test(fractions_and_zones_may_differ),
	    cmocka_unit_test(what_is_no_time_is_refused),
	    cmocka_unit_test(a_time_cut_short_anywhere_is_refused),
	    cmocka_unit_test(the_clocks_run_forward_in_their_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
