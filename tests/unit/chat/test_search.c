/* SPDX-License-Identifier: ISC */
/*
 * test_search.c - search in messages by words, beginnings and phrases, in the caller's escrows
 * only.
 */
#include "chat/search.h"

#include <limits.h>

#include "store/db.h"
#include "store/tables/search.h"
#include "unit/chat_world.h"

struct found {
	struct world *w;
	struct chat_search s;
	struct user user;
};

static void
run_search(struct store *st, void *arg)
{
	struct found *f = arg;
	bool is_good = chat_search(st, &f->w->rules, &f->s);

	assert_int_equal(is_good, f->s.err == ERROR_NONE);
}

/* Returns the contents of the messages that are found, newest first, separated by '|'. Valid
 * until the next call. */
static const char *
contents(struct found *f)
{
	struct json *list = json_parse(buf_as_span(&f->s.messages), NULL);

	f->w->text.len = 0;
	for (size_t i = 0; i < json_length(list); i++) {
		struct span text = SPAN("");

		json_string(json_get(json_at(list, i), "content"), &text);
		buf_str(&f->w->text, i > 0 ? "|" : "");
		buf_span(&f->w->text, text);
	}
	assert_int_equal(json_length(list), f->s.count);
	json_free(list);
	return buf_cstr(&f->w->text);
}

/* Every test runs twice: once the messages themselves are searched, once the index finds them. */
static bool is_indexed;

static int64_t
rest_of_batch(struct world *w)
{
	sqlite3_stmt *stmt;
	char sql[80];
	int64_t rest;

	snprintf(sql, sizeof(sql), "SELECT coalesce(max(id), 0) %% %d FROM messages", SEARCH_BATCH);
	sqlite3_prepare_v2(w->st->db, sql, -1, &stmt, NULL);
	sqlite3_step(stmt);
	rest = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return rest;
}

/* Messages of others complete the batch. */
static void
let_it_be_indexed(struct world *w)
{
	enum config_rooms rooms = w->rules.rooms;

	w->rules.rooms = ROOMS_OPEN;
	while (rest_of_batch(w) != 0)
		assert_int_equal(world_send(w, "filler", "filler", "filler"), ERROR_NONE);
	w->rules.rooms = rooms;
}

/* Takes all steps of a search; returns their number. */
static int
search(struct world *w, struct found *f, const char *wallet, const char *escrow, struct span text,
    const char *before, int limit)
{
	int steps = 0;

	if (is_indexed)
		let_it_be_indexed(w);
	*f = (struct found){.w = w, .user = world_user(wallet)};
	f->s.user = &f->user;
	f->s.escrow_id = span_of(escrow);
	f->s.text = text;
	f->s.before = span_of(before);
	f->s.limit = limit;
	do {
		assert_int_equal(store_read(w->st, PATIENT_MS, run_search, f), STORE_OK);
		steps++;
	} while (f->s.err == ERROR_NONE && !f->s.is_done);
	return steps;
}

static void
assert_found(
    struct world *w, const char *wallet, const char *escrow, const char *text, const char *wanted)
{
	struct found f;

	search(w, &f, wallet, escrow, span_of(text), "", 50);
	assert_int_equal(f.s.err, ERROR_NONE);
	assert_string_equal(contents(&f), wanted);
	chat_search_clear(&f.s);
}

static enum error
refusal(struct world *w, const char *wallet, const char *escrow, struct span text,
    const char *before, int limit)
{
	struct found f;
	enum error err;

	search(w, &f, wallet, escrow, text, before, limit);
	err = f.s.err;
	assert_int_equal(f.s.messages.len, 0);
	chat_search_clear(&f.s);
	return err;
}

static void
say(struct world *w, const char *wallet, const char *escrow, const char *content)
{
	assert_int_equal(world_send(w, wallet, escrow, content), ERROR_NONE);
}

static void
rooms(struct world *w)
{
	world_put(w, "42", "alice client, bob freelancer");
	world_put(w, "43", "alice client, carol freelancer, olga observer");
}

