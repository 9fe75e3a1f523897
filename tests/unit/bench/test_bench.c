/* SPDX-License-Identifier: ISC */
/*
 * test_bench.c - the benchmark's load notices a delivery that is lost, doubled, out of order,
 * changed or misplaced.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tests/bench/http.h"
#include "tests/bench/load.h"
#include "tests/bench/payload.h"

#define CONTENT_BYTES 64

/* ---- what the parts under test call: no sockets here ---- */

struct link *
link_open(struct client *c, int which, const struct wire *wire)
{
	struct link *l = &c->links[which];

	l->client = c;
	l->wire = wire;
	STAILQ_INIT(&l->questions);
	return l;
}

void
link_want_send(struct link *l)
{
}

void
load_die(const char *fmt, ...)
{
	fail_msg("%s", fmt);
	abort();
}

/* ---- a room of two, and a sender whose messages are written by hand ---- */

static void
open_nothing(struct client *c)
{
	client_joined(c);
}

static void
send_nothing(struct client *c, uint64_t message, struct span content)
{
}

static const struct wire wire = {.name = "none", .open = open_nothing, .send = send_nothing};

static struct load *
new_load(uint32_t n_clients, uint32_t room_size, uint32_t senders)
{
	struct load *l = mem_zalloc(sizeof(*l));

	l->o = (struct load_options){.wire = &wire,
	    .up = &wire,
	    .n_clients = n_clients,
	    .room_size = room_size,
	    .senders = senders,
	    .content_bytes = CONTENT_BYTES,
	    .wants_acks = true};
	l->n_rooms = n_clients / room_size;
	l->clients = mem_zalloc(n_clients * sizeof(*l->clients));
	for (uint32_t i = 0; i < n_clients; i++) {
		l->clients[i] = (struct client){.load = l, .number = i, .room = i / room_size};
		client_open(&l->clients[i]);
	}
	return l;
}

static void
free_load(struct load *l)
{
	free(l->clients);
	free(l->sent);
	free(l);
}

static void
deliver(struct load *l, uint32_t client, uint64_t message)
{
	char content[CONTENT_BYTES];

	payload_write(content, sizeof(content), message, 0);
	client_delivered(&l->clients[client], (struct span){content, sizeof(content)}, 100);
}

static void
what_is_right_is_counted_as_right(void **state)
{
	struct load *l = new_load(4, 2, 2);

	for (int i = 0; i < 4; i++)
		load_send(l, 0);
	for (uint64_t message = 0; message < 4; message++) {
		for (uint32_t k = 0; k < 2; k++)
			deliver(l, (uint32_t)(message % 2) * 2 + k, message);
	}
	assert_int_equal(l->deliveries, 8);
	assert_int_equal(l->n_done, 4);
	assert_int_equal(l->doubled + l->disordered + l->misplaced + l->bad_content, 0);
	assert_true(l->clients[0].digest == l->clients[1].digest);
	free_load(l);
}

static void
a_lost_delivery_leaves_its_message_undone(void **state)
{
	struct load *l = new_load(2, 2, 1);

	load_send(l, 0);
	deliver(l, 0, 0);
	assert_int_equal(l->n_done, 0);
	assert_int_equal(l->deliveries, 1);
	free_load(l);
}

static void
a_doubled_delivery_is_noticed(void **state)
{
	struct load *l = new_load(2, 2, 1);

	load_send(l, 0);
	deliver(l, 0, 0);
	deliver(l, 0, 0);
	assert_int_equal(l->doubled, 1);
	assert_int_equal(l->deliveries, 1);
	free_load(l);
}

static void
a_sender_s_messages_out_of_order_are_noticed(void **state)
{
	struct load *l = new_load(2, 2, 1);

	load_send(l, 0);
	load_send(l, 0);
	deliver(l, 0, 1);
	assert_int_equal(l->disordered, 1);
	deliver(l, 0, 0); /* late: never counted as delivered */
	assert_int_equal(l->doubled, 1);
	assert_int_equal(l->deliveries, 1);
	free_load(l);
}

static void
two_members_with_different_orders_have_different_digests(void **state)
{
	struct load *l = new_load(2, 2, 2);

	load_send(l, 0);
	load_send(l, 0);
	deliver(l, 0, 0);
	deliver(l, 0, 1);
	deliver(l, 1, 1);
	deliver(l, 1, 0);
	assert_int_equal(l->disordered, 0); /* each sender's own order is kept */
	assert_true(l->clients[0].digest != l->clients[1].digest);
	free_load(l);
}

static void
a_message_of_another_room_is_noticed(void **state)
{
	struct load *l = new_load(4, 2, 1);

	load_send(l, 0);
	deliver(l, 2, 0);
	assert_int_equal(l->misplaced, 1);
	free_load(l);
}

