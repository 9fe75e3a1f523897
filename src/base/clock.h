/* SPDX-License-Identifier: ISC */
/*
 * clock.h - the two clocks and the formats of a time. Time-outs use the monotonic clock; people see
 * the time of the wall clock.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

#define CLOCK_ISO_SIZE  25 /* "2026-11-24T01:02:03.456Z" and its NUL */
#define CLOCK_HTTP_SIZE 30 /* "Tue, 24 Nov 2026 01:02:03 GMT" and its NUL */

/* The monotonic clock in ms and in us. All processes have the same one until the machine
 * restarts. */
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);

/* The wall clock: ms since 1970-01-01T00:00:00Z. */
int64_t clock_wall_ms(void);

/* Writes a time as JavaScript's toISOString does (ISO 8601, UTC, with ms); returns out. A time
 * before year 0 or after year 9999 becomes the first or the last of these years. */
const char *clock_iso(char out[CLOCK_ISO_SIZE], int64_t wall_ms);

/* Writes a time as HTTP's Date has it (IMF-fixdate, RFC 9110, section 5.6.7), rounded down to a
 * second; returns out. The years are limited as by clock_iso. */
const char *clock_http(char out[CLOCK_HTTP_SIZE], int64_t wall_ms);

/* Reads a time as clock_iso writes it. The fraction may be absent or have 1 to 9 digits; the zone
 * is Z, +hh:mm or -hh:mm. False: the text is no valid time. */
bool clock_parse_iso(struct span text, int64_t *wall_ms);

#endif
