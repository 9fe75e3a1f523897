/* SPDX-License-Identifier: ISC */
/*
 * wire_sse.c - server-sent events down (/events), POST /emit up.
 * Each chunk must hold whole events, as the server sends them: a proxy that cuts the stream in
 * another way is not measured here.
 */
#include "tests/bench/http.h"
#include "tests/bench/load.h"

static void
open_sse(struct client *c)
{
	http_ask(&c->links[0], 0, (struct http_parts){0}, "/events?escrow=room-%u&client=c%u",
	    c->room, c->number);
}

static void
on_event(struct client *c, struct span event, size_t bytes)
{
	struct span content;

	if (memmem(event.p, event.n, "event: chat_message\n", 20) != NULL &&
	    json_content(event, &content))
		client_delivered(c, content, bytes);
	else if (memmem(event.p, event.n, "event: hello\n", 13) != NULL)
		client_joined(c);
}

/* Events end with an empty line. */
static void
on_chunk(struct client *c, struct span data, size_t bytes)
{
	const char *end;

	if (data.n == 0)
		load_die("client %u: the stream has ended", c->number);
	while (data.n > 0) {
		if ((end = memmem(data.p, data.n, "\n\n", 2)) == NULL)
			load_die("client %u: a chunk that is no whole event", c->number);
		on_event(c, (struct span){data.p, (size_t)(end + 1 - data.p)}, bytes);
		data = (struct span){end + 2, (size_t)(data.p + data.n - end - 2)};
		bytes = 0;
	}
}

static size_t
input(struct client *c, struct link *l, char *in, size_t len)
{
	struct span data;
	size_t at = 0, n;
	int status;

	if (c->state == CLIENT_CONNECTED) {
		if ((at = http_head(in, len, &status)) == 0)
			return 0;
		if (status != 200)
			load_die("client %u: %.*s", c->number, (int)len, in);
		c->state = CLIENT_JOINING;
	}
	for (; (n = http_chunk(in + at, len - at, &data)) > 0; at += n)
		on_chunk(c, data, n);
	return at;
}

const struct wire wire_sse = {
    .name = "sse",
    .what = "server-sent events, POST /emit up",
    .up = &wire_emit,
    .open = open_sse,
    .input = input,
};
