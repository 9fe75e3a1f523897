/* SPDX-License-Identifier: ISC */
/*
 * server.c - the FastCGI side: one thread for each request under way; the main thread handles
 * signals and deadlines. libfcgi gets only accepted connections and no listening socket, so it
 * never blocks in accept(). A watch limits each of its reads and writes.
 */
#include "fcgi/server.h"

#include <errno.h>
#include <fcgiapp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "fcgi/watch.h"

#define SILENT_MS 10000 /* for the first byte on a new connection */
#define KEPT_MS   60000 /* between two requests on a kept connection */
#define PARAMS_MS 10000
#define ANSWER_MS 10000
#define DRAIN_MS  2000
#define YIELD_MS \
	20 /* a thread with an idle connection leaves a new one to other threads for so long */
#define BACK_OFF_MS 100  /* when there are no descriptors left */
#define LAST_MS     1000 /* at a stop: for the request of a connection that was made before */
#define TICK_MS     500

struct server;

struct worker {
	struct server *server;
	pthread_t thread;
	struct rest_worker rest;
	struct watch watch;
	FCGX_Request fcgx; /* ipcFd < 0: no connection */
	int64_t idle_until_ms;
	bool is_fresh; /* the connection has had no request yet */
};

struct server {
	const struct server_options *options;
	struct rest_worker writing; /* whose turn all workers take */
	struct worker *workers;
	size_t n_workers;
	int stop_fd; /* readable from the stop on, for ever */
	int left_fd; /* each worker that ends adds one */
	_Atomic int64_t
	    last_ms; /* 0 before a stop; then: connections are accepted until this time (monotonic) */
	atomic_flag is_making_room; /* one worker at a time gives up its idle connection */
};

/* ---- connections ---- */

static void
disconnect(struct worker *w)
{
	if (w->fcgx.ipcFd >= 0)
		close(w->fcgx.ipcFd);
	FCGX_InitRequest(&w->fcgx, -1, 0);
	watch_end(&w->watch);
}

/* FCGX_Accept_r first finishes the last request. Without keepConnection it would close the
 * connection then. */
static void
connect_with(struct worker *w, int fd, bool is_unix)
{
	int on = 1;

	if (!is_unix)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	FCGX_InitRequest(&w->fcgx, -1, 0);
	w->fcgx.ipcFd = fd;
	w->fcgx.keepConnection = 1;
	w->is_fresh = true;
	w->idle_until_ms = clock_mono_ms() + SILENT_MS;
	if (!watch_begin(&w->watch, fd))
		disconnect(w);
}

static void
back_off(struct worker *w)
{
	struct pollfd stop = {.fd = w->server->stop_fd, .events = POLLIN};

	log_warn("accept: %s", strerror(errno));
	poll(&stop, 1, BACK_OFF_MS);
}

/* False, with EAGAIN: another thread was faster. */
static bool
take_connection_of(struct worker *w, const struct listener *l)
{
	int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		connect_with(w, fd, l->is_unix);
	else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
		back_off(w);
	return fd >= 0;
}

static void
take_connection(struct worker *w, const struct pollfd *listening)
{
	const struct server_options *o = w->server->options;

	for (size_t i = 0; i < o->n_listeners; i++) {
		if ((listening[i].revents & POLLIN) && take_connection_of(w, &o->listeners[i]))
			return;
	}
}

/* ---- waiting ---- */

enum wake { WAKE_STOP, WAKE_REQUEST, WAKE_CONNECTION, WAKE_IDLE };

/* Waits at most ms for the worker's connection, the stop, or the listeners. A request goes before
 * the stop, and the stop before new connections. */
static enum wake
wait_for(struct worker *w, struct pollfd *p, bool may_accept, int64_t ms)
{
	size_t n = may_accept ? w->server->options->n_listeners : 0;

	p[0] = (struct pollfd){.fd = w->server->stop_fd, .events = POLLIN};
	p[1] = (struct pollfd){.fd = w->fcgx.ipcFd, .events = POLLIN};
	for (size_t i = 0; i < n; i++)
		p[2 + i] =
		    (struct pollfd){.fd = w->server->options->listeners[i].fd, .events = POLLIN};
	if (poll(p, (nfds_t)(2 + n), ms < 0 ? 0 : (int)ms) <= 0)
		return WAKE_IDLE;
	if (p[1].revents)
		return WAKE_REQUEST;
	return p[0].revents ? WAKE_STOP : WAKE_CONNECTION;
}

/* Closes the worker's idle connection for a new one, if no thread without a connection accepts the
 * new one within YIELD_MS. */
static enum wake
make_room(struct worker *w, struct pollfd *p)
{
	atomic_flag *flag = &w->server->is_making_room;
	enum wake why = wait_for(w, p, false, YIELD_MS);

	if (why != WAKE_IDLE || atomic_flag_test_and_set(flag))
		return why;
	why = wait_for(w, p, true, 0);
	if (why == WAKE_CONNECTION) {
		disconnect(w);
		take_connection(w, p + 2);
		why = WAKE_IDLE;
	}
	atomic_flag_clear(flag);
	return why;
}

