/* SPDX-License-Identifier: ISC */
/*
 * tail.c - the tail of the log: the one way in for every durable event, whichever process wrote it, and so the one order out.
 * Every row is checked again: a bad one is logged, counted and passed over.
 */
#include "hub/state.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "chat/row.h"

#define PAGE_ROWS       512
#define PAGE_DELIVERIES 5000 /* no read transaction outlives READ_MS, however large the rooms */
#define READ_MS         100

struct tail {
	struct hub *hub;
	struct store *store;
	struct hub_time now;
	int rows;
	uint64_t enough; /* hub->delivered at which the page ends */
	bool is_cut;     /* it ended so */
	bool is_fresh;   /* the row in hand is the writer's, as it was made */
	bool is_own;     /* fresh rows are enough */
};

struct audience {
	struct hub *hub;
	const struct queue_row *row;
	struct topic **topics;
	size_t n;
};

static bool
add_member(const struct participant *p, void *arg)
{
	struct audience *a = arg;
	char name[TOPIC_SIZE];
	struct topic *t;

	if (p->role == ROLE_OBSERVER || span_is(a->row->actor, p->wallet) ||
	    p->since_position >= a->row->position)
		return true;
	if ((t = topic_find(a->hub, topic_of_user(name, span_of(p->wallet)))) == NULL)
		return true;
	a->topics = mem_realloc(a->topics, a->n + 1, sizeof(struct topic *));
	a->topics[a->n++] = t;
	return true;
}

/* One notification row is for each participant but its sender and observers: for all of them or, where the store fails, for none. */
static void
push_to_members(
    struct tail *tail, struct chat_event *ev, struct span escrow_id, const struct queue_row *row)
{
	struct audience a = {.hub = tail->hub, .row = row};
	struct escrow escrow;

	if (escrow_find(tail->store, escrow_id, &escrow))
		participants_each(tail->store, escrow.id, add_member, &a);
	if (store_error(tail->store) == STORE_OK) {
		for (size_t i = 0; i < a.n; i++)
			topic_push(a.topics[i], ev, NULL);
	}
	free(a.topics);
}

static void
push_event(struct tail *tail, const struct queue_row *row, enum topic_kind kind, struct span name,
    struct span data)
{
	struct hub *hub = tail->hub;
	char cursor[CURSOR_SIZE];
	struct chat_event ev = {.kind = row->durable ? FRAME_EVENT : FRAME_EPHEMERAL,
	    .position = row->position,
	    .name = row->event,
	    .data = data};
	struct topic *t;

	if (row->durable)
		ev.cursor = span_of(hub_cursor(hub, cursor, row->position));
	if (kind == TOPIC_MEMBERS) {
		push_to_members(tail, &ev, name, row);
	} else if ((t = topic_find(hub, row->topic)) != NULL) {
		if (kind == TOPIC_ESCROW)
			ev.escrow_id = name;
		topic_push(t, &ev, NULL);
		if (kind == TOPIC_ESCROW && row->actor.n > 0 && span_is(row->event, "chat_message"))
			typing_stop(hub, t, row->actor);
	}
	event_clear(&ev);
}

static void
note_membership(const struct queue_row *row, struct span escrow_id)
{
	char wallet[16], position[24];

	snprintf(position, sizeof(position), "%lld", (long long)row->position);
	log_audit("membership",
	    (const struct log_field[]){
		{"change", row->event},
		{"wallet", span_of(log_wallet(wallet, row->actor))},
		{"escrow", escrow_id},
		{"position", span_of(position)},
	    },
	    4);
}

/* A change of membership: the removed are put out of the room here, so nothing after this position reaches them. */
static void
change_membership(struct tail *tail, const struct queue_row *row, struct span escrow_id)
{
	struct hub *hub = tail->hub;
	char name[TOPIC_SIZE];
	struct topic *own = topic_find(hub, topic_of_user(name, row->actor));
	struct topic *room = topic_find(hub, topic_of_escrow(name, escrow_id));
	struct participant p;
	struct escrow escrow;

	note_membership(row, escrow_id);
	if (room == NULL || hub->options.rules.rooms == ROOMS_OPEN)
		return;
	if (span_is(row->event, "removed")) {
		for (uint32_t i = own != NULL ? own->n_subs : 0; i-- > 0;) {
			struct session *s = topic_subs(own)[i]->session;
			struct sub *sub = session_sub(s, escrow_id);
			if (sub == NULL || seat_of(sub)->checked >= row->position)
				continue;
			sub_remove(sub, tail->now);
			session_release_held(s, tail->now);
		}
		if ((room = topic_find(hub, topic_of_escrow(name, escrow_id))) != NULL)
			presence_removed(hub, room, row->actor, tail->now);
		return;
	}
	if (own == NULL || !escrow_find(tail->store, escrow_id, &escrow) ||
	    !participant_find(tail->store, escrow.id, row->actor, &p))
		return;
	for (uint32_t i = 0; i < own->n_subs; i++) {
		struct sub *sub = session_sub(topic_subs(own)[i]->session, escrow_id);
		if (sub == NULL)
			continue;
		sub->role = (uint8_t)p.role;
		if (seat_of(sub)->presence != NULL)
			presence_rename(seat_of(sub)->presence, p.name);
	}
}

