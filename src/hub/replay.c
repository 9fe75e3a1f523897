/* SPDX-License-Identifier: ISC */
/*
 * replay.c - what a session missed, page by page from the log: a client that came back with its cursor and a reader that was too slow
 * are the same thing. A subscription is live again when its position has reached the tail's.
 */
#include "hub/state.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "chat/row.h"
#include "chat/views.h"

#define PAGE_ROWS 128
#define READ_MS   100

struct page {
	struct session *session;
	struct feed_source *sources;
	int n;
	int64_t bytes;   /* given */
	int64_t whole;   /* every row up to here was given */
	int64_t refused; /* the first row that the ring had no room for; 0: none */
};

/* The subscription that a row is for; NULL: none that wants it. */
static struct sub *
sub_of_row(const struct session *s, const struct queue_row *row)
{
	struct span name;
	bool is_room = topic_parse(row->topic, &name) == TOPIC_ESCROW;

	for (struct sub *sub = s->subs; sub != NULL; sub = sub->next) {
		if (sub->topic->room == NULL ? !is_room
					     : is_room && span_eq(topic_escrow(sub->topic), name))
			return sub->is_behind ? sub : NULL;
	}
	return NULL;
}

static bool
has_gap(const struct page *page)
{
	for (int i = 0; i < page->n; i++) {
		if (page->sources[i].state == FEED_GAP)
			return true;
	}
	return false;
}

static bool
give_row(const struct queue_row *row, void *arg)
{
	struct page *page = arg;
	struct session *s = page->session;
	struct sub *sub = sub_of_row(s, row);
	char cursor[CURSOR_SIZE];
	struct buf data = {0};
	bool is_sent = true;
	int64_t bytes = 0;

	if (sub == NULL || row->position <= sub->position)
		return true;
	if (s->transport->is_merged && has_gap(page)) {
		/* A client that had this row's cursor, and not the gap, would never hear of it. */
		is_sent = false;
	} else if (row_data(row, &data)) {
		struct chat_event ev = {.kind = FRAME_EVENT,
		    .position = row->position,
		    .name = row->event,
		    .data = buf_as_span(&data),
		    .escrow_id = topic_escrow(sub->topic),
		    .cursor = span_of(hub_cursor(s->hub, cursor, row->position))};
		is_sent = s->transport->send(s, event_frame(&ev, s->transport->wire));
		event_clear(&ev);
	}
	bytes = (int64_t)data.len;
	buf_clear(&data);
	if (!is_sent) {
		page->refused = row->position;
		return false;
	}
	sub->position = row->position;
	page->bytes += bytes;
	s->hub->delivered++;
	return true;
}

static void
read_page(struct store *st, void *arg)
{
	struct page *page = arg;
	struct session *s = page->session;
	struct user user = session_user(s);

	page->whole = feed_page(st, &s->hub->options.rules, &user, page->sources, page->n,
	    s->hub->position, PAGE_ROWS, give_row, page);
}

static struct sub *
sub_of_source(const struct session *s, const struct feed_source *source)
{
	for (struct sub *sub = s->subs; sub != NULL; sub = sub->next) {
		if (sub->is_behind &&
		    (source->own ? sub->topic->room == NULL
				 : sub->topic->room != NULL &&
				       topic_escrow(sub->topic).p == source->name.p))
			return sub;
	}
	return NULL;
}

static void
settle_source(struct page *page, const struct feed_source *source, struct hub_time now)
{
	struct session *s = page->session;
	struct sub *sub = sub_of_source(s, source);

	if (sub == NULL)
		return;
	if (source->state == FEED_REMOVED) {
		sub_remove(sub, now);
		return;
	}
	if (source->state == FEED_GAP) {
		sub_gap(sub, now);
		return;
	}
	if (sub->position < page->whole)
		sub->position = page->whole;
	if (sub->position >= s->hub->position)
		sub_catch_up_done(sub, now);
}

/* What a client asks for with a cursor counts; what a slow one is owed does not. True: it has had so much lately that it waits. */
static bool
is_spent(struct session *s, struct hub_time now)
{
	return s->is_asking &&
	       budget_overdrawn(budget_of(s->hub->spent_replay, topic_wallet(s->own.topic)),
		   REPLAY_WINDOW_MS, now.mono_ms) > 0;
}

static void
charge(struct session *s, int64_t bytes, struct hub_time now)
{
	if (s->is_asking)
		budget_charge(budget_of(s->hub->spent_replay, topic_wallet(s->own.topic)), bytes,
		    s->hub->options.replay_rate, now.mono_ms);
	s->is_asking = s->is_asking && s->n_behind > 0;
}

