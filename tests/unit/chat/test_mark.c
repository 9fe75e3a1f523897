/* SPDX-License-Identifier: ISC */
/*
 * test_mark.c - reading: who is told, what is unread, what is read for all.
 */
#include "unit/chat_world.h"

static const char people[] = "alice client, bob freelancer, eve observer, carl arbiter";

/* Returns `read` of the newest message of 42, as a participant sees it. */
static bool
is_newest_read(struct world *w)
{
	struct json *list;
	bool read = false;

	assert_int_equal(world_history(w, "alice", "42", "", "", 1), ERROR_NONE);
	list = json_parse(buf_as_span(&w->history.messages), NULL);
	assert_true(json_bool(json_get(json_at(list, 0), "read"), &read));
	json_free(list);
	return read;
}

static void
one_message_is_marked_and_its_sender_and_the_reader_are_told(void **state)
{
	struct world *w = *state;
	struct buf want = {0};
	char a[64], b[64];
	int64_t head;

	world_put(w, "42", people);
	world_sent(w, "carl", "42", "1", a);
	world_sent(w, "alice", "42", "2", b);
	head = world_head(w);
	assert_int_equal(world_mark(w, "bob", "42", b, false), ERROR_NONE);
	assert_true(w->mark.read);
	assert_int_equal(w->mark.unread, 1);
	assert_int_equal(w->mark.position, head + 2);
	buf_printf(&want,
	    "user:alice message_read by bob "
	    "{\"escrowId\":\"42\",\"messageId\":\"%s\",\"readerId\":\"bob\"}\n"
	    "user:bob message_read by bob "
	    "{\"escrowId\":\"42\",\"messageId\":\"%s\",\"readerId\":\"bob\"}\n",
	    b, b);
	assert_string_equal(world_log(w, head), buf_cstr(&want));
	assert_true(is_newest_read(w));
	buf_clear(&want);
}

static void
up_to_tells_each_sender_of_the_newest_of_his(void **state)
{
	struct world *w = *state;
	struct buf want = {0};
	char a1[64], a2[64], c1[64], own[64], late[64], *to_alice, *to_carl;
	const char *log;
	int64_t head;

	world_put(w, "42", people);
	world_sent(w, "alice", "42", "1", a1);
	world_sent(w, "carl", "42", "2", c1);
	world_sent(w, "alice", "42", "3", a2);
	world_sent(w, "bob", "42", "4", own);
	world_sent(w, "carl", "42", "5", late);
	head = world_head(w);
	assert_int_equal(world_mark(w, "bob", "42", own, true), ERROR_NONE);
	assert_int_equal(w->mark.unread, 1);
	assert_int_equal(w->mark.position, head + 3);
	log = world_log(w, head);
	buf_printf(&want,
	    "user:alice message_read by bob "
	    "{\"escrowId\":\"42\",\"messageId\":\"%s\",\"readerId\":\"bob\",\"upTo\":\"%s\"}\n",
	    a2, own);
	to_alice = strstr(log, buf_cstr(&want));
	assert_non_null(to_alice);
	want.len = 0;
	buf_printf(&want,
	    "user:carl message_read by bob "
	    "{\"escrowId\":\"42\",\"messageId\":\"%s\",\"readerId\":\"bob\",\"upTo\":\"%s\"}\n",
	    c1, own);
	to_carl = strstr(log, buf_cstr(&want));
	assert_non_null(to_carl);
	want.len = 0;
	buf_printf(&want,
	    "user:bob message_read by bob "
	    "{\"escrowId\":\"42\",\"messageId\":\"%s\",\"readerId\":\"bob\",\"upTo\":\"%s\"}\n",
	    own, own);
	assert_string_equal(strstr(log, "user:bob"), buf_cstr(&want));
	buf_clear(&want);
}

static void
marking_again_writes_nothing(void **state)
{
	struct world *w = *state;
	char a[64], b[64];
	int64_t head;

	world_put(w, "42", people);
	world_sent(w, "alice", "42", "1", a);
	world_sent(w, "alice", "42", "2", b);
	assert_int_equal(world_mark(w, "bob", "42", b, true), ERROR_NONE);
	head = world_head(w);
	assert_int_equal(world_mark(w, "bob", "42", b, true), ERROR_NONE);
	assert_int_equal(world_mark(w, "bob", "42", a, true), ERROR_NONE); /* nor back */
	assert_int_equal(world_mark(w, "bob", "42", a, false), ERROR_NONE);
	assert_true(w->mark.read);
	assert_int_equal(w->mark.position, 0);
	assert_int_equal(w->mark.unread, 0);
	assert_int_equal(world_head(w), head);
}