/* After the stop: serves the connections that were accepted or wait at the listeners, because the
 * sockets may end with this process. Connections that come later at an inherited socket are left to
 * the next process. False: nothing is left to do. */
static bool
wait_last(struct worker *w)
{
	const struct server_options *o = w->server->options;

	for (;;) {
		struct pollfd p = {.fd = w->fcgx.ipcFd, .events = POLLIN};

		if (w->fcgx.ipcFd >= 0 && w->is_fresh && poll(&p, 1, LAST_MS) > 0)
			return true;
		if (w->fcgx.ipcFd >= 0)
			disconnect(w);
		for (size_t i = 0; i < o->n_listeners && w->fcgx.ipcFd < 0; i++) {
			if (clock_mono_ms() < w->server->last_ms)
				take_connection_of(w, &o->listeners[i]);
		}
		if (w->fcgx.ipcFd < 0)
			return false;
	}
}

/* True: a request can be read. False: the stop has come, and nothing is left to do. */
static bool
wait_request(struct worker *w, struct pollfd *p)
{
	/* A new connection most likely has its request already: wait a moment for it alone. */
	bool is_new = false;

	for (;;) {
		bool is_connected = w->fcgx.ipcFd >= 0;
		int64_t left = is_connected ? w->idle_until_ms - clock_mono_ms() : KEPT_MS;
		enum wake why = is_new && is_connected ? wait_for(w, p, false, YIELD_MS)
						       : wait_for(w, p, true, left);

		is_new = why == WAKE_CONNECTION;

		if (why == WAKE_CONNECTION && is_connected)
			why = make_room(w, p);
		else if (why == WAKE_CONNECTION)
			take_connection(w, p + 2);
		else if (why == WAKE_IDLE && is_connected && clock_mono_ms() >= w->idle_until_ms)
			disconnect(w);
		if (why == WAKE_STOP)
			return wait_last(w);
		if (why == WAKE_REQUEST)
			return true;
	}
}

/* ---- one request ---- */

struct fcgi_exchange {
	struct worker *worker;
	int64_t deadline_ms; /* of the body */
};

static ssize_t
read_body(void *arg, char *p, size_t n)
{
	struct fcgi_exchange *x = arg;
	FCGX_Stream *in = x->worker->fcgx.in;
	int got;

	if (clock_mono_ms() >= x->deadline_ms)
		return REQUEST_LATE;
	got = FCGX_GetStr(p, n < 4096 ? (int)n : 4096, in);
	if (got > 0)
		return got;
	if (FCGX_GetError(in) == 0)
		return REQUEST_END;
	return clock_mono_ms() >= x->deadline_ms ? REQUEST_LATE : REQUEST_BROKEN;
}

/* Reads the rest of the request. True: STDIN has ended. Only then can the connection be kept, as
 * libfcgi forgets the bytes that it has read ahead, or be closed without a wait. */
static bool
drain(struct worker *w)
{
	char trash[4096];
	size_t total = 0;
	int n = 1;

	watch_set(&w->watch, clock_mono_ms() + DRAIN_MS, SHUT_RD);
	while (n > 0 && total < REQUEST_BODY_MAX) {
		n = FCGX_GetStr(trash, sizeof(trash), w->fcgx.in);
		total += (size_t)n;
	}
	return FCGX_HasSeenEOF(w->fcgx.in) && FCGX_GetError(w->fcgx.in) == 0;
}

/* True: a body may still come. False: only the end of STDIN can be missing. */
static bool
has_body(const struct worker *w)
{
	const char *length = FCGX_GetParam("CONTENT_LENGTH", w->fcgx.envp);

	return !FCGX_HasSeenEOF(w->fcgx.in) && length && strcmp(length, "") != 0 &&
	       strcmp(length, "0") != 0;
}

static bool
write_piece(void *arg, struct span piece)
{
	struct worker *w = ((struct fcgi_exchange *)arg)->worker;

	watch_set(&w->watch, clock_mono_ms() + ANSWER_MS, SHUT_RDWR);
	for (size_t at = 0; at < piece.n;) {
		size_t n = piece.n - at < 65536 ? piece.n - at : 65536;

		if (FCGX_PutStr(piece.p + at, (int)n, w->fcgx.out) < 0)
			return false;
		at += n;
	}
	return true;
}

/* An answer that is not complete must not look complete: the connection ends without FastCGI's
 * FCGI_END_REQUEST. */
static bool
answer(struct worker *w)
{
	struct fcgi_exchange x = {w, clock_mono_ms() + REQUEST_BODY_MS};
	struct channel channel = {read_body, write_piece, &x};

	watch_set(&w->watch, x.deadline_ms, SHUT_RD);
	if (rest_answer(&w->rest, w->fcgx.envp, &channel))
		return true;
	FCGX_Free(&w->fcgx, 0);
	disconnect(w);
	return false;
}

