/* SPDX-License-Identifier: ISC */
/*
 * chatio.c - Socket.IO sockets as sessions of the hub.
 */
#include "net/chatio.h"

#include "base/clock.h"
#include "base/json_slice.h"
#include "base/log.h"
#include "net/identity.h"

#define PING_INTERVAL_MS   25000
#define PING_TIMEOUT_MS    60000
#define CONNECT_TIMEOUT_MS 45000
#define FRESH_PAYLOAD      65536

#define NAMESPACE "/"

/* A socket's own is its session and, as long as it is not connected, the job that opens one. A session's owner is what its frames go
 * to: the session of Engine.IO, which has one socket in our namespace. */

static struct hub_time
time_now(void)
{
	return (struct hub_time){clock_mono_ms(), clock_wall_ms()};
}

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
		engine_want_room(engine_of(s));
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
    .wire = WIRE_SIO,
    .is_merged = true,
    .send = send_frame,
    .resume = resume,
    .dismiss = dismiss,
    .carrier = carrier};
static const struct transport recoverable = {.name = "socket.io",
    .wire = WIRE_SIO_OFFSET,
    .is_merged = true,
    .send = send_frame,
    .resume = resume,
    .dismiss = dismiss,
    .carrier = carrier};

/* ---- connecting ---- */

/* A line of the audit trail for who was not let in. */
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
on_opened(void *owner, const struct connect_result *result)
{
	struct socketio_socket *socket = socketio_in(owner, NAMESPACE);

	if (result->session != NULL) {
		socketio_set_own(socket, result->session);
		socketio_accept(socket, result->sid, result->pid);
		return;
	}
	note_refusal(socket, chat_err_code(result->err));
	socketio_reject(socket, chat_err_text(result->err));
}

/* What we read of a handshake's auth object; what is no string there is none. */
struct asked {
	struct span wallet, token, pid, offset;
	bool wants_recovery;
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
	return (struct asked){
	    strings[0], strings[1], strings[2], strings[3], !span_is(values[4], "false")};
}

/* Who asks, from the handshake's auth object and its request. NULL: fine; else what the CONNECT_ERROR says. */
static const char *
identify(const struct chatio *io, struct socketio_socket *socket, const struct asked *asked,
    struct user *out)
{
	struct engine_session *session = socketio_session(socket);
	struct later later = {.claimed = asked->wallet,
	    .token = asked->token,
	    .has_origin = engine_has_origin(session)};
	bool has_tokens = auth_has_tokens(io->gate->auth);
	enum chat_err err = identity_later(io->gate, socketio_handshake_of(socket), &later, out);

	if (err == CHAT_OK && later.is_by_cookie)
		engine_need_origin(session);
	if (err == CHAT_OK)
		return NULL;
	if (!later.has_any && later.claimed.n == 0)
		return "Authentication required: wallet address missing";
	if (!later.has_any && has_tokens)
		return "Authentication required: token missing";
	if (err == CHAT_WALLET_MISMATCH)
		return "Authentication failed: the token is another wallet's";
	if (err == CHAT_UNAVAILABLE)
		return chat_err_text(err);
	return has_tokens ? "Authentication failed: token not valid"
			  : "Authentication failed: wallet address not valid";
}

static void *
on_handshake(void *arg, struct web_request *req)
{
	return identity_keep(((struct chatio *)arg)->gate, req);
}

static void
connect_as(struct chatio *io, struct socketio_socket *socket, const struct asked *asked)
{
	struct connect_options o = {.pid = asked->pid, .offset = asked->offset, .done = on_opened};
	struct user user;
	const char *refusal = identify(io, socket, asked, &user);
	struct hub_job *connecting;

	/* Who comes back to what he has takes no more room than before. */
	if (refusal == NULL && o.pid.n == 0 && hub_user_is_full(io->hub, &user, NULL))
		refusal = chat_err_text(CHAT_RATE_LIMITED);
	if (refusal != NULL) {
		note_refusal(socket, refusal);
		socketio_reject(socket, refusal);
		return;
	}
	engine_set_wallet(socketio_session(socket), span_of(user.key));
	o.is_kept = asked->wants_recovery && hub_recovers(io->hub);
	o.session = (struct session_options){.transport = o.is_kept ? &recoverable : &plain,
	    .owner = socketio_session(socket),
	    .user = &user,
	    .number = engine_conn_number(socketio_session(socket)),
	    .now = time_now()};
	if ((connecting = session_connect(io->hub, &o)) != NULL)
		socketio_set_own(socket, connecting);
}