/* ---- what is found ---- */

static void
words_are_found_without_case_and_diacritics(void **state)
{
	struct world *w = *state;

	rooms(w);
	say(w, "alice", "42",
	    "The Cr\xc3\xa8me br\xc3\xbbl\xc3\xa9"
	    "e is paid");
	say(w, "bob", "42", "Is it? PAID in full.");
	assert_found(w, "alice", "42", "paid",
	    "Is it? PAID in full.|The Cr\xc3\xa8me br\xc3\xbbl\xc3\xa9"
	    "e is paid");
	assert_found(w, "alice", "42", "creme",
	    "The Cr\xc3\xa8me br\xc3\xbbl\xc3\xa9"
	    "e is paid");
	assert_found(w, "alice", "42",
	    "br\xc3\xbbl\xc3\xa9"
	    "e cr\xc3\xa8me",
	    "The Cr\xc3\xa8me br\xc3\xbbl\xc3\xa9"
	    "e is paid");
	assert_found(w, "alice", "42", "paid FULL", "Is it? PAID in full.");
	assert_found(w, "alice", "42", "pai", "");
	assert_found(w, "alice", "42", "paid nothing", "");
}

static void
beginnings_take_three_characters(void **state)
{
	struct world *w = *state;

	rooms(w);
	say(w, "alice", "42", "payment");
	say(w, "alice", "42", "paying");
	say(w, "alice", "42", "pa");
	assert_found(w, "bob", "42", "pay*", "paying|payment");
	assert_found(w, "bob", "42", "paym*", "payment");
	assert_found(w, "bob", "42", "PAYME**", "payment");
	assert_found(w, "bob", "42", "payment*", "payment");
	assert_found(w, "bob", "42", "payments*", "");
	assert_found(w, "bob", "42", "pa*", "pa");
	assert_found(w, "bob", "42", "*", "");
	assert_found(w, "bob", "42", "*yment", "");
	assert_found(w, "bob", "42", "\"pay*\"", "");
}

static void
phrases_are_words_in_order(void **state)
{
	struct world *w = *state;

	rooms(w);
	say(w, "alice", "42", "release the funds");
	say(w, "alice", "42", "the funds, release them");
	say(w, "alice", "42", "funds-release the");
	assert_found(w, "bob", "42", "\"release the\"", "funds-release the|release the funds");
	assert_found(w, "bob", "42", "\"THE, funds\"", "the funds, release them|release the funds");
	assert_found(w, "bob", "42", "funds-release", "funds-release the|the funds, release them");
	assert_found(
	    w, "bob", "42", "the\"funds release\"", "funds-release the|the funds, release them");
	assert_found(w, "bob", "42", "\"release the", "funds-release the|release the funds");
	assert_found(w, "bob", "42", "\"funds the\"", "");
}

static void
eight_terms_count_and_no_more(void **state)
{
	struct world *w = *state;

	rooms(w);
	say(w, "alice", "42", "a b c d e f g h");
	assert_found(w, "bob", "42", "h g f e d c b a nothing", "a b c d e f g h");
	assert_found(w, "bob", "42", "h g f e d c b nothing a", "");
}

static void
no_input_is_grammar(void **state)
{
	static const char *const inputs[] = {"\"", "\"\"", "\"\"\"", "a\"", "\"a", "a OR b",
	    "NOT a", "a AND", "NEAR(a b)", "content:a", "{escrow content}:a", "escrow:42", "-a",
	    "^a", "a*b", "(a", "a)", "()", "'", "';--", "a + b", "\\", "%", "_", "a^2", "***",
	    "!?.,", ":", "\xf0\x9f\x98\x80",
	    "\xef\xa3\xbf"
	    "1\xef\xa3\xbf",
	    "*\"*\"*", "a\"b\"c", "\"a*\" *"};
	struct world *w = *state;
	struct found f;

	rooms(w);
	say(w, "alice", "43", "escrow 42 content a OR b");
	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		search(w, &f, "bob", "", span_of(inputs[i]), "", 50);
		assert_int_equal(f.s.err, ERROR_NONE);
		assert_int_equal(f.s.count, 0);
		chat_search_clear(&f.s);
	}
	search(w, &f, "alice", "", SPAN("a\0b"), "", 50);
	assert_int_equal(f.s.count, 1);
	chat_search_clear(&f.s);
	assert_found(w, "alice", "43", "a OR b", "escrow 42 content a OR b");
	assert_found(w, "alice", "43", "NOT", "");
}

