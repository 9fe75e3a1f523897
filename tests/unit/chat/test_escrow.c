/* SPDX-License-Identifier: ISC */
/*
 * test_escrow.c - the platform's side: creating, replacing and showing an escrow, publishing.
 */
#include "unit/chat_world.h"

#define EVM       "0xABCDEF0123456789abcdef0123456789abcdef01"
#define EVM_KEY   "0xabcdef0123456789abcdef0123456789abcdef01"
#define EVM_OTHER "0xabCDEF0123456789abcdef0123456789abcdef01"

struct view {
	const char *escrow;
	struct buf out;
	enum error err;
};

static void
run_view(struct store *st, void *arg)
{
	struct view *v = arg;

	v->err = chat_escrow_view(st, span_of(v->escrow), &v->out);
}

static struct view
view_of(struct world *w, const char *escrow)
{
	struct view v = {.escrow = escrow};

	store_read(w->st, PATIENT_MS, run_view, &v);
	return v;
}

static void
an_escrow_is_created_then_replaced(void **state)
{
	struct world *w = *state;
	struct view v;

	w->put.status = SPAN("FUNDED");
	assert_int_equal(world_put_as(w, SPAN("42"), SPAN("Logo \xf0\x9f\x98\x80"),
			     "[{\"walletAddress\":\"" EVM "\",\"role\":\"client\"},"
			     "{\"walletAddress\":\"bob\",\"role\":\"freelancer\",\"x\":1}]"),
	    ERROR_NONE);
	assert_true(w->put.created);
	assert_string_equal(buf_cstr(&w->put.escrow),
	    "{\"escrowId\":\"42\",\"title\":\"Logo \xf0\x9f\x98\x80\",\"status\":\"FUNDED\","
	    "\"participants\":[{\"walletAddress\":\"" EVM "\",\"role\":\"client\"},"
	    "{\"walletAddress\":\"bob\",\"role\":\"freelancer\"}],"
	    "\"createdAt\":\"2025-11-24T16:00:00.000Z\",\"updatedAt\":\"2025-11-24T16:00:00."
	    "000Z\"}");
	w->now_ms += 1000;
	w->put.status = SPAN("");
	assert_int_equal(world_put_as(w, SPAN("42"), SPAN("T"), "[]"), ERROR_NONE);
	assert_false(w->put.created);
	assert_string_equal(buf_cstr(&w->put.escrow),
	    "{\"escrowId\":\"42\",\"title\":\"T\",\"participants\":[],"
	    "\"createdAt\":\"2025-11-24T16:00:00.000Z\",\"updatedAt\":\"2025-11-24T16:00:01."
	    "000Z\"}");
	v = view_of(w, "42");
	assert_int_equal(v.err, ERROR_NONE);
	assert_string_equal(buf_cstr(&v.out), buf_cstr(&w->put.escrow));
	buf_clear(&v.out);
	v = view_of(w, "43");
	assert_int_equal(v.err, ERROR_NOT_FOUND);
	assert_int_equal(v.out.len, 0);
}

static void
an_escrow_made_by_a_message_has_its_id_as_title(void **state)
{
	struct world *w = *state;
	struct view v;
	char title[256];

	w->rules.rooms = ROOMS_OPEN;
	assert_int_equal(world_send(w, "bob", "a room", "hi"), ERROR_NONE);
	v = view_of(w, "a room");
	assert_string_equal(world_member(&v.out, "title", title), "a room");
	buf_clear(&v.out);
}

static void
the_log_shows_exactly_the_changes(void **state)
{
	struct world *w = *state;
	int64_t head = world_put(w, "42", EVM " client, bob freelancer, eve observer");

	world_put(w, "42", "eve observer," EVM " client, bob freelancer");
	assert_int_equal(world_head(w), head);
	world_put(w, "42", EVM_OTHER " client, bob arbiter, zoe observer");
	assert_string_equal(world_log(w, head),
	    "membership:42 changed by " EVM_KEY " {\"walletAddress\":\"" EVM_OTHER
	    "\",\"role\":\"client\"}\n"
	    "membership:42 changed by bob {\"walletAddress\":\"bob\",\"role\":\"arbiter\"}\n"
	    "membership:42 added by zoe {\"walletAddress\":\"zoe\",\"role\":\"observer\"}\n"
	    "membership:42 removed by eve {\"walletAddress\":\"eve\",\"role\":\"observer\"}\n");
}

