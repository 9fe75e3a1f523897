-- 007-one-row.sql - a message is a row of the log by itself: stored once, found by one index.

-- From here on a message's id is its position in the log, which is the tables log and messages merged by id (log_rows). Positions are
-- still the numbers of log's AUTOINCREMENT: what messages take of them is noted in sqlite_sequence before their transaction ends.
INSERT INTO sqlite_sequence(name, seq) SELECT 'log', 0 WHERE NOT EXISTS(SELECT 1 FROM sqlite_sequence WHERE name = 'log');
UPDATE sqlite_sequence SET seq = max(seq, coalesce((SELECT max(id) FROM messages), 0)) WHERE name = 'log';
-- The index for searches is written for 256 messages at a time from here on, not 64 (search_add). It has all that there are: the first
-- batch begins behind search_from.
INSERT INTO search(rowid, escrow, content)
SELECT id, char(63743) || escrow || char(63743), content FROM messages WHERE id > (SELECT max(id) / 64 * 64 FROM messages);
INSERT INTO meta(key, value) SELECT 'search_from', coalesce(max(id), 0) FROM messages;
-- Messages above it are rows of the log. Of others log has a row of an earlier schema, or it was trimmed.
INSERT INTO meta(key, value) SELECT 'log_from', seq FROM sqlite_sequence WHERE name = 'log';

-- These refer to the table messages, and are made again below.
DROP VIEW message_rows;
DROP TRIGGER participants_added;
DROP TRIGGER escrows_kept;

-- As before, but that tag is written with the message, not computed at each look, and that no key refers to escrows, which are never deleted.
CREATE TABLE messages_anew(
	id            INTEGER PRIMARY KEY,
	nonce         INTEGER NOT NULL,     -- 64 random bits
	escrow        INTEGER NOT NULL,
	at            INTEGER NOT NULL,     -- wall clock, ms
	sender        TEXT NOT NULL,        -- the wallet's key
	tag           INTEGER NOT NULL,     -- of sender: see 001
	sender_name   TEXT,                 -- what others see, where it differs from the key
	sender_role   TEXT,                 -- at the time; NULL: unlisted
	client_msg_id TEXT,
	content       TEXT NOT NULL
) STRICT;
INSERT INTO messages_anew(id, nonce, escrow, at, sender, tag, sender_name, sender_role, client_msg_id, content)
SELECT id, nonce, escrow, at, sender, tag, sender_name, sender_role, client_msg_id, content FROM messages;
DROP TABLE messages;
ALTER TABLE messages_anew RENAME TO messages;
CREATE INDEX messages_by_escrow ON messages(escrow, at, tag);
CREATE UNIQUE INDEX messages_by_client_msg_id ON messages(escrow, sender, client_msg_id)
	WHERE client_msg_id IS NOT NULL;

CREATE VIEW message_rows AS
	SELECT m.*,
		EXISTS(SELECT 1 FROM reads r
			WHERE r.escrow = m.escrow AND r.shown_to >= m.at AND r.wallet <> m.sender)
		OR EXISTS(SELECT 1 FROM read_marks k
			WHERE k.escrow = m.escrow AND k.at = m.at AND k.shown = 1 AND k.wallet <> m.sender) AS read
	FROM messages m;
CREATE TRIGGER participants_added AFTER INSERT ON participants BEGIN
	INSERT INTO log(at, topic, event, data, actor, durable)
	SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), 'membership:' || e.name, 'added',
		'{"walletAddress":"' || NEW.name || '","role":"' || NEW.role || '"}', NEW.wallet, 1
	FROM escrows e WHERE e.id = NEW.escrow;
	UPDATE participants SET
		since_message = coalesce((SELECT max(at) FROM messages WHERE escrow = NEW.escrow), 0),
		since_position = (SELECT max(id) FROM log)
	WHERE escrow = NEW.escrow AND wallet = NEW.wallet;
END;
CREATE TRIGGER escrows_kept BEFORE DELETE ON escrows
WHEN EXISTS(SELECT 1 FROM participants WHERE escrow = OLD.id) OR EXISTS(SELECT 1 FROM messages WHERE escrow = OLD.id) BEGIN
	SELECT RAISE(ABORT, 'escrows: participants are deleted first; an escrow with messages stays');
END;

-- The log whole. A message's data is made of the row when it is read, as clients see it: until then it is the content.
CREATE VIEW log_rows AS
	SELECT id, at, topic, event, data, actor, durable,
		NULL AS nonce, NULL AS escrow, NULL AS sender_name, NULL AS sender_role, NULL AS client_msg_id
	FROM log
	UNION ALL
	SELECT m.id, m.at, 'escrow_' || e.name, 'chat_message', m.content, m.sender, 1,
		m.nonce, m.escrow, m.sender_name, m.sender_role, m.client_msg_id
	FROM messages m CROSS JOIN escrows e ON e.id = m.escrow
	WHERE m.id > (SELECT value FROM meta WHERE key = 'log_from');
