/* SPDX-License-Identifier: ISC */
/*
 * test_overview.c - escrows as a user sees them: all of theirs, one, and what is unread.
 */
#include "unit/chat_world.h"

static void
run_escrows(struct store *st, void *arg)
{
	struct world *w = arg;
	bool is_done = chat_escrows(st, &w->escrows);

	assert_int_equal(is_done, w->escrows.err == ERROR_NONE);
}

static enum error
list(struct world *w, const char *wallet, struct span before, int limit)
{
	w->user = world_user(wallet);
	w->escrows.user = &w->user;
	w->escrows.before = before;
	w->escrows.limit = limit;
	return store_read(w->st, PATIENT_MS, run_escrows, w) == STORE_OK ? w->escrows.err
									 : ERROR_UNAVAILABLE;
}

/* Returns the escrowIds of the page, each with a blank behind it. Valid until the next call. */
static const char *
ids(struct world *w)
{
	struct json *v = json_parse(buf_as_span(&w->escrows.escrows), NULL);
	struct span id;

	w->text.len = 0;
	assert_int_equal(json_length(v), w->escrows.count);
	for (size_t i = 0; i < json_length(v); i++) {
		assert_true(json_string(json_get(json_at(v, i), "escrowId"), &id));
		buf_span(&w->text, id);
		buf_addc(&w->text, ' ');
	}
	json_free(v);
	return buf_cstr(&w->text);
}

/* ---- one ---- */

struct lookup {
	struct world *w;
	const char *escrow;
	struct buf out;
	enum error err;
	int64_t sum;
};

static void
run_seen(struct store *st, void *arg)
{
	struct lookup *l = arg;

	l->out.len = 0;
	l->err = chat_escrow_seen(st, &l->w->rules, &l->w->user, span_of(l->escrow), &l->out);
}

static struct lookup
seen(struct world *w, const char *wallet, const char *escrow)
{
	struct lookup l = {.w = w, .escrow = escrow};

	w->user = world_user(wallet);
	assert_int_equal(store_read(w->st, PATIENT_MS, run_seen, &l), STORE_OK);
	return l;
}

static void
a_participant_sees_his_role_what_was_said_last_and_what_is_unread(void **state)
{
	struct world *w = *state;
	char id[64], want[512];
	struct lookup l;

	world_put(w, "42", "alice client, bob freelancer");
	l = seen(w, "bob", "42");
	assert_string_equal(buf_cstr(&l.out),
	    "{\"escrowId\":\"42\",\"title\":\"A title\",\"role\":\"freelancer\",\"participants\":["
	    "{\"walletAddress\":\"alice\",\"role\":\"client\"},"
	    "{\"walletAddress\":\"bob\",\"role\":\"freelancer\"}],\"unread\":0,"
	    "\"createdAt\":\"2025-11-24T16:00:00.000Z\","
	    "\"updatedAt\":\"2025-11-24T16:00:00.000Z\"}");
	buf_clear(&l.out);
	world_sent(w, "alice", "42", "one", id);
	world_sent(w, "alice", "42", "two", id);
	l = seen(w, "bob", "42");
	snprintf(want, sizeof(want),
	    "],\"lastMessage\":{\"id\":\"%s\",\"senderId\":\"alice\","
	    "\"timestamp\":\"2025-11-24T16:00:00.001Z\",\"content\":\"two\"},\"unread\":2,",
	    id);
	assert_non_null(strstr(buf_cstr(&l.out), want));
	buf_clear(&l.out);
}

static void
a_stranger_sees_no_escrow_and_not_whether_it_is_there(void **state)
{
	struct world *w = *state;

	world_put(w, "42", "alice client");
	assert_int_equal(seen(w, "eve", "42").err, ERROR_NOT_PARTICIPANT);
	assert_int_equal(seen(w, "eve", "43").err, ERROR_NOT_PARTICIPANT);
	assert_int_equal(seen(w, "eve", "a/b").err, ERROR_BAD_REQUEST);
}

