/* SPDX-License-Identifier: ISC */
/*
 * sio.c - Socket.IO protocol 5: splits, checks and writes packets, and assembles binary packets.
 */
#include "proto/sio.h"

#include "base/json_slice.h"

#define ATTACHMENT_DIGITS_MAX 2
#define ID_DIGITS_MAX         16 /* SIO_ID_MAX has as many */

static bool
refuse(const char **why, const char *reason)
{
	if (why)
		*why = reason;
	return false;
}

bool
sio_is_binary(const struct sio_packet *packet)
{
	return packet->type == SIO_BINARY_EVENT || packet->type == SIO_BINARY_ACK;
}

/* ---- reading -------------------------------------------------------------------------------- */

static struct span
take(struct span *rest, size_t n)
{
	struct span taken = {rest->p, n};

	rest->p += n;
	rest->n -= n;
	return taken;
}

static struct span
take_digits(struct span *rest)
{
	size_t n = 0;

	while (n < rest->n && rest->p[n] >= '0' && rest->p[n] <= '9')
		n++;
	return take(rest, n);
}

static bool
take_attachments(struct span *rest, unsigned *out)
{
	struct span digits = take_digits(rest);
	unsigned long long n;

	if (digits.n == 0 || digits.n > ATTACHMENT_DIGITS_MAX || rest->n == 0 || rest->p[0] != '-')
		return false;
	take(rest, 1);
	if (!span_u64(digits, SIO_ATTACHMENTS_MAX, &n))
		return false;
	*out = (unsigned)n;
	return true;
}

/* A namespace ends at the comma or, without one, at the end. Control characters are refused: the
 * name is sent back if the namespace is unknown, and a separator in it would split a payload in
 * two. */
static bool
take_nsp(struct span *rest, struct span *out)
{
	size_t n = 0;

	if (rest->n == 0 || rest->p[0] != '/')
		return true;
	while (n < rest->n && rest->p[n] != ',') {
		unsigned char c = (unsigned char)rest->p[n++];

		if (c < ' ' || c == 0x7f || n > SIO_NSP_MAX)
			return false;
	}
	*out = take(rest, n);
	if (rest->n > 0)
		take(rest, 1);
	return true;
}

static bool
take_id(struct span *rest, struct sio_packet *out)
{
	struct span digits = take_digits(rest);
	unsigned long long id;

	if (digits.n == 0)
		return true;
	if (digits.n > ID_DIGITS_MAX || !span_u64(digits, SIO_ID_MAX, &id))
		return false;
	out->has_id = true;
	out->id = id;
	return true;
}

bool
sio_decode(struct sio_packet *out, struct span text, const char **why)
{
	struct span rest = text;

	*out = (struct sio_packet){.nsp = SPAN("/"), .data = SPAN("")};
	if (rest.n == 0 || rest.p[0] < '0' || rest.p[0] > '0' + SIO_BINARY_ACK)
		return refuse(why, "unknown packet type");
	out->type = (enum sio_type)(take(&rest, 1).p[0] - '0');
	if (sio_is_binary(out) && !take_attachments(&rest, &out->attachments))
		return refuse(why, "illegal attachments");
	if (!take_nsp(&rest, &out->nsp))
		return refuse(why, "illegal namespace");
	if (!take_id(&rest, out))
		return refuse(why, "illegal acknowledgement id");
	if (rest.n > 0 && rest.p[0] != '[' && rest.p[0] != '{')
		return refuse(why, "invalid payload");
	if (rest.n > 0)
		out->data = rest;
	return true;
}

/* ---- checking ------------------------------------------------------------------------------- */

enum shape { SHAPE_NONE, SHAPE_OBJECT_OR_NONE, SHAPE_EVENT, SHAPE_LIST, SHAPE_NEVER };
enum id_rule { ID_NONE, ID_MAY, ID_MUST };

static const struct {
	enum shape shape;
	enum id_rule id;
} rules[] = {
    [SIO_CONNECT] = {SHAPE_OBJECT_OR_NONE, ID_NONE},
    [SIO_DISCONNECT] = {SHAPE_NONE, ID_NONE},
    [SIO_EVENT] = {SHAPE_EVENT, ID_MAY},
    [SIO_ACK] = {SHAPE_LIST, ID_MUST},
    [SIO_CONNECT_ERROR] = {SHAPE_NEVER, ID_NONE},
    [SIO_BINARY_EVENT] = {SHAPE_EVENT, ID_MAY},
    [SIO_BINARY_ACK] = {SHAPE_LIST, ID_MUST},
};

static const char *const sio_reserved_names[] = {
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
};

static bool
is_event(struct span value)
{
	struct buf decoded = {0};
	struct span name;
	bool is = json_slice_string(json_slice_at(value, 0), &decoded, &name);

	for (size_t i = 0; is && i < sizeof(sio_reserved_names) / sizeof(*sio_reserved_names); i++)
		is = !span_is(name, sio_reserved_names[i]);
	buf_clear(&decoded);
	return is;
}

