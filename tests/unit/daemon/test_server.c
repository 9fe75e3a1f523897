/* SPDX-License-Identifier: ISC */
/*
 * test_server.c - the whole daemon. While one of its system calls fails, it refuses to start and
 * says why, or it stores a message, acknowledges it, reads it back, and ends in good order. When it
 * ends, it stores what clients have sent.
 */
#include "unit/tmp_store.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/sys.h"
#include "config/config.h"
#include "daemon/server.h"

#define AGAIN_MS 1000 /* an answer that is due is seldom later; then the client asks once more */

struct client { /* a thread of its own */
	char socket[96];
	bool is_served;
};

static int
dial(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Sends one event. True: its answer contains the text. */
static bool
emits(const char *path, const char *body, const char *expected)
{
	char request[512], answer[4096] = "";
	int fd = dial(path);
	size_t n = 0;

	if (fd < 0)
		return false;
	snprintf(request, sizeof(request),
	    "POST /emit?walletAddress=alice HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
	    strlen(body), body);
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request)) {
		struct pollfd readable = {.fd = fd, .events = POLLIN};

		while (n < sizeof(answer) - 1 && poll(&readable, 1, AGAIN_MS) > 0) {
			ssize_t got = recv(fd, answer + n, sizeof(answer) - 1 - n, 0);

			if (got <= 0)
				break;
			n += (size_t)got;
		}
	}
	close(fd);
	return strstr(answer, expected) != NULL;
}

/* Asks until the daemon answers, then ends the daemon. */
static void *
client_main(void *arg)
{
	struct client *c = arg;
	int tries = PATIENT_MS / AGAIN_MS;

	while (tries-- > 0 && !emits(c->socket,
				  "{\"event\":\"chat_message\",\"data\":{\"escrowId\":\"42\","
				  "\"content\":\"hi\"}}",
				  "\"ok\":true"))
		poll(NULL, 0, 1);
	while (tries-- > 0 &&
	       !emits(c->socket, "{\"event\":\"history\",\"data\":{\"escrowId\":\"42\"}}",
		   "\"content\":\"hi\""))
		poll(NULL, 0, 1);
	c->is_served = tries > 0;
	kill(getpid(), SIGTERM);
	return NULL;
}

static void
load(struct config *c, const struct tmp *t, const char *listen)
{
	const char *argv[] = {"escrowchatd", "--database", t->path, "--auth", "open", "--rooms",
	    "open", "--listen", listen, "--max-connections", "100"};
	char *env[] = {NULL};
	struct buf out = {0}, err = {0};

	assert_int_equal(config_load(c, PROGRAM_DAEMON, sizeof(argv) / sizeof(*argv), (char **)argv,
			     env, "/nonexistent", &out, &err),
	    CONFIG_OK);
}

/* Serves a client while the nth system call fails. False: fewer are made. */
static bool
serves_in_spite_of(struct tmp *t, unsigned nth, int error)
{
	struct client client = {0};
	char listen[112];
	struct buf err = {0};
	struct config c;
	struct server *server;
	pthread_t thread;
	bool has_failed;

	snprintf(client.socket, sizeof(client.socket), "%s/socket", t->directory);
	snprintf(listen, sizeof(listen), "unix:%s", client.socket);
	load(&c, t, listen);
	sys_fail_nth(nth, error);
	if ((server = server_new(&c, &err)) == NULL) {
		assert_true(err.len > 0);
		assert_true(sys_has_failed());
	} else {
		assert_int_equal(pthread_create(&thread, NULL, client_main, &client), 0);
		server_run(server);
		assert_int_equal(pthread_join(thread, NULL), 0);
		server_free(server);
		if (!client.is_served)
			fail_msg("call %u: nobody is served", nth);
	}
	has_failed = sys_has_failed();
	sys_fail_nth(0, 0);
	buf_clear(&err);
	config_clear(&c);
	return has_failed;
}