static void
on_connect(void *arg, struct socketio_socket *socket, struct span auth)
{
	struct buf decoded = {0};
	struct asked asked = read_auth(auth, &decoded);

	connect_as(arg, socket, &asked);
	buf_clear(&decoded);
}

static void
on_disconnect(struct socketio_socket *socket, const char *why, enum socketio_end end)
{
	static const enum session_end ends[] = {[SOCKETIO_DISCONNECTED] = SESSION_ENDED,
	    [SOCKETIO_CLOSED] = SESSION_LEFT,
	    [SOCKETIO_LOST] = SESSION_LOST};

	if (socketio_is_connected(socket)) {
		log_info("conn %u: disconnected: %s", session_number(socketio_own(socket)), why);
		session_close(socketio_own(socket), ends[end], time_now());
	} else {
		session_connect_cancel(socketio_own(socket));
	}
}

/* ---- events up ---- */

static void
on_event(struct socketio_socket *socket, const struct socketio_event *ev)
{
	struct session *s = socketio_own(socket);
	char digits[32];
	struct span name = {"", 0};
	struct buf ack = {digits, 0, sizeof(digits)}, decoded = {0};

	json_slice_string(json_slice_at(ev->args, 0), &decoded, &name);
	if (ev->has_id)
		json_put_int(&ack, (int64_t)ev->id); /* at most SIO_ID_MAX */
	if (ev->is_binary)
		session_refuse_event(s, name, buf_as_span(&ack), "binary data is not accepted");
	else if (ev->args.n > EVENT_BYTES_MAX)
		session_refuse_event(
		    s, name, buf_as_span(&ack), "data: at most 65536 bytes are accepted");
	else
		session_event(s, name, json_slice_at(ev->args, 1), buf_as_span(&ack), time_now());
	buf_clear(&decoded);
}

static bool
is_busy(struct socketio_socket *socket)
{
	return session_is_busy(socketio_own(socket));
}

static void
on_room(struct socketio_socket *socket)
{
	struct session *s = socketio_own(socket);

	if (session_is_behind(s) && session_pull(s, time_now()) && session_is_behind(s))
		engine_want_room(engine_of(s));
}

static bool
on_request(void *arg, struct web_request *req, struct buf *fields)
{
	buf_str(fields, "Cache-Control: no-store\r\n");
	return identity_conditions(((struct chatio *)arg)->gate, req, fields);
}

static const struct socketio_ops ops = {
    .on_request = on_request,
    .on_handshake = on_handshake,
    .on_connect = on_connect,
    .on_event = on_event,
    .is_busy = is_busy,
    .on_room = on_room,
    .on_disconnect = on_disconnect,
};

void
chatio_init(struct chatio *io, struct loop *loop, struct hub *hub, const struct gate *gate,
    const struct chatio_limits *limits)
{
	static const char *const namespaces[] = {NAMESPACE, NULL};

	io->hub = hub;
	io->gate = gate;
	io->socketio = socketio_new(loop, &(struct socketio_options){.ops = &ops,
					      .arg = io,
					      .namespaces = namespaces,
					      .connect_timeout_ms = CONNECT_TIMEOUT_MS,
					      .ping_interval_ms = PING_INTERVAL_MS,
					      .ping_timeout_ms = PING_TIMEOUT_MS,
					      .max_payload = limits->max_payload,
					      .fresh_payload = FRESH_PAYLOAD,
					      .max_fresh = limits->max_fresh,
					      .accounts = limits->accounts});
}

void
chatio_clear(struct chatio *io)
{
	socketio_free(io->socketio);
	io->socketio = NULL;
}