static void
single_marks_are_not_told_again_by_up_to(void **state)
{
	struct world *w = *state;
	char a[64], b[64], c[64];
	int64_t head;

	world_put(w, "42", people);
	world_sent(w, "alice", "42", "1", a);
	world_sent(w, "carl", "42", "2", b);
	world_sent(w, "alice", "42", "3", c);
	assert_int_equal(world_mark(w, "bob", "42", c, false), ERROR_NONE);
	assert_int_equal(world_mark(w, "bob", "42", a, false), ERROR_NONE);
	assert_int_equal(w->mark.unread, 1);
	head = world_head(w);
	assert_int_equal(world_mark(w, "bob", "42", c, true), ERROR_NONE);
	assert_int_equal(w->mark.unread, 0);
	assert_null(strstr(world_log(w, head), "user:alice"));
	assert_non_null(strstr(world_log(w, head), "user:carl"));
}

static void
an_observer_reads_for_himself_only(void **state)
{
	struct world *w = *state;
	char a[64];
	int64_t head;

	world_put(w, "42", people);
	world_sent(w, "alice", "42", "1", a);
	head = world_head(w);
	assert_int_equal(world_mark(w, "eve", "42", a, false), ERROR_NONE);
	assert_false(w->mark.read);
	assert_int_equal(w->mark.unread, 0);
	assert_int_equal(world_head(w), head + 1);
	assert_non_null(strstr(world_log(w, head), "user:eve message_read"));
	assert_false(is_newest_read(w));
	assert_int_equal(world_mark(w, "eve", "42", a, true), ERROR_NONE);
	assert_int_equal(world_head(w), head + 1);
	assert_int_equal(world_mark(w, "bob", "42", a, true), ERROR_NONE);
	assert_true(is_newest_read(w));
}

static void
ones_own_message_is_nothing_to_mark(void **state)
{
	struct world *w = *state;
	char a[64];
	int64_t head;

	world_put(w, "42", people);
	world_sent(w, "alice", "42", "1", a);
	head = world_head(w);
	assert_int_equal(world_mark(w, "alice", "42", a, false), ERROR_NONE);
	assert_false(w->mark.read);
	assert_int_equal(w->mark.position, 0);
	w->mark.refuse_own = true;
	assert_int_equal(world_mark(w, "alice", "42", a, false), ERROR_BAD_REQUEST);
	assert_int_equal(world_mark(w, "alice", "", a, false), ERROR_BAD_REQUEST);
	assert_int_equal(world_head(w), head);
	assert_false(is_newest_read(w));
}

static void
what_he_may_not_read_is_not_found_by_id(void **state)
{
	struct world *w = *state;
	char a[64], forged[64];

	world_put(w, "42", people);
	world_put(w, "43", "bob client, zoe freelancer");
	world_sent(w, "alice", "42", "1", a);
	strcpy(forged, a);
	forged[strlen(a) - 2] = a[strlen(a) - 2] == 'a' ? 'b' : 'a';
	assert_int_equal(world_mark(w, "bob", "43", a, false), ERROR_NOT_FOUND);
	assert_int_equal(world_mark(w, "zoe", "42", a, false), ERROR_NOT_PARTICIPANT);
	assert_int_equal(world_mark(w, "zoe", "44", a, false), ERROR_NOT_PARTICIPANT);
	assert_int_equal(world_mark(w, "zoe", "", a, false), ERROR_NOT_FOUND);
	assert_int_equal(world_mark(w, "zoe", "", "nonsense", false), ERROR_NOT_FOUND);
	assert_int_equal(world_mark(w, "bob", "42", forged, false), ERROR_NOT_FOUND);
	assert_int_equal(world_mark(w, "bob", "", forged, false), ERROR_NOT_FOUND);
	assert_int_equal(world_mark(w, "bob", "42", "", false), ERROR_NOT_FOUND);
	assert_int_equal(world_mark(w, "bob", "42", "nonsense", true), ERROR_NOT_FOUND);
	assert_int_equal(world_mark(w, "bob", "", a, false), ERROR_NONE);
	assert_true(w->mark.read);
}

