/* SPDX-License-Identifier: ISC */
/*
 * test_conn.c - a connection: input is offered until it is used, frames go out in order, and the
 * end loses nothing and never hangs.
 */
#include "unit/net_world.h"

/* A protocol that writes down what happens to it. */
struct tape {
	struct buf in;
	size_t takes; /* bytes it takes at a call; 0: all */
	size_t most;  /* ever offered at a call */
	int ends, rooms, shutdowns, closes, timeouts;
	bool pauses; /* after each call */
	bool closes_on_input, finishes_on_end;
	const struct protocol *next; /* what it becomes when it has input */
};

static void
on_input(struct conn *c, struct buf *in)
{
	struct tape *t = conn_owner(c);
	size_t n = t->takes > 0 && t->takes < in->len ? t->takes : in->len;

	if (in->len > t->most)
		t->most = in->len;
	buf_add(&t->in, in->p, n);
	buf_drop(in, n);
	if (t->next != NULL)
		conn_set_protocol(c, t->next, t);
	if (t->closes_on_input)
		conn_close(c, "test");
	if (t->pauses) {
		conn_pause(c);
		conn_replay_input(c);
	}
}

static void
on_end(struct conn *c)
{
	struct tape *t = conn_owner(c);

	t->ends++;
	if (t->finishes_on_end) {
		conn_send_bytes(c, SPAN("bye"));
		conn_finish(c, "end");
	}
}

static void
on_timeout(struct conn *c, enum conn_wait wait)
{
	((struct tape *)conn_owner(c))->timeouts++;
}

static void
on_writable(struct conn *c)
{
	((struct tape *)conn_owner(c))->rooms++;
}

static void
on_shutdown(struct conn *c)
{
	((struct tape *)conn_owner(c))->shutdowns++;
}

static void
on_closed(struct conn *c, const char *why)
{
	struct tape *t = conn_owner(c);

	t->closes++;
	buf_clear(&t->in);
}

static const struct protocol taping = {
    on_input, on_end, on_timeout, on_writable, on_shutdown, on_closed};

static void
on_input_of_next(struct conn *c, struct buf *in)
{
	struct tape *t = conn_owner(c);

	buf_addc(&t->in, '|');
	buf_add(&t->in, in->p, in->len);
	buf_drop(in, in->len);
}

static const struct protocol taping_next = {
    on_input_of_next, on_end, on_timeout, on_writable, on_shutdown, on_closed};

static struct tape *
tape(struct wires *w, struct tape t)
{
	w->own = malloc(sizeof(t));
	memcpy(w->own, &t, sizeof(t));
	return w->own;
}

static struct conn *
start(struct wires *w, struct tape *t)
{
	return conn_new(w->net, w->near, &taping, t);
}

static bool
send_event(struct conn *c, enum frame_kind kind, size_t n)
{
	char *bytes = memset(malloc(n), 'x', n);
	struct frame *f = frame_new(kind, (struct span){bytes, n});
	bool is_sent = conn_send(c, f);

	frame_unref(f);
	free(bytes);
	return is_sent;
}

/* ---- input ---- */

static void
input_that_was_left_is_offered_again_with_more_behind(void **state)
{
	struct wires *w = *state;
	struct tape *t = tape(w, (struct tape){.takes = 2});

	start(w, t);
	put_text(w, "abcde");
	turns(w);
	assert_string_equal(buf_cstr(&t->in), "ab");
	put_text(w, "f");
	turns(w);
	assert_string_equal(buf_cstr(&t->in), "abcd");
	t->takes = 0;
	put_text(w, "g");
	turns(w);
	assert_string_equal(buf_cstr(&t->in), "abcdefg");
}

static void
a_new_protocol_is_given_the_rest_at_once(void **state)
{
	struct wires *w = *state;
	struct tape *t = tape(w, (struct tape){.takes = 2, .next = &taping_next});

	start(w, t);
	put_text(w, "abcde");
	turns(w);
	assert_string_equal(buf_cstr(&t->in), "ab|cde");
}

static void
a_paused_connection_is_not_read(void **state)
{
	struct wires *w = *state;
	struct tape *t = tape(w, (struct tape){0});
	struct conn *c = start(w, t);

	conn_pause(c);
	put_text(w, "abc");
	turns(w);
	assert_int_equal(t->in.len, 0);
	conn_replay_input(c);
	turns(w);
	assert_string_equal(buf_cstr(&t->in), "abc");
}

