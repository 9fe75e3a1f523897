/* SPDX-License-Identifier: ISC */
/*
 * eio.c - Engine.IO 4: packets and payloads, the handshake's JSON, the checks of a request.
 */
#include "proto/eio.h"

#include "base/json.h"
#include "proto/base64.h"
#include "proto/url.h"
#include "proto/utf8.h"

#define BASE64_MARK 'b' /* in the place of the type */

static const struct {
	int status;
	const char *json;
} refusals[] = {
    [EIO_UNKNOWN_TRANSPORT] = {400, "{\"code\":0,\"message\":\"Transport unknown\"}"},
    [EIO_UNKNOWN_SID] = {400, "{\"code\":1,\"message\":\"Session ID unknown\"}"},
    [EIO_BAD_METHOD] = {400, "{\"code\":2,\"message\":\"Bad handshake method\"}"},
    [EIO_BAD_REQUEST] = {400, "{\"code\":3,\"message\":\"Bad request\"}"},
    [EIO_FORBIDDEN] = {403, "{\"code\":4,\"message\":\"Forbidden\"}"},
    [EIO_BAD_VERSION] = {400, "{\"code\":5,\"message\":\"Unsupported protocol version\"}"},
};

bool
eio_decode(struct eio_packet *out, struct span text)
{
	if (text.n == 0)
		return false;
	out->data = (struct span){text.p + 1, text.n - 1};
	if (text.p[0] == BASE64_MARK) {
		out->type = EIO_MESSAGE;
		out->form = EIO_BASE64;
		return true;
	}
	if (text.p[0] < '0' + EIO_OPEN || text.p[0] > '0' + EIO_NOOP)
		return false;
	out->type = (enum eio_type)(text.p[0] - '0');
	out->form = EIO_TEXT;
	return true;
}

bool
eio_binary(const struct eio_packet *packet, struct buf *scratch, struct span *out)
{
	size_t before = scratch->len;

	*out = packet->data;
	if (packet->form != EIO_BASE64)
		return packet->form == EIO_BINARY;
	if (!base64_decode(scratch, packet->data))
		return false;
	*out = (struct span){scratch->p ? scratch->p + before : "", scratch->len - before};
	return true;
}

void
eio_payload_init(struct eio_payload *payload, struct span text)
{
	payload->rest = (struct span){text.p ? text.p : "", text.n};
}

int
eio_payload_next(struct eio_payload *payload, struct eio_packet *out)
{
	struct eio_payload before = *payload;
	struct span text;

	if (!payload->rest.p)
		return 0;
	text = span_cut(&payload->rest, EIO_SEPARATOR);
	if (eio_decode(out, text) && utf8_valid(text))
		return 1;
	*payload = before; /* the next call returns -1 again */
	return -1;
}

void
eio_put(struct buf *b, enum eio_type type, struct span data)
{
	buf_addc(b, (char)('0' + type));
	buf_span(b, data);
}

void
eio_payload_put(struct buf *payload, const struct eio_packet *packet)
{
	if (payload->len > 0)
		buf_addc(payload, EIO_SEPARATOR);
	if (packet->form == EIO_TEXT) {
		eio_put(payload, packet->type, packet->data);
		return;
	}
	buf_addc(payload, BASE64_MARK);
	if (packet->form == EIO_BASE64)
		buf_span(payload, packet->data);
	else
		base64_encode(payload, packet->data);
}

void
eio_put_open(struct buf *b, const struct eio_handshake *h)
{
	buf_addc(b, '0' + EIO_OPEN);
	json_open(b, '{');
	json_member_string(b, "sid", h->sid);
	json_member_raw(b, "upgrades", h->may_upgrade ? SPAN("[\"websocket\"]") : SPAN("[]"));
	json_member_int(b, "pingInterval", h->ping_interval_ms);
	json_member_int(b, "pingTimeout", h->ping_timeout_ms);
	json_member_int(b, "maxPayload", (int64_t)h->max_payload_bytes);
	json_close(b, '}');
}

struct span
eio_error_json(enum eio_error error)
{
	return error == EIO_OK ? SPAN("") : span_of(refusals[error].json);
}

int
eio_error_status(enum eio_error error)
{
	return error == EIO_OK ? 200 : refusals[error].status;
}

static enum eio_transport
transport_of(struct span name)
{
	if (span_is(name, "polling"))
		return EIO_POLLING;
	return span_is(name, "websocket") ? EIO_WEBSOCKET : EIO_NO_TRANSPORT;
}

void
eio_query_parse(struct eio_query *out, struct span query)
{
	struct span value;
	size_t sids;

	*out = (struct eio_query){.transport = EIO_NO_TRANSPORT, .sid = SPAN("")};
	out->is_v4 = url_query_get(query, "EIO", &value) == 1 && span_is(value, "4");
	if (url_query_get(query, "transport", &value) == 1)
		out->transport = transport_of(value);
	sids = url_query_get(query, "sid", &value);
	if (sids > 1)
		out->sid = SPAN("&"); /* no session can have this sid */
	else if (sids == 1 && value.n > 0)
		out->sid = value;
}

enum eio_error
eio_query_check(
    const struct eio_query *query, struct span method, bool is_upgrade, enum eio_transport session)
{
	bool is_get = span_is(method, "GET");

	if (query->transport == EIO_NO_TRANSPORT)
		return EIO_UNKNOWN_TRANSPORT;
	if (query->sid.n > 0 && session == EIO_NO_TRANSPORT)
		return EIO_UNKNOWN_SID;
	if (query->sid.n == 0 && !is_get)
		return EIO_BAD_METHOD;
	if ((query->transport == EIO_WEBSOCKET) != is_upgrade)
		return EIO_BAD_REQUEST;
	if (query->sid.n > 0 && !is_upgrade && session != query->transport)
		return EIO_BAD_REQUEST;
	if (!is_get && !(query->transport == EIO_POLLING && span_is(method, "POST")))
		return EIO_BAD_REQUEST;
	return query->is_v4 ? EIO_OK : EIO_BAD_VERSION;
}
