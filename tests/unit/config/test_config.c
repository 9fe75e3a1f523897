/* SPDX-License-Identifier: ISC */
/*
 * test_config.c - what config/config.h promises.
 */
#include "config/config.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* One load: its inputs are set by the test, its results are freed by done(). */
struct run {
	struct config config;
	struct buf out, err;
	char path[64]; /* of the file, or empty */
};

static void
write_file(struct run *r, const char *contents, size_t n)
{
	int fd;

	strcpy(r->path, "/tmp/test_config.XXXXXX");
	fd = mkstemp(r->path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, contents, n), n);
	close(fd);
}

/* words: blank-separated options; env: blank-separated variables. */
static enum config_verdict
load(struct run *r, enum config_program program, const char *words, const char *env)
{
	char name[] = "program", *argv[32] = {name}, *environ_like[32] = {NULL};
	char *words_copy = strdup(words), *env_copy = strdup(env), *rest, *word;
	enum config_verdict verdict;
	int argc = 1, n_env = 0;

	for (rest = words_copy; (word = strsep(&rest, " ")) != NULL;)
		if (*word != '\0')
			argv[argc++] = word;
	for (rest = env_copy; (word = strsep(&rest, " ")) != NULL;)
		if (*word != '\0')
			environ_like[n_env++] = word;
	verdict = config_load(&r->config, program, argc, argv, environ_like,
	    r->path[0] ? r->path : NULL, &r->out, &r->err);
	free(words_copy);
	free(env_copy);
	return verdict;
}

static void
done(struct run *r)
{
	config_clear(&r->config);
	buf_clear(&r->out);
	buf_clear(&r->err);
	if (r->path[0] != '\0')
		unlink(r->path);
	*r = (struct run){0};
}

static void
assert_wrong(enum config_program program, const char *words, const char *env, const char *part)
{
	struct run r = {0};
	enum config_verdict verdict = load(&r, program, words, env);
	const char *err = buf_cstr(&r.err);

	if (verdict != CONFIG_WRONG || strstr(err, part) == NULL)
		fail_msg("%s %s: verdict %d: %s(wanted %s)", words, env, verdict, err, part);
	assert_ptr_equal(strchr(err, '\n'), err + r.err.len - 1);
	done(&r);
}

static void
assert_wrong_file(const char *contents, const char *part)
{
	struct run r = {0};
	const char *err;

	write_file(&r, contents, strlen(contents));
	assert_int_equal(load(&r, PROGRAM_DAEMON, "--auth open", ""), CONFIG_WRONG);
	err = buf_cstr(&r.err);
	if (strncmp(err, r.path, strlen(r.path)) != 0 || strstr(err, part) == NULL)
		fail_msg("%s: %s(wanted %s)", contents, err, part);
	assert_ptr_equal(strchr(err, '\n'), err + r.err.len - 1);
	done(&r);
}

static void
assert_list(const struct config_list *list, const char *joined)
{
	struct buf b = {0};

	for (size_t i = 0; i < list->n; i++)
		buf_printf(&b, "%s%s", i > 0 ? " " : "", list->v[i]);
	assert_string_equal(buf_cstr(&b), joined);
	buf_clear(&b);
}

static void
defaults_are_as_documented(void **state)
{
	struct run r = {0};
	struct config *c = &r.config;

	assert_int_equal(load(&r, PROGRAM_DAEMON, "--auth open", "HOME=/ PATH=/bin"), CONFIG_OK);
	assert_list(&c->listen, "127.0.0.1:3001");
	assert_string_equal(c->database, "/var/lib/escrowchat/escrowchat.db");
	assert_int_equal(c->database_mode, 0660);
	assert_null(c->database_group);
	assert_int_equal(c->durability, DURABILITY_FULL);
	assert_int_equal(c->auth, AUTH_OPEN);
	assert_int_equal(c->rooms, ROOMS_MEMBERS);
	assert_list(&c->frontend_url, "http://localhost:5173");
	assert_int_equal(c->trusted_proxies.n, 0);
	assert_null(c->service_keys);
	assert_int_equal(c->presence_grace_ms, 2000);
	assert_int_equal(c->recovery_ms, 120000);
	assert_int_equal(c->recovery_clients, RECOVERY_BROWSERS);
	assert_int_equal(c->queue_keep_ms, 72 * 3600000);
	assert_int_equal(c->queue_rows, 0);
	assert_int_equal(c->message_rate, 200);
	assert_int_equal(c->message_bytes, 20 << 20);
	assert_int_equal(c->max_connections, 100000);
	assert_int_equal(c->max_message, 128 << 10);
	assert_int_equal(c->max_per_wallet, 50);
	assert_int_equal(c->max_per_address, 1000);
	assert_int_equal(c->max_queued_per_wallet, 8 << 20);
	assert_int_equal(c->max_queued, 256 << 20);
	assert_int_equal(c->max_rooms, 200);
	assert_int_equal(c->max_body, 1000000);
	assert_int_equal(c->max_header, 16 << 10);
	assert_int_equal(c->event_rate, 1000);
	assert_int_equal(c->sign_in_rate, 30);
	assert_int_equal(c->replay_rate, 8 << 20);
	assert_int_equal(c->socket_mode, 0660);
	assert_int_equal(c->threads, 4);
	assert_null(c->url_prefix);
	assert_int_equal(c->log, LOG_TARGET_STDERR);
	assert_int_equal(c->log_format, LOG_FORMAT_TEXT);
	assert_int_equal(c->log_level, LOG_LEVEL_INFO);
	assert_false(c->check_only || c->print_effective);
	assert_int_equal(r.err.len, 0);
	done(&r);
}