static void
a_page_has_1_to_200_messages(void **state)
{
	static const int good[] = {1, 200}, bad[] = {0, 201, INT_MAX, -1, INT_MIN};
	struct world *w = *state;
	struct found f;

	rooms(w);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		search(w, &f, "alice", "", SPAN("x"), "", good[i]);
		assert_int_equal(f.s.err, ERROR_NONE);
		chat_search_clear(&f.s);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(refusal(w, "alice", "", SPAN("x"), "", bad[i]), ERROR_BAD_REQUEST);
}

static void
what_is_too_long_or_no_text_is_refused(void **state)
{
	char text[210];
	struct world *w = *state;

	rooms(w);
	memset(text, 'x', sizeof(text));
	assert_int_equal(
	    refusal(w, "alice", "", (struct span){text, 201}, "", 50), ERROR_BAD_REQUEST);
	assert_int_equal(refusal(w, "alice", "", SPAN(""), "", 50), ERROR_BAD_REQUEST);
	assert_int_equal(refusal(w, "alice", "", SPAN(" \t"), "", 50), ERROR_BAD_REQUEST);
	assert_int_equal(refusal(w, "alice", "", SPAN("\xff"), "", 50), ERROR_BAD_REQUEST);
	assert_int_equal(refusal(w, "alice", "a/b", SPAN("x"), "", 50), ERROR_BAD_REQUEST);
}

/* ---- whose ---- */

static void
only_the_callers_escrows_are_searched(void **state)
{
	struct world *w = *state;

	rooms(w);
	say(w, "alice", "42", "secret one");
	say(w, "carol", "43", "secret two");
	assert_found(w, "alice", "", "secret", "secret two|secret one");
	assert_found(w, "bob", "", "secret", "secret one");
	assert_found(w, "olga", "", "secret", "secret two");
	assert_found(w, "eve", "", "secret", "");
	assert_found(w, "alice", "43", "secret", "secret two");
	assert_int_equal(refusal(w, "bob", "43", SPAN("secret"), "", 50), ERROR_NOT_PARTICIPANT);
	assert_int_equal(refusal(w, "bob", "44", SPAN("secret"), "", 50), ERROR_NOT_PARTICIPANT);
	world_put(w, "43", "alice client");
	assert_found(w, "carol", "", "secret", "");
}

static void
the_mark_of_an_escrow_in_a_text_shows_nothing(void **state)
{
	struct world *w = *state;

	rooms(w);
	say(w, "carol", "43",
	    "word \xef\xa3\xbf"
	    "1\xef\xa3\xbf");
	assert_found(w, "bob", "", "word", "");
	assert_found(w, "bob", "",
	    "word \xef\xa3\xbf"
	    "2\xef\xa3\xbf",
	    "");
	assert_found(w, "carol", "",
	    "\xef\xa3\xbf"
	    "1\xef\xa3\xbf",
	    "word \xef\xa3\xbf"
	    "1\xef\xa3\xbf");
	assert_found(w, "carol", "",
	    "\xef\xa3\xbf"
	    "2\xef\xa3\xbf",
	    "");
}

/* Carol searches in 43, whose number is 2. A message in another escrow of carol contains that
 * number. */
