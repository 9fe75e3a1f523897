/* SPDX-License-Identifier: ISC */
/*
 * replay.c - gives a session the events that it missed, on the loop's thread. replay_page_job.c
 * reads the pages of the log.
 */
#include "hub/replay/replay.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "hub/replay/recent.h"
#include "hub/replay/replay_page.h"
#include "hub/room/changes.h"
#include "hub/room/presence.h"
#include "hub/room/room.h"
#include "hub/verbs/budget.h"
#include "store/packed.h"

#define REPLAY_WINDOW_MS 10000
/* A pull is put off by so much after the log could not be read, or while the budget is
 * overdrawn. */
#define PULL_AGAIN_MS 200

struct replay {
	struct replay_page page; /* first */
	struct session *session; /* NULL: the session has ended while a page is being read */
	struct rare_timer again; /* TIMER_PULL */
	bool is_reading;
};
static_assert(offsetof(struct replay, page) == 0, "a replay is cast from its page's job");

struct giving { /* rows on their way to one session */
	struct session *session;
	const struct replay_page *page; /* NULL: they come from memory */
	int64_t bytes;                  /* of the rows that were given */
	int64_t refused;                /* position of the first row that was not given; 0: none */
	bool needs_page;                /* that row has to be read from the log */
};

static struct replay *
replay_of(struct session *s)
{
	if (s->replay == NULL) {
		s->replay = mem_zalloc(sizeof(*s->replay));
		s->replay->page.job.hub = s->hub;
		s->replay->session = s;
	}
	return s->replay;
}

static void
replay_free(struct replay *r)
{
	replay_page_clear(&r->page);
	free(r);
}

void
replay_stop(struct session *s)
{
	struct replay *r = s->replay;

	if (r == NULL)
		return;
	rare_timer_stop(&s->hub->timers[TIMER_PULL], &r->again);
	r->session = NULL;
	s->replay = NULL;
	if (!r->is_reading)
		replay_free(r);
}

bool
session_is_pulling(const struct session *s)
{
	return s->replay != NULL && s->replay->is_reading;
}

static void
pull_later(struct session *s, struct hub_time now)
{
	rare_timer_start(
	    &s->hub->timers[TIMER_PULL], &replay_of(s)->again, now.mono_ms + PULL_AGAIN_MS);
}

void
replay_tick(struct hub *hub, struct hub_time now)
{
	struct rare_timer *tm;

	while ((tm = rare_timer_due(&hub->timers[TIMER_PULL], now.mono_ms)) != NULL) {
		struct session *s = TIMER_OWNER(tm, struct replay, again)->session;
		s->transport->resume(s);
	}
}

/* ---- giving rows ---- */

static bool
is_listed(struct span who, struct span wallet)
{
	struct span key;

	while (audience_next(&who, &key)) {
		if (span_eq(key, wallet))
			return true;
	}
	return false;
}

/* True if a row from memory has to be read from the log instead: it is a notification to the
 * participants of an escrow, and the user may not be one any more. A page of the log has
 * such a row only if the user is a participant now. */
static bool
is_doubtful(const struct giving *g, const struct eventlog_row *row)
{
	const struct session *s = g->session;
	struct span name;

	return g->page == NULL && topic_parse(row->topic, &name) == TOPIC_MEMBERS &&
	       changes_since(s->hub->changes, topic_wallet(s->own.topic), name, row->position);
}

/* The subscription that wants a row; NULL: none does. */
static struct subscription *
wanting(const struct giving *g, const struct eventlog_row *row)
{
	struct session *s = g->session;
	struct subscription *sub = NULL;
	struct span name;
	enum topic_kind kind = topic_parse(row->topic, &name);

	if (kind == TOPIC_ESCROW)
		sub = subscription_find(s, name);
	else if (kind == TOPIC_USER
		     ? span_eq(name, topic_wallet(s->own.topic))
		     : kind == TOPIC_MEMBERS &&
			   (g->page != NULL || is_listed(row->who, topic_wallet(s->own.topic))))
		sub = &s->own;
	if (sub == NULL || !subscription_is_behind(sub) || row->position <= sub->position)
		return NULL;
	return g->page == NULL || replay_page_has(g->page, sub) ? sub : NULL;
}

/* Adds a message to the unread ones in the answer to a subscribe_escrow, if the message came after
 * its look-up. */
static void
count_unread(struct subscription *sub, const struct eventlog_row *row)
{
	struct call *c = sub->topic->room != NULL ? subscription_seat(sub)->call : NULL;

	if (c != NULL && row->position > subscription_seat(sub)->checked &&
	    sub->role != ROLE_NONE && span_is(row->event, "chat_message") &&
	    !span_is(row->actor, c->user.key))
		c->unread++;
}

