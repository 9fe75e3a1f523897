/* SPDX-License-Identifier: ISC */
/*
 * watch.c - deadlines for blocking connections.
 */
#include "fcgi/watch.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

void
watch_init(struct watch *w)
{
	*w = (struct watch){.fd = -1};
	pthread_mutex_init(&w->lock, NULL);
}

bool
watch_begin(struct watch *w, int fd)
{
	int mine = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	pthread_mutex_lock(&w->lock);
	w->fd = mine;
	w->deadline_ms = WATCH_NEVER;
	pthread_mutex_unlock(&w->lock);
	return mine >= 0;
}

void
watch_set(struct watch *w, int64_t deadline_ms, int how)
{
	pthread_mutex_lock(&w->lock);
	w->deadline_ms = deadline_ms;
	w->how = how;
	pthread_mutex_unlock(&w->lock);
}

void
watch_end(struct watch *w)
{
	pthread_mutex_lock(&w->lock);
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	pthread_mutex_unlock(&w->lock);
}

void
watch_check(struct watch *w, int64_t now_ms)
{
	pthread_mutex_lock(&w->lock);
	if (w->fd >= 0 && w->deadline_ms != WATCH_NEVER && now_ms >= w->deadline_ms) {
		shutdown(w->fd, w->how);
		w->deadline_ms = WATCH_NEVER;
	}
	pthread_mutex_unlock(&w->lock);
}
