/* SPDX-License-Identifier: ISC */
/*
 * test_escrows.c - escrows, participants and what the log says of them, and the rate of a wallet.
 */
#include "store/tables/escrows.h"

#include "store/tables/messages.h"
#include "store/tables/eventlog.h"
#include "unit/tmp_store.h"

static int64_t
put_escrow(struct store *st, const char *name)
{
	return escrow_insert(st, span_of(name), SPAN("Title"), SPAN(""), 1000);
}

static void
put_message(struct store *st, int64_t escrow, int64_t at)
{
	struct message m = {
	    .nonce = 1, .escrow = escrow, .at = at, .sender = SPAN("alice"), .content = SPAN("x")};

	message_insert(st, &m);
}

static void
roles_are_the_four_names(void **state)
{
	enum role role;

	for (int r = ROLE_CLIENT; r <= ROLE_OBSERVER; r++) {
		assert_true(role_parse(span_of(role_name((enum role)r)), &role));
		assert_int_equal(role, r);
	}
	assert_null(role_name(ROLE_NONE));
	assert_false(role_parse(SPAN("Client"), &role));
	assert_false(role_parse(SPAN("clients"), &role));
	assert_false(role_parse(SPAN(""), &role));
}

static void
an_escrow_is_found_as_it_was_put_and_updated(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;
	struct escrow e;

	begin_write(st);
	int64_t id = escrow_insert(st, SPAN("42"), SPAN("Logo"), SPAN("FUNDED"), 1000);
	assert_true(escrow_find(st, SPAN("42"), &e));
	assert_int_equal(e.id, id);
	assert_string_equal(e.title, "Logo");
	assert_string_equal(e.status, "FUNDED");
	assert_int_equal(e.created_at, 1000);
	escrow_update(st, id, SPAN("Logo 2"), SPAN(""), 2000);
	assert_true(escrow_find(st, SPAN("42"), &e));
	assert_string_equal(e.title, "Logo 2");
	assert_string_equal(e.status, "");
	assert_int_equal(e.created_at, 1000);
	assert_int_equal(e.updated_at, 2000);
	assert_false(escrow_find(st, SPAN("4"), &e));
	assert_false(escrow_find(st, SPAN("42 "), &e));
	assert_false(escrow_find(st, SPAN(""), &e));
	commit(st);
}

static void
a_second_escrow_of_the_same_name_is_an_error_that_sticks(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;

	begin_write(st);
	put_escrow(st, "42");
	assert_int_equal(put_escrow(st, "42"), 0);
	assert_int_equal(store_error(st), STORE_BROKEN);
	tx_rollback(st);
}

static void
a_title_from_elsewhere_that_is_too_long_is_cut_between_characters(void **state)
{
	struct tmp *t = *state;
	struct escrow e;

	sql(t->foreign, "INSERT INTO escrows(name, title, created_at, updated_at)"
			" VALUES('1', 'x' || replace(hex(zeroblob(400)), '00', 'é'), 1, 1)");
	begin_read(t->st);
	assert_true(escrow_find(t->st, SPAN("1"), &e));
	commit(t->st);
	assert_int_equal(strlen(e.title), 799);
	assert_memory_equal(e.title + 797, "é", 2);
}

static void
a_participant_is_put_changed_and_deleted(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;
	struct participant p;

	begin_write(st);
	int64_t id = put_escrow(st, "42");
	participant_put(st, id, SPAN("alice"), SPAN("Alice"), ROLE_CLIENT);
	assert_true(participant_find(st, id, SPAN("alice"), &p));
	assert_string_equal(p.wallet, "alice");
	assert_string_equal(p.name, "Alice");
	assert_int_equal(p.role, ROLE_CLIENT);
	participant_put(st, id, SPAN("alice"), SPAN("ALICE"), ROLE_ARBITER);
	assert_true(participant_find(st, id, SPAN("alice"), &p));
	assert_string_equal(p.name, "ALICE");
	assert_int_equal(p.role, ROLE_ARBITER);
	assert_false(participant_find(st, id, SPAN("ALICE"), &p));
	assert_false(participant_find(st, id + 1, SPAN("alice"), &p));
	participant_delete(st, id, SPAN("alice"));
	assert_false(participant_find(st, id, SPAN("alice"), &p));
	commit(st);
}

static void
a_participant_counts_from_where_room_and_log_stood_when_he_was_added(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;
	struct participant p;

	begin_write(st);
	int64_t id = put_escrow(st, "42");
	put_message(st, id, 700);
	put_message(st, id, 900);
	int64_t before =
	    eventlog_append(st, SPAN("escrow_42"), SPAN("a"), SPAN("{}"), SPAN(""), true, 1);
	participant_put(st, id, SPAN("bob"), SPAN("bob"), ROLE_FREELANCER);
	assert_true(participant_find(st, id, SPAN("bob"), &p));
	assert_int_equal(p.since_message, 900);
	assert_int_equal(p.since_position, before + 1); /* the row of bob's own membership */
	assert_int_equal(p.since_position, eventlog_newest(st));

	put_message(st, id, 950);
	participant_put(
	    st, id, SPAN("bob"), SPAN("bob"), ROLE_OBSERVER); /* a change is no new beginning */
	assert_true(participant_find(st, id, SPAN("bob"), &p));
	assert_int_equal(p.since_message, 900);
	commit(st);
}

