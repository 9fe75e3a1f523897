/* SPDX-License-Identifier: ISC */
/*
 * log.c - log lines: each is made on the stack and written with one call. Nothing here allocates
 * memory, so that a line can be written when memory is exhausted.
 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"

#define LINE_MAX_BYTES 2000 /* the newline counts */

/* Each member is atomic: log_setup may run while other threads log. */
static struct {
	const char *_Atomic program;
	_Atomic enum log_target target;
	_Atomic enum log_format format;
	_Atomic enum log_level level;
} to = {"escrowchat", LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_INFO};

static const struct {
	const char *word;
	int priority;
} levels[] = {
    [LOG_LEVEL_DEBUG] = {"debug", LOG_DEBUG},
    [LOG_LEVEL_INFO] = {"info", LOG_INFO},
    [LOG_LEVEL_WARN] = {"warn", LOG_WARNING},
    [LOG_LEVEL_ERROR] = {"error", LOG_ERR},
};

struct line {
	char bytes[LINE_MAX_BYTES];
	size_t len;
	size_t max;
};

void
log_setup(const char *program, enum log_target target, enum log_format format, enum log_level level)
{
	closelog();
	to.program = program;
	to.target = target;
	to.format = format;
	to.level = level;
	if (target == LOG_TARGET_SYSLOG)
		openlog(program, LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

bool
log_enabled(enum log_level level)
{
	return level >= to.level;
}

/* Appends all n bytes. If they do not fit, appends nothing, and later calls append nothing. */
static void
put(struct line *l, const char *s, size_t n)
{
	if (n > l->max - l->len) {
		l->max = l->len;
		return;
	}
	memcpy(l->bytes + l->len, s, n);
	l->len += n;
}

static void
put_str(struct line *l, const char *s)
{
	put(l, s, strlen(s));
}

/* In text, a backslash begins an escape; so a backslash or a quote of the message gets one before
 * it. In JSON, the text form is escaped once more, except for a quote, which needs only one
 * backslash. */
static void
put_byte(struct line *l, char byte, bool is_json)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char c = (unsigned char)byte;
	char escape[] = {'\\', '\\', 'x', hex[c >> 4], hex[c & 15]};

	if (c < 0x20 || c > 0x7e)
		put(l, escape + !is_json, sizeof(escape) - !is_json);
	else if (c == '\\')
		put_str(l, is_json ? "\\\\\\\\" : "\\\\");
	else if (c == '"')
		put_str(l, "\\\"");
	else
		put(l, &byte, 1);
}

static void
put_escaped(struct line *l, const char *s, bool is_json)
{
	for (; *s != '\0'; s++)
		put_byte(l, *s, is_json);
}

static void
put_fields(struct line *l, const struct log_field *fields, size_t n, bool is_json)
{
	for (size_t i = 0; i < n; i++) {
		struct span value = fields[i].value;

		if (value.n == 0)
			continue;
		put_str(l, is_json ? "\",\"" : " ");
		put_str(l, fields[i].name);
		put_str(l, is_json ? "\":\"" : "=");
		for (size_t k = 0; k < value.n; k++) {
			if (value.p[k] == ' ' && !is_json)
				put_str(l, "\\x20");
			else
				put_byte(l, value.p[k], is_json);
		}
	}
}

/* The parts of a log line. */
struct saying {
	enum log_level level;
	const char *message;
	const char *event; /* of the audit trail; NULL: not an audit line */
	const struct log_field *fields;
	size_t n_fields;
};

static void
make_text(struct line *l, const struct saying *s)
{
	char time[CLOCK_ISO_SIZE];

	if (to.target == LOG_TARGET_STDERR) {
		put_str(l, clock_iso(time, clock_wall_ms()));
		put_str(l, " ");
		put_str(l, levels[s->level].word);
		put_str(l, " ");
	}
	put_escaped(l, s->message, false);
	if (s->event != NULL) {
		put_str(l, ": ");
		put_str(l, s->event);
	}
	put_fields(l, s->fields, s->n_fields, false);
}

static void
make_json(struct line *l, const struct saying *s)
{
	char time[CLOCK_ISO_SIZE];

	l->max -= 2;
	put_str(l, "{\"time\":\"");
	put_str(l, clock_iso(time, clock_wall_ms()));
	put_str(l, "\",\"level\":\"");
	put_str(l, levels[s->level].word);
	put_str(l, "\",\"program\":\"");
	put_escaped(l, to.program, true);
	put_str(l, "\",\"message\":\"");
	put_escaped(l, s->message, true);
	if (s->event != NULL) {
		put_str(l, "\",\"event\":\"");
		put_str(l, s->event);
	}
	put_fields(l, s->fields, s->n_fields, true);
	memcpy(l->bytes + l->len, "\"}", 2);
	l->len += 2;
}

static void
write_line(struct line *l)
{
	ssize_t n;

	l->bytes[l->len++] = '\n';
	do
		n = write(STDERR_FILENO, l->bytes, l->len);
	while (n < 0 && errno == EINTR);
}

static void
say(const struct saying *s)
{
	struct line l = {.max = LINE_MAX_BYTES - 1};
	int saved = errno;

	if (to.format == LOG_FORMAT_JSON)
		make_json(&l, s);
	else
		make_text(&l, s);
	if (to.target == LOG_TARGET_SYSLOG)
		syslog(levels[s->level].priority, "%.*s", (int)l.len, l.bytes);
	else
		write_line(&l);
	errno = saved;
}

void
log_line(enum log_level level, const char *fmt, ...)
{
	char message[LINE_MAX_BYTES];
	int saved = errno;
	va_list ap;

	if (!log_enabled(level))
		return;
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	say(&(struct saying){.level = level, .message = message});
	errno = saved;
}

void
log_audit(const char *event, const struct log_field *fields, size_t n)
{
	say(&(struct saying){LOG_LEVEL_INFO, "audit", event, fields, n});
}

const char *
log_wallet(char out[16], struct span wallet)
{
	size_t n = wallet.n < 8 ? wallet.n : 8;

	if (n > 0)
		memcpy(out, wallet.p, n);
	memcpy(out + n, "...", 4);
	return out;
}