static void
an_option_beats_the_environment_beats_the_file_beats_the_default(void **state)
{
	static const struct {
		const char *file, *env, *words;
		int64_t want;
		const char *source;
	} cases[] = {
	    {"", "", "", 0, "default"},
	    {"queue_rows=1\n", "", "", 1, NULL /* the file */},
	    {"queue_rows=1\n", "ESCROWCHAT_QUEUE_ROWS=2", "", 2,
		"environment ESCROWCHAT_QUEUE_ROWS"},
	    {"queue_rows=1\n", "ESCROWCHAT_QUEUE_ROWS=2", "--queue-rows 3", 3,
		"option --queue-rows"},
	    {"queue_rows=1\n", "", "--queue-rows=3", 3, "option --queue-rows"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct run r = {0};
		char words[80], *line;

		write_file(&r, cases[i].file, strlen(cases[i].file));
		snprintf(words, sizeof(words), "--auth open %s", cases[i].words);
		assert_int_equal(load(&r, PROGRAM_DAEMON, words, cases[i].env), CONFIG_OK);
		assert_int_equal(r.config.queue_rows, cases[i].want);
		config_print(&r.config, PROGRAM_DAEMON, &r.out);
		line = strstr(buf_cstr(&r.out), "queue_rows = ");
		assert_non_null(line);
		*strchr(line, '\n') = '\0';
		assert_non_null(strstr(line, cases[i].source ? cases[i].source : r.path));
		done(&r);
	}
}

static void
given_twice_the_last_wins(void **state)
{
	struct run r = {0};

	write_file(&r, "threads=2\nthreads=3\n", 20);
	assert_int_equal(
	    load(&r, PROGRAM_DAEMON, "--auth open --rooms members --rooms open", ""), CONFIG_OK);
	assert_int_equal(r.config.threads, 3);
	assert_int_equal(r.config.rooms, ROOMS_OPEN);
	done(&r);
}

static void
a_list_grows_in_one_source_and_is_replaced_by_a_stronger_one(void **state)
{
	static const char file[] =
	    "listen = 127.0.0.1:1, [::1]:2\nlisten = unix:/run/a.sock fd:3\n";
	struct run r = {0};

	write_file(&r, file, sizeof(file) - 1);
	assert_int_equal(load(&r, PROGRAM_DAEMON, "--auth open", ""), CONFIG_OK);
	assert_list(&r.config.listen, "127.0.0.1:1 [::1]:2 unix:/run/a.sock fd:3");
	done(&r);
	write_file(&r, file, sizeof(file) - 1);
	assert_int_equal(load(&r, PROGRAM_DAEMON, "--auth open", "PORT=80"), CONFIG_OK);
	assert_list(&r.config.listen, "127.0.0.1:80");
	done(&r);
	write_file(&r, file, sizeof(file) - 1);
	assert_int_equal(
	    load(&r, PROGRAM_DAEMON, "--auth open", "ESCROWCHAT_LISTEN=localhost:0 PORT=80"),
	    CONFIG_OK);
	assert_list(&r.config.listen, "localhost:0");
	done(&r);
	write_file(&r, file, sizeof(file) - 1);
	assert_int_equal(load(&r, PROGRAM_DAEMON, "--auth open --listen fd:9 --listen=h:8,h:7",
			     "ESCROWCHAT_LISTEN=localhost:0"),
	    CONFIG_OK);
	assert_list(&r.config.listen, "fd:9 h:8 h:7");
	done(&r);
}

static void
an_empty_list_is_a_list(void **state)
{
	struct run r = {0};

	assert_int_equal(
	    load(&r, PROGRAM_DAEMON, "--auth open", "ESCROWCHAT_FRONTEND_URL="), CONFIG_OK);
	assert_int_equal(r.config.frontend_url.n, 0);
	done(&r);
}

static void
file_and_environment_do_not_make_the_fastcgi_program_listen(void **state)
{
	struct run r = {0};

	write_file(&r, "listen = h:1\n", 13);
	assert_int_equal(
	    load(&r, PROGRAM_FCGI, "--auth open", "ESCROWCHAT_LISTEN=h:2 PORT=3"), CONFIG_OK);
	assert_int_equal(r.config.listen.n, 0);
	done(&r);
	assert_int_equal(
	    load(&r, PROGRAM_FCGI, "--auth open --listen unix:/s", "PORT=x"), CONFIG_OK);
	assert_list(&r.config.listen, "unix:/s");
	done(&r);
}

static void
the_variables_of_the_reference_are_weaker_than_ours(void **state)
{
	struct run r = {0};

	assert_int_equal(
	    load(&r, PROGRAM_FCGI, "--auth open", "FRONTEND_URL=https://a.example"), CONFIG_OK);
	assert_list(&r.config.frontend_url, "https://a.example");
	done(&r);
	assert_int_equal(
	    load(&r, PROGRAM_DAEMON, "--auth open",
		"ESCROWCHAT_FRONTEND_URL=https://b.example FRONTEND_URL=https://a.example PORT="),
	    CONFIG_OK);
	assert_list(&r.config.frontend_url, "https://b.example");
	assert_list(&r.config.listen, "127.0.0.1:3001");
	done(&r);
	assert_wrong(PROGRAM_DAEMON, "--auth open", "PORT=http", "environment PORT: listen: ");
	assert_wrong(PROGRAM_DAEMON, "--auth open", "PORT=65536", "65535");
	assert_wrong(PROGRAM_DAEMON, "--auth open", "FRONTEND_URL=*", "environment FRONTEND_URL");
}

static void
the_file_takes_comments_blanks_and_either_line_end(void **state)
{
	static const char file[] =
	    "# comment = 1\r\n\r\n   \t\n\tthreads\t=  5 \t \r\nauth=open # why\n"
	    "database = /srv/my#db = x\nlog_level = warn";
	struct run r = {0};

	write_file(&r, file, sizeof(file) - 1);
	assert_int_equal(load(&r, PROGRAM_FCGI, "", ""), CONFIG_OK);
	assert_int_equal(r.config.threads, 5);
	assert_string_equal(r.config.database, "/srv/my#db = x");
	assert_int_equal(r.config.log_level, LOG_LEVEL_WARN);
	done(&r);
}

static void
a_bad_line_is_named_by_file_and_number(void **state)
{
	assert_wrong_file("\n\nthreds = 1\n", ":3: threds: unknown; the nearest is threads; ");
	assert_wrong_file("threads\n", ":1: no '='");
	assert_wrong_file(
	    "threads = 0\n", ":1: threads: \"0\" is too small; accepted: a number from 1 to 64");
	assert_wrong_file("log = file\n", "accepted: stderr, syslog");
	assert_wrong_file("= 1\n", ":1: unknown");
	assert_wrong_file("database =\n", "database: \"\" is empty; accepted: a path");
	assert_wrong_file("log = a\x1b[1m\n", "a?[1m");
	assert_wrong_file("Threads = 1\n", "unknown");
}

static void
a_line_may_have_4096_bytes_and_not_one_more(void **state)
{
	struct buf text = {0};
	struct run r = {0};

	for (size_t extra = 0; extra <= 1; extra++) {
		text.len = 0;
		buf_str(&text, "database = ");
		while (text.len < 4096 + extra)
			buf_addc(&text, 'd');
		buf_str(&text, "\nthreads = 2\n");
		write_file(&r, text.p, text.len);
		assert_int_equal(load(&r, PROGRAM_DAEMON, "--auth open", ""),
		    extra == 0 ? CONFIG_OK : CONFIG_WRONG);
		assert_true(extra == 0 || strstr(buf_cstr(&r.err), ":1: line too long") != NULL);
		done(&r);
	}
	write_file(&r, "threads = 1\0\n", 13);
	assert_int_equal(load(&r, PROGRAM_DAEMON, "--auth open", ""), CONFIG_WRONG);
	done(&r);
	buf_clear(&text);
}

static void
a_file_that_was_named_must_exist_and_the_builtin_one_need_not(void **state)
{
	struct run r = {.path = "/nonexistent/escrowchat.conf"};

	assert_int_equal(load(&r, PROGRAM_DAEMON, "--auth open", ""), CONFIG_OK);
	done(&r);
	assert_wrong(
	    PROGRAM_DAEMON, "--auth open -c /nonexistent", "", "/nonexistent: No such file");
	assert_wrong(
	    PROGRAM_DAEMON, "--auth open", "ESCROWCHAT_CONFIG=/nonexistent", "/nonexistent: ");
	assert_wrong(PROGRAM_DAEMON, "--auth open --config=/tmp", "", "/tmp: ");
}

static void
the_option_names_the_file_before_the_environment_does(void **state)
{
	struct run r = {0};
	char words[128];

	write_file(&r, "auth = open\n", 12);
	snprintf(words, sizeof(words), "--config %s", r.path);
	assert_int_equal(
	    load(&r, PROGRAM_DAEMON, words, "ESCROWCHAT_CONFIG=/nonexistent"), CONFIG_OK);
	assert_int_equal(r.config.auth, AUTH_OPEN);
	done(&r);
}

static void
options_and_variables_are_checked_by_name(void **state)
{
	assert_wrong(PROGRAM_DAEMON, "--auth open --nope 1", "",
	    "option --nope: unknown; escrowchatd --help lists all\n");
	assert_wrong(PROGRAM_DAEMON, "--auth open --max_message 1m", "",
	    "option --max_message: unknown; the nearest is --max-message; ");
	assert_wrong(
	    PROGRAM_DAEMON, "--auth open stray", "", "argument stray: only options are accepted");
	assert_wrong(PROGRAM_DAEMON, "--auth open --", "", "option --: unknown");
	assert_wrong(PROGRAM_DAEMON, "--auth open -t=1", "", "option -t: unknown");
	assert_wrong(PROGRAM_DAEMON, "--auth", "", "option --auth: accepted: a value");
	assert_wrong(PROGRAM_DAEMON, "--auth open -c", "", "option -c: accepted: a value");
	assert_wrong(
	    PROGRAM_FCGI, "--auth open --Sign-in-rat 1", "", "the nearest is --sign-in-rate");
	assert_wrong(PROGRAM_DAEMON, "--auth open --log-level loud", "",
	    "option --log-level: log_level: \"loud\" is unknown; accepted: debug, info, warn, "
	    "error");
	assert_wrong(PROGRAM_DAEMON, "--auth open", "ESCROWCHAT_NOPE=1",
	    "environment ESCROWCHAT_NOPE: unknown; escrowchatd --help lists all\n");
	assert_wrong(PROGRAM_DAEMON, "--auth open", "ESCROWCHAT_TREADS=1",
	    "environment ESCROWCHAT_TREADS: unknown; the nearest is ESCROWCHAT_THREADS; ");
	assert_wrong(PROGRAM_DAEMON, "--auth open", "ESCROWCHAT_LOG=1",
	    "environment ESCROWCHAT_LOG: log: \"1\"");
}

static void
every_key_is_an_option_of_both_programs(void **state)
{
	for (int program = PROGRAM_DAEMON; program <= PROGRAM_FCGI; program++) {
		struct run help = {0}, r = {0};

		assert_int_equal(
		    load(&r, (enum config_program)program,
			"--auth open --sign-in-rate 7 --chain-id 5 --token-lifetime 2d "
			"--token-idle 3h --threads 2 --url-prefix /x --event-rate 9 "
			"--recovery 0",
			""),
		    CONFIG_OK);
		assert_int_equal(r.config.sign_in_rate, 7);
		assert_int_equal(r.config.chain_id, 5);
		assert_int_equal(r.config.token_idle_ms, 3 * 3600000);
		assert_int_equal(r.config.event_rate, 9);
		assert_int_equal(r.config.recovery_ms, 0);
		config_print(&r.config, PROGRAM_BOTH, &r.out);
		config_help((enum config_program)program, &help.out);
		buf_cstr(&r.out);
		for (char *line = r.out.p; *line != '\0'; line = strchr(line, '\n') + 1) {
			char option[64];

			snprintf(
			    option, sizeof(option), "  --%.*s ", (int)strcspn(line, " "), line);
			for (char *c = option; *c != '\0'; c++)
				*c = *c == '_' ? '-' : *c;
			assert_non_null(strstr(buf_cstr(&help.out), option));
		}
		done(&help);
		done(&r);
	}
}

static void
auth_is_by_wallet_or_set_to_what_is_built(void **state)
{
	struct run r = {0};

	assert_int_equal(load(&r, PROGRAM_DAEMON, "", ""), CONFIG_OK);
	assert_int_equal(r.config.auth, AUTH_WALLET);
	done(&r);
	assert_int_equal(load(&r, PROGRAM_FCGI, "", ""), CONFIG_OK);
	assert_int_equal(r.config.auth, AUTH_WALLET);
	done(&r);
	assert_wrong(
	    PROGRAM_DAEMON, "--rooms open", "", "rooms: \"open\" goes with auth = open only");
	assert_int_equal(load(&r, PROGRAM_DAEMON, "--auth proxy", ""), CONFIG_OK);
	assert_string_equal(r.config.proxy_header, "X-Remote-User");
	done(&r);
	assert_wrong(PROGRAM_DAEMON, "--auth none", "",
	    "\"none\" is unknown; accepted: wallet, open, jwt, proxy\n");
}

static void
with_jwt_nothing_about_the_tokens_is_taken_for_granted(void **state)
{
	struct run r = {0};

	assert_wrong(PROGRAM_DAEMON, "--auth jwt", "", "jwt_keys: not set");
	assert_wrong(PROGRAM_FCGI, "--auth jwt --jwt-keys /k", "", "jwt_issuer: not set");
	assert_wrong(PROGRAM_DAEMON, "--auth jwt --jwt-keys /k --jwt-issuer any", "",
	    "jwt_audience: not set");
	assert_int_equal(load(&r, PROGRAM_DAEMON,
			     "--auth jwt --jwt-keys /k --jwt-issuer i --jwt-audience any", ""),
	    CONFIG_OK);
	assert_string_equal(r.config.jwt_claim, "sub");
	done(&r);
}

static void
a_listener_of_identity_is_a_unix_socket(void **state)
{
	struct run r = {0};
	const char *text = "auth = proxy\nlisten = unix:/a identity, unix:/b\nlisten = fd:3\n";

	write_file(&r, text, strlen(text));
	assert_int_equal(load(&r, PROGRAM_DAEMON, "", ""), CONFIG_OK);
	assert_list(&r.config.listen, "unix:/a identity unix:/b fd:3");
	assert_true(config_listen_is_identity(r.config.listen.v[0]));
	assert_true(span_is(config_listen_address(r.config.listen.v[0]), "unix:/a"));
	assert_false(config_listen_is_identity(r.config.listen.v[1]));
	assert_true(span_is(config_listen_address(r.config.listen.v[1]), "unix:/b"));
	done(&r);
	assert_wrong(
	    PROGRAM_DAEMON, "--listen identity", "", "\"identity\" does not follow a unix:PATH");
	assert_wrong(PROGRAM_DAEMON, "", "ESCROWCHAT_LISTEN=127.0.0.1:1,identity",
	    "\"identity\" does not follow a unix:PATH");
	assert_wrong(PROGRAM_DAEMON, "", "ESCROWCHAT_LISTEN=unix:/a,identity,identity",
	    "\"identity\" does not follow a unix:PATH");
}

static void
the_header_of_the_web_server_has_one_spelling(void **state)
{
	assert_wrong(PROGRAM_DAEMON, "--proxy-header X_Remote_User", "", "proxy_header");
	assert_wrong(PROGRAM_DAEMON, "--proxy-header=", "", "proxy_header");
	assert_wrong(PROGRAM_DAEMON, "--proxy-header X:Y", "", "proxy_header");
}

static void
help_and_version_need_nothing_else(void **state)
{
	static const char *const words[] = {"--help", "-h", "--version", "-V"};
	struct run r = {0};

	for (size_t i = 0; i < COUNT(words); i++) {
		assert_int_equal(
		    load(&r, PROGRAM_DAEMON, words[i], "ESCROWCHAT_NOPE=1"), CONFIG_EXIT_0);
		assert_non_null(strstr(buf_cstr(&r.out), "escrowchatd"));
		assert_int_equal(strstr(r.out.p, "--max-message SIZE") != NULL, i < 2);
		assert_int_equal(r.err.len, 0);
		done(&r);
	}
}

static void
without_arguments_no_option_is_read(void **state)
{
	char auth[] = "ESCROWCHAT_AUTH=open", *env[] = {auth, NULL};
	struct run r = {0};

	assert_int_equal(
	    config_load(&r.config, PROGRAM_FCGI, 0, NULL, env, NULL, &r.out, &r.err), CONFIG_OK);
	done(&r);
}

static void
flags_are_remembered(void **state)
{
	struct run r = {0};

	assert_int_equal(load(&r, PROGRAM_DAEMON, "-t -T --auth open", ""), CONFIG_OK);
	assert_true(r.config.check_only && r.config.print_effective);
	done(&r);
}

struct sample {
	const char *words; /* an option and its value */
	int64_t want;      /* -1: refused */
};

static int64_t
number_of(const struct config *c, const char *words)
{
	return strncmp(words, "--queue-keep", 12) == 0      ? c->queue_keep_ms
	       : strncmp(words, "--presence", 10) == 0      ? c->presence_grace_ms
	       : strncmp(words, "--max-message", 13) == 0   ? c->max_message
	       : strncmp(words, "--database-mode", 15) == 0 ? c->database_mode
	       : strncmp(words, "--socket-mode", 13) == 0   ? c->socket_mode
							    : c->message_rate;
}

static void
numbers_have_units_and_limits(void **state)
{
	static const struct sample samples[] = {{"--presence-grace 0", 0},
	    {"--presence-grace 0s", 0}, {"--presence-grace 250ms", 250},
	    {"--presence-grace 2s", 2000}, {"--presence-grace 5m", 300000},
	    {"--queue-keep 72h", 259200000}, {"--queue-keep 7d", 604800000},
	    {"--presence-grace 5", -1}, {"--presence-grace s", -1}, {"--presence-grace -1s", -1},
	    {"--presence-grace 1.5s", -1}, {"--presence-grace 2h", -1},
	    {"--queue-keep 9223372036854775807d", -1}, {"--queue-keep 99999999999999999999s", -1},
	    {"--queue-keep 999ms", -1}, {"--max-message 71680", 71680},
	    {"--max-message 70k", 71680}, {"--max-message 16m", 16 << 20},
	    {"--max-message 16M", 16 << 20}, {"--max-message 69k", -1}, {"--max-message 17m", -1},
	    {"--max-message 1kb", -1}, {"--max-message 18014398509481984k", -1},
	    {"--database-mode 0640", 0640}, {"--socket-mode 666", 0666},
	    {"--database-mode 0888", -1}, {"--database-mode 1777", -1},
	    {"--database-mode 0066", -1}, {"--database-mode 777777777", -1},
	    {"--message-rate 100", 100}, {"--message-rate 1000001", -1}, {"--message-rate 1k", -1},
	    {"--message-rate 0x1", -1}};

	for (size_t i = 0; i < COUNT(samples); i++) {
		struct run r = {0};
		char words[100];
		enum config_verdict verdict;

		snprintf(words, sizeof(words), "--auth open %s", samples[i].words);
		verdict = load(&r, PROGRAM_DAEMON, words, "");
		if (verdict != (samples[i].want < 0 ? CONFIG_WRONG : CONFIG_OK))
			fail_msg("%s: verdict %d", words, verdict);
		if (samples[i].want >= 0)
			assert_int_equal(number_of(&r.config, samples[i].words), samples[i].want);
		done(&r);
	}
}

static void
addresses_to_listen_on_are_checked(void **state)
{
	static const char *const right[] = {"127.0.0.1:0", "0.0.0.0:65535", "localhost:80",
	    "[::1]:80", "my-host.example:1", "unix:/run/x", "unix:rel", "fd:0", "fd:42"};
	static const char *const wrong[] = {"80", ":80", "localhost",
	    "localhost:", "localhost:65536", "localhost:-1", "localhost:http", "::1:80", "[::1]",
	    "[::g]:80", "[]:80", "1.2.3:80", "1.2.3.256:80", "unix:", "fd:", "fd:x", "fd:-1",
	    "http://x:80", "ho/st:80"};
	struct run r = {0};
	char words[100];

	for (size_t i = 0; i < COUNT(right); i++) {
		snprintf(words, sizeof(words), "--auth open --listen %s", right[i]);
		assert_int_equal(load(&r, PROGRAM_DAEMON, words, ""), CONFIG_OK);
		assert_list(&r.config.listen, right[i]);
		done(&r);
	}
	for (size_t i = 0; i < COUNT(wrong); i++) {
		snprintf(words, sizeof(words), "--auth open --listen %s", wrong[i]);
		assert_wrong(PROGRAM_DAEMON, words, "", "accepted: HOST:PORT, unix:PATH, fd:N");
	}
}

static void
a_value_that_is_refused_comes_with_the_reason(void **state)
{
	static const char *const cases[][2] = {
	    {"--listen 127.0.0.1:99999", "has a port that is not a number from 0 to 65535"},
	    {"--listen localhost", "\"localhost\" has no port"},
	    {"--listen :80", "has no host"},
	    {"--listen ::1:80", "has an IPv6 address that is not in brackets"},
	    {"--listen 1.2.3:80", "has a host that is neither a name nor an address"},
	    {"--listen fd:x", "has no number of a descriptor"},
	    {"--frontend-url localhost", "has no scheme such as https://"},
	    {"--frontend-url http://a/b", "has a path"},
	    {"--trusted-proxies 10.0.0.0/33",
		"has a prefix length that is not a number from 0 to 32"},
	    {"--presence-grace 5", "\"5\" has no unit"},
	    {"--presence-grace 5y", "has an unknown unit"},
	    {"--presence-grace soon", "does not begin with a number"},
	    {"--presence-grace 2h", "\"2h\" is too large; accepted: a duration"},
	    {"--max-message 1k", "\"1k\" is too small; accepted: a size (64k, 1m) from 70k"},
	    {"--queue-rows many", "is no decimal number"},
	    {"--database-mode 0888", "is no octal number"},
	};
	char words[100];

	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(words, sizeof(words), "--auth open %s", cases[i][0]);
		assert_wrong(PROGRAM_DAEMON, words, "", cases[i][1]);
	}
}

