/* SPDX-License-Identifier: ISC */
/*
 * lock.c - the locks in DATABASE.lock. Byte 0 is the daemon's. Byte 1 belongs to a program
 * that checkpoints while no daemon runs. For an export, each wallet has a byte at an offset of 2^62
 * or more.
 */
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sys.h"
#include "base/why.h"
#include "crypto/digest.h"

enum { BYTE_DAEMON, BYTE_CHECKPOINTER };
#define BYTE_EXPORTS (INT64_C(1) << 62)

char *
database_real(const char *path)
{
	char *real, *copy;
	struct stat sb;

	if (lstat(path, &sb) != 0 || !S_ISLNK(sb.st_mode) || (real = realpath(path, NULL)) == NULL)
		return mem_strdup(path);
	copy = mem_strdup(real);
	free(real);
	return copy;
}

bool
group_find(const char *group, unsigned *gid)
{
	size_t size = 4096;
	struct group entry, *found = NULL;
	char *room = NULL;
	int rc;

	do {
		size *= 2;
		room = mem_realloc(room, size, 1);
		rc = getgrnam_r(group, &entry, room, size, &found);
	} while (rc == ERANGE && size < 1 << 20);
	if (found != NULL)
		*gid = found->gr_gid;
	free(room);
	return found != NULL;
}

static bool
adopt_group(int fd, const char *path, const char *group, struct buf *err)
{
	struct stat sb;
	unsigned gid;

	if (!group_find(group, &gid)) {
		if (err != NULL)
			buf_printf(err, "database_group: there is no group %s", group);
		return false;
	}
	if (fstat(fd, &sb) == 0 && sb.st_gid == gid)
		return true;
	if (fchown(fd, (uid_t)-1, gid) == 0)
		return true;
	if (err != NULL)
		buf_printf(
		    err, "%s: cannot give it to the group %s: %s", path, group, strerror(errno));
	return false;
}

bool
file_adopt(int fd, const char *path, int mode, const char *group, struct buf *err)
{
	if (group != NULL && !adopt_group(fd, path, group, err))
		return false;
	if (fchmod(fd, (mode_t)mode) == 0)
		return true;
	if (err != NULL)
		buf_printf(err, "%s: cannot set its mode: %s", path, strerror(errno));
	return false;
}

/* The process that creates the file sets its mode and group; the others use it as it is. */
static int
lock_open(const char *path, int mode, const char *group, struct buf *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	bool exists = fd < 0 && errno == EEXIST;
	int why;

	if (exists)
		fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	else if (fd >= 0 && !file_adopt(fd, path, mode, group, err)) {
		close(fd);
		return -1;
	}
	why = errno;
	if (fd < 0 && err != NULL) {
		buf_printf(err, "%s: cannot %s: ", path, exists ? "open" : "create");
		why_no_file(err, path, why);
	}
	return fd;
}

static bool
lock_byte(int fd, off_t byte)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

	return !sys_fails() && fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

static bool
is_locked(int fd, off_t byte)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

	return fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

static void
say_holder(int fd, const char *database, struct buf *err)
{
	char pid[16];
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? n : 0] = '\0';
	pid[strspn(pid, "0123456789")] = '\0';
	buf_printf(
	    err, "%s: another daemon serves it (process %s)", database, *pid ? pid : "unknown");
}

/* Only EAGAIN and EACCES mean that another process holds the lock. */
static void
say_why_not_locked(int fd, const char *database, int why, struct buf *err)
{
	if (why == EAGAIN || why == EACCES)
		say_holder(fd, database, err);
	else if (why == ENOLCK || why == EOPNOTSUPP)
		buf_printf(err,
		    "%s.lock: cannot lock: %s: its file system gives no locks; a local one does",
		    database, strerror(why));
	else
		buf_printf(err, "%s.lock: cannot lock: %s", database, strerror(why));
}

static char *
lock_path(const char *database)
{
	struct buf path = {0};

	char *real = database_real(database);

	buf_printf(&path, "%s.lock", real);
	free(real);
	return buf_steal(&path);
}

int
lock_as_daemon(const char *database, int mode, const char *group, struct buf *err)
{
	char *path = lock_path(database);
	int fd = lock_open(path, mode, group, err);

	free(path);
	if (fd < 0)
		return -1;
	if (!lock_byte(fd, BYTE_DAEMON)) {
		say_why_not_locked(fd, database, errno, err);
		close(fd);
		return -1;
	}
	if (ftruncate(fd, 0) == 0)
		dprintf(
		    fd, "%ld\n", (long)getpid()); /* for people; the lock does not depend on it */
	return fd;
}

void
lock_release(int fd)
{
	if (ftruncate(fd, 0) != 0)
		errno = 0; /* the old pid stays; it is read only while the lock is held */
	close(fd);
}

int
lock_without_daemon(const char *database, int mode, const char *group)
{
	char *path = lock_path(database);
	int fd = lock_open(path, mode, group, NULL);

	free(path);
	if (fd < 0)
		return -1;
	if (!is_locked(fd, BYTE_DAEMON) && lock_byte(fd, BYTE_CHECKPOINTER))
		return fd;
	close(fd);
	return -1;
}

int
lock_export(const char *database, int mode, const char *group, struct span wallet)
{
	uint8_t digest[DIGEST_SHA256_SIZE];
	char *path = lock_path(database);
	int fd = lock_open(path, mode, group, NULL);
	int64_t byte;

	free(path);
	digest_sha256(digest, wallet);
	memcpy(&byte, digest, sizeof(byte));
	if (fd >= 0 && !lock_byte(fd, BYTE_EXPORTS | (byte & (BYTE_EXPORTS - 1)))) {
		close(fd);
		fd = -1;
	}
	return fd;
}
