/* SPDX-License-Identifier: ISC */
/*
 * recoverable_world.h - clients of hub_world.h whose session can be recovered.
 */
#ifndef RECOVERABLE_WORLD_H
#define RECOVERABLE_WORLD_H

#include "unit/hub_world.h"

static char last_pid[64]; /* the secret that was told to somebody */

static inline void
on_connected(void *owner, const struct connect_result *result)
{
	struct client *c = owner;

	c->session = result->session;
	if (c->session == NULL)
		client_note(c, span_of(error_code(result->err)));
	else if (result->is_recovered)
		client_note(c, SPAN("recovered"));
	else
		snprintf(last_pid, sizeof(last_pid), "%s", result->pid);
}

/* Asks for the session of pid (""; a new one), with the offset of the last event ("": none). */
static inline struct connecting *
come_back_at(
    struct house *h, struct client **out, struct user user, const char *pid, const char *offset)
{
	struct client *c = *out = client_new(h);

	h->hub->options.recovery_ms = 60000;
	return session_connect(
	    h->hub, &(struct connect_options){.session = {.transport = h->transport,
						  .owner = c,
						  .user = &user,
						  .number = 1,
						  .now = h->now},
			.pid = span_of(pid),
			.offset = span_of(offset),
			.is_recoverable = true,
			.done = on_connected});
}

static inline struct connecting *
come_back_as(struct house *h, struct client **out, struct user user, const char *pid)
{
	return come_back_at(h, out, user, pid, "");
}

static inline struct connecting *
come_back(struct house *h, struct client **out, const char *wallet, const char *pid)
{
	return come_back_as(h, out, world_user(wallet), pid);
}

static inline struct connecting *
connect_kept(struct house *h, struct client **out, const char *wallet)
{
	return come_back(h, out, wallet, "");
}

#endif
