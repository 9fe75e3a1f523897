/* SPDX-License-Identifier: ISC */
/*
 * test_audience.c - whom a row of the log concerns, and pages of the log that need no store any
 * more.
 */
#include "chat/audience.h"

#include "chat/tail_page.h"
#include "store/packed.h"
#include "store/tables/token_rows.h"
#include "store/threads/writer.h"
#include "unit/chat_world.h"

static void
run_page(struct store *st, void *arg)
{
	tail_page_read(st, arg);
}

/* Appends a list of keys as "alice,bob", and any other text as it is. */
static void
add_who(struct buf *out, struct span who)
{
	for (size_t i = 0; i < who.n; i++) {
		if (who.p[i] != '\0')
			buf_addc(out, who.p[i]);
		else if (i + 1 < who.n)
			buf_addc(out, ',');
	}
}

static void
add_rows(struct buf *out, struct packed_list *rows)
{
	struct eventlog_row row;

	out->len = 0;
	for (; packed_next(rows, &row); packed_pass(rows)) {
		buf_span(out, row.topic);
		buf_addc(out, ' ');
		buf_span(out, row.event);
		buf_str(out, " > ");
		add_who(out, row.who);
		buf_addc(out, '\n');
	}
	packed_clear(rows);
}

static void
read_page(struct world *w, struct tail_page *page)
{
	assert_int_equal(store_read(w->st, 60000, run_page, page), STORE_OK);
}

/* Returns the rows after a position as lines "TOPIC EVENT > WHO". Valid until the next call. */
static const char *
rows_after(struct world *w, int64_t after)
{
	struct tail_page page = {.after = after, .limit = TAIL_PAGE_ROWS};
	struct packed_list rows = STAILQ_HEAD_INITIALIZER(rows);

	read_page(w, &page);
	packed_take(&rows, &page.rows);
	add_rows(&w->text, &rows);
	return buf_cstr(&w->text);
}

/* ---- whom it concerns ---- */

static void
a_notification_is_for_the_participants_but_its_sender_and_observers(void **state)
{
	struct world *w = *state;
	int64_t head =
	    world_put(w, "42", "alice client, bob freelancer, carol arbiter, olga observer");

	assert_int_equal(world_send(w, "alice", "42", "hello"), ERROR_NONE);
	assert_string_equal(rows_after(w, head), "escrow_42 chat_message > \n"
						 "members:42 notification > bob,carol\n");
}

static void
a_user_who_was_added_after_a_notification_does_not_get_it(void **state)
{
	struct world *w = *state;
	int64_t head = world_put(w, "42", "alice client, bob freelancer");

	assert_int_equal(world_send(w, "alice", "42", "hello"), ERROR_NONE);
	world_put(w, "42", "alice client, bob freelancer, carol arbiter");
	assert_string_equal(rows_after(w, head), "escrow_42 chat_message > \n"
						 "members:42 notification > bob\n"
						 "membership:42 added > 3carol\n");
}

static void
a_change_of_membership_says_who_they_are_now(void **state)
{
	struct world *w = *state;
	int64_t head = world_head(w);

	world_put(w, "42", "alice client, bob freelancer");
	world_put(w, "42", "alice client, bob observer");
	world_put(w, "42", "bob observer");
	assert_string_equal(rows_after(w, head), "membership:42 added > \n"
						 "membership:42 added > 4bob\n"
						 "membership:42 changed > 4bob\n"
						 "membership:42 removed > \n");
}

static bool
end_sessions(struct store *st, void *arg)
{
	(void)arg;
	token_rows_end(st, SPAN("alice"), 1234567);
	return true;
}

static void
the_row_that_ends_a_wallets_sessions_says_up_to_when(void **state)
{
	struct world *w = *state;
	int64_t head = world_head(w);

	assert_int_equal(store_write(w->st, end_sessions, NULL), STORE_OK);
	assert_non_null(strstr(rows_after(w, head), " > 1234567\n"));
}

/* ---- the writer's own rows ---- */

