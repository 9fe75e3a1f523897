/* SPDX-License-Identifier: ISC */
/*
 * hub.c - the hub put together: its life, its clockwork and its figures.
 */
#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "hub/recovery/recovery.h"
#include "hub/replay/recent.h"
#include "hub/replay/replay.h"
#include "hub/replay/tail.h"
#include "hub/room/changes.h"
#include "hub/room/presence.h"
#include "hub/room/typing_state.h"
#include "hub/session/call.h"
#include "hub/session/closing.h"
#include "hub/session/expiry.h"
#include "hub/verbs/budget.h"

#define CONNECTIONS_MAX 1000 /* listed */

struct hub *
hub_new(const struct hub_options *options, const struct hub_start *start, struct reads *reads,
    struct writer *writer)
{
	struct hub *hub = mem_zalloc(sizeof(*hub));

	hub->options = *options;
	hub->position = start->position;
	memcpy(hub->incarnation, start->incarnation, sizeof(hub->incarnation));
	TAILQ_INIT(&hub->sessions);
	for (int i = 0; i < TIMER_KINDS; i++)
		timer_list_init(&hub->timers[i]);
	hub->is_healthy = true;
	error_full_text(hub->full_text, options->max_per_wallet);
	hub->spent_events = mem_zalloc(BUDGET_SLOTS * sizeof(int64_t));
	hub->spent_replay = mem_zalloc(BUDGET_SLOTS * sizeof(int64_t));
	hub->end_session = closing_end;
	hub->jobs = jobs_new(reads, writer);
	hub->changes = changes_new();
	hub->recent = recent_new(start->position);
	hub->recovery = recovery_new();
	hub->tail = tail_new();
	return hub;
}

/* When the last session has ended, some users are still in their grace period. */
static void
free_topics(struct hub *hub)
{
	for (struct map_node *n = NULL; (n = map_next(&hub->topics, n)) != NULL;) {
		struct topic *t = MAP_ENTRY(n, struct topic, node);
		if (t->room != NULL)
			presence_clear(hub, t->room);
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
	if (hub == NULL)
		return;
	hub->is_healthy = false; /* a read of the tail that is dropped is not worth a log line */
	jobs_free(hub->jobs);
	tail_free(hub->tail);
	free_topics(hub);
	recovery_free(hub);
	timer_heap_clear(&hub->expiries);
	recent_free(hub->recent);
	changes_free(hub->changes);
	free(hub->spent_events);
	free(hub->spent_replay);
	free(hub);
}

/* ---- turns ---- */

bool
hub_collect(struct hub *hub, struct hub_time now)
{
	jobs_collect(hub, tail_rows(hub->tail), now);
	return tail_advance(hub, now);
}

void
hub_flush_writes(struct hub *hub)
{
	jobs_flush_writes(hub->jobs);
}

void
hub_flush_reads(struct hub *hub)
{
	jobs_flush_reads(hub->jobs);
}

bool
hub_has_writes(const struct hub *hub)
{
	return jobs_has_writes(hub->jobs);
}

bool
hub_owes_answers(const struct hub *hub)
{
	const struct session *s;

	if (jobs_are_pending(hub->jobs))
		return true;
	TAILQ_FOREACH (s, &hub->sessions, link) {
		if (s->n_calls > 0)
			return true;
	}
	return false;
}

void
hub_tick(struct hub *hub, struct hub_time now)
{
	typing_tick(hub, now);
	presence_tick(hub, now);
	replay_tick(hub, now);
	recovery_tick(hub, now);
	expiry_tick(hub, now);
}

int64_t
hub_next_deadline(const struct hub *hub)
{
	int64_t next = timer_heap_next(&hub->expiries);

	for (int i = 0; i < TIMER_KINDS; i++) {
		int64_t at = timer_list_next(&hub->timers[i]);
		next = at < next ? at : next;
	}
	return next;
}

/* ---- figures ---- */

struct hub_figures
hub_figures(const struct hub *hub)
{
	return (struct hub_figures){
	    .sessions = hub->n_sessions - hub->n_leaving,
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
		if (s->is_leaving)
			continue;
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
