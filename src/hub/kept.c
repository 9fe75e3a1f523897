/* SPDX-License-Identifier: ISC */
/*
 * kept.c - connection state recovery: sessions whose client may come back, to the same id and the same rooms.
 * The store keeps who and where, the log what was missed; here is only which of them are connected, and until when the others may return.
 */
#include "hub/state.h"

#include <stdlib.h>

#include "base/digest.h"
#include "base/ids.h"
#include "base/mem.h"
#include "chat/tokens.h"
#include "chat/views.h"
#include "store/kept.h"

/* The secret to return with: of 5 bits a character, the time, and 160 random ones. The time is there so that the table's index of what
 * is kept grows at its end; the store has the time as it is, and a hash of the whole. */
#define TIME_CHARS    8
#define PID_CHARS     (TIME_CHARS + 32)
#define SID_CHARS     20
#define READ_MS       100
#define PID_HASH_SIZE (TIME_CHARS + 2 * DIGEST_SHA256_SIZE + 1) /* the time, and the whole in hex */

struct kept_room {
	char escrow_id[STORE_NAME_SIZE];
	int64_t began;
	enum chat_err err; /* of the standing: membership as it is now */
	struct standing standing;
};

struct connect_job {
	struct hub_job job;
	struct connect_options options;
	bool is_cancelled;
	bool
	    may_recover; /* the pid is of a session that is connected, was lost in time, or is of an earlier daemon */
	char offset[CURSOR_SIZE];
	char old_hash[PID_HASH_SIZE];
	char pid[PID_CHARS + 1], hash[PID_HASH_SIZE];
	/* results */
	bool is_recovered;
	struct kept_session kept;
	int64_t checked, from; /* the log's head; the offset's position */
	struct kept_room *rooms;
	size_t n_rooms;
};

static void
make_pid(char out[PID_CHARS + 1], int64_t wall_ms)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv"; /* in the order of bytes */

	for (int i = TIME_CHARS - 1; i >= 0; i--, wall_ms /= 32)
		out[i] = digits[wall_ms % 32];
	ids_token(out + TIME_CHARS, PID_CHARS - TIME_CHARS);
}

static void
hash_pid(char out[PID_HASH_SIZE], const char *pid)
{
	uint8_t digest[DIGEST_SHA256_SIZE];

	digest_sha256(digest, (struct span){pid, PID_CHARS});
	memcpy(out, pid, TIME_CHARS);
	digest_hex(out + TIME_CHARS, digest, sizeof(digest));
}

static struct kept *
kept_find(struct hub *hub, const char *hash)
{
	struct map_node *n = map_find(&hub->kept, (struct span){hash, KEPT_KEY_CHARS});

	return n != NULL ? MAP_ENTRY(n, struct kept, node) : NULL;
}

static struct kept *
kept_new(struct hub *hub, const char *hash, int64_t id)
{
	struct kept *k = mem_zalloc(sizeof(*k));

	memcpy(k->key, hash, sizeof(k->key));
	k->id = id;
	map_insert(&hub->kept, &k->node, (struct span){k->key, sizeof(k->key)});
	return k;
}

/* ---- on the writer thread: who may return ---- */

static bool
has_gap(struct store *st, struct span topic, bool notifications, int64_t after)
{
	return queue_gap(st,
	    &(struct queue_source){.topic = topic, .notifications = notifications, .after = after});
}

static bool
take_room(struct span escrow_id, int64_t began, void *arg)
{
	struct connect_job *j = arg;
	struct kept_room *room;

	j->rooms = mem_realloc(j->rooms, j->n_rooms + 1, sizeof(*j->rooms));
	room = &j->rooms[j->n_rooms++];
	*room = (struct kept_room){.began = began > j->from ? began : j->from};
	memcpy(room->escrow_id, escrow_id.p, escrow_id.n < STORE_NAME_SIZE ? escrow_id.n : 0);
	return j->n_rooms < hub_max_rooms(j->job.hub);
}

