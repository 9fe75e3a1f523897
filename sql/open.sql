-- open.sql - what runs once, while a database is opened. Nothing here is kept prepared.

-- The state of the file: ours, and how new?
-- name: open_state
SELECT a.application_id, v.user_version, (SELECT count(*) FROM sqlite_schema) AS objects
FROM pragma_application_id a, pragma_user_version v;

-- name: open_begin_read
BEGIN;

-- name: open_begin_write
BEGIN IMMEDIATE;

-- name: open_commit
COMMIT;

-- name: open_rollback
ROLLBACK;

-- name: open_class
SELECT value FROM meta WHERE key = 'auth_class';

-- name: open_class_set
INSERT INTO meta(key, value) VALUES('auth_class', :class);

-- name: open_wal
PRAGMA journal_mode = WAL;

-- Debian's library has other defaults: everything that matters is said here.
-- journal_size_limit: a log file that once grew large is cut when it is begun anew.
-- name: open_settings
PRAGMA foreign_keys = ON;
PRAGMA secure_delete = OFF;
PRAGMA wal_autocheckpoint = 0;
PRAGMA temp_store = MEMORY;
PRAGMA mmap_size = 0;
PRAGMA cache_size = -16384;
PRAGMA journal_size_limit = 16777216;

-- name: open_sync_full
PRAGMA synchronous = FULL;

-- name: open_sync_normal
PRAGMA synchronous = NORMAL;