static void
the_buffer_is_used_up_before_more_is_read(void **state)
{
	struct wires *w = *state;
	struct tape *t = tape(w, (struct tape){.takes = 7000, .pauses = true});
	static char bytes[60000];
	size_t sent = 0;

	start(w, t);
	for (int i = 0; i < 20; i++) {
		sent += put(w, bytes, sizeof(bytes));
		turns(w);
	}
	while (t->in.len < sent)
		turns(w);
	assert_true(sent > 300000);
	assert_true(t->most <= 65536 + 16384);
}

/* Takes each byte as a message, until its share of the turn is spent. */
static void
on_bytes(struct conn *c, struct buf *in)
{
	struct tape *t = conn_owner(c);
	size_t n = 0;

	while (n < in->len) {
		n++;
		if (n < in->len && conn_turn_is_spent(c)) {
			conn_replay_input(c);
			break;
		}
	}
	buf_add(&t->in, in->p, n);
	buf_drop(in, n);
}

static void
connections_with_much_input_take_turns(void **state)
{
	enum { MANY = 100, BYTES = 2000 };
	static const struct protocol slicing = {
	    on_bytes, on_end, on_timeout, on_writable, on_shutdown, on_closed};
	static char bytes[BYTES];
	struct wires *w = *state;
	struct tape tapes[MANY] = {0};
	struct conn *conns[MANY];
	int far[MANY], fds[2], left = MANY;

	start(w, tape(w, (struct tape){0}));
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
		far[i] = fds[1];
		conns[i] = conn_new(w->net, fds[0], &slicing, &tapes[i]);
		assert_int_equal(send(far[i], bytes, BYTES, MSG_NOSIGNAL), BYTES);
	}
	while (left > 0) {
		size_t before[MANY];

		for (int i = 0; i < MANY; i++)
			before[i] = tapes[i].in.len;
		one_turn(w);
		left = 0;
		for (int i = 0; i < MANY; i++) {
			assert_true(tapes[i].in.len - before[i] <= 4 * SLICE_EVENTS);
			left += tapes[i].in.len < BYTES;
		}
	}
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(tapes[i].in.len, BYTES);
		conn_close(conns[i], "end of the test");
		close(far[i]);
	}
}

static void
closing_while_input_is_handled_is_safe(void **state)
{
	struct wires *w = *state;
	struct tape *t = tape(w, (struct tape){.takes = 1, .closes_on_input = true});

	start(w, t);
	put_text(w, "abc");
	turns(w);
	get(w);
	assert_true(w->has_ended);
	assert_int_equal(t->closes, 1);
	assert_int_equal(net_connections(w->net), 0);
}

/* ---- output ---- */

static void
the_frames_of_a_turn_leave_in_one_write(void **state)
{
	struct wires *w = *state;
	struct tape *t = tape(w, (struct tape){0});
	struct conn *c;

	close(w->near);
	close(w->far);
	wires_connect(w, SOCK_SEQPACKET); /* keeps writes apart */
	c = start(w, t);
	conn_send_bytes(c, SPAN("one"));
	conn_send_bytes(c, SPAN("two"));
	send_event(c, FRAME_EVENT, 3);
	turns(w);
	assert_int_equal(recv(w->far, buf_reserve(&w->answer, 64), 64, 0), 9);
	assert_memory_equal(w->answer.p, "onetwoxxx", 9);
	assert_int_equal(recv(w->far, buf_reserve(&w->answer, 64), 64, 0), -1);
}

/* The connections are more than one system call takes. One is closed, one has lost its peer, and
 * the socket of one is full. */
static void
many_are_written_to_in_one_turn_and_none_harms_another(void **state)
{
	enum { MANY = 150, CLOSED = 3, GONE = 5, FULL = 7 };
	static struct tape tapes[MANY];
	struct conn *conns[MANY];
	struct wires *w = *state;
	int fds[MANY][2];
	char got[8];

	memset(tapes, 0, sizeof(tapes));
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(
		    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds[i]), 0);
		conns[i] = conn_new(w->net, fds[i][0], &taping, &tapes[i]);
	}
	while (send(fds[FULL][0], "........", 8, MSG_NOSIGNAL) > 0)
		;
	close(fds[GONE][1]);
	for (int i = 0; i < MANY; i++)
		conn_send_bytes(conns[i], SPAN("hello"));
	conn_close(conns[CLOSED], "test");
	turns(w);
	for (int i = 0; i < MANY; i++) {
		if (i != CLOSED && i != GONE && i != FULL) {
			assert_int_equal(recv(fds[i][1], got, sizeof(got), 0), 5);
			assert_memory_equal(got, "hello", 5);
		}
		assert_int_equal(tapes[i].closes, i == CLOSED || i == GONE);
	}
	assert_int_equal(recv(fds[CLOSED][1], got, sizeof(got), 0), 0);
	while (recv(fds[FULL][1], got, sizeof(got), 0) > 0)
		;
	turns(w);
	assert_int_equal(recv(fds[FULL][1], got, sizeof(got), 0), 5);
	for (int i = 0; i < MANY; i++) {
		if (i != CLOSED && i != GONE)
			conn_close(conns[i], "end of the test");
		if (i != GONE)
			close(fds[i][1]);
	}
}