static bool
pull_page(struct session *s, struct hub_time now)
{
	struct page page = {.session = s};
	enum store_err err;

	if (is_spent(s, now)) {
		timer_start(&s->hub->timers, TIMER_PULL, &s->again, now.mono_ms + PULL_AGAIN_MS);
		return false;
	}
	page.sources = mem_alloc(s->n_behind * sizeof(*page.sources));
	for (struct sub *sub = s->subs; sub != NULL; sub = sub->next) {
		bool is_room = sub->topic->room != NULL;
		if (sub->is_behind)
			page.sources[page.n++] = (struct feed_source){
			    .name = is_room ? topic_escrow(sub->topic) : topic_wallet(s->own.topic),
			    .own = !is_room,
			    .after = sub->position};
	}
	err = store_read(s->hub->store, READ_MS, read_page, &page);
	if (err != STORE_OK) {
		/* What was given was given; the rest is asked for again in a moment. */
		log_warn("conn %u: replay: %s", s->number, store_err_text(err));
		timer_start(&s->hub->timers, TIMER_PULL, &s->again, now.mono_ms + PULL_AGAIN_MS);
	} else {
		if (page.refused > 0 && page.whole >= page.refused)
			page.whole = page.refused - 1;
		for (int i = 0; i < page.n; i++)
			settle_source(&page, &page.sources[i], now);
		session_hold_live(s); /* those that went on behind a gap */
	}
	free(page.sources);
	charge(s, page.bytes, now);
	return err == STORE_OK;
}

bool
session_pull(struct session *s, struct hub_time now)
{
	timer_stop(&s->hub->timers, TIMER_PULL, &s->again);
	if (s->n_behind > 0 && !pull_page(s, now))
		return false;
	session_release_held(s, now);
	if (s->n_behind > 0 || s->n_missed == 0)
		return true;
	for (struct sub *sub = s->subs; sub != NULL; sub = sub->next) {
		/* One room at a time: its frames are not refused. */
		if (sub->has_missed && presence_catch_up(sub, now))
			break;
	}
	return true;
}

void
replay_tick(struct hub *hub, struct hub_time now)
{
	struct timer *tm;

	while ((tm = timers_due(&hub->timers, TIMER_PULL, now.mono_ms)) != NULL) {
		struct session *s = MAP_ENTRY(tm, struct session, again);
		s->transport->resume(s);
	}
}

static void
oldest_cursor(struct store *st, void *arg)
{
	*(int64_t *)arg = queue_oldest(st);
}

void
sub_gap(struct sub *sub, struct hub_time now)
{
	struct session *s = sub->session;
	struct hub *hub = s->hub;
	struct buf data = {0};
	char cursor[CURSOR_SIZE];
	int64_t oldest = hub->position + 1;

	store_read(hub->store, READ_MS, oldest_cursor, &oldest);
	json_open(&data, '{');
	if (sub->topic->room != NULL)
		json_member_string(&data, "escrowId", topic_escrow(sub->topic));
	json_member_cstr(&data, "cursor", hub_cursor(hub, cursor, hub->position));
	json_member_cstr(&data, "oldest", hub_cursor(hub, cursor, oldest - 1));
	json_close(&data, '}');
	sub->has_gap =
	    sub->topic->room != NULL && seat_of(sub)->ack != NULL; /* which will say so too */
	sub->position = hub->position;
	/* One cursor for all topics stays behind what the others have yet to be given. */
	if (s->transport->is_merged)
		session_cursor(s, cursor);
	else
		hub_cursor(hub, cursor, hub->position);
	session_send_event(s, "gap", buf_as_span(&data), span_of(cursor), topic_escrow(sub->topic));
	buf_clear(&data);
	sub_catch_up_done(sub, now);
}

void
sub_remove(struct sub *sub, struct hub_time now)
{
	struct session *s = sub->session;
	struct topic *t = sub->topic;
	struct buf data = {0};

	log_info("conn %u: removed from escrow=%.*s", s->number, (int)topic_escrow(t).n,
	    topic_escrow(t).p);
	if (seat_of(sub)->ack != NULL)
		session_refuse(s, SPAN("subscribe_escrow"), span_of(seat_of(sub)->ack),
		    CHAT_NOT_PARTICIPANT, NULL, topic_escrow(t));
	view_chat_error(&data, SPAN("subscribe_escrow"), CHAT_REMOVED, NULL, topic_escrow(t));
	session_send_event(s, "chat_error", buf_as_span(&data), SPAN(""), SPAN(""));
	buf_clear(&data);
	kept_forget_room(s, topic_escrow(t));
	presence_leave(sub, SESSION_LEFT, now);
	sub_free(sub);
}
