/* SPDX-License-Identifier: ISC */
/*
 * rest_world.h - a fresh database with one escrow, and short ways to ask the routes: from the web
 * server's parameters to the bytes of the answer. No socket: what libfcgi and CGI add is tested end
 * to end.
 */
#ifndef REST_WORLD_H
#define REST_WORLD_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/cursor.h"
#include "fcgi/routes.h"
#include "unit/patience.h"

#define PLATFORM "HTTP_X_SERVICE_KEY=platform-secret-0123456789abcdef"
#define WATCHER  "HTTP_X_SERVICE_KEY=watcher-secret-0123456789abcdef"
#define WARDEN   "HTTP_X_SERVICE_KEY=warden-secret-0123456789abcdef"
#define ALICE    "HTTP_X_WALLET_ADDRESS=alice"
#define BOB      "HTTP_X_WALLET_ADDRESS=bob"
#define EVE      "HTTP_X_WALLET_ADDRESS=eve"
#define OLGA     "HTTP_X_WALLET_ADDRESS=olga"
#define FRONTEND "http://localhost:5173"
#define HISTORY  "/api/chat/42/history"
#define SEND     "/api/chat/42/send"

struct world {
	char dir[40], database[64], keys[64];
	char *origins[1];
	struct config config;
	struct auth *auth;
	struct rest_worker rest;
	struct buf out;    /* the last answer */
	struct json *json; /* its body */
	int status;
};

/* ---- asking ---- */

struct text_body {
	struct span left;
	struct buf *out;
	size_t pieces, pieces_max; /* of the answer; 0: no limit */
};

static inline ssize_t
read_text(void *arg, char *p, size_t n)
{
	struct text_body *b = arg;

	n = n < b->left.n ? n : b->left.n;
	memcpy(p, b->left.p, n);
	b->left = (struct span){b->left.p + n, b->left.n - n};
	return (ssize_t)n;
}

static inline bool
write_text(void *arg, struct span piece)
{
	struct text_body *b = arg;

	if (b->pieces_max > 0 && b->pieces == b->pieces_max)
		return false;
	b->pieces++;
	buf_span(b->out, piece);
	return true;
}

/* True: the answer is whole. */
static inline bool
answer(struct world *w, char *const *params, struct text_body *b)
{
	struct channel channel = {read_text, write_text, b};

	b->out = &w->out;
	w->out.len = 0;
	return rest_answer(&w->rest, params, &channel);
}

#define PARAMS_MAX 16

/* Parses the answer: its status, and its body if it has one that is no page. */
static inline int
take_answer(struct world *w)
{
	const char *text = buf_cstr(&w->out), *body = strstr(text, "\r\n\r\n");

	assert_non_null(body);
	assert_memory_equal(text, "Status: ", 8);
	w->status = atoi(text + 8);
	json_free(w->json);
	w->json = NULL;
	if (body[4] != '\0' && !strstr(buf_cstr(&w->out), "\r\nContent-Type: text/html")) {
		w->json = json_parse(span_of(body + 4), NULL);
		assert_int_equal(json_type(w->json), JSON_OBJECT);
	}
	return w->status;
}

/* Sends a request with lines of parameters. body NULL: there is none; type NULL: JSON. Returns
 * the status of the answer. */
static inline int
ask_with(struct world *w, const char *method, const char *uri, const char *body, const char *type,
    const char *const *lines)
{
	struct buf text[PARAMS_MAX] = {{0}};
	char *params[PARAMS_MAX + 1] = {NULL};
	struct text_body b = {.left = span_of(body)};
	size_t n = 0;

	buf_printf(&text[n++], "REQUEST_METHOD=%s", method);
	buf_printf(&text[n++], "REQUEST_URI=%s", uri);
	buf_str(&text[n++], "REMOTE_ADDR=127.0.0.1");
	buf_str(&text[n++], "HTTP_HOST=localhost:8080");
	buf_str(&text[n++], "HTTP_X_REQUEST_ID=test");
	if (body) {
		buf_printf(&text[n++], "CONTENT_LENGTH=%zu", strlen(body));
		buf_printf(&text[n++], "CONTENT_TYPE=%s", type ? type : "application/json");
	}
	for (; *lines; lines++) {
		assert_true(n < PARAMS_MAX);
		buf_str(&text[n++], *lines);
	}
	for (size_t i = 0; i < n; i++)
		params[i] = (char *)(uintptr_t)buf_cstr(&text[i]);
	assert_true(answer(w, params, &b));
	rest_tidy(&w->rest);
	for (size_t i = 0; i < n; i++)
		buf_clear(&text[i]);
	return take_answer(w);
}

