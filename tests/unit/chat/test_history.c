/* SPDX-License-Identifier: ISC */
/*
 * test_history.c - pages of an escrow's messages: none lost, none twice.
 */
#include "unit/chat_world.h"

static const char people[] = "alice client, bob freelancer, eve observer";

/* Copies the member `name` of the page's ith message to out. */
static const char *
of_page(struct world *w, size_t i, const char *name, char out[256])
{
	struct json *list = json_parse(buf_as_span(&w->history.messages), NULL);
	struct span text = SPAN("?");

	json_string(json_get(json_at(list, i), name), &text);
	snprintf(out, 256, "%.*s", (int)text.n, text.p);
	json_free(list);
	return out;
}

static void
send_numbered(struct world *w, int n)
{
	char content[16];

	for (int i = 0; i < n; i++) {
		snprintf(content, sizeof(content), "%d", i);
		assert_int_equal(world_send(w, i % 2 ? "alice" : "bob", "42", content), ERROR_NONE);
	}
}

/* Asserts that the contents of the page's messages are the numbers from first on. */
static void
assert_numbers(struct world *w, int first)
{
	char text[256];

	for (int i = 0; i < w->history.count; i++)
		assert_int_equal(atoi(of_page(w, (size_t)i, "content", text)), first + i);
}

static void
walk_back(struct world *w, int total, int limit, const char *by)
{
	char bound[256] = "";
	int left = total;

	do {
		assert_int_equal(world_history(w, "eve", "42", bound, "", limit), ERROR_NONE);
		assert_int_equal(w->history.count, left < limit ? left : limit);
		left -= w->history.count;
		assert_numbers(w, left);
		assert_int_equal(w->history.has_more, left > 0);
		of_page(w, 0, by, bound);
	} while (w->history.has_more);
	assert_int_equal(left, 0);
}

static void
walk_forth(struct world *w, int total, int limit, const char *by)
{
	char bound[256];
	int seen = 1;

	assert_int_equal(world_history(w, "eve", "42", "", "1970-01-01T00:00:00Z", 1), ERROR_NONE);
	assert_numbers(w, 0);
	of_page(w, 0, by, bound);
	do {
		assert_int_equal(world_history(w, "eve", "42", "", bound, limit), ERROR_NONE);
		assert_numbers(w, seen);
		seen += w->history.count;
		assert_int_equal(w->history.has_more, seen < total);
		of_page(w, (size_t)w->history.count - 1, by, bound);
	} while (w->history.has_more);
	assert_int_equal(seen, total);
}

static void
pages_meet_without_loss_or_repetition_in_both_directions(void **state)
{
	struct world *w = *state;

	world_put(w, "42", people);
	send_numbered(w, 12); /* of the same millisecond by the clock */
	for (int limit = 1; limit <= 13; limit++) {
		walk_back(w, 12, limit, "id");
		walk_back(w, 12, limit, "timestamp");
		walk_forth(w, 12, limit, "id");
		walk_forth(w, 12, limit, "timestamp");
	}
}

static void
a_page_has_up_to_200_messages(void **state)
{
	struct world *w = *state;

	world_put(w, "42", people);
	send_numbered(w, 201);
	assert_int_equal(world_history(w, "bob", "42", "", "", 200), ERROR_NONE);
	assert_int_equal(w->history.count, 200);
	assert_true(w->history.has_more);
	assert_numbers(w, 1);
	assert_int_equal(world_history(w, "bob", "42", "", "", 201), ERROR_BAD_REQUEST);
	assert_int_equal(world_history(w, "bob", "42", "", "", 0), ERROR_BAD_REQUEST);
	assert_int_equal(world_history(w, "bob", "42", "", "", -1), ERROR_BAD_REQUEST);
}

/* Sends n messages. Each content is a number and U+0000, 5,000 characters in all. */
static void
send_long(struct world *w, int n)
{
	char content[5000] = "";

	for (int i = 0; i < n; i++) {
		snprintf(content, sizeof(content), "%d", i);
		assert_int_equal(world_send_as(w, "bob", SPAN("42"),
				     (struct span){content, sizeof(content)}, SPAN("")),
		    ERROR_NONE);
	}
}

/* No page is larger than it may be, no message is missing between two pages, and the pages are
 * as few as that allows. */
static void
walk_long(struct world *w, int total, bool back)
{
	char bound[256] = "";
	int seen = 0, pages = 0;

	do {
		assert_int_equal(world_history(w, "eve", "42", back ? bound : "",
				     back        ? ""
				     : pages > 0 ? bound
						 : "1970-01-01T00:00:00Z",
				     200),
		    ERROR_NONE);
		assert_true(w->history.count > 0);
		assert_true(w->history.messages.len <= HISTORY_BYTES + 200);
		assert_numbers(w, back ? total - seen - w->history.count : seen);
		seen += w->history.count;
		pages++;
		assert_int_equal(w->history.has_more, seen < total);
		of_page(w, back ? 0 : (size_t)w->history.count - 1, "id", bound);
	} while (w->history.has_more);
	assert_int_equal(seen, total);
	assert_true(pages <= total / 8 + 1); /* eight messages of 30 kB are less than a page */
}

