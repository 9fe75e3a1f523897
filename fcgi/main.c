/* SPDX-License-Identifier: ISC */
/*
 * main.c - escrowchat.fcgi: options, sockets, and whether it runs as a FastCGI program or as plain
 * CGI.
 */
#include <fcgiapp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "fcgi/cgi.h"
#include "fcgi/server.h"

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif
#define BUILTIN_CONFIG SYSCONFDIR "/escrowchat.conf"

extern char **environ;

static int
complain(const struct buf *line)
{
	struct span s = buf_as_span(line);

	if (s.n > 0 && s.p[s.n - 1] == '\n')
		s.n--;
	fprintf(stderr, "escrowchat.fcgi: %.*s\n", (int)s.n, s.p);
	return 2;
}

static int
usage(void)
{
	fputs("usage: escrowchat.fcgi [--config FILE] --listen HOST:PORT|unix:PATH ...\n"
	      "without --listen it is started by a web server: with a listening socket as "
	      "descriptor 0 (FastCGI),\n"
	      "or with a request in its environment (CGI); --help shows all options\n",
	    stderr);
	return 2;
}

/* If one of the descriptors 0 to 2 were closed, the database could get its number. */
static void
hold_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

static int
run_cgi(const struct config *c, const struct auth *auth)
{
	struct buf err = {0};
	struct rest_worker rest;
	bool is_open = rest_open(&rest, c, auth, &err), is_whole;

	if (!is_open)
		complain(&err);
	is_whole = cgi_answer(&rest, environ);
	if (is_open)
		rest_tidy(&rest);
	rest_close(&rest);
	buf_clear(&err);
	return is_whole ? 0 : 1;
}

/* Opens one address of --listen, or descriptor 0. The peer of a Unix socket counts as the web
 * server, so the identity header is accepted there. */
static bool
open_listener(struct listener *l, const char *spec, const struct config *c, const struct auth *auth,
    struct buf *err)
{
	struct span address = config_listen_address(spec);
	char *text = mem_strndup(address.p, address.n);
	const char *refusal;
	bool is_open = listen_open(l, text, (int)c->socket_mode, err);

	free(text);
	if (!is_open)
		return false;
	refusal = auth_listener_refusal(auth,
	    (struct auth_listener){l->is_loopback,
		config_listen_is_identity(spec) || (l->is_unix && auth_identity_header(auth))});
	if (refusal)
		buf_printf(err, "listen: %s: %s", l->name, refusal);
	else
		log_info("listening on %s", l->name);
	return refusal == NULL;
}

static bool
open_listeners(
    const struct config *c, const struct auth *auth, struct listener *l, size_t *n, struct buf *err)
{
	size_t wanted = c->listen.n > 0 ? c->listen.n : 1;

	for (*n = 0; *n < wanted; ++*n) {
		const char *spec = c->listen.n > 0 ? c->listen.v[*n] : "fd:0";

		l[*n].fd = -1;
		if (!open_listener(&l[*n], spec, c, auth, err)) {
			++*n;
			return false;
		}
	}
	return true;
}

static int
run_fastcgi(const struct config *c, const struct auth *auth)
{
	struct listener *l = mem_zalloc((c->listen.n + 1) * sizeof(*l));
	struct server_options o = {.config = c, .auth = auth, .listeners = l};
	struct buf err = {0};
	int code = 2;

	if (open_listeners(c, auth, l, &o.n_listeners, &err))
		code = server_run(&o, &err);
	for (size_t i = 0; i < o.n_listeners; i++)
		listen_close(&l[i]);
	if (err.len > 0)
		complain(&err);
	free(l);
	buf_clear(&err);
	return code;
}

/* Runs the program with a configuration that was read without errors. */
static int
run(const struct config *c, bool is_cgi)
{
	struct buf text = {0};
	struct auth *auth = auth_new(c, &text);
	int code = 0;

	if (!auth) {
		code = complain(&text);
		if (is_cgi)
			cgi_unavailable();
	} else if (c->print_effective) {
		config_print(c, PROGRAM_FCGI, &text);
		fwrite(text.p, 1, text.len, stdout);
	} else if (c->check_only) {
		puts("the configuration is good");
	} else if (is_cgi) {
		code = run_cgi(c, auth);
	} else if (c->listen.n == 0 && FCGX_IsCGI()) {
		code = usage();
	} else {
		code = run_fastcgi(c, auth);
	}
	auth_free(auth);
	buf_clear(&text);
	return code;
}

/* A web server may give a CGI program the query as arguments (RFC 3875, section 4.4), so they are
 * not options then. */
static bool
is_started_as_cgi(void)
{
	return getenv("GATEWAY_INTERFACE") || (getenv("REQUEST_METHOD") && FCGX_IsCGI());
}

int
main(int argc, char **argv)
{
	struct buf out = {0}, err = {0};
	struct config c = {0};
	bool has_cgi_env, is_cgi;
	int code = 0;

	hold_standard_descriptors();
	umask(007);
	signal(SIGPIPE, SIG_IGN);
	FCGX_Init();
	/* libfcgi has set handlers of its own, which would swallow a signal that comes early. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	signal(SIGUSR1, SIG_DFL);
	has_cgi_env = is_started_as_cgi();
	is_cgi = has_cgi_env && getenv("REQUEST_METHOD") && FCGX_IsCGI();
	if (argc < 2 && !is_cgi && FCGX_IsCGI())
		return usage();
	switch (config_load(
	    &c, PROGRAM_FCGI, has_cgi_env ? 0 : argc, argv, environ, BUILTIN_CONFIG, &out, &err)) {
	case CONFIG_OK:
		log_setup("escrowchat.fcgi", c.log, c.log_format, c.log_level);
		code = run(&c, is_cgi);
		break;
	case CONFIG_EXIT_0:
		fwrite(out.p, 1, out.len, stdout);
		break;
	case CONFIG_WRONG:
		code = complain(&err);
		if (is_cgi)
			cgi_unavailable();
		break;
	}
	config_clear(&c);
	buf_clear(&out);
	buf_clear(&err);
	return code;
}
