/* SPDX-License-Identifier: ISC */
/*
 * sys.h - the system calls of net and base, each in a wrapper. Tests can make the nth call from now
 * on fail, whichever call it is. Otherwise a wrapper is the call and one comparison.
 * The wrappers are inline, so the header is long.
 */
#ifndef BASE_SYS_H
#define BASE_SYS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* For tests: the nth call from now on (1 is the next) fails with that errno, once; 0: no call
 * fails. The calls of all threads count. */
void sys_fail_nth(unsigned nth, int err);
/* True if a call has failed since sys_fail_nth. */
bool sys_has_failed(void);

extern atomic_uint sys_countdown; /* sys.c's own; 0: nothing is counted */
bool sys_count_down(void);        /* likewise; true: the call fails, and errno is set */

/* Asked before a call that has no wrapper here. True: the caller behaves as if the call had failed;
 * errno is set. */
static inline bool
sys_fails(void)
{
	return __builtin_expect(
		   atomic_load_explicit(&sys_countdown, memory_order_relaxed) > 0, 0) &&
	       sys_count_down();
}

static inline int
sys_eventfd(unsigned n, int flags)
{
	return sys_fails() ? -1 : eventfd(n, flags);
}

static inline int
sys_timerfd_create(int clock, int flags)
{
	return sys_fails() ? -1 : timerfd_create(clock, flags);
}

static inline int
sys_timerfd_settime(int fd, int flags, const struct itimerspec *at)
{
	return sys_fails() ? -1 : timerfd_settime(fd, flags, at, NULL);
}

static inline int
sys_inotify_init(int flags)
{
	return sys_fails() ? -1 : inotify_init1(flags);
}

static inline int
sys_inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	return sys_fails() ? -1 : inotify_add_watch(fd, path, mask);
}

static inline int
sys_socket(int domain, int type, int protocol)
{
	return sys_fails() ? -1 : socket(domain, type, protocol);
}

static inline int
sys_bind(int fd, const struct sockaddr *address, socklen_t len)
{
	return sys_fails() ? -1 : bind(fd, address, len);
}

static inline int
sys_listen(int fd, int backlog)
{
	return sys_fails() ? -1 : listen(fd, backlog);
}

static inline int
sys_accept(int fd, struct sockaddr *peer, socklen_t *len, int flags)
{
	return sys_fails() ? -1 : accept4(fd, peer, len, flags);
}

static inline int
sys_setsockopt(int fd, int level, int name, int value)
{
	return sys_fails() ? -1 : setsockopt(fd, level, name, &value, sizeof(value));
}

static inline int
sys_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	return sys_fails() ? -1 : getsockopt(fd, level, name, value, len);
}

static inline int
sys_ioctl(int fd, unsigned long request, int *value)
{
	return sys_fails() ? -1 : ioctl(fd, request, value);
}

static inline ssize_t
sys_read(int fd, void *to, size_t n)
{
	return sys_fails() ? -1 : read(fd, to, n);
}

static inline ssize_t
sys_write(int fd, const void *from, size_t n)
{
	return sys_fails() ? -1 : write(fd, from, n);
}

static inline ssize_t
sys_recv(int fd, void *to, size_t n, int flags)
{
	return sys_fails() ? -1 : recv(fd, to, n, flags);
}

static inline ssize_t
sys_send(int fd, const void *from, size_t n, int flags)
{
	return sys_fails() ? -1 : send(fd, from, n, flags);
}

static inline ssize_t
sys_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return sys_fails() ? -1 : sendmsg(fd, message, flags);
}

#endif
