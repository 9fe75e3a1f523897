/* SPDX-License-Identifier: ISC */
/*
 * test_server.c - the whole daemon, while one of its system calls fails: it refuses to start and
 * says why, or it stores a message, acknowledges it, reads it back, and ends in good order.
 */
#include "tmp_store.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/config.h"
#include "base/log.h"
#include "base/sys.h"
#include "net/server.h"

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

/* True if the answer to one event holds a text. */
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

/* Asks until it is answered, then ends the daemon. */
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		whatever_system_call_fails_the_daemon_says_why_it_cannot_start_or_serves,
		tmp_directory_only, tmp_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
