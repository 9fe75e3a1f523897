/* SPDX-License-Identifier: ISC */
/*
 * search_terms.h - what is looked for, cut into terms; whether a text has them all, and where.
 */
#ifndef CHAT_SEARCH_TERMS_H
#define CHAT_SEARCH_TERMS_H

#include "base/buf.h"
#include "store/search.h"

#define TERMS_MAX  8
#define RANGES_MAX 32 /* of one text; what is beyond is not shown */

struct token {
	size_t at, n;      /* in the text of its tokens */
	size_t start, end; /* in what was taken apart */
};

/* The tokens of a text: their bytes one after the other, and where in the text each was. */
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
		size_t first, n; /* of tokens; n 0: too short for a trigram, looked for as it is */
		bool is_start;   /* the last token is the beginning of one */
	} v[TERMS_MAX];
	int n;
	struct tokens content; /* of the text looked at last */
	struct range ranges[RANGES_MAX];
	int n_ranges; /* of it, in order and apart from each other */
};

/* Cuts text (valid UTF-8, borrowed) at white space and quotes; what has nothing to be found by is left out. */
void terms_read(struct terms *, struct store *, bool is_trigram, struct span text);
void terms_clear(struct terms *);

/* What a text must have to be a candidate, as an expression of the index; nothing where all terms are too short. */
void terms_match(const struct terms *, struct buf *match);

/* True if the text has every term; ranges are where. */
bool terms_find(struct terms *, struct store *, struct span text);

#endif