static void
pages_of_long_messages_end_early_and_meet_without_loss_or_repetition(void **state)
{
	struct world *w = *state;

	world_put(w, "42", people);
	send_long(w, 41);
	walk_long(w, 41, true);
	walk_long(w, 41, false);
}

static void
bounds_are_a_message_of_this_escrow_or_a_time_and_only_one(void **state)
{
	struct world *w = *state;
	char here[64], there[64];

	world_put(w, "42", people);
	world_put(w, "43", people);
	world_sent(w, "alice", "42", "1", here);
	world_sent(w, "alice", "43", "1", there);
	assert_int_equal(world_history(w, "bob", "42", here, here, 10), ERROR_BAD_REQUEST);
	assert_int_equal(world_history(w, "bob", "42", there, "", 10), ERROR_NOT_FOUND);
	assert_int_equal(world_history(w, "bob", "42", "", "nonsense", 10), ERROR_NOT_FOUND);
	assert_int_equal(world_history(w, "bob", "42", "25:00", "", 10), ERROR_BAD_REQUEST);
	assert_int_equal(world_history(w, "bob", "42", "", here, 10), ERROR_NONE);
	assert_int_equal(w->history.count, 0);
	assert_string_equal(buf_cstr(&w->history.messages), "[]");
	assert_int_equal(
	    world_history(w, "bob", "42", "2025-11-24T17:00:00.001+01:00", "", 10), ERROR_NONE);
	assert_int_equal(w->history.count, 1);
}

static void
strangers_get_the_same_answer_for_known_and_unknown(void **state)
{
	struct world *w = *state;

	world_put(w, "42", people);
	assert_int_equal(world_history(w, "zoe", "42", "", "", 0), ERROR_NOT_PARTICIPANT);
	assert_int_equal(world_history(w, "zoe", "43", "", "", 0), ERROR_NOT_PARTICIPANT);
	assert_int_equal(w->history.messages.len, 0);
}

static void
an_open_room_that_is_none_yet_is_empty(void **state)
{
	struct world *w = *state;

	w->rules.rooms = ROOMS_OPEN;
	assert_int_equal(world_history(w, "zoe", "42", "", "", 10), ERROR_NONE);
	assert_string_equal(buf_cstr(&w->history.messages), "[]");
	assert_false(w->history.has_more);
	assert_true(strlen(w->history.cursor) > 0);
	assert_int_equal(world_history(w, "zoe", "42", "nonsense", "", 10), ERROR_NOT_FOUND);
	assert_int_equal(world_history(w, "zoe", "42", "", "1970-01-01T00:00:00Z", 10), ERROR_NONE);
}

struct resolved {
	const char *text;
	int64_t position;
	enum cursor_state state;
};

static void
run_resolve(struct store *st, void *arg)
{
	struct resolved *r = arg;

	r->state = cursor_resolve(st, span_of(r->text), &r->position);
}

static void
the_cursor_is_the_log_s_head_in_the_same_read(void **state)
{
	struct world *w = *state;
	struct resolved r = {.text = w->history.cursor};

	world_put(w, "42", people);
	send_numbered(w, 3);
	assert_int_equal(world_history(w, "bob", "42", "", "", 1), ERROR_NONE);
	assert_int_equal(store_read(w->st, PATIENT_MS, run_resolve, &r), STORE_OK);
	assert_int_equal(r.state, CURSOR_GOOD);
	assert_int_equal(r.position, world_head(w));
}

static void
a_fault_gives_no_page_that_looks_whole(void **state)
{
	struct world *w = *state;
	int faults = 0;

	world_put(w, "42", people);
	send_numbered(w, 5);
	for (;;) {
		enum error err;

		store_fail_at(w->st, faults + 1, STORE_DEADLINE);
		err = world_history(w, "bob", "42", "", "", 3);
		store_fail_at(w->st, 0, STORE_OK);
		if (err == ERROR_NONE)
			break;
		assert_int_equal(err, ERROR_UNAVAILABLE);
		assert_true(++faults < 100);
	}
	assert_true(faults >= 6);
	assert_int_equal(w->history.count, 3);
	assert_numbers(w, 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(pages_meet_without_loss_or_repetition_in_both_directions),
	    TEST(a_page_has_up_to_200_messages),
	    TEST(pages_of_long_messages_end_early_and_meet_without_loss_or_repetition),
	    TEST(bounds_are_a_message_of_this_escrow_or_a_time_and_only_one),
	    TEST(strangers_get_the_same_answer_for_known_and_unknown),
	    TEST(an_open_room_that_is_none_yet_is_empty),
	    TEST(the_cursor_is_the_log_s_head_in_the_same_read),
	    TEST(a_fault_gives_no_page_that_looks_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
