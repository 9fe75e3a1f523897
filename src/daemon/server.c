/* SPDX-License-Identifier: ISC */
/*
 * server.c - the daemon put together, and one turn of it.
 */
#include "daemon/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "daemon/status.h"
#include "daemon/wakeup.h"
#include "http/limits.h"
#include "http/web.h"
#include "hub/hub.h"
#include "identity/address.h"
#include "identity/auth.h"
#include "io/account.h"
#include "io/conn.h"
#include "io/listener.h"
#include "io/wake.h"
#include "store/bell.h"
#include "store/tables/eventlog.h"
#include "store/threads/reads.h"
#include "store/threads/writer.h"
#include "wires/time_now.h"
#include "wires/wires.h"

#define BUSY_MS 5000
#define READ_MS 10000 /* for a job of the reader */
#define COMMIT_US \
	2500 /* between two group commits of a busy server, which gathers; less after a small one */
#define PACE_US       1000  /* between two turns, unless a commit is done sooner */
#define GATHER_US     1000  /* if the writer rests for longer, more jobs are likely to come */
#define MANY          200   /* deliveries; a turn with as many takes long */
#define GATHER_SHARE  4     /* jobs are gathered for a quarter of the time of a delivery to many */
#define DRAIN_MS      10000 /* from SIGTERM to the end, at most */
#define TRIM_US       60000000
#define SPARE_FILES   64     /* descriptors that are not connections */
#define LOOK_AGAIN_US 200000 /* after the log could not be read */
#define ANSWER_MS     2000   /* of DRAIN_MS: for the writer to become idle */

struct server {
	const struct config *config;
	struct loop *loop;
	struct accounts *accounts;
	struct net *net;
	struct proxies *proxies;
	struct limits *limits;
	struct web web;
	struct auth *auth;
	struct gate gate;
	struct bell *bell;
	struct reads *reads;
	struct writer *writer;
	struct hub_start start;
	struct hub *hub;
	struct wire_set *wires;
	struct status status;
	struct wakeup *wakeup;
	struct listener **listeners;
	size_t n_listeners;
	uint64_t delivered;     /* events, up to this turn */
	int64_t delivers_since; /* mono us: a delivery to many began; 0: none is under way */
	int64_t gathers_until;  /* mono us: the writer gets no jobs before */
	struct wake *done;      /* the writer or the reader has finished jobs */
	struct loop_timer *hub_timer, *flush_timer, *more_timer, *trim_timer, *drain_timer;
	int64_t hub_timer_at;
	bool is_trimming, is_draining;
};

/* ---- one turn ---- */