static void
the_mark_of_an_escrow_in_a_text_is_not_that_escrow(void **state)
{
	struct world *w = *state;

	rooms(w);
	world_put(w, "44", "carol client");
	say(w, "carol", "43", "word of 43");
	say(w, "carol", "44",
	    "word \xef\xa3\xbf"
	    "2\xef\xa3\xbf");
	assert_found(w, "carol", "43", "word", "word of 43");
}

static void
the_mark_of_an_escrow_in_a_text_shows_it_no_second_time(void **state)
{
	struct world *w = *state;
	char name[24];

	for (int i = 0; i < 130; i++) {
		snprintf(name, sizeof(name), "many-%d", i);
		world_put(w, name, "alice client");
	}
	say(w, "alice", "many-0",
	    "word \xef\xa3\xbf"
	    "130\xef\xa3\xbf");
	say(w, "alice", "many-129",
	    "word \xef\xa3\xbf"
	    "1\xef\xa3\xbf");
	assert_found(w, "alice", "", "word",
	    "word \xef\xa3\xbf"
	    "1\xef\xa3\xbf|word \xef\xa3\xbf"
	    "130\xef\xa3\xbf");
}

static void
open_rooms_are_for_anyone_who_names_one(void **state)
{
	struct world *w = *state;

	w->rules.rooms = ROOMS_OPEN;
	say(w, "alice", "7", "hello there");
	assert_found(w, "eve", "7", "hello", "hello there");
	assert_found(w, "eve", "8", "hello", "");
	assert_found(w, "eve", "", "hello", "");
}

/* ---- pages ---- */

static void
pages_go_back_without_gap_or_repeat(void **state)
{
	struct world *w = *state;
	char content[32], before[MESSAGE_ID_SIZE] = "";
	int left = 23;
	struct found f;

	rooms(w);
	for (int i = 0; i < left; i++) {
		snprintf(content, sizeof(content), "number %d", i);
		say(w, "alice", i % 3 ? "42" : "43", content);
	}
	while (left > 0) {
		search(w, &f, "alice", "", SPAN("num*"), before, 5);
		assert_int_equal(f.s.err, ERROR_NONE);
		assert_int_equal(f.s.count, left < 5 ? left : 5);
		snprintf(content, sizeof(content), "number %d", left - 1);
		assert_memory_equal(contents(&f), content, strlen(content));
		left -= f.s.count;
		assert_int_equal(f.s.next[0] != '\0', left > 0);
		memcpy(before, f.s.next, sizeof(before));
		chat_search_clear(&f.s);
	}
	assert_int_equal(refusal(w, "alice", "", SPAN("x"), "nonsense", 5), ERROR_NOT_FOUND);
	assert_int_equal(refusal(w, "alice", "", SPAN("x"), "1-0000000000000", 5), ERROR_NOT_FOUND);
}

static void
a_page_cannot_begin_at_what_others_said_among_themselves(void **state)
{
	struct world *w = *state;
	char id[64];

	rooms(w);
	world_sent(w, "carol", "43", "x", id);
	assert_int_equal(refusal(w, "bob", "", SPAN("x"), id, 5), ERROR_NOT_FOUND);
}

static void
many_escrows_take_several_steps_and_are_one_list(void **state)
{
	struct world *w = *state;
	char name[24], before[MESSAGE_ID_SIZE] = "";
	struct found f;
	int seen = 0;

	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "many-%d", i * 7 % 300);
		world_put(w, name, "alice client, bob freelancer");
	}
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "many-%d", i);
		say(w, "bob", name, name);
	}
	do {
		assert_int_equal(search(w, &f, "alice", "", SPAN("many"), before, 70), 3);
		for (int i = 0; i < f.s.count; i++, seen++) {
			struct json *list = json_parse(buf_as_span(&f.s.messages), NULL);
			struct span text;

			snprintf(name, sizeof(name), "many-%d", 299 - seen);
			assert_true(
			    json_string(json_get(json_at(list, (size_t)i), "content"), &text));
			assert_true(span_is(text, name));
			json_free(list);
		}
		memcpy(before, f.s.next, sizeof(before));
		chat_search_clear(&f.s);
	} while (before[0]);
	assert_int_equal(seen, 300);
}