static void
a_socket_path_has_at_most_107_bytes(void **state)
{
	struct run r = {0};
	char words[160] = "--auth open --listen unix:";
	size_t at = strlen(words);

	memset(words + at, 'p', 107);
	assert_int_equal(load(&r, PROGRAM_DAEMON, words, ""), CONFIG_OK);
	done(&r);
	words[at + 107] = 'p';
	assert_wrong(PROGRAM_DAEMON, words, "", "accepted: HOST:PORT");
}

static void
origins_are_brought_to_the_spelling_of_browsers(void **state)
{
	static const char *const pairs[][2] = {{"http://localhost:5173", "http://localhost:5173"},
	    {"https://App.Example.COM/", "https://app.example.com"}, {"HTTP://a:80", "http://a"},
	    {"https://a:443/", "https://a"}, {"http://a:443", "http://a:443"},
	    {"http://[::1]:80/", "http://[::1]"},
	    {"capacitor://localhost", "capacitor://localhost"}};
	static const char *const wrong[] = {"*", "null", "localhost", "http://", "http:///",
	    "http://a/b", "http://a//", "http://a:", "http://a:x", "http://a:70000", "://a",
	    "http://a?b", "http://u@a", "1http://a"};
	struct run r = {0};
	char words[100];

	for (size_t i = 0; i < COUNT(pairs); i++) {
		snprintf(words, sizeof(words), "--auth open --frontend-url %s", pairs[i][0]);
		assert_int_equal(load(&r, PROGRAM_DAEMON, words, ""), CONFIG_OK);
		assert_list(&r.config.frontend_url, pairs[i][1]);
		done(&r);
	}
	for (size_t i = 0; i < COUNT(wrong); i++) {
		snprintf(words, sizeof(words), "--auth open --frontend-url %s", wrong[i]);
		assert_wrong(PROGRAM_DAEMON, words, "", "accepted: scheme://host[:port]");
	}
}