static void
all_that_was_taken_arrives_in_order_through_a_narrow_socket(void **state)
{
	struct wires *w = *state;
	struct tape *t = tape(w, (struct tape){0});
	struct conn *c;
	struct buf all = {0};

	small_buffer(w->near);
	c = start(w, t);
	for (int i = 0; i < 300; i++) {
		size_t before = all.len;
		buf_printf(&all, "frame %d %0*d\n", i, i * 3 + 1, i);
		struct frame *f =
		    frame_new(FRAME_EVENT, (struct span){all.p + before, all.len - before});
		assert_true(conn_send(c, f));
		frame_unref(f);
	}
	while (w->answer.len < all.len) {
		turns(w);
		get(w);
	}
	assert_memory_equal(w->answer.p, all.p, all.len);
	buf_clear(&all);
}

static void
a_full_ring_refuses_what_the_log_has_and_takes_what_it_has_not(void **state)
{
	struct wires *w = *state;
	struct tape *t = tape(w, (struct tape){0});
	struct conn *c = start(w, t);
	int n = 0;

	while (send_event(c, FRAME_EPHEMERAL, 1000))
		n++;
	assert_in_range(n, 100, 140); /* half of 256 KiB */
	while (send_event(c, FRAME_EVENT, 1000))
		n++;
	assert_in_range(n, 250, 270);
	assert_false(send_event(c, FRAME_EPHEMERAL, 1000));
	assert_true(send_event(c, FRAME_CONTROL, 1000));
	assert_int_equal(t->rooms, 0);
}

static void
many_small_frames_fill_it_too(void **state)
{
	struct wires *w = *state;
	struct tape *t = tape(w, (struct tape){0});
	struct conn *c = start(w, t);
	int n = 0;

	while (send_event(c, FRAME_EVENT, 1))
		n++;
	assert_int_equal(n, 1024);
}

static void
what_was_taken_elsewhere_is_not_refused(void **state)
{
	struct wires *w = *state;
	struct tape *t = tape(w, (struct tape){0});
	struct conn *c = start(w, t);
	struct frame *f = frame_new(FRAME_EPHEMERAL, SPAN("kept"));

	while (send_event(c, FRAME_EVENT, 1))
		;
	conn_put(c, f);
	frame_unref(f);
	turns(w);
	get(w);
	assert_int_equal(w->answer.len, 1024 + 4);
}

static void
one_event_fits_however_large(void **state)
{
	struct wires *w = *state;
	struct tape *t = tape(w, (struct tape){0});
	struct conn *c = start(w, t);

	assert_true(send_event(c, FRAME_EVENT, 1000000));
	assert_false(send_event(c, FRAME_EVENT, 1));
}

static void
room_is_offered_once_when_all_is_written(void **state)
{
	struct wires *w = *state;
	struct tape *t = tape(w, (struct tape){0});
	struct conn *c;

	small_buffer(w->near);
	c = start(w, t);
	while (send_event(c, FRAME_EVENT, 1000))
		;
	turns(w);
	assert_int_equal(t->rooms, 0); /* the client has read nothing */
	while (t->rooms == 0) {
		get(w);
		turns(w);
	}
	assert_true(w->answer.len > 250000);
	turns(w);
	assert_int_equal(t->rooms, 1);
}

static void
room_is_offered_on_demand_too(void **state)
{
	struct wires *w = *state;
	struct tape *t = tape(w, (struct tape){0});
	struct conn *c = start(w, t);

	conn_want_writable(c);
	assert_int_equal(t->rooms, 0); /* never from within */
	turns(w);
	assert_int_equal(t->rooms, 1);
}

static void
on_writable_ask_again(struct conn *c)
{
	on_writable(c);
	conn_want_writable(c);
}

