/* SPDX-License-Identifier: ISC */
/*
 * test_names.c - what is a valid wallet, escrowId, title, event name and topic.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "contract/names.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* A literal that may hold NULs; usable in a static table. Formatters disagree about it. */
/* clang-format off */
#define BYTES(lit) {lit, sizeof(lit) - 1}
/* clang-format on */

static struct span
repeated(char *out, char c, size_t n)
{
	memset(out, c, n);
	return (struct span){out, n};
}

/* Encodes any code point as UTF-8, also a surrogate. */
static size_t
encode(char *out, unsigned c)
{
	static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(lead[n] | c);
	return n;
}

static void
evm_addresses_are_keyed_in_lower_case_and_shown_as_claimed(void **state)
{
	static const char mixed[] = "0xAbCdEf0123456789aBcDeF0123456789ABCDEF01";
	struct user u;

	assert_true(name_wallet(span_of(mixed), &u));
	assert_string_equal(u.key, "0xabcdef0123456789abcdef0123456789abcdef01");
	assert_string_equal(u.name, mixed);
}

static void
two_spellings_are_one_wallet(void **state)
{
	static const struct {
		const char *a, *b;
		bool is_same;
	} cases[] = {
	    {"0xABCDEF0123456789ABCDEF0123456789ABCDEF01",
		"0xabcdef0123456789abcdef0123456789abcdef01", true},
	    {"0xABCDEF0123456789ABCDEF0123456789ABCDEF01",
		"0xabcdef0123456789abcdef0123456789abcdef02", false},
	    {"alice", "alice", true},
	    {"alice", "Alice", false},
	    {"no wallet", "no wallet", true},
	    {"no wallet", "alice", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(name_is_same_wallet(span_of(cases[i].a), span_of(cases[i].b)),
		    cases[i].is_same);
}

static void
other_names_are_compared_exactly(void **state)
{
	static const char *const exact[] = {
	    "7EcDhSYGxXyscszYEp35KHN8vvw3svAuLKTzXwCFLtV", /* Solana */
	    "0XABCDEF0123456789ABCDEF0123456789ABCDEF01",  /* 0X is no EVM address */
	    "0xABCDEF0123456789ABCDEF0123456789ABCDEF0",   /* 39 digits */
	    "0xABCDEF0123456789ABCDEF0123456789ABCDEF012", /* 41 digits */
	    "0xGBCDEF0123456789ABCDEF0123456789ABCDEF01",  /* no hex */
	    "Alice",
	    "a",
	    ".",
	    "..",
	    "a._~@:|+=-Z9",
	};
	struct user u;

	for (size_t i = 0; i < COUNT(exact); i++) {
		assert_true(name_wallet(span_of(exact[i]), &u));
		assert_string_equal(u.key, exact[i]);
		assert_string_equal(u.name, exact[i]);
	}
}

static void
what_is_no_wallet_is_refused(void **state)
{
	static const struct span wrong[] = {
	    BYTES(""),
	    BYTES(" a"),
	    BYTES("a b"),
	    BYTES("a/b"),
	    BYTES("a\0b"),
	    BYTES("\0"),
	    BYTES("a\n"),
	    BYTES("\xc3\xa4"),
	    BYTES("a\x7f"),
	    BYTES("a,b"),
	    BYTES("a\"b"),
	};
	char text[NAME_MAX_BYTES + 1];
	struct user u;

	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_false(name_wallet(wrong[i], &u));
	assert_true(name_wallet(repeated(text, 'x', NAME_MAX_BYTES), &u));
	assert_int_equal(strlen(u.key), NAME_MAX_BYTES);
	assert_false(name_wallet(repeated(text, 'x', NAME_MAX_BYTES + 1), &u));
}

static const struct span good_escrows[] = {
    BYTES("42"), BYTES(" "), BYTES("..."), BYTES(".a"), BYTES("a:b_c"),
    BYTES("Gr\xc3\xb6\xc3\x9f"
	  "e"),
    BYTES("\xf0\x9f\xa4\x9d"), BYTES("\xc2\xa0"), /* U+00A0, just behind C1 */
    BYTES("\xd8\x9b"),                            /* U+061B */
    BYTES("\xe2\x80\x8d"),                        /* U+200D, between joiner and mark */
    BYTES("\xe2\x80\x90"),                        /* U+2010 */
    BYTES("\xe2\x80\xa7"),                        /* U+2027 */
    BYTES("\xe2\x80\xaf"),                        /* U+202F */
    BYTES("\xe2\x81\xa5"),                        /* U+2065 */
    BYTES("\xe2\x81\xaa"),                        /* U+206A */
};

static const struct span wrong_escrows[] = {
    BYTES(""),
    BYTES("."),
    BYTES(".."),
    BYTES("a/b"),
    BYTES("/"),
    BYTES("a\0b"),
    BYTES("\0"),
    BYTES("\x01"),
    BYTES("a\x1f"),
    BYTES("\n"),
    BYTES("\x7f"),
    BYTES("\xc2\x80"),
    BYTES("\xc2\x9f"), /* C1 */
    BYTES("\xd8\x9c"), /* U+061C */
    BYTES("\xe2\x80\x8e"),
    BYTES("\xe2\x80\x8f"), /* U+200E, U+200F */
    BYTES("a\xe2\x80\xa8"),
    BYTES("\xe2\x80\xa9"), /* U+2028, U+2029 */
    BYTES("\xe2\x80\xaa"),
    BYTES("\xe2\x80\xae"), /* U+202A, U+202E */
    BYTES("\xe2\x81\xa6"),
    BYTES("\xe2\x81\xa9"), /* U+2066, U+2069 */
    BYTES("\xff"),
    BYTES("\xc2"),
    BYTES("\xed\xa0\x80"),
    BYTES("\xc0\xaf"),
    BYTES("\xf4\x90\x80\x80"),
    BYTES("\x80"),
    BYTES("a\xe2\x80"),
};

static void
an_escrow_id_is_plain_text_without_tricks(void **state)
{
	char text[NAME_MAX_BYTES + 1];

	for (size_t i = 0; i < COUNT(good_escrows); i++)
		assert_true(name_escrow(good_escrows[i]));
	for (size_t i = 0; i < COUNT(wrong_escrows); i++)
		assert_false(name_escrow(wrong_escrows[i]));
	assert_true(name_escrow(repeated(text, 'x', NAME_MAX_BYTES)));
	assert_false(name_escrow(repeated(text, 'x', NAME_MAX_BYTES + 1)));
}

/* Every code point stands alone, and inside a name. */
static void
no_control_and_no_direction_mark_is_in_an_escrow_id(void **state)
{
	char text[8];

	for (unsigned c = 0; c < 0x110000; c++) {
		size_t n = encode(text, c);
		bool is_good = c != '/' && c >= 0x20 && !(c >= 0x7f && c <= 0x9f) && c != 0x61c &&
			       c != 0x200e && c != 0x200f && !(c >= 0x2028 && c <= 0x202e) &&
			       !(c >= 0x2066 && c <= 0x2069) && !(c >= 0xd800 && c <= 0xdfff);

		if (name_escrow((struct span){text, n}) != (is_good && c != '.'))
			fail_msg("U+%04X", c);
		memmove(text + 1, text, n);
		text[0] = text[n + 1] = 'x';
		if (name_escrow((struct span){text, n + 2}) != is_good)
			fail_msg("U+%04X", c);
	}
}

static void
a_title_has_200_code_points_without_controls(void **state)
{
	char text[201 * 4];

	for (size_t i = 0; i < sizeof(text); i += 4)
		memcpy(text + i, "\xf0\x9f\x98\x80", 4);
	assert_true(name_title((struct span){text, 800}));
	assert_false(name_title((struct span){text, 804}));
	assert_false(name_title((struct span){text, 799}));
	assert_true(name_title(SPAN("a/b \xe2\x80\xae")));
	assert_false(name_title(SPAN("")));
	assert_false(name_title(SPAN("a\0b")));
	assert_false(name_title(SPAN("a\n")));
	assert_false(name_title(SPAN("\xc2\x85")));
}

static void
a_json_number_is_an_escrow_id_if_it_is_a_plain_integer(void **state)
{
	static const struct {
		const char *json, *id; /* id NULL: refused */
	} cases[] = {
	    {"42", "42"},
	    {"0", "0"},
	    {"9007199254740991", "9007199254740991"},
	    {"9007199254740992", NULL},
	    {"18446744073709551615", NULL},
	    {"-1", NULL},
	    {"1.0", NULL},
	    {"1e3", NULL},
	    {"4.2", NULL},
	    {"\"42\"", "42"},
	    {"\"1e3\"", "1e3"},
	    {"\"-1\"", "-1"},
	    {"\"a\\u0000b\"", NULL},
	    {"\"\\u202e\"", NULL},
	    {"\"\"", NULL},
	    {"\"a/b\"", NULL},
	    {"null", NULL},
	    {"true", NULL},
	    {"[]", NULL},
	    {"{}", NULL},
	    {"[\"a\"]", NULL},
	};
	char id[STORE_NAME_SIZE];

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct json *value = json_parse(span_of(cases[i].json), NULL);

		assert_int_equal(name_escrow_json(value, id), cases[i].id != NULL);
		if (cases[i].id)
			assert_string_equal(id, cases[i].id);
		json_free(value);
	}
	assert_false(name_escrow_json(NULL, id));
}

static void
event_names_begin_with_a_letter_and_have_64_bytes_at_most(void **state)
{
	static const struct span good[] = {BYTES("a"), BYTES("escrow:update"), BYTES("A9_.:-"),
	    BYTES("hello"), BYTES("Message"), BYTES("errors")};
	static const struct span wrong[] = {BYTES(""), BYTES("1a"), BYTES(":a"), BYTES("_a"),
	    BYTES("a b"), BYTES("a\0"), BYTES("a/b"), BYTES("\xc3\xa4"), BYTES("a\n")};
	char text[65];

	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(name_event(good[i]));
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_false(name_event(wrong[i]));
	assert_true(name_event(repeated(text, 'x', 64)));
	assert_false(name_event(repeated(text, 'x', 65)));
}

static void
nobody_publishes_what_the_server_says_itself(void **state)
{
	static const char *const reserved[] = {"hello", "chat_message", "message_read",
	    "notification", "user_typing", "user_joined", "user_left", "gap", "token_expiring",
	    "chat_error", "connect", "connect_error", "disconnect", "disconnecting", "newListener",
	    "removeListener", "error", "open", "message"};

	for (size_t i = 0; i < COUNT(reserved); i++) {
		assert_true(name_event(span_of(reserved[i])));
		assert_false(name_event_publishable(span_of(reserved[i])));
	}
	assert_true(name_event_publishable(SPAN("escrow:update")));
	assert_true(name_event_publishable(SPAN("messages")));
	assert_true(name_event_publishable(SPAN("Hello")));
	assert_false(name_event_publishable(SPAN("9a")));
}

static void
client_ids_have_64_harmless_bytes_at_most(void **state)
{
	char text[65];

	assert_true(name_client_id(SPAN("aZ09_-")));
	assert_true(name_client_id(repeated(text, '-', 64)));
	assert_false(name_client_id(repeated(text, 'x', 65)));
	assert_false(name_client_id(SPAN("")));
	assert_false(name_client_id(SPAN("a.b")));
	assert_false(name_client_id(SPAN("a\0b")));
}

static void
topics_are_read_as_they_are_written(void **state)
{
	char out[TOPIC_SIZE], text[NAME_MAX_BYTES];
	struct span longest = repeated(text, 'x', sizeof(text)), topic, name;

	topic = topic_of_escrow(out, SPAN("42"));
	assert_true(span_is(topic, "escrow_42"));
	assert_int_equal(topic_parse(topic, &name), TOPIC_ESCROW);
	assert_true(span_is(name, "42"));
	topic = topic_of_user(out, SPAN("alice"));
	assert_true(span_is(topic, "user:alice"));
	assert_int_equal(topic_parse(topic, &name), TOPIC_USER);
	assert_true(span_is(name, "alice"));
	topic = topic_of_members(out, longest);
	assert_int_equal(topic.n, 8 + NAME_MAX_BYTES);
	assert_int_equal(topic_parse(topic, &name), TOPIC_MEMBERS);
	assert_true(span_eq(name, longest));
	assert_int_equal(topic_parse(SPAN("membership:42"), &name), TOPIC_MEMBERSHIP);
	assert_true(span_is(name, "42"));
}

static void
a_publisher_s_topic_is_brought_into_its_normal_form(void **state)
{
	static const char *const wrong[] = {
	    "", "members:42", "membership:42", "user:", "escrow_a/b", "other"};
	char out[TOPIC_SIZE];
	struct span topic;

	assert_true(topic_normal(out, SPAN("escrow_A"), &topic));
	assert_true(span_is(topic, "escrow_A"));
	assert_true(topic_normal(out, SPAN("user:Bob"), &topic));
	assert_true(span_is(topic, "user:Bob"));
	assert_true(
	    topic_normal(out, SPAN("user:0xABCDEFabcdefABCDEFabcdefABCDEFabcdefABCD"), &topic));
	assert_true(span_is(topic, "user:0xabcdefabcdefabcdefabcdefabcdefabcdefabcd"));
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_false(topic_normal(out, span_of(wrong[i]), &topic));
}

static void
a_topic_names_a_valid_room_or_user_or_is_wrong(void **state)
{
	static const struct span wrong[] = {BYTES(""), BYTES("escrow_"), BYTES("escrow_a/b"),
	    BYTES("escrow_."), BYTES("escrow_.."), BYTES("escrow_a\0"), BYTES("Escrow_1"),
	    BYTES("escrow:1"), BYTES("user:"), BYTES("user:a b"), BYTES("user_a"),
	    BYTES("user:\xc3\xa4"), BYTES("members:"), BYTES("membership:"), BYTES("membership"),
	    BYTES("members:\xff"), BYTES("other"), BYTES("escrow")};
	char text[7 + NAME_MAX_BYTES + 1];
	struct span name;

	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(topic_parse(wrong[i], &name), TOPIC_WRONG);
	for (size_t i = 0; i < COUNT(wrong_escrows); i++) {
		memcpy(text, "escrow_", 7);
		memcpy(text + 7, wrong_escrows[i].p, wrong_escrows[i].n);
		assert_int_equal(
		    topic_parse((struct span){text, 7 + wrong_escrows[i].n}, &name), TOPIC_WRONG);
	}
	repeated(text, 'x', sizeof(text));
	memcpy(text, "escrow_", 7);
	assert_int_equal(topic_parse((struct span){text, sizeof(text)}, &name), TOPIC_WRONG);
	assert_int_equal(topic_parse((struct span){text, sizeof(text) - 1}, &name), TOPIC_ESCROW);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(evm_addresses_are_keyed_in_lower_case_and_shown_as_claimed),
	    cmocka_unit_test(two_spellings_are_one_wallet),
	    cmocka_unit_test(other_names_are_compared_exactly),
	    cmocka_unit_test(what_is_no_wallet_is_refused),
	    cmocka_unit_test(an_escrow_id_is_plain_text_without_tricks),
	    cmocka_unit_test(no_control_and_no_direction_mark_is_in_an_escrow_id),
	    cmocka_unit_test(a_title_has_200_code_points_without_controls),
	    cmocka_unit_test(a_json_number_is_an_escrow_id_if_it_is_a_plain_integer),
	    cmocka_unit_test(event_names_begin_with_a_letter_and_have_64_bytes_at_most),
	    cmocka_unit_test(nobody_publishes_what_the_server_says_itself),
	    cmocka_unit_test(client_ids_have_64_harmless_bytes_at_most),
	    cmocka_unit_test(topics_are_read_as_they_are_written),
	    cmocka_unit_test(a_publisher_s_topic_is_brought_into_its_normal_form),
	    cmocka_unit_test(a_topic_names_a_valid_room_or_user_or_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