static void
any_changed_byte_of_a_content_is_noticed(void **state)
{
	struct load *l = new_load(2, 2, 1);
	char content[CONTENT_BYTES];

	load_send(l, 0);
	for (size_t i = 0; i < sizeof(content); i++) {
		payload_write(content, sizeof(content), 0, 123456);
		content[i] = '!';
		client_delivered(&l->clients[0], (struct span){content, sizeof(content)}, 100);
	}
	assert_int_equal(l->bad_content, sizeof(content));
	deliver(l, 0, 7); /* never sent */
	assert_int_equal(l->bad_content, sizeof(content) + 1);
	assert_int_equal(l->deliveries, 0);
	free_load(l);
}

static void
an_acknowledgement_before_the_own_broadcast_twice_or_refused_is_noticed(void **state)
{
	struct load *l = new_load(2, 2, 1);

	load_send(l, 0);
	client_acknowledged(&l->clients[0], 0, true);
	assert_int_equal(l->early_acks, 1);
	client_acknowledged(&l->clients[0], 0, true);
	client_acknowledged(&l->clients[0], 5, true);
	client_acknowledged(&l->clients[0], 0, false);
	assert_int_equal(l->refused, 3);
	assert_int_equal(l->acks, 1);
	free_load(l);
}

/* ---- HTTP ---- */

static void
answers_are_taken_whole_however_they_are_cut(void **state)
{
	static const char *const answers[] = {
	    "HTTP/1.1 200 OK\r\nX: y\r\ncontent-length: 5\r\n\r\nhello",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
	    "chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
	};

	for (size_t k = 0; k < 2; k++) {
		size_t whole = strlen(answers[k]);
		for (size_t n = 0; n < whole; n++) {
			struct load *l = new_load(1, 1, 1);
			struct link *link = link_open(&l->clients[0], 0, &wire);
			char *in = mem_dup(answers[k], whole);
			struct answer a;

			http_ask(link, 42, (struct http_parts){0}, "/");
			assert_int_equal(http_answer(link, in, n, &a), 0);
			assert_int_equal(http_answer(link, in, whole, &a), whole);
			assert_true(span_is(a.body, "hello"));
			assert_int_equal(a.tag, 42);
			buf_clear(&link->out);
			free(in);
			free_load(l);
		}
	}
}

static void
the_next_request_goes_out_when_the_one_before_is_answered(void **state)
{
	char in[] = "HTTP/1.1 204 No Content\r\n\r\n";
	struct load *l = new_load(1, 1, 1);
	struct link *link = link_open(&l->clients[0], 0, &wire);
	struct answer a;

	http_ask(link, 1, (struct http_parts){0}, "/first");
	http_ask(link, 2, (struct http_parts){0}, "/second");
	assert_null(memmem(link->out.p, link->out.len, "/second", 7));
	assert_int_equal(http_answer(link, in, strlen(in), &a), strlen(in));
	assert_int_equal(a.tag, 1);
	assert_non_null(memmem(link->out.p, link->out.len, "/second", 7));
	assert_int_equal(http_answer(link, in, strlen(in), &a), strlen(in));
	assert_int_equal(a.tag, 2);
	buf_clear(&link->out);
	free_load(l);
}

/* ---- figures ---- */

static void
a_histogram_is_true_to_a_thirty_second(void **state)
{
	static struct histogram h;

	for (int64_t v = 1; v <= 100000; v++)
		histogram_add(&h, v);
	assert_in_range(histogram_at(&h, 0.5), 50000 - 50000 / 32, 50001);
	assert_in_range(histogram_at(&h, 0.99), 99000 - 99000 / 32, 99001);
	assert_int_equal(h.max, 100000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_right_is_counted_as_right),
	    cmocka_unit_test(a_lost_delivery_leaves_its_message_undone),
	    cmocka_unit_test(a_doubled_delivery_is_noticed),
	    cmocka_unit_test(a_sender_s_messages_out_of_order_are_noticed),
	    cmocka_unit_test(two_members_with_different_orders_have_different_digests),
	    cmocka_unit_test(a_message_of_another_room_is_noticed),
	    cmocka_unit_test(any_changed_byte_of_a_content_is_noticed),
	    cmocka_unit_test(
		an_acknowledgement_before_the_own_broadcast_twice_or_refused_is_noticed),
	    cmocka_unit_test(answers_are_taken_whole_however_they_are_cut),
	    cmocka_unit_test(the_next_request_goes_out_when_the_one_before_is_answered),
	    cmocka_unit_test(a_histogram_is_true_to_a_thirty_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
