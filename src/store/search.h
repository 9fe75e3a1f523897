/* SPDX-License-Identifier: ISC */
/*
 * search.h - the index of what messages say: keeping it in step, looking into it, and how it takes texts apart.
 * The index finds candidates: whether a text has what is looked for, in which order and where, is read from the text itself.
 */
#ifndef STORE_SEARCH_H
#define STORE_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "store/store.h"

/* While opening: makes the index anew where it is of another kind, "words" or "trigram"; that takes a minute for some millions of
 * messages, in one transaction. False: err holds one line. */
bool search_set_up(struct store *, const char *kind, struct buf *err);

/* Inside a write transaction, before its commit, where it inserted the messages from first to last: indexes what is due. What is newer
 * than the last multiple of SEARCH_BATCH is not indexed yet. */
#define SEARCH_BATCH 256 /* as in open.sql */
void search_add(struct store *, int64_t first, int64_t last);

/* ---- inside a transaction ---- */

/* The index is one of three characters each, not of words. */
bool search_is_trigram(struct store *);

/* The tokens of a text as the index of that kind would have it: words in lower case without diacritics; or each three characters that
 * follow one another. start and end: where in the text, in bytes. Spans live for the call. */
typedef void search_token(void *arg, struct span token, size_t start, size_t end);
void search_tokens(struct store *, bool is_trigram, struct span text, search_token *, void *arg);

/* Adds to an expression, after "AND" where it is not the first part: text as it stands (words, or for trigrams any text), which has no
 * quote and no NUL; is_start: words that begin with it, which are three characters. And one of several escrows. */
void search_and(struct buf *match, struct span text, bool is_start);
void search_and_escrows(struct buf *match, const int64_t *escrows, int n);

struct search_row {
	int64_t id;
	uint64_t nonce;
	int64_t escrow;
	struct span escrow_id, content; /* live for the call */
};
typedef bool search_each(const struct search_row *, void *arg); /* false stops */

/* The newest message that could be in the index now; what is newer is not. */
int64_t search_indexed(struct store *);

/* Messages with after < id < before, newest first: of escrows that list the wallet, and of open (0: none). search_match: those in the
 * index that the expression matches; search_tail: those that are not in it yet, of one escrow or (0) of all. */
struct search_range {
	struct span match, wallet;
	int64_t after, before, open, escrow;
};
void search_match(struct store *, const struct search_range *, search_each *, void *arg);
void search_tail(struct store *, const struct search_range *, search_each *, void *arg);

#endif
