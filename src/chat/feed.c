/* SPDX-License-Identifier: ISC */
/*
 * feed.c - missed events in pages: the sources that a user may follow now, merged in log order.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "chat/feed.h"

/* A source as the store follows it. The own topic is two sources of the store. */
struct feed_parts {
	struct eventlog_source part[2];
	int n_parts;
	char topic[TOPIC_SIZE];
};

static void
lane_open(struct feed_parts *parts, const struct feed_source *s)
{
	struct span topic =
	    s->own ? topic_of_user(parts->topic, s->name) : topic_of_escrow(parts->topic, s->name);

	parts->part[parts->n_parts++] = (struct eventlog_source){.topic = topic, .after = s->after};
	if (s->own)
		parts->part[parts->n_parts++] = (struct eventlog_source){
		    .topic = s->name, .notifications = true, .after = s->after};
}

/* Rights are checked before gaps: a gap would tell a user without rights that there were events. */
static void
source_check(struct store *st, const struct rules *rules, const struct user *user,
    struct feed_source *s, struct feed_parts *parts)
{
	struct standing who;

	s->state = FEED_OK;
	if (!s->own && chat_standing(st, rules, user, s->name, &who) != ERROR_NONE) {
		s->state = store_error(st) == STORE_OK ? FEED_REMOVED : FEED_OK;
		return;
	}
	lane_open(parts, s);
	for (int i = 0; i < parts->n_parts; i++) {
		if (eventlog_gap(st, &parts->part[i]))
			s->state = FEED_GAP;
	}
}

int64_t
feed_page(struct store *st, const struct rules *rules, const struct user *user,
    struct feed_source *sources, int n, int64_t until, int limit, eventlog_each *each, void *arg)
{
	struct feed_parts *lanes = mem_zalloc((size_t)n * sizeof(*lanes));
	struct eventlog_source *merged = mem_zalloc((size_t)n * 2 * sizeof(*merged));
	int64_t whole = until;
	int n_merged = 0;

	for (int i = 0; i < n; i++) {
		source_check(st, rules, user, &sources[i], &lanes[i]);
		for (int k = 0; k < lanes[i].n_parts && sources[i].state == FEED_OK; k++)
			merged[n_merged++] = lanes[i].part[k];
	}
	if (n_merged > 0)
		whole = eventlog_merge(st, merged, n_merged, until, limit, each, arg);
	if (store_error(st) != STORE_OK)
		whole = -1;
	for (int i = 0; i < n; i++) {
		if (sources[i].state == FEED_OK && sources[i].after < whole)
			sources[i].after = whole;
	}
	free(merged);
	free(lanes);
	return whole;
}