static bool
has_shape(struct span value, enum shape shape)
{
	switch (shape) {
	case SHAPE_OBJECT_OR_NONE:
		return json_slice_type(value) == JSON_OBJECT;
	case SHAPE_EVENT:
		return is_event(value);
	case SHAPE_LIST:
		return json_slice_type(value) == JSON_ARRAY;
	case SHAPE_NONE:
	case SHAPE_NEVER:
		break;
	}
	return false;
}

static enum json_verdict
judge_bad(const char **why, const char *text)
{
	refuse(why, text);
	return JSON_BAD;
}

enum json_verdict
sio_judge(const struct sio_packet *packet, const char **why)
{
	enum shape shape = rules[packet->type].shape;
	enum id_rule id = rules[packet->type].id;
	enum json_verdict verdict;

	if (shape == SHAPE_NEVER)
		return judge_bad(why, "not for a client to send");
	if ((id == ID_NONE && packet->has_id) || (id == ID_MUST && !packet->has_id))
		return judge_bad(why, "illegal acknowledgement id");
	if (packet->data.n == 0 && (shape == SHAPE_NONE || shape == SHAPE_OBJECT_OR_NONE))
		return JSON_GOOD;
	if (packet->data.n == 0)
		return judge_bad(why, "no payload");
	if (shape == SHAPE_NONE)
		return judge_bad(why, "invalid payload");
	verdict = json_judge(packet->data, why);
	if (verdict == JSON_GOOD && !has_shape(packet->data, shape))
		return judge_bad(why, "invalid payload");
	return verdict;
}

bool
sio_check(const struct sio_packet *packet, const char **why)
{
	return sio_judge(packet, why) == JSON_GOOD;
}

/* ---- placeholders --------------------------------------------------------------------------- */

/* Reads JSON as json_write makes it: valid, compact, no name twice in an object. Printable ASCII is
 * not escaped as \u, so that a name can be compared without decoding. */
struct walk {
	struct span rest;
	unsigned depth;
	unsigned attachments;
	unsigned found;
	bool is_used[SIO_ATTACHMENTS_MAX];
	uint8_t order[SIO_ATTACHMENTS_MAX];
};

static bool walk_value(struct walk *);

static bool
next_is(const struct walk *w, char c)
{
	return w->rest.n > 0 && w->rest.p[0] == c;
}

static bool
skip(struct walk *w, char c)
{
	if (!next_is(w, c))
		return false;
	take(&w->rest, 1);
	return true;
}

/* Reads a string; *out is the raw text between its quotes. */
static bool
walk_string(struct walk *w, struct span *out)
{
	size_t n = 0;

	if (!skip(w, '"'))
		return false;
	while (n < w->rest.n && w->rest.p[n] != '"')
		n += w->rest.p[n] == '\\' ? 2 : 1;
	if (n >= w->rest.n)
		return false;
	*out = take(&w->rest, n);
	return skip(w, '"');
}

static bool
use_placeholder(struct walk *w, struct span num, size_t members)
{
	unsigned long long i;

	if (members != 2 || w->found == w->attachments)
		return false;
	if (num.n == 0 || !span_u64(num, w->attachments - 1, &i) || w->is_used[i])
		return false;
	w->is_used[i] = true;
	w->order[w->found++] = (uint8_t)i;
	return true;
}

static bool
walk_object(struct walk *w)
{
	struct span num = SPAN("");
	bool is_placeholder = false;
	size_t members = 0;

	take(&w->rest, 1);
	while (!skip(w, '}')) {
		struct span name, value;

		if ((members++ > 0 && !skip(w, ',')) || !walk_string(w, &name) || !skip(w, ':'))
			return false;
		value = w->rest;
		if (!walk_value(w))
			return false;
		value.n -= w->rest.n;
		if (span_is(name, "_placeholder") && span_is(value, "true"))
			is_placeholder = true;
		if (span_is(name, "num"))
			num = value;
	}
	return !is_placeholder || use_placeholder(w, num, members);
}

static bool
walk_array(struct walk *w)
{
	size_t elements = 0;

	take(&w->rest, 1);
	while (!skip(w, ']')) {
		if ((elements++ > 0 && !skip(w, ',')) || !walk_value(w))
			return false;
	}
	return true;
}

static bool
walk_scalar(struct walk *w)
{
	size_t n = 0;

	while (n < w->rest.n && !strchr(",]}", w->rest.p[n]))
		n++;
	take(&w->rest, n);
	return n > 0;
}

static bool
walk_value(struct walk *w)
{
	struct span ignored;
	bool ok;

	if (next_is(w, '"'))
		return walk_string(w, &ignored);
	if (!next_is(w, '{') && !next_is(w, '['))
		return walk_scalar(w);
	if (w->depth == JSON_DEPTH_MAX)
		return false;
	w->depth++;
	ok = next_is(w, '{') ? walk_object(w) : walk_array(w);
	w->depth--;
	return ok;
}

