/* SPDX-License-Identifier: ISC */
/*
 * cgi.c - plain CGI: the body is exactly CONTENT_LENGTH bytes; an end of file need not follow
 * (RFC 3875, section 4.2).
 */
#include "fcgi/cgi.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"

#define ANSWER_MS    10000 /* a reader that takes longer is given up */
#define ANSWER_PIECE 4096  /* bytes that a ready pipe takes without blocking */

struct body {
	unsigned long long left; /* of CONTENT_LENGTH */
	int64_t deadline_ms;
};

/* False: not ready by the deadline. */
static bool
wait_for(int fd, short events, int64_t deadline_ms)
{
	struct pollfd p = {.fd = fd, .events = events};

	for (;;) {
		int64_t left = deadline_ms - clock_mono_ms();
		int n = left > 0 ? poll(&p, 1, (int)left) : 0;

		if (n >= 0 || errno != EINTR)
			return n > 0;
	}
}

static ssize_t
read_body(void *arg, char *p, size_t n)
{
	struct body *b = arg;
	ssize_t got;

	if (n > b->left)
		n = (size_t)b->left;
	if (n == 0)
		return REQUEST_END;
	do {
		if (!wait_for(STDIN_FILENO, POLLIN, b->deadline_ms))
			return REQUEST_LATE;
		got = read(STDIN_FILENO, p, n);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return REQUEST_BROKEN;
	b->left -= (unsigned long long)got;
	return got;
}

/* Reads the rest of the body: a web server that still writes when the program ends may lose the
 * answer. */
static void
drain(struct body *b)
{
	char trash[4096];
	size_t total = 0;
	ssize_t n = 1;

	while (n > 0 && total < REQUEST_LIST_MAX) {
		n = read_body(b, trash, sizeof(trash));
		total += n > 0 ? (size_t)n : 0;
	}
}

static bool
write_all(struct span s)
{
	int64_t deadline_ms = clock_mono_ms() + ANSWER_MS;

	while (s.n > 0 && wait_for(STDOUT_FILENO, POLLOUT, deadline_ms)) {
		ssize_t n = write(STDOUT_FILENO, s.p, s.n < ANSWER_PIECE ? s.n : ANSWER_PIECE);

		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return false;
		if (n > 0)
			s = (struct span){s.p + n, s.n - (size_t)n};
	}
	return s.n == 0;
}

static bool
write_piece(void *arg, struct span piece)
{
	drain(arg);
	return write_all(piece);
}

static struct span
content_length(char *const *env)
{
	for (; *env; env++) {
		struct span value = span_of(*env);

		if (span_is(span_cut(&value, '='), "CONTENT_LENGTH") && value.p)
			return span_trim(value);
	}
	return (struct span){"", 0};
}

bool
cgi_answer(struct rest_worker *rest, char *const *env)
{
	struct body body = {0, clock_mono_ms() + REQUEST_BODY_MS};
	struct channel channel = {read_body, write_piece, &body};

	if (!span_u64(content_length(env), ~0ULL, &body.left))
		body.left = 0;
	return rest_answer(rest, env, &channel);
}

void
cgi_unavailable(void)
{
	struct reply reply = {0};
	struct buf out = {0};

	reply_failure(&reply, ERROR_UNAVAILABLE, 0, "The server cannot answer at the moment.");
	reply_format(&reply, false, &out);
	write_all(buf_as_span(&out));
	buf_clear(&out);
	reply_clear(&reply);
}
