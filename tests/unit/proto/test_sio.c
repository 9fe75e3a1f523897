/* SPDX-License-Identifier: ISC */
/*
 * test_sio.c - what proto/sio.h promises.
 */
#include "proto/sio.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/json_slice.h"
#include "base/mem.h"

#define COUNT(array)     (sizeof(array) / sizeof((array)[0]))
#define TWO_PLACEHOLDERS "{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}"

static void
assert_span(struct span got, const char *want)
{
	assert_int_equal(got.n, strlen(want));
	assert_memory_equal(got.p, want, got.n);
}

static struct sio_packet
decoded(const char *text)
{
	struct sio_packet packet;

	assert_true(sio_decode(&packet, span_of(text), NULL));
	return packet;
}

/* True if the whole text is one packet and passes the check. Each refusal must give a reason. */
static bool
is_taken(struct span text)
{
	struct sio_packet packet;
	const char *why = NULL;
	bool ok;

	ok = sio_decode(&packet, text, &why) && sio_check(&packet, &why);
	assert_true(ok || why);
	return ok;
}

static void
assert_all(const char *const *texts, size_t n, bool want)
{
	for (size_t i = 0; i < n; i++) {
		if (is_taken(span_of(texts[i])) != want)
			fail_msg("%s: %s", want ? "refused" : "taken", texts[i]);
	}
}

/* ---- reading ---- */

static void
a_packet_is_cut_into_its_parts(void **state)
{
	struct sio_packet p = decoded("52-/custom,789[\"message\"]");

	assert_int_equal(p.type, SIO_BINARY_EVENT);
	assert_int_equal(p.attachments, 2);
	assert_span(p.nsp, "/custom");
	assert_true(p.has_id);
	assert_int_equal(p.id, 789);
	assert_span(p.data, "[\"message\"]");
	assert_true(sio_is_binary(&p));
}

static void
what_a_packet_leaves_out_has_its_default(void **state)
{
	struct sio_packet p = decoded("0");

	assert_int_equal(p.type, SIO_CONNECT);
	assert_int_equal(p.attachments, 0);
	assert_span(p.nsp, "/");
	assert_false(p.has_id);
	assert_int_equal(p.data.n, 0);
	assert_false(sio_is_binary(&p));
}

static void
a_namespace_ends_at_the_comma_or_with_the_packet(void **state)
{
	assert_span(decoded("0/custom").nsp, "/custom");
	assert_span(decoded("0/custom,").nsp, "/custom");
	assert_span(decoded("0/custom,{\"a\":1}").data, "{\"a\":1}");
	assert_span(decoded("2/,[\"a\"]").nsp, "/");
	assert_span(decoded("0/caf\xc3\xa9,").nsp, "/caf\xc3\xa9");
}

static void
a_query_in_a_namespace_is_part_of_its_name(void **state)
{
	assert_span(decoded("0/admin?token=1&uid=2,").nsp, "/admin?token=1&uid=2");
}

static void
a_namespace_is_bounded_and_has_no_control_character(void **state)
{
	char text[SIO_NSP_MAX + 3];
	struct sio_packet p;

	memset(text, 'x', sizeof(text));
	text[0] = '0';
	text[1] = '/';
	assert_true(sio_decode(&p, (struct span){text, SIO_NSP_MAX + 1}, NULL));
	assert_int_equal(p.nsp.n, SIO_NSP_MAX);
	text[SIO_NSP_MAX + 1] = ',';
	assert_true(sio_decode(&p, (struct span){text, SIO_NSP_MAX + 2}, NULL));
	text[SIO_NSP_MAX + 1] = 'x';
	assert_false(sio_decode(&p, (struct span){text, SIO_NSP_MAX + 2}, NULL));
	text[SIO_NSP_MAX + 2] = ',';
	assert_false(sio_decode(&p, (struct span){text, SIO_NSP_MAX + 3}, NULL));
	assert_false(sio_decode(&p, SPAN("0/a\x1e,"), NULL));
	assert_false(sio_decode(&p, SPAN("0/a\0,"), NULL));
	assert_false(sio_decode(&p, SPAN("0/a\x7f,"), NULL));
}