struct seen {
	struct buf text;
};

static bool
note_row(const struct eventlog_row *row, void *arg)
{
	struct seen *seen = arg;

	buf_printf(&seen->text, "%.*s %.*s %.*s %.*s\n", (int)row->topic.n, row->topic.p,
	    (int)row->event.n, row->event.p, (int)row->actor.n, row->actor.p, (int)row->data.n,
	    row->data.p);
	assert_true(row->durable);
	assert_true(row->at > 1600000000000);
	return true;
}

static void
every_membership_change_is_a_row_of_the_log_whoever_makes_it(void **state)
{
	struct tmp *t = *state;
	struct seen seen = {0};

	begin_write(t->st);
	int64_t id = put_escrow(t->st, "42");
	participant_put(t->st, id, SPAN("alice"), SPAN("Alice"), ROLE_CLIENT);
	participant_put(
	    t->st, id, SPAN("alice"), SPAN("Alice"), ROLE_CLIENT); /* nothing changes: no row */
	participant_put(t->st, id, SPAN("alice"), SPAN("Alice"), ROLE_ARBITER);
	commit(t->st);
	sql(t->foreign, "INSERT INTO participants(escrow, wallet, name, role) VALUES(1, 'bob', "
			"'Bob', 'observer')");
	sql(t->foreign, "UPDATE participants SET name = 'BOB' WHERE wallet = 'bob'");
	sql(t->foreign, "DELETE FROM participants");

	begin_read(t->st);
	eventlog_after(t->st, 0, 100, note_row, &seen);
	commit(t->st);
	assert_string_equal(buf_cstr(&seen.text),
	    "membership:42 added alice {\"walletAddress\":\"Alice\",\"role\":\"client\"}\n"
	    "membership:42 changed alice {\"walletAddress\":\"Alice\",\"role\":\"arbiter\"}\n"
	    "membership:42 added bob {\"walletAddress\":\"Bob\",\"role\":\"observer\"}\n"
	    "membership:42 changed bob {\"walletAddress\":\"BOB\",\"role\":\"observer\"}\n"
	    "membership:42 removed alice {\"walletAddress\":\"Alice\",\"role\":\"arbiter\"}\n"
	    "membership:42 removed bob {\"walletAddress\":\"BOB\",\"role\":\"observer\"}\n");
	buf_clear(&seen.text);
}

static void
what_would_break_the_books_is_refused_to_plain_sql(void **state)
{
	static const char *const wrong[] = {
	    "UPDATE participants SET wallet = 'carol'",
	    "UPDATE participants SET escrow = 2",
	    "UPDATE escrows SET name = '43' WHERE name = '42'",
	    "DELETE FROM escrows WHERE name = '42'",
	    "INSERT INTO participants(escrow, wallet, name, role) VALUES(1, 'carol', 'carol', "
	    "'owner')",
	    "INSERT INTO participants(escrow, wallet, name, role) VALUES(1, 'ca\"rol', 'carol', "
	    "'client')",
	    "INSERT INTO participants(escrow, wallet, name, role) VALUES(1, 'carol', 'ca\"rol', "
	    "'client')",
	    "INSERT INTO participants(escrow, wallet, name, role) VALUES(1, 'carol', 'carol' || "
	    "char(0) || '\"', 'client')",
	    "INSERT INTO participants(escrow, wallet, name, role) VALUES(1, '', 'carol', 'client')",
	    "INSERT INTO participants(escrow, wallet, name, role)"
	    " VALUES(1, '0xABCDEF0123456789abcdef0123456789abcdef01', 'x', 'client')",
	};
	struct tmp *t = *state;

	begin_write(t->st);
	int64_t id = put_escrow(t->st, "42");
	put_escrow(t->st, "7");
	participant_put(t->st, id, SPAN("alice"), SPAN("Alice"), ROLE_CLIENT);
	commit(t->st);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (sql_error(t->foreign, wrong[i]) == NULL)
			fail_msg("accepted: %s", wrong[i]);
	assert_int_equal(sql_int(t->foreign, "SELECT count(*) FROM log"), 1);
	sql(t->foreign, "INSERT INTO participants(escrow, wallet, name, role)"
			" VALUES(1, '0xabcdef0123456789abcdef0123456789abcdef01', "
			"'0xABCDEF0123456789abcdef0123456789abcdef01', 'client'),"
			" (1, 'DRpbCBMxVnDK7maPM5tGv6MvB3v1sRMC86PZ8okm21hy', "
			"'DRpbCBMxVnDK7maPM5tGv6MvB3v1sRMC86PZ8okm21hy', 'arbiter')");
}

