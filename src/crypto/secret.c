/* SPDX-License-Identifier: ISC */
/*
 * secret.c - reads files that hold secrets. Their text exists only in the buffer that it was read
 * into, and secret_clear wipes that.
 */
#include "crypto/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *
stat_refusal(int fd)
{
	struct stat s;

	if (fstat(fd, &s) < 0)
		return strerror(errno);
	if (!S_ISREG(s.st_mode))
		return "a plain file is accepted";
	if (s.st_uid != 0 && s.st_uid != geteuid())
		return "a file owned by root or by the running user is accepted";
	if (s.st_mode & (S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH))
		return "group or others can read or write it: mode 0600 is accepted";
	return NULL;
}

/* Reads up to one byte more than is accepted, to see whether the file is too long. */
static const char *
read_whole(int fd, size_t max, struct buf *out)
{
	char *p = buf_reserve(out, max + 1);

	while (out->len <= max) {
		ssize_t got = read(fd, p + out->len, max + 1 - out->len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return strerror(errno);
		if (got == 0)
			return NULL;
		out->len += (size_t)got;
	}
	return "too long";
}

bool
secret_read(const char *path, size_t max, struct buf *out, struct buf *err)
{
	/* O_NONBLOCK: opening a FIFO must not wait. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const char *why = fd < 0 ? strerror(errno) : stat_refusal(fd);

	if (why == NULL)
		why = read_whole(fd, max, out);
	if (fd >= 0)
		close(fd);
	if (why == NULL)
		return true;
	if (out->len > max)
		buf_printf(err, "%s: at most %zu bytes are accepted", path, max);
	else
		buf_printf(err, "%s: %s", path, why);
	secret_clear(out);
	return false;
}

void
secret_clear(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->cap);
	buf_clear(b);
}
