/* SPDX-License-Identifier: ISC */
/*
 * test_ws.c - what proto/ws.h promises.
 */
#include "proto/ws.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "proto/deflate.h"

#define FIN       0x80
#define MAX_BYTES 1000

/* ---- the client's side ---- */

/* Appends a masked frame; first has FIN, the reserved bits and the opcode. */
static void
put_frame(struct buf *b, int first, struct span payload)
{
	static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
	uint8_t head[WS_HEAD_MAX_BYTES];
	size_t n = ws_head(head, 0, payload.n);

	head[0] = (uint8_t)first;
	head[1] |= 0x80;
	buf_add(b, head, n);
	buf_add(b, mask, sizeof(mask));
	for (size_t i = 0; i < payload.n; i++)
		buf_addc(b, (char)((uint8_t)payload.p[i] ^ mask[i & 3]));
}

static void
put(struct buf *b, int first, const char *payload)
{
	put_frame(b, first, span_of(payload));
}

/* ---- a caller, who writes down what happens ---- */

struct peer {
	struct ws_reader reader;
	struct buf in, log;
};

static void
peer_init(struct peer *p, size_t max_bytes, struct deflate *d)
{
	*p = (struct peer){.in = {0}};
	ws_reader_init(&p->reader, max_bytes, d);
}

static void
peer_clear(struct peer *p)
{
	ws_reader_clear(&p->reader);
	buf_clear(&p->in);
	buf_clear(&p->log);
}

static void
note(struct buf *log, enum ws_event event, const struct ws_message *m)
{
	static const char *const names[] = {"", "", "ping", "pong", "close", "broken"};

	if (event == WS_MESSAGE)
		buf_str(log, m->opcode == WS_TEXT ? "text" : "binary");
	else
		buf_str(log, names[event]);
	if (event == WS_CLOSED || event == WS_BROKEN)
		buf_printf(log, " %d", m->code);
	if (event != WS_BROKEN && m->data.n <= 200)
		buf_printf(log, "(%.*s)", (int)m->data.n, m->data.p);
	else if (event != WS_BROKEN)
		buf_printf(log, "[%zu]", m->data.n);
	buf_addc(log, ' ');
}

static void
peer_receive(struct peer *p, const char *bytes, size_t n)
{
	struct ws_message m;
	enum ws_event event;
	size_t used;
	char *copy;

	buf_add(&p->in, bytes, n);
	do {
		copy = mem_dup(p->in.p ? p->in.p : "", p->in.len);
		event = ws_read(&p->reader, copy, p->in.len, &used, &m);
		assert_true(used <= p->in.len);
		if (event != WS_MORE)
			note(&p->log, event, &m);
		free(copy);
		if (p->in.len > 0)
			buf_drop(&p->in, used);
	} while (event != WS_MORE);
	assert_true(p->in.len < 140);
}

/* Asserts that the decoded frames are want, wherever the input is split into three parts, and also
 * if it comes byte by byte. */
static void
expect(struct span input, size_t max_bytes, struct deflate *d, const char *want)
{
	for (size_t i = 0; i <= input.n; i++) {
		for (size_t j = i; j <= input.n; j += input.n > 150 ? 97 : 1) {
			struct peer p;

			peer_init(&p, max_bytes, d);
			peer_receive(&p, input.p, i);
			peer_receive(&p, input.p + i, j - i);
			peer_receive(&p, input.p + j, input.n - j);
			assert_string_equal(buf_cstr(&p.log), want);
			assert_int_equal(p.in.len, 0);
			peer_clear(&p);
		}
	}
}

static void
expect_bytes(struct span input, struct deflate *d, const char *want)
{
	struct peer p;

	peer_init(&p, MAX_BYTES, d);
	for (size_t i = 0; i < input.n; i++)
		peer_receive(&p, input.p + i, 1);
	assert_string_equal(buf_cstr(&p.log), want);
	peer_clear(&p);
	expect(input, MAX_BYTES, d, want);
}

/* Sends one frame of these bytes, then a ping, which must not be answered. */
static void
expect_broken(int first, struct span payload, int code)
{
	struct buf b = {0};
	char want[20];

	put_frame(&b, first, payload);
	put(&b, FIN | WS_PING, "late");
	snprintf(want, sizeof(want), "broken %d ", code);
	expect_bytes(buf_as_span(&b), NULL, want);
	buf_clear(&b);
}

/* ---- messages ---- */

