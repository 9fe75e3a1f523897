/* SPDX-License-Identifier: ISC */
/*
 * search_terms.c - the terms of a search: reads them, writes them as an expression of the index,
 * and finds them in a text token by token.
 */
#include "chat/search_terms.h"

#include <stdlib.h>

#include "base/mem.h"
#include "proto/utf8.h"

#define START_MIN 3 /* characters before a *: the index has prefixes of this length */

/* ---- tokens ---- */

static void
on_token(void *arg, struct span token, size_t start, size_t end)
{
	struct tokens *t = arg;

	if (t->n == t->cap) {
		t->cap = t->cap > 0 ? t->cap * 2 : 64;
		t->v = mem_realloc(t->v, t->cap, sizeof(*t->v));
	}
	t->v[t->n++] = (struct token){t->text.len, token.n, start, end};
	buf_span(&t->text, token);
}

static void
tokens_clear(struct tokens *t)
{
	buf_clear(&t->text);
	free(t->v);
	*t = (struct tokens){0};
}

static struct span
token_text(const struct tokens *t, size_t i)
{
	return (struct span){t->text.p + t->v[i].at, t->v[i].n};
}

/* The first n characters of valid UTF-8, or fewer. */
static struct span
characters(struct span text, int n)
{
	struct span rest = text;
	uint32_t point;

	while (n-- > 0 && utf8_next(&rest, &point))
		;
	return (struct span){text.p, text.n - rest.n};
}

/* ---- reading ---- */

static void
add(struct terms *t, struct store *st, struct span text, bool is_start)
{
	struct term *term = &t->v[t->n];
	bool is_short = t->is_trigram && utf8_length(text) < 3;

	if (t->n == TERMS_MAX || text.n == 0)
		return;
	*term = (struct term){.text = text, .first = t->tokens.n};
	if (!is_short)
		search_tokens(st, t->is_trigram, text, on_token, &t->tokens);
	term->n = t->tokens.n - term->first;
	if (term->n == 0 && !is_short)
		return;
	if (is_start && term->n > 0)
		term->is_start = utf8_length(token_text(&t->tokens, t->tokens.n - 1)) >= START_MIN;
	t->n++;
}

/* The length in bytes of the white space or quote at the start of text, else 0. A NUL counts as
 * white space. */
static size_t
separator(struct span text)
{
	struct span rest = text, one;
	uint32_t point;

	if (text.p[0] == '"' || text.p[0] == '\0')
		return 1;
	if (!utf8_next(&rest, &point))
		return 1;
	one = (struct span){text.p, text.n - rest.n};
	return utf8_trim(one).n == 0 ? one.n : 0;
}

static struct span
cut_word(struct span *rest)
{
	struct span word = {rest->p, 0};

	while (rest->n > 0 && separator(*rest) == 0) {
		uint32_t point;

		utf8_next(rest, &point);
	}
	word.n = (size_t)(rest->p - word.p);
	return word;
}

/* Cuts up to the closing quote, a NUL or the end. */
static struct span
cut_phrase(struct span *rest)
{
	struct span phrase = {rest->p, 0};

	while (phrase.n < rest->n && phrase.p[phrase.n] != '"' && phrase.p[phrase.n] != '\0')
		phrase.n++;
	*rest = (struct span){rest->p + phrase.n, rest->n - phrase.n};
	if (rest->n > 0)
		*rest = (struct span){rest->p + 1, rest->n - 1};
	return utf8_trim(phrase);
}

void
terms_read(struct terms *t, struct store *st, bool is_trigram, struct span text)
{
	*t = (struct terms){.is_trigram = is_trigram};
	while (text.n > 0) {
		size_t n = separator(text);
		bool is_quote = text.p[0] == '"', is_start = false;
		struct span word;

		text = (struct span){text.p + n, text.n - n};
		if (n > 0 && !is_quote)
			continue;
		word = is_quote ? cut_phrase(&text) : cut_word(&text);
		while (!is_quote && word.n > 0 && word.p[word.n - 1] == '*') {
			is_start = true;
			word.n--;
		}
		add(t, st, word, is_start);
	}
}

void
terms_clear(struct terms *t)
{
	tokens_clear(&t->tokens);
	tokens_clear(&t->content);
}

void
terms_match(const struct terms *t, struct buf *match)
{
	for (int i = 0; i < t->n; i++) {
		const struct term *term = &t->v[i];

		if (t->is_trigram && term->n > 0)
			search_and(match, term->text, false);
		for (size_t k = 0; !t->is_trigram && k < term->n; k++) {
			struct span token = token_text(&t->tokens, term->first + k);
			bool is_start = term->is_start && k == term->n - 1;

			search_and(
			    match, is_start ? characters(token, START_MIN) : token, is_start);
		}
	}
}

/* ---- finding ---- */

static void
add_range(struct terms *t, size_t start, size_t end)
{
	if (t->n_ranges < RANGES_MAX)
		t->ranges[t->n_ranges++] = (struct range){start, end};
}

static bool
is_here(const struct terms *t, const struct term *term, size_t at)
{
	for (size_t k = 0; k < term->n; k++) {
		struct span want = token_text(&t->tokens, term->first + k);
		struct span has = token_text(&t->content, at + k);

		if (term->is_start && k == term->n - 1 && has.n > want.n)
			has.n = want.n;
		if (!span_eq(has, want))
			return false;
	}
	return true;
}

static bool
find_tokens(struct terms *t, const struct term *term)
{
	bool is_found = false;

	for (size_t at = 0; at + term->n <= t->content.n; at++) {
		if (!is_here(t, term, at))
			continue;
		is_found = true;
		add_range(t, t->content.v[at].start, t->content.v[at + term->n - 1].end);
	}
	return is_found;
}

/* Compares like SQL's LIKE: the case of ASCII letters is ignored. */
static bool
find_short(struct terms *t, const struct term *term, struct span text)
{
	bool is_found = false;

	for (size_t at = 0; at + term->text.n <= text.n; at++) {
		if (!span_eq_nocase((struct span){text.p + at, term->text.n}, term->text))
			continue;
		is_found = true;
		add_range(t, at, at + term->text.n);
	}
	return is_found;
}

static int
by_start(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Sorts the ranges, and joins those that overlap or touch. */
static void
settle_ranges(struct terms *t)
{
	int n = 0;

	qsort(t->ranges, (size_t)t->n_ranges, sizeof(t->ranges[0]), by_start);
	for (int i = 0; i < t->n_ranges; i++) {
		struct range *last = &t->ranges[n > 0 ? n - 1 : 0], now = t->ranges[i];

		if (n == 0 || now.start > last->end)
			t->ranges[n++] = now;
		else if (now.end > last->end)
			last->end = now.end;
	}
	t->n_ranges = n;
}

bool
terms_find(struct terms *t, struct store *st, struct span text)
{
	t->n_ranges = 0;
	t->content.n = t->content.text.len = 0;
	search_tokens(st, t->is_trigram, text, on_token, &t->content);
	for (int i = 0; i < t->n; i++) {
		const struct term *term = &t->v[i];

		if (!(term->n > 0 ? find_tokens(t, term) : find_short(t, term, text)))
			return false;
	}
	settle_ranges(t);
	return true;
}
