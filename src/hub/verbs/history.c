/* SPDX-License-Identifier: ISC */
/*
 * history.c - a client asks for a page of an escrow's messages. history_job.c reads the page and
 * writes it as JSON.
 */
#include "hub/verbs/history.h"

#include "base/json.h"
#include "base/json_slice.h"
#include "hub/room/rights.h"
#include "hub/verbs/budget.h"
#include "hub/verbs/history_job.h"

static bool
apply_history(struct call *c, struct hub_time now)
{
	struct history_call *j = (struct history_call *)c;
	struct hub *hub = c->session->hub;
	struct buf out = {0};

	budget_charge(budget_of(hub->spent_replay, span_of(c->user.key)),
	    (int64_t)j->history.messages.len, hub->options.replay_rate, now.mono_ms);
	session_ok_begin(c->session, &out, c->ack);
	json_member_raw(&out, "messages", buf_as_span(&j->history.messages));
	json_member_cstr(&out, "cursor", j->history.cursor);
	json_member_bool(&out, "hasMore", j->history.has_more);
	json_close(&out, '}');
	session_answer_end(c->session, &out);
	return true;
}

static void
clear_history(struct call *c)
{
	buf_clear(&((struct history_call *)c)->history.messages);
}

/* A string, or not there at all. */
static bool
is_string_or_absent(struct span value)
{
	return json_slice_type(value) == JSON_NULL || json_slice_type(value) == JSON_STRING;
}

/* NULL: fine; else what is wrong with a history's data. */
static const char *
check_history(struct span data, int *limit)
{
	static const char *const names[] = {"before", "after", "limit"};
	struct span values[3];
	int64_t n = 50;

	json_slice_members(data, names, values, 3);
	if (!is_string_or_absent(values[0]) || !is_string_or_absent(values[1]))
		return "before, after: a message id or a timestamp, as a string, is accepted";
	if (json_slice_type(values[2]) != JSON_NULL &&
	    (!json_slice_int(values[2], &n) || n < 1 || n > 200))
		return "limit: 1 to 200 is accepted";
	*limit = (int)n;
	return NULL;
}

static bool
is_read_spent(const struct incoming *in)
{
	struct user user = session_user(in->session);

	return hub_replay_is_spent(in->session->hub, &user, in->now);
}

void
history_begin(const struct incoming *in)
{
	struct span bounds[] = {incoming_string(in, "before"), incoming_string(in, "after")};
	int limit = 0;
	const char *why = check_history(in->data, &limit);
	struct history_call *j;

	if (why != NULL) {
		incoming_refuse(in, ERROR_BAD_REQUEST, why);
		return;
	}
	if (bounds[0].n >= sizeof(j->bounds[0]) || bounds[1].n >= sizeof(j->bounds[1])) {
		incoming_refuse(in, ERROR_NOT_FOUND, NULL);
		return;
	}
	if (in->ack.n == 0) {
		rights_only(in);
		return;
	}
	if (is_read_spent(in)) {
		incoming_refuse(in, ERROR_RATE_LIMITED, "too much was read lately");
		return;
	}
	j = call_new(in, sizeof(*j), apply_history);
	j->call.clear = clear_history;
	memcpy(j->bounds[0], bounds[0].p, bounds[0].n);
	memcpy(j->bounds[1], bounds[1].p, bounds[1].n);
	j->history = (struct chat_history){.escrow_id = span_of(j->call.escrow_id),
	    .before = {j->bounds[0], bounds[0].n},
	    .after = {j->bounds[1], bounds[1].n},
	    .limit = limit};
	call_read(&j->call, history_run);
}
