/* SPDX-License-Identifier: ISC */
/*
 * memo.c - the values that a connection remembers, because it writes often.
 */
#include "store/memo.h"

#include <stdlib.h>

#include "base/mem.h"
#include "store/db.h"

#define ENTRIES_MAX 4096 /* above this, all entries are dropped */
#define BYTES_MAX   8388608
#define VALUE_MAX   524288 /* about 12,000 wallets */

struct entry {
	struct map_node node;
	unsigned generation;
	size_t size;                              /* of the value */
	char bytes[] __attribute__((aligned(8))); /* the value, then the key */
};

static struct entry *
add(struct memo *m, struct span key, size_t size)
{
	struct entry *e;

	if (m->entries.count >= ENTRIES_MAX || m->bytes + size + key.n > BYTES_MAX)
		memo_clear(m);
	m->bytes += size + key.n;
	e = mem_alloc(sizeof(*e) + size + key.n);
	e->size = size;
	e->generation = m->generation - 1;
	memcpy(e->bytes + size, key.p, key.n);
	map_insert(&m->entries, &e->node, (struct span){e->bytes + size, key.n});
	return e;
}

static void
drop(struct memo *m, struct entry *e)
{
	map_remove(&m->entries, &e->node);
	m->bytes -= e->size + e->node.key_bytes;
	free(e);
}

static bool
is_kept(const struct store *st)
{
	return st->remembers && st->is_writing && st->err == STORE_OK;
}

void *
memo_find(struct store *st, struct span key, size_t size)
{
	struct memo *m = &st->memo;
	struct map_node *node;
	struct entry *e;

	if (!is_kept(st))
		return NULL;
	node = map_find(&m->entries, key);
	e = node != NULL ? MAP_ENTRY(node, struct entry, node) : add(m, key, size);
	if (e->generation != m->generation)
		memset(e->bytes, 0, size);
	e->generation = m->generation;
	return e->bytes;
}

bool
memo_look(struct store *st, struct span key, struct span *value)
{
	struct map_node *node = is_kept(st) ? map_find(&st->memo.entries, key) : NULL;
	struct entry *e = node != NULL ? MAP_ENTRY(node, struct entry, node) : NULL;

	if (e == NULL || e->generation != st->memo.generation)
		return false;
	*value = (struct span){e->bytes, e->size};
	return true;
}

void
memo_keep(struct store *st, struct span key, struct span value)
{
	struct memo *m = &st->memo;
	struct map_node *node;
	struct entry *e;

	if (!is_kept(st))
		return;
	if ((node = map_find(&m->entries, key)) != NULL)
		drop(m, MAP_ENTRY(node, struct entry, node));
	if (value.n > VALUE_MAX)
		return;
	e = add(m, key, value.n);
	e->generation = m->generation;
	memcpy(e->bytes, value.p, value.n);
}

void
memo_forget(struct store *st)
{
	st->memo.generation++;
	st->head = -1;
}

void
store_remember(struct store *st)
{
	st->remembers = true;
}

/* A number that changes with each commit that this connection sees, also with its own commits. */
static unsigned
version(struct store *st)
{
	unsigned v = 0;

	sqlite3_file_control(st->db, "main", SQLITE_FCNTL_DATA_VERSION, &v);
	return v;
}

void
memo_begin(struct store *st)
{
	if (st->remembers && version(st) != st->memo.seen_version)
		memo_forget(st);
}

void
memo_commit(struct store *st)
{
	st->memo.seen_version = version(st);
}

void
memo_clear(struct memo *m)
{
	for (struct map_node *next, *n = map_next(&m->entries, NULL); n != NULL; n = next) {
		next = map_next(&m->entries, n);
		drop(m, MAP_ENTRY(n, struct entry, node));
	}
	map_clear(&m->entries);
}
