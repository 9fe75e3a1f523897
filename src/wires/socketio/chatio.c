/* SPDX-License-Identifier: ISC */
/*
 * chatio.c - Socket.IO sockets as sessions of the hub.
 */
#include "wires/socketio/chatio.h"

#include <stdlib.h>

#include "base/json_slice.h"
#include "base/log.h"
#include "base/mem.h"
#include "wires/admission.h"
#include "wires/socketio/socketio.h"
#include "wires/time_now.h"

#define PING_INTERVAL_MS   25000
#define PING_TIMEOUT_MS    60000
#define CONNECT_TIMEOUT_MS 45000
#define STRANGER_PAYLOAD   65536

#define NAMESPACE "/"

struct chatio {
	struct hub *hub;
	const struct gate *gate;
	enum config_recovery recovery_clients;
	struct socketio *socketio; /* its route is socketio_handle */
};

/* The owner of a socket is its session or, while it is not connected, an entry, which opens the
 * session. The owner of a session is the Engine.IO session that its frames go to, which has one
 * socket in our namespace. */
struct entry {
	struct chatio *io;
	struct engine_session *engine;
	struct admission *admission;   /* the user is being looked up; or NULL */
	struct connecting *connecting; /* then the session is being recovered or made; or NULL */
	struct later
	    later; /* what the client said; its spans live as long as its CONNECT is in hand */
	bool wants_recovery;
	struct buf text; /* pid, then offset */
	size_t pid_n;
};

/* ---- frames down ---- */

static struct engine_session *
engine_of(const struct session *s)
{
	return session_owner(s);
}

static bool
send_frame(struct session *s, struct frame *f)
{
	return engine_send(engine_of(s), f);
}

static void
resume(struct session *s)
{
	if (session_is_behind(s))
		engine_want_writable(engine_of(s));
	if (!session_is_busy(s))
		engine_resume(engine_of(s));
}

static void
dismiss(struct session *s, enum dismissal why)
{
	if (why == DISMISS_TAKEN)
		engine_close(engine_of(s), "another connection has taken over");
	else
		socketio_disconnect(socketio_in(engine_of(s), NAMESPACE), "token expired or ended");
}

static const char *
carrier(const struct session *s)
{
	return engine_transport(engine_of(s));
}

static const struct transport plain = {.name = "socket.io",
    .encoding = ENCODING_SIO,
    .is_merged = true,
    .send = send_frame,
    .resume = resume,
    .dismiss = dismiss,
    .carrier = carrier};
static const struct transport recoverable = {.name = "socket.io",
    .encoding = WIRE_SIO_OFFSET,
    .is_merged = true,
    .send = send_frame,
    .resume = resume,
    .dismiss = dismiss,
    .carrier = carrier};

/* ---- connecting ---- */

/* Writes a line of the audit trail for a client that was not let in. */
static void
note_refusal(const struct socketio_socket *socket, const char *why)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", engine_conn_number(socketio_session(socket)));
	log_audit("refused",
	    (const struct log_field[]){
		{"conn", span_of(number)}, {"path", SPAN("/socket.io/")}, {"reason", span_of(why)}},
	    3);
}

static void
entry_free(struct entry *e)
{
	buf_clear(&e->text);
	free(e);
}

static void
refuse(struct socketio_socket *socket, const char *why)
{
	note_refusal(socket, why);
	socketio_reject(socket, why);
}

static void
on_opened(void *owner, const struct connect_result *result)
{
	struct socketio_socket *socket = socketio_in(owner, NAMESPACE);
	struct entry *e = socketio_owner(socket);
	const char *full = hub_full_text(e->io->hub);

	entry_free(e);
	if (result->session == NULL) {
		refuse(socket, result->err == ERROR_RATE_LIMITED ? full : error_text(result->err));
		return;
	}
	socketio_set_owner(socket, result->session);
	socketio_accept(socket, result->sid, result->pid);
}

/* The members of a handshake's auth object that are read; a member that is not a string counts as
 * absent. */
struct asked {
	struct span wallet, token, pid, offset;
	struct span recovery; /* raw JSON */
};

