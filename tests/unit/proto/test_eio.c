/* SPDX-License-Identifier: ISC */
/*
 * test_eio.c - what proto/eio.h promises.
 */
#include "proto/eio.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"

static void
assert_span(struct span got, const char *want)
{
	assert_int_equal(got.n, strlen(want));
	assert_memory_equal(got.p, want, got.n);
}

static struct eio_packet
decoded(const char *text)
{
	struct eio_packet packet;

	assert_true(eio_decode(&packet, span_of(text)));
	return packet;
}

static void
every_type_is_told_by_its_digit(void **state)
{
	for (int type = EIO_OPEN; type <= EIO_NOOP; type++) {
		char text[] = {(char)('0' + type), 'x', '\0'};
		struct eio_packet packet = decoded(text);

		assert_int_equal(packet.type, type);
		assert_int_equal(packet.form, EIO_TEXT);
		assert_span(packet.data, "x");
	}
	assert_span(decoded("2probe").data, "probe");
	assert_span(decoded("4").data, "");
}

static void
any_other_first_byte_is_refused(void **state)
{
	struct eio_packet packet;

	assert_false(eio_decode(&packet, SPAN("")));
	for (int c = 0; c < 256; c++) {
		char text[] = {(char)c, 'x'};
		bool is_known = (c >= '0' && c <= '6') || c == 'b';

		assert_int_equal(eio_decode(&packet, (struct span){text, 2}), is_known);
	}
}

static void
a_message_may_hold_any_byte(void **state)
{
	struct eio_packet packet;

	assert_true(eio_decode(&packet, SPAN("4a\0b\n4\xf0\x9f\x98\x80")));
	assert_int_equal(packet.data.n, 9);
	assert_memory_equal(packet.data.p, "a\0b\n4\xf0\x9f\x98\x80", 9);
}

static void
base64_stands_for_a_binary_message(void **state)
{
	struct eio_packet packet = decoded("bAQIDBA==");
	struct buf scratch = {0};
	struct span bytes;

	assert_int_equal(packet.type, EIO_MESSAGE);
	assert_int_equal(packet.form, EIO_BASE64);
	buf_str(&scratch, "kept");
	assert_true(eio_binary(&packet, &scratch, &bytes));
	assert_int_equal(bytes.n, 4);
	assert_memory_equal(bytes.p, "\1\2\3\4", 4);
	packet = decoded("b");
	assert_true(eio_binary(&packet, &scratch, &bytes));
	assert_int_equal(bytes.n, 0);
	buf_clear(&scratch);
}

static void
bad_base64_is_refused_and_leaves_the_scratch_alone(void **state)
{
	static const char *const bad[] = {"b!", "bA", "bAQ", "bAQI",
	    "bAQIDBA=", "bAQIDBA===", "bAQ==AQ==", "bAQID BA==", "b====", "bAQIDBA==\n", "bAR=="};
	struct buf scratch = {0};
	struct span bytes;

	buf_str(&scratch, "kept");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct eio_packet packet = decoded(bad[i]);

		assert_false(eio_binary(&packet, &scratch, &bytes));
		assert_span(buf_as_span(&scratch), "kept");
	}
	buf_clear(&scratch);
}

static void
a_binary_frame_is_its_own_bytes_and_text_is_none(void **state)
{
	struct eio_packet frame = {EIO_MESSAGE, EIO_BINARY, SPAN("\0\xff")};
	struct eio_packet text = decoded("4hi");
	struct buf scratch = {0};
	struct span bytes;

	assert_true(eio_binary(&frame, &scratch, &bytes));
	assert_ptr_equal(bytes.p, frame.data.p);
	assert_int_equal(bytes.n, 2);
	assert_false(eio_binary(&text, &scratch, &bytes));
	assert_int_equal(scratch.len, 0);
}

static void
a_payload_yields_its_packets_in_order(void **state)
{
	struct eio_payload payload;
	struct eio_packet packet;

	eio_payload_init(&payload, SPAN("4test1\x1e"
					"2\x1e"
					"bAQID\x1e"
					"4"));
	assert_int_equal(eio_payload_next(&payload, &packet), 1);
	assert_int_equal(packet.type, EIO_MESSAGE);
	assert_span(packet.data, "test1");
	assert_int_equal(eio_payload_next(&payload, &packet), 1);
	assert_int_equal(packet.type, EIO_PING);
	assert_span(packet.data, "");
	assert_int_equal(eio_payload_next(&payload, &packet), 1);
	assert_int_equal(packet.form, EIO_BASE64);
	assert_span(packet.data, "AQID");
	assert_int_equal(eio_payload_next(&payload, &packet), 1);
	assert_int_equal(packet.form, EIO_TEXT);
	assert_span(packet.data, "");
	assert_int_equal(eio_payload_next(&payload, &packet), 0);
	assert_int_equal(eio_payload_next(&payload, &packet), 0);
}

