/* SPDX-License-Identifier: ISC */
/*
 * wakeup.h - tells when another process (also the sqlite3 shell) may have committed: by the
 * doorbell, by inotify on the -wal file, and by a poll that needs neither. All functions belong to
 * the loop's thread.
 */
#ifndef DAEMON_WAKEUP_H
#define DAEMON_WAKEUP_H

#include "io/loop.h"
#include "store/bell.h"

struct wakeup;

/* Another process has committed (is_certain), or may have. */
typedef void wakeup_check_log(void *arg, bool is_certain);

/* Calls check_log whenever that is so. Borrows the bell and the path of the database. */
struct wakeup *wakeup_new(
    struct loop *, struct bell *, const char *database, wakeup_check_log *check_log, void *arg);
/* This process has just committed and checked the log, so the next event of inotify is probably
 * about its own commit. */
void wakeup_note_commit(struct wakeup *);
void wakeup_free(struct wakeup *); /* NULL is fine */

#endif
