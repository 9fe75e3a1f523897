/* SPDX-License-Identifier: ISC */
/*
 * recovery.c - a Socket.IO CONNECT on the loop's thread, and the sessions that can be recovered,
 * connected or lost.
 */
#include "hub/recovery/recovery.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/ids.h"
#include "base/mem.h"
#include "contract/views.h"
#include "hub/recovery/recoverable.h"
#include "hub/recovery/recovery_job.h"
#include "hub/room/changes.h"
#include "hub/room/room.h"
#include "hub/session/opening.h"

struct recovery {
	struct map all; /* struct recoverable, by key */
	/* A TIMER_LOST; while it is armed, sessions of earlier daemons can be recovered. */
	struct rare_timer boot;
};

struct connecting {
	struct recovery_lookup lookup; /* first */
	struct connect_options options;
	bool is_cancelled;
	bool is_committed;       /* the writer has committed its part */
	char pid[PID_CHARS + 1]; /* of a new session */
	/* Of the recoverable session, when the job that reads its rooms was submitted. */
	uint32_t changes;
};
static_assert(offsetof(struct connecting, lookup) == 0, "a connecting is cast from its job");

struct recovery *
recovery_new(void)
{
	return mem_zalloc(sizeof(struct recovery));
}

bool
hub_recovers(const struct hub *hub)
{
	return hub->options.recovery_ms > 0;
}

/* ---- the secret ---- */

static void
make_pid(char out[PID_CHARS + 1], int64_t wall_ms)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv"; /* in the order of bytes */

	for (int i = PID_TIME_CHARS - 1; i >= 0; i--, wall_ms /= 32)
		out[i] = digits[wall_ms % 32];
	ids_token(out + PID_TIME_CHARS, PID_CHARS - PID_TIME_CHARS);
}

static void
hash_pid(char out[PID_HASH_SIZE], const char *pid)
{
	uint8_t digest[DIGEST_SHA256_SIZE];

	digest_sha256(digest, (struct span){pid, PID_CHARS});
	memcpy(out, pid, PID_TIME_CHARS);
	digest_hex(out + PID_TIME_CHARS, digest, sizeof(digest));
}

/* ---- the sessions in memory ---- */

static struct recoverable *
find(struct hub *hub, const char *hash)
{
	struct map_node *n =
	    map_find(&hub->recovery->all, (struct span){hash, RECOVERABLE_KEY_CHARS});

	return n != NULL ? MAP_ENTRY(n, struct recoverable, node) : NULL;
}

static struct recoverable *
get(struct hub *hub, const char *hash, const struct recovery_lookup *r)
{
	struct recoverable *k = find(hub, hash);

	if (k != NULL)
		return k;
	k = mem_zalloc(sizeof(*k));
	memcpy(k->key, hash, sizeof(k->key));
	k->id = r->kept.id;
	k->lane = lane_of(span_of(r->user.key));
	map_insert(&hub->recovery->all, &k->node, (struct span){k->key, sizeof(k->key)});
	return k;
}

static void
release(struct hub *hub, struct recoverable *k)
{
	rare_timer_stop(&hub->timers[TIMER_LOST], &k->lost);
	map_remove(&hub->recovery->all, &k->node);
	free(k);
}

static void
start_timer(struct hub *hub, struct recoverable *k, struct hub_time now)
{
	rare_timer_start(
	    &hub->timers[TIMER_LOST], &k->lost, now.mono_ms + hub->options.recovery_ms);
}

/* ---- forgetting ---- */

static void
on_forgotten(struct hub_job *job, struct hub_time now)
{
	free(job);
}

/* Deletes a session from the store. lane: that of the session's wallet, so that the job runs after
 * the session's own writes, which can still be under way when the session is lost. */
static void
forget(struct hub *hub, int64_t id, uint32_t lane)
{
	struct forget_job *j = mem_zalloc(sizeof(*j));

	j->job.hub = hub;
	j->job.done = on_forgotten;
	j->id = id;
	job_write_in(&j->job, lane, recovery_run_forget);
}