static bool
give_row(const struct eventlog_row *row, void *arg)
{
	struct giving *g = arg;
	struct session *s = g->session;
	struct subscription *sub = wanting(g, row);
	char cursor[CURSOR_SIZE];
	struct chat_event ev = {
	    .kind = FRAME_EVENT, .position = row->position, .name = row->event, .data = row->data};

	if (sub == NULL)
		return true;
	if (is_doubtful(g, row)) {
		g->refused = row->position;
		g->needs_page = true;
		return false;
	}
	ev.escrow_id = topic_escrow(sub->topic);
	ev.cursor = span_of(hub_cursor(s->hub, cursor, row->position));
	/* The client of a merged session keeps one cursor. If it got this row before the gap and
	 * came back with the cursor of the row, it would never be told of the gap. */
	bool is_before_gap = s->transport->is_merged && g->page != NULL && g->page->has_gap;
	bool is_sent =
	    !is_before_gap && s->transport->send(s, event_frame(&ev, s->transport->encoding));
	event_clear(&ev);
	if (!is_sent) {
		g->refused = row->position;
		return false;
	}
	count_unread(sub, row);
	sub->position = row->position;
	g->bytes += (int64_t)row->data.n;
	s->hub->delivered++;
	return true;
}

/* ---- the state of the subscriptions behind them ---- */

/* Notes that every event up to a position was given. A subscription that has reached the tail is
 * live from now on, and the call that waited for this can be answered. */
static void
settle(struct subscription *sub, int64_t whole)
{
	if (sub->position < whole)
		sub->position = whole;
	if (sub->position < sub->session->hub->position)
		return;
	subscription_move(sub, SUB_LIVE);
	if (sub->topic->room != NULL && subscription_seat(sub)->call != NULL) {
		subscription_seat(sub)->call->stage = CALL_DONE;
		subscription_seat(sub)->call = NULL;
	}
}

/* Charges the wallet for a replay that its client has asked for with a cursor. A client that only
 * reads slowly is not charged. */
static void
charge(struct session *s, int64_t bytes, struct hub_time now)
{
	if (s->is_charged)
		budget_charge(budget_of(s->hub->spent_replay, topic_wallet(s->own.topic)), bytes,
		    s->hub->options.replay_rate, now.mono_ms);
	s->is_charged = s->is_charged && s->n_behind > 0;
}

/* True if the session has to wait, since its wallet has asked for too many bytes lately. */
static bool
is_spent(struct session *s, struct hub_time now)
{
	return s->is_charged &&
	       budget_overdrawn(budget_of(s->hub->spent_replay, topic_wallet(s->own.topic)),
		   REPLAY_WINDOW_MS, now.mono_ms) > 0;
}

bool
hub_replay_is_spent(struct hub *hub, const struct user *user, struct hub_time now)
{
	return budget_overdrawn(budget_of(hub->spent_replay, span_of(user->key)), REPLAY_WINDOW_MS,
		   now.mono_ms) > 0;
}

/* Called after rows were given or a page was read: answers the calls that waited for the rows, and
 * lets the transport pull again if the session is still behind. */
static void
go_on(struct session *s, struct hub_time now)
{
	calls_advance(s, now);
	if (!session_is_behind(s))
		replay_stop(s);
	else if (!session_is_pulling(s))
		s->transport->resume(s);
}

/* ---- from memory ---- */

/* The oldest position of the subscriptions that are behind. */
static int64_t
oldest_position(const struct session *s)
{
	int64_t oldest = INT64_MAX;

	for (const struct subscription *sub = s->subscriptions; sub != NULL; sub = sub->next) {
		if (subscription_is_behind(sub) && sub->position < oldest)
			oldest = sub->position;
	}
	return oldest;
}

/* Gives the rows after a position from memory. True: the next row has to be read from the log. */
static bool
give_recent(struct session *s, int64_t after, struct hub_time now)
{
	struct giving g = {.session = s};
	int64_t whole;

	recent_each(s->hub->recent, after, give_row, &g);
	whole = g.refused > 0 ? g.refused - 1 : s->hub->position;
	for (struct subscription *sub = s->subscriptions; sub != NULL; sub = sub->next) {
		if (subscription_is_behind(sub))
			settle(sub, whole);
	}
	subscription_hold_live(s);
	charge(s, g.bytes, now);
	return g.needs_page;
}

/* ---- from the log ---- */