/* Returns the number n of packets before the end; -n - 1 if a bad packet comes after n good
 * ones. */
static int
walk(struct span text)
{
	struct eio_payload payload;
	struct eio_packet packet;
	int n = 0, got;

	eio_payload_init(&payload, text);
	while ((got = eio_payload_next(&payload, &packet)) == 1)
		n++;
	if (got == 0)
		return n;
	assert_int_equal(eio_payload_next(&payload, &packet), -1);
	return -n - 1;
}

static void
a_payload_ends_at_its_first_bad_packet(void **state)
{
	assert_int_equal(walk(SPAN("")), -1);
	assert_int_equal(walk((struct span){NULL, 0}), -1);
	assert_int_equal(walk(SPAN("abc")), -1);
	assert_int_equal(walk(SPAN("\x1e"
				   "4a")),
	    -1);
	assert_int_equal(walk(SPAN("4a\x1e")), -2);
	assert_int_equal(walk(SPAN("4a\x1e\x1e"
				   "4b")),
	    -2);
	assert_int_equal(walk(SPAN("4a\x1e"
				   "4b\x1e"
				   "7c\x1e"
				   "4d")),
	    -3);
	assert_int_equal(walk(SPAN("4a\x1e"
				   "4\xff")),
	    -2);
	assert_int_equal(walk(SPAN("4a\x1e"
				   "4\xc3\x1e"
				   "4\xa9")),
	    -2);
}

static void
a_payload_cut_at_any_byte_yields_what_is_whole(void **state)
{
	static const char text[] = "4one\x1e"
				   "3\x1e"
				   "bAQID\x1e"
				   "4\xc3\xa9t\xc3\xa9";
	static const int want[] = {
	    -1, 1, 1, 1, 1, -2, 2, -3, 3, 3, 3, 3, 3, -4, 4, -4, 4, 4, -4, 4};

	for (size_t n = 0; n < sizeof(text); n++) {
		char *copy = mem_dup(text, n); /* of the exact size: reading on is seen */

		assert_int_equal(walk((struct span){copy, n}), want[n]);
		free(copy);
	}
}

static void
a_payload_is_written_as_it_is_read(void **state)
{
	struct buf out = {0};

	eio_payload_put(&out, &(struct eio_packet){EIO_MESSAGE, EIO_TEXT, SPAN("hello")});
	assert_span(buf_as_span(&out), "4hello");
	eio_payload_put(&out, &(struct eio_packet){EIO_MESSAGE, EIO_BINARY, SPAN("\1\2\3\4")});
	assert_span(buf_as_span(&out), "4hello\x1e"
				       "bAQIDBA==");
	eio_payload_put(&out, &(struct eio_packet){EIO_MESSAGE, EIO_BASE64, SPAN("AQID")});
	eio_payload_put(&out, &(struct eio_packet){EIO_NOOP, EIO_TEXT, SPAN("")});
	assert_span(buf_as_span(&out), "4hello\x1e"
				       "bAQIDBA==\x1e"
				       "bAQID\x1e"
				       "6");
	buf_clear(&out);
}

static void
a_packet_is_written_behind_its_digit(void **state)
{
	struct buf out = {0};

	eio_put(&out, EIO_PONG, SPAN("probe"));
	eio_put(&out, EIO_CLOSE, SPAN(""));
	assert_span(buf_as_span(&out), "3probe1");
	buf_clear(&out);
}

static void
the_handshake_has_exactly_its_five_keys(void **state)
{
	struct eio_handshake h = {SPAN("abc"), true, 25000, 60000, 1000000};
	struct buf out = {0};

	eio_put_open(&out, &h);
	assert_span(buf_as_span(&out),
	    "0{\"sid\":\"abc\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,"
	    "\"pingTimeout\":60000,\"maxPayload\":1000000}");
	buf_clear(&out);
	h.may_upgrade = false;
	h.ping_interval_ms = 300;
	h.ping_timeout_ms = 200;
	eio_put_open(&out, &h);
	assert_span(buf_as_span(&out), "0{\"sid\":\"abc\",\"upgrades\":[],\"pingInterval\":300,"
				       "\"pingTimeout\":200,\"maxPayload\":1000000}");
	buf_clear(&out);
}

