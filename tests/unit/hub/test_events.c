/* SPDX-License-Identifier: ISC */
/*
 * test_events.c - the code and the database know the events of contract/events.table, and no
 * others.
 */
#include "unit/hub_world.h"

#include "contract/events.h"
#include "contract/names.h"
#include "store/db.h"

/* The member error of the last answer that the client heard. */
static const char *
error_of(const struct client *c)
{
	static char text[200];
	struct span value = SPAN("");
	const char *why;
	struct json *json = json_parse(buf_as_span(&c->last), &why);

	json_string(json_get(json, "error"), &value);
	snprintf(text, sizeof(text), "%.*s", (int)value.n, value.p);
	json_free(json);
	return text;
}

static void
every_event_of_the_table_is_begun(void **state)
{
	struct house *h = *state;
	struct client *a = connect_as(h, "alice");

	for (size_t i = 0; i < N_CLIENT_EVENTS; i++) {
		say(a, "1", client_events[i].name, "{\"escrowId\":\"42\"}");
		turn(h);
		assert_true(a->heard.len > 0);
		assert_string_not_equal(error_of(a), "no such event");
		forget(h);
	}
	say(a, "1", "goodbye", "{\"escrowId\":\"42\"}");
	assert_string_equal(error_of(a), "no such event");
}

static void
only_the_events_that_say_so_take_a_bare_id(void **state)
{
	struct house *h = *state;
	struct client *a = connect_as(h, "alice");

	for (size_t i = 0; i < N_CLIENT_EVENTS; i++) {
		say(a, "1", client_events[i].name, "\"42\"");
		turn(h);
		assert_int_equal(strcmp(error_of(a), "data: one JSON object is needed") != 0,
		    client_events[i].takes_bare_id);
	}
}

static void
nobody_publishes_a_reserved_name(void **state)
{
	for (size_t i = 0; i < n_reserved_events; i++) {
		assert_true(name_event(span_of(reserved_events[i])));
		assert_false(name_event_publishable(span_of(reserved_events[i])));
	}
	assert_true(name_event_publishable(SPAN("escrow:update")));
}

/* The list of names in the trigger of broadcast_queue, as the database has it: 'a', 'b'. */
static void
read_trigger(sqlite3 *db, struct buf *out)
{
	sqlite3_stmt *stmt;
	const char *text, *begin, *end;

	assert_int_equal(sqlite3_prepare_v2(db,
			     "SELECT sql FROM sqlite_master WHERE name = 'broadcast_queue_insert'",
			     -1, &stmt, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	text = (const char *)sqlite3_column_text(stmt, 0);
	begin = strstr(text, "NEW.event IN (");
	assert_non_null(begin);
	begin += strlen("NEW.event IN (");
	end = strchr(begin, ')');
	assert_non_null(end);
	buf_add(out, begin, (size_t)(end - begin));
	sqlite3_finalize(stmt);
}

static void
the_trigger_refuses_the_reserved_names_and_no_others(void **state)
{
	struct house *h = *state;
	struct buf list = {0};
	struct span rest, name;
	sqlite3 *db;
	size_t n = 0;

	assert_int_equal(sqlite3_open(h->w->path, &db), SQLITE_OK);
	read_trigger(db, &list);
	for (rest = buf_as_span(&list); rest.n > 0; n++) {
		bool is_reserved = false;

		span_cut(&rest, '\'');
		name = span_cut(&rest, '\'');
		for (size_t i = 0; i < n_reserved_events; i++)
			is_reserved = is_reserved || span_is(name, reserved_events[i]);
		if (!is_reserved)
			fail_msg("%.*s is not in events.table", (int)name.n, name.p);
	}
	assert_int_equal(n, n_reserved_events);
	buf_clear(&list);
	sqlite3_close(db);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    house_test(every_event_of_the_table_is_begun),
	    house_test(only_the_events_that_say_so_take_a_bare_id),
	    cmocka_unit_test(nobody_publishes_a_reserved_name),
	    house_test(the_trigger_refuses_the_reserved_names_and_no_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