/* Moves the subscription of a source of the page: on, behind a gap, or out of the room. */
static void
settle_source(struct session *s, const struct replay_page *page, const struct feed_source *source,
    int64_t whole, struct hub_time now)
{
	struct subscription *sub = source->own ? &s->own : subscription_find(s, source->name);

	if (sub == NULL || !replay_page_has(page, sub) || !subscription_is_behind(sub))
		return;
	if (source->state == FEED_REMOVED)
		room_remove(sub, now);
	else if (source->state == FEED_GAP)
		replay_gap(sub, page->oldest, now);
	else
		settle(sub, whole);
}

static void
give_page(struct session *s, struct replay_page *page, struct hub_time now)
{
	struct giving g = {.session = s, .page = page};
	struct eventlog_row row;
	int64_t whole = page->whole;

	for (size_t at = 0; packed_read(&page->rows, &at, &row);) {
		if (!give_row(&row, &g))
			break;
	}
	if (g.refused > 0 && whole >= g.refused)
		whole = g.refused - 1;
	for (int i = 0; i < page->n; i++)
		settle_source(s, page, &page->sources[i], whole, now);
	subscription_hold_live(s); /* a gap may have made a subscription live */
	charge(s, g.bytes, now);
}

static void
on_page(struct hub_job *job, struct hub_time now)
{
	struct replay *r = (struct replay *)job;
	struct session *s = r->session;

	r->is_reading = false;
	if (s == NULL) {
		replay_free(r);
		return;
	}
	if (job->err == ERROR_NONE) {
		give_page(s, &r->page, now);
	} else {
		log_warn("conn %u: the log cannot be read for a replay", s->number);
		pull_later(s, now);
	}
	replay_page_clear(&r->page);
	if (job->err == ERROR_NONE)
		go_on(s, now);
}

static void
read_page(struct session *s)
{
	struct replay *r = replay_of(s);

	r->is_reading = true;
	r->page.job.err = ERROR_NONE;
	r->page.job.done = on_page;
	replay_page_fill(&r->page, s);
	job_read(&r->page.job, topic_wallet(s->own.topic), replay_page_run);
}

/* ---- pulling ---- */

static void
catch_up_presence(struct session *s, struct hub_time now)
{
	for (struct subscription *sub = s->subscriptions; sub != NULL; sub = sub->next) {
		/* One room at a time, since no full queue refuses these frames. */
		if (sub->has_missed && presence_catch_up(sub, now))
			return;
	}
}

static void
give_missed(struct session *s, struct hub_time now)
{
	int64_t after = oldest_position(s);

	if (after < recent_oldest(s->hub->recent) || give_recent(s, after, now))
		read_page(s);
}

void
session_pull(struct session *s, struct hub_time now)
{
	if (session_is_pulling(s) || !session_is_behind(s))
		return;
	if (s->replay != NULL)
		rare_timer_stop(&s->hub->timers[TIMER_PULL], &s->replay->again);
	if (s->n_behind > 0 && is_spent(s, now)) {
		pull_later(s, now);
		return;
	}
	if (s->n_behind > 0)
		give_missed(s, now);
	if (s->n_behind == 0)
		catch_up_presence(s, now);
	go_on(s, now);
}

/* ---- gaps ---- */

void
replay_gap(struct subscription *sub, int64_t oldest, struct hub_time now)
{
	struct session *s = sub->session;
	struct hub *hub = s->hub;
	bool is_room = sub->topic->room != NULL;
	struct buf data = {0};
	char cursor[CURSOR_SIZE];

	json_open(&data, '{');
	if (is_room)
		json_member_string(&data, "escrowId", topic_escrow(sub->topic));
	json_member_cstr(&data, "cursor", hub_cursor(hub, cursor, hub->position));
	json_member_cstr(&data, "oldest", hub_cursor(hub, cursor, oldest - 1));
	json_close(&data, '}');
	if (is_room && subscription_seat(sub)->call != NULL)
		subscription_seat(sub)->call->has_gap = true;
	/* The cursor of a merged session stands for all topics: it must not pass the events that
	 * the other topics are yet to get. */
	sub->position = hub->position;
	if (s->transport->is_merged)
		session_cursor(s, cursor);
	else
		hub_cursor(hub, cursor, hub->position);
	session_send_event(s, "gap", buf_as_span(&data), span_of(cursor), topic_escrow(sub->topic));
	buf_clear(&data);
	settle(sub, hub->position);
}

void
replay_check(const struct session *s)
{
	const struct replay *r = s->replay;

	check(r == NULL || r->session == s);
	check(r == NULL || r->is_reading || r->page.n == 0);
	check(r == NULL || !r->is_reading || !rare_timer_is_armed(&r->again));
}
