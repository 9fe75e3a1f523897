/* SPDX-License-Identifier: ISC */
/*
 * config.c - the configuration of the programs: the four sources in their order. They are read from
 * the weakest to the strongest. A value of a stronger source replaces the earlier one; further
 * values of the same source are added to a list.
 */
#include "config/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "config/config_value.h"

#if __has_include(<config.h>)
#include <config.h>
#endif
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unversioned"
#endif

#define FILE_LINE_MAX 4096

enum rank { RANK_DEFAULT, RANK_FILE, RANK_FOREIGN_ENV, RANK_ENV, RANK_OPTION };

struct config_source {
	enum rank rank;
	struct buf where; /* for people: "option", "FILE:LINE", … */
};

/* One run of config_load. */
struct loader {
	struct config *config;
	enum config_program program;
	char **env;
	struct buf *out, *err;
	const char *file; /* the file that an option or the environment names, or NULL */
};

/* ---- messages ---- */

/* Ends the line in err. Bytes of the input that could control a terminal become '?'. */
static bool
refuse(struct loader *l, const char *where, const char *key, const char *why)
{
	size_t from = l->err->len;

	buf_printf(l->err, "%s%s%s%s%s", where, *where ? ": " : "", key, *key ? ": " : "", why);
	for (; from < l->err->len; from++)
		if ((unsigned char)l->err->p[from] < 0x20 || l->err->p[from] == 0x7f)
			l->err->p[from] = '?';
	buf_addc(l->err, '\n');
	return false;
}

/* Refuses a name that is no key, and suggests the nearest key in the spelling of the source; prefix
 * and dash are those of config_row_suggest. */
static bool
refuse_unknown(struct loader *l, const char *where, const char *key, struct span name,
    const char *prefix, char dash)
{
	struct buf why = {0};

	buf_str(&why, "unknown; ");
	config_row_suggest(&why, name, prefix, dash);
	refuse(l, where, key, buf_cstr(&why));
	buf_clear(&why);
	return false;
}

/* ---- setting ---- */

/* True for listen in the file or the environment, if the program is the FastCGI program: there it
 * names the daemon's addresses, of which this program only checks the syntax. */
static bool
is_ignored(enum config_program program, size_t row, enum rank rank)
{
	return span_is(SPAN("listen"), config_rows[row].key) && rank < RANK_OPTION &&
	       program == PROGRAM_FCGI;
}

static bool
set_value(struct loader *l, size_t row, struct span text, enum rank rank, const char *where)
{
	struct config_source *source = &l->config->sources[row];
	struct config ignored = {0};
	struct config *into = is_ignored(l->program, row, rank) ? &ignored : l->config;
	struct buf why = {0};
	bool is_good;

	if (into == l->config) {
		if (rank > source->rank && config_rows[row].kind == KIND_LIST)
			config_value_clear(into, &config_rows[row]);
		if (rank > source->rank || config_rows[row].kind != KIND_LIST)
			source->where.len = 0;
		source->rank = rank;
		buf_printf(&source->where, "%s%s", source->where.len > 0 ? ", " : "", where);
	}
	is_good = config_value_set(into, &config_rows[row], text, &why);
	if (!is_good)
		refuse(l, where, config_rows[row].key, buf_cstr(&why));
	config_value_clear(&ignored, &config_rows[row]);
	buf_clear(&why);
	return is_good;
}

static bool
set_default(struct loader *l, size_t row)
{
	buf_str(&l->config->sources[row].where, "default");
	if (config_rows[row].initial == NULL || is_ignored(l->program, row, RANK_DEFAULT))
		return true;
	return config_value_set(
	    l->config, &config_rows[row], span_of(config_rows[row].initial), l->err);
}

/* ---- the file ---- */

/* A '#' at the start or after a blank begins a comment. */
static struct span
without_comment(struct span line)
{
	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] == '#' && (i == 0 || line.p[i - 1] == ' ' || line.p[i - 1] == '\t'))
			line.n = i;
	return span_trim(line);
}