static void
unread_counts_others_messages_since_one_was_added(void **state)
{
	struct world *w = *state;
	char id[64];

	world_put(w, "42", "alice client");
	world_put(w, "43", "bob client, alice freelancer");
	assert_int_equal(world_send(w, "alice", "42", "before bob came"), ERROR_NONE);
	assert_int_equal(world_send(w, "alice", "43", "other room"), ERROR_NONE);
	world_put(w, "42", people);
	assert_int_equal(world_unread(w, "bob", "42"), 0);
	assert_int_equal(world_send(w, "alice", "42", "1"), ERROR_NONE);
	world_sent(w, "alice", "42", "2", id);
	assert_int_equal(world_send(w, "bob", "42", "own"), ERROR_NONE);
	assert_int_equal(world_unread(w, "bob", "42"), 2);
	assert_int_equal(world_unread(w, "eve", "42"), 3);
	assert_int_equal(world_unread(w, "alice", "42"), 1);
	assert_int_equal(world_unread(w, "bob", NULL), 3);
	assert_int_equal(world_mark(w, "bob", "42", id, true), ERROR_NONE);
	assert_int_equal(world_unread(w, "bob", "42"), 0);
	assert_int_equal(world_unread(w, "bob", NULL), 1);
	assert_int_equal(world_unread(w, "zoe", NULL), 0);
	assert_int_equal(world_unread(w, "zoe", "42"), -1);
}

static void
in_open_rooms_the_unlisted_read_for_all_and_have_no_unread(void **state)
{
	struct world *w = *state;
	char a[64];
	int64_t head;

	w->rules.rooms = ROOMS_OPEN;
	world_sent(w, "alice", "42", "1", a);
	assert_int_equal(world_unread(w, "zoe", "42"), 0);
	head = world_head(w);
	assert_int_equal(world_mark(w, "zoe", "42", a, false), ERROR_NONE);
	assert_true(w->mark.read);
	assert_int_equal(w->mark.unread, 0);
	assert_int_equal(world_head(w), head + 2);
	assert_true(is_newest_read(w));
	assert_int_equal(world_mark(w, "zoe", "no room", a, false), ERROR_NOT_FOUND);
}

/* The log, the message's state and the reader's unread count change together or not at all. */
static void
a_mark_is_all_or_nothing_under_faults(void **state)
{
	struct world *w = *state;
	char *before, *after, a[64];
	int faults = 0, unanswered = 0;

	world_put(w, "42", people);
	world_sent(w, "carl", "42", "1", a);
	world_sent(w, "alice", "42", "2", a);
	before = world_snapshot(w, "bob", "42");
	for (;;) {
		enum error err;

		w->mark.err = ERROR_UNAVAILABLE;
		store_fail_at(w->st, faults + 1, STORE_BROKEN);
		err = world_mark(w, "bob", "42", a, true);
		store_fail_at(w->st, 0, STORE_OK);
		if (err == ERROR_NONE)
			break;
		assert_int_equal(err, ERROR_UNAVAILABLE);
		unanswered += w->mark.err == ERROR_NONE;
		after = world_snapshot(w, "bob", "42");
		assert_string_equal(before, after);
		free(after);
		assert_int_equal(world_unread(w, "bob", "42"), 2);
		assert_true(++faults < 100);
	}
	assert_true(faults >= 9);
	assert_true(unanswered <= 1); /* the commit's failure is not the verb's */
	assert_int_equal(world_unread(w, "bob", "42"), 0);
	assert_int_equal(w->mark.unread, 0);
	assert_true(is_newest_read(w));
	free(before);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_message_is_marked_and_its_sender_and_the_reader_are_told),
	    TEST(up_to_tells_each_sender_of_the_newest_of_his),
	    TEST(marking_again_writes_nothing),
	    TEST(single_marks_are_not_told_again_by_up_to),
	    TEST(an_observer_reads_for_himself_only),
	    TEST(ones_own_message_is_nothing_to_mark),
	    TEST(what_he_may_not_read_is_not_found_by_id),
	    TEST(unread_counts_others_messages_since_one_was_added),
	    TEST(in_open_rooms_the_unlisted_read_for_all_and_have_no_unread),
	    TEST(a_mark_is_all_or_nothing_under_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