static void
a_change_of_role_keeps_what_was_unread(void **state)
{
	struct world *w = *state;

	world_put(w, "42", "alice client, bob freelancer");
	assert_int_equal(world_send(w, "alice", "42", "hi"), ERROR_NONE);
	world_put(w, "42", "alice client, bob arbiter");
	assert_int_equal(world_unread(w, "bob", "42"), 1);
	world_put(w, "42", "alice client");
	world_put(w, "42", "alice client, bob arbiter");
	assert_int_equal(world_unread(w, "bob", "42"), 0);
}

static void
what_is_not_valid_is_refused_with_a_reason(void **state)
{
	static const char good[] = "[{\"walletAddress\":\"bob\",\"role\":\"client\"}]";
	static const struct {
		const char *escrow, *title, *status, *participants;
	} cases[] = {
	    {"", "t", "", good},
	    {"a/b", "t", "", good},
	    {"..", "t", "", good},
	    {"42", "", "", good},
	    {"42", "a\nb", "", good},
	    {"42", "a\xff", "", good},
	    {"42", "t", "two words", good},
	    {"42", "t", "\xc3\xa4", good},
	    {"42", "t", "12345678901234567890123456789012345678901234567890123456789012345", good},
	    {"42", "t", "", "null"},
	    {"42", "t", "", "{}"},
	    {"42", "t", "", "[1]"},
	    {"42", "t", "", "[null]"},
	    {"42", "t", "", "[{\"role\":\"client\"}]"},
	    {"42", "t", "", "[{\"walletAddress\":\"bob\"}]"},
	    {"42", "t", "", "[{\"walletAddress\":\"b b\",\"role\":\"client\"}]"},
	    {"42", "t", "", "[{\"walletAddress\":1,\"role\":\"client\"}]"},
	    {"42", "t", "", "[{\"walletAddress\":\"bob\",\"role\":\"admin\"}]"},
	    {"42", "t", "", "[{\"walletAddress\":\"bob\",\"role\":\"Client\"}]"},
	    {"42", "t", "",
		"[{\"walletAddress\":\"" EVM "\",\"role\":\"client\"},"
		"{\"walletAddress\":\"" EVM_OTHER "\",\"role\":\"observer\"}]"},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		w->put.status = span_of(cases[i].status);
		if (world_put_as(w, span_of(cases[i].escrow), span_of(cases[i].title),
			cases[i].participants) != ERROR_BAD_REQUEST)
			fail_msg("case %zu", i);
		assert_non_null(w->put.why);
		assert_int_equal(w->put.escrow.len, 0);
	}
	assert_int_equal(world_head(w), 0);
	assert_int_equal(view_of(w, "42").err, ERROR_NOT_FOUND);
}

static void
titles_have_200_code_points_and_escrows_200_participants(void **state)
{
	struct world *w = *state;
	struct buf title = {0}, list = {0};

	for (int i = 0; i < 200; i++)
		buf_str(&title, "\xf0\x9f\x98\x80");
	for (int i = 0; i < 200; i++)
		buf_printf(
		    &list, "%c{\"walletAddress\":\"w%d\",\"role\":\"client\"}", i ? ',' : '[', i);
	buf_addc(&list, ']');
	assert_int_equal(
	    world_put_as(w, SPAN("42"), buf_as_span(&title), buf_cstr(&list)), ERROR_NONE);
	assert_non_null(strstr(buf_cstr(&w->put.escrow), buf_cstr(&title)));
	assert_int_equal(world_head(w), 200);
	list.len--;
	buf_str(&list, ",{\"walletAddress\":\"w200\",\"role\":\"client\"}]");
	assert_int_equal(
	    world_put_as(w, SPAN("42"), SPAN("t"), buf_cstr(&list)), ERROR_BAD_REQUEST);
	buf_addc(&title, 'x');
	assert_int_equal(world_put_as(w, SPAN("42"), buf_as_span(&title), "[]"), ERROR_BAD_REQUEST);
	buf_clear(&title);
	buf_clear(&list);
}

static void
replacing_is_all_or_nothing_under_faults(void **state)
{
	struct world *w = *state;
	struct buf before = {0};
	int64_t head;
	int faults = 0;

	world_put(w, "42", "alice client, bob freelancer, eve observer");
	buf_span(&before, buf_as_span(&w->put.escrow));
	head = world_head(w);
	for (;;) {
		enum error err;
		struct view v;

		store_fail_at(w->st, faults + 1, STORE_READONLY);
		err = world_put_as(w, SPAN("42"), SPAN("New"),
		    "[{\"walletAddress\":\"alice\",\"role\":\"arbiter\"},"
		    "{\"walletAddress\":\"zoe\",\"role\":\"client\"}]");
		store_fail_at(w->st, 0, STORE_OK);
		if (err == ERROR_NONE)
			break;
		assert_int_equal(err, ERROR_UNAVAILABLE);
		v = view_of(w, "42");
		assert_string_equal(buf_cstr(&v.out), buf_cstr(&before));
		buf_clear(&v.out);
		assert_int_equal(world_head(w), head);
		assert_true(++faults < 100);
	}
	assert_true(faults >= 7);
	assert_int_equal(world_head(w), head + 4);
	buf_clear(&before);
}