static bool
take_line(struct loader *l, struct span line, const char *where)
{
	struct span value, key;
	struct buf name = {0};
	size_t row;

	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	value = without_comment(line);
	if (value.n == 0)
		return true;
	key = span_trim(span_cut(&value, '='));
	if (value.p == NULL)
		return refuse(l, where, "", "no '='; accepted: key = value");
	row = config_row_find(key);
	if (row < config_row_count)
		return set_value(l, row, span_trim(value), RANK_FILE, where);
	buf_span(&name, key);
	refuse_unknown(l, where, buf_cstr(&name), key, "", '_');
	buf_clear(&name);
	return false;
}

/* Reads a line without its newline into *line. False: the file has ended. Of a line longer than
 * FILE_LINE_MAX it reads FILE_LINE_MAX + 1 bytes, so the caller sees that it is too long. */
static bool
read_line(FILE *f, struct buf *line)
{
	int c = getc(f);

	line->len = 0;
	if (c == EOF)
		return false;
	for (; c != EOF && c != '\n' && line->len <= FILE_LINE_MAX; c = getc(f))
		buf_addc(line, (char)c);
	return true;
}

static bool
read_lines(struct loader *l, FILE *f, const char *path)
{
	struct buf line = {0}, where = {0};
	bool is_good = true;

	for (unsigned number = 1; is_good && read_line(f, &line); number++) {
		where.len = 0;
		buf_printf(&where, "%s:%u", path, number);
		if (line.len > FILE_LINE_MAX)
			is_good =
			    refuse(l, buf_cstr(&where), "", "line too long; accepted: 4096 bytes");
		else if (line.len > 0 && memchr(line.p, '\0', line.len) != NULL)
			is_good = refuse(l, buf_cstr(&where), "", "a NUL byte; accepted: text");
		else
			is_good = take_line(l, buf_as_span(&line), buf_cstr(&where));
	}
	if (is_good && ferror(f))
		is_good = refuse(l, path, "", strerror(errno));
	buf_clear(&line);
	buf_clear(&where);
	return is_good;
}

static bool
read_file(struct loader *l, const char *builtin_path)
{
	const char *path = l->file ? l->file : builtin_path;
	FILE *f = path ? fopen(path, "re") : NULL;
	bool is_good;

	if (path == NULL || (f == NULL && l->file == NULL && errno == ENOENT))
		return true;
	if (f == NULL)
		return refuse(l, path, "", strerror(errno));
	is_good = read_lines(l, f, path);
	fclose(f);
	return is_good;
}

/* ---- the environment ---- */

static const char *
env_get(char **env, const char *name)
{
	size_t n = strlen(name);

	for (; env != NULL && *env != NULL; env++)
		if (strncmp(*env, name, n) == 0 && (*env)[n] == '=' && (*env)[n + 1] != '\0')
			return *env + n + 1;
	return NULL;
}

/* The two variables of the reference system; an empty one counts as unset. */
static bool
take_foreign_env(struct loader *l)
{
	const char *port = env_get(l->env, "PORT"), *url = env_get(l->env, "FRONTEND_URL");
	unsigned long long number;
	char listen[32];

	if (port != NULL && l->program == PROGRAM_DAEMON) {
		if (!span_u64(span_of(port), 65535, &number))
			return refuse(
			    l, "environment PORT", "listen", "accepted: a port from 0 to 65535");
		snprintf(listen, sizeof(listen), "127.0.0.1:%llu", number);
		if (!set_value(l, config_row_find(SPAN("listen")), span_of(listen),
			RANK_FOREIGN_ENV, "environment PORT"))
			return false;
	}
	return url == NULL || set_value(l, config_row_find(SPAN("frontend_url")), span_of(url),
				  RANK_FOREIGN_ENV, "environment FRONTEND_URL");
}

static bool
take_variable(struct loader *l, const char *variable)
{
	struct span value = span_of(variable), name = span_cut(&value, '=');
	struct buf where = {0}, wanted = {0};
	bool is_good;
	size_t row;

	buf_str(&where, "environment ");
	buf_span(&where, name);
	for (row = 0; row < config_row_count; row++) {
		wanted.len = 0;
		buf_str(&wanted, "ESCROWCHAT_");
		config_row_spell(&wanted, &config_rows[row], '_', true);
		if (span_eq(name, buf_as_span(&wanted)))
			break;
	}
	if (row < config_row_count)
		is_good = set_value(l, row, span_trim(value), RANK_ENV, buf_cstr(&where));
	else
		is_good = span_is(name, "ESCROWCHAT_CONFIG") ||
			  refuse_unknown(l, buf_cstr(&where), "", name, "ESCROWCHAT_", '_');
	buf_clear(&where);
	buf_clear(&wanted);
	return is_good;
}