static void
many_that_always_want_room_have_it_in_turn(void **state)
{
	enum { MANY = 300, LEAVES = 7 };
	static const struct protocol asking = {
	    on_input, on_end, on_timeout, on_writable_ask_again, on_shutdown, on_closed};
	struct wires *w = *state;
	struct tape tapes[MANY] = {0};
	struct conn *conns[MANY];
	int far[MANY], fds[2], least = 1000, most = 0;

	start(w, tape(w, (struct tape){0}));
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
		far[i] = fds[1];
		conns[i] = conn_new(w->net, fds[0], &asking, &tapes[i]);
		conn_want_writable(conns[i]);
	}
	conn_close(conns[LEAVES], "test");
	turns(w);
	turns(w);
	for (int i = 0; i < MANY; i++) {
		if (i != LEAVES && tapes[i].rooms < least)
			least = tapes[i].rooms;
		if (tapes[i].rooms > most)
			most = tapes[i].rooms;
		if (i != LEAVES)
			conn_close(conns[i], "test");
		close(far[i]);
	}
	assert_true(least > 2);
	assert_true(most - least <= 1);
	assert_int_equal(tapes[LEAVES].rooms, 0);
}

static void
answers_that_nobody_reads_clog_it(void **state)
{
	struct wires *w = *state;
	struct tape *t = tape(w, (struct tape){0});
	struct conn *c = start(w, t);

	for (int i = 0; i < 65; i++) {
		send_event(c, FRAME_EVENT, 1024);
		assert_false(conn_is_clogged(c));
	}
	for (int i = 0; i < 65; i++)
		send_event(c, FRAME_CONTROL, 1024);
	assert_true(conn_is_clogged(c));
	turns(w);
	get(w);
	turns(w);
	assert_false(conn_is_clogged(c));
}

static void
an_empty_frame_is_none(void **state)
{
	struct wires *w = *state;
	struct tape *t = tape(w, (struct tape){0});
	struct conn *c = start(w, t);

	conn_send_bytes(c, SPAN(""));
	turns(w);
	conn_send_bytes(c, SPAN("x"));
	turns(w);
	get(w);
	assert_string_equal(buf_cstr(&w->answer), "x");
}

/* ---- the end ---- */

static void
the_peers_end_is_told_once_and_an_answer_can_still_go(void **state)
{
	struct wires *w = *state;
	struct tape *t = tape(w, (struct tape){.finishes_on_end = true});

	start(w, t);
	shutdown(w->far, SHUT_WR);
	turns(w);
	get(w);
	assert_string_equal(buf_cstr(&w->answer), "bye");
	assert_true(w->has_ended);
	assert_int_equal(t->ends, 1);
	assert_int_equal(t->closes, 1);
}

static void
an_end_that_is_ignored_does_not_spin(void **state)
{
	struct wires *w = *state;
	struct tape *t = tape(w, (struct tape){0});
	struct conn *c = start(w, t);

	shutdown(w->far, SHUT_WR);
	turns(w);
	conn_send_bytes(c, SPAN("late"));
	turns(w);
	get(w);
	assert_string_equal(buf_cstr(&w->answer), "late");
	assert_int_equal(t->ends, 1);
	assert_int_equal(t->closes, 0);
}

static void
finishing_writes_all_and_then_waits_for_the_peers_end(void **state)
{
	struct wires *w = *state;
	struct tape *t = tape(w, (struct tape){0});
	struct conn *c;

	small_buffer(w->near);
	c = start(w, t);
	send_event(c, FRAME_CONTROL, 100000);
	conn_finish(c, "done");
	conn_finish(c, "again");
	turns(w);
	assert_int_equal(conn_wait_kind(c), WAIT_FLUSH);
	while (!w->has_ended) {
		get(w);
		turns(w);
	}
	assert_int_equal(w->answer.len, 100000);
	assert_int_equal(conn_wait_kind(c), WAIT_LINGER);
	put_text(w, "what still comes is read away");
	turns(w);
	assert_int_equal(t->in.len, 0);
	assert_int_equal(t->closes, 0);
	shutdown(w->far, SHUT_WR);
	turns(w);
	assert_int_equal(t->closes, 1);
}

static void
no_wait_of_its_protocol_outlasts_the_end(void **state)
{
	struct wires *w = *state;
	struct tape *t = tape(w, (struct tape){0});
	struct conn *c;

	small_buffer(w->near);
	c = start(w, t);
	conn_wait(c, WAIT_HEAD);
	assert_int_equal(conn_wait_kind(c), WAIT_HEAD);
	send_event(c, FRAME_CONTROL, 100000);
	conn_finish(c, "done");
	conn_wait(c, WAIT_IDLE);
	conn_wait(c, WAIT_NOTHING);
	assert_int_equal(conn_wait_kind(c), WAIT_FLUSH);
}

