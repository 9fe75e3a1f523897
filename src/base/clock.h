/* SPDX-License-Identifier: ISC */
/*
 * clock.h - the two clocks and the one spelling of a time.
 * Time-outs run on the monotonic clock; what people see is wall-clock time.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

#define CLOCK_ISO_SIZE 25 /* "2026-11-24T01:02:03.456Z" and its NUL */

/* Monotonic, for time-outs: milliseconds, microseconds. The same for all processes of a boot. */
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);

/* Milliseconds since the epoch, UTC. */
int64_t clock_wall_ms(void);

/* ISO 8601, UTC, milliseconds, as JavaScript's toISOString prints it. Years 0 to 9999; others are clamped. */
const char *clock_iso(char out[CLOCK_ISO_SIZE], int64_t wall_ms);

/* Reads what clock_iso writes; fraction (1 to 9 digits) may be absent; Z or +hh:mm. False: no such time. */
bool clock_parse_iso(struct span text, int64_t *wall_ms);

#endif
