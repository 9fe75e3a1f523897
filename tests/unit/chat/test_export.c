/* SPDX-License-Identifier: ISC */
/*
 * test_export.c - a conversation as a file: it is whole, the same for both sides, and has its own
 * SHA-256.
 */
#include "chat/export.h"

#include "unit/chat_world.h"

struct job {
	struct world *w;
	struct user user;
	struct chat_export e;
	struct buf file;
	int pieces;
};

static void
run_export(struct store *st, void *arg)
{
	struct job *j = arg;
	bool is_good = chat_export(st, &j->w->rules, &j->e);

	assert_int_equal(is_good, j->e.err == ERROR_NONE);
}

static void
begin(struct job *j, struct world *w, const char *wallet, enum export_format format)
{
	*j = (struct job){.w = w, .user = world_user(wallet)};
	j->e.user = &j->user;
	j->e.escrow_id = SPAN("42");
	j->e.format = format;
}

/* Takes the next piece of the file. False: the export is refused. */
static bool
next(struct job *j)
{
	assert_int_equal(store_read(j->w->st, PATIENT_MS, run_export, j), STORE_OK);
	if (j->e.err != ERROR_NONE)
		return false;
	buf_span(&j->file, buf_as_span(&j->e.text));
	j->pieces++;
	return true;
}

static void
all(struct job *j, struct world *w, const char *wallet, enum export_format format)
{
	begin(j, w, wallet, format);
	do
		assert_true(next(j));
	while (!j->e.is_done);
}

static void
end(struct job *j)
{
	chat_export_clear(&j->e);
	buf_clear(&j->file);
}

/* The last line has the SHA-256 of what precedes it. */
static void
assert_sealed(struct job *j)
{
	uint8_t digest[DIGEST_SHA256_SIZE];
	char hex[2 * DIGEST_SHA256_SIZE + 1];
	size_t at = j->file.len - 1;

	assert_int_equal(j->file.p[at], '\n');
	while (j->file.p[at - 1] != '\n')
		at--;
	digest_sha256(digest, (struct span){j->file.p, at});
	digest_hex(hex, digest, sizeof(digest));
	assert_non_null(strstr(buf_cstr(&j->file) + at, hex));
}

static void
talk(struct world *w, int n)
{
	char content[40];

	world_put(w, "42", "alice client, bob freelancer, olga observer");
	for (int i = 0; i < n; i++) {
		snprintf(content, sizeof(content), "number %d", i);
		assert_int_equal(world_send(w, i % 2 ? "alice" : "bob", "42", content), ERROR_NONE);
	}
}

static void
a_long_one_comes_in_pieces_and_is_whole(void **state)
{
	struct world *w = *state;
	struct json *file;
	const struct json *list;
	char want[40];
	struct span text;
	struct job j;

	talk(w, 1201);
	all(&j, w, "alice", EXPORT_JSON);
	assert_int_equal(j.pieces, 7);
	assert_sealed(&j);
	file = json_parse(buf_as_span(&j.file), NULL);
	list = json_get(file, "messages");
	assert_int_equal(json_length(list), 1201);
	for (size_t i = 0; i < 1201; i++) {
		snprintf(want, sizeof(want), "number %zu", i);
		assert_true(json_string(json_get(json_at(list, i), "content"), &text));
		assert_true(span_is(text, want));
	}
	assert_int_equal(json_length(json_get(json_get(file, "escrow"), "participants")), 3);
	json_free(file);
	end(&j);
}

static void
nothing_in_it_depends_on_who_asks_or_has_read(void **state)
{
	static const char *const wallets[] = {"alice", "bob", "olga"};
	struct world *w = *state;
	struct job first, other;
	char id[64];

	talk(w, 20);
	world_sent(w, "alice", "42", "last", id);
	for (int f = EXPORT_JSON; f <= EXPORT_HTML; f++) {
		all(&first, w, "alice", (enum export_format)f);
		assert_sealed(&first);
		world_mark(w, "bob", "42", id, true);
		for (size_t i = 0; i < 3; i++) {
			all(&other, w, wallets[i], (enum export_format)f);
			assert_int_equal(other.file.len, first.file.len);
			assert_memory_equal(other.file.p, first.file.p, first.file.len);
			end(&other);
		}
		end(&first);
	}
}