struct own_job {
	struct writer_job base;
	struct world *w;
	struct user user;
	const char *people; /* NULL: a message is sent */
	struct chat_send send;
};

static bool
run_own(struct store *st, struct writer_job *base)
{
	struct own_job *job = (struct own_job *)base;

	if (job->people != NULL) {
		struct escrow escrow;

		escrow_find(st, SPAN("42"), &escrow);
		if (strcmp(job->people, "carol leaves") == 0)
			participant_delete(st, escrow.id, SPAN("carol"));
		else
			participant_put(st, escrow.id, SPAN("carol"), SPAN("carol"), ROLE_ARBITER);
		return true;
	}
	job->send = (struct chat_send){.user = &job->user,
	    .escrow_id = SPAN("42"),
	    .content = SPAN("hello"),
	    .now_ms = WORLD_NOW,
	    .mono_us = 1};
	assert_true(chat_send(st, &job->w->rules, &job->send));
	return true;
}

static void
on_own_done(struct writer_job *base, void *context)
{
	(void)context;
	assert_int_equal(base->err, STORE_OK);
	buf_clear(&((struct own_job *)base)->send.message);
}

static void
no_wake(void *arg)
{
	(void)arg;
}

/* The rows that the writer hands on are those of a page of the log, without those of triggers. */
static void
own_rows_name_the_same_users_as_rows_of_the_log(void **state)
{
	static const char *const steps[] = {"", "", "carol comes", "", "", "carol leaves", ""};
	enum { STEPS = sizeof(steps) / sizeof(*steps) };
	struct own_job jobs[STEPS] = {0};
	struct packed_list own = STAILQ_HEAD_INITIALIZER(own);
	struct world *w = *state;
	struct writer *writer;

	world_put(w, "42", "alice client, bob freelancer, olga observer");
	writer = writer_start(w->st, 0, no_wake, NULL, &w->text);
	for (int i = 0; i < STEPS; i++) {
		jobs[i] = (struct own_job){.base = {.run = run_own, .done = on_own_done},
		    .w = w,
		    .user = world_user(i % 2 == 0 ? "alice" : "bob"),
		    .people = steps[i][0] != '\0' ? steps[i] : NULL};
		writer_submit(writer, &jobs[i].base, &jobs[i].base, 1);
	}
	writer_stop(writer);
	assert_int_equal(writer_collect(writer, NULL, &own), STEPS);
	writer_free(writer);
	add_rows(&w->text, &own);
	assert_string_equal(buf_cstr(&w->text), "escrow_42 chat_message > \n"
						"members:42 notification > bob\n"
						"escrow_42 chat_message > \n"
						"members:42 notification > alice\n"
						"escrow_42 chat_message > \n"
						"members:42 notification > alice,carol\n"
						"escrow_42 chat_message > \n"
						"members:42 notification > bob,carol\n"
						"escrow_42 chat_message > \n"
						"members:42 notification > bob\n");
	world_open(w);
}

/* ---- pages ---- */

static void
a_page_ends_at_its_limit_of_rows_and_the_next_goes_on(void **state)
{
	struct tail_page page = {.limit = 3};
	struct world *w = *state;
	int n = 0;

	for (int i = 0; i < 8; i++)
		assert_true(world_publish(w, "escrow_42", "a", "{}", true));
	do {
		page.after = page.last;
		read_page(w, &page);
		n += page.n;
		assert_true(page.n <= 3);
	} while (page.is_cut);
	assert_int_equal(n, 8);
	assert_int_equal(page.last, world_head(w));
	page.after = page.last;
	read_page(w, &page);
	assert_int_equal(page.n, 0);
	assert_false(page.is_cut);
	assert_int_equal(page.last, page.after);
	buf_clear(&page.rows);
}

