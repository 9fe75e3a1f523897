/* SPDX-License-Identifier: ISC */
/*
 * tail.c - delivers the rows of the log in order. Rows that the daemon's own writer has added come
 * with its finished jobs. Rows of other processes (also of the sqlite3 shell), and rows that
 * triggers make, are read by the reader's thread. A row that is not valid is logged, counted and
 * passed over.
 */
#include "hub/replay/tail.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "chat/audience.h"
#include "hub/replay/recent.h"
#include "hub/replay/tail_job.h"
#include "hub/room/membership.h"
#include "hub/room/typing_state.h"

#define TURN_DELIVERIES 5000 /* in one turn; the rest follows in the next turn */

struct tail {
	struct tail_read lookup; /* first: the reader's thread has it while is_reading */
	bool is_reading;
	bool is_wanted;          /* another page is to be read after this one */
	bool is_wanted_certain;  /* that page has rows for certain, see hub_check_log */
	bool has_failed;         /* the last page was not read: the next one is certain */
	struct packed_list read; /* rows that were read from the log, in order */
	struct packed_list own;  /* rows that the writer has added, in order */
};
static_assert(offsetof(struct tail, lookup) == 0, "the tail is cast from its job");

struct tail *
tail_new(void)
{
	struct tail *t = mem_zalloc(sizeof(*t));

	STAILQ_INIT(&t->read);
	STAILQ_INIT(&t->own);
	return t;
}

void
tail_free(struct tail *t)
{
	if (t == NULL)
		return;
	packed_clear(&t->read);
	packed_clear(&t->own);
	buf_clear(&t->lookup.page.rows);
	free(t);
}

struct packed_list *
tail_rows(struct tail *t)
{
	return &t->own;
}

/* ---- one row ---- */

/* Gives a notification to each wallet in who: the participants, except the sender and observers. */
static void
push_to_members(struct hub *hub, struct chat_event *ev, struct span who)
{
	struct topic *own;
	struct span key;

	while (audience_next(&who, &key)) {
		if ((own = topic_find_user(hub, key)) != NULL)
			subscription_push(own, ev, NULL);
	}
}

static void
push_event(struct hub *hub, const struct eventlog_row *row, enum topic_kind kind, struct span name)
{
	char cursor[CURSOR_SIZE];
	struct chat_event ev = {.kind = row->durable ? FRAME_EVENT : FRAME_EPHEMERAL,
	    .position = row->position,
	    .name = row->event,
	    .data = row->data};
	struct topic *t;

	if (row->durable)
		ev.cursor = span_of(hub_cursor(hub, cursor, row->position));
	if (kind == TOPIC_MEMBERS) {
		push_to_members(hub, &ev, row->who);
	} else if ((t = topic_find(hub, row->topic)) != NULL) {
		if (kind == TOPIC_ESCROW)
			ev.escrow_id = name;
		subscription_push(t, &ev, NULL);
		if (kind == TOPIC_ESCROW && row->actor.n > 0 && span_is(row->event, "chat_message"))
			typing_stop(hub, t, row->actor);
	}
	event_clear(&ev);
	if (row->durable)
		recent_add(hub->recent, row);
}

static void
take_row(struct hub *hub, const struct eventlog_row *row, struct hub_time now)
{
	struct span name;
	enum topic_kind kind = topic_parse(row->topic, &name);

	hub->position = row->position;
	if (kind == TOPIC_MEMBERSHIP) {
		membership_change(hub, row, name, now);
	} else if (kind == TOPIC_SESSION || kind == TOPIC_SESSIONS) {
		membership_end_tokens(hub, row, kind, name);
	} else if (kind == TOPIC_WRONG || row->event.n == 0) {
		hub->bad_rows++;
		log_warn("tail: row %lld passed over: topic, event or data is not valid",
		    (long long)row->position);
	} else {
		push_event(hub, row, kind, name);
	}
}

