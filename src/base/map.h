/* SPDX-License-Identifier: ISC */
/*
 * map.h - an intrusive hash table with byte-string keys. Its hash is SipHash with a secret key, so
 * that a client who chooses the keys cannot cause collisions. The map owns no entry and no key: an
 * entry embeds a map_node, and its key must stay valid while it is in the map.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct map_node {
	struct map_node *next; /* same bucket */
	const char *key;
	uint32_t key_bytes;
	uint32_t hash;
};

struct map {
	struct map_node **buckets;
	size_t n_buckets; /* a power of two, or 0 before the first insertion */
	size_t count;
};

/* Releases the table, not the entries. A struct that is all zero is a valid empty map. */
void map_clear(struct map *);

/* The entry with that key, or NULL. */
struct map_node *map_find(const struct map *, struct span key);

/* Inserts an entry. The key (borrowed) must not be in the map yet. */
void map_insert(struct map *, struct map_node *, struct span key);

/* Removes an entry that is in the map. */
void map_remove(struct map *, struct map_node *);

/* Visits all entries: map_next(m, NULL) is the first; returns NULL after the last. To remove an
 * entry, fetch its successor first. */
struct map_node *map_next(const struct map *, const struct map_node *);

static inline struct span
map_key(const struct map_node *e)
{
	return (struct span){e->key, e->key_bytes};
}

/* The SipHash of the bytes; its key is random for each process. */
uint64_t map_hash(struct span);

static inline void *
map_embedder(const void *member, size_t offset)
{
	return (char *)member - offset;
}

/* The entry that embeds a node, or another member. */
#define MAP_ENTRY(node, type, member) ((type *)map_embedder(node, offsetof(type, member)))

#endif
