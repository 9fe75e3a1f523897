/* SPDX-License-Identifier: ISC */
/*
 * search.c - search in messages: the index gives candidates, newest first, and the text of each one
 * is checked. The results do not depend on messages that the user may not read: the query names the
 * escrows and joins the membership, and the order is by id, not by rank.
 */
#include "chat/search.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "chat/search_terms.h"
#include "chat/standing.h"
#include "contract/views.h"
#include "proto/utf8.h"

#define PAGE_MAX      200
#define STEP_ESCROWS  128       /* escrows in one query */
#define STEP_LOOKS    1000      /* candidates checked in one step; the page ends with the last */
#define STEP_BYTES    (2 << 20) /* bytes of their text; the same */
#define SNIPPET_LEAD  40        /* code points before the first match */
#define SNIPPET_TOTAL 160

struct hit {
	int64_t id;
	char message_id[MESSAGE_ID_SIZE];
	struct buf json;
};

struct search {
	struct terms terms;
	int64_t *escrows; /* to search in; those before `asked` are done */
	int n_escrows, cap, asked;
	int64_t open; /* the escrow that the user may read unlisted (rooms = open); 0: none */
	int64_t before;
	struct hit *hits; /* the newest, newest first; room for two pages */
	int n_hits, page; /* page: limit + 1 */
	int64_t floor;    /* older messages were not all checked; 0: all were */
	char floor_id[MESSAGE_ID_SIZE];
};

/* ---- a snippet ---- */

static size_t
back(struct span text, size_t at, int points)
{
	while (at > 0 && points > 0) {
		at--;
		points -= ((unsigned char)text.p[at] & 0xc0) != 0x80;
	}
	return at;
}

/* Ranges are in UTF-16 code units, like the indexes of JavaScript strings. */
struct snippet {
	struct buf text, ranges;
	int units, begin; /* begin < 0: outside a range */
};

static void
snippet_end(struct snippet *s)
{
	json_element(&s->ranges);
	json_open(&s->ranges, '[');
	json_element(&s->ranges);
	json_put_int(&s->ranges, s->begin);
	json_element(&s->ranges);
	json_put_int(&s->ranges, s->units);
	json_close(&s->ranges, ']');
	s->begin = -1;
}

static void
snippet_ellipsis(struct snippet *s)
{
	buf_str(&s->text, "\xe2\x80\xa6");
	s->units++;
}

static void
snippet_fill(struct snippet *s, struct span content, const struct range *ranges, int n)
{
	size_t from = back(content, ranges[0].start, SNIPPET_LEAD);
	struct span rest = {content.p + from, content.n - from};
	uint32_t point;
	int r = 0;

	if (from > 0)
		snippet_ellipsis(s);
	for (int points = 0; points < SNIPPET_TOTAL && rest.n > 0; points++) {
		const char *here = rest.p;
		size_t at = (size_t)(here - content.p);

		if (s->begin >= 0 && at >= ranges[r].end) {
			snippet_end(s);
			r++;
		}
		if (r < n && s->begin < 0 && at >= ranges[r].start)
			s->begin = s->units;
		if (!utf8_next(&rest, &point))
			break;
		buf_add(&s->text, here, (size_t)(rest.p - here));
		s->units += point > 0xffff ? 2 : 1;
	}
	if (s->begin >= 0)
		snippet_end(s);
	if (rest.n > 0)
		snippet_ellipsis(s);
}

static void
snippet_write(struct buf *out, struct span content, const struct terms *t)
{
	struct snippet s = {.begin = -1};

	json_open(&s.ranges, '[');
	snippet_fill(&s, content, t->ranges, t->n_ranges);
	json_close(&s.ranges, ']');
	json_name(out, "snippet");
	json_open(out, '{');
	json_member_string(out, "text", buf_as_span(&s.text));
	json_member_raw(out, "ranges", buf_as_span(&s.ranges));
	json_close(out, '}');
	buf_clear(&s.text);
	buf_clear(&s.ranges);
}

/* ---- hits ---- */

