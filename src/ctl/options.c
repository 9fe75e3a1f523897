/* SPDX-License-Identifier: ISC */
/*
 * options.c - the options of escrowchatctl's commands: a table with one row for each option.
 */
#include "ctl/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/span.h"

enum kind { KIND_FLAG, KIND_TEXT, KIND_NUMBER };

#define FIELD(name) offsetof(struct options, name)

static const struct row {
	const char *name;
	enum kind kind;
	size_t offset;
	int64_t initial, max; /* for numbers; the least value is 0 */
	const char *argument, *help;
} rows[] = {
    {"config", KIND_TEXT, FIELD(config), .argument = "FILE",
	.help = "the configuration of both programs, see escrowchat.conf(5)"},
    {"database", KIND_TEXT, FIELD(database), .argument = "PATH",
	.help = "this database, whatever the configuration says"},
    {"url", KIND_TEXT, FIELD(url), .argument = "URL", .help = "ask this server, not the database"},
    {"key-file", KIND_TEXT, FIELD(key_file), .argument = "FILE",
	.help = "with --url: file with a service key, mode 0600"},
    {"key", KIND_TEXT, FIELD(key), .argument = "NAME",
	.help = "that key of the file; without it, its first"},
    {"token-file", KIND_TEXT, FIELD(token_file), .argument = "FILE",
	.help = "file with the token of a user, mode 0600"},
    {"wallet", KIND_TEXT, FIELD(wallet), .argument = "NAME",
	.help = "with auth = open: who to be (doctor); token list: whose"},
    {"server", KIND_TEXT, FIELD(server), .argument = "NAME",
	.help = "lighttpd, nginx or Apache, where answers do not name it"},
    {"hold", KIND_NUMBER, FIELD(hold_s), 60, 60, "SECONDS",
	"how long a poll must be held without being cut (60)"},
    {"wait", KIND_NUMBER, FIELD(wait_s), 5, 60, "SECONDS",
	"how long an answer that is due at once may take (5)"},
    {"room", KIND_TEXT, FIELD(room), .argument = "ESCROWID", .help = "to the room of this escrow"},
    {"user", KIND_TEXT, FIELD(user), .argument = "WALLET", .help = "to this user"},
    {"ephemeral", KIND_FLAG, FIELD(is_ephemeral), .help = "to those who are there, never replayed"},
    {"topic", KIND_TEXT, FIELD(topic), .argument = "TOPIC",
	.help = "only this one: escrow_ID or user:WALLET"},
    {"from", KIND_TEXT, FIELD(from), .argument = "CURSOR", .help = "what follows this cursor"},
    {"last", KIND_NUMBER, FIELD(last), 0, 1000000, "N", "begin with the last N rows of the log"},
    {"count", KIND_NUMBER, FIELD(count), 0, INT64_MAX, "N", "end after so many events"},
    {"lifetime", KIND_NUMBER, FIELD(lifetime_s), 0, 366 * 86400, "SECONDS",
	"how long the token lasts (token_lifetime)"},
    {"all", KIND_FLAG, FIELD(is_all), .help = "every token of the wallet"},
    {"json", KIND_FLAG, FIELD(is_json), .help = "as JSON"},
    {"quick", KIND_FLAG, FIELD(is_quick), .help = "without the comparison of indexes with tables"},
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/* ---- messages ---- */

void
put_plain(FILE *to, struct span text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		fputc(c < ' ' || c == 0x7f ? '?' : c, to);
	}
}

static int
complain(const char *fmt, va_list ap, int status)
{
	char line[2000];

	vsnprintf(line, sizeof(line), fmt, ap);
	fputs("escrowchatctl: ", stderr);
	put_plain(stderr, span_of(line));
	fputc('\n', stderr);
	return status;
}

int
fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(fmt, ap, EXIT_WRONG);
	va_end(ap);
	return EXIT_WRONG;
}

int
fail_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(fmt, ap, EXIT_USAGE);
	va_end(ap);
	return EXIT_USAGE;
}

int
fail_with(struct buf *err, int status)
{
	struct span line = buf_as_span(err);

	while (line.n > 0 && line.p[line.n - 1] == '\n')
		line.n--;
	if (status == EXIT_USAGE)
		fail_usage("%.*s", (int)line.n, line.p);
	else
		fail("%.*s", (int)line.n, line.p);
	buf_clear(err);
	return status;
}

/* ---- help ---- */

