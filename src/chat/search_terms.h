/* SPDX-License-Identifier: ISC */
/*
 * search_terms.h - cuts the text to search for into terms, and finds the terms in the text of a
 * message.
 */
#ifndef CHAT_SEARCH_TERMS_H
#define CHAT_SEARCH_TERMS_H

#include "base/buf.h"
#include "store/tables/search.h"

#define TERMS_MAX  8
#define RANGES_MAX 32 /* of one text; further ones are not shown */

struct token {
	size_t at, n;      /* its bytes, in tokens.text */
	size_t start, end; /* its place in the original text, in bytes */
};

/* The tokens of a text: the bytes of all tokens, one after the other, and the place of each. */
struct tokens {
	struct buf text;
	struct token *v;
	size_t n, cap;
};

struct range {
	size_t start, end; /* bytes */
};

struct terms {
	bool is_trigram;
	struct tokens tokens; /* of all terms */
	struct term {
		struct span text;
		size_t first, n; /* tokens; n 0: shorter than a trigram, compared as a string */
		bool is_start;   /* the last token is a prefix */
	} v[TERMS_MAX];
	int n;
	struct tokens content;           /* of the text of the last terms_find */
	struct range ranges[RANGES_MAX]; /* the places found in it, in order, not overlapping */
	int n_ranges;
};

/* Cuts text (valid UTF-8; the terms borrow it) at white space and quotes. Terms without a token are
 * left out. */
void terms_read(struct terms *, struct store *, bool is_trigram, struct span text);
void terms_clear(struct terms *);

/* Appends the expression of the index that selects the candidates; nothing if all terms are too
 * short. */
void terms_match(const struct terms *, struct buf *match);

/* True if the text has every term. Then ranges has the places. */
bool terms_find(struct terms *, struct store *, struct span text);

#endif
