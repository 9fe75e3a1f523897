/* SPDX-License-Identifier: ISC */
/*
 * publish.c - events of the platform, for a room or for one user.
 */
#include "chat/chat.h"

static bool
is_publishable(const struct chat_publish *p)
{
	struct span name;
	enum topic_kind kind = topic_parse(p->topic, &name);

	if (kind != TOPIC_ESCROW && kind != TOPIC_USER)
		return false;
	if (p->data.n == 0 || p->data.n > DATA_MAX)
		return false;
	return name_event_publishable(p->event) ||
	       (kind == TOPIC_USER && span_is(p->event, "notification"));
}

bool
chat_publish(struct store *st, struct chat_publish *p)
{
	p->position = 0;
	if (!is_publishable(p))
		return false;
	p->position =
	    eventlog_append(st, p->topic, p->event, p->data, SPAN(""), p->durable, p->now_ms);
	if (store_error(st) == STORE_OK)
		return true;
	p->position = 0;
	return false;
}

bool
chat_publish_all(struct store *st, struct chat_publish_list *l)
{
	l->position = 0;
	for (size_t i = 0; i < l->n; i++) {
		if (!chat_publish(st, &l->items[i]))
			return false;
	}
	if (l->n > 0)
		l->position = l->items[l->n - 1].position;
	return l->n > 0;
}