static void
in_open_rooms_the_unlisted_have_no_role_and_nothing_unread(void **state)
{
	struct world *w = *state;
	struct lookup l;

	w->rules.rooms = ROOMS_OPEN;
	assert_int_equal(world_send(w, "alice", "42", "hi"), ERROR_NONE);
	l = seen(w, "eve", "42");
	assert_int_equal(l.err, ERROR_NONE);
	assert_null(strstr(buf_cstr(&l.out), "\"title\":\"42\",\"role\""));
	assert_non_null(strstr(buf_cstr(&l.out), "\"content\":\"hi\"},\"unread\":0,"));
	buf_clear(&l.out);
	assert_int_equal(seen(w, "eve", "43").err, ERROR_NOT_FOUND);
}

/* ---- all ---- */

static void
the_escrow_that_was_active_last_comes_first(void **state)
{
	struct world *w = *state;
	static const char *const names[] = {"a", "b", "c"};

	for (int i = 0; i < 3; i++, w->now_ms += 1000)
		world_put(w, names[i], "alice client, bob freelancer");
	world_put(w, "foreign", "bob client");
	assert_int_equal(list(w, "alice", SPAN(""), 50), ERROR_NONE);
	assert_string_equal(ids(w), "c b a ");
	assert_int_equal(world_send(w, "bob", "a", "hi"), ERROR_NONE);
	assert_int_equal(list(w, "alice", SPAN(""), 50), ERROR_NONE);
	assert_string_equal(ids(w), "a c b ");
	assert_string_equal(w->escrows.next, "");
	assert_int_equal(list(w, "eve", SPAN(""), 50), ERROR_NONE);
	assert_string_equal(buf_cstr(&w->escrows.escrows), "[]");
}

static void
pages_give_each_escrow_once_also_where_activity_is_equal(void **state)
{
	struct world *w = *state;
	static const char *const names[] = {"a", "b-1-2", "c d", "\xc3\xa4", "e"};
	char before[ESCROWS_MARK_SIZE] = "";

	for (int i = 0; i < 5; i++)
		world_put(w, names[i], "alice client");
	for (int limit = 1; limit <= 5; limit++) {
		struct buf all = {0};

		for (before[0] = '\0';; memcpy(before, w->escrows.next, sizeof(before))) {
			assert_int_equal(list(w, "alice", span_of(before), limit), ERROR_NONE);
			assert_true(w->escrows.count >= 1 && w->escrows.count <= limit);
			buf_str(&all, ids(w));
			if (w->escrows.next[0] == '\0')
				break;
		}
		assert_string_equal(buf_cstr(&all), "\xc3\xa4 e c d b-1-2 a ");
		buf_clear(&all);
	}
}

static void
a_mark_that_is_none_is_refused(void **state)
{
	static const char *const marks[] = {
	    "x", "1", "1-", "-1-a", "1-a/b", "-", "1:a", "9223372036854775808-a", "1-\xff"};
	struct world *w = *state;

	world_put(w, "42", "alice client");
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		assert_int_equal(list(w, "alice", span_of(marks[i]), 50), ERROR_BAD_REQUEST);
	assert_int_equal(list(w, "alice", SPAN(""), 0), ERROR_BAD_REQUEST);
	assert_int_equal(list(w, "alice", SPAN(""), 201), ERROR_BAD_REQUEST);
	assert_int_equal(w->escrows.escrows.len, 0);
	assert_int_equal(list(w, "alice", SPAN("0-42"), 50), ERROR_NONE);
	assert_int_equal(w->escrows.count, 0);
}

static void
a_page_of_many_participants_ends_early_and_goes_on(void **state)
{
	struct world *w = *state;
	char name[16], before[ESCROWS_MARK_SIZE] = "";
	int total = 0, pages = 0;
	struct buf people = {0};

	buf_str(&people, "alice client");
	for (int i = 0; i < 199; i++)
		buf_printf(&people, ", %0100d observer", i);
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "e%d", i);
		world_put(w, name, buf_cstr(&people));
	}
	do {
		assert_int_equal(list(w, "alice", span_of(before), 200), ERROR_NONE);
		assert_true(w->escrows.escrows.len < (1 << 20) + 40000);
		total += w->escrows.count;
		pages++;
		memcpy(before, w->escrows.next, sizeof(before));
	} while (before[0] != '\0');
	assert_int_equal(total, 50);
	assert_true(pages > 1);
	buf_clear(&people);
}