/* Forgets the oldest lost sessions while more than max_recoverable sessions are recoverable. So
 * clients that connect and disconnect without end do not fill the memory. */
static void
trim_lost(struct hub *hub)
{
	size_t max = hub->options.max_recoverable;

	while (max > 0 && hub->recovery->all.count > max) {
		struct rare_timer *tm = rare_timer_first(&hub->timers[TIMER_LOST]);
		struct recoverable *k;

		if (tm == &hub->recovery->boot)
			tm = rare_timer_after(tm);
		if (tm == NULL)
			return;
		k = TIMER_OWNER(tm, struct recoverable, lost);
		forget(hub, k->id, k->lane);
		release(hub, k);
	}
}

/* ---- connecting ---- */

enum outcome {
	CONNECT_AGAIN,     /* the user's rights have changed since they were read: read again */
	CONNECT_FAILED,    /* the store failed, or the token was ended */
	CONNECT_CANCELLED, /* the client is gone */
	CONNECT_FULL,      /* the wallet has as many sessions as it may have */
	CONNECT_OPENS      /* the session is opened */
};

/* True if the rights that were read have changed since. */
static bool
is_stale(const struct hub *hub, const struct recovery_lookup *r)
{
	struct span wallet = span_of(r->user.key);

	if (r->user.proof.hash[0] != '\0' &&
	    changes_since(hub->changes, wallet, SPAN(""), r->checked))
		return true;
	for (size_t i = 0; i < r->n_rooms; i++) {
		if (changes_since(hub->changes, wallet, span_of(r->rooms[i].escrow_id), r->checked))
			return true;
	}
	return false;
}

/* Decides, and changes nothing. known: the recoverable session that the client is to get, if it is
 * in memory. */
static enum outcome
decide(struct hub *hub, const struct connecting *c, const struct recoverable *known)
{
	if (c->lookup.job.err != ERROR_NONE)
		return CONNECT_FAILED;
	if (c->is_cancelled)
		return CONNECT_CANCELLED;
	if (is_stale(hub, &c->lookup))
		return CONNECT_AGAIN;
	if (hub_user_is_full(hub, &c->lookup.user, known != NULL ? known->session : NULL))
		return CONNECT_FULL;
	return CONNECT_OPENS;
}

static void
enter_rooms(struct recovery_lookup *r, struct session *s, struct hub_time now)
{
	for (size_t i = 0; i < r->n_rooms; i++) {
		struct kept_room *room = &r->rooms[i];
		struct span escrow_id = span_of(room->escrow_id);
		struct buf data = {0};

		if (room->err == ERROR_NONE) {
			subscription_begin_asked(room_enter(
			    s, escrow_id, &room->standing, room->began, r->checked, now));
			continue;
		}
		view_chat_error(&data, SPAN("subscribe_escrow"), ERROR_REMOVED, NULL, escrow_id);
		session_send_event(s, "chat_error", buf_as_span(&data), SPAN(""), SPAN(""));
		buf_clear(&data);
		recoverable_forget_room(s, escrow_id);
	}
}

static void
on_rooms_put(struct hub_job *job, struct hub_time now)
{
	free(((struct rooms_job *)job)->rooms);
	free(job);
}

/* Stores the rooms that the session has entered, instead of those that it had; takes r->rooms. */
static void
put_rooms(struct recovery_lookup *r, const struct recoverable *k)
{
	struct rooms_job *j = mem_zalloc(sizeof(*j));

	j->job.hub = r->job.hub;
	j->job.done = on_rooms_put;
	j->id = k->id;
	j->rooms = r->rooms;
	j->n_rooms = r->n_rooms;
	r->rooms = NULL;
	r->n_rooms = 0;
	job_write_in(&j->job, k->lane, recovery_run_put_rooms);
}

