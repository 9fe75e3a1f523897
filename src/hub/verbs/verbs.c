/* SPDX-License-Identifier: ISC */
/*
 * verbs.c - the functions that begin the events of clients; the names are those of
 * contract/events.table. Every event is answered, and none closes a connection.
 */
#include "base/json_slice.h"
#include "contract/events.h"
#include "hub/verbs/budget.h"
#include "hub/verbs/history.h"
#include "hub/verbs/messages.h"
#include "hub/verbs/subscribe.h"
#include "hub/verbs/typing.h"

#define EVENT_WINDOW_MS 1000

static enum call_kind
is_read(const struct incoming *in)
{
	return CALL_READ;
}

static enum call_kind
is_write(const struct incoming *in)
{
	return CALL_WRITE;
}

/* Each event of the table has a row; test_events proves it. */
static const struct verb {
	void (*begin)(const struct incoming *);
	enum call_kind (*kind)(const struct incoming *);
	const char *read[2]; /* members of data that are found with the escrowId, in one walk */
} verbs[N_CLIENT_EVENTS] = {
    [EVENT_CHAT_MESSAGE] = {message_begin, is_write, {"content", "clientMsgId"}},
    [EVENT_TYPING_START] = {typing_start_begin, typing_kind},
    [EVENT_TYPING_STOP] = {typing_stop_begin, typing_kind},
    [EVENT_MESSAGE_READ] = {mark_begin, is_write},
    [EVENT_SUBSCRIBE_ESCROW] = {subscribe_begin, subscribe_kind},
    [EVENT_UNSUBSCRIBE_ESCROW] = {unsubscribe_begin, unsubscribe_kind},
    [EVENT_HISTORY] = {history_begin, is_read},
    [EVENT_PRESENCE] = {presence_begin, is_read},
};

/* N_CLIENT_EVENTS: there is no such event. */
static size_t
find_event(struct span name)
{
	size_t i = 0;

	while (i < N_CLIENT_EVENTS && !span_is(name, client_events[i].name))
		i++;
	return i;
}

/* NULL: fine, the escrowId and the members of the event's row are read; else why the data is
 * refused. */
static const char *
read_data(struct incoming *in, size_t event)
{
	const struct verb *verb = &verbs[event];
	const char *names[] = {"escrowId", verb->read[0], verb->read[1]};
	struct span values[3] = {0};
	bool is_object = json_slice_type(in->data) == JSON_OBJECT;

	json_slice_members(in->data, names, values, verb->read[0] != NULL ? 3 : 1);
	memcpy(in->read, values + 1, sizeof(in->read));
	if (!is_object && !client_events[event].takes_bare_id)
		return "data: one JSON object is needed";
	if (!name_escrow_slice(is_object ? values[0] : in->data, in->escrow_id))
		return "escrowId: 1 to 128 bytes without / or control characters, or a whole "
		       "number, is accepted";
	if (in->data.n > 0 && memchr(in->data.p, '\\', in->data.n) != NULL)
		buf_reserve(in->decoded, in->data.n); /* decoding makes nothing longer */
	return NULL;
}

static void
begin_event(struct incoming *in)
{
	size_t event = find_event(in->event);
	const char *why = event < N_CLIENT_EVENTS ? read_data(in, event) : "no such event";

	in->name = event < N_CLIENT_EVENTS ? client_events[event].name : NULL;
	if (why != NULL)
		incoming_refuse(in, ERROR_BAD_REQUEST, why);
	else if (calls_may_begin(in->session, verbs[event].kind(in)))
		verbs[event].begin(in);
	else
		calls_defer(in, begin_event);
}

/* A request that brings one event has no session before it: the wallet's bucket counts. */
static bool
is_too_fast(struct session *s, struct hub_time now)
{
	struct hub *hub = s->hub;
	int64_t *spent = s->transport->is_passing
			     ? budget_of(hub->spent_events, topic_wallet(s->own.topic))
			     : &s->spent;

	return budget_spend(spent, 1, hub->options.event_rate, EVENT_WINDOW_MS, now.mono_ms) > 0;
}

void
session_event(
    struct session *s, struct span event, struct span data, struct span ack, struct hub_time now)
{
	struct buf decoded = {0};
	struct incoming in = {.session = s,
	    .event = event,
	    .ack = ack,
	    .data = data,
	    .decoded = &decoded,
	    .now = now};

	if (ack.n >= ACK_SIZE)
		session_refuse_event(s, SPAN(""), SPAN(""), ERROR_BAD_FRAME, "ack: too long");
	else if (is_too_fast(s, now))
		incoming_refuse(&in, ERROR_RATE_LIMITED, NULL);
	else
		begin_event(&in);
	buf_clear(&decoded);
}

void
session_refuse_event(
    struct session *s, struct span event, struct span ack, enum error err, const char *why)
{
	incoming_refuse(&(struct incoming){.session = s, .event = event, .ack = ack}, err, why);
}