bool
sio_placeholders(const struct json *value, unsigned attachments, uint8_t order[SIO_ATTACHMENTS_MAX],
    const char **why)
{
	struct walk w = {.attachments = attachments};
	struct buf text = {0};
	bool ok;

	if (attachments > SIO_ATTACHMENTS_MAX)
		return refuse(why, "illegal attachments");
	json_write(&text, value);
	w.rest = buf_as_span(&text);
	ok = walk_value(&w) && w.found == attachments;
	buf_clear(&text);
	if (!ok)
		return refuse(why, "illegal placeholders");
	if (order)
		memcpy(order, w.order, sizeof(w.order));
	return true;
}

/* ---- writing -------------------------------------------------------------------------------- */

void
sio_put_head(struct buf *b, const struct sio_packet *packet)
{
	buf_addc(b, (char)('0' + packet->type));
	if (sio_is_binary(packet)) {
		buf_u64(b, packet->attachments);
		buf_addc(b, '-');
	}
	if (!span_is(packet->nsp, "/")) {
		buf_span(b, packet->nsp);
		buf_addc(b, ',');
	}
	if (packet->has_id)
		buf_u64(b, packet->id);
}

void
sio_put(struct buf *b, const struct sio_packet *packet)
{
	sio_put_head(b, packet);
	buf_span(b, packet->data);
}

void
sio_put_connect(struct buf *b, struct span nsp, struct span sid, struct span pid)
{
	sio_put_head(b, &(struct sio_packet){.type = SIO_CONNECT, .nsp = nsp});
	json_open(b, '{');
	json_member_string(b, "sid", sid);
	if (pid.n > 0)
		json_member_string(b, "pid", pid);
	json_close(b, '}');
}

void
sio_put_connect_error(struct buf *b, struct span nsp, struct span message)
{
	sio_put_head(b, &(struct sio_packet){.type = SIO_CONNECT_ERROR, .nsp = nsp});
	json_open(b, '{');
	json_member_string(b, "message", message);
	json_close(b, '}');
}

void
sio_put_disconnect(struct buf *b, struct span nsp)
{
	sio_put_head(b, &(struct sio_packet){.type = SIO_DISCONNECT, .nsp = nsp});
}

void
sio_put_event(struct buf *b, struct span nsp, struct span name, struct span args)
{
	sio_put_head(b, &(struct sio_packet){.type = SIO_EVENT, .nsp = nsp});
	json_open(b, '[');
	json_element(b);
	json_put_string(b, name);
	if (args.n > 0)
		buf_addc(b, ',');
	buf_span(b, args);
	json_close(b, ']');
}

void
sio_put_ack(struct buf *b, struct span nsp, uint64_t id, struct span args)
{
	sio_put_head(
	    b, &(struct sio_packet){.type = SIO_ACK, .nsp = nsp, .has_id = true, .id = id});
	json_open(b, '[');
	buf_span(b, args);
	json_close(b, ']');
}

/* ---- binary packets ------------------------------------------------------------------------- */

static bool
is_complete_text(const struct sio_packet *packet, const char **why)
{
	struct json *value;
	bool ok;

	if (!sio_check(packet, why))
		return false;
	value = json_parse(packet->data, why);
	ok = sio_placeholders(value, packet->attachments, NULL, why);
	json_free(value);
	return ok;
}

bool
sio_assembly_begin(struct sio_assembly *a, struct span text, size_t max_bytes, const char **why)
{
	struct sio_packet packet;

	if (a->is_open)
		return refuse(why, "text where an attachment is due");
	if (text.n > max_bytes)
		return refuse(why, "too large");
	if (!sio_decode(&packet, text, why))
		return false;
	if (!sio_is_binary(&packet))
		return refuse(why, "no binary packet");
	if (!is_complete_text(&packet, why))
		return false;
	sio_assembly_clear(a);
	buf_span(&a->text, text);
	a->max_bytes = max_bytes;
	a->is_open = true;
	return sio_decode(&a->packet, buf_as_span(&a->text), why);
}

bool
sio_assembly_add(struct sio_assembly *a, struct span bytes, const char **why)
{
	if (!sio_assembly_is_waiting(a))
		return refuse(why, "an attachment where none is due");
	if (bytes.n > a->max_bytes - a->text.len - a->body.len)
		return refuse(why, "too large");
	buf_span(&a->body, bytes);
	a->ends[a->have++] = a->body.len;
	return true;
}

bool
sio_assembly_is_waiting(const struct sio_assembly *a)
{
	return a->is_open && a->have < a->packet.attachments;
}

bool
sio_assembly_is_whole(const struct sio_assembly *a)
{
	return a->is_open && a->have == a->packet.attachments;
}

struct span
sio_assembly_at(const struct sio_assembly *a, unsigned i)
{
	size_t start = i > 0 ? a->ends[i - 1] : 0;

	return (struct span){a->body.p ? a->body.p + start : "", a->ends[i] - start};
}

void
sio_assembly_clear(struct sio_assembly *a)
{
	buf_clear(&a->text);
	buf_clear(&a->body);
	*a = (struct sio_assembly){0};
}