static bool
take_env(struct loader *l)
{
	if (!take_foreign_env(l))
		return false;
	for (char **v = l->env; v != NULL && *v != NULL; v++)
		if (strncmp(*v, "ESCROWCHAT_", 11) == 0 && !take_variable(l, *v))
			return false;
	return true;
}

/* ---- the options ---- */

static bool
take_flag(struct loader *l, struct span name)
{
	if (span_is(name, "-t"))
		l->config->check_only = true;
	else if (span_is(name, "-T"))
		l->config->print_effective = true;
	else
		return false;
	return true;
}

static const char *
program_name(enum config_program program)
{
	return program == PROGRAM_FCGI ? "escrowchat.fcgi" : "escrowchatd";
}

static bool
take_information(struct loader *l, struct span name)
{
	if (span_is(name, "-V") || span_is(name, "--version")) {
		buf_printf(l->out, "%s %s\n", program_name(l->program), PACKAGE_VERSION);
		return true;
	}
	if (!span_is(name, "-h") && !span_is(name, "--help"))
		return false;
	buf_printf(l->out,
	    "usage: %s [-c FILE] [-t] [-T] [--KEY VALUE ...]\n\n"
	    "  -c, --config FILE  read this file\n"
	    "  -t                 check the configuration and stop\n"
	    "  -T                 print the configuration, with where each value came from, and "
	    "stop\n"
	    "  -h, --help         print this and stop\n"
	    "  -V, --version      print the version and stop\n\n",
	    program_name(l->program));
	config_help(l->program, l->out);
	return true;
}

/* The row of an option like "--max-message"; config_row_count: there is no such option. */
static size_t
row_of_option(struct span name)
{
	struct buf key = {0};
	size_t row;

	if (name.n < 3 || memcmp(name.p, "--", 2) != 0 || memchr(name.p, '_', name.n) != NULL)
		return config_row_count;
	for (size_t i = 2; i < name.n; i++)
		buf_addc(&key, name.p[i] == '-' ? '_' : name.p[i]);
	row = config_row_find(buf_as_span(&key));
	buf_clear(&key);
	return row;
}

/* Takes the option argv[*i] and, if its value is the next argument, that one. The options are read
 * twice. The first pass (is_final is false) only checks their names and finds --config, --help and
 * --version, which must be known before the other sources are read. The second pass sets values. */
static enum config_verdict
take_option(struct loader *l, int argc, char **argv, int *i, bool is_final)
{
	struct span value = span_of(argv[*i]), name = span_cut(&value, '=');
	bool is_file = span_is(name, "-c") || span_is(name, "--config");
	size_t row = row_of_option(name);
	struct buf where = {0};
	bool is_good = true;

	if (value.p == NULL && take_flag(l, name))
		return CONFIG_OK;
	if (value.p == NULL && take_information(l, name))
		return CONFIG_EXIT_0;
	buf_str(&where, *argv[*i] == '-' ? "option " : "argument ");
	buf_span(&where, name);
	if (*argv[*i] != '-')
		is_good =
		    refuse(l, buf_cstr(&where), "", "only options are accepted, as --KEY VALUE");
	else if (!is_file && row == config_row_count)
		is_good = refuse_unknown(l, buf_cstr(&where), "", name, "--", '-');
	else if (value.p == NULL && *i + 1 >= argc)
		is_good = refuse(l, buf_cstr(&where), "", "accepted: a value after it");
	else if (value.p == NULL)
		value = span_of(argv[++*i]);
	if (is_good && is_file)
		l->file = value.p;
	else if (is_good && is_final)
		is_good = set_value(l, row, span_trim(value), RANK_OPTION, buf_cstr(&where));
	buf_clear(&where);
	return is_good ? CONFIG_OK : CONFIG_WRONG;
}