static void
open(struct connecting *c, struct recoverable *k, struct hub_time now)
{
	struct recovery_lookup *r = &c->lookup;
	struct session *old = k->session, *s;
	bool has_changed = r->is_recovered && k->changes != c->changes;
	struct connect_result result = {.sid = r->kept.sid,
	    .pid = r->is_recovered ? c->options.pid.p : c->pid,
	    .is_recovered = r->is_recovered};

	rare_timer_stop(&r->job.hub->timers[TIMER_LOST], &k->lost);
	c->options.session.user = &r->user;
	c->options.session.lookup = NULL;
	c->options.session.now = now;
	s = result.session = opening_session(r->job.hub, &c->options.session,
	    r->kept.own_from > r->from ? r->kept.own_from : r->from);
	s->recoverable = k;
	k->session = s;
	subscription_begin_asked(s->subscriptions);
	c->options.done(c->options.session.owner, &result);
	enter_rooms(r, s, now);
	/* After the rooms of this session were read, the old connection has entered or left rooms.
	 * So they are written once more. The jobs of the old connection are in the same lane, and
	 * this job comes after them. */
	if (has_changed)
		put_rooms(r, k);
	if (old != NULL) {
		old->recoverable = NULL;
		if (old->transport->dismiss != NULL)
			old->transport->dismiss(old, DISMISS_TAKEN);
	}
	s->transport->resume(s);
}

/* Called when the client is not let in. A session that was recovered goes on waiting for its
 * client. A new session is forgotten, since nobody knows its secret. */
static void
put_back(struct connecting *c, struct hub_time now)
{
	struct recovery_lookup *r = &c->lookup;
	struct recoverable *k;

	if (!c->is_committed)
		return;
	if (r->was_made)
		forget(r->job.hub, r->kept.id, lane_of(span_of(r->user.key)));
	if (!r->is_recovered)
		return;
	k = get(r->job.hub, r->old_hash, r);
	if (k->session == NULL)
		start_timer(r->job.hub, k, now);
}

/* A lost session to which the client came back without recovering it goes on waiting. */
static void
put_off(struct connecting *c, struct hub_time now)
{
	struct recoverable *k = find(c->lookup.job.hub, c->lookup.old_hash);

	if (!(c->is_committed && c->lookup.is_recovered) && k != NULL && k->session == NULL)
		start_timer(c->lookup.job.hub, k, now);
}

static void
free_connecting(struct connecting *c)
{
	free((char *)c->options.pid.p);
	free(c->lookup.rooms);
	free(c);
}

static void
on_connected(struct hub_job *job, struct hub_time now)
{
	struct connecting *c = (struct connecting *)job;
	struct recovery_lookup *r = &c->lookup;
	struct hub *hub = job->hub;
	const char *hash = r->is_recovered ? r->old_hash : r->hash;
	enum outcome outcome = decide(hub, c, find(hub, hash));

	c->is_committed = c->is_committed || job->err == ERROR_NONE;
	if (outcome == CONNECT_AGAIN) {
		job_read(job, span_of(r->user.key), recovery_run_again);
		return;
	}
	put_off(c, now);
	if (outcome == CONNECT_OPENS)
		open(c, get(hub, hash, r), now);
	else
		put_back(c, now);
	if (outcome == CONNECT_FAILED && !c->is_cancelled)
		c->options.done(
		    c->options.session.owner, &(struct connect_result){.err = job->err});
	if (outcome == CONNECT_FULL)
		c->options.done(
		    c->options.session.owner, &(struct connect_result){.err = ERROR_RATE_LIMITED});
	free_connecting(c);
}