static void
whatever_system_call_fails_the_daemon_says_why_it_cannot_start_or_serves(void **state)
{
	static const int errors[] = {EMFILE, ENOMEM, EAGAIN};
	struct tmp *t = *state;
	unsigned nth;

	log_setup("test", LOG_TARGET_SYSLOG, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	for (nth = 1; serves_in_spite_of(t, nth, errors[nth % 3]); nth++)
		;
	assert_true(nth > 20);
	log_setup("test", LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
}

/* ---- the end, while the writer still has jobs of a client that is gone ---- */

#define MESSAGES   20
#define IN_TIME_MS 4000 /* the daemon's writer waits for a lock a little longer */

/* Reads until the bytes have come. */
static bool
hears(int fd, const void *bytes, size_t n)
{
	char got[16384];
	size_t len = 0;
	ssize_t more = 1;

	while (more > 0 && len < sizeof(got)) {
		more = recv(fd, got + len, sizeof(got) - len, 0);
		len += more > 0 ? (size_t)more : 0;
		if (memmem(got, len, bytes, n) != NULL)
			return true;
	}
	return false;
}

/* Sends a frame with the mask 0. */
static bool
send_frame(int fd, uint8_t first_byte, const char *text)
{
	uint8_t head[] = {first_byte, (uint8_t)(0x80 | strlen(text)), 0, 0, 0, 0};

	return send(fd, head, sizeof(head), MSG_NOSIGNAL) == sizeof(head) &&
	       send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

/* Sends messages and is gone when the daemon has read them. */
static bool
sends_and_leaves(const char *path)
{
	static const char upgrade[] =
	    "GET /ws?walletAddress=alice HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
	    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
	int fd = dial(path);
	bool is_good = fd >= 0 && send(fd, upgrade, strlen(upgrade), MSG_NOSIGNAL) > 0 &&
		       hears(fd, "hello", 5);
	char text[120];

	for (int i = 0; is_good && i < MESSAGES; i++) {
		snprintf(text, sizeof(text),
		    "{\"event\":\"chat_message\",\"data\":{\"escrowId\":\"42\",\"content\":\"%d\"}"
		    "}",
		    i);
		is_good = send_frame(fd, 0x81, text);
	}
	is_good = is_good && send_frame(fd, 0x89, "") && hears(fd, "\x8a\0", 2); /* ping, pong */
	if (fd >= 0)
		close(fd);
	return is_good;
}

static void *
leaver_main(void *arg)
{
	struct client *c = arg;

	c->is_served = sends_and_leaves(c->socket);
	kill(getpid(), SIGTERM);
	return NULL;
}

/* Another process holds the database's lock until the daemon has left its loop. False: the machine
 * was so slow that the writer has given up. */
static bool
ends_with_jobs(struct tmp *t)
{
	struct client client = {0};
	char listen[112];
	struct buf err = {0};
	struct config c;
	struct server *server;
	pthread_t thread;
	int64_t since_ms;
	bool is_in_time;

	snprintf(client.socket, sizeof(client.socket), "%s/socket", t->directory);
	snprintf(listen, sizeof(listen), "unix:%s", client.socket);
	load(&c, t, listen);
	server = server_new(&c, &err);
	assert_non_null(server);
	assert_int_equal(sqlite3_open(t->path, &t->foreign), SQLITE_OK);
	sql(t->foreign, "BEGIN IMMEDIATE; DELETE FROM messages");
	since_ms = clock_mono_ms();
	assert_int_equal(pthread_create(&thread, NULL, leaver_main, &client), 0);
	server_run(server);
	assert_int_equal(pthread_join(thread, NULL), 0);
	sql(t->foreign, "COMMIT");
	is_in_time = clock_mono_ms() - since_ms < IN_TIME_MS;
	server_free(server);
	assert_true(client.is_served);
	if (is_in_time)
		assert_int_equal(sql_int(t->foreign, "SELECT count(*) FROM messages"), MESSAGES);
	sqlite3_close(t->foreign);
	t->foreign = NULL;
	buf_clear(&err);
	config_clear(&c);
	return is_in_time;
}

static void
what_a_client_sent_before_it_left_is_stored_by_a_daemon_that_ends(void **state)
{
	log_setup("test", LOG_TARGET_SYSLOG, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	while (!ends_with_jobs(*state))
		;
	log_setup("test", LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		whatever_system_call_fails_the_daemon_says_why_it_cannot_start_or_serves,
		tmp_directory_only, tmp_teardown),
	    cmocka_unit_test_setup_teardown(
		what_a_client_sent_before_it_left_is_stored_by_a_daemon_that_ends,
		tmp_directory_only, tmp_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