static enum config_verdict
take_options(struct loader *l, int argc, char **argv, bool is_final)
{
	enum config_verdict verdict = CONFIG_OK;

	for (int i = 1; i < argc && verdict == CONFIG_OK; i++)
		verdict = take_option(l, argc, argv, &i, is_final);
	return verdict;
}

/* ---- the whole ---- */

/* With auth = jwt, the keys, the issuer and the audience of tokens must be given. */
static bool
check_jwt(struct loader *l)
{
	const struct config *c = l->config;

	if (c->auth != AUTH_JWT)
		return true;
	if (c->jwt_keys == NULL)
		return refuse(l, "", "jwt_keys", "not set, and auth = jwt; accepted: a path");
	if (c->jwt_issuer == NULL)
		return refuse(l, "", "jwt_issuer",
		    "not set, and auth = jwt; accepted: the iss of tokens, or any");
	return c->jwt_audience != NULL ||
	       refuse(l, "", "jwt_audience",
		   "not set, and auth = jwt; accepted: a name in the aud of tokens, or any");
}

static bool
check_whole(struct loader *l)
{
	const struct config *c = l->config;
	size_t rooms = config_row_find(SPAN("rooms"));

	if (c->rooms == ROOMS_OPEN && c->auth != AUTH_OPEN)
		return refuse(l, buf_cstr(&c->sources[rooms].where), "rooms",
		    "\"open\" goes with auth = open only; accepted: members");
	return check_jwt(l);
}

enum config_verdict
config_load(struct config *c, enum config_program program, int argc, char **argv, char **env,
    const char *builtin_path, struct buf *out, struct buf *err)
{
	struct loader l = {.config = c, .program = program, .env = env, .out = out, .err = err};
	enum config_verdict verdict;

	*c = (struct config){.sources = mem_zalloc(config_row_count * sizeof(*c->sources))};
	for (size_t row = 0; row < config_row_count; row++)
		if (!set_default(&l, row))
			return CONFIG_WRONG;
	verdict = take_options(&l, argc, argv, false);
	if (verdict != CONFIG_OK)
		return verdict;
	if (l.file == NULL)
		l.file = env_get(env, "ESCROWCHAT_CONFIG");
	if (!read_file(&l, builtin_path) || !take_env(&l))
		return CONFIG_WRONG;
	verdict = take_options(&l, argc, argv, true);
	if (verdict != CONFIG_OK)
		return verdict;
	return check_whole(&l) ? CONFIG_OK : CONFIG_WRONG;
}

void
config_clear(struct config *c)
{
	for (size_t row = 0; row < config_row_count; row++) {
		config_value_clear(c, &config_rows[row]);
		if (c->sources != NULL)
			buf_clear(&c->sources[row].where);
	}
	free(c->sources);
	*c = (struct config){0};
}

void
config_print(const struct config *c, enum config_program program, struct buf *out)
{
	for (size_t row = 0; row < config_row_count; row++) {
		if ((config_rows[row].programs & program) == 0)
			continue;
		buf_printf(out, "%s = ", config_rows[row].key);
		config_value_print(c, &config_rows[row], out);
		buf_printf(out, "  # %s\n", buf_cstr(&c->sources[row].where));
	}
}

static void
help_row(enum config_program program, size_t row, struct buf *out)
{
	const struct config_row *r = &config_rows[row];
	struct buf name = {0};

	buf_str(&name, "--");
	config_row_spell(&name, r, '-', false);
	buf_printf(&name, " %s", r->argument);
	buf_printf(out, "  %-26s %s (", buf_cstr(&name), r->help);
	config_value_accepted(r, out);
	if (r->initial != NULL && *r->initial != '\0' && !is_ignored(program, row, RANK_DEFAULT))
		buf_printf(out, "; default %s", r->initial);
	buf_str(out, ")\n");
	buf_clear(&name);
}

void
config_help(enum config_program program, struct buf *out)
{
	for (size_t row = 0; row < config_row_count; row++)
		if ((config_rows[row].programs & program) != 0)
			help_row(program, row, out);
	buf_printf(out,
	    "\nOf the other program, %s; they are checked, and have no effect here:\n\n",
	    program_name(PROGRAM_BOTH & ~program));
	for (size_t row = 0; row < config_row_count; row++)
		if ((config_rows[row].programs & program) == 0)
			help_row(program, row, out);
}
