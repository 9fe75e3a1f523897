/* SPDX-License-Identifier: ISC */
/*
 * wakeup.c - notices commits of other processes. The doorbell rings after the commit. inotify tells
 * of a commit before it can be seen, so the check is repeated a few times. The poll finds what both
 * have missed.
 */
#include "daemon/wakeup.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"
#include "store/lock.h"

#define POLL_US 200000

/* After an inotify event: how long until the next check. */
static const int64_t retry_us[] = {30, 100, 300, 1000, 3000};
#define RETRIES (sizeof(retry_us) / sizeof(retry_us[0]))

#define OWN_MS \
	5 /* an inotify event so soon after an own commit is about that commit: check only once */

struct wakeup {
	struct bell *bell;
	wakeup_check_log *check_log;
	void *arg;
	struct loop_watch *bell_watch, *inotify_watch;
	struct loop_timer *poll, *retry;
	size_t n_retries; /* for this event, up to now */
	bool is_retrying;
	int64_t own_until; /* mono ms */
	int inotify;       /* -1: none */
	char *wal;         /* its name in its directory */
};

static void
on_bell(void *arg)
{
	struct wakeup *w = arg;

	bell_drain(w->bell);
	w->check_log(w->arg, true);
}

static void
on_retry(void *arg)
{
	struct wakeup *w = arg;
	int64_t own_left_ms = w->own_until - clock_mono_ms();

	if (w->n_retries == RETRIES && own_left_ms > 0) {
		loop_timer_set_us(w->retry, own_left_ms * 1000);
		return;
	}
	w->check_log(w->arg, false);
	w->is_retrying = w->n_retries < RETRIES;
	if (w->is_retrying)
		loop_timer_set_us(w->retry, retry_us[w->n_retries++]);
}

/* True if one of the events is about the -wal file. That file may be deleted and made again, so the
 * directory is watched. */
static bool
read_inotify(struct wakeup *w)
{
	char bytes[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)] __attribute__((aligned(8)));
	bool is_wal = false;
	/* If there are more events, the loop calls again. */
	ssize_t n = sys_read(w->inotify, bytes, sizeof(bytes));

	for (char *p = bytes; p < bytes + n;) {
		const struct inotify_event *ev = (const struct inotify_event *)(void *)p;
		is_wal = is_wal || (ev->mask & IN_Q_OVERFLOW) ||
			 (ev->len > 0 && strcmp(ev->name, w->wal) == 0);
		p += sizeof(*ev) + ev->len;
	}
	return is_wal;
}

static void
on_inotify(void *arg)
{
	struct wakeup *w = arg;

	if (!read_inotify(w))
		return;
	if (clock_mono_ms() < w->own_until) {
		/* While this process commits, its own checks find the commits of others too. One
		 * more check follows when it has stopped. */
		if (!w->is_retrying) {
			w->n_retries = RETRIES;
			w->is_retrying = true;
			on_retry(w);
		}
		return;
	}
	w->n_retries = 0;
	if (!w->is_retrying)
		on_retry(w);
}

void
wakeup_note_commit(struct wakeup *w)
{
	w->own_until = clock_mono_ms() + OWN_MS;
}

static void
on_poll(void *arg)
{
	struct wakeup *w = arg;

	w->check_log(w->arg, false);
	loop_timer_set_us(w->poll, POLL_US);
}

static void
watch_wal(struct wakeup *w, struct loop *loop, const char *path)
{
	char *database = database_real(path);
	const char *slash = strrchr(database, '/');
	char *dir = slash == NULL
			? mem_strdup(".")
			: mem_strndup(database, slash == database ? 1 : (size_t)(slash - database));
	struct buf name = {0};

	buf_printf(&name, "%s-wal", slash == NULL ? database : slash + 1);
	w->wal = buf_steal(&name);
	w->inotify = sys_inotify_init(IN_NONBLOCK | IN_CLOEXEC);
	if (w->inotify < 0 ||
	    sys_inotify_add_watch(w->inotify, dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0 ||
	    (w->inotify_watch = loop_watch_new(loop, w->inotify, on_inotify, w)) == NULL)
		log_warn("wakeup: no inotify on %s (%s): rows inserted by others take up to %d ms",
		    dir, strerror(errno), POLL_US / 1000);
	free(dir);
	free(database);
}

struct wakeup *
wakeup_new(struct loop *loop, struct bell *bell, const char *database, wakeup_check_log *check_log,
    void *arg)
{
	struct wakeup *w = mem_zalloc(sizeof(*w));

	w->bell = bell;
	w->check_log = check_log;
	w->arg = arg;
	w->bell_watch = loop_watch_new(loop, bell_fd(bell), on_bell, w);
	if (w->bell_watch == NULL)
		log_warn("wakeup: the bell cannot be watched (%s): rows of others take up to %d ms",
		    strerror(errno), POLL_US / 1000);
	w->poll = loop_timer_new(loop, on_poll, w);
	w->retry = loop_timer_new(loop, on_retry, w);
	watch_wal(w, loop, database);
	on_poll(w);
	return w;
}

void
wakeup_free(struct wakeup *w)
{
	if (w == NULL)
		return;
	loop_watch_free(w->bell_watch);
	loop_watch_free(w->inotify_watch);
	loop_timer_free(w->poll);
	loop_timer_free(w->retry);
	if (w->inotify >= 0)
		close(w->inotify);
	free(w->wal);
	free(w);
}
