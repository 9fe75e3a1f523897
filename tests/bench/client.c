/* SPDX-License-Identifier: ISC */
/*
 * client.c - one user of bench-load, and the check of everything that they receive.
 * Message g goes to room g mod rooms, from the room's senders in turn, so g tells which message
 * must come next.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tests/bench/load.h"
#include "tests/bench/payload.h"

void
client_open(struct client *c)
{
	c->began_us = clock_mono_us();
	link_open(c, 0, c->load->o.wire);
	c->load->o.wire->open(c);
}

void
client_joined(struct client *c)
{
	if (c->state == CLIENT_READY)
		load_die("client %u: joined twice", c->number);
	c->state = CLIENT_READY;
	c->load->n_ready++;
	histogram_add(&c->load->setup, clock_mono_us() - c->began_us);
}

/* ---- sending ---- */

static uint32_t
room_of(const struct load *l, uint64_t message)
{
	return (uint32_t)(message % l->n_rooms);
}

static uint32_t
sender_of(const struct load *l, uint64_t message)
{
	return (uint32_t)(message / l->n_rooms % l->o.senders);
}

/* The number of messages that its sender has sent to its room before. */
static uint32_t
place_of(const struct load *l, uint64_t message)
{
	return (uint32_t)(message / l->n_rooms / l->o.senders);
}

/* The entry of message g. If the server has its own schedule, the first delivery makes the
 * entry. */
static struct sent *
sent_at(struct load *l, uint64_t message)
{
	for (; l->n_sent <= message; l->n_sent++) {
		if (l->n_sent == l->cap_sent) {
			l->cap_sent = l->cap_sent ? l->cap_sent * 2 : 65536;
			l->sent = mem_realloc(l->sent, l->cap_sent, sizeof(*l->sent));
		}
		l->sent[l->n_sent] = (struct sent){.left = l->o.room_size};
	}
	return &l->sent[message];
}

void
load_send(struct load *l, int64_t due_us)
{
	uint64_t message = l->n_sent;
	char content[PAYLOAD_MAX];
	size_t n = payload_write(content, l->o.content_bytes, message, due_us);

	sent_at(l, message)->due_us = due_us;
	l->o.up->send(&l->clients[room_of(l, message) * l->o.room_size + sender_of(l, message)],
	    message, (struct span){content, n});
}

/* ---- receiving ---- */

/* A delivery that came before its acknowledgement took no time after it. */
static void
count_delivery(struct load *l, struct sent *sent, int64_t now)
{
	if (l->o.wants_acks)
		histogram_add(&l->after_ack, sent->acked_us > 0 ? now - sent->acked_us : 0);
	if (--sent->left == 0)
		l->n_done++;
}

void
client_delivered(struct client *c, struct span content, size_t frame_bytes)
{
	struct load *l = c->load;
	int64_t now = clock_mono_us(), due_us;
	uint64_t message;

	if (!payload_read(content, &message, &due_us) || message > UINT32_MAX ||
	    (message >= l->n_sent && !l->o.wire->is_silent)) {
		l->bad_content++;
		return;
	}
	if (room_of(l, message) != c->room) {
		l->misplaced++;
		return;
	}
	uint32_t *next = &c->next[sender_of(l, message)], place = place_of(l, message);
	if (place < *next) { /* it came before, or its successor did */
		l->doubled++;
		return;
	}
	l->disordered +=
	    place >
	    *next; /* something is missing before it: lost, or late and then counted as doubled */
	*next = place + 1;
	c->received++;
	c->digest = c->digest * 0x100000001b3u + message + 1;
	l->deliveries++;
	l->delivery_bytes += frame_bytes;
	l->last_delivery_us = now;
	histogram_add(&l->latency, now - due_us);
	count_delivery(l, sent_at(l, message), now);
}

void
client_acknowledged(struct client *c, uint64_t message, bool ok)
{
	struct load *l = c->load;

	if (!ok || message >= l->n_sent || l->sent[message].acked_us > 0) {
		l->refused++;
		return;
	}
	l->sent[message].acked_us = clock_mono_us();
	histogram_add(&l->ack, l->sent[message].acked_us - l->sent[message].due_us);
	l->acks++;
	/* A sender in the room gets its own broadcast first, if both come by one connection. */
	if (l->o.up == l->o.wire)
		l->early_acks += c->next[sender_of(l, message)] <= place_of(l, message);
}

void
client_answered(struct client *c, uint64_t message, bool ok, size_t bytes)
{
	struct load *l = c->load;
	int64_t now = clock_mono_us();

	if (message >= l->n_sent || l->sent[message].left == 0) {
		l->doubled++;
		return;
	}
	l->sent[message].left = 0;
	l->n_done++;
	l->refused += !ok;
	l->deliveries++;
	l->delivery_bytes += bytes;
	l->last_delivery_us = now;
	histogram_add(&l->latency, now - l->sent[message].due_us);
}

/* ---- JSON ---- */

bool
span_begins(struct span s, const char *with)
{
	size_t n = strlen(with);

	return s.n >= n && memcmp(s.p, with, n) == 0;
}

bool
json_next_string(struct span *json, const char *name, struct span *value)
{
	char key[32];
	int n = snprintf(key, sizeof(key), "\"%s\":\"", name);
	const char *p = memmem(json->p, json->n, key, (size_t)n), *end = json->p + json->n, *quote;

	if (p == NULL || (quote = memchr(p + n, '"', (size_t)(end - p - n))) == NULL)
		return false;
	*value = (struct span){p + n, (size_t)(quote - p - n)};
	*json = (struct span){quote + 1, (size_t)(end - quote - 1)};
	return true;
}

bool
json_content(struct span json, struct span *content)
{
	return json_next_string(&json, "content", content);
}

void
json_padded(struct buf *out, struct span content, size_t size)
{
	size_t from = out->len;

	buf_printf(out, "{\"content\":\"%.*s\",\"x\":\"", (int)content.n, content.p);
	while (out->len - from + 2 < size)
		buf_addc(out, 'x');
	buf_str(out, "\"}");
}