static void
a_page_ends_with_the_row_that_reaches_its_limit_of_bytes(void **state)
{
	struct tail_page page = {.limit = TAIL_PAGE_ROWS};
	struct world *w = *state;
	struct buf data = {0};
	int n = 0, pages = 0;

	buf_printf(&data, "{\"a\":\"%065000d\"}", 0);
	for (int i = 0; i < 40; i++)
		assert_true(world_publish(w, "escrow_42", "a", buf_cstr(&data), true));
	do {
		page.after = page.last;
		read_page(w, &page);
		assert_true(page.rows.len < TAIL_PAGE_BYTES + 66000);
		n += page.n;
		pages++;
	} while (page.is_cut);
	assert_int_equal(n, 40);
	assert_int_equal(pages, 3);
	buf_clear(&data);
	buf_clear(&page.rows);
}

struct plain_row {
	const char *topic, *event, *data;
};

static bool
append_row(struct store *st, void *arg)
{
	const struct plain_row *r = arg;

	return eventlog_append(st, span_of(r->topic), span_of(r->event), span_of(r->data), SPAN(""),
		   true, WORLD_NOW) > 0;
}

static void
a_row_that_is_not_valid_is_there_without_event(void **state)
{
	static struct plain_row rows[] = {
	    {"escrow_42", "a", "{\"b\" : 1}"},
	    {"escrow_42", "a", "no JSON"},
	    {"escrow_42", "chat_message", "{}"},
	    {"nonsense", "a", "{}"},
	};
	struct tail_page page = {.limit = TAIL_PAGE_ROWS};
	struct packed_list list = STAILQ_HEAD_INITIALIZER(list);
	struct world *w = *state;
	struct eventlog_row row;

	for (int i = 0; i < 4; i++)
		assert_int_equal(store_write(w->st, append_row, &rows[i]), STORE_OK);
	read_page(w, &page);
	assert_int_equal(page.n, 4);
	packed_take(&list, &page.rows);
	for (int i = 0; i < 4; i++, packed_pass(&list)) {
		assert_true(packed_next(&list, &row));
		assert_int_equal(row.position, i + 1);
		assert_true(span_is(row.event, i == 0 ? "a" : ""));
		assert_true(span_is(row.data, i == 0 ? "{\"b\":1}" : ""));
	}
	assert_false(packed_next(&list, &row));
}

static void
run_page_with_a_fault(struct store *st, void *arg)
{
	struct tail_page *page = arg;

	store_fail_at(st, page->limit, STORE_DEADLINE);
	page->limit = TAIL_PAGE_ROWS;
	tail_page_read(st, page);
	store_fail_at(st, 0, STORE_OK);
}

static void
after_a_fault_the_rows_so_far_are_whole(void **state)
{
	static const char whole[] = "membership:42 added > 1alice\n"
				    "membership:42 added > 2bob\n"
				    "escrow_42 chat_message > \n"
				    "members:42 notification > bob\n";
	struct world *w = *state;
	enum store_err err;
	int nth = 1;

	world_put(w, "42", "alice client, bob freelancer");
	assert_int_equal(world_send(w, "alice", "42", "hello"), ERROR_NONE);
	do {
		struct tail_page page = {.limit = nth++};
		struct packed_list rows = STAILQ_HEAD_INITIALIZER(rows);

		err = store_read(w->st, 60000, run_page_with_a_fault, &page);
		packed_take(&rows, &page.rows);
		add_rows(&w->text, &rows);
		assert_memory_equal(whole, buf_cstr(&w->text), w->text.len);
		assert_true(page.is_cut || w->text.len == sizeof(whole) - 1);
		assert_int_equal(page.is_cut, err != STORE_OK);
	} while (err != STORE_OK);
	assert_true(nth > 6);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_notification_is_for_the_participants_but_its_sender_and_observers),
	    TEST(a_user_who_was_added_after_a_notification_does_not_get_it),
	    TEST(a_change_of_membership_says_who_they_are_now),
	    TEST(the_row_that_ends_a_wallets_sessions_says_up_to_when),
	    TEST(own_rows_name_the_same_users_as_rows_of_the_log),
	    TEST(a_page_ends_at_its_limit_of_rows_and_the_next_goes_on),
	    TEST(a_page_ends_with_the_row_that_reaches_its_limit_of_bytes),
	    TEST(a_row_that_is_not_valid_is_there_without_event),
	    TEST(after_a_fault_the_rows_so_far_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
