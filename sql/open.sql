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
-- journal_size_limit: a WAL that once grew large is cut when it is begun anew.
-- name: open_settings
PRAGMA foreign_keys = ON;
PRAGMA secure_delete = OFF;
PRAGMA wal_autocheckpoint = 0;
PRAGMA mmap_size = 0;
PRAGMA cache_size = -16384;
PRAGMA journal_size_limit = 16777216;

-- After migrations, which sort all messages.
-- name: open_sorting
PRAGMA temp_store = MEMORY;

-- name: open_sync_full
PRAGMA synchronous = FULL;

-- name: open_sync_normal
PRAGMA synchronous = NORMAL;

-- name: open_search
SELECT value FROM meta WHERE key = 'search';

-- The index of the schema, made anew from the messages.
-- name: open_search_words
DROP TABLE search;
CREATE VIRTUAL TABLE search USING fts5(escrow, content, content='', columnsize=0, detail=none, prefix='3',
	tokenize='unicode61 remove_diacritics 2');
INSERT INTO search(search, rank) VALUES('automerge', 8);
INSERT INTO search(rowid, escrow, content)
SELECT id, char(63743) || escrow || char(63743), content FROM messages
WHERE id <= (SELECT max(id) / 256 * 256 FROM messages);
UPDATE meta SET value = 'words' WHERE key = 'search';
DELETE FROM meta WHERE key = 'search_from';

-- Makes the index anew with trigrams (each three characters that follow one another): for scripts without spaces. A searched
-- text is a phrase of trigrams, so this index stores their positions.
-- name: open_search_trigram
DROP TABLE search;
CREATE VIRTUAL TABLE search USING fts5(escrow, content, content='', columnsize=0, tokenize='trigram');
INSERT INTO search(search, rank) VALUES('automerge', 8);
INSERT INTO search(rowid, escrow, content)
SELECT id, char(63743) || escrow || char(63743), content FROM messages
WHERE id <= (SELECT max(id) / 256 * 256 FROM messages);
UPDATE meta SET value = 'trigram' WHERE key = 'search';
DELETE FROM meta WHERE key = 'search_from';