static void
what_is_indexed_between_two_steps_is_not_found_twice(void **state)
{
	struct world *w = *state;
	struct user alice = world_user("alice");
	struct found f = {.w = w, .user = alice};
	char name[24];

	for (int i = 0; i < 130; i++) {
		snprintf(name, sizeof(name), "many-%d", i);
		world_put(w, name, "alice client");
	}
	say(w, "alice", "many-129", "word");
	f.s = (struct chat_search){.user = &f.user, .text = SPAN("word"), .limit = 50};
	assert_int_equal(store_read(w->st, PATIENT_MS, run_search, &f), STORE_OK);
	assert_false(f.s.is_done);
	let_it_be_indexed(w);
	assert_int_equal(store_read(w->st, PATIENT_MS, run_search, &f), STORE_OK);
	assert_true(f.s.is_done);
	assert_string_equal(contents(&f), "word");
	chat_search_clear(&f.s);
}

/* One of many candidates matches. Returns the number of pages until it is found. */
static int
pages_to_the_one(struct world *w)
{
	char before[MESSAGE_ID_SIZE] = "";
	struct found f;
	int pages = 0, found = 0;

	do {
		search(w, &f, "bob", "", SPAN("\"needle hay\""), before, 50);
		assert_int_equal(f.s.err, ERROR_NONE);
		found += f.s.count;
		pages++;
		memcpy(before, f.s.next, sizeof(before));
		chat_search_clear(&f.s);
	} while (before[0]);
	assert_int_equal(found, 1);
	return pages;
}

static void
where_much_is_looked_at_in_vain_the_page_ends_and_goes_on(void **state)
{
	struct world *w = *state;

	rooms(w);
	say(w, "alice", "42", "needle hay");
	for (int i = 0; i < 2500; i++)
		say(w, "alice", "42", "hay needle");
	assert_int_equal(pages_to_the_one(w), 3);
}

static void
long_texts_end_a_page_before_many_were_looked_at(void **state)
{
	struct world *w = *state;
	char hay[5001];

	rooms(w);
	say(w, "alice", "42", "needle hay");
	for (size_t i = 0; i < sizeof(hay) - 1; i++)
		hay[i] = "hay "[i % 4];
	hay[sizeof(hay) - 1] = '\0';
	memcpy(hay, "needle x", 8);
	for (int i = 0; i < 600; i++)
		say(w, "alice", "42", hay);
	assert_int_equal(pages_to_the_one(w), 2);
}

/* ---- snippets ---- */

/* Returns the snippet of the only message that is found, and its ranges, as JSON. */
static void
assert_snippet(struct world *w, const char *text, const char *wanted, const char *ranges)
{
	struct found f;
	struct json *list;
	const struct json *snippet;
	struct span got;
	struct buf json = {0};

	search(w, &f, "bob", "42", span_of(text), "", 50);
	assert_int_equal(f.s.count, 1);
	list = json_parse(buf_as_span(&f.s.messages), NULL);
	snippet = json_get(json_at(list, 0), "snippet");
	assert_true(json_string(json_get(snippet, "text"), &got));
	assert_int_equal(got.n, strlen(wanted));
	assert_memory_equal(got.p, wanted, got.n);
	json_write(&json, json_get(snippet, "ranges"));
	assert_string_equal(buf_cstr(&json), ranges);
	buf_clear(&json);
	json_free(list);
	chat_search_clear(&f.s);
}

