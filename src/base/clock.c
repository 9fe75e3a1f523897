/* SPDX-License-Identifier: ISC */
/*
 * clock.c - the two clocks, and their texts without the C library's calendar (which has locales and
 * time zones). Days are counted in the proleptic Gregorian calendar, in eras of 400 years that
 * begin on 1 March.
 */
#include "base/clock.h"

#include <time.h>

#define DAY_MS  86400000
#define YEAR_0  INT64_C(-62167219200000) /* 0000-01-01T00:00:00.000Z */
#define YEAR_9K INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

static int64_t
read_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
clock_mono_ms(void)
{
	return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t
clock_mono_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

int64_t
clock_wall_ms(void)
{
	return read_us(CLOCK_REALTIME) / 1000;
}

/* The number of days from 1970-01-01 to a date; year must be 0 or later. */
static int64_t
days_from_date(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year + 399 : year + 400; /* never negative; one era too many */
	int64_t year_of_era = y % 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return (y / 400 - 1) * 146097 + day_of_era - 719468;
}

static void
date_from_days(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468 + 146097; /* one era too many: never negative */
	int64_t doe = z % 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = (int)(yoe + (z / 146097 - 1) * 400 + (*month <= 2));
}

static char *
put_digits(char *p, int value, int digits)
{
	for (int i = digits - 1; i >= 0; i--, value /= 10)
		p[i] = (char)('0' + value % 10);
	return p + digits;
}

static int64_t
within_years(int64_t wall_ms)
{
	return wall_ms < YEAR_0 ? YEAR_0 : wall_ms > YEAR_9K ? YEAR_9K : wall_ms;
}

/* Writes "hh:mm:ss". */
static char *
put_time(char *p, int ms_of_day)
{
	p = put_digits(p, ms_of_day / 3600000, 2);
	*p++ = ':';
	p = put_digits(p, ms_of_day / 60000 % 60, 2);
	*p++ = ':';
	return put_digits(p, ms_of_day / 1000 % 60, 2);
}

const char *
clock_iso(char out[CLOCK_ISO_SIZE], int64_t wall_ms)
{
	int64_t ms = within_years(wall_ms);
	int64_t days = ms / DAY_MS - (ms % DAY_MS < 0);
	int year, month, day, rest = (int)(ms - days * DAY_MS);
	char *p;

	date_from_days(days, &year, &month, &day);
	p = put_digits(out, year, 4);
	*p++ = '-';
	p = put_digits(p, month, 2);
	*p++ = '-';
	p = put_digits(p, day, 2);
	*p++ = 'T';
	p = put_time(p, rest);
	*p++ = '.';
	p = put_digits(p, rest % 1000, 3);
	*p++ = 'Z';
	*p = '\0';
	return out;
}

const char *
clock_http(char out[CLOCK_HTTP_SIZE], int64_t wall_ms)
{
	static const char week[] = "Thu, Fri, Sat, Sun, Mon, Tue, Wed, "; /* day 0 was a Thursday */
	static const char months[] = " Jan  Feb  Mar  Apr  May  Jun  Jul  Aug  Sep  Oct  Nov  Dec ";
	int64_t ms = within_years(wall_ms);
	int64_t days = ms / DAY_MS - (ms % DAY_MS < 0);
	int year, month, day;
	char *p = out;

	date_from_days(days, &year, &month, &day);
	memcpy(p, week + ((days % 7 + 7) % 7) * 5, 5);
	p = put_digits(p + 5, day, 2);
	memcpy(p, months + (month - 1) * 5, 5);
	p = put_digits(p + 5, year, 4);
	*p++ = ' ';
	p = put_time(p, (int)(ms - days * DAY_MS));
	memcpy(p, " GMT", 5);
	return out;
}

/* Takes exactly n digits from the front. False: there are fewer. */
static bool
take_digits(struct span *s, size_t n, int *out)
{
	int value = 0;

	if (s->n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		value = value * 10 + (s->p[i] - '0');
	}
	*out = value;
	*s = (struct span){s->p + n, s->n - n};
	return true;
}

static bool
take_char(struct span *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = (struct span){s->p + 1, s->n - 1};
	return true;
}

/* Takes ".1" to ".123456789" in ms; further digits are dropped. */
static bool
take_fraction(struct span *s, int *ms)
{
	int scale = 100, digits = 0;

	*ms = 0;
	if (!take_char(s, '.'))
		return true;
	for (int digit; take_digits(s, 1, &digit); digits++, scale /= 10)
		*ms += digit * scale;
	return digits >= 1 && digits <= 9;
}

/* Takes "Z", "+hh:mm" or "-hh:mm"; "+" is east of Greenwich. */
static bool
take_zone(struct span *s, int *minutes)
{
	int sign, hour, minute;

	*minutes = 0;
	if (take_char(s, 'Z'))
		return true;
	sign = take_char(s, '+') ? 1 : take_char(s, '-') ? -1 : 0;
	if (sign == 0 || !take_digits(s, 2, &hour) || !take_char(s, ':') ||
	    !take_digits(s, 2, &minute) || hour > 23 || minute > 59)
		return false;
	*minutes = sign * (hour * 60 + minute);
	return true;
}

bool
clock_parse_iso(struct span text, int64_t *wall_ms)
{
	static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year, month, day, hour, minute, second, ms, zone;
	bool is_leap;
	int64_t at;

	if (!take_digits(&text, 4, &year) || !take_char(&text, '-') ||
	    !take_digits(&text, 2, &month) || !take_char(&text, '-') ||
	    !take_digits(&text, 2, &day) || !take_char(&text, 'T') ||
	    !take_digits(&text, 2, &hour) || !take_char(&text, ':') ||
	    !take_digits(&text, 2, &minute) || !take_char(&text, ':') ||
	    !take_digits(&text, 2, &second) || !take_fraction(&text, &ms) ||
	    !take_zone(&text, &zone) || text.n != 0)
		return false;
	if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59)
		return false;
	is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	if (day > month_days[month - 1] + (month == 2 && is_leap))
		return false;
	at = days_from_date(year, month, day) * DAY_MS +
	     ((hour * 60 + minute - zone) * 60 + second) * INT64_C(1000) + ms;
	if (at < YEAR_0 || at > YEAR_9K)
		return false;
	*wall_ms = at;
	return true;
}