static void
read_standing(struct store *st, const struct connect_job *j, struct kept_room *room)
{
	room->err = chat_standing(st, &j->job.hub->options.rules, &j->job.user,
	    span_of(room->escrow_id), &room->standing);
}

/* True if nothing that he missed is lost: else he is told to begin anew, not given a part. */
static bool
can_recover(struct store *st, struct connect_job *j)
{
	char name[TOPIC_SIZE];
	struct span key = span_of(j->job.user.key);
	int64_t own = j->kept.own_from > j->from ? j->kept.own_from : j->from;

	if (has_gap(st, topic_of_user(name, key), false, own) || has_gap(st, key, true, own))
		return false;
	for (size_t i = 0; i < j->n_rooms; i++) {
		struct kept_room *room = &j->rooms[i];
		read_standing(st, j, room);
		if (room->err == CHAT_OK &&
		    has_gap(
			st, topic_of_escrow(name, span_of(room->escrow_id)), false, room->began))
			return false;
	}
	return true;
}

static bool
recover(struct store *st, struct connect_job *j)
{
	if (!j->may_recover ||
	    !kept_take(st, span_of(j->old_hash), span_of(j->job.user.key), &j->kept))
		return false;
	j->from = 0;
	j->n_rooms = 0;
	if (j->offset[0] == '\0' ||
	    cursor_resolve(st, span_of(j->offset), &j->from) == CURSOR_GOOD) {
		kept_rooms_each(st, j->kept.id, take_room, j);
		if (can_recover(st, j))
			return true;
	}
	kept_delete(st, j->kept.id);
	return false;
}

static bool
run_connect(struct store *st, struct writer_job *job)
{
	struct connect_job *j = (struct connect_job *)job;

	j->checked = queue_head(st);
	j->is_recovered = recover(st, j);
	if (!j->is_recovered) {
		j->n_rooms = 0;
		j->from = 0;
		j->kept.own_from = j->checked;
		ids_token(j->kept.sid, SID_CHARS);
		j->kept.id = kept_insert(st, span_of(j->hash), span_of(j->kept.sid),
		    span_of(j->job.user.key), j->kept.own_from);
	}
	return true;
}

/* ---- back on the loop's ---- */

static void forget(struct hub *, int64_t kept);

static void
enter_rooms(struct connect_job *j, struct session *s, struct hub_time now)
{
	for (size_t i = 0; i < j->n_rooms; i++) {
		struct kept_room *room = &j->rooms[i];
		struct span escrow_id = span_of(room->escrow_id);
		if (room->err == CHAT_OK) {
			sub_begin_asked(session_enter(
			    s, escrow_id, &room->standing, room->began, j->checked, now));
			continue;
		}
		struct buf data = {0};
		view_chat_error(&data, SPAN("subscribe_escrow"), CHAT_REMOVED, NULL, escrow_id);
		session_send_event(s, "chat_error", buf_as_span(&data), SPAN(""), SPAN(""));
		buf_clear(&data);
		kept_forget_room(s, escrow_id);
	}
}

static void
read_again(struct store *st, void *arg)
{
	struct connect_job *j = arg;

	j->job.err = user_stands(st, &j->job.user) ? CHAT_OK : CHAT_UNAUTHORIZED;
	j->checked = queue_head(st);
	for (size_t i = 0; i < j->n_rooms; i++)
		read_standing(st, j, &j->rooms[i]);
}

/* His token may have been ended since he asked, or what he may do in a room have changed, by a row that the tail has passed already. */
static void
look_again(struct connect_job *j)
{
	struct hub *hub = j->job.hub;

	if (j->job.user.proof.hash[0] == '\0' && (j->n_rooms == 0 || hub->position <= j->checked))
		return;
	if (store_read(hub->store, READ_MS, read_again, j) != STORE_OK)
		j->job.err = CHAT_UNAVAILABLE;
}

