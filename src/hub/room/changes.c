/* SPDX-License-Identifier: ISC */
/*
 * changes.c - the last changes of rights, in a ring: each is a position and a hash of what it
 * concerns.
 */
#include "hub/room/changes.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"

#define CHANGES_MAX 1024 /* a power of two */

struct change {
	int64_t position;
	uint64_t what;
};

struct changes {
	uint64_t n; /* noted so far: the next is at n % CHANGES_MAX */
	struct change last[CHANGES_MAX];
};

struct changes *
changes_new(void)
{
	return mem_zalloc(sizeof(struct changes));
}

void
changes_free(struct changes *c)
{
	free(c);
}

static uint64_t
hash_of(struct span wallet, struct span escrow_id)
{
	return map_hash(wallet) ^ (escrow_id.n > 0 ? map_hash(escrow_id) * 3 : 0);
}

void
changes_note(struct changes *c, struct span wallet, struct span escrow_id, int64_t position)
{
	c->last[c->n++ % CHANGES_MAX] = (struct change){position, hash_of(wallet, escrow_id)};
}

bool
changes_since(const struct changes *c, struct span wallet, struct span escrow_id, int64_t position)
{
	uint64_t what = 0;
	bool is_hashed = false;

	for (uint64_t i = c->n; i > 0 && c->n - i < CHANGES_MAX; i--) {
		const struct change *change = &c->last[(i - 1) % CHANGES_MAX];

		if (change->position <= position)
			return false;
		if (!is_hashed)
			what = hash_of(wallet, escrow_id);
		is_hashed = true;
		if (change->what == what)
			return true;
	}
	return c->n > CHANGES_MAX;
}