static void
an_id_may_be_what_a_javascript_number_holds(void **state)
{
	struct sio_packet p = decoded("29007199254740991[\"a\"]");

	assert_true(p.has_id);
	assert_true(p.id == SIO_ID_MAX);
	assert_int_equal(decoded("20[\"a\"]").id, 0);
	assert_true(decoded("20[\"a\"]").has_id);
	assert_int_equal(decoded("3007[]").id, 7);
	assert_false(sio_decode(&p, SPAN("29007199254740992[\"a\"]"), NULL));
	assert_false(sio_decode(&p, SPAN("200000000000000001[\"a\"]"), NULL));
	assert_false(sio_decode(&p, SPAN("299999999999999999999999999999[\"a\"]"), NULL));
}

static void
the_count_of_attachments_is_a_plain_number_up_to_the_bound(void **state)
{
	static const char *const bad[] = {"5", "51", "5-[\"a\"]", "5a-[\"a\"]", "51.23-[\"a\"]",
	    "51e0-[\"a\"]", "5-1-[\"a\"]", "5+1-[\"a\"]", "5 1-[\"a\"]", "511-[\"a\"]",
	    "5001-[\"a\"]", "599999999999999999999-[\"a\"]", "5Infinity-[\"a\"]", "50x1-[\"a\"]",
	    "5[\"a\"]", "61[]", "6-1[]"};

	assert_int_equal(decoded("510-[\"a\"]").attachments, 10);
	assert_int_equal(decoded("50-[\"a\"]").attachments, 0);
	assert_int_equal(decoded("61-5[]").attachments, 1);
	assert_int_equal(decoded("61-5[]").id, 5);
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct sio_packet p;

		assert_false(sio_decode(&p, span_of(bad[i]), NULL));
	}
}

static void
what_the_reference_parser_refuses_is_refused(void **state)
{
	static const char *const bad[] = {/* types */
	    "", "7[\"a\"]", "9", "abc", "-1", " 2[\"a\"]", "\n", "b", "/", "[\"a\"]",
	    /* payloads of the wrong kind */
	    "0[]", "0\"a\"", "01", "0null", "0true", "1[]", "1{}", "1/custom,{}", "2{}", "2[]", "2",
	    "2null", "2\"a\"", "2[true,\"a\"]", "2[null]", "2[[\"a\"]]",
	    "2[{\"toString\":\"foo\"}]", "2abc[\"a\"]", "21.5[\"a\"]", "2-1[\"a\"]", "2[\"a\"",
	    "2[\"a\"]]", "2[\"a\"]x", "2[\"a\",]", "2['a']", "2[\"a\",NaN]", "2[\"a\",01]",
	    "2[\"a\n\"]", "3", "31", "31{}", "31\"a\"", "50-{}", "50-[]", "50-", "60-1{}",
	    /* names that mean something to the other side */
	    "2[\"connect\"]", "2[\"connect_error\"]", "2[\"disconnect\",\"123\"]",
	    "2[\"disconnecting\"]", "2[\"newListener\"]", "2[\"removeListener\"]",
	    "2[\"\\u0063onnect\"]", "51-[\"disconnect\"]",
	    /* broken UTF-8 */
	    "2[\"\xff\"]", "2[\"\xed\xa0\x80\"]"};

	assert_all(bad, COUNT(bad), false);
}

static void
what_a_client_has_no_reason_to_send_is_refused(void **state)
{
	static const char *const bad[] = {"4{\"message\":\"a\"}", "4\"a\"", "4", "2[1]",
	    "2[1,\"a\"]", "2 [\"a\"]", "2\t[\"a\"]", "0 {}", "3[]", "60-[]", "05{}", "15"};

	assert_all(bad, COUNT(bad), false);
}

static void
what_a_client_sends_is_taken(void **state)
{
	static const char *const good[] = {"0", "0{}", "0{\"token\":\"123\"}", "0/custom",
	    "0/custom,", "0/custom,{\"token\":\"abc\"}", "1", "1/custom", "1/custom,",
	    "2[\"message\",1,\"2\",{\"3\":[true]}]",
	    "2456[\"message-with-ack\",1,\"2\",{\"3\":[false]}]", "2/custom,[\"a\"]",
	    "2/custom,1[\"a\"]", "312[]", "3/custom,0[null]", "2[\"\"]", "2[\"Connect\"]",
	    "2[\"connect2\"]", "2[\"error\"]", "2[\"a\\u0000\\u2028\",\"\xf0\x9f\x98\x80\"]",
	    "2[\"a\"]\n", "52-[\"message\"," TWO_PLACEHOLDERS "]", "62-789[" TWO_PLACEHOLDERS "]",
	    "50-[\"a\"]"};

	assert_all(good, COUNT(good), true);
}

