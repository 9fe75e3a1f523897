/* SPDX-License-Identifier: ISC */
/*
 * map.h - an intrusive hash table with byte-string keys.
 * Keyed SipHash, so that a client who chooses the keys cannot choose the collisions.
 * The map owns no entry and no key: an entry embeds a map_node, whose key must outlive its stay.
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

/* All zero is a valid empty map. Releases the table, not the entries. */
void map_clear(struct map *);

/* The entry with that key, or NULL. */
struct map_node *map_find(const struct map *, struct span key);

/* Inserts; key (borrowed) must not be in the map yet. */
void map_insert(struct map *, struct map_node *, struct span key);

/* Removes an entry that is in the map. */
void map_remove(struct map *, struct map_node *);

/* Walks all entries: map_next(m, NULL) is the first; NULL after the last. The entry in hand may be
 * removed only after its successor was fetched. */
struct map_node *map_next(const struct map *, const struct map_node *);

static inline struct span
map_key(const struct map_node *e)
{
	return (struct span){e->key, e->key_bytes};
}

/* Keyed hash of the bytes; the key is random for each process. */
uint64_t map_hash(struct span);

static inline void *
map_embedder(const void *member, size_t offset)
{
	return (char *)member - offset;
}

/* The entry that embeds a node, or another member. */
#define MAP_ENTRY(node, type, member) ((type *)map_embedder(node, offsetof(type, member)))

#endif
