/* SPDX-License-Identifier: ISC */
/*
 * search.c - the full-text index of messages (FTS5), and its tokenizers. The words of a search
 * reach FTS5 only as quoted strings that are made here, so no input can be a syntax error.
 */
#include "store/tables/search.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/db.h"

/* Stands before and after the number of an escrow in the index, so that it is a token that no text
 * of a user equals by chance (U+F8FF, a private use character). */
#define ESCROW_MARK "\xef\xa3\xbf"

/* ---- filling the index ---- */

static bool
is_kind(struct store *st, const char *kind)
{
	sqlite3_stmt *stmt = NULL;
	bool is_it = false;

	if (sqlite3_prepare_v2(st->db, sql_texts[SQL_OPEN_SEARCH].text, -1, &stmt, NULL) ==
		SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		is_it = strcmp((const char *)sqlite3_column_text(stmt, 0), kind) == 0;
	sqlite3_finalize(stmt);
	return is_it;
}

bool
search_set_up(struct store *st, const char *kind, struct buf *err)
{
	bool is_trigram = strcmp(kind, "trigram") == 0;
	const enum sql_id steps[] = {SQL_OPEN_BEGIN_WRITE,
	    is_trigram ? SQL_OPEN_SEARCH_TRIGRAM : SQL_OPEN_SEARCH_WORDS, SQL_OPEN_COMMIT};

	if (is_kind(st, kind))
		return true;
	log_info("database: the index of messages is made anew, of %s",
	    is_trigram ? "three characters each" : "words");
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (sqlite3_exec(st->db, sql_texts[steps[i]].text, NULL, NULL, NULL) == SQLITE_OK)
			continue;
		buf_printf(
		    err, "%s: %s: %s", st->path, sql_texts[steps[i]].name, sqlite3_errmsg(st->db));
		sqlite3_exec(st->db, sql_texts[SQL_OPEN_ROLLBACK].text, NULL, NULL, NULL);
		return false;
	}
	return true;
}

/* The position up to which messages are indexed, if only those before an id are regarded. */
static int64_t
indexed(struct store *st, int64_t before)
{
	struct query *q = use(st, SQL_SEARCH_NEWEST);

	bind_int(q, ":before", before);
	return single_int(q, 0) / SEARCH_BATCH * SEARCH_BATCH;
}

void
search_add(struct store *st, int64_t first, int64_t last)
{
	int64_t above = indexed(st, first), upto = last / SEARCH_BATCH * SEARCH_BATCH;
	int64_t from;
	struct query *q;

	if (above == upto)
		return;
	from = single_int(use(st, SQL_SEARCH_FROM), 0);
	q = use(st, SQL_SEARCH_INDEX);
	bind_int(q, ":above", above > from ? above : from);
	bind_int(q, ":upto", upto);
	run(q);
}

bool
search_is_trigram(struct store *st)
{
	return single_int(use(st, SQL_SEARCH_IS_TRIGRAM), 0) != 0;
}

/* ---- tokens ---- */

/* The extension API of FTS5, found as its documentation describes it (section 7). */
static fts5_api *
find_api(struct store *st)
{
	fts5_api *api = NULL;
	struct query *q = use(st, SQL_SEARCH_API);

	sqlite3_bind_pointer(q->stmt, 1, &api, "fts5_api_ptr", NULL);
	if (step(q))
		done(q);
	sqlite3_clear_bindings(q->stmt);
	return api;
}

/* A tokenizer is made once for each connection, with the options that the schema gives the
 * index. */
static struct tokenizer *
tokenizer_of(struct store *st, bool is_trigram)
{
	static const char *options[] = {"remove_diacritics", "2"};
	struct tokenizer *t = &st->tokenizers[is_trigram];
	fts5_api *api = t->it == NULL ? find_api(st) : NULL;
	void *context = NULL;

	if (t->it == NULL &&
	    (api == NULL ||
		api->xFindTokenizer(api, is_trigram ? "trigram" : "unicode61", &context,
		    &t->methods) != SQLITE_OK ||
		t->methods.xCreate(context, options, is_trigram ? 0 : 2, &t->it) != SQLITE_OK))
		store_defect(st, "no tokenizer");
	return t;
}

void
search_close(struct store *st)
{
	for (size_t i = 0; i < 2; i++) {
		if (st->tokenizers[i].it != NULL)
			st->tokenizers[i].methods.xDelete(st->tokenizers[i].it);
	}
}

struct taking {
	search_token *each;
	void *arg;
};

static int
on_token(void *arg, int flags, const char *token, int n, int start, int end)
{
	struct taking *t = arg;

	(void)flags;
	t->each(t->arg, (struct span){token, (size_t)n}, (size_t)start, (size_t)end);
	return SQLITE_OK;
}

void
search_tokens(struct store *st, bool is_trigram, struct span text, search_token *each, void *arg)
{
	struct tokenizer *t = tokenizer_of(st, is_trigram);
	struct taking taking = {each, arg};
	struct buf ended = {0};

	/* The trigram tokenizer of SQLite 3.45 and newer reads behind the end of the text, until a
	 * NUL. */
	buf_span(&ended, text);
	if (st->err == STORE_OK)
		t->methods.xTokenize(t->it, &taking, FTS5_TOKENIZE_DOCUMENT, buf_cstr(&ended),
		    (int)text.n, on_token);
	buf_clear(&ended);
}

/* ---- searching ---- */

void
search_and(struct buf *match, struct span text, bool is_start)
{
	buf_str(match, match->len > 0 ? " AND \"" : "\"");
	buf_span(match, text);
	buf_str(match, is_start ? "\" *" : "\"");
}

void
search_and_escrows(struct buf *match, const int64_t *escrows, int n)
{
	buf_str(match, match->len > 0 ? " AND (" : "(");
	for (int i = 0; i < n; i++)
		buf_printf(match, "%s\"" ESCROW_MARK "%" PRId64 ESCROW_MARK "\"",
		    i > 0 ? " OR " : "", escrows[i]);
	buf_addc(match, ')');
}

/* Binds the parameters that both statements have, and gives the rows to the callback. after and
 * before narrow the range. */
static void
give(struct query *q, const struct search_range *range, int64_t after, int64_t before,
    search_each *each, void *arg)
{
	bind_int(q, ":after", after > range->after ? after : range->after);
	bind_int(q, ":before", before < range->before ? before : range->before);
	bind_int(q, ":open", range->open);
	bind_text(q, ":wallet", range->wallet);
	while (step(q)) {
		struct search_row row = {
		    .id = column_int(q, 0),
		    .nonce = (uint64_t)column_int(q, 1),
		    .escrow = column_int(q, 2),
		    .content = column_text(q, 3),
		    .escrow_id = column_text(q, 4),
		};

		if (!each(&row, arg))
			break;
	}
	done(q);
}

int64_t
search_indexed(struct store *st)
{
	return indexed(st, INT64_MAX);
}

void
search_match(struct store *st, const struct search_range *range, search_each *each, void *arg)
{
	int64_t upto = search_indexed(st);
	struct query *q = use(st, SQL_SEARCH_MATCH);

	bind_text(q, ":match", range->match);
	give(q, range, 0, upto + 1, each, arg);
}

void
search_tail(struct store *st, const struct search_range *range, search_each *each, void *arg)
{
	int64_t upto = search_indexed(st);
	struct query *q = use(st, SQL_SEARCH_TAIL);

	bind_int(q, ":escrow", range->escrow);
	give(q, range, upto, INT64_MAX, each, arg);
}