struct step {
	struct store *st;
	struct search *s;
	const int64_t *escrows; /* of this query */
	int n_escrows;
	const struct search_row *row; /* the current candidate */
	int64_t last;                 /* the id of the last one that was checked */
	uint64_t last_nonce;
	int looks, found;
	size_t bytes;
};

static bool
on_message(const struct message *m, void *arg)
{
	struct step *step = arg;
	struct search *s = step->s;
	struct hit *hit = &s->hits[s->n_hits++];

	*hit = (struct hit){.id = m->id};
	message_id_format(hit->message_id, m->id, m->nonce);
	view_message(&hit->json, m, step->row->escrow_id);
	hit->json.len--; /* the closing brace: the snippet goes before it */
	snippet_write(&hit->json, m->content, &s->terms);
	json_close(&hit->json, '}');
	return false;
}

/* Checks the escrow again: a text may contain the word that marks another escrow in the index. */
static bool
is_asked(const struct step *step, int64_t escrow)
{
	for (int i = 0; i < step->n_escrows; i++) {
		if (step->escrows[i] == escrow)
			return true;
	}
	return false;
}

static bool
on_candidate(const struct search_row *row, void *arg)
{
	struct step *step = arg;
	struct search *s = step->s;

	if (++step->looks > STEP_LOOKS || step->bytes > STEP_BYTES) {
		s->floor = step->last;
		message_id_format(s->floor_id, step->last, step->last_nonce);
		return false;
	}
	step->bytes += row->content.n;
	step->last = row->id;
	step->last_nonce = row->nonce;
	if (!is_asked(step, row->escrow) || !terms_find(&s->terms, step->st, row->content))
		return store_error(step->st) == STORE_OK;
	step->row = row;
	step->found += message_find(step->st, row->escrow, row->id, row->nonce, on_message, step);
	return step->found < s->page;
}

static int
newest_first(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;

	return x->id > y->id ? -1 : x->id < y->id;
}

/* Checks the newest messages, which are not in the index yet, before all others. Messages that
 * enter the index before the last step were checked here, so `before` excludes them. */
static void
look_at_tail(struct store *st, const struct chat_search *q, struct search *s)
{
	struct step step = {.st = st, .s = s, .escrows = s->escrows, .n_escrows = s->n_escrows};
	struct search_range range = {
	    .wallet = span_of(q->user->key),
	    .before = s->before,
	    .open = s->open,
	    .escrow = q->escrow_id.n > 0 ? s->escrows[0] : 0,
	};

	search_tail(st, &range, on_candidate, &step);
	if (s->before > search_indexed(st) + 1)
		s->before = search_indexed(st) + 1;
}

static void
ask_about_some(struct store *st, const struct user *user, struct search *s)
{
	int left = s->n_escrows - s->asked, n = left < STEP_ESCROWS ? left : STEP_ESCROWS;
	struct step step = {.st = st, .s = s, .escrows = s->escrows + s->asked, .n_escrows = n};
	struct buf match = {0};
	struct search_range range = {
	    .wallet = span_of(user->key),
	    .after = s->n_hits == s->page ? s->hits[s->page - 1].id : 0,
	    .before = s->before,
	    .open = s->open,
	};

	if (range.after < s->floor - 1)
		range.after = s->floor - 1;
	terms_match(&s->terms, &match);
	search_and_escrows(&match, step.escrows, n);
	range.match = buf_as_span(&match);
	search_match(st, &range, on_candidate, &step);
	buf_clear(&match);
	s->asked += n;
	qsort(s->hits, (size_t)s->n_hits, sizeof(s->hits[0]), newest_first);
	while (s->n_hits > s->page)
		buf_clear(&s->hits[--s->n_hits].json);
}

/* ---- the steps ---- */

static void
add_escrow(struct search *s, int64_t escrow)
{
	if (s->n_escrows == s->cap) {
		s->cap = s->cap > 0 ? s->cap * 2 : 16;
		s->escrows = mem_realloc(s->escrows, (size_t)s->cap, sizeof(*s->escrows));
	}
	s->escrows[s->n_escrows++] = escrow;
}

