/* SPDX-License-Identifier: ISC */
/*
 * map.c - an intrusive hash table: chains in buckets, SipHash-1-3 with a random key for each
 * process. The top bits of the hash are the bucket's number. So when the table is halved, two
 * neighbour buckets become one, and the order of map_next stays.
 */
#include "base/map.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/ids.h"
#include "base/mem.h"

#define BUCKETS_MIN 2

static uint64_t hash_key[2];

static void
make_hash_key(void)
{
	ids_random(hash_key, sizeof(hash_key));
}

static inline uint64_t
rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

uint64_t
map_hash(struct span s)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	uint64_t v[4], word, last = (uint64_t)s.n << 56;
	const char *p = s.p;
	size_t left = s.n;

	pthread_once(&once, make_hash_key);
	v[0] = hash_key[0] ^ 0x736f6d6570736575u;
	v[1] = hash_key[1] ^ 0x646f72616e646f6du;
	v[2] = hash_key[0] ^ 0x6c7967656e657261u;
	v[3] = hash_key[1] ^ 0x7465646279746573u;
	for (; left >= 8; p += 8, left -= 8) {
		memcpy(&word, p, 8);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	for (size_t i = 0; i < left; i++)
		last |= (uint64_t)(uint8_t)p[i] << 8 * i;
	v[3] ^= last;
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static size_t
bucket_of(const struct map *m, uint32_t hash)
{
	return (size_t)((uint64_t)hash << 32 >> (64 - __builtin_ctzll(m->n_buckets)));
}

/* The part of the hash that an entry stores. */
static uint32_t
hash_of(struct span key)
{
	return (uint32_t)(map_hash(key) >> 32);
}

/* Moves every entry to a table of n buckets, in the order of map_next. */
static void
resize(struct map *m, size_t n)
{
	struct map old = *m;
	struct map_node ***tails = mem_alloc(n * sizeof(*tails));

	m->n_buckets = n;
	m->buckets = mem_zalloc(n * sizeof(*m->buckets));
	for (size_t i = 0; i < n; i++)
		tails[i] = &m->buckets[i];
	for (size_t i = 0; i < old.n_buckets; i++) {
		for (struct map_node *next, *e = old.buckets[i]; e != NULL; e = next) {
			size_t to = bucket_of(m, e->hash);

			next = e->next;
			e->next = NULL;
			*tails[to] = e;
			tails[to] = &e->next;
		}
	}
	free(tails);
	free(old.buckets);
}

void
map_clear(struct map *m)
{
	free(m->buckets);
	*m = (struct map){0};
}

struct map_node *
map_find(const struct map *m, struct span key)
{
	uint32_t hash;
	struct map_node *e;

	if (m->count == 0)
		return NULL;
	hash = hash_of(key);
	for (e = m->buckets[bucket_of(m, hash)]; e != NULL; e = e->next)
		if (e->hash == hash && span_eq(map_key(e), key))
			break;
	return e;
}

void
map_insert(struct map *m, struct map_node *e, struct span key)
{
	struct map_node **bucket;

	if (m->count >= m->n_buckets)
		resize(m, m->n_buckets ? m->n_buckets * 2 : BUCKETS_MIN);
	e->key = key.p;
	e->key_bytes = (uint32_t)key.n;
	e->hash = hash_of(key);
	bucket = &m->buckets[bucket_of(m, e->hash)];
	e->next = *bucket;
	*bucket = e;
	m->count++;
}

void
map_remove(struct map *m, struct map_node *e)
{
	struct map_node **at = &m->buckets[bucket_of(m, e->hash)];

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	e->next = NULL;
	m->count--;
	if (m->n_buckets > BUCKETS_MIN && m->count < m->n_buckets / 8)
		resize(m, m->n_buckets / 2);
}

struct map_node *
map_next(const struct map *m, const struct map_node *e)
{
	size_t i = 0;

	if (m->count == 0)
		return NULL;
	if (e != NULL) {
		if (e->next != NULL)
			return e->next;
		i = bucket_of(m, e->hash) + 1;
	}
	for (; i < m->n_buckets; i++)
		if (m->buckets[i] != NULL)
			return m->buckets[i];
	return NULL;
}
