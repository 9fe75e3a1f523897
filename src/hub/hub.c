/* SPDX-License-Identifier: ISC */
/*
 * hub.c - the hub's life, its clockwork and its figures.
 */
#include "hub/state.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

#define READ_MS         100
#define CONNECTIONS_MAX 1000 /* listed */

static void
read_start(struct store *st, void *arg)
{
	struct hub *hub = arg;

	hub->position = queue_head(st);
	incarnation_current(st, hub->incarnation);
}

struct hub *
hub_new(const struct hub_options *options, struct store *reader, struct writer *writer)
{
	struct hub *hub = mem_zalloc(sizeof(*hub));
	enum store_err err;

	hub->options = *options;
	hub->store = reader;
	hub->writer = writer;
	TAILQ_INIT(&hub->sessions);
	STAILQ_INIT(&hub->waiting);
	STAILQ_INIT(&hub->fresh);
	timers_init(&hub->timers);
	hub->is_healthy = true;
	hub->spent_events = mem_zalloc(BUDGET_SLOTS * sizeof(int64_t));
	hub->spent_replay = mem_zalloc(BUDGET_SLOTS * sizeof(int64_t));
	if ((err = store_read(reader, READ_MS, read_start, hub)) != STORE_OK) {
		log_error("hub: the log cannot be read: %s", store_err_text(err));
		free(hub->spent_events);
		free(hub->spent_replay);
		free(hub);
		return NULL;
	}
	return hub;
}

static void
drop_job(struct hub_job *hj)
{
	if (hj->session != NULL) {
		hj->session->n_jobs--;
		session_release(hj->session);
	}
	job_free(hj);
}

/* What is left of a room after its last session are users in their grace period. */
static void
free_presences(struct hub *hub, struct room *r)
{
	struct map_node *n;

	while ((n = map_next(&r->presences, NULL)) != NULL) {
		struct presence *p = MAP_ENTRY(n, struct presence, node);
		map_remove(&r->presences, n);
		p->user->n_presences--;
		presence_free(hub, p);
	}
}

static void
free_topics(struct hub *hub)
{
	struct topic *t;

	for (struct map_node *n = NULL; (n = map_next(&hub->topics, n)) != NULL;) {
		t = MAP_ENTRY(n, struct topic, node);
		if (t->room != NULL)
			free_presences(hub, t->room);
	}
	for (struct map_node *next, *n = map_next(&hub->topics, NULL); n != NULL; n = next) {
		next = map_next(&hub->topics, n);
		topic_release(hub, MAP_ENTRY(n, struct topic, node));
	}
	map_clear(&hub->topics);
}

void
hub_free(struct hub *hub)
{
	struct hub_job *hj;

	if (hub == NULL)
		return;
	while (
	    (hj = STAILQ_FIRST(&hub->waiting)) != NULL) { /* the log could not be read to the end */
		STAILQ_REMOVE_HEAD(&hub->waiting, link);
		drop_job(hj);
	}
	while (hub->jobs_first != NULL) { /* the writer has stopped before */
		hj = (struct hub_job *)hub->jobs_first;
		hub->jobs_first = hj->job.next;
		drop_job(hj);
	}
	free_topics(hub);
	fresh_clear(&hub->fresh);
	kept_free(hub);
	free(hub->spent_events);
	free(hub->expiries);
	free(hub->spent_replay);
	free(hub);
}

void
hub_tick(struct hub *hub, struct hub_time now)
{
	presence_tick(hub, now);
	replay_tick(hub, now);
	kept_tick(hub, now);
	expiry_tick(hub, now);
}

int64_t
hub_next_deadline(const struct hub *hub)
{
	int64_t timers = timers_next(&hub->timers), expiry = expiry_next(hub);

	return expiry < timers ? expiry : timers;
}

size_t
hub_max_rooms(const struct hub *hub)
{
	return hub->options.max_rooms > 0 ? hub->options.max_rooms : ROOMS_MAX;
}

bool
hub_user_is_full(struct hub *hub, const struct user *user, const struct session *leaving)
{
	char name[TOPIC_SIZE];
	struct topic *own = topic_find(hub, topic_of_user(name, span_of(user->key)));
	size_t n = 0;

	if (hub->options.max_per_wallet == 0 || own == NULL)
		return false;
	for (uint32_t i = 0; i < own->n_subs; i++) {
		const struct session *s = topic_subs(own)[i]->session;
		n += !s->transport->is_passing && s != leaving;
	}
	return n >= hub->options.max_per_wallet;
}

bool
hub_replay_is_spent(struct hub *hub, const struct user *user, struct hub_time now)
{
	return budget_overdrawn(budget_of(hub->spent_replay, span_of(user->key)), REPLAY_WINDOW_MS,
		   now.mono_ms) > 0;
}

const char *
hub_cursor(const struct hub *hub, char out[CURSOR_SIZE], int64_t position)
{
	return cursor_format(out, hub->incarnation, position);
}

struct hub_figures
hub_figures(const struct hub *hub)
{
	return (struct hub_figures){
	    .sessions = hub->n_sessions,
	    .rooms = hub->n_rooms,
	    .delivered = hub->delivered,
	    .bad_rows = hub->bad_rows,
	    .position = hub->position,
	    .is_healthy = hub->is_healthy,
	};
}

void
hub_connections(const struct hub *hub, struct buf *out)
{
	const struct session *s;
	size_t listed = 0;
	char wallet[16];

	json_open(out, '[');
	TAILQ_FOREACH (s, &hub->sessions, link) {
		if (listed++ == CONNECTIONS_MAX)
			break;
		json_element(out);
		json_open(out, '{');
		json_member_cstr(
		    out, "walletAddress", log_wallet(wallet, span_of(session_name(s))));
		json_member_int(out, "escrowRooms", s->n_rooms);
		json_member_cstr(out, "transport",
		    s->transport->carrier != NULL ? s->transport->carrier(s) : s->transport->name);
		json_member_time(out, "connectedAt", s->connected_at);
		json_close(out, '}');
	}
	json_close(out, ']');
}
