/* SPDX-License-Identifier: ISC */
/*
 * ids.c - random bytes from getrandom(2), with a small pool for each thread, and tokens made of
 * them. Bytes that are taken are wiped in the pool. A child of fork() begins with an empty pool.
 */
#include "base/ids.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"

#define POOL_BYTES 256 /* getrandom(2) gives up to 256 bytes without an interruption */

static __thread struct {
	uint8_t bytes[POOL_BYTES];
	size_t left;         /* the number of unused bytes, at the end */
	unsigned generation; /* of the process that filled it */
} pool;

static unsigned generation = 1; /* changes in a forked child, where only one thread runs */

static void
on_fork_in_child(void)
{
	generation++;
}

static void
watch_forks(void)
{
	pthread_atfork(NULL, NULL, on_fork_in_child);
}

static void
fill(uint8_t *out, size_t n)
{
	while (n > 0) {
		ssize_t got = getrandom(out, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			log_error("random: the kernel gives none: %s", strerror(errno));
			abort();
		}
		out += got;
		n -= (size_t)got;
	}
}

void
ids_random(void *out, size_t n)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	uint8_t *from;

	if (n > POOL_BYTES / 4) {
		fill(out, n);
		return;
	}
	pthread_once(&once, watch_forks);
	if (n > pool.left || pool.generation != generation) {
		fill(pool.bytes, POOL_BYTES);
		pool.left = POOL_BYTES;
		pool.generation = generation;
	}
	from = pool.bytes + POOL_BYTES - pool.left;
	memcpy(out, from, n);
	explicit_bzero(from, n);
	pool.left -= n;
}

uint64_t
ids_u64(void)
{
	uint64_t value;

	ids_random(&value, sizeof(value));
	return value;
}

void
ids_token(char *out, size_t chars)
{
	static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

	ids_random(out, chars);
	for (size_t i = 0; i < chars; i++)
		out[i] = alphabet[(unsigned char)out[i] % 32];
	out[chars] = '\0';
}

static bool
is_request_id(struct span s)
{
	static const char chars[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

	for (size_t i = 0; i < s.n; i++) {
		if (memchr(chars, s.p[i], sizeof(chars) - 1) == NULL)
			return false;
	}
	return s.n > 0 && s.n < IDS_REQUEST_SIZE;
}

const char *
ids_request(char out[IDS_REQUEST_SIZE], struct span given)
{
	if (!is_request_id(given)) {
		ids_token(out, 20);
		return out;
	}
	memcpy(out, given.p, given.n);
	out[given.n] = '\0';
	return out;
}