static bool
note_participant(const struct participant *p, void *arg)
{
	struct seen *seen = arg;

	buf_printf(&seen->text, "%s:%s ", p->wallet, role_name(p->role));
	return p->role != ROLE_ARBITER;
}

static void
the_participants_of_an_escrow_come_by_wallet_until_the_caller_stops(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;
	struct seen seen = {0};

	begin_write(st);
	int64_t id = put_escrow(st, "42"), other = put_escrow(st, "43");
	participant_put(st, id, SPAN("zoe"), SPAN("zoe"), ROLE_OBSERVER);
	participant_put(st, id, SPAN("mia"), SPAN("mia"), ROLE_ARBITER);
	participant_put(st, id, SPAN("bob"), SPAN("bob"), ROLE_CLIENT);
	participant_put(st, other, SPAN("ann"), SPAN("ann"), ROLE_CLIENT);
	participants_each(st, id, note_participant, &seen);
	assert_string_equal(buf_cstr(&seen.text), "bob:client mia:arbiter ");
	seen.text.len = 0;
	participants_each(
	    st, other, note_participant, &seen); /* the loop that was left has been ended */
	assert_string_equal(buf_cstr(&seen.text), "ann:client ");
	commit(st);
	buf_clear(&seen.text);
}

static bool
note_participation(const struct participation *p, void *arg)
{
	struct seen *seen = arg;

	buf_printf(&seen->text, "%.*s/%s/%s/%s ", (int)p->escrow_id.n, p->escrow_id.p,
	    p->escrow.title, p->participant.wallet, role_name(p->participant.role));
	return true;
}

static void
all_escrows_of_a_wallet_are_told_with_his_part(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;
	struct seen seen = {0};

	begin_write(st);
	int64_t a = put_escrow(st, "9"), b = put_escrow(st, "8"), c = put_escrow(st, "7");
	participant_put(st, c, SPAN("bob"), SPAN("bob"), ROLE_ARBITER);
	participant_put(st, a, SPAN("bob"), SPAN("bob"), ROLE_CLIENT);
	participant_put(st, b, SPAN("ann"), SPAN("ann"), ROLE_CLIENT);
	participations_each(st, SPAN("bob"), note_participation, &seen);
	assert_string_equal(buf_cstr(&seen.text), "9/Title/bob/client 7/Title/bob/arbiter ");
	commit(st);
	buf_clear(&seen.text);
}

static bool
note_activity(const struct participation *p, void *arg)
{
	struct seen *seen = arg;

	buf_printf(
	    &seen->text, "%.*s@%lld ", (int)p->escrow_id.n, p->escrow_id.p, (long long)p->activity);
	return true;
}

static const char *
by_activity(struct store *st, struct seen *seen, int64_t activity, const char *name, int limit)
{
	seen->text.len = 0;
	participations_by_activity(
	    st, SPAN("bob"), activity, span_of(name), limit, note_activity, seen);
	return buf_cstr(&seen->text);
}

static void
escrows_come_by_what_was_written_or_said_last(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;
	static const char *const names[] = {"a", "b", "c", "d", "foreign"};
	struct seen seen = {0};
	int64_t ids[5];

	begin_write(st);
	for (size_t i = 0; i < 5; i++) {
		ids[i] = put_escrow(st, names[i]);
		participant_put(
		    st, ids[i], i < 4 ? SPAN("bob") : SPAN("ann"), SPAN("x"), ROLE_CLIENT);
	}
	put_message(st, ids[1], 3000);
	put_message(st, ids[3], 500);
	put_message(st, ids[4], 9000);
	escrow_update(st, ids[2], SPAN("T"), SPAN(""), 2000);
	assert_string_equal(
	    by_activity(st, &seen, INT64_MAX, "", -1), "b@3000 c@2000 d@1000 a@1000 ");
	assert_string_equal(by_activity(st, &seen, INT64_MAX, "", 3), "b@3000 c@2000 d@1000 ");
	assert_string_equal(by_activity(st, &seen, 1000, "d", 3), "a@1000 ");
	assert_string_equal(by_activity(st, &seen, 1000, "a", 3), "");
	assert_string_equal(by_activity(st, &seen, 2500, "", 1), "c@2000 ");
	commit(st);
	buf_clear(&seen.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(roles_are_the_four_names),
	    tmp_test(an_escrow_is_found_as_it_was_put_and_updated),
	    tmp_test(a_second_escrow_of_the_same_name_is_an_error_that_sticks),
	    tmp_test(a_title_from_elsewhere_that_is_too_long_is_cut_between_characters),
	    tmp_test(a_participant_is_put_changed_and_deleted),
	    tmp_test(a_participant_counts_from_where_room_and_log_stood_when_he_was_added),
	    tmp_test(every_membership_change_is_a_row_of_the_log_whoever_makes_it),
	    tmp_test(what_would_break_the_books_is_refused_to_plain_sql),
	    tmp_test(the_participants_of_an_escrow_come_by_wallet_until_the_caller_stops),
	    tmp_test(all_escrows_of_a_wallet_are_told_with_his_part),
	    tmp_test(escrows_come_by_what_was_written_or_said_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
