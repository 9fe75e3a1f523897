/* SPDX-License-Identifier: ISC */
/*
 * eventlog_merge.c - the rows that a reader has missed: rows of several topics, with the messages
 * of rooms, merged in log order. For each topic it reads a few ids ahead, from an index only, and
 * fetches a row when the row is given. It reads nothing else of the log.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "store/tables/eventlog_row.h"

#define AHEAD_FIRST 4 /* doubled at each refill, because most topics have few rows */
#define AHEAD_MAX   32

struct strand { /* one topic of the table log, or one room's messages */
	struct span topic;
	int64_t escrow;     /* the room of the messages; 0: rows of the table log */
	int64_t at;         /* messages.at of the last message that was read ahead */
	char *owned;        /* the memory of topic, if it belongs to the strand; else NULL */
	struct span not_by; /* rows by this actor are left out; n 0: none are */
	int64_t after;      /* the last id that was read ahead */
	int64_t ids[AHEAD_MAX];
	int n, next, ahead;
	bool is_read; /* there are no more ids after those in ids[] */
};

struct merge {
	struct store *st;
	struct strand *strands;
	int n, room;
	int64_t until;
};

static struct strand *
add_strand(struct merge *m, struct span topic, int64_t after)
{
	struct strand *s;

	if (m->n == m->room) {
		m->room = m->room ? m->room * 2 : 16;
		m->strands = mem_realloc(m->strands, (size_t)m->room, sizeof(*m->strands));
	}
	s = &m->strands[m->n++];
	*s = (struct strand){.topic = topic, .after = after, .ahead = AHEAD_FIRST};
	return s;
}

/* Adds a strand for each members: topic that has rows for the wallet. */
static void
add_members(struct merge *m, struct span wallet, int64_t after)
{
	struct query *q = use(m->st, SQL_EVENTLOG_MEMBERS);

	bind_int(q, ":after", after);
	bind_text(q, ":wallet", wallet);
	bind_int(q, ":until", m->until);
	while (step(q)) {
		struct span topic = column_text(q, 0);
		struct strand *s = add_strand(m, topic, column_int(q, 1));

		s->owned = mem_dup(topic.p, topic.n);
		s->topic.p = s->owned;
		s->not_by = wallet;
	}
}

/* Adds a strand for the messages of a room, if topic is a room. (Other rows of the room's topic
 * have a strand of their own.) */
static void
add_messages(struct merge *m, struct span topic, int64_t after)
{
	struct span prefix = SPAN(TOPIC_ROOM_PREFIX);
	int64_t from = single_int(use(m->st, SQL_EVENTLOG_FROM), 0);
	struct escrow escrow;
	struct strand *s;

	if (topic.n <= prefix.n || memcmp(topic.p, prefix.p, prefix.n) != 0 ||
	    !escrow_find(m->st, (struct span){topic.p + prefix.n, topic.n - prefix.n}, &escrow))
		return;
	s = add_strand(m, topic, after > from ? after : from);
	s->escrow = escrow.id;
	s->at = message_at_of_position(m->st, escrow.id, s->after);
}

static void
read_ahead_rows(struct merge *m, struct strand *s)
{
	struct query *q = use(m->st, SQL_EVENTLOG_IDS);

	bind_text(q, ":topic", s->topic);
	bind_int(q, ":after", s->after);
	bind_int(q, ":until", m->until);
	bind_int(q, ":limit", s->ahead);
	while (step(q))
		s->ids[s->n++] = column_int(q, 0);
	s->is_read = s->n < s->ahead;
	if (s->n > 0)
		s->after = s->ids[s->n - 1];
}

static void
read_ahead_messages(struct merge *m, struct strand *s)
{
	struct query *q = use(m->st, SQL_MESSAGE_IDS);
	int n = 0;

	bind_int(q, ":escrow", s->escrow);
	bind_int(q, ":at", s->at);
	bind_int(q, ":limit", s->ahead);
	for (; step(q); n++) {
		int64_t id = column_int(q, 0);

		s->at = column_int(q, 1);
		if (id <= m->until)
			s->ids[s->n++] = id;
	}
	s->is_read = n < s->ahead || s->n < n;
}

static void
read_ahead(struct merge *m, struct strand *s)
{
	s->n = s->next = 0;
	if (s->escrow > 0)
		read_ahead_messages(m, s);
	else
		read_ahead_rows(m, s);
	s->ahead = s->ahead * 2 < AHEAD_MAX ? s->ahead * 2 : AHEAD_MAX;
}

/* The strand whose next id is the smallest; NULL: no ids are left. Removes exhausted strands. */
static struct strand *
smallest(struct merge *m)
{
	struct strand *best = NULL;

	for (int i = 0; i < m->n;) {
		struct strand *s = &m->strands[i];

		if (s->next == s->n && !s->is_read)
			read_ahead(m, s);
		if (s->next == s->n) {
			free(s->owned);
			*s = m->strands[--m->n];
			continue;
		}
		if (best == NULL || s->ids[s->next] < best->ids[best->next])
			best = s;
		i++;
	}
	return best;
}

/* Moves each strand that has this id next to its next one: two sources can have one topic, and a
 * row is given once. True: none of these strands wants a row by this actor. */
static bool
pass_over(struct merge *m, int64_t id, struct span actor)
{
	bool is_wanted = false;

	for (int i = 0; i < m->n; i++) {
		struct strand *s = &m->strands[i];

		if (s->next == s->n || s->ids[s->next] != id)
			continue;
		s->next++;
		if (s->not_by.n == 0 || !span_eq(s->not_by, actor))
			is_wanted = true;
	}
	return !is_wanted;
}

enum given { GIVEN, PASSED_OVER, STOPPED };

static enum given
give_row(struct merge *m, int64_t id, eventlog_each *each, void *arg)
{
	struct query *q = use(m->st, SQL_EVENTLOG_ROW);
	enum given given = PASSED_OVER;
	struct eventlog_row row;
	struct message message;

	bind_int(q, ":id", id);
	if (!step(q))
		return STOPPED;
	eventlog_row_read(q, &row, &message);
	if (!pass_over(m, id, row.actor))
		given = each(&row, arg) ? GIVEN : STOPPED;
	done(q);
	return given;
}

int64_t
eventlog_merge(struct store *st, const struct eventlog_source *sources, int n, int64_t until,
    int limit, eventlog_each *each, void *arg)
{
	struct merge m = {.st = st, .until = until};
	int64_t exhausted = until;
	struct strand *s;

	for (int i = 0; i < n; i++) {
		if (sources[i].notifications) {
			add_members(&m, sources[i].topic, sources[i].after);
		} else {
			add_strand(&m, sources[i].topic, sources[i].after);
			add_messages(&m, sources[i].topic, sources[i].after);
		}
	}
	for (int given = 0; (s = smallest(&m)) != NULL;) {
		int64_t id = s->ids[s->next];
		enum given g = give_row(&m, id, each, arg);

		if (g == GIVEN)
			given++;
		if (g == STOPPED || given >= limit) {
			exhausted = id;
			break;
		}
	}
	for (int i = 0; i < m.n; i++)
		free(m.strands[i].owned);
	free(m.strands);
	return exhausted;
}

bool
eventlog_gap(struct store *st, const struct eventlog_source *source)
{
	struct query *q = use(st, source->notifications ? SQL_GAP_OF_MEMBERS : SQL_GAP_OF_TOPIC);

	bind_text(q, source->notifications ? ":wallet" : ":topic", source->topic);
	bind_int(q, ":after", source->after);
	return single_int(q, 0) != 0;
}