static bool
take_row(const struct queue_row *row, void *arg)
{
	struct tail *tail = arg;
	struct hub *hub = tail->hub;
	struct span name;
	enum topic_kind kind = topic_parse(row->topic, &name);
	struct buf data = {0};

	if (kind == TOPIC_MEMBERSHIP) {
		change_membership(tail, row, name);
	} else if (kind == TOPIC_SESSION) {
		expiry_end(hub, row->actor, name, 0);
	} else if (kind == TOPIC_SESSIONS) {
		expiry_end(hub, name, SPAN(""), session_wallet_ended(tail->store, name));
	} else if (tail->is_fresh) {
		push_event(tail, row, kind, name, row->data);
	} else if (kind == TOPIC_WRONG || !row_data(row, &data)) {
		hub->bad_rows++;
		log_warn("tail: row %lld passed over: topic, event or data is not valid",
		    (long long)row->position);
	} else {
		push_event(tail, row, kind, name, buf_as_span(&data));
	}
	buf_clear(&data);
	if (store_error(tail->store) != STORE_OK) /* taken again, whole */
		return false;
	hub->position = row->position;
	tail->rows++;
	tail->is_cut = hub->delivered >= tail->enough;
	return !tail->is_cut;
}

/* Rows from the writer's hands, as long as they follow on each other: another process's are only in the log. */
static void
take_fresh_rows(struct tail *tail)
{
	struct hub *hub = tail->hub;
	struct queue_row row;

	tail->is_fresh = true;
	while (
	    fresh_next(&hub->fresh, &row) && row.position <= hub->position + 1 && !tail->is_cut) {
		if (row.position == hub->position + 1 && !take_row(&row, tail) && !tail->is_cut)
			break;
		fresh_pass(&hub->fresh);
	}
	tail->is_fresh = false;
}

static void
read_rows(struct store *st, void *arg)
{
	struct tail *tail = arg;

	tail->store = st;
	take_fresh_rows(tail);
	bool is_enough = tail->is_own && tail->rows > 0 && STAILQ_EMPTY(&tail->hub->fresh) &&
			 !jobs_wait(tail->hub);
	if (!is_enough && !tail->is_cut && store_error(st) == STORE_OK)
		queue_after(st, tail->hub->position, PAGE_ROWS, take_row, tail);
}

static enum hub_tail
take_rows(struct tail *tail)
{
	struct hub *hub = tail->hub;
	enum store_err err = store_read(hub->store, READ_MS, read_rows, tail);

	if (err == STORE_DEADLINE && tail->rows > 0) { /* slow, but it goes on */
		err = STORE_OK;
		tail->is_cut = true;
	}
	if ((err == STORE_OK) != hub->is_healthy) {
		hub->is_healthy = err == STORE_OK;
		if (hub->is_healthy)
			log_info("tail: the log can be read again");
		else
			log_error("tail: the log cannot be read: %s", store_err_text(err));
	}
	jobs_release(hub, tail->now);
	if (err != STORE_OK)
		return TAIL_FAILED;
	return tail->is_cut || tail->rows >= PAGE_ROWS ? TAIL_MORE : TAIL_END;
}

enum hub_tail
hub_tail(struct hub *hub, struct hub_time now)
{
	return take_rows(
	    &(struct tail){.hub = hub, .now = now, .enough = hub->delivered + PAGE_DELIVERIES});
}

enum hub_tail
hub_tail_own(struct hub *hub, struct hub_time now)
{
	return take_rows(&(struct tail){
	    .hub = hub, .now = now, .enough = hub->delivered + PAGE_DELIVERIES, .is_own = true});
}