static void
finish_connect(struct hub_job *job, struct hub_time now)
{
	struct connect_job *j = (struct connect_job *)job;
	struct hub *hub = job->hub;
	const char *pid = j->is_recovered ? j->options.pid.p : j->pid;
	const char *hash = j->is_recovered ? j->old_hash : j->hash;
	struct connect_result result = {
	    .sid = j->kept.sid, .pid = pid, .is_recovered = j->is_recovered};
	struct session *s, *old;
	struct kept *k;
	bool is_unwanted;

	if (job->err == CHAT_OK) {
		look_again(j);
		if (job->err != CHAT_OK && !j->is_recovered)
			forget(hub, j->kept.id);
		else if (job->err != CHAT_OK && kept_find(hub, hash) == NULL)
			kept_new(hub, hash, j->kept.id);
	}
	/* What was not recovered waits on, or is forgotten, as if nobody had come. */
	if ((job->err != CHAT_OK || !j->is_recovered) &&
	    (k = kept_find(hub, j->old_hash)) != NULL && k->session == NULL)
		timer_start(
		    &hub->timers, TIMER_KEPT, &k->lost, now.mono_ms + hub->options.recovery_ms);
	if (job->err != CHAT_OK) {
		if (!j->is_cancelled)
			j->options.done(
			    j->options.session.owner, &(struct connect_result){.err = job->err});
		return;
	}
	k = kept_find(hub, hash);
	is_unwanted =
	    j->is_cancelled || hub_user_is_full(hub, &job->user, k != NULL ? k->session : NULL);
	if (is_unwanted && !j->is_cancelled)
		j->options.done(
		    j->options.session.owner, &(struct connect_result){.err = CHAT_RATE_LIMITED});
	/* A secret that was not told is nobody's to return with. */
	if (is_unwanted && !j->is_recovered) {
		forget(hub, j->kept.id);
		return;
	}
	if (k == NULL)
		k = kept_new(hub, hash, j->kept.id);
	timer_stop(&hub->timers, TIMER_KEPT, &k->lost);
	if (is_unwanted) {
		if (k->session == NULL)
			timer_start(&hub->timers, TIMER_KEPT, &k->lost,
			    now.mono_ms + hub->options.recovery_ms);
		return;
	}
	old = k->session;
	j->options.session.user = &job->user;
	j->options.session.cursor = (struct span){"", 0};
	j->options.session.now = now;
	s = result.session = session_open(hub, &j->options.session);
	s->kept = k;
	k->session = s;
	s->subs->position = j->kept.own_from > j->from ? j->kept.own_from : j->from;
	sub_begin_asked(s->subs);
	j->options.done(j->options.session.owner, &result);
	enter_rooms(j, s, now);
	if (old != NULL) {
		old->kept = NULL;
		if (old->transport->dismiss != NULL)
			old->transport->dismiss(old, DISMISS_TAKEN);
	}
	s->transport->resume(s);
}

static void
clear_connect(struct hub_job *job)
{
	struct connect_job *j = (struct connect_job *)job;

	free((char *)j->options.pid.p);
	free(j->rooms);
}

static struct hub_job *
connect_kept(struct hub *hub, const struct connect_options *o)
{
	struct connect_job *j = mem_zalloc(sizeof(*j));

	j->job.job.run = run_connect;
	j->job.hub = hub;
	j->job.event = "connect";
	j->job.user = *o->session.user;
	j->job.finish = finish_connect;
	j->job.clear = clear_connect;
	j->options = *o;
	j->options.pid = (struct span){mem_strndup(o->pid.p, o->pid.n), o->pid.n};
	make_pid(j->pid, o->session.now.wall_ms);
	hash_pid(j->hash, j->pid);
	if (o->pid.n == PID_CHARS && o->offset.n < CURSOR_SIZE) {
		hash_pid(j->old_hash, o->pid.p);
		struct kept *k = kept_find(hub, j->old_hash);
		memcpy(j->offset, o->offset.p, o->offset.n);
		j->may_recover = timer_is_armed(&hub->boot) || k != NULL;
		if (k != NULL) /* it has come back in time, however long the writer takes */
			timer_stop(&hub->timers, TIMER_KEPT, &k->lost);
	}
	job_submit(&j->job);
	return &j->job;
}