static bool
on_participation(const struct participation *p, void *arg)
{
	add_escrow(arg, p->escrow.id);
	return true;
}

static enum error
find_escrows(
    struct store *st, const struct rules *rules, const struct chat_search *q, struct search *s)
{
	struct standing who;
	enum error err;

	if (q->escrow_id.n == 0) {
		participations_each(st, span_of(q->user->key), on_participation, s);
		return ERROR_NONE;
	}
	err = chat_standing(st, rules, q->user, q->escrow_id, &who);
	if (err != ERROR_NONE || who.escrow == 0)
		return err;
	add_escrow(s, who.escrow);
	if (who.role == ROLE_NONE)
		s->open = who.escrow;
	return ERROR_NONE;
}

/* Reads q->before, which must be a message that the user may read. */
static enum error
find_before(
    struct store *st, const struct rules *rules, const struct chat_search *q, struct search *s)
{
	struct message_place place;
	struct standing who;
	uint64_t nonce;

	s->before = INT64_MAX;
	if (q->before.n == 0)
		return ERROR_NONE;
	if (!message_id_parse(q->before, &s->before, &nonce) ||
	    !message_place(st, s->before, nonce, &place) ||
	    chat_standing(st, rules, q->user, span_of(place.escrow_id), &who) != ERROR_NONE)
		return ERROR_NOT_FOUND;
	return ERROR_NONE;
}

static enum error
begin(struct store *st, const struct rules *rules, struct chat_search *q)
{
	struct span text = utf8_trim(q->text);
	struct search *s = q->state = mem_zalloc(sizeof(*s));
	enum error err;

	if (q->limit < 1 || q->limit > PAGE_MAX || text.n == 0)
		return ERROR_BAD_REQUEST;
	s->page = q->limit + 1;
	s->hits = mem_zalloc(2 * (size_t)s->page * sizeof(*s->hits));
	err = find_escrows(st, rules, q, s);
	if (err == ERROR_NONE)
		err = find_before(st, rules, q, s);
	if (err == ERROR_NONE)
		terms_read(&s->terms, st, search_is_trigram(st), text);
	return err;
}

static void
finish(struct chat_search *q)
{
	struct search *s = q->state;
	const char *next = s->floor_id;

	json_open(&q->messages, '[');
	for (; q->count < q->limit && q->count < s->n_hits; q->count++) {
		const struct hit *hit = &s->hits[q->count];

		if (hit->id < s->floor)
			break;
		json_element(&q->messages);
		buf_span(&q->messages, buf_as_span(&hit->json));
	}
	json_close(&q->messages, ']');
	if (q->count == q->limit)
		next = s->n_hits > q->limit || s->floor > 0 ? s->hits[q->count - 1].message_id : "";
	memcpy(q->next, next, strlen(next) + 1);
	q->is_done = true;
}

bool
chat_search(struct store *st, const struct rules *rules, struct chat_search *q)
{
	q->err = ERROR_NONE;
	if (!utf8_valid(q->text) || utf8_length(q->text) > SEARCH_TEXT_MAX)
		q->err = ERROR_BAD_REQUEST;
	else if (!q->state)
		q->err = begin(st, rules, q);
	if (q->err == ERROR_NONE && q->state->terms.n > 0 &&
	    q->state->asked < q->state->n_escrows) {
		if (q->state->asked == 0)
			look_at_tail(st, q, q->state);
		ask_about_some(st, q->user, q->state);
	}
	q->err = standing_verdict(st, q->err);
	if (q->err == ERROR_NONE &&
	    (q->state->terms.n == 0 || q->state->asked == q->state->n_escrows))
		finish(q);
	return q->err == ERROR_NONE;
}

void
chat_search_clear(struct chat_search *q)
{
	struct search *s = q->state;

	buf_clear(&q->messages);
	if (!s)
		return;
	for (int i = 0; i < s->n_hits; i++)
		buf_clear(&s->hits[i].json);
	terms_clear(&s->terms);
	free(s->hits);
	free(s->escrows);
	free(s);
	q->state = NULL;
}