static void
messages_pings_and_a_close_are_read_wherever_they_are_split(void **state)
{
	struct buf b = {0};

	put(&b, FIN | WS_TEXT, "h\xc3\xa9llo");
	put(&b, FIN | WS_BINARY, "\xff\xfe");
	put(&b, FIN | WS_TEXT, "");
	put(&b, FIN | WS_PING, "p");
	put(&b, FIN | WS_PONG, "");
	put(&b, FIN | WS_CLOSE,
	    "\x03\xe8"
	    "bye");
	put(&b, FIN | WS_PING, "ignored");
	expect_bytes(buf_as_span(&b), NULL,
	    "text(h\xc3\xa9llo) binary(\xff\xfe) text() ping(p) pong() close 1000(bye) ");
	buf_clear(&b);
}

static void
fragments_are_joined_and_control_frames_come_between(void **state)
{
	struct buf b = {0};

	put(&b, WS_TEXT, "a\xe2\x82");
	put(&b, FIN | WS_PING, "1");
	put(&b, WS_CONTINUATION, "");
	put(&b, WS_CONTINUATION,
	    "\xac"
	    "b");
	put(&b, FIN | WS_PING, "2");
	put(&b, FIN | WS_CONTINUATION, "c");
	put(&b, WS_BINARY, "");
	put(&b, FIN | WS_CONTINUATION, "");
	put(&b, FIN | WS_TEXT, "d");
	expect_bytes(buf_as_span(&b), NULL,
	    "ping(1) ping(2) text(a\xe2\x82\xac"
	    "bc) binary() text(d) ");
	buf_clear(&b);
}

static void
a_close_between_fragments_closes(void **state)
{
	struct buf b = {0};

	put(&b, WS_TEXT, "a");
	put(&b, FIN | WS_CLOSE, "");
	put(&b, FIN | WS_CONTINUATION, "b");
	expect_bytes(buf_as_span(&b), NULL, "close 1005() ");
	buf_clear(&b);
}

static void
a_whole_frame_is_not_copied_and_no_memory_is_kept(void **state)
{
	struct ws_message m;
	struct ws_reader r;
	struct buf b = {0};
	size_t used;

	put(&b, FIN | WS_TEXT, "hello");
	ws_reader_init(&r, MAX_BYTES, NULL);
	assert_int_equal(ws_read(&r, b.p, b.len, &used, &m), WS_MESSAGE);
	assert_int_equal(used, b.len);
	assert_ptr_equal(m.data.p, b.p + b.len - 5);
	assert_null(r.partial);
	b.len = 0;
	put(&b, FIN | WS_TEXT, "hello");
	assert_int_equal(ws_read(&r, b.p, b.len - 2, &used, &m), WS_MORE);
	assert_int_equal(used, b.len - 2);
	assert_int_equal(ws_read(&r, b.p + used, 2, &used, &m), WS_MESSAGE);
	assert_int_equal(m.data.n, 5);
	assert_int_equal(ws_read(&r, NULL, 0, &used, &m), WS_MORE);
	assert_null(r.partial);
	assert_true(sizeof(r) <= 24);
	ws_reader_clear(&r);
	buf_clear(&b);
}

static void
lengths_of_every_form_are_read(void **state)
{
	static const size_t sizes[] = {0, 1, 15, 16, 17, 125, 126, 127, 128, 65535, 65536, 70000};
	char *bytes = mem_alloc(70000);

	for (size_t i = 0; i < 70000; i++)
		bytes[i] = (char)(i * 7);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct buf b = {0};
		struct ws_message m;
		struct ws_reader r;
		size_t used, first = sizes[i] / 3;

		ws_reader_init(&r, 70000, NULL);
		put_frame(&b, FIN | WS_BINARY, (struct span){bytes, sizes[i]});
		assert_int_equal(ws_read(&r, b.p, b.len, &used, &m), WS_MESSAGE);
		assert_int_equal(m.data.n, sizes[i]);
		assert_memory_equal(m.data.p, bytes, sizes[i]);
		b.len = 0;
		put_frame(&b, FIN | WS_BINARY, (struct span){bytes, sizes[i]});
		if (ws_read(&r, b.p, b.len - sizes[i] + first, &used, &m) == WS_MORE)
			assert_int_equal(
			    ws_read(&r, b.p + used, b.len - used, &used, &m), WS_MESSAGE);
		assert_int_equal(m.data.n, sizes[i]);
		assert_memory_equal(m.data.p, bytes, sizes[i]);
		ws_reader_clear(&r);
		buf_clear(&b);
	}
	free(bytes);
}

/* ---- what is refused ---- */