static void
a_snippet_is_plain_text_and_ranges(void **state)
{
	struct world *w = *state;

	rooms(w);
	say(w, "alice", "42", "<b>pay</b> \xf0\x9f\x98\x80 p\xc3\xa4y now");
	assert_snippet(w, "pay", "<b>pay</b> \xf0\x9f\x98\x80 p\xc3\xa4y now", "[[3,6],[14,17]]");
	assert_snippet(
	    w, "now \"pay now\"", "<b>pay</b> \xf0\x9f\x98\x80 p\xc3\xa4y now", "[[14,21]]");
	assert_snippet(w, "b", "<b>pay</b> \xf0\x9f\x98\x80 p\xc3\xa4y now", "[[1,2],[8,9]]");
}

static void
a_snippet_of_a_long_text_is_around_what_was_found(void **state)
{
	struct world *w = *state;
	struct buf content = {0}, wanted = {0};

	rooms(w);
	for (int i = 0; i < 60; i++)
		buf_str(&content, "\xc3\xa9 ");
	buf_str(&content, "needle");
	for (int i = 0; i < 200; i++)
		buf_str(&content, " x");
	say(w, "alice", "42", buf_cstr(&content));
	buf_str(&wanted, "\xe2\x80\xa6");
	for (int i = 0; i < 20; i++)
		buf_str(&wanted, "\xc3\xa9 ");
	buf_str(&wanted, "needle");
	for (int i = 0; i < 57; i++)
		buf_str(&wanted, " x");
	buf_str(&wanted, "\xe2\x80\xa6");
	assert_snippet(w, "needle", buf_cstr(&wanted), "[[41,47]]");
	buf_clear(&content);
	buf_clear(&wanted);
}

/* ---- the index ---- */

static void
what_is_not_committed_is_not_found(void **state)
{
	struct world *w = *state;

	rooms(w);
	for (int nth = 1;; nth++) {
		enum error err;

		store_fail_at(w->st, nth, STORE_BROKEN);
		err = world_send(w, "alice", "42", "all or nothing");
		store_fail_at(w->st, 0, STORE_OK);
		if (err == ERROR_NONE)
			break;
		assert_int_equal(err, ERROR_UNAVAILABLE);
		assert_found(w, "bob", "42", "nothing", "");
	}
	assert_found(w, "bob", "42", "nothing", "all or nothing");
}

static void
an_older_database_is_indexed_when_it_is_opened(void **state)
{
	struct world *w = *state;

	rooms(w);
	say(w, "alice", "42", "said before");
	if (is_indexed)
		let_it_be_indexed(w);
	assert_int_equal(sqlite3_exec(w->st->db,
			     "DROP TABLE search; DROP TABLE tallies; DROP VIEW log_rows; "
			     "DELETE FROM meta WHERE key IN('search', 'log_from', 'search_from'); "
			     "PRAGMA user_version = 3",
			     NULL, NULL, NULL),
	    SQLITE_OK);
	store_close(w->st);
	world_open(w);
	assert_found(w, "bob", "42", "said", "said before");
}

static void
reopen(struct world *w, const char *kind)
{
	struct store_options options = {.path = w->path,
	    .mode = 0600,
	    .auth_open = true,
	    .busy_ms = PATIENT_MS,
	    .search = kind};
	struct buf err = {0};

	store_close(w->st);
	w->st = store_open(&options, &err);
	assert_non_null(w->st);
}

