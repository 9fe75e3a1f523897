/* SPDX-License-Identifier: ISC */
/*
 * feed.c - missed events in pages: the sources that a user may follow now, merged in log order.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "chat/feed.h"

/* A source as the store follows it. The own topic is two sources of the store. */
struct lane {
	struct queue_source part[2];
	int n_parts;
	char topic[TOPIC_SIZE];
};

static void
lane_open(struct lane *lane, const struct feed_source *s)
{
	struct span topic =
	    s->own ? topic_of_user(lane->topic, s->name) : topic_of_escrow(lane->topic, s->name);

	lane->part[lane->n_parts++] = (struct queue_source){.topic = topic, .after = s->after};
	if (s->own)
		lane->part[lane->n_parts++] = (struct queue_source){
		    .topic = s->name, .notifications = true, .after = s->after};
}

/* Rights are checked before gaps: a gap would tell a user without rights that there were events. */
static void
source_check(struct store *st, const struct rules *rules, const struct user *user,
    struct feed_source *s, struct lane *lane)
{
	struct standing who;

	s->state = FEED_OK;
	if (!s->own && chat_standing(st, rules, user, s->name, &who) != ERROR_NONE) {
		s->state = store_error(st) == STORE_OK ? FEED_REMOVED : FEED_OK;
		return;
	}
	lane_open(lane, s);
	for (int i = 0; i < lane->n_parts; i++) {
		if (queue_gap(st, &lane->part[i]))
			s->state = FEED_GAP;
	}
}

int64_t
feed_page(struct store *st, const struct rules *rules, const struct user *user,
    struct feed_source *sources, int n, int64_t until, int limit, queue_each *each, void *arg)
{
	struct lane *lanes = mem_zalloc((size_t)n * sizeof(*lanes));
	struct queue_source *merged = mem_zalloc((size_t)n * 2 * sizeof(*merged));
	int64_t whole = until;
	int n_merged = 0;

	for (int i = 0; i < n; i++) {
		source_check(st, rules, user, &sources[i], &lanes[i]);
		for (int k = 0; k < lanes[i].n_parts && sources[i].state == FEED_OK; k++)
			merged[n_merged++] = lanes[i].part[k];
	}
	if (n_merged > 0)
		whole = queue_merge(st, merged, n_merged, until, limit, each, arg);
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