static void
every_refusal_has_the_code_and_message_of_the_protocol(void **state)
{
	static const char *const messages[] = {"Transport unknown", "Session ID unknown",
	    "Bad handshake method", "Bad request", "Forbidden", "Unsupported protocol version"};

	for (int code = EIO_UNKNOWN_TRANSPORT; code <= EIO_BAD_VERSION; code++) {
		struct json *answer = json_parse(eio_error_json((enum eio_error)code), NULL);
		struct span message = {0};
		int64_t got = -1;

		assert_true(json_int(json_get(answer, "code"), &got));
		assert_int_equal(got, code);
		assert_true(json_string(json_get(answer, "message"), &message));
		assert_span(message, messages[code]);
		assert_int_equal(json_members(answer), 2);
		assert_int_equal(
		    eio_error_status((enum eio_error)code), code == EIO_FORBIDDEN ? 403 : 400);
		json_free(answer);
	}
	assert_int_equal(eio_error_status(EIO_OK), 200);
}

static struct eio_query
parsed(const char *text)
{
	struct eio_query query;

	eio_query_parse(&query, span_of(text));
	return query;
}

static void
a_query_is_read_in_any_order_among_other_names(void **state)
{
	struct eio_query query = parsed("t=Nx1&sid=abc&transport=polling&&EIO=4&b64");

	assert_true(query.is_v4);
	assert_int_equal(query.transport, EIO_POLLING);
	assert_span(query.sid, "abc");
	query = parsed("EIO=4&transport=websocket");
	assert_true(query.is_v4);
	assert_int_equal(query.transport, EIO_WEBSOCKET);
	assert_span(query.sid, "");
}

static void
what_is_missing_other_or_given_twice_is_not_taken(void **state)
{
	static const char *const versions[] = {"", "EIO", "EIO=", "EIO=3", "EIO=44", "EIO=4&EIO=4",
	    "EIO=3&EIO=4", "eio=4", "EIO=4=", "xEIO=4"};
	static const char *const transports[] = {"", "transport", "transport=", "transport=abc",
	    "transport=Polling", "transport=polling&transport=polling", "transport=webtransport",
	    "transport=pollingx"};

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		assert_false(parsed(versions[i]).is_v4);
	for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++)
		assert_int_equal(parsed(transports[i]).transport, EIO_NO_TRANSPORT);
	assert_span(parsed("sid").sid, "");
	assert_span(parsed("sid=").sid, "");
	assert_string_not_equal(parsed("sid=a&sid=a").sid.p, "a");
	assert_int_not_equal(parsed("sid=&sid=").sid.n, 0);
}

static void
a_query_cut_at_any_byte_is_read_without_reading_on(void **state)
{
	static const char text[] = "EIO=4&transport=polling&sid=abc";

	for (size_t n = 0; n < sizeof(text); n++) {
		char *copy = mem_dup(text, n);
		struct eio_query query;

		eio_query_parse(&query, (struct span){copy, n});
		assert_int_equal(query.is_v4, n >= 5);
		assert_int_equal(query.transport == EIO_POLLING, n >= 23);
		assert_int_equal(query.sid.n, n > 28 ? n - 28 : 0);
		free(copy);
	}
}