static void
broken_frames_are_1002(void **state)
{
	char long_ping[126] = {0};

	for (int opcode = 3; opcode <= 7; opcode++)
		expect_broken(FIN | opcode, SPAN(""), WS_PROTOCOL_ERROR);
	for (int opcode = 11; opcode <= 15; opcode++)
		expect_broken(FIN | opcode, SPAN("x"), WS_PROTOCOL_ERROR);
	for (int rsv = 1; rsv <= 7; rsv++) {
		expect_broken(FIN | rsv << 4 | WS_TEXT, SPAN("x"), WS_PROTOCOL_ERROR);
		expect_broken(FIN | rsv << 4 | WS_PING, SPAN("x"), WS_PROTOCOL_ERROR);
	}
	expect_broken(WS_PING, SPAN("x"), WS_PROTOCOL_ERROR);
	expect_broken(WS_PONG, SPAN("x"), WS_PROTOCOL_ERROR);
	expect_broken(WS_CLOSE, SPAN(""), WS_PROTOCOL_ERROR);
	expect_broken(FIN | WS_PING, (struct span){long_ping, 126}, WS_PROTOCOL_ERROR);
	expect_broken(FIN | WS_CLOSE, (struct span){long_ping, 126}, WS_PROTOCOL_ERROR);
	expect_broken(FIN | WS_CONTINUATION, SPAN("x"), WS_PROTOCOL_ERROR);
	expect_broken(WS_CONTINUATION, SPAN("x"), WS_PROTOCOL_ERROR);
}

static void
a_message_inside_a_message_is_1002(void **state)
{
	struct buf b = {0};

	put(&b, WS_TEXT, "a");
	put(&b, FIN | WS_BINARY, "b");
	expect_bytes(buf_as_span(&b), NULL, "broken 1002 ");
	buf_clear(&b);
}

