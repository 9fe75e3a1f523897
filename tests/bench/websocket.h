/* SPDX-License-Identifier: ISC */
/*
 * websocket.h - RFC 6455 framing, the client's side, as far as a benchmark needs it.
 */
#ifndef TESTS_BENCH_WEBSOCKET_H
#define TESTS_BENCH_WEBSOCKET_H

#include "tests/bench/load.h"

struct websocket_frame {
	int opcode;
	struct span payload;
};

/* Asks to be upgraded; the wallet is the client's own. */
void websocket_ask(struct link *, const char *path);

/* The size of the 101 in front of in; 0: incomplete. Any other answer ends the program. */
size_t websocket_accepted(const char *in, size_t len);

/* Reads one whole frame at the front of in and returns its size; 0: incomplete. A masked or
 * fragmented frame ends the program. */
size_t websocket_get(const char *in, size_t len, struct websocket_frame *out);

/* True: it was a ping, and is answered. False: it is text. Anything else ends the program. */
bool websocket_answer(struct link *, const struct websocket_frame *);

/* Appends a masked frame. */
void websocket_put(struct buf *, int opcode, struct span payload);

#endif