static void
depth_is_bounded(void **state)
{
	static const int inner[] = {JSON_DEPTH_MAX - 1, JSON_DEPTH_MAX, 100000};

	for (size_t i = 0; i < COUNT(inner); i++) {
		struct buf text = {0};

		buf_str(&text, "2[\"a\",");
		for (int n = 0; n < inner[i]; n++)
			buf_addc(&text, '[');
		for (int n = 0; n < inner[i]; n++)
			buf_addc(&text, ']');
		buf_addc(&text, ']');
		assert_int_equal(is_taken(buf_as_span(&text)), inner[i] < JSON_DEPTH_MAX);
		buf_clear(&text);
	}
}

static void
a_checked_payload_is_read_in_place(void **state)
{
	struct sio_packet p = decoded("2[\"message\", 7 ]");
	struct buf text = {0};
	struct span name;
	int64_t number = 0;

	assert_true(sio_check(&p, NULL));
	assert_true(json_slice_string(json_slice_at(p.data, 0), &text, &name));
	assert_span(name, "message");
	assert_true(json_slice_int(json_slice_at(p.data, 1), &number));
	assert_int_equal(number, 7);
	p = decoded("0/custom,");
	assert_true(sio_check(&p, NULL));
}

/* A prefix of a packet is read without reading on, and taken only where it is itself a packet. */
static void
assert_prefixes(const char *text, const char *taken_at)
{
	for (size_t n = 0; n <= strlen(text); n++) {
		char *copy = mem_dup(text, n);

		if (is_taken((struct span){copy, n}) != (taken_at[n] == '+'))
			fail_msg("%.*s", (int)n, text);
		free(copy);
	}
}

static void
a_packet_cut_at_any_byte_is_no_other_packet(void **state)
{
	assert_prefixes("0/ab,{\"a\":1}", "-+++++------+");
	assert_prefixes("2/ab,12[\"a\",1]", "--------------+");
	assert_prefixes("51-/a,3[\"a\",0]", "--------------+");
	assert_prefixes("31[\"a\\n\"]", "---------+");
	assert_prefixes("1/ab,", "-+++++");
}

static void
any_single_byte_put_wrong_is_survived(void **state)
{
	static const char text[] = "52-/a,3[\"m\"," TWO_PLACEHOLDERS "]";

	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		char *copy = mem_dup(text, sizeof(text) - 1);

		for (int c = 0; c < 256; c++) {
			struct sio_assembly a = {0};
			const char *why = NULL;

			copy[i] = (char)c;
			assert_true(sio_assembly_begin(
					&a, (struct span){copy, sizeof(text) - 1}, 1000, &why) ||
				    why);
			sio_assembly_clear(&a);
		}
		free(copy);
	}
}

/* ---- placeholders ---- */

static bool
are_placed(const char *payload, unsigned attachments, uint8_t order[SIO_ATTACHMENTS_MAX])
{
	struct json *value = json_parse(span_of(payload), NULL);
	const char *why = NULL;
	bool ok;

	assert_non_null(value);
	ok = sio_placeholders(value, attachments, order, &why);
	assert_true(ok || why);
	json_free(value);
	return ok;
}

#define P(n)             "{\"_placeholder\":true,\"num\":" n "}"
#define FIRST_FIVE       P("0") "," P("1") "," P("2") "," P("3") "," P("4")
#define LAST_FIVE        P("5") "," P("6") "," P("7") "," P("8") "," P("9")
#define TEN_PLACEHOLDERS FIRST_FIVE "," LAST_FIVE

static void
placeholders_are_found_wherever_they_stand(void **state)
{
	uint8_t order[SIO_ATTACHMENTS_MAX];

	assert_true(
	    are_placed("[\"a\",1,null,\"{\\\"_placeholder\\\":true}\",{\"x\":[{}]}]", 0, order));
	assert_true(are_placed(
	    "[\"a\"," P("2") ",{\"b\":[[" P("0") "]],\"\\\"c\\\\\":" P("1") "},-1.5]", 3, order));
	assert_int_equal(order[0], 2);
	assert_int_equal(order[1], 0);
	assert_int_equal(order[2], 1);
	assert_true(
	    are_placed("[\"a\", { \"num\" : 0, \"_\\u0070laceholder\" : true } ]", 1, NULL));
	assert_true(are_placed("[" TEN_PLACEHOLDERS "]", 10, order));
	assert_int_equal(order[9], 9);
	assert_true(are_placed("[" P("0.0") "]", 1, NULL)); /* the same number, as in JavaScript */
}

