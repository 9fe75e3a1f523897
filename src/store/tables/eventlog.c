/* SPDX-License-Identifier: ISC */
/*
 * eventlog.c - the log: appending, reading and trimming; and incarnations.
 */
#include "store/tables/eventlog.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/ids.h"
#include "store/db.h"
#include "store/packed.h"
#include "store/tables/eventlog_row.h"

/* ---- appending and reading ---- */

int64_t
eventlog_append(struct store *st, struct span topic, struct span event, struct span data,
    struct span actor, bool durable, int64_t now_ms)
{
	return eventlog_append_row(st, &(struct eventlog_row){.at = now_ms,
					   .topic = topic,
					   .event = event,
					   .data = data,
					   .actor = actor,
					   .durable = durable});
}

int64_t
eventlog_append_row(struct store *st, const struct eventlog_row *row)
{
	struct eventlog_row appended = *row;
	struct query *q;

	appended.position = position_take(st);
	q = use(st, SQL_EVENTLOG_APPEND);
	bind_int(q, ":id", appended.position);
	bind_int(q, ":at", row->at);
	bind_text(q, ":topic", row->topic);
	bind_text(q, ":event", row->event);
	bind_text(q, ":data", row->data);
	bind_text_or_null(q, ":actor", row->actor);
	bind_int(q, ":durable", row->durable);
	if (!run(q))
		return 0;
	st->is_head_ahead = false; /* the insert has also set sqlite_sequence to this id */
	if (st->is_daemons)
		packed_add(&st->appended, &appended);
	return appended.position;
}

void
eventlog_hand_on(struct store *st, const struct message *m, struct span topic, struct span data)
{
	if (st->is_daemons && st->err == STORE_OK)
		packed_add(&st->appended, &(struct eventlog_row){.position = m->id,
					      .at = m->at,
					      .topic = topic,
					      .event = SPAN("chat_message"),
					      .data = data,
					      .actor = m->sender,
					      .durable = true});
}

int64_t
eventlog_newest(struct store *st)
{
	if (st->is_head_ahead)
		return st->head;
	return single_int(use(st, SQL_EVENTLOG_NEWEST), 0);
}

int64_t
eventlog_oldest(struct store *st)
{
	int64_t oldest = single_int(use(st, SQL_EVENTLOG_OLDEST), 0);

	return oldest > 0 ? oldest : eventlog_newest(st) + 1;
}

int64_t
eventlog_count(struct store *st)
{
	return eventlog_newest(st) + 1 - eventlog_oldest(st);
}

void
eventlog_row_read(const struct query *q, struct eventlog_row *out, struct message *message)
{
	*out = (struct eventlog_row){
	    .position = column_int(q, 0),
	    .at = column_int(q, 1),
	    .topic = column_text(q, 2),
	    .event = column_text(q, 3),
	    .data = column_text(q, 4),
	    .actor = column_text(q, 5),
	    .durable = column_int(q, 6) != 0,
	};
	if (sqlite3_column_type(q->stmt, 7) == SQLITE_NULL)
		return;
	*message = (struct message){
	    .id = out->position,
	    .nonce = (uint64_t)column_int(q, 7),
	    .escrow = column_int(q, 8),
	    .at = out->at,
	    .sender = out->actor,
	    .sender_name = column_text(q, 9),
	    .client_msg_id = column_text(q, 11),
	    .content = out->data,
	};
	if (message->sender_name.n == 0)
		message->sender_name = message->sender;
	if (!role_parse(column_text(q, 10), &message->sender_role))
		message->sender_role = ROLE_NONE;
	out->data = SPAN("");
	out->message = message;
}

void
eventlog_after(struct store *st, int64_t after, int limit, eventlog_each *each, void *arg)
{
	struct query *q = use(st, SQL_EVENTLOG_AFTER);
	struct eventlog_row row;
	struct message message;

	bind_int(q, ":after", after);
	bind_int(q, ":limit", limit);
	while (step(q)) {
		eventlog_row_read(q, &row, &message);
		if (!each(&row, arg))
			break;
	}
	done(q);
}

/* ---- trimming ---- */

/* Returns the id of the last row that may be trimmed (0: none), and adds the number of such rows to
 * *n. Reads the rows in order, up to the first that must stay. */
static int64_t
trim_cut(struct store *st, int64_t old_at, int64_t brake, int64_t max, int64_t *n)
{
	struct query *q = use(st, SQL_TRIM_SCAN);
	int64_t cut = 0;

	bind_int(q, ":limit", max);
	while (step(q)) {
		int64_t id = column_int(q, 0);

		if (column_int(q, 1) > old_at && id > brake)
			break;
		cut = id;
		++*n;
	}
	done(q);
	return cut;
}

int64_t
eventlog_trim(struct store *st, int64_t now_ms, int64_t keep_ms, int64_t rows, int64_t max)
{
	int64_t brake = rows > 0 ? eventlog_newest(st) - rows : 0, n = 0;
	int64_t cut = max > 0 ? trim_cut(st, now_ms - keep_ms, brake, max, &n) : 0;
	struct query *q;

	if (cut == 0)
		return 0;
	q = use(st, SQL_TRIM_REMEMBER);
	bind_int(q, ":cut", cut);
	run(q);
	q = use(st, SQL_TRIM_DELETE);
	bind_int(q, ":cut", cut);
	run(q);
	q = use(st, SQL_EVENTLOG_FROM_PUT); /* older messages are no rows of the log from now on */
	bind_int(q, ":from", cut);
	return run(q) ? n : 0;
}

/* ---- incarnations ---- */

void
incarnation_begin(struct store *st, int64_t now_ms)
{
	int64_t first = eventlog_newest(st) + 1;
	char name[INCARNATION_SIZE];
	struct query *q = use(st, SQL_INCARNATION_BEGIN);

	snprintf(name, sizeof(name), "%016" PRIx64, ids_u64());
	bind_text(q, ":name", span_of(name));
	bind_int(q, ":first", first);
	bind_int(q, ":at", now_ms);
	run(q);
}

void
incarnation_current(struct store *st, char out[INCARNATION_SIZE])
{
	struct query *q = use(st, SQL_INCARNATION_CURRENT);

	out[0] = '\0';
	if (!step(q))
		return;
	column_copy(q, 0, out, INCARNATION_SIZE);
	done(q);
}

bool
incarnation_covers(struct store *st, struct span name, int64_t position)
{
	struct query *q = use(st, SQL_INCARNATION_SUCCESSOR);
	int64_t end;

	bind_text(q, ":name", name);
	if (!step(q))
		return false;
	end = sqlite3_column_type(q->stmt, 0) == SQLITE_NULL ? INT64_MAX : column_int(q, 0);
	done(q);
	return position >= 0 && position < end && position <= eventlog_newest(st) &&
	       st->err == STORE_OK;
}