/* decoded: memory for strings with escapes. */
static struct asked
read_auth(struct span auth, struct buf *decoded)
{
	static const char *const names[] = {"walletAddress", "token", "pid", "offset", "recovery"};
	struct span values[5], strings[4];

	json_slice_members(auth, names, values, 5);
	if (memchr(auth.p, '\\', auth.n) != NULL)
		buf_reserve(decoded, auth.n);
	for (size_t i = 0; i < 4; i++) {
		strings[i] = SPAN("");
		json_slice_string(values[i], decoded, &strings[i]);
	}
	return (struct asked){strings[0], strings[1], strings[2], strings[3], values[4]};
}

/* The client's own word decides, if it says true or false. */
static bool
wants_recovery(const struct chatio *io, const struct engine_session *engine, struct span recovery)
{
	if (span_is(recovery, "true") || span_is(recovery, "false"))
		return span_is(recovery, "true");
	return io->recovery_clients == RECOVERY_ALL ||
	       (io->recovery_clients == RECOVERY_BROWSERS && engine_is_browser(engine));
}

/* The text of the CONNECT_ERROR for a client whose identity was refused. */
static const char *
identity_refusal(const struct entry *e, const struct admission *a)
{
	const struct auth *auth = e->io->gate->auth;
	bool has_tokens = auth_has_tokens(auth);

	if (!e->later.has_any && a->carried.request.claimed_wallet.n == 0 &&
	    !auth_is_wallet_in_token(auth))
		return "Authentication required: wallet address missing";
	if (!e->later.has_any && has_tokens)
		return "Authentication required: token missing";
	if (a->err == ERROR_WALLET_MISMATCH)
		return "Authentication failed: the token is another wallet's";
	if (a->err == ERROR_UNAVAILABLE)
		return error_text(a->err);
	return has_tokens ? "Authentication failed: token not valid"
			  : "Authentication failed: wallet address not valid";
}

static void *
on_handshake(void *arg, struct web_request *req)
{
	return gate_keep(((struct chatio *)arg)->gate, req);
}

/* The user is known, or not let in. */
static void
on_admitted(struct admission *a)
{
	struct entry *e = a->owner;
	struct socketio_socket *socket = socketio_in(e->engine, NAMESPACE);
	bool is_recoverable = e->wants_recovery && hub_recovers(e->io->hub);
	struct connect_options o = {.pid = {e->text.p, e->pid_n},
	    .offset = {e->text.p + e->pid_n, e->text.len - e->pid_n},
	    .is_recoverable = is_recoverable,
	    .done = on_opened,
	    .session = {.transport = is_recoverable ? &recoverable : &plain,
		.owner = e->engine,
		.user = &a->user,
		.number = engine_conn_number(e->engine),
		.now = time_now()}};
	const char *why = a->err != ERROR_NONE ? identity_refusal(e, a) : NULL;
	struct connecting *connecting;

	e->admission = NULL;
	/* A client that comes back to its session takes no more room than before. */
	if (why == NULL && o.pid.n == 0)
		admission_verdict(a, NULL, o.session.now, &why);
	if (why != NULL) {
		entry_free(e);
		refuse(socket, why);
		return;
	}
	engine_set_wallet(e->engine, span_of(a->user.key));
	if (e->later.is_by_cookie)
		engine_need_origin(e->engine);
	connecting = session_connect(e->io->hub, &o);
	if (connecting != NULL) /* else on_opened has freed the entry */
		e->connecting = connecting;
}

static void
on_connect(void *arg, struct socketio_socket *socket, struct span auth)
{
	struct chatio *io = arg;
	struct buf decoded = {0};
	struct asked asked = read_auth(auth, &decoded);
	struct entry *e = mem_zalloc(sizeof(*e));

	e->io = io;
	e->engine = socketio_session(socket);
	e->wants_recovery = wants_recovery(io, e->engine, asked.recovery);
	e->later = (struct later){.claimed = asked.wallet,
	    .token = asked.token,
	    .has_origin = engine_has_origin(e->engine)};
	e->pid_n = asked.pid.n;
	buf_span(&e->text, asked.pid);
	buf_span(&e->text, asked.offset);
	buf_reserve(&e->text, 1);
	socketio_set_owner(socket, e);
	e->admission = admission_new(io->gate, e);
	admission_of_handshake(e->admission, socketio_handshake_of(socket), &e->later, on_admitted);
	buf_clear(&decoded);
}