static void
each_attachment_has_one_placeholder_and_each_placeholder_one(void **state)
{
	assert_false(are_placed("[\"a\"]", 1, NULL));
	assert_false(are_placed("[\"a\"," P("0") "]", 0, NULL));
	assert_false(are_placed("[\"a\"," P("0") "]", 2, NULL));
	assert_false(are_placed("[\"a\"," P("1") "]", 1, NULL));
	assert_false(are_placed("[\"a\"," P("0") "," P("0") "]", 2, NULL));
	assert_false(are_placed("[\"a\"," P("0") "," P("0") "]", 1, NULL));
	assert_false(are_placed("[\"a\"," P("0") "," P("1") "," P("2") "]", 2, NULL));
	assert_false(are_placed("[" P("4000000000") "]", 0, NULL));
	assert_false(
	    are_placed("[" TEN_PLACEHOLDERS "," P("10") "]", SIO_ATTACHMENTS_MAX + 1, NULL));
}

static void
a_placeholder_has_a_plain_number_and_nothing_else(void **state)
{
	static const char *const bad[] = {"-1", "-0.0", "0.5", "1e0", "\"0\"", "null", "true",
	    "[0]", "{}", "18446744073709551615", P("0")};

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct buf text = {0};

		buf_printf(&text, "[\"a\"," P("%s") "]", bad[i]);
		assert_false(are_placed(buf_cstr(&text), 1, NULL));
		buf_clear(&text);
	}
	assert_false(are_placed("[{\"_placeholder\":true}]", 1, NULL));
	assert_false(are_placed("[{\"_placeholder\":true}]", 0, NULL));
	assert_false(are_placed("[{\"_placeholder\":true,\"num\":0,\"x\":1}]", 1, NULL));
	assert_false(are_placed("[{\"_placeholder\":true,\"x\":0}]", 1, NULL));
}

static void
an_object_that_only_looks_like_one_is_an_object(void **state)
{
	assert_true(are_placed("[{\"_placeholder\":false,\"num\":0}]", 0, NULL));
	assert_true(are_placed("[{\"_placeholder\":\"true\",\"num\":0}]", 0, NULL));
	assert_true(
	    are_placed("[{\"_placeholder\":1},{\"num\":0},{\"_placeholderx\":true}]", 0, NULL));
	assert_false(are_placed("[{\"_placeholder\":false,\"num\":0}]", 1, NULL));
}

/* ---- writing ---- */

static void
assert_written(struct buf *out, const char *want)
{
	assert_span(buf_as_span(out), want);
	buf_clear(out);
}

static void
the_answer_to_a_connect_has_the_ids_alone(void **state)
{
	struct buf out = {0};

	sio_put_connect(&out, SPAN("/"), SPAN("s1"), SPAN(""));
	assert_written(&out, "0{\"sid\":\"s1\"}");
	sio_put_connect(&out, SPAN("/custom"), SPAN("s1"), SPAN("p1"));
	assert_written(&out, "0/custom,{\"sid\":\"s1\",\"pid\":\"p1\"}");
}

static void
a_refusal_names_its_namespace_and_a_message(void **state)
{
	struct buf out = {0};

	sio_put_connect_error(&out, SPAN("/random"), SPAN("Invalid namespace"));
	assert_written(&out, "4/random,{\"message\":\"Invalid namespace\"}");
	sio_put_connect_error(&out, SPAN("/"), SPAN("a \"b\""));
	assert_written(&out, "4{\"message\":\"a \\\"b\\\"\"}");
}

static void
a_disconnect_has_no_payload(void **state)
{
	struct buf out = {0};

	sio_put_disconnect(&out, SPAN("/"));
	assert_written(&out, "1");
	sio_put_disconnect(&out, SPAN("/custom"));
	assert_written(&out, "1/custom,");
}