static void
what_is_said_meanwhile_is_not_in_it(void **state)
{
	struct world *w = *state;
	struct job j;

	talk(w, 600);
	begin(&j, w, "alice", EXPORT_NDJSON);
	assert_true(next(&j));
	assert_false(j.e.is_done);
	assert_int_equal(world_send(w, "bob", "42", "too late"), ERROR_NONE);
	while (!j.e.is_done)
		assert_true(next(&j));
	assert_null(strstr(buf_cstr(&j.file), "too late"));
	assert_non_null(strstr(buf_cstr(&j.file), "number 599"));
	assert_sealed(&j);
	end(&j);
}

static void
who_is_removed_meanwhile_gets_no_more(void **state)
{
	struct world *w = *state;
	struct job j;

	talk(w, 600);
	begin(&j, w, "alice", EXPORT_JSON);
	assert_true(next(&j));
	world_put(w, "42", "bob freelancer");
	assert_false(next(&j));
	assert_int_equal(j.e.err, ERROR_NOT_PARTICIPANT);
	end(&j);
}

static void
strangers_and_unknown_escrows_are_refused_alike(void **state)
{
	struct world *w = *state;
	struct job j;

	talk(w, 1);
	begin(&j, w, "eve", EXPORT_JSON);
	assert_false(next(&j));
	assert_int_equal(j.e.err, ERROR_NOT_PARTICIPANT);
	end(&j);
	begin(&j, w, "alice", EXPORT_JSON);
	j.e.escrow_id = SPAN("no-such");
	assert_false(next(&j));
	assert_int_equal(j.e.err, ERROR_NOT_PARTICIPANT);
	end(&j);
	w->rules.rooms = ROOMS_OPEN;
	begin(&j, w, "alice", EXPORT_JSON);
	j.e.escrow_id = SPAN("no-such");
	assert_false(next(&j));
	assert_int_equal(j.e.err, ERROR_NOT_FOUND);
	end(&j);
}

static void
an_empty_one_is_a_file_too(void **state)
{
	struct world *w = *state;
	struct json *file;
	struct job j;

	talk(w, 0);
	all(&j, w, "alice", EXPORT_JSON);
	assert_sealed(&j);
	file = json_parse(buf_as_span(&j.file), NULL);
	assert_int_equal(json_type(json_get(file, "messages")), JSON_ARRAY);
	json_free(file);
	end(&j);
}

static void
no_text_is_markup_and_no_line_is_cut(void **state)
{
	static const char nasty[] =
	    "</pre><script>alert(1)</script>\n&amp; \"x\" \x01\xe2\x80\xae\xc2\x9f <!-- ";
	struct world *w = *state;
	struct job j;

	talk(w, 0);
	assert_int_equal(world_send(w, "bob", "42", nasty), ERROR_NONE);
	all(&j, w, "alice", EXPORT_HTML);
	assert_sealed(&j);
	assert_non_null(strstr(buf_cstr(&j.file),
	    "<pre dir=\"auto\">&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;\n"
	    "&amp;amp; &quot;x&quot; \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd &lt;!--</pre>"));
	assert_null(strstr(buf_cstr(&j.file), "<script"));
	end(&j);
	all(&j, w, "alice", EXPORT_NDJSON);
	for (struct span rest = buf_as_span(&j.file); rest.n > 0;) {
		struct json *line = json_parse(span_cut(&rest, '\n'), NULL);

		assert_int_equal(json_type(line), JSON_OBJECT);
		json_free(line);
	}
	end(&j);
}

static void
a_fault_is_a_refusal(void **state)
{
	struct world *w = *state;
	struct job j;
	int nth = 0;

	talk(w, 3);
	do {
		begin(&j, w, "alice", EXPORT_JSON);
		store_fail_at(w->st, ++nth, STORE_BROKEN);
		if (store_read(w->st, PATIENT_MS, run_export, &j) == STORE_OK)
			assert_true(j.e.is_done);
		store_fail_at(w->st, 0, STORE_OK);
		assert_true(nth < 30);
		chat_export_clear(&j.e);
	} while (!j.e.is_done || j.e.err != ERROR_NONE);
	assert_true(nth > 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_long_one_comes_in_pieces_and_is_whole),
	    TEST(nothing_in_it_depends_on_who_asks_or_has_read),
	    TEST(what_is_said_meanwhile_is_not_in_it),
	    TEST(who_is_removed_meanwhile_gets_no_more),
	    TEST(strangers_and_unknown_escrows_are_refused_alike),
	    TEST(an_empty_one_is_a_file_too),
	    TEST(no_text_is_markup_and_no_line_is_cut),
	    TEST(a_fault_is_a_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