static void
on_disconnect(struct socketio_socket *socket, const char *why, enum socketio_end end)
{
	static const enum session_end ends[] = {[SOCKETIO_DISCONNECTED] = SESSION_ENDED,
	    [SOCKETIO_CLOSED] = SESSION_LEFT,
	    [SOCKETIO_LOST] = SESSION_LOST};
	struct entry *e = socketio_owner(socket);

	if (socketio_is_connected(socket)) {
		log_info("conn %u: disconnected: %s", session_number(socketio_owner(socket)), why);
		session_close(socketio_owner(socket), ends[end], time_now());
		return;
	}
	if (e->admission != NULL)
		admission_cancel(e->admission);
	if (e->connecting != NULL)
		session_connect_cancel(e->connecting);
	entry_free(e);
}

/* ---- events up ---- */

static void
on_event(struct socketio_socket *socket, const struct socketio_event *ev)
{
	struct session *s = socketio_owner(socket);
	char digits[32];
	struct span name = {"", 0};
	struct buf ack = {digits, 0, sizeof(digits)}, decoded = {0};

	json_slice_string(json_slice_at(ev->args, 0), &decoded, &name);
	if (ev->has_id)
		json_put_int(&ack, (int64_t)ev->id); /* at most SIO_ID_MAX */
	if (ev->refusal != NULL)
		session_refuse_event(s, name, buf_as_span(&ack), ERROR_BAD_REQUEST, ev->refusal);
	else if (ev->is_binary)
		session_refuse_event(
		    s, name, buf_as_span(&ack), ERROR_BAD_REQUEST, "binary data is not accepted");
	else if (ev->args.n > EVENT_BYTES_MAX)
		session_refuse_event(s, name, buf_as_span(&ack), ERROR_TOO_LONG,
		    "data: at most 65536 bytes are accepted");
	else
		session_event(s, name, json_slice_at(ev->args, 1), buf_as_span(&ack), time_now());
	buf_clear(&decoded);
}

static bool
is_busy(struct socketio_socket *socket)
{
	return session_is_busy(socketio_owner(socket));
}

static void
on_writable(struct socketio_socket *socket)
{
	struct session *s = socketio_owner(socket);

	session_pull(s, time_now());
}

static struct span
wallet(const struct socketio_socket *socket)
{
	return session_wallet(socketio_owner(socket));
}

static bool
on_request(void *arg, struct web_request *req, struct buf *fields)
{
	struct carried c;
	bool is_good;

	buf_str(fields, "Cache-Control: no-store\r\n");
	is_good = gate_read_cors(((struct chatio *)arg)->gate, req, &c, fields);
	carried_clear(&c); /* its user is named after the handshake */
	return is_good;
}

static const struct socketio_ops ops = {
    .on_request = on_request,
    .on_handshake = on_handshake,
    .on_connect = on_connect,
    .on_event = on_event,
    .is_busy = is_busy,
    .on_writable = on_writable,
    .on_disconnect = on_disconnect,
    .wallet = wallet,
};

static void
begin(void *state, const struct wires_options *o)
{
	static const char *const namespaces[] = {NAMESPACE, NULL};
	struct chatio *io = state;

	io->hub = o->hub;
	io->gate = o->gate;
	io->recovery_clients = o->recovery_clients;
	io->socketio = socketio_new(o->loop, &(struct socketio_options){.ops = &ops,
						 .arg = io,
						 .namespaces = namespaces,
						 .connect_timeout_ms = CONNECT_TIMEOUT_MS,
						 .ping_interval_ms = PING_INTERVAL_MS,
						 .ping_timeout_ms = PING_TIMEOUT_MS,
						 .max_payload = o->max_body,
						 .stranger_payload = STRANGER_PAYLOAD,
						 .max_strangers = o->max_strangers,
						 .accounts = o->accounts});
}

static void
end(void *state)
{
	struct chatio *io = state;

	socketio_free(io->socketio);
	io->socketio = NULL;
}

const struct wire socketio_wire = {
    .size = sizeof(struct chatio),
    .begin = begin,
    .end = end,
    .routes = {{"/socket.io/", socketio_handle, offsetof(struct chatio, socketio),
	socketio_max_body}},
};
