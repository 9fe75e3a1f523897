/* SPDX-License-Identifier: ISC */
/*
 * call.c - what the verbs share: reading an event's parts, answering it, looking up who may do what.
 */
#include "hub/call.h"

#include "base/json_slice.h"
#include "base/mem.h"

struct span
call_string(const struct call *c, const char *name)
{
	struct span s = {"", 0};

	json_slice_string(json_slice_member(c->data, name), c->decoded, &s);
	return s;
}

void
call_refuse(const struct call *c, enum chat_err err, const char *why)
{
	session_refuse(c->session, c->event, c->ack, err, why, span_of(c->escrow_id));
}

/* {ok:true, …}: begins an answer, and sends it. */
void
call_answer_begin(const struct call *c, struct buf *out)
{
	session_ok_begin(c->session, out, c->ack);
}

void
call_answer_end(const struct call *c, struct buf *out)
{
	json_close(out, '}');
	if (c->ack.n > 0)
		session_answer_end(c->session, out);
	buf_clear(out);
}

void
call_answer_ok(const struct call *c)
{
	struct buf out = {0};

	call_answer_begin(c, &out);
	call_answer_end(c, &out);
}

/* A job of this call. */
void
call_job(
    struct hub_job *job, const struct call *c, bool (*run)(struct store *, struct writer_job *))
{
	job->job.run = run;
	job->hub = c->session->hub;
	job->session = c->session;
	job->user = session_user(c->session);
	memcpy(job->escrow_id, c->escrow_id, sizeof(job->escrow_id));
	if (c->ack.n > 0) {
		job->ack = c->ack.n < sizeof(job->few) ? job->few : mem_alloc(c->ack.n + 1);
		memcpy(job->ack, c->ack.p, c->ack.n);
		job->ack[c->ack.n] = '\0';
	}
}

static void
read_look(struct store *st, void *arg)
{
	struct look *l = arg;

	l->err = chat_standing(st, &l->call->session->hub->options.rules, &l->user,
	    span_of(l->call->escrow_id), &l->standing);
	if (l->err != CHAT_OK)
		return;
	l->checked = queue_head(st);
	l->unread = chat_unread(st, &l->user, &l->standing);
	if (l->cursor.n > 0)
		l->cursor_state = cursor_resolve(st, l->cursor, &l->from);
}

/* False: refused, and answered. */
bool
call_look(struct look *l, const struct call *c)
{
	l->call = c;
	l->user = session_user(c->session);
	l->err = CHAT_UNAVAILABLE;
	if (store_read(c->session->hub->store, HUB_READ_MS, read_look, l) != STORE_OK)
		l->err = CHAT_UNAVAILABLE;
	if (l->err != CHAT_OK)
		call_refuse(c, l->err, NULL);
	return l->err == CHAT_OK;
}