static void
unmasked_frames_and_padded_lengths_are_1002(void **state)
{
	static const struct span bad[] = {
	    {"\x81\x05hello", 7},
	    {"\x81\xfe\x00\x7d", 4},
	    {"\x81\xff\x00\x00\x00\x00\x00\x00\xff\xff", 10},
	    {"\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00", 10},
	    {"\x89\xfe\x00\x7e", 4},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_bytes(bad[i], NULL, "broken 1002 ");
}

/* The daemon lowers the limit so when it has ended a client's identity. */
static void
a_limit_that_becomes_less_meets_a_message_that_has_begun(void **state)
{
	static const char zeros[600];
	struct peer p;
	struct buf b = {0};

	peer_init(&p, MAX_BYTES, NULL);
	put_frame(&b, WS_BINARY, (struct span){zeros, sizeof(zeros)});
	peer_receive(&p, b.p, b.len);
	p.reader.max_bytes = 100;
	b.len = 0;
	put_frame(&b, WS_CONTINUATION, (struct span){zeros, 1});
	peer_receive(&p, b.p, b.len);
	assert_string_equal(buf_cstr(&p.log), "broken 1009 ");
	peer_clear(&p);
	buf_clear(&b);
}

static void
a_message_over_the_limit_is_1009_from_its_head_on(void **state)
{
	static const char zeros[MAX_BYTES + 1];
	struct buf b = {0};

	put_frame(&b, FIN | WS_BINARY, (struct span){zeros, MAX_BYTES});
	expect(buf_as_span(&b), MAX_BYTES, NULL, "binary[1000] ");
	b.len = 0;
	put_frame(&b, FIN | WS_BINARY, (struct span){zeros, MAX_BYTES + 1});
	expect((struct span){b.p, 8}, MAX_BYTES, NULL, "broken 1009 ");
	b.len = 0;
	put_frame(&b, WS_BINARY, (struct span){zeros, 600});
	put_frame(&b, WS_CONTINUATION, (struct span){zeros, 400});
	put_frame(&b, FIN | WS_CONTINUATION, (struct span){zeros, 0});
	expect(buf_as_span(&b), MAX_BYTES, NULL, "binary[1000] ");
	b.len = 0;
	put_frame(&b, WS_BINARY, (struct span){zeros, 600});
	put_frame(&b, FIN | WS_CONTINUATION, (struct span){zeros, 401});
	expect(buf_as_span(&b), MAX_BYTES, NULL, "broken 1009 ");
	expect(SPAN("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0"), MAX_BYTES, NULL,
	    "broken 1009 ");
	buf_clear(&b);
}

static void
close_codes_are_checked(void **state)
{
	for (unsigned code = 0; code <= 5001; code++) {
		char payload[2] = {(char)(code >> 8), (char)code};
		bool is_good = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
			       (code >= 3000 && code < 5000);
		struct ws_message m;
		struct ws_reader r;
		struct buf b = {0};
		size_t used;

		ws_reader_init(&r, MAX_BYTES, NULL);
		put_frame(&b, FIN | WS_CLOSE, (struct span){payload, 2});
		assert_int_equal(
		    ws_read(&r, b.p, b.len, &used, &m), is_good ? WS_CLOSED : WS_BROKEN);
		assert_int_equal(m.code, is_good ? code : WS_PROTOCOL_ERROR);
		buf_clear(&b);
	}
	expect_broken(FIN | WS_CLOSE, SPAN("\x03"), WS_PROTOCOL_ERROR);
	expect_broken(FIN | WS_CLOSE, SPAN("\x03\xe8\xff"), WS_BAD_DATA);
	expect_broken(FIN | WS_CLOSE, SPAN("\x03\xe8\xe2\x82"), WS_BAD_DATA);
}

static void
text_is_refused_at_its_first_bad_byte(void **state)
{
	static const struct {
		const char *good, *bad;
	} cases[] = {{"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", "\xed\xa0"}, {"abc", "\xc0"},
	    {"\xf4", "\x90"}, {"0123456789abcdef", "\xff"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = {0}, text = {0};
		size_t head;
		struct peer p;

		buf_str(&text, cases[i].good);
		buf_str(&text, cases[i].bad);
		buf_str(&text, "and what follows");
		put_frame(&b, FIN | WS_TEXT, buf_as_span(&text));
		head = b.len - text.len;
		peer_init(&p, MAX_BYTES, NULL);
		peer_receive(&p, b.p, head + strlen(cases[i].good));
		assert_int_equal(p.log.len, 0);
		peer_receive(&p, b.p + head + strlen(cases[i].good), strlen(cases[i].bad));
		assert_string_equal(buf_cstr(&p.log), "broken 1007 ");
		peer_clear(&p);
		expect_bytes(buf_as_span(&b), NULL, "broken 1007 ");
		buf_clear(&b);
		buf_clear(&text);
	}
}

static void
text_that_ends_inside_a_character_is_1007(void **state)
{
	struct buf b = {0};

	expect_broken(FIN | WS_TEXT, SPAN("a\xe2\x82"), WS_BAD_DATA);
	put(&b, WS_TEXT, "a\xe2\x82");
	put(&b, FIN | WS_CONTINUATION, "");
	expect_bytes(buf_as_span(&b), NULL, "broken 1007 ");
	b.len = 0;
	put(&b, FIN | WS_BINARY, "a\xe2\x82");
	expect_bytes(buf_as_span(&b), NULL, "binary(a\xe2\x82) ");
	buf_clear(&b);
}

/* ---- compression ---- */

static void
compressed_messages_are_inflated_and_their_text_checked(void **state)
{
	struct deflate *d = deflate_new();
	struct buf b = {0}, z = {0};

	deflate_message(d, DEFLATE_BITS, SPAN("hello hello hello"), &z);
	put_frame(&b, FIN | WS_COMPRESSED | WS_TEXT, buf_as_span(&z));
	put_frame(&b, WS_COMPRESSED | WS_TEXT, (struct span){z.p, 3});
	put(&b, FIN | WS_PING, "p");
	put_frame(&b, FIN | WS_CONTINUATION, (struct span){z.p + 3, z.len - 3});
	put(&b, FIN | WS_TEXT, "plain");
	put_frame(&b, FIN | WS_COMPRESSED | WS_BINARY, SPAN("\0"));
	expect_bytes(buf_as_span(&b), d,
	    "text(hello hello hello) ping(p) text(hello hello hello) text(plain) binary() ");
	b.len = z.len = 0;
	deflate_message(d, DEFLATE_BITS, SPAN("bad \xff"), &z);
	put_frame(&b, FIN | WS_COMPRESSED | WS_TEXT, buf_as_span(&z));
	expect_bytes(buf_as_span(&b), d, "broken 1007 ");
	buf_clear(&b);
	buf_clear(&z);
	deflate_free(d);
}

static void
bad_or_big_compressed_data_breaks(void **state)
{
	static const char zeros[MAX_BYTES + 1];
	struct deflate *d = deflate_new();
	struct buf b = {0}, z = {0};

	put_frame(&b, FIN | WS_COMPRESSED | WS_BINARY, SPAN("\xff\xff\xff"));
	expect_bytes(buf_as_span(&b), d, "broken 1007 ");
	for (size_t n = MAX_BYTES; n <= MAX_BYTES + 1; n++) {
		b.len = z.len = 0;
		deflate_message(d, DEFLATE_BITS, (struct span){zeros, n}, &z);
		put_frame(&b, FIN | WS_COMPRESSED | WS_BINARY, buf_as_span(&z));
		expect_bytes(buf_as_span(&b), d, n == MAX_BYTES ? "binary[1000] " : "broken 1009 ");
	}
	b.len = 0;
	put(&b, WS_COMPRESSED | WS_TEXT, "");
	put(&b, FIN | WS_COMPRESSED | WS_CONTINUATION, "");
	expect_bytes(buf_as_span(&b), d, "broken 1002 ");
	b.len = 0;
	put(&b, FIN | WS_COMPRESSED | WS_PING, "");
	expect_bytes(buf_as_span(&b), d, "broken 1002 ");
	b.len = 0;
	put(&b, FIN | 0x20 | WS_COMPRESSED | WS_TEXT, "");
	expect_bytes(buf_as_span(&b), d, "broken 1002 ");
	buf_clear(&b);
	buf_clear(&z);
	deflate_free(d);
}

/* ---- writing ---- */

static void
heads_have_the_shortest_form(void **state)
{
	static const struct {
		uint64_t n;
		struct span head;
	} cases[] = {
	    {0, {"\x81\x00", 2}},
	    {125, {"\x81\x7d", 2}},
	    {126, {"\x81\x7e\x00\x7e", 4}},
	    {65535, {"\x81\x7e\xff\xff", 4}},
	    {65536, {"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10}},
	};
	uint8_t head[WS_HEAD_MAX_BYTES];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(ws_head(head, WS_TEXT, cases[i].n), cases[i].head.n);
		assert_memory_equal(head, cases[i].head.p, cases[i].head.n);
	}
	ws_head(head, WS_BINARY | WS_COMPRESSED, 1);
	assert_int_equal(head[0], 0xc2);
}

static void
close_frames_fit_and_end_with_a_character(void **state)
{
	uint8_t payload[WS_CONTROL_MAX_BYTES];
	struct buf b = {0};
	char reason[200];

	for (size_t i = 0; i < sizeof(reason); i++)
		reason[i] =
		    "\xe2\x82\xac"[(i + 2) % 3]; /* starts with the last byte of a character */
	assert_int_equal(ws_close_payload(payload, WS_NORMAL, SPAN("bye")), 5);
	assert_memory_equal(payload,
	    "\x03\xe8"
	    "bye",
	    5);
	assert_int_equal(ws_close_payload(payload, WS_NO_CODE, SPAN("bye")), 0);
	assert_int_equal(ws_close_payload(payload, WS_NORMAL, (struct span){reason + 1, 123}), 125);
	assert_int_equal(ws_close_payload(payload, WS_NORMAL, (struct span){reason + 1, 126}), 125);
	assert_int_equal(ws_close_payload(payload, WS_NORMAL, (struct span){reason, 126}), 2 + 121);
	ws_put_close(&b, WS_TOO_BIG, SPAN(""));
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.p, "\x88\x02\x03\xf1", 4);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(messages_pings_and_a_close_are_read_wherever_they_are_split),
	    cmocka_unit_test(fragments_are_joined_and_control_frames_come_between),
	    cmocka_unit_test(a_close_between_fragments_closes),
	    cmocka_unit_test(a_whole_frame_is_not_copied_and_no_memory_is_kept),
	    cmocka_unit_test(lengths_of_every_form_are_read),
	    cmocka_unit_test(broken_frames_are_1002),
	    cmocka_unit_test(a_message_inside_a_message_is_1002),
	    cmocka_unit_test(unmasked_frames_and_padded_lengths_are_1002),
	    cmocka_unit_test(a_message_over_the_limit_is_1009_from_its_head_on),
	    cmocka_unit_test(a_limit_that_becomes_less_meets_a_message_that_has_begun),
	    cmocka_unit_test(close_codes_are_checked),
	    cmocka_unit_test(text_is_refused_at_its_first_bad_byte),
	    cmocka_unit_test(text_that_ends_inside_a_character_is_1007),
	    cmocka_unit_test(compressed_messages_are_inflated_and_their_text_checked),
	    cmocka_unit_test(bad_or_big_compressed_data_breaks),
	    cmocka_unit_test(heads_have_the_shortest_form),
	    cmocka_unit_test(close_frames_fit_and_end_with_a_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
