/* SPDX-License-Identifier: ISC */
/*
 * http.h - HTTP/1.1 of a client that keeps its connection: one request is under way, the others
 * wait.
 */
#ifndef TESTS_BENCH_HTTP_H
#define TESTS_BENCH_HTTP_H

#include "tests/bench/load.h"

struct question { /* one request */
	STAILQ_ENTRY(question) link;
	uint64_t tag; /* what the asker knows it by */
	struct buf bytes;
};

struct answer {
	uint64_t tag; /* of its question */
	int status;
	struct span head, body; /* into the input */
	size_t bytes;           /* all of it, on the wire */
};

#define HTTP_JSON "Content-Type: application/json\r\n"

/* Asks with GET if body.n is 0, else with POST. fields: whole lines of the head, may be NULL. The
 * path is a format of printf. */
struct http_parts {
	const char *fields;
	struct span body;
};
void http_ask(struct link *, uint64_t tag, struct http_parts, const char *path, ...)
    __attribute__((format(printf, 4, 5)));

/* Reads the whole answer at the front of in to the question under way, and sends the next question.
 * Returns its size; 0: incomplete. */
size_t http_answer(struct link *, char *in, size_t len, struct answer *out);

/* The size of the head in front of in, with its empty line; 0: incomplete. */
size_t http_head(const char *in, size_t len, int *status);

/* The value of a field in a head. False: it has none. */
bool http_field(struct span head, const char *name, struct span *value);

/* The next chunk of a chunked body (n 0: the last one); its size, 0: incomplete. */
size_t http_chunk(const char *in, size_t len, struct span *data);

#endif