/* ---- reading from the log ---- */

static void
set_healthy(struct hub *hub, bool is_healthy)
{
	if (hub->is_healthy == is_healthy)
		return;
	hub->is_healthy = is_healthy;
	if (is_healthy)
		log_info("tail: the log can be read again");
	else
		log_error("tail: the log cannot be read");
}

static void
on_page(struct hub_job *job, struct hub_time now)
{
	struct tail *t = (struct tail *)job;

	t->is_reading = false;
	t->has_failed = job->err != ERROR_NONE;
	set_healthy(job->hub, !t->has_failed);
	/* Rows of the writer are dropped, so that they do not pile up: they are read later. */
	if (t->has_failed)
		packed_clear(&t->own);
	if (t->lookup.page.n > 0)
		packed_take(&t->read, &t->lookup.page.rows);
	if (t->lookup.page.is_cut && !t->has_failed)
		t->is_wanted = t->is_wanted_certain = true;
}

static void
read_page(struct hub *hub, bool is_certain)
{
	struct tail *t = hub->tail;

	t->is_reading = true;
	t->is_wanted = false;
	t->lookup.is_certain = is_certain || t->has_failed;
	t->lookup.page.after = hub->position;
	t->lookup.page.limit = TAIL_PAGE_ROWS;
	t->lookup.job.hub = hub;
	t->lookup.job.err = ERROR_NONE;
	t->lookup.job.done = on_page;
	job_read(&t->lookup.job, SPAN(""), tail_run_page);
}

void
hub_check_log(struct hub *hub, bool is_certain)
{
	struct tail *t = hub->tail;

	if (!t->is_reading && STAILQ_EMPTY(&t->read)) {
		read_page(hub, is_certain);
		return;
	}
	t->is_wanted = true;
	t->is_wanted_certain = t->is_wanted_certain || is_certain;
}

/* Reads the page that was wanted while another page was being read. */
static void
look_again(struct hub *hub)
{
	struct tail *t = hub->tail;
	bool is_certain = t->is_wanted_certain;

	if (!t->is_wanted || t->is_reading || !STAILQ_EMPTY(&t->read))
		return;
	t->is_wanted_certain = false;
	read_page(hub, is_certain);
}

/* ---- going on ---- */

/* Finds the row that comes next, and the list that has it. False: the next row is not known yet.
 * A page of the log has every row after the position at which it was read, so its first row is the
 * next one. A row of the writer is the next one only if its position follows hub->position. A page
 * may show rows of a batch whose jobs were not collected yet. Such rows wait for the jobs, so that
 * each write takes effect at its place among the rows. */
static bool
next_row(struct hub *hub, struct eventlog_row *row, struct packed_list **list)
{
	struct tail *t = hub->tail;

	*list = &t->read;
	if (packed_next(*list, row))
		return jobs_collected(hub->jobs) >= t->lookup.begun;
	*list = &t->own;
	return packed_next(*list, row) && row->position <= hub->position + 1;
}

bool
tail_advance(struct hub *hub, struct hub_time now)
{
	struct tail *t = hub->tail;
	uint64_t enough = hub->delivered + TURN_DELIVERIES;
	struct packed_list *list;
	struct eventlog_row row;

	/* A write takes effect after the rows before it, and before the rows that follow it. */
	jobs_release(hub, now);
	while (next_row(hub, &row, &list)) {
		if (hub->delivered >= enough)
			return true;
		if (row.position > hub->position)
			take_row(hub, &row, now);
		packed_pass(list);
		jobs_release(hub, now);
	}
	/* Rows are missing. A page that is being read may bring them; else a page is asked for.
	 * After a failure only hub_check_log asks again, so that this does not loop. */
	if (!t->is_reading && !t->has_failed && (packed_next(&t->own, &row) || jobs_wait(hub)))
		hub_check_log(hub, true);
	look_again(hub);
	return false;
}