struct hub_job *
session_connect(struct hub *hub, const struct connect_options *o)
{
	char sid[SID_CHARS + 1];
	struct session_options so = o->session;

	if (o->is_kept && hub_recovers(hub))
		return connect_kept(hub, o);
	ids_token(sid, SID_CHARS);
	so.cursor = (struct span){"", 0};
	o->done(so.owner, &(struct connect_result){.session = session_open(hub, &so), .sid = sid});
	return NULL;
}

void
session_connect_cancel(struct hub_job *job)
{
	((struct connect_job *)job)->is_cancelled = true;
}

/* ---- the end of keeping ---- */

struct forget_job {
	struct hub_job job;
	int64_t kept; /* 0: all of earlier daemons */
};

static bool
run_forget(struct store *st, struct writer_job *job)
{
	struct forget_job *j = (struct forget_job *)job;

	if (j->kept != 0)
		kept_delete(st, j->kept);
	else
		kept_delete_of_earlier_boots(st);
	return true;
}

static void
finish_forget(struct hub_job *job, struct hub_time now)
{
}

static void
forget(struct hub *hub, int64_t kept)
{
	struct forget_job *j = mem_zalloc(sizeof(*j));

	j->job.job.run = run_forget;
	j->job.hub = hub;
	j->job.finish = finish_forget;
	j->kept = kept;
	job_submit(&j->job);
}

static void
kept_release(struct hub *hub, struct kept *k)
{
	timer_stop(&hub->timers, TIMER_KEPT, &k->lost);
	map_remove(&hub->kept, &k->node);
	free(k);
}

/* A client that comes and goes without end leaves no more behind than there is room for. */
static void
trim_lost(struct hub *hub)
{
	size_t max = hub->options.max_kept;

	while (max > 0 && hub->kept.count > max) {
		struct timer *tm = timers_first(&hub->timers, TIMER_KEPT);
		struct kept *k;

		if (tm == &hub->boot)
			tm = timer_after(tm);
		if (tm == NULL)
			return;
		k = MAP_ENTRY(tm, struct kept, lost);
		forget(hub, k->id);
		kept_release(hub, k);
	}
}

void
kept_end(struct session *s, enum session_end end, struct hub_time now)
{
	struct hub *hub = s->hub;
	struct kept *k = s->kept;

	s->kept = NULL;
	if (k == NULL)
		return;
	k->session = NULL;
	if (end != SESSION_ENDED) {
		timer_start(
		    &hub->timers, TIMER_KEPT, &k->lost, now.mono_ms + hub->options.recovery_ms);
		trim_lost(hub);
		return;
	}
	forget(hub, k->id);
	kept_release(hub, k);
}

void
kept_tick(struct hub *hub, struct hub_time now)
{
	struct timer *tm;

	while ((tm = timers_due(&hub->timers, TIMER_KEPT, now.mono_ms)) != NULL) {
		if (tm == &hub->boot) {
			forget(hub, 0);
			continue;
		}
		struct kept *k = MAP_ENTRY(tm, struct kept, lost);
		forget(hub, k->id);
		kept_release(hub, k);
	}
}

bool
hub_recovers(const struct hub *hub)
{
	return hub->options.recovery_ms > 0;
}

void
hub_start_recovery(struct hub *hub, struct hub_time now)
{
	timer_start(&hub->timers, TIMER_KEPT, &hub->boot, now.mono_ms + hub->options.recovery_ms);
}

void
kept_free(struct hub *hub)
{
	timer_stop(&hub->timers, TIMER_KEPT, &hub->boot);
	for (struct map_node *next, *n = map_next(&hub->kept, NULL); n != NULL; n = next) {
		next = map_next(&hub->kept, n);
		kept_release(hub, MAP_ENTRY(n, struct kept, node));
	}
	map_clear(&hub->kept);
}
