/* SPDX-License-Identifier: ISC */
/*
 * test_views.c - the JSON that clients see.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/json.h"
#include "contract/views.h"

static struct message
a_message(void)
{
	return (struct message){
	    .id = 7,
	    .nonce = 0x0123456789abcdef,
	    .at = 1764000000123,
	    .sender = SPAN("0xabc"),
	    .sender_name = SPAN("0xAbC"),
	    .sender_role = ROLE_CLIENT,
	    .client_msg_id = SPAN("c-1"),
	    .content = SPAN("hi \"you\"\n\0"),
	};
}

static void
a_message_shows_all_of_the_contract_in_its_order(void **state)
{
	struct message m = a_message();
	struct buf out = {0}, want = {0};
	char id[MESSAGE_ID_SIZE];

	view_message(&out, &m, SPAN("42"));
	buf_printf(&want,
	    "{\"id\":\"%s\",\"escrowId\":\"42\",\"senderId\":\"0xAbC\",\"senderRole\":\"client\","
	    "\"content\":\"hi \\\"you\\\"\\n\\u0000\",\"timestamp\":\"2025-11-24T16:00:00.123Z\","
	    "\"read\":false,\"clientMsgId\":\"c-1\"}",
	    message_id_format(id, m.id, m.nonce));
	assert_string_equal(buf_cstr(&out), buf_cstr(&want));
	buf_clear(&out);
	buf_clear(&want);
}

static void
an_unlisted_sender_has_no_role_and_a_missing_client_id_is_absent(void **state)
{
	struct message m = a_message();
	struct buf out = {0};
	struct json *v;

	m.sender_role = ROLE_NONE;
	m.client_msg_id = SPAN("");
	m.read = true;
	view_message(&out, &m, SPAN("42"));
	v = json_parse(buf_as_span(&out), NULL);
	assert_non_null(v);
	assert_null(json_get(v, "senderRole"));
	assert_null(json_get(v, "clientMsgId"));
	bool read = false;
	assert_true(json_bool(json_get(v, "read"), &read) && read);
	json_free(v);
	buf_clear(&out);
}

static void
a_brief_has_the_first_200_code_points(void **state)
{
	struct message m = a_message();
	struct buf out = {0}, want = {0}, content = {0};
	char id[MESSAGE_ID_SIZE];

	for (int i = 0; i < 200; i++)
		buf_str(&content, i == 100 ? "x" : "\xf0\x9f\x98\x80");
	for (int i = 0; i < 2; i++) {
		m.content = buf_as_span(&content);
		out.len = want.len = 0;
		view_message_brief(&out, &m);
		buf_printf(&want,
		    "{\"id\":\"%s\",\"senderId\":\"0xAbC\","
		    "\"timestamp\":\"2025-11-24T16:00:00.123Z\",\"content\":\"",
		    message_id_format(id, m.id, m.nonce));
		buf_add(&want, content.p, content.len - (size_t)i);
		buf_str(&want, "\"}");
		assert_string_equal(buf_cstr(&out), buf_cstr(&want));
		if (i == 0)
			buf_addc(&content, 'y');
	}
	buf_clear(&out);
	buf_clear(&want);
	buf_clear(&content);
}

static void
a_notification_names_the_escrow_and_not_the_content(void **state)
{
	struct buf out = {0};

	view_message_notification(&out, SPAN("42"), SPAN("Logo \"A\""), 1764000000123);
	assert_string_equal(buf_cstr(&out),
	    "{\"type\":\"message_received\",\"title\":\"New Message\","
	    "\"message\":\"New message in escrow: Logo \\\"A\\\"\",\"escrowId\":\"42\","
	    "\"timestamp\":\"2025-11-24T16:00:00.123Z\"}");
	buf_clear(&out);
}

static void
a_read_mark_tells_up_to_only_where_it_was_one(void **state)
{
	struct buf out = {0};

	view_message_read(&out, SPAN("42"), "id1", SPAN("bob"), NULL);
	assert_string_equal(
	    buf_cstr(&out), "{\"escrowId\":\"42\",\"messageId\":\"id1\",\"readerId\":\"bob\"}");
	out.len = 0;
	view_message_read(&out, SPAN("42"), "id1", SPAN("bob"), "id2");
	assert_string_equal(buf_cstr(&out),
	    "{\"escrowId\":\"42\",\"messageId\":\"id1\",\"readerId\":\"bob\",\"upTo\":\"id2\"}");
	buf_clear(&out);
}

static void
every_refusal_has_its_code_and_a_sentence(void **state)
{
	static const char *const codes[] = {"ok", "bad_request", "bad_frame", "unauthorized",
	    "wallet_mismatch", "open_is_local", "forbidden", "not_participant", "not_found",
	    "removed", "empty", "too_long", "rate_limited", "conflict", "idempotency_mismatch",
	    "offchain_envelope", "contract_wallet", "unavailable"};

	for (int err = ERROR_NONE; err <= ERROR_UNAVAILABLE; err++) {
		assert_string_equal(error_code(err), codes[err]);
		assert_true(strlen(error_text(err)) > 4);
	}
}

static void
every_refusal_has_the_contract_s_status(void **state)
{
	static const int want[] = {[ERROR_NONE] = 200,
	    [ERROR_BAD_REQUEST] = 400,
	    [ERROR_BAD_FRAME] = 400,
	    [ERROR_UNAUTHORIZED] = 401,
	    [ERROR_WALLET_MISMATCH] = 401,
	    [ERROR_OPEN_IS_LOCAL] = 403,
	    [ERROR_FORBIDDEN] = 403,
	    [ERROR_NOT_PARTICIPANT] = 403,
	    [ERROR_NOT_FOUND] = 404,
	    [ERROR_REMOVED] = 403,
	    [ERROR_EMPTY] = 400,
	    [ERROR_TOO_LONG] = 413,
	    [ERROR_RATE_LIMITED] = 429,
	    [ERROR_CONFLICT] = 409,
	    [ERROR_IDEMPOTENCY_MISMATCH] = 422,
	    [ERROR_OFFCHAIN_ENVELOPE] = 400,
	    [ERROR_CONTRACT_WALLET] = 400,
	    [ERROR_UNAVAILABLE] = 503};

	for (int err = ERROR_NONE; err <= ERROR_UNAVAILABLE; err++)
		assert_int_equal(error_status(err), want[err]);
}

static void
refusals_use_the_code_s_sentence_or_the_reason_given(void **state)
{
	struct buf out = {0};

	view_refusal(&out, ERROR_EMPTY, NULL);
	assert_string_equal(buf_cstr(&out),
	    "{\"ok\":false,\"code\":\"empty\",\"error\":\"The message is empty.\"}");
	out.len = 0;
	view_refusal(&out, ERROR_BAD_REQUEST, "limit: 1 to 200");
	assert_string_equal(buf_cstr(&out),
	    "{\"ok\":false,\"code\":\"bad_request\",\"error\":\"limit: 1 to 200\"}");
	out.len = 0;
	view_chat_error(&out, SPAN("chat_\"x"), ERROR_EMPTY, NULL, SPAN("42"));
	assert_string_equal(buf_cstr(&out),
	    "{\"event\":\"chat_\\\"x\",\"code\":\"empty\",\"error\":\"The message is empty.\","
	    "\"escrowId\":\"42\"}");
	out.len = 0;
	view_chat_error(&out, SPAN("presence"), ERROR_BAD_REQUEST, "why", SPAN(""));
	assert_string_equal(
	    buf_cstr(&out), "{\"event\":\"presence\",\"code\":\"bad_request\",\"error\":\"why\"}");
	buf_clear(&out);
}

static void
a_wallet_with_all_its_connections_is_told_how_many_it_may_have(void **state)
{
	char text[ERROR_FULL_SIZE];

	(void)state;
	assert_string_equal(error_full_text(text, 50),
	    "Too much at once: this wallet has 50 connections already, which is the limit.");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_message_shows_all_of_the_contract_in_its_order),
	    cmocka_unit_test(an_unlisted_sender_has_no_role_and_a_missing_client_id_is_absent),
	    cmocka_unit_test(a_brief_has_the_first_200_code_points),
	    cmocka_unit_test(a_notification_names_the_escrow_and_not_the_content),
	    cmocka_unit_test(a_read_mark_tells_up_to_only_where_it_was_one),
	    cmocka_unit_test(every_refusal_has_its_code_and_a_sentence),
	    cmocka_unit_test(every_refusal_has_the_contract_s_status),
	    cmocka_unit_test(refusals_use_the_code_s_sentence_or_the_reason_given),
	    cmocka_unit_test(a_wallet_with_all_its_connections_is_told_how_many_it_may_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
