/* SPDX-License-Identifier: ISC */
/*
 * http.c - HTTP/1.1, the client's side.
 */
#include "tests/bench/http.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"

/* ---- questions ---- */

static void
send_first(struct link *l)
{
	struct question *q = STAILQ_FIRST(&l->questions);

	if (q == NULL)
		return;
	buf_span(&l->out, buf_as_span(&q->bytes));
	link_want_send(l);
}

void
http_ask(struct link *l, uint64_t tag, struct http_parts parts, const char *path, ...)
{
	struct question *q = mem_zalloc(sizeof(*q));
	char target[512];
	va_list ap;

	va_start(ap, path);
	vsnprintf(target, sizeof(target), path, ap);
	va_end(ap);
	q->tag = tag;
	buf_printf(&q->bytes, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Wallet-Address: bench-%u\r\n",
	    parts.body.n ? "POST" : "GET", target, l->client->number);
	if (parts.fields != NULL)
		buf_str(&q->bytes, parts.fields);
	if (parts.body.n > 0)
		buf_printf(&q->bytes, "Content-Length: %zu\r\n", parts.body.n);
	buf_str(&q->bytes, "\r\n");
	buf_span(&q->bytes, parts.body);
	STAILQ_INSERT_TAIL(&l->questions, q, link);
	if (STAILQ_FIRST(&l->questions) == q)
		send_first(l);
}

static uint64_t
pop(struct link *l)
{
	struct question *q = STAILQ_FIRST(&l->questions);
	uint64_t tag;

	if (q == NULL)
		load_die("client %u: an answer to nothing", l->client->number);
	tag = q->tag;
	STAILQ_REMOVE_HEAD(&l->questions, link);
	buf_clear(&q->bytes);
	free(q);
	send_first(l);
	return tag;
}

/* ---- answers ---- */

size_t
http_head(const char *in, size_t len, int *status)
{
	const char *end = memmem(in, len, "\r\n\r\n", 4);

	if (end == NULL)
		return 0;
	if (len < 12 || memcmp(in, "HTTP/1.1 ", 9) != 0)
		load_die("no HTTP: %.*s", (int)len, in);
	*status = atoi(in + 9);
	return (size_t)(end + 4 - in);
}

bool
http_field(struct span head, const char *name, struct span *value)
{
	size_t n = strlen(name);
	const char *p = head.p, *end = head.p + head.n;

	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL && (size_t)(end - ++p) > n) {
		if (p[n] == ':' && strncasecmp(p, name, n) == 0) {
			const char *from = p + n + 1,
				   *to = memchr(from, '\r', (size_t)(end - from));
			*value = span_trim((struct span){from, (size_t)((to ? to : end) - from)});
			return true;
		}
	}
	return false;
}

size_t
http_chunk(const char *in, size_t len, struct span *data)
{
	const char *line = memchr(in, '\n', len);
	size_t head, n;

	if (line == NULL)
		return 0;
	head = (size_t)(line + 1 - in);
	n = strtoul(in, NULL, 16);
	if (len < head + n + 2)
		return 0;
	*data = (struct span){line + 1, n};
	return head + n + 2;
}

/* Puts the data of all chunks together where the first began. */
static size_t
join_chunks(char *in, size_t len, struct span *body)
{
	size_t at = 0, n, to = 0;
	struct span data;

	for (; (n = http_chunk(in + at, len - at, &data)) > 0; at += n) {
		if (data.n == 0)
			break;
	}
	if (n == 0)
		return 0;
	for (size_t used = at + n, from = 0; from < used; to += data.n) {
		from += http_chunk(in + from, used - from, &data);
		memmove(in + to, data.p, data.n);
	}
	*body = (struct span){in, to};
	return at + n;
}

size_t
http_answer(struct link *l, char *in, size_t len, struct answer *out)
{
	size_t head = http_head(in, len, &out->status), n = 0;
	struct span value;

	if (head == 0)
		return 0;
	out->head = (struct span){in, head};
	if (http_field(out->head, "Content-Length", &value))
		n = strtoul(value.p, NULL, 10);
	out->body = (struct span){in + head, n};
	if (http_field(out->head, "Transfer-Encoding", &value) &&
	    (n = join_chunks(in + head, len - head, &out->body)) == 0)
		return 0;
	if (len < head + n)
		return 0;
	out->bytes = head + n;
	out->tag = pop(l);
	return out->bytes;
}