static void
events_and_acknowledgements_carry_their_arguments(void **state)
{
	struct buf out = {0};

	sio_put_event(&out, SPAN("/"), SPAN("message-back"), SPAN("1,\"2\",{\"3\":[true]}"));
	assert_written(&out, "2[\"message-back\",1,\"2\",{\"3\":[true]}]");
	sio_put_event(&out, SPAN("/custom"), SPAN("a\"b"), SPAN(""));
	assert_written(&out, "2/custom,[\"a\\\"b\"]");
	sio_put_ack(&out, SPAN("/"), 456, SPAN("1,\"2\",{\"3\":[false]}"));
	assert_written(&out, "3456[1,\"2\",{\"3\":[false]}]");
	sio_put_ack(&out, SPAN("/custom"), SIO_ID_MAX, SPAN(""));
	assert_written(&out, "3/custom,9007199254740991[]");
}

static void
what_was_read_is_written_as_it_was(void **state)
{
	static const char *const texts[] = {"0", "0/custom,{\"a\":1}", "1/custom,", "2[\"a\"]",
	    "2/custom,0[\"a\"]", "312[1]", "52-789[\"m\"," TWO_PLACEHOLDERS "]",
	    "62-/custom,789[" TWO_PLACEHOLDERS "]", "50-[\"a\"]"};

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct sio_packet p = decoded(texts[i]);
		struct buf out = {0};

		sio_put(&out, &p);
		assert_written(&out, texts[i]);
	}
}

static void
json_may_be_written_behind_a_head(void **state)
{
	struct sio_packet p = {
	    .type = SIO_BINARY_ACK, .attachments = 1, .has_id = true, .id = 5, .nsp = SPAN("/")};
	struct buf out = {0};

	sio_put_head(&out, &p);
	json_open(&out, '[');
	json_element(&out);
	json_put_int(&out, 7);
	json_close(&out, ']');
	assert_written(&out, "61-5[7]");
}

/* ---- binary packets ---- */

static void
a_binary_packet_is_whole_with_its_last_attachment(void **state)
{
	char *text = mem_strdup("52-/custom,789[\"m\"," TWO_PLACEHOLDERS "]");
	struct sio_assembly a = {0};

	assert_true(sio_assembly_begin(&a, span_of(text), 1000, NULL));
	free(text); /* it was copied */
	assert_true(sio_assembly_is_waiting(&a));
	assert_true(sio_assembly_add(&a, SPAN("\1\2\3"), NULL));
	assert_false(sio_assembly_is_whole(&a));
	assert_true(sio_assembly_add(&a, SPAN(""), NULL));
	assert_true(sio_assembly_is_whole(&a));
	assert_false(sio_assembly_is_waiting(&a));
	assert_span(a.packet.nsp, "/custom");
	assert_int_equal(a.packet.id, 789);
	assert_span(a.packet.data, "[\"m\"," TWO_PLACEHOLDERS "]");
	assert_span(sio_assembly_at(&a, 0), "\1\2\3");
	assert_span(sio_assembly_at(&a, 1), "");
	sio_assembly_clear(&a);
	assert_true(sio_assembly_begin(&a, SPAN("50-[\"a\"]"), 1000, NULL));
	assert_true(sio_assembly_is_whole(&a));
	sio_assembly_clear(&a);
}

static void
an_attachment_that_is_not_due_is_refused(void **state)
{
	struct sio_assembly a = {0};
	const char *why = NULL;

	assert_false(sio_assembly_add(&a, SPAN("x"), &why));
	assert_non_null(why);
	assert_true(sio_assembly_begin(&a, SPAN("51-[\"a\"," P("0") "]"), 1000, NULL));
	assert_true(sio_assembly_add(&a, SPAN("x"), NULL));
	assert_false(sio_assembly_add(&a, SPAN("y"), NULL));
	assert_span(sio_assembly_at(&a, 0), "x");
	sio_assembly_clear(&a);
	assert_false(sio_assembly_add(&a, SPAN("x"), NULL));
}

static void
text_and_attachments_together_are_bounded(void **state)
{
	struct span text = SPAN("52-[\"a\"," TWO_PLACEHOLDERS "]");
	struct sio_assembly a = {0};
	const char *why = NULL;

	assert_false(sio_assembly_begin(&a, text, text.n - 1, &why));
	assert_string_equal(why, "too large");
	assert_true(sio_assembly_begin(&a, text, text.n + 5, NULL));
	assert_false(sio_assembly_add(&a, SPAN("123456"), &why));
	assert_true(sio_assembly_add(&a, SPAN("123"), NULL));
	assert_false(sio_assembly_add(&a, SPAN("123"), &why));
	assert_true(sio_assembly_add(&a, SPAN("45"), NULL));
	assert_true(sio_assembly_is_whole(&a));
	assert_span(sio_assembly_at(&a, 1), "45");
	sio_assembly_clear(&a);
}