static void
trigrams_find_parts_of_words_and_scripts_without_spaces(void **state)
{
	struct world *w = *state;

	rooms(w);
	say(w, "alice", "42",
	    "\xe6\x9d\xb1\xe4\xba\xac\xe9\x83\xbd\xe3\x81\xae\xe5\xa5\x91\xe7\xb4\x84");
	assert_found(w, "bob", "42", "\xe4\xba\xac\xe9\x83\xbd\xe3\x81\xae", "");
	reopen(w, "trigram");
	say(w, "alice", "42", "Payment \"sent\" 100%");
	assert_found(w, "bob", "", "\xe4\xba\xac\xe9\x83\xbd\xe3\x81\xae",
	    "\xe6\x9d\xb1\xe4\xba\xac\xe9\x83\xbd\xe3\x81\xae\xe5\xa5\x91\xe7\xb4\x84");
	assert_found(w, "bob", "", "yMEn", "Payment \"sent\" 100%");
	assert_found(w, "bob", "", "pay*", "Payment \"sent\" 100%");
	assert_found(w, "bob", "", "\"ment \"", "Payment \"sent\" 100%");
	assert_found(w, "bob", "", "ment sen", "Payment \"sent\" 100%");
	assert_found(w, "bob", "", "paymemt", "");
	/* One or two characters are looked for in the texts. */
	assert_found(w, "bob", "", "\xe4\xba\xac",
	    "\xe6\x9d\xb1\xe4\xba\xac\xe9\x83\xbd\xe3\x81\xae\xe5\xa5\x91\xe7\xb4\x84");
	assert_found(w, "bob", "", "0%", "Payment \"sent\" 100%");
	assert_found(w, "bob", "", "_", "");
	assert_found(w, "bob", "", "yment P", "Payment \"sent\" 100%");
	assert_found(w, "carol", "", "yment", "");
	reopen(w, NULL);
	assert_found(w, "bob", "", "ymen", "Payment \"sent\" 100%");
	assert_snippet(w, "ent 10", "Payment \"sent\" 100%", "[[4,7],[10,13],[15,17]]");
	reopen(w, "words");
	assert_found(w, "bob", "", "ymen", "");
	assert_found(w, "bob", "", "sent", "Payment \"sent\" 100%");
}

static void
escrows_whose_numbers_begin_alike_are_told_apart_by_trigrams(void **state)
{
	struct world *w = *state;
	char name[16];

	reopen(w, "trigram");
	for (int i = 1; i <= 12; i++) {
		snprintf(name, sizeof(name), "e%d", i);
		world_put(w, name,
		    i == 1 || i == 11 ? "alice client, bob client" : "bob client, carol client");
		say(w, "bob", name, i == 1 ? "hello 1" : i == 11 ? "hello 11" : "hello others");
	}
	assert_found(w, "alice", "", "hello", "hello 11|hello 1");
	assert_found(w, "alice", "e1", "hello", "hello 1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(words_are_found_without_case_and_diacritics),
	    TEST(beginnings_take_three_characters),
	    TEST(phrases_are_words_in_order),
	    TEST(eight_terms_count_and_no_more),
	    TEST(no_input_is_grammar),
	    TEST(a_page_has_1_to_200_messages),
	    TEST(what_is_too_long_or_no_text_is_refused),
	    TEST(only_the_callers_escrows_are_searched),
	    TEST(the_mark_of_an_escrow_in_a_text_shows_nothing),
	    TEST(the_mark_of_an_escrow_in_a_text_is_not_that_escrow),
	    TEST(the_mark_of_an_escrow_in_a_text_shows_it_no_second_time),
	    TEST(open_rooms_are_for_anyone_who_names_one),
	    TEST(pages_go_back_without_gap_or_repeat),
	    TEST(a_page_cannot_begin_at_what_others_said_among_themselves),
	    TEST(many_escrows_take_several_steps_and_are_one_list),
	    TEST(what_is_indexed_between_two_steps_is_not_found_twice),
	    TEST(where_much_is_looked_at_in_vain_the_page_ends_and_goes_on),
	    TEST(long_texts_end_a_page_before_many_were_looked_at),
	    TEST(a_snippet_is_plain_text_and_ranges),
	    TEST(a_snippet_of_a_long_text_is_around_what_was_found),
	    TEST(what_is_not_committed_is_not_found),
	    TEST(an_older_database_is_indexed_when_it_is_opened),
	    TEST(trigrams_find_parts_of_words_and_scripts_without_spaces),
	    TEST(escrows_whose_numbers_begin_alike_are_told_apart_by_trigrams),
	};

	int failed = cmocka_run_group_tests_name("not indexed", tests, NULL, NULL);

	is_indexed = true;
	return failed + cmocka_run_group_tests_name("indexed", tests, NULL, NULL);
}