static void
who_goes_on_sending_after_our_end_is_cut(void **state)
{
	struct wires *w = *state;
	struct tape *t = tape(w, (struct tape){0});
	struct conn *c = start(w, t);
	static char bytes[60000];

	conn_finish(c, "done");
	for (int i = 0; i < 10 && t->closes == 0; i++) {
		put(w, bytes, sizeof(bytes));
		turns(w);
	}
	assert_int_equal(t->closes, 1);
}

static void
what_is_sent_to_a_closed_connection_is_dropped(void **state)
{
	struct wires *w = *state;
	struct tape *t = tape(w, (struct tape){0});
	struct conn *c = start(w, t);

	conn_send_bytes(c, SPAN("never"));
	conn_close(c, "test");
	assert_true(conn_is_closing(c));
	assert_true(send_event(c, FRAME_EVENT, 10));
	conn_close(c, "again");
	conn_finish(c, "again");
	conn_pause(c);
	conn_replay_input(c);
	conn_want_writable(c);
	conn_wait(c, WAIT_IDLE);
	turns(w);
	get(w);
	assert_int_equal(w->answer.len, 0);
	assert_int_equal(t->closes, 1);
	assert_int_equal(t->rooms, 0);
}

static void
a_reset_is_an_end(void **state)
{
	struct wires *w = *state;
	struct tape *t = tape(w, (struct tape){0});
	struct conn *c = start(w, t);

	close(w->far);
	conn_send_bytes(c, SPAN("x"));
	turns(w);
	assert_true(t->ends + t->closes > 0);
	w->far = -1;
}

/* ---- all of them ---- */

static void
the_end_of_the_process_is_told_once_and_closes_what_is_left(void **state)
{
	struct wires *w = *state;
	struct tape *t = tape(w, (struct tape){0});
	struct conn *c = start(w, t);

	conn_shut_down(c);
	conn_shut_down(c);
	assert_int_equal(t->shutdowns, 1);
	net_free(w->net);
	w->net = NULL;
	assert_int_equal(t->closes, 1);
}

static void
close_it(struct conn *c, void *arg)
{
	++*(int *)arg;
	conn_close(c, "test");
}

static void
a_walk_over_all_may_close_them(void **state)
{
	struct wires *w = *state;
	struct tape *t = tape(w, (struct tape){0}), t2 = {0};
	int fds[2], n = 0;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	start(w, t);
	assert_false(net_is_full(w->net));
	conn_new(w->net, fds[0], &taping, &t2);
	assert_true(net_is_full(w->net));
	net_each(w->net, close_it, &n);
	assert_int_equal(n, 2);
	assert_int_equal(net_connections(w->net), 0);
	turns(w);
	close(fds[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    wires_test(input_that_was_left_is_offered_again_with_more_behind),
	    wires_test(a_new_protocol_is_given_the_rest_at_once),
	    wires_test(a_paused_connection_is_not_read),
	    wires_test(the_buffer_is_used_up_before_more_is_read),
	    wires_test(connections_with_much_input_take_turns),
	    wires_test(closing_while_input_is_handled_is_safe),
	    wires_test(the_frames_of_a_turn_leave_in_one_write),
	    wires_test(many_are_written_to_in_one_turn_and_none_harms_another),
	    wires_test(all_that_was_taken_arrives_in_order_through_a_narrow_socket),
	    wires_test(a_full_ring_refuses_what_the_log_has_and_takes_what_it_has_not),
	    wires_test(many_small_frames_fill_it_too),
	    wires_test(what_was_taken_elsewhere_is_not_refused),
	    wires_test(one_event_fits_however_large),
	    wires_test(room_is_offered_once_when_all_is_written),
	    wires_test(room_is_offered_on_demand_too),
	    wires_test(many_that_always_want_room_have_it_in_turn),
	    wires_test(answers_that_nobody_reads_clog_it),
	    wires_test(an_empty_frame_is_none),
	    wires_test(the_peers_end_is_told_once_and_an_answer_can_still_go),
	    wires_test(an_end_that_is_ignored_does_not_spin),
	    wires_test(finishing_writes_all_and_then_waits_for_the_peers_end),
	    wires_test(no_wait_of_its_protocol_outlasts_the_end),
	    wires_test(who_goes_on_sending_after_our_end_is_cut),
	    wires_test(what_is_sent_to_a_closed_connection_is_dropped),
	    wires_test(a_reset_is_an_end),
	    wires_test(the_end_of_the_process_is_told_once_and_closes_what_is_left),
	    wires_test(a_walk_over_all_may_close_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