static void
a_header_is_checked_before_an_attachment_is_taken(void **state)
{
	static const char *const bad[] = {"", "2[\"a\"]", "0", "51-[\"a\"]",
	    "51-[\"a\"," P("1") "]", "51-{}", "51-", "511-[\"a\"]",
	    "52-[\"a\"," P("0") "," P("0") "]", "50-[\"a\"," P("0") "]",
	    "51-[\"connect\"," P("0") "]", "51-[" P("0") "]", "61-[" P("0") "]"};
	struct sio_assembly a = {0};

	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *why = NULL;

		assert_false(sio_assembly_begin(&a, span_of(bad[i]), 1000, &why));
		assert_non_null(why);
		assert_false(sio_assembly_is_waiting(&a));
		assert_false(sio_assembly_is_whole(&a));
		assert_null(a.text.p);
	}
}

static void
a_second_header_does_not_disturb_the_first(void **state)
{
	struct sio_assembly a = {0};

	assert_true(sio_assembly_begin(&a, SPAN("61-4[" P("0") "]"), 1000, NULL));
	assert_false(sio_assembly_begin(&a, SPAN("61-5[" P("0") "]"), 1000, NULL));
	assert_true(sio_assembly_add(&a, SPAN("x"), NULL));
	assert_false(sio_assembly_begin(&a, SPAN("61-5[" P("0") "]"), 1000, NULL));
	assert_int_equal(a.packet.id, 4);
	sio_assembly_clear(&a);
	assert_true(sio_assembly_begin(&a, SPAN("61-5[" P("0") "]"), 1000, NULL));
	sio_assembly_clear(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_packet_is_cut_into_its_parts),
	    cmocka_unit_test(what_a_packet_leaves_out_has_its_default),
	    cmocka_unit_test(a_namespace_ends_at_the_comma_or_with_the_packet),
	    cmocka_unit_test(a_query_in_a_namespace_is_part_of_its_name),
	    cmocka_unit_test(a_namespace_is_bounded_and_has_no_control_character),
	    cmocka_unit_test(an_id_may_be_what_a_javascript_number_holds),
	    cmocka_unit_test(the_count_of_attachments_is_a_plain_number_up_to_the_bound),
	    cmocka_unit_test(what_the_reference_parser_refuses_is_refused),
	    cmocka_unit_test(what_a_client_has_no_reason_to_send_is_refused),
	    cmocka_unit_test(what_a_client_sends_is_taken),
	    cmocka_unit_test(depth_is_bounded),
	    cmocka_unit_test(a_checked_payload_is_read_in_place),
	    cmocka_unit_test(a_packet_cut_at_any_byte_is_no_other_packet),
	    cmocka_unit_test(any_single_byte_put_wrong_is_survived),
	    cmocka_unit_test(placeholders_are_found_wherever_they_stand),
	    cmocka_unit_test(each_attachment_has_one_placeholder_and_each_placeholder_one),
	    cmocka_unit_test(a_placeholder_has_a_plain_number_and_nothing_else),
	    cmocka_unit_test(an_object_that_only_looks_like_one_is_an_object),
	    cmocka_unit_test(the_answer_to_a_connect_has_the_ids_alone),
	    cmocka_unit_test(a_refusal_names_its_namespace_and_a_message),
	    cmocka_unit_test(a_disconnect_has_no_payload),
	    cmocka_unit_test(events_and_acknowledgements_carry_their_arguments),
	    cmocka_unit_test(what_was_read_is_written_as_it_was),
	    cmocka_unit_test(json_may_be_written_behind_a_head),
	    cmocka_unit_test(a_binary_packet_is_whole_with_its_last_attachment),
	    cmocka_unit_test(an_attachment_that_is_not_due_is_refused),
	    cmocka_unit_test(text_and_attachments_together_are_bounded),
	    cmocka_unit_test(a_header_is_checked_before_an_attachment_is_taken),
	    cmocka_unit_test(a_second_header_does_not_disturb_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
