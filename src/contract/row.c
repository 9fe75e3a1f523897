/* SPDX-License-Identifier: ISC */
/*
 * row.c - the data of a row of the log, checked before the daemon hands it out.
 */
#include "contract/row.h"

#include "base/json_slice.h"
#include "contract/names.h"
#include "contract/views.h"

static bool
is_event_allowed(const struct eventlog_row *row)
{
	/* Only the server's own rows, which name the actor, may have a reserved name; the platform
	 * may publish notification. */
	return row->actor.n > 0 || span_is(row->event, "notification") ||
	       name_event_publishable(row->event);
}

bool
row_data(const struct eventlog_row *row, struct buf *out)
{
	const size_t before = out->len;
	struct span data = json_slice(row->data);

	if (!is_event_allowed(row))
		return false;
	/* A row with an actor is the server's own: its JSON is checked, but not written again. */
	if (row->actor.n > 0) {
		struct span made;

		view_row(out, row);
		made = buf_as_span(out);
		return json_check((struct span){made.p + before, made.n - before}, NULL);
	}
	if (row->data.n > DATA_MAX || json_slice_type(data) != JSON_OBJECT ||
	    !json_check(data, NULL))
		return false;
	json_copy(out, data);
	return true;
}