static void
a_list_is_whole_or_unavailable_under_faults(void **state)
{
	struct world *w = *state;
	int faults = 0;

	world_put(w, "a", "alice client, bob freelancer");
	world_put(w, "b", "alice client, bob freelancer");
	assert_int_equal(world_send(w, "bob", "a", "hi"), ERROR_NONE);
	for (;; faults++) {
		enum error err;

		store_fail_at(w->st, faults + 1, STORE_BROKEN);
		err = list(w, "alice", SPAN(""), 50);
		store_fail_at(w->st, 0, STORE_OK);
		if (err == ERROR_NONE)
			break;
		assert_int_equal(err, ERROR_UNAVAILABLE);
		assert_true(faults < 100);
	}
	assert_true(faults > 5);
	assert_string_equal(ids(w), "b a ");
}

/* ---- unread ---- */

static void
run_unread(struct store *st, void *arg)
{
	struct lookup *l = arg;

	l->out.len = 0;
	l->sum = chat_unread_escrows(st, &l->w->user, &l->out);
}

static struct lookup
unread(struct world *w, const char *wallet)
{
	struct lookup l = {.w = w};

	w->user = world_user(wallet);
	assert_int_equal(store_read(w->st, PATIENT_MS, run_unread, &l), STORE_OK);
	return l;
}

static void
unread_escrows_are_those_with_any_and_their_sum(void **state)
{
	struct world *w = *state;
	char id[64], want[512];
	struct lookup l;

	world_put(w, "a", "alice client, bob freelancer");
	world_put(w, "b", "alice client, bob freelancer");
	world_put(w, "c", "alice client, bob freelancer");
	assert_int_equal(world_send(w, "alice", "a", "1"), ERROR_NONE);
	w->now_ms += 1000;
	assert_int_equal(world_send(w, "alice", "c", "2"), ERROR_NONE);
	world_sent(w, "bob", "c", "mine", id);
	l = unread(w, "bob");
	assert_int_equal(l.sum, 2);
	assert_int_equal(world_unread(w, "bob", NULL), 2);
	snprintf(want, sizeof(want),
	    "[{\"escrowId\":\"c\",\"count\":1,\"lastMessage\":{\"id\":\"%s\",\"senderId\":\"bob\","
	    "\"timestamp\":\"2025-11-24T16:00:01.001Z\",\"content\":\"mine\"}},"
	    "{\"escrowId\":\"a\",\"count\":1,",
	    id);
	assert_memory_equal(buf_cstr(&l.out), want, strlen(want));
	buf_clear(&l.out);
	assert_int_equal(world_mark(w, "bob", "c", id, true), ERROR_NONE);
	l = unread(w, "bob");
	assert_int_equal(l.sum, 1);
	assert_null(strstr(buf_cstr(&l.out), "\"escrowId\":\"c\""));
	buf_clear(&l.out);
	l = unread(w, "eve");
	assert_int_equal(l.sum, 0);
	assert_string_equal(buf_cstr(&l.out), "[]");
	buf_clear(&l.out);
}

static void
at_most_200_escrows_are_named_and_all_are_counted(void **state)
{
	struct world *w = *state;
	struct json *v;
	struct lookup l;
	char name[16];

	for (int i = 0; i < 201; i++) {
		snprintf(name, sizeof(name), "e%d", i);
		world_put(w, name, "alice client, bob freelancer");
		assert_int_equal(world_send(w, "alice", name, "hi"), ERROR_NONE);
	}
	l = unread(w, "bob");
	v = json_parse(buf_as_span(&l.out), NULL);
	assert_int_equal(json_length(v), 200);
	assert_int_equal(l.sum, 201);
	json_free(v);
	buf_clear(&l.out);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_participant_sees_his_role_what_was_said_last_and_what_is_unread),
	    TEST(a_stranger_sees_no_escrow_and_not_whether_it_is_there),
	    TEST(in_open_rooms_the_unlisted_have_no_role_and_nothing_unread),
	    TEST(the_escrow_that_was_active_last_comes_first),
	    TEST(pages_give_each_escrow_once_also_where_activity_is_equal),
	    TEST(a_mark_that_is_none_is_refused),
	    TEST(a_page_of_many_participants_ends_early_and_goes_on),
	    TEST(a_list_is_whole_or_unavailable_under_faults),
	    TEST(unread_escrows_are_those_with_any_and_their_sum),
	    TEST(at_most_200_escrows_are_named_and_all_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
