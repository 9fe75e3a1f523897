/* SPDX-License-Identifier: ISC */
/*
 * search.h - the full-text index of messages (FTS5): how it is filled and searched, and how it
 * splits a text into tokens. The index finds only candidates: the caller reads in the text itself
 * whether and where it has the words of the search.
 */
#ifndef STORE_SEARCH_H
#define STORE_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "store/store.h"

/* Called while the database is opened. kind is "words" or "trigram"; an index of the other kind is
 * made anew in one transaction, which takes a minute for some millions of messages. False: err
 * holds one line. */
bool search_set_up(struct store *, const char *kind, struct buf *err);

/* Called before the commit of a transaction that inserted the messages from first to last. Indexes
 * the messages up to the last multiple of SEARCH_BATCH; newer messages are not indexed yet. */
#define SEARCH_BATCH 256 /* as in open.sql */
void search_add(struct store *, int64_t first, int64_t last);

/* ---- inside a transaction ---- */

/* True if the index is of trigrams (three characters each), false if it is of words. */
bool search_is_trigram(struct store *);

/* Splits a text into tokens as the index of that kind does: into words in lower case without
 * diacritics, or into trigrams. start and end are offsets in the text, in bytes. Spans are valid
 * during the call. */
typedef void search_token(void *arg, struct span token, size_t start, size_t end);
void search_tokens(struct store *, bool is_trigram, struct span text, search_token *, void *arg);

/* Each adds a condition to an expression of FTS5, after "AND" if it is not the first. search_and:
 * this text (words, or any text for trigrams), which has no quote and no NUL; is_start: words that
 * begin with this text of three characters. search_and_escrows: any of these escrows. */
void search_and(struct buf *match, struct span text, bool is_start);
void search_and_escrows(struct buf *match, const int64_t *escrows, int n);

struct search_row {
	int64_t id;
	uint64_t nonce;
	int64_t escrow;
	struct span escrow_id, content; /* valid during the call */
};
typedef bool search_each(const struct search_row *, void *arg); /* false stops */

/* The position up to which messages are indexed. */
int64_t search_indexed(struct store *);

/* Messages with after < id < before, newest first, of the wallet's escrows and of the escrow open
 * (0: none). search_match gives the indexed messages that the expression match finds. search_tail
 * gives those that are not indexed yet, of one escrow or (escrow is 0) of all. */
struct search_range {
	struct span match, wallet;
	int64_t after, before, open, escrow;
};
void search_match(struct store *, const struct search_range *, search_each *, void *arg);
void search_tail(struct store *, const struct search_range *, search_each *, void *arg);

#endif
