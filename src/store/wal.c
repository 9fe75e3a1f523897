/* SPDX-License-Identifier: ISC */
/*
 * wal.c - writes the pages of a commit to the WAL with few system calls (mostly two), not with two
 * for each page. It is a thin VFS over SQLite's own, for the WAL only. While COMMIT runs, it
 * gathers frames until the header of the last frame comes, which marks the end of the commit.
 * SQLite then writes that frame's page, so all is written before COMMIT goes on.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "store/db.h"

#define FRAME_HEAD_BYTES  24           /* SQLite's file format, section 4.1 */
#define FRAME_COMMIT_AT   4            /* in the header: not 0 in the last frame of a commit */
#define PENDING_MAX_BYTES (120 * 1024) /* SQLite's own layer writes less than 128 KiB at once */

struct wal_file {
	sqlite3_file base; /* must be first: SQLite sees only this */
	sqlite3_file *real;
	char *pending; /* bytes that are not yet written; they belong at the offset at */
	size_t n_pending;
	sqlite3_int64 at;
	bool is_joining;
};

static sqlite3_vfs *real_vfs;

static struct wal_file *
wal_of(sqlite3_file *file)
{
	return (struct wal_file *)file;
}

/* After a failure nothing is tried again: the commit has failed. */
static int
flush(struct wal_file *w)
{
	size_t n = w->n_pending;

	w->n_pending = 0;
	return n > 0 ? w->real->pMethods->xWrite(w->real, w->pending, (int)n, w->at) : SQLITE_OK;
}

static bool
ends_commit(const unsigned char *bytes, int n)
{
	const unsigned char *size = bytes + FRAME_COMMIT_AT;

	return n == FRAME_HEAD_BYTES && (size[0] | size[1] | size[2] | size[3]) != 0;
}

static int
on_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
	struct wal_file *w = wal_of(file);
	bool continues = w->n_pending > 0 && at == w->at + (sqlite3_int64)w->n_pending;
	bool begins = w->is_joining && n == FRAME_HEAD_BYTES;
	int rc = SQLITE_OK;

	if (!continues || w->n_pending + (size_t)n > PENDING_MAX_BYTES)
		rc = flush(w);
	if (rc != SQLITE_OK)
		return rc;
	if (!continues && !begins)
		return w->real->pMethods->xWrite(w->real, bytes, n, at);
	if (w->n_pending == 0)
		w->at = at;
	memcpy(w->pending + w->n_pending, bytes, (size_t)n);
	w->n_pending += (size_t)n;
	return ends_commit(bytes, n) ? flush(w) : SQLITE_OK;
}

static int
on_read(sqlite3_file *file, void *bytes, int n, sqlite3_int64 at)
{
	struct wal_file *w = wal_of(file);
	int rc = flush(w);

	return rc == SQLITE_OK ? w->real->pMethods->xRead(w->real, bytes, n, at) : rc;
}

static int
on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct wal_file *w = wal_of(file);
	int rc = flush(w);

	return rc == SQLITE_OK ? w->real->pMethods->xTruncate(w->real, size) : rc;
}

static int
on_sync(sqlite3_file *file, int flags)
{
	struct wal_file *w = wal_of(file);
	int rc = flush(w);

	return rc == SQLITE_OK ? w->real->pMethods->xSync(w->real, flags) : rc;
}

static int
on_file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	struct wal_file *w = wal_of(file);
	int rc = flush(w);

	return rc == SQLITE_OK ? w->real->pMethods->xFileSize(w->real, size) : rc;
}

static int
on_close(sqlite3_file *file)
{
	struct wal_file *w = wal_of(file);

	free(w->pending);
	return w->real->pMethods->xClose(w->real);
}

static int
on_file_control(sqlite3_file *file, int op, void *arg)
{
	sqlite3_file *real = wal_of(file)->real;

	return real->pMethods->xFileControl(real, op, arg);
}

static int
on_sector_size(sqlite3_file *file)
{
	sqlite3_file *real = wal_of(file)->real;

	return real->pMethods->xSectorSize(real);
}

static int
on_device_characteristics(sqlite3_file *file)
{
	sqlite3_file *real = wal_of(file)->real;

	return real->pMethods->xDeviceCharacteristics(real);
}

/* Version 1 has no locks, shared memory or mapping: SQLite uses those on the database, not on the
 * WAL. */
static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_file_size,
    .xFileControl = on_file_control,
    .xSectorSize = on_sector_size,
    .xDeviceCharacteristics = on_device_characteristics,
};

/* Opens a WAL as a wal_file; all other files are the real VFS's own. */
static int
on_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out_flags)
{
	struct wal_file *w = wal_of(file);
	int rc;

	if (!(flags & SQLITE_OPEN_WAL))
		return real_vfs->xOpen(real_vfs, name, file, flags, out_flags);
	*w = (struct wal_file){.real = (sqlite3_file *)(w + 1)};
	rc = real_vfs->xOpen(real_vfs, name, w->real, flags, out_flags);
	if (rc != SQLITE_OK)
		return rc;
	w->pending = mem_alloc(PENDING_MAX_BYTES);
	w->base.pMethods = &methods;
	return SQLITE_OK;
}

const char *
wal_layer(void)
{
	static sqlite3_vfs vfs;

	real_vfs = sqlite3_vfs_find(NULL);
	vfs = *real_vfs;
	vfs.zName = "escrowchat";
	vfs.szOsFile += (int)sizeof(struct wal_file);
	vfs.xOpen = on_open;
	vfs.pNext = NULL;
	sqlite3_vfs_register(&vfs, 0);
	return vfs.zName;
}

void
wal_join(struct store *st, bool is_joining)
{
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(st->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) ==
		SQLITE_OK &&
	    file != NULL && file->pMethods == &methods) {
		wal_of(file)->is_joining = is_joining;
		wal_of(file)->n_pending = 0; /* drops the rest of a commit that failed */
	}
}
