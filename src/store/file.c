/* SPDX-License-Identifier: ISC */
/*
 * file.c - the database as a file: finds it, checks its directory, and creates it.
 */
#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/why.h"
#include "store/lock.h"

/* Explains errno: "PATH: cannot look at it: user 33 may not look into DIRECTORY". */
static bool
say_file(struct buf *err, const char *path, const char *verb)
{
	int why = errno;

	buf_printf(err, "%s: cannot %s: ", path, verb);
	why_no_file(err, path, why);
	return false;
}

static bool
check_directory(const char *path, struct buf *err)
{
	char *copy = mem_strdup(path), *directory = dirname(copy);
	struct stat sb;
	bool is_fine = false;

	if (stat(directory, &sb) != 0)
		buf_printf(err, "%s: its directory %s: %s", path, directory, strerror(errno));
	else if (sb.st_mode & S_IWOTH)
		buf_printf(err,
		    "%s: others can write to its directory %s: chmod o-w, or another directory",
		    path, directory);
	else
		is_fine = true;
	free(copy);
	return is_fine;
}

char *
file_find(const char *path, bool *exists, struct buf *err)
{
	char *real = database_real(path);
	struct stat sb;

	*exists = stat(real, &sb) == 0;
	if (!*exists && errno != ENOENT)
		say_file(err, path, "look at it");
	else if (*exists && !S_ISREG(sb.st_mode))
		buf_printf(err, "%s: no regular file", path);
	else if (check_directory(real, err))
		return real;
	free(real);
	return NULL;
}

/* Makes the file under another name, sets its mode and group, then links it: so it has them as soon
 * as others can see it, with any umask. */
bool
file_create(const char *path, int mode, const char *group, struct buf *err)
{
	struct buf name = {0};
	bool is_made = false;
	int fd;

	buf_printf(&name, "%s.new-XXXXXX", path);
	buf_cstr(&name);
	fd = mkostemp(name.p, O_CLOEXEC);
	if (fd < 0) {
		buf_clear(&name);
		return say_file(err, path, "create");
	}
	is_made = file_adopt(fd, path, mode, group, err);
	close(fd); /* before the link: no lock on the database can be lost by this close */
	if (is_made && link(name.p, path) != 0 && errno != EEXIST)
		is_made = say_file(err, path, "create");
	unlink(name.p);
	buf_clear(&name);
	return is_made;
}