static void
proxies_are_addresses_or_networks(void **state)
{
	struct run r = {0};

	assert_int_equal(load(&r, PROGRAM_DAEMON,
			     "--auth open --trusted-proxies 10.0.0.0/8,::1,fd00::/64,unix", ""),
	    CONFIG_OK);
	assert_list(&r.config.trusted_proxies, "10.0.0.0/8 ::1 fd00::/64 unix");
	done(&r);
	assert_wrong(
	    PROGRAM_DAEMON, "--auth open --trusted-proxies 10.0.0.0/33", "", "10.0.0.0/33");
	assert_wrong(PROGRAM_DAEMON, "--auth open --trusted-proxies ::1,proxy", "",
	    "\"proxy\" is no address; accepted: ADDRESS");
	assert_wrong(PROGRAM_DAEMON, "--auth open --trusted-proxies ::1/", "", "::1/");
}

static void
a_prefix_of_paths_is_absolute_and_ends_bare(void **state)
{
	struct run r = {0};

	assert_int_equal(
	    load(&r, PROGRAM_FCGI, "--auth open --url-prefix /chat/v1/", ""), CONFIG_OK);
	assert_string_equal(r.config.url_prefix, "/chat/v1");
	done(&r);
	assert_wrong(PROGRAM_FCGI, "--auth open --url-prefix chat", "", "url_prefix");
	assert_wrong(PROGRAM_FCGI, "--auth open --url-prefix /a?b", "", "url_prefix");
}