static void
a_request_is_refused_as_the_reference_refuses_it(void **state)
{
	static const struct {
		const char *query, *method;
		bool is_upgrade;
		enum eio_transport session;
		enum eio_error want;
	} cases[] = {
	    {"EIO=4&transport=polling", "GET", false, EIO_NO_TRANSPORT, EIO_OK},
	    {"EIO=4&transport=websocket", "GET", true, EIO_NO_TRANSPORT, EIO_OK},
	    {"EIO=4&transport=polling&sid=a", "GET", false, EIO_POLLING, EIO_OK},
	    {"EIO=4&transport=polling&sid=a", "POST", false, EIO_POLLING, EIO_OK},
	    {"EIO=4&transport=websocket&sid=a", "GET", true, EIO_POLLING, EIO_OK},
	    /* a second WebSocket is let in, to be closed */
	    {"EIO=4&transport=websocket&sid=a", "GET", true, EIO_WEBSOCKET, EIO_OK},

	    {"transport=polling", "GET", false, EIO_NO_TRANSPORT, EIO_BAD_VERSION},
	    {"EIO=abc&transport=polling", "GET", false, EIO_NO_TRANSPORT, EIO_BAD_VERSION},
	    {"EIO=3&transport=websocket", "GET", true, EIO_NO_TRANSPORT, EIO_BAD_VERSION},
	    {"EIO=3&transport=polling&sid=a", "GET", false, EIO_POLLING, EIO_BAD_VERSION},
	    {"", "GET", false, EIO_NO_TRANSPORT, EIO_UNKNOWN_TRANSPORT},
	    {"EIO=4", "GET", false, EIO_NO_TRANSPORT, EIO_UNKNOWN_TRANSPORT},
	    {"EIO=4&transport=abc", "POST", true, EIO_POLLING, EIO_UNKNOWN_TRANSPORT},
	    {"EIO=4&transport=polling&sid=b", "GET", false, EIO_NO_TRANSPORT, EIO_UNKNOWN_SID},
	    {"EIO=4&transport=polling&sid=b", "PUT", false, EIO_NO_TRANSPORT, EIO_UNKNOWN_SID},
	    {"EIO=4&transport=websocket&sid=b", "GET", true, EIO_NO_TRANSPORT, EIO_UNKNOWN_SID},
	    {"EIO=4&transport=polling", "POST", false, EIO_NO_TRANSPORT, EIO_BAD_METHOD},
	    {"EIO=4&transport=polling", "PUT", false, EIO_NO_TRANSPORT, EIO_BAD_METHOD},
	    {"transport=polling", "POST", false, EIO_NO_TRANSPORT, EIO_BAD_METHOD},
	    {"EIO=4&transport=websocket", "GET", false, EIO_NO_TRANSPORT, EIO_BAD_REQUEST},
	    {"EIO=4&transport=polling", "GET", true, EIO_NO_TRANSPORT, EIO_BAD_REQUEST},
	    {"EIO=4&transport=polling&sid=a", "GET", false, EIO_WEBSOCKET, EIO_BAD_REQUEST},
	    {"EIO=4&transport=polling&sid=a", "POST", false, EIO_WEBSOCKET, EIO_BAD_REQUEST},
	    {"EIO=4&transport=websocket&sid=a", "GET", false, EIO_WEBSOCKET, EIO_BAD_REQUEST},
	    {"EIO=4&transport=polling&sid=a", "PUT", false, EIO_POLLING, EIO_BAD_REQUEST},
	    {"EIO=4&transport=websocket&sid=a", "POST", true, EIO_POLLING, EIO_BAD_REQUEST},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct eio_query query = parsed(cases[i].query);

		assert_int_equal(eio_query_check(&query, span_of(cases[i].method),
				     cases[i].is_upgrade, cases[i].session),
		    cases[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_type_is_told_by_its_digit),
	    cmocka_unit_test(any_other_first_byte_is_refused),
	    cmocka_unit_test(a_message_may_hold_any_byte),
	    cmocka_unit_test(base64_stands_for_a_binary_message),
	    cmocka_unit_test(bad_base64_is_refused_and_leaves_the_scratch_alone),
	    cmocka_unit_test(a_binary_frame_is_its_own_bytes_and_text_is_none),
	    cmocka_unit_test(a_payload_yields_its_packets_in_order),
	    cmocka_unit_test(a_payload_ends_at_its_first_bad_packet),
	    cmocka_unit_test(a_payload_cut_at_any_byte_yields_what_is_whole),
	    cmocka_unit_test(a_payload_is_written_as_it_is_read),
	    cmocka_unit_test(a_packet_is_written_behind_its_digit),
	    cmocka_unit_test(the_handshake_has_exactly_its_five_keys),
	    cmocka_unit_test(every_refusal_has_the_code_and_message_of_the_protocol),
	    cmocka_unit_test(a_query_is_read_in_any_order_among_other_names),
	    cmocka_unit_test(what_is_missing_other_or_given_twice_is_not_taken),
	    cmocka_unit_test(a_query_cut_at_any_byte_is_read_without_reading_on),
	    cmocka_unit_test(a_request_is_refused_as_the_reference_refuses_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
