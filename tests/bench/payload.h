/* SPDX-License-Identifier: ISC */
/*
 * payload.h - the content of a benchmark's message: its number, the time it was due, and a filler
 * that follows from the number. So each delivery can be checked and timed without a table of the
 * messages sent.
 */
#ifndef TESTS_BENCH_PAYLOAD_H
#define TESTS_BENCH_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

#define PAYLOAD_MIN \
	35 /* bytes: two numbers of 16 digits with a space after each, and a letter to end with */
#define PAYLOAD_MAX 4096

/* Writes size bytes (PAYLOAD_MIN to PAYLOAD_MAX), none of which JSON would escape. Returns size. */
size_t payload_write(char *out, size_t size, uint64_t message, int64_t due_us);

/* False: not what payload_write writes, byte for byte. */
bool payload_read(struct span, uint64_t *message, int64_t *due_us);

#endif