static struct connecting *
connect_recoverable(struct hub *hub, const struct connect_options *o)
{
	struct connecting *c = mem_zalloc(sizeof(*c));
	struct recovery_lookup *r = &c->lookup;

	r->job.hub = hub;
	r->job.done = on_connected;
	r->user = *o->session.user;
	c->options = *o;
	c->options.pid = (struct span){mem_strndup(o->pid.p, o->pid.n), o->pid.n};
	make_pid(c->pid, o->session.now.wall_ms);
	hash_pid(r->hash, c->pid);
	if (o->pid.n == PID_CHARS && o->offset.n < CURSOR_SIZE) {
		hash_pid(r->old_hash, o->pid.p);
		struct recoverable *k = find(hub, r->old_hash);
		memcpy(r->offset, o->offset.p, o->offset.n);
		r->may_recover = rare_timer_is_armed(&hub->recovery->boot) || k != NULL;
		if (k != NULL) { /* the client is in time, however long the writer takes */
			rare_timer_stop(&hub->timers[TIMER_LOST], &k->lost);
			c->changes = k->changes;
		}
	}
	job_write(&r->job, span_of(r->user.key), recovery_run_connect);
	return c;
}

struct connecting *
session_connect(struct hub *hub, const struct connect_options *o)
{
	char sid[SID_CHARS + 1];
	struct session_options so = o->session;

	if (o->is_recoverable && hub_recovers(hub))
		return connect_recoverable(hub, o);
	ids_token(sid, SID_CHARS);
	so.lookup = NULL;
	o->done(so.owner, &(struct connect_result){.session = session_open(hub, &so), .sid = sid});
	return NULL;
}

void
session_connect_cancel(struct connecting *c)
{
	c->is_cancelled = true;
}

/* ---- the end of a session, and of the time to come back ---- */

void
recovery_end(struct session *s, enum session_end end, struct hub_time now)
{
	struct hub *hub = s->hub;
	struct recoverable *k = s->recoverable;

	s->recoverable = NULL;
	if (k == NULL)
		return;
	k->session = NULL;
	if (end != SESSION_ENDED) {
		start_timer(hub, k, now);
		trim_lost(hub);
		return;
	}
	forget(hub, k->id, k->lane);
	release(hub, k);
}

void
recovery_tick(struct hub *hub, struct hub_time now)
{
	struct rare_timer *tm;

	while ((tm = rare_timer_due(&hub->timers[TIMER_LOST], now.mono_ms)) != NULL) {
		if (tm == &hub->recovery->boot) {
			forget(hub, 0, 0);
			continue;
		}
		struct recoverable *k = TIMER_OWNER(tm, struct recoverable, lost);
		forget(hub, k->id, k->lane);
		release(hub, k);
	}
}

void
hub_start_recovery(struct hub *hub, struct hub_time now)
{
	rare_timer_start(
	    &hub->timers[TIMER_LOST], &hub->recovery->boot, now.mono_ms + hub->options.recovery_ms);
}

void
recovery_free(struct hub *hub)
{
	struct recovery *r = hub->recovery;

	if (r == NULL)
		return;
	rare_timer_stop(&hub->timers[TIMER_LOST], &r->boot);
	for (struct map_node *next, *n = map_next(&r->all, NULL); n != NULL; n = next) {
		next = map_next(&r->all, n);
		release(hub, MAP_ENTRY(n, struct recoverable, node));
	}
	map_clear(&r->all);
	free(r);
}

void
recovery_check(const struct hub *hub)
{
	const struct session *s;
	size_t n_connected = 0, n_recoverable = 0;

	for (struct map_node *n = NULL; (n = map_next(&hub->recovery->all, n)) != NULL;) {
		const struct recoverable *k = MAP_ENTRY(n, struct recoverable, node);

		check(k->id != 0);
		check(k->session == NULL || k->session->recoverable == k);
		check(k->session == NULL || !rare_timer_is_armed(&k->lost));
		n_connected += k->session != NULL;
	}
	TAILQ_FOREACH (s, &hub->sessions, link)
		n_recoverable += s->recoverable != NULL;
	check(n_recoverable == n_connected);
}