static inline int
ask(struct world *w, const char *method, const char *uri, const char *body,
    const char *const *lines)
{
	return ask_with(w, method, uri, body, NULL, lines);
}

#define ASK(w, method, uri, body, ...) \
	ask(w, method, uri, body, (const char *[]){__VA_ARGS__, NULL})
#define ASK_BARE(w, method, uri) ask(w, method, uri, NULL, (const char *[]){NULL})

static inline bool
has_header(struct world *w, const char *line)
{
	return strstr(buf_cstr(&w->out), line) != NULL;
}

static const struct json *
member(struct world *w, const char *name)
{
	return json_get(w->json, name);
}

static inline void
assert_text(const struct json *value, const char *want)
{
	struct span text = {"", 0};

	assert_true(json_string(value, &text));
	assert_int_equal(text.n, strlen(want));
	assert_memory_equal(text.p, want, text.n);
}

static inline void
assert_refused(struct world *w, int status, const char *code)
{
	bool success = true;

	assert_int_equal(w->status, status);
	assert_text(member(w, "code"), code);
	assert_int_equal(json_type(member(w, "error")), JSON_STRING);
	assert_true(json_bool(member(w, "success"), &success));
	assert_false(success);
}

static inline int64_t
number(const struct json *value)
{
	int64_t n = -1;

	assert_true(json_int(value, &n));
	return n;
}

static inline bool
truth(const struct json *value)
{
	bool b = false;

	assert_true(json_bool(value, &b));
	return b;
}

/* ---- the world ---- */

static inline void
world_keys(struct world *w)
{
	int mask = umask(0077);
	FILE *f = fopen(w->keys, "w");

	assert_non_null(f);
	fputs("platform platform-secret-0123456789abcdef publish,escrows\n"
	      "watcher watcher-secret-0123456789abcdef stats\n"
	      "warden warden-secret-0123456789abcdef sessions\n",
	    f);
	fclose(f);
	umask((mode_t)mask);
}

static inline int
world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct buf err = {0};

	strcpy(w->dir, "/tmp/escrowchat-test-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->database, sizeof(w->database), "%s/chat.db", w->dir);
	snprintf(w->keys, sizeof(w->keys), "%s/keys", w->dir);
	world_keys(w);
	w->origins[0] = (char *)(uintptr_t)FRONTEND;
	w->config = (struct config){.database = w->database,
	    .database_mode = 0660,
	    .durability = DURABILITY_NORMAL,
	    .auth = AUTH_OPEN,
	    .frontend_url = {w->origins, 1},
	    .service_keys = w->keys};
	w->auth = auth_new(&w->config, &err);
	if (!w->auth || !rest_open(&w->rest, &w->config, w->auth, &err))
		fail_msg("%s", buf_cstr(&err));
	ASK(w, "PUT", "/api/escrows/42",
	    "{\"title\":\"A "
	    "website\",\"participants\":[{\"walletAddress\":\"alice\",\"role\":\"client\"},"
	    "{\"walletAddress\":\"bob\",\"role\":\"freelancer\"},{\"walletAddress\":\"olga\","
	    "\"role\":\"observer\"}]}",
	    PLATFORM);
	assert_int_equal(w->status, 201);
	*state = w;
	return 0;
}

static inline int
world_teardown(void **state)
{
	static const char *const files[] = {
	    "chat.db", "chat.db-wal", "chat.db-shm", "chat.db.lock", "keys"};
	struct world *w = *state;
	char name[80];

	rest_close(&w->rest);
	auth_free(w->auth);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(name, sizeof(name), "%s/%s", w->dir, files[i]);
		unlink(name);
	}
	assert_int_equal(rmdir(w->dir), 0);
	json_free(w->json);
	buf_clear(&w->out);
	free(w);
	return 0;
}

/* Sends a message, and copies its id to id. */
static inline void
sent(struct world *w, const char *wallet, const char *content, char id[64])
{
	struct buf body = {0};
	struct span text;

	json_open(&body, '{');
	json_member_cstr(&body, "content", content);
	json_close(&body, '}');
	assert_int_equal(ASK(w, "POST", SEND, buf_cstr(&body), wallet), 201);
	assert_true(json_string(json_get(member(w, "message"), "id"), &text));
	snprintf(id, 64, "%.*s", (int)text.n, text.p);
	buf_clear(&body);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

#endif
