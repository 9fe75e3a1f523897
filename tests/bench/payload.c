/* SPDX-License-Identifier: ISC */
/*
 * payload.c - contents that check themselves.
 */
#include "tests/bench/payload.h"

#define DIGITS 16
#define FILLER (2 * (DIGITS + 1)) /* where it begins */

static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

static void
put_number(char *out, uint64_t n)
{
	for (int i = DIGITS; i-- > 0; n /= 10)
		out[i] = (char)('0' + n % 10);
	out[DIGITS] = ' ';
}

static bool
get_number(const char *in, uint64_t *n)
{
	*n = 0;
	for (int i = 0; i < DIGITS; i++) {
		if (in[i] < '0' || in[i] > '9')
			return false;
		*n = *n * 10 + (uint64_t)(in[i] - '0');
	}
	return in[DIGITS] == ' ';
}

size_t
payload_write(char *out, size_t size, uint64_t message, int64_t due_us)
{
	put_number(out, message);
	put_number(out + DIGITS + 1, (uint64_t)due_us);
	for (size_t i = FILLER; i < size; i++)
		out[i] = letters[(message + i) % 26];
	return size;
}

bool
payload_read(struct span in, uint64_t *message, int64_t *due_us)
{
	uint64_t due;

	if (in.n < PAYLOAD_MIN || !get_number(in.p, message) ||
	    !get_number(in.p + DIGITS + 1, &due))
		return false;
	for (size_t i = FILLER, at = (*message + i) % 26; i < in.n; i++) {
		if (in.p[i] != letters[at])
			return false;
		at = at == 25 ? 0 : at + 1;
	}
	*due_us = (int64_t)due;
	return true;
}
