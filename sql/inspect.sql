-- inspect.sql - what escrowchatctl asks of a database. Nothing here is kept prepared.

-- name: inspect_settings
PRAGMA query_only = ON;
PRAGMA mmap_size = 0;

-- name: inspect_version
SELECT a.application_id, v.user_version FROM pragma_application_id a, pragma_user_version v;

-- name: inspect_whole
PRAGMA integrity_check(20);

-- name: inspect_quick
PRAGMA quick_check(20);

-- name: inspect_references
SELECT 'row ' || rowid || ' of ' || "table" || ' names a row of ' || parent || ' that is not there'
FROM pragma_foreign_key_check
UNION ALL
SELECT 'row ' || id || ' of messages names a row of escrows that is not there'
FROM messages m WHERE NOT EXISTS(SELECT 1 FROM escrows e WHERE e.id = m.escrow)
LIMIT 20;

-- name: inspect_class
SELECT value FROM meta WHERE key = 'auth_class';

-- Names and figures, in the order in which they are shown. Every count is of a whole table or its index.
-- name: inspect_figures
SELECT 'escrows', count(*) FROM escrows
UNION ALL SELECT 'participants', count(*) FROM participants
UNION ALL SELECT 'messages', count(*) FROM messages
UNION ALL SELECT 'tokens', count(*) FROM tokens
UNION ALL SELECT 'log_rows', count(*) FROM log_rows
UNION ALL SELECT 'log_durable', (SELECT count(*) FROM log_rows WHERE durable = 1)
UNION ALL SELECT 'log_oldest', coalesce((SELECT min(id) FROM log_rows), 0)
UNION ALL SELECT 'log_head', coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'log'), 0)
UNION ALL SELECT 'log_oldest_age_s', coalesce((SELECT CAST(strftime('%s', 'now') AS INTEGER) - at / 1000 FROM log_rows ORDER BY id LIMIT 1), 0)
UNION ALL SELECT 'starts', (SELECT count(*) FROM incarnations);