static int64_t
min_us(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void
arm_hub_timer(struct server *sv)
{
	int64_t next = hub_next_deadline(sv->hub);

	if (next == sv->hub_timer_at)
		return;
	sv->hub_timer_at = next;
	if (next == INT64_MAX)
		loop_timer_stop(sv->hub_timer);
	else
		loop_timer_set_us(sv->hub_timer, (next - clock_mono_ms()) * 1000);
}

static void
on_hub_timer(void *arg)
{
	struct server *sv = arg;

	sv->hub_timer_at = 0;
	hub_tick(sv->hub, time_now());
	net_want_turn(sv->net);
}

/* A delivery to many connections takes long, and some of the clients that get it send at once.
 * After it the writer gets no jobs for a share of its time, so that these messages share one commit
 * and one delivery. The turn after the one that collected the jobs knows how long it took. */
static void
note_delivery(struct server *sv)
{
	uint64_t delivered = hub_figures(sv->hub).delivered;
	int64_t now = clock_mono_us();

	if (sv->delivers_since > 0)
		sv->gathers_until =
		    now + min_us((now - sv->delivers_since) / GATHER_SHARE, COMMIT_US);
	sv->delivers_since = delivered - sv->delivered >= MANY ? now : 0;
	sv->delivered = delivered;
}

static int64_t
rest_left_us(const struct server *sv)
{
	int64_t writer = writer_pause_us(sv->writer),
		gathering = sv->gathers_until - clock_mono_us();

	return gathering > writer ? gathering : writer;
}

static void
on_turn(void *arg)
{
	struct server *sv = arg;
	int64_t rest_us;

	if (CHECKS_ALL)
		hub_check(sv->hub);
	arm_hub_timer(sv);
	note_delivery(sv);
	rest_us = rest_left_us(sv);
	hub_flush_reads(sv->hub);
	if (rest_us > 0 && hub_has_writes(sv->hub))
		loop_timer_set_us(sv->flush_timer, rest_us);
	else
		hub_flush_writes(sv->hub);
	if (sv->delivers_since > 0) { /* the next turn measures the delivery */
		loop_timer_set_us(sv->flush_timer, 0);
		return;
	}
	/* While jobs wait for the writer or for a commit, the next turn can wait too. */
	if (writer_pending(sv->writer) > 0) {
		loop_pace(sv->loop, PACE_US, wake_fd(sv->done));
		wakeup_note_commit(sv->wakeup);
	} else if (hub_has_writes(sv->hub) || rest_us > GATHER_US) {
		loop_pace(sv->loop, rest_us, wake_fd(sv->done));
	}
}

static void
on_rested(void *arg)
{
	struct server *sv = arg;

	net_want_turn(sv->net);
}

/* A timer of the transport may have closed the session, so no connection asks for a turn. At the
 * daemon's end there are no turns any more. */
static void
on_session_closed(void *arg)
{
	struct server *sv = arg;

	if (sv->net != NULL)
		net_want_turn(sv->net);
}

/* Takes back the jobs that the writer and the reader have finished. */
static void
collect(struct server *sv)
{
	if (hub_collect(sv->hub, time_now()))
		loop_timer_set_us(sv->more_timer, 0);
	net_want_turn(sv->net);
}

static void
on_more(void *arg)
{
	collect(arg);
}

/* Another process has committed (the doorbell), or may have. */
static void
on_look(void *arg, bool is_certain)
{
	struct server *sv = arg;

	hub_check_log(sv->hub, is_certain);
	net_want_turn(sv->net);
}

static void
on_done(void *arg)
{
	struct server *sv = arg;

	if (writer_pending(sv->writer) > 0)
		wakeup_note_commit(sv->wakeup);
	collect(sv);
}

/* On the writer's or the reader's thread. */
static void
wake_loop(void *arg)
{
	struct server *sv = arg;

	wake_ring(sv->done);
}

/* ---- trimming: once a minute, a tenth of the log at most ---- */

struct trim_job {
	struct writer_job job;
	struct server *server;
	int64_t trimmed;
};

static bool
run_trim(struct store *st, struct writer_job *job)
{
	struct trim_job *j = (struct trim_job *)job;
	const struct config *c = j->server->config;
	int64_t rows = eventlog_count(st);

	j->trimmed =
	    eventlog_trim(st, clock_wall_ms(), c->queue_keep_ms, c->queue_rows, rows / 10 + 1);
	return true;
}

static void
on_trimmed(struct writer_job *job, void *context)
{
	struct trim_job *j = (struct trim_job *)job;

	if (job->err != STORE_OK)
		log_warn("trim: %s", store_err_text(job->err));
	else if (j->trimmed > 0)
		log_info("trim: %lld rows of the log removed", (long long)j->trimmed);
	j->server->is_trimming = false;
	free(j);
}

static void
on_trim_timer(void *arg)
{
	struct server *sv = arg;
	struct trim_job *j;

	loop_timer_set_us(sv->trim_timer, TRIM_US);
	if (sv->is_trimming)
		return;
	sv->is_trimming = true;
	j = mem_zalloc(sizeof(*j));
	j->job.run = run_trim;
	j->job.done = on_trimmed;
	j->server = sv;
	writer_submit(sv->writer, &j->job, &j->job, 1);
}

/* ---- accepting ---- */

static void
on_accept(int fd, const char *peer, void *arg)
{
	struct server *sv = arg;

	web_accept(&sv->web, sv->net, fd, peer);
}

static bool
on_shortage(void *arg)
{
	struct server *sv = arg;

	return net_drop_oldest_stranger(sv->net);
}

/* Port 0: the system chooses one. */
static bool
is_port_free(const char *spec)
{
	size_t n = strlen(spec);

	return strncmp(spec, "unix:", 5) != 0 && strncmp(spec, "fd:", 3) != 0 && n > 2 &&
	       strcmp(spec + n - 2, ":0") == 0;
}

static bool
open_listeners(struct server *sv, struct buf *err)
{
	const struct config *c = sv->config;

	sv->listeners = mem_zalloc(c->listen.n * sizeof(struct listener *));
	for (size_t i = 0; i < c->listen.n; i++) {
		struct listener *l = listener_open(
		    sv->loop, c->listen.v[i], (mode_t)c->socket_mode, on_accept, sv, err);
		if (l == NULL)
			return false;
		sv->listeners[sv->n_listeners++] = l;
		listener_set_relief(l, on_shortage);
		const char *refusal = auth_listener_refusal(sv->auth,
		    (struct auth_listener){listener_is_loopback(l), listener_is_identity(l)});
		if (refusal != NULL) {
			buf_printf(err, "listen: %s: %s", listener_name(l), refusal);
			return false;
		}
		log_info("listening on %s", listener_name(l));
		/* With port 0 the caller needs to know the port, at each level of the log lines. */
		if (is_port_free(c->listen.v[i]))
			printf("listening on %s\n", listener_name(l));
	}
	fflush(stdout);
	return true;
}

/* ---- the end ---- */

static void
close_listeners(struct server *sv)
{
	for (size_t i = 0; i < sv->n_listeners; i++)
		listener_close(sv->listeners[i]);
	sv->n_listeners = 0;
}

static void
shut_down(struct conn *c, void *arg)
{
	conn_shut_down(c);
}

/* First commits and answers what clients have sent, for ANSWER_MS at most; then tells each client
 * to leave, and waits for that until drain_until. */
static void
on_drain_timer(void *arg)
{
	struct server *sv = arg;
	static const int64_t step_us = 5000;
	int64_t left = sv->status.drain_until - clock_mono_ms();
	bool is_late = left <= 0;
	bool is_settled = writer_pending(sv->writer) == 0 && !hub_owes_answers(sv->hub);

	if (is_settled || left <= DRAIN_MS - ANSWER_MS)
		net_each(sv->net, shut_down, NULL);
	if (net_connections(sv->net) == 0 || is_late)
		loop_stop(sv->loop);
	else
		loop_timer_set_us(sv->drain_timer, step_us);
}

static void
on_stop_signal(void *arg)
{
	struct server *sv = arg;

	if (sv->is_draining)
		return;
	sv->is_draining = true;
	log_info("daemon: stopping, connections=%zu", net_connections(sv->net));
	close_listeners(sv);
	sv->status.drain_until = clock_mono_ms() + DRAIN_MS;
	on_drain_timer(sv);
}

static void
on_reload_signal(void *arg)
{
	struct server *sv = arg;
	struct buf err = {0};

	if (auth_reload(sv->auth, &err))
		log_info("daemon: keys read anew");
	else
		log_error("daemon: keys stay as they were: %s", buf_cstr(&err));
	buf_clear(&err);
}

/* ---- life ---- */

/* Each connection needs a descriptor. Raises the limit as far as the hard limit allows, and warns
 * if that is too few. */
static void
raise_file_limit(int64_t max_connections)
{
	struct rlimit rl;
	rlim_t want = (rlim_t)max_connections + SPARE_FILES;

	if (getrlimit(RLIMIT_NOFILE, &rl) != 0 || rl.rlim_cur >= want)
		return;
	rl.rlim_cur = rl.rlim_max < want ? rl.rlim_max : want;
	setrlimit(RLIMIT_NOFILE, &rl);
	if (rl.rlim_cur < want)
		log_warn("daemon: max_connections = %lld, but only %llu descriptors are allowed",
		    (long long)max_connections, (unsigned long long)rl.rlim_cur);
}

static bool
begin_incarnation(struct store *st, void *arg)
{
	incarnation_begin(st, clock_wall_ms());
	return true;
}

static void
read_start(struct store *st, void *arg)
{
	hub_start_read(st, arg);
}

/* Begins a new incarnation, and reads where the hub starts. */
static bool
begin_log(struct server *sv, struct store *st, struct buf *err)
{
	enum store_err rc = store_write(st, begin_incarnation, NULL);

	if (rc == STORE_OK)
		rc = store_read(st, BUSY_MS, read_start, &sv->start);
	if (rc != STORE_OK)
		buf_printf(err, "%s: %s", sv->config->database, store_err_text(rc));
	return rc == STORE_OK;
}

/* Takes the lock first: the process that holds it is the daemon of this database. */
static bool
open_database(struct server *sv, struct buf *err)
{
	const struct config *c = sv->config;
	struct store_options o = {.path = c->database,
	    .mode = c->database_mode,
	    .group = c->database_group,
	    .full_sync = c->durability == DURABILITY_FULL,
	    .auth_open = c->auth == AUTH_OPEN,
	    .busy_ms = BUSY_MS};
	struct store *reader, *writer;

	if ((sv->bell = bell_hold(c->database, c->database_mode, c->database_group, err)) == NULL ||
	    (reader = store_open(&o, err)) == NULL)
		return false;
	o.is_checkpointer = true;
	o.search = c->search == SEARCH_TRIGRAM ? "trigram" : "words";
	if ((writer = store_open(&o, err)) == NULL || !begin_log(sv, writer, err)) {
		store_close(writer);
		store_close(reader);
		return false;
	}
	if ((sv->writer = writer_start(writer, COMMIT_US, wake_loop, sv, err)) == NULL) {
		store_close(reader);
		return false;
	}
	sv->reads = reads_start(reader, READ_MS, wake_loop, sv, err);
	return sv->reads != NULL;
}

static bool
start_clockwork(struct server *sv)
{
	sv->hub_timer = loop_timer_new(sv->loop, on_hub_timer, sv);
	sv->hub_timer_at = INT64_MAX;
	sv->flush_timer = loop_timer_new(sv->loop, on_rested, sv);
	sv->more_timer = loop_timer_new(sv->loop, on_more, sv);
	sv->trim_timer = loop_timer_new(sv->loop, on_trim_timer, sv);
	loop_timer_set_us(sv->trim_timer, TRIM_US);
	sv->drain_timer = loop_timer_new(sv->loop, on_drain_timer, sv);
	sv->wakeup = wakeup_new(sv->loop, sv->bell, sv->config->database, on_look, sv);
	return loop_on_signal(sv->loop, SIGTERM, on_stop_signal, sv) &&
	       loop_on_signal(sv->loop, SIGINT, on_stop_signal, sv) &&
	       loop_on_signal(sv->loop, SIGHUP, on_reload_signal, sv);
}

static const struct web_route routes[] = {
    {"/health", status_health, offsetof(struct server, status), web_little_body},
    {"/metrics", status_metrics, offsetof(struct server, status), web_little_body},
    {"/api/websocket/stats", status_stats, offsetof(struct server, status), web_little_body},
};

struct server *
server_new(const struct config *c, struct buf *err)
{
	struct server *sv = mem_zalloc(sizeof(*sv));

	mem_share();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit of file size is then an error, like a full disk */
	sv->config = c;
	if ((sv->loop = loop_new(err)) == NULL) {
		free(sv);
		return NULL;
	}
	raise_file_limit(c->max_connections);
	sv->accounts = accounts_new(
	    sv->loop, &(struct account_limits){.max_per_wallet = (size_t)c->max_queued_per_wallet,
			  .max_in_all = (size_t)c->max_queued});
	sv->net =
	    net_new(sv->loop, &(struct net_options){.max_connections = (size_t)c->max_connections,
				  .max_strangers = net_stranger_share((size_t)c->max_connections),
				  .on_turn = on_turn,
				  .accounts = sv->accounts,
				  .arg = sv});
	sv->proxies = proxies_new(&c->trusted_proxies);
	sv->limits = limits_new(sv->proxies, (size_t)c->max_per_address);
	if ((sv->done = wake_new(sv->loop, on_done, sv)) == NULL) {
		buf_printf(err, "loop: no wake-ups on this system: %s", strerror(errno));
		goto fail;
	}
	if ((sv->auth = auth_new(c, err)) == NULL || !open_database(sv, err))
		goto fail;
	sv->hub = hub_new(&(struct hub_options){.rules = rules_of(c),
			      .max_per_wallet = (size_t)c->max_per_wallet,
			      .max_rooms = (size_t)c->max_rooms,
			      .max_recoverable = (size_t)c->max_connections * 2,
			      .event_rate = c->event_rate,
			      .replay_rate = c->replay_rate,
			      .presence_grace_ms = c->presence_grace_ms,
			      .recovery_ms = c->recovery_ms,
			      .version = PACKAGE_VERSION,
			      .on_closed = on_session_closed,
			      .arg = sv},
	    &sv->start, sv->reads, sv->writer);
	sv->gate = (struct gate){sv->auth, sv->hub};
	sv->wires = wires_new(&(struct wires_options){.loop = sv->loop,
	    .hub = sv->hub,
	    .gate = &sv->gate,
	    .accounts = sv->accounts,
	    .recovery_clients = c->recovery_clients,
	    .max_message = (size_t)c->max_message,
	    .max_body = (size_t)c->max_body,
	    .max_strangers = net_stranger_share((size_t)c->max_connections)});
	sv->status = (struct status){
	    .hub = sv->hub, .gate = &sv->gate, .net = sv->net, .started_ms = clock_mono_ms()};
	sv->web = (struct web){
	    .parts = {wires_routes(sv->wires), {routes, sizeof(routes) / sizeof(routes[0]), sv}},
	    .limits = sv->limits,
	    .gate = &sv->gate,
	    .max_body = (size_t)c->max_body,
	    .max_header = (size_t)c->max_header,
	    .refuses_underscores = auth_identity_header(sv->auth) != NULL};
	if (!start_clockwork(sv)) {
		buf_printf(err, "loop: no signals on this system: %s", strerror(errno));
		goto fail;
	}
	hub_start_recovery(sv->hub, time_now());
	if (!open_listeners(sv, err))
		goto fail;
	if (c->auth == AUTH_OPEN)
		log_warn(
		    "daemon: auth = open: every claimed wallet is believed; for development only");
	if (store_library_warning() != NULL)
		log_warn("daemon: %s", store_library_warning());
	return sv;
fail:
	server_free(sv);
	return NULL;
}

void
server_run(struct server *sv)
{
	log_info("daemon: ready");
	thread_is(THREAD_LOOP);
	loop_run(sv->loop);
	thread_is(THREAD_ANY);
}

/* Finishes the jobs that were handed over or gathered, and ends the threads. */
static void
stop_threads(struct server *sv)
{
	if (sv->hub != NULL) {
		hub_flush_writes(sv->hub);
		hub_flush_reads(sv->hub);
	}
	if (sv->writer != NULL)
		writer_stop(sv->writer);
	if (sv->reads != NULL)
		reads_stop(sv->reads);
	if (sv->hub != NULL)
		hub_collect(sv->hub, time_now());
}

void
server_free(struct server *sv)
{
	if (sv == NULL)
		return;
	close_listeners(sv);
	free(sv->listeners);
	wires_close(sv->wires);
	net_free(sv->net);
	sv->net = NULL;
	accounts_free(sv->accounts);
	limits_free(sv->limits);
	proxies_free(sv->proxies);
	stop_threads(sv);
	wakeup_free(sv->wakeup);
	hub_free(sv->hub);
	wires_free(sv->wires);
	writer_free(sv->writer);
	reads_free(sv->reads);
	bell_release(sv->bell);
	auth_free(sv->auth);
	wake_free(sv->done);
	loop_timer_free(sv->hub_timer);
	loop_timer_free(sv->flush_timer);
	loop_timer_free(sv->more_timer);
	loop_timer_free(sv->trim_timer);
	loop_timer_free(sv->drain_timer);
	loop_free(sv->loop);
	free(sv);
}