static void
what_is_printed_reads_back_the_same(void **state)
{
	struct run first = {0}, second = {0};

	assert_int_equal(load(&first, PROGRAM_DAEMON,
			     "--auth open --listen h:1,unix:/s --queue-keep 90s --max-message "
			     "100001 --presence-grace 1500ms "
			     "--rooms open --recovery-clients asked --socket-mode 0600 "
			     "--log-format json --database /x#y",
			     ""),
	    CONFIG_OK);
	config_print(&first.config, PROGRAM_DAEMON, &first.out);
	write_file(&second, first.out.p, first.out.len);
	assert_int_equal(load(&second, PROGRAM_DAEMON, "", ""), CONFIG_OK);
	assert_list(&second.config.listen, "h:1 unix:/s");
	assert_int_equal(second.config.queue_keep_ms, 90000);
	assert_int_equal(second.config.max_message, 100001);
	assert_int_equal(second.config.presence_grace_ms, 1500);
	assert_int_equal(second.config.rooms, ROOMS_OPEN);
	assert_int_equal(second.config.recovery_clients, RECOVERY_ASKED);
	assert_int_equal(second.config.socket_mode, 0600);
	assert_int_equal(second.config.log_format, LOG_FORMAT_JSON);
	assert_string_equal(second.config.database, "/x#y");
	assert_null(second.config.database_group);
	assert_int_equal(second.config.threads, 4);
	done(&first);
	done(&second);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(defaults_are_as_documented),
	    cmocka_unit_test(an_option_beats_the_environment_beats_the_file_beats_the_default),
	    cmocka_unit_test(given_twice_the_last_wins),
	    cmocka_unit_test(a_list_grows_in_one_source_and_is_replaced_by_a_stronger_one),
	    cmocka_unit_test(an_empty_list_is_a_list),
	    cmocka_unit_test(file_and_environment_do_not_make_the_fastcgi_program_listen),
	    cmocka_unit_test(the_variables_of_the_reference_are_weaker_than_ours),
	    cmocka_unit_test(the_file_takes_comments_blanks_and_either_line_end),
	    cmocka_unit_test(a_bad_line_is_named_by_file_and_number),
	    cmocka_unit_test(a_line_may_have_4096_bytes_and_not_one_more),
	    cmocka_unit_test(a_file_that_was_named_must_exist_and_the_builtin_one_need_not),
	    cmocka_unit_test(the_option_names_the_file_before_the_environment_does),
	    cmocka_unit_test(options_and_variables_are_checked_by_name),
	    cmocka_unit_test(every_key_is_an_option_of_both_programs),
	    cmocka_unit_test(auth_is_by_wallet_or_set_to_what_is_built),
	    cmocka_unit_test(with_jwt_nothing_about_the_tokens_is_taken_for_granted),
	    cmocka_unit_test(a_listener_of_identity_is_a_unix_socket),
	    cmocka_unit_test(the_header_of_the_web_server_has_one_spelling),
	    cmocka_unit_test(help_and_version_need_nothing_else),
	    cmocka_unit_test(without_arguments_no_option_is_read),
	    cmocka_unit_test(flags_are_remembered),
	    cmocka_unit_test(numbers_have_units_and_limits),
	    cmocka_unit_test(addresses_to_listen_on_are_checked),
	    cmocka_unit_test(a_value_that_is_refused_comes_with_the_reason),
	    cmocka_unit_test(a_socket_path_has_at_most_107_bytes),
	    cmocka_unit_test(origins_are_brought_to_the_spelling_of_browsers),
	    cmocka_unit_test(proxies_are_addresses_or_networks),
	    cmocka_unit_test(a_prefix_of_paths_is_absolute_and_ends_bare),
	    cmocka_unit_test(what_is_printed_reads_back_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