static bool
takes(const struct command *c, const char *name)
{
	struct span rest = span_of(c->takes);

	while (rest.p) {
		if (span_is(span_cut(&rest, ' '), name))
			return true;
	}
	return false;
}

void
options_help(const struct command *c, struct buf *out)
{
	buf_printf(out, "usage: escrowchatctl %s%s%s\n%s\n%s%s\n", c->name,
	    *c->arguments ? " " : "", c->arguments, c->summary, c->more, *c->more ? "\n" : "");
	for (size_t i = 0; i < N_ROWS; i++) {
		char left[40];

		if (!takes(c, rows[i].name))
			continue;
		snprintf(left, sizeof(left), "--%s%s%s", rows[i].name, rows[i].argument ? " " : "",
		    rows[i].argument ? rows[i].argument : "");
		buf_printf(out, "  %-22s %s\n", left, rows[i].help);
	}
	buf_printf(out, "  %-22s %s\n", "--help", "this text");
}

/* ---- reading ---- */

static bool
set(struct options *o, const struct row *row, const char *value)
{
	void *field = (char *)o + row->offset;
	unsigned long long n;

	if (row->kind == KIND_FLAG) {
		*(bool *)field = true;
		return true;
	}
	if (row->kind == KIND_TEXT) {
		*(const char **)field = value;
		return *value != '\0';
	}
	if (!span_u64(span_of(value), (unsigned long long)row->max, &n))
		return false;
	*(int64_t *)field = (int64_t)n;
	return true;
}

static const struct row *
find(const struct command *c, struct span name)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		if (span_is(name, rows[i].name) && takes(c, rows[i].name))
			return &rows[i];
	}
	return NULL;
}

/* Reads one option; its value follows in the next argument or after '='. Returns the number of
 * arguments that it uses; 0: it is wrong, and a line on stderr says why. */
static int
read_one(struct options *o, const struct command *c, int left, char *const *argv)
{
	struct span rest = span_of(argv[0] + 2), name = span_cut(&rest, '=');
	const struct row *row = find(c, name);
	const char *value = rest.p;

	if (row == NULL)
		fail_usage("%s: no option is called --%.*s; --help lists them", c->name,
		    (int)name.n, name.p);
	else if (row->kind == KIND_FLAG && value != NULL)
		fail_usage("%s: --%s takes no value", c->name, row->name);
	else if (row->kind != KIND_FLAG && value == NULL && left < 2)
		fail_usage("%s: --%s: %s is missing", c->name, row->name, row->argument);
	else if (!set(o, row, value != NULL ? value : left > 1 ? argv[1] : ""))
		fail_usage(row->kind == KIND_NUMBER ? "%s: --%s: a number up to %lld is accepted"
						    : "%s: --%s: it is empty",
		    c->name, row->name, (long long)row->max);
	else
		return row->kind == KIND_FLAG || value != NULL ? 1 : 2;
	return 0;
}

static int
read_argument(struct options *o, const struct command *c, const char *argument)
{
	if (o->n_args == c->max_args) {
		fail_usage("%s: %s: one argument too many", c->name, argument);
		return 0;
	}
	o->args[o->n_args++] = argument;
	return 1;
}

static void
set_defaults(struct options *o)
{
	*o = (struct options){0};
	for (size_t i = 0; i < N_ROWS; i++) {
		if (rows[i].kind == KIND_NUMBER)
			*(int64_t *)(void *)((char *)o + rows[i].offset) = rows[i].initial;
	}
}

static bool
is_help(const char *argument)
{
	return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

static void
print_help(const struct command *c)
{
	struct buf out = {0};

	options_help(c, &out);
	fputs(buf_cstr(&out), stdout);
	buf_clear(&out);
}

bool
options_read(struct options *o, const struct command *c, int argc, char *const *argv, int *status)
{
	bool is_over = false; /* after "--" no argument is an option */
	int n;

	set_defaults(o);
	*status = EXIT_USAGE;
	for (int i = 0; i < argc; i += n) {
		if (!is_over && is_help(argv[i])) {
			print_help(c);
			*status = EXIT_GOOD;
			return false;
		}
		n = 1;
		if (!is_over && strcmp(argv[i], "--") == 0)
			is_over = true;
		else if (!is_over && strncmp(argv[i], "--", 2) == 0)
			n = read_one(o, c, argc - i, argv + i);
		else
			n = read_argument(o, c, argv[i]);
		if (n == 0)
			return false;
	}
	if (o->n_args >= c->min_args)
		return true;
	fail_usage("%s: %s is needed; --help says more", c->name, c->arguments);
	return false;
}