/* ---- publishing ---- */

static void
an_event_is_one_row_for_its_topic(void **state)
{
	struct world *w = *state;

	assert_true(world_publish(w, "escrow_42", "escrow:update", "{\"a\":1}", true));
	assert_int_equal(w->publish.position, 1);
	assert_true(world_publish(w, "user:bob", "ai:thinking", "{}", false));
	assert_true(world_publish(w, "user:bob", "notification", "{\"type\":\"x\"}", true));
	assert_string_equal(world_log(w, 0), "escrow_42 escrow:update {\"a\":1}\n"
					     "user:bob ai:thinking {} ephemeral\n"
					     "user:bob notification {\"type\":\"x\"}\n");
}

static void
what_only_the_server_may_say_is_not_published(void **state)
{
	struct world *w = *state;
	char *large = malloc(DATA_MAX + 2);

	memset(large, ' ', DATA_MAX + 1);
	large[0] = '{';
	large[DATA_MAX] = '}';
	large[DATA_MAX + 1] = '\0';
	assert_false(world_publish(w, "members:42", "escrow:update", "{}", true));
	assert_false(world_publish(w, "membership:42", "removed", "{}", true));
	assert_false(world_publish(w, "escrow_a/b", "escrow:update", "{}", true));
	assert_false(world_publish(w, "escrow_42", "chat_message", "{}", true));
	assert_false(world_publish(w, "escrow_42", "notification", "{}", true));
	assert_false(world_publish(w, "escrow_42", "no name", "{}", true));
	assert_false(world_publish(w, "escrow_42", "escrow:update", "", true));
	assert_false(world_publish(w, "escrow_42", "escrow:update", large, true));
	assert_int_equal(world_head(w), 0);
	assert_int_equal(w->publish.position, 0);
	large[DATA_MAX - 1] = '}';
	large[DATA_MAX] = '\0';
	assert_true(world_publish(w, "escrow_42", "escrow:update", large, true));
	free(large);
}

struct list {
	struct chat_publish items[3];
	struct chat_publish_list l;
};

static bool
run_list(struct store *st, void *arg)
{
	return chat_publish_all(st, &((struct list *)arg)->l);
}

static struct list
three(const char *event_of_the_last)
{
	struct list list = {0};

	for (size_t i = 0; i < 3; i++)
		list.items[i] = (struct chat_publish){.topic = SPAN("escrow_42"),
		    .event = i == 2 ? span_of(event_of_the_last) : SPAN("a"),
		    .data = SPAN("{}"),
		    .durable = true};
	list.l.n = 3;
	return list;
}

static void
a_list_is_published_in_order_or_not_at_all(void **state)
{
	struct world *w = *state;
	struct list good = three("b"), bad = three("connect"), none = {0};

	bad.l.items = bad.items;
	assert_int_equal(store_write(w->st, run_list, &bad), STORE_REFUSED);
	assert_int_equal(bad.l.position, 0);
	assert_int_equal(store_write(w->st, run_list, &none), STORE_REFUSED);
	assert_int_equal(world_head(w), 0);
	good.l.items = good.items;
	for (int nth = 1; nth <= 3; nth++) {
		store_fail_at(w->st, nth + 1, STORE_FULL); /* BEGIN is the first */
		assert_int_equal(store_write(w->st, run_list, &good), STORE_FULL);
		assert_int_equal(good.l.position, 0);
		store_fail_at(w->st, 0, STORE_OK);
		assert_int_equal(world_head(w), 0);
	}
	assert_int_equal(store_write(w->st, run_list, &good), STORE_OK);
	assert_int_equal(good.l.position, 3);
	assert_string_equal(world_log(w, 0), "escrow_42 a {}\nescrow_42 a {}\nescrow_42 b {}\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_escrow_is_created_then_replaced),
	    TEST(an_escrow_made_by_a_message_has_its_id_as_title),
	    TEST(the_log_shows_exactly_the_changes),
	    TEST(a_change_of_role_keeps_what_was_unread),
	    TEST(what_is_not_valid_is_refused_with_a_reason),
	    TEST(titles_have_200_code_points_and_escrows_200_participants),
	    TEST(replacing_is_all_or_nothing_under_faults),
	    TEST(an_event_is_one_row_for_its_topic),
	    TEST(what_only_the_server_may_say_is_not_published),
	    TEST(a_list_is_published_in_order_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
