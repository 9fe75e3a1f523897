/* SPDX-License-Identifier: ISC */
/*
 * meta.c - statements on the table meta.
 */
#include "store/tables/meta.h"

#include "store/db.h"

bool
meta_find(struct store *st, const char *key, char *out, size_t size)
{
	struct query *q = use(st, SQL_META_FIND);

	bind_text(q, ":key", span_of(key));
	if (!step(q))
		return false;
	column_copy(q, 0, out, size);
	done(q);
	return true;
}

void
meta_put(struct store *st, const char *key, struct span value)
{
	struct query *q = use(st, SQL_META_PUT);

	bind_text(q, ":key", span_of(key));
	bind_text(q, ":value", value);
	run(q);
}

void
meta_put_once(struct store *st, const char *key, struct span value)
{
	struct query *q = use(st, SQL_META_PUT_ONCE);

	bind_text(q, ":key", span_of(key));
	bind_text(q, ":value", value);
	run(q);
}