static void
serve(struct worker *w)
{
	bool is_kept;

	watch_set(&w->watch, clock_mono_ms() + PARAMS_MS, SHUT_RDWR);
	if (FCGX_Accept_r(&w->fcgx) != 0) {
		/* The connection gave no request, and libfcgi has closed it. */
		w->fcgx.ipcFd = -1;
		disconnect(w);
		return;
	}
	w->is_fresh = false;
	is_kept = w->fcgx.keepConnection && w->server->last_ms == 0;
	w->fcgx.keepConnection = 0;
	if (FCGX_GetError(w->fcgx.in) == 0) {
		if (!answer(w)) {
			rest_tidy(&w->rest);
			return;
		}
		is_kept &= w->server->last_ms == 0;
		/* When libfcgi closes a connection that is not kept, it waits until the peer has
		 * closed too. That is not needed if nothing is unread. */
		if (is_kept || !has_body(w))
			w->fcgx.keepConnection = drain(w);
	}
	watch_set(&w->watch, clock_mono_ms() + ANSWER_MS, SHUT_RDWR);
	FCGX_Finish_r(&w->fcgx);
	if (w->fcgx.ipcFd < 0 || !is_kept)
		disconnect(w);
	else
		watch_set(&w->watch, WATCH_NEVER, SHUT_RDWR);
	w->idle_until_ms = clock_mono_ms() + KEPT_MS;
	rest_tidy(&w->rest);
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct pollfd *p = mem_zalloc((2 + w->server->options->n_listeners) * sizeof(*p));
	uint64_t one = 1;

	while (wait_request(w, p))
		serve(w);
	disconnect(w);
	free(p);
	(void)!write(w->server->left_fd, &one, sizeof(one));
	return NULL;
}

/* ---- all of it ---- */

static bool
workers_open(struct server *s, struct buf *err)
{
	const struct server_options *o = s->options;

	if (!rest_open(&s->writing, o->config, o->auth, err))
		return false;
	store_remember(s->writing.store);
	s->workers = mem_zalloc((size_t)o->config->threads * sizeof(*s->workers));
	for (; s->n_workers < (size_t)o->config->threads; s->n_workers++) {
		struct worker *w = &s->workers[s->n_workers];

		w->server = s;
		if (!rest_open(&w->rest, o->config, o->auth, err))
			return false;
		w->rest.turn = s->writing.turn;
		watch_init(&w->watch);
		FCGX_InitRequest(&w->fcgx, -1, 0);
	}
	return true;
}

static int
signals_fd(void)
{
	static const int ours[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		sigaddset(&set, ours[i]);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Waits until fd is readable, and meanwhile shuts down the connections that are late. */
static void
watch_until(struct server *s, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	while (poll(&p, 1, TICK_MS) <= 0) {
		for (size_t i = 0; i < s->n_workers; i++)
			watch_check(&s->workers[i].watch, clock_mono_ms());
	}
}

static void
stop(struct server *s, size_t n_started)
{
	const struct server_options *o = s->options;
	uint64_t one = 1;

	for (size_t i = 0; i < o->n_listeners; i++)
		listen_stop(&o->listeners[i]);
	s->last_ms = clock_mono_ms() + LAST_MS;
	(void)!write(s->stop_fd, &one, sizeof(one));
	for (size_t left = n_started; left > 0;) {
		watch_until(s, s->left_fd);
		if (read(s->left_fd, &one, sizeof(one)) > 0)
			left -= (size_t)one;
	}
	for (size_t i = 0; i < n_started; i++)
		pthread_join(s->workers[i].thread, NULL);
}

/* Waits for a signal that means stop. SIGHUP reads the keys again. */
static void
wait_for_stop(struct server *s, int signals)
{
	struct signalfd_siginfo info;

	for (;;) {
		struct buf err = {0};

		watch_until(s, signals);
		if (read(signals, &info, sizeof(info)) != sizeof(info) || info.ssi_signo != SIGHUP)
			return;
		if (auth_reload(s->options->auth, &err))
			log_info("keys read anew");
		else
			log_error("keys stay as they were: %s", buf_cstr(&err));
		buf_clear(&err);
	}
}

static int
serve_all(struct server *s, int signals, struct buf *err)
{
	size_t n = 0;

	while (n < s->n_workers &&
	       pthread_create(&s->workers[n].thread, NULL, work, &s->workers[n]) == 0)
		n++;
	if (n < s->n_workers) {
		buf_str(err, "no threads: the system gave none");
	} else {
		log_info("serving with %zu threads", n);
		wait_for_stop(s, signals);
		log_info("stopping: requests under way are finished");
	}
	stop(s, n);
	return n < s->n_workers;
}

int
server_run(const struct server_options *o, struct buf *err)
{
	struct server s = {.options = o, .is_making_room = ATOMIC_FLAG_INIT};
	int signals = signals_fd(), code = 1;

	s.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s.left_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (signals < 0 || s.stop_fd < 0 || s.left_fd < 0)
		buf_printf(err, "no descriptors: %s", strerror(errno));
	else if (workers_open(&s, err))
		code = serve_all(&s, signals, err);
	for (size_t i = 0; i < s.n_workers; i++)
		rest_close(&s.workers[i].rest);
	rest_close(&s.writing);
	free(s.workers);
	close(signals);
	close(s.stop_fd);
	close(s.left_fd);
	return code;
}
