-- 001-first.sql - escrows, messages, read marks, and the one log of all events.
-- Runs in one transaction; the number of this file becomes user_version.

PRAGMA application_id = 1162045556; -- "ECht"

-- Facts about this database, such as auth_class ('open' or 'closed').
CREATE TABLE meta(
	key   TEXT PRIMARY KEY,
	value ANY
) STRICT, WITHOUT ROWID;

-- Every start of the daemon records one: a cursor is (name, position). first is the first position it could assign.
CREATE TABLE incarnations(
	n     INTEGER PRIMARY KEY AUTOINCREMENT,
	name  TEXT NOT NULL UNIQUE,
	first INTEGER NOT NULL,
	at    INTEGER NOT NULL              -- wall clock, ms
) STRICT;
-- So that the other program can make cursors before the daemon first ran.
INSERT INTO incarnations(name, first, at)
VALUES(lower(hex(randomblob(8))), 1, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER));

CREATE TABLE escrows(
	id         INTEGER PRIMARY KEY,
	name       TEXT NOT NULL UNIQUE,    -- the escrowId, compared as bytes
	title      TEXT NOT NULL,
	status     TEXT,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) STRICT;

-- since_*: where the log and the room's messages stood when the user was added; unread and notifications count from there.
CREATE TABLE participants(
	escrow         INTEGER NOT NULL REFERENCES escrows(id),
	wallet         TEXT NOT NULL        -- the key: EVM addresses in lower case
		CHECK(length(CAST(wallet AS BLOB)) BETWEEN 1 AND 128 AND length(wallet) = length(CAST(wallet AS BLOB))
			AND wallet NOT GLOB '*[^A-Za-z0-9._~@:|+=-]*'
			AND (wallet = lower(wallet) OR NOT (length(wallet) = 42 AND wallet GLOB '0x*'
				AND substr(wallet, 3) NOT GLOB '*[^0-9a-fA-F]*'))),
	name           TEXT NOT NULL        -- as the platform wrote it: what others see
		CHECK(length(CAST(name AS BLOB)) BETWEEN 1 AND 128 AND length(name) = length(CAST(name AS BLOB))
			AND name NOT GLOB '*[^A-Za-z0-9._~@:|+=-]*'),
	role           TEXT NOT NULL CHECK(role IN ('client', 'freelancer', 'arbiter', 'observer')),
	since_message  INTEGER NOT NULL DEFAULT 0,
	since_position INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY(escrow, wallet)
) STRICT, WITHOUT ROWID;
CREATE INDEX participants_by_wallet ON participants(wallet, escrow);

-- Never trimmed. at is unique within an escrow and grows with id (message_insert sees to it): it is the order of a room.
-- The id that clients see is (id, nonce): found by key, not to be guessed.
CREATE TABLE messages(
	id            INTEGER PRIMARY KEY,
	nonce         INTEGER NOT NULL,     -- 64 random bits
	escrow        INTEGER NOT NULL REFERENCES escrows(id),
	at            INTEGER NOT NULL,     -- wall clock, ms
	sender        TEXT NOT NULL,        -- the wallet's key
	sender_name   TEXT,                 -- what others see, where it differs from the key
	sender_role   TEXT,                 -- at the time; NULL: unlisted
	client_msg_id TEXT,
	content       TEXT NOT NULL,
	-- The end of sender as a small number, for the index: what has another tag is another's, and only where tags are
	-- equal the row is looked at. So unread messages are counted in an index that is half as large as with sender in it.
	tag           INTEGER AS (unicode(substr(sender, -1)) * 16384 + unicode(substr(sender, -2)) * 128
		+ unicode(substr(sender, -3))) VIRTUAL
) STRICT;
CREATE INDEX messages_by_escrow ON messages(escrow, at, tag);
CREATE UNIQUE INDEX messages_by_client_msg_id ON messages(escrow, sender, client_msg_id)
	WHERE client_msg_id IS NOT NULL;

-- How far a wallet has read: up_to counts for its own unread, shown_to also makes messages read for all (an observer's does not).
-- Both are messages.at. Outlives membership: marks never go back.
CREATE TABLE reads(
	escrow   INTEGER NOT NULL,
	wallet   TEXT NOT NULL,
	up_to    INTEGER NOT NULL DEFAULT 0,
	shown_to INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY(escrow, wallet)
) STRICT, WITHOUT ROWID;
CREATE INDEX reads_by_shown ON reads(escrow, shown_to);
-- Single marks, of messages by others: beyond up_to, or shown ones beyond shown_to.
CREATE TABLE read_marks(
	escrow INTEGER NOT NULL,
	wallet TEXT NOT NULL,
	at     INTEGER NOT NULL,
	shown  INTEGER NOT NULL,
	PRIMARY KEY(escrow, wallet, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX read_marks_shown ON read_marks(escrow, at) WHERE shown = 1;

-- Messages as clients see them: with read, the same for every viewer.
CREATE VIEW message_rows AS
	SELECT m.*,
		EXISTS(SELECT 1 FROM reads r
			WHERE r.escrow = m.escrow AND r.shown_to >= m.at AND r.wallet <> m.sender)
		OR EXISTS(SELECT 1 FROM read_marks k
			WHERE k.escrow = m.escrow AND k.at = m.at AND k.shown = 1 AND k.wallet <> m.sender) AS read
	FROM messages m;

-- Token buckets by wallet: the theoretical arrival time (GCRA) on the monotonic clock, µs.
CREATE TABLE rates(
	wallet  TEXT PRIMARY KEY,
	arrival INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The one log. AUTOINCREMENT: ids appear in commit order and are never used again.
-- The topic says whom a row is for:
--   escrow_ID      everyone in the room
--   user:WALLET    one user, on every connection
--   members:ID     each participant of the escrow but the actor and observers (notifications of a message)
--   membership:ID  nobody: a change that the daemon acts upon; actor is whose
CREATE TABLE log(
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	at      INTEGER NOT NULL,
	topic   TEXT NOT NULL,
	event   TEXT NOT NULL,
	data    TEXT NOT NULL,
	actor   TEXT,                       -- the wallet's key that caused it
	durable INTEGER NOT NULL
) STRICT;
CREATE INDEX log_by_topic ON log(topic) WHERE durable = 1;

-- The newest durable row of each topic that was trimmed: a cursor before it has a gap, one after it has none.
-- Of members: topics also the newest by another actor than that row's: nobody is owed an event that they caused.
CREATE TABLE trimmed(
	topic TEXT PRIMARY KEY,
	last  INTEGER NOT NULL,
	actor TEXT,
	other INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Membership changes are rows of the log, whoever makes them. What is put together here needs no escapes (see the CHECKs), and
-- json_object() does not run in triggers of connections with trusted_schema = OFF before SQLite 3.41, as ours are.
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
CREATE TRIGGER participants_changed AFTER UPDATE OF name, role ON participants
WHEN OLD.name <> NEW.name OR OLD.role <> NEW.role BEGIN
	INSERT INTO log(at, topic, event, data, actor, durable)
	SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), 'membership:' || e.name, 'changed',
		'{"walletAddress":"' || NEW.name || '","role":"' || NEW.role || '"}', NEW.wallet, 1
	FROM escrows e WHERE e.id = NEW.escrow;
END;
CREATE TRIGGER participants_removed AFTER DELETE ON participants BEGIN
	INSERT INTO log(at, topic, event, data, actor, durable)
	SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), 'membership:' || e.name, 'removed',
		'{"walletAddress":"' || OLD.name || '","role":"' || OLD.role || '"}', OLD.wallet, 1
	FROM escrows e WHERE e.id = OLD.escrow;
END;
CREATE TRIGGER participants_moved BEFORE UPDATE OF escrow, wallet ON participants BEGIN
	SELECT RAISE(ABORT, 'participants: delete and insert, a participant does not move');
END;
CREATE TRIGGER escrows_renamed BEFORE UPDATE OF name ON escrows BEGIN
	SELECT RAISE(ABORT, 'escrows: the escrowId does not change');
END;
-- Foreign keys are off in a foreign shell.
CREATE TRIGGER escrows_kept BEFORE DELETE ON escrows
WHEN EXISTS(SELECT 1 FROM participants WHERE escrow = OLD.id) OR EXISTS(SELECT 1 FROM messages WHERE escrow = OLD.id) BEGIN
	SELECT RAISE(ABORT, 'escrows: participants are deleted first; an escrow with messages stays');
END;

-- The public face of the log: any program that can write here publishes.
CREATE VIEW broadcast_queue(topic, event, data, durable) AS
	SELECT topic, event, data, durable FROM log WHERE topic GLOB 'escrow_*' OR topic GLOB 'user:*';

CREATE TRIGGER broadcast_queue_insert INSTEAD OF INSERT ON broadcast_queue BEGIN
	SELECT RAISE(ABORT, 'topic: escrow_{escrowId} or user:{walletAddress} is accepted')
	WHERE typeof(NEW.topic) <> 'text' OR instr(CAST(NEW.topic AS BLOB), x'00') > 0
		OR NOT CASE
			WHEN NEW.topic GLOB 'escrow_*' THEN
				length(CAST(NEW.topic AS BLOB)) BETWEEN 8 AND 135
				AND substr(NEW.topic, 8) NOT IN ('.', '..') AND instr(NEW.topic, '/') = 0
				AND NEW.topic NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159)
					|| char(0x61c, 0x200e, 0x200f) || char(0x2028) || '-' || char(0x202e)
					|| char(0x2066) || '-' || char(0x2069) || ']*'
			WHEN NEW.topic GLOB 'user:*' THEN
				length(NEW.topic) BETWEEN 6 AND 133 AND substr(NEW.topic, 6) NOT GLOB '*[^A-Za-z0-9._~@:|+=-]*'
			ELSE 0 END;
	SELECT RAISE(ABORT, 'event: a letter, then at most 63 of A-Z a-z 0-9 _ . : -, and no name that the server makes itself, is accepted')
	WHERE typeof(NEW.event) <> 'text' OR instr(CAST(NEW.event AS BLOB), x'00') > 0
		OR NEW.event NOT GLOB '[A-Za-z]*' OR NEW.event GLOB '*[^A-Za-z0-9_.:-]*' OR length(NEW.event) > 64
		OR NEW.event IN ('hello', 'chat_message', 'message_read', 'notification', 'user_typing', 'user_joined', 'user_left',
			'gap', 'token_expiring', 'chat_error', 'connect', 'connect_error', 'disconnect', 'disconnecting',
			'newListener', 'removeListener', 'error', 'open', 'message');
	SELECT RAISE(ABORT, 'data: one JSON object of at most 65536 bytes is accepted')
	WHERE typeof(NEW.data) <> 'text' OR length(CAST(NEW.data AS BLOB)) > 65536
		OR instr(CAST(NEW.data AS BLOB), x'00') > 0
		OR NOT CASE WHEN json_valid(NEW.data) THEN json_type(NEW.data) = 'object' ELSE 0 END;
	SELECT RAISE(ABORT, 'durable: 0 or 1 is accepted') WHERE coalesce(NEW.durable, 1) NOT IN (0, 1);
	INSERT INTO log(at, topic, event, data, durable) VALUES(
		CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER),
		CASE WHEN length(NEW.topic) = 47 AND NEW.topic GLOB 'user:0x*' AND substr(NEW.topic, 8) NOT GLOB '*[^0-9a-fA-F]*'
			THEN lower(NEW.topic) ELSE NEW.topic END,
		NEW.event, NEW.data, coalesce(NEW.durable, 1));
END;
CREATE TRIGGER broadcast_queue_update INSTEAD OF UPDATE ON broadcast_queue BEGIN
	SELECT RAISE(ABORT, 'broadcast_queue: rows are written once and never changed');
END;
CREATE TRIGGER broadcast_queue_delete INSTEAD OF DELETE ON broadcast_queue BEGIN
	SELECT RAISE(ABORT, 'broadcast_queue: rows are trimmed by the daemon alone');
END;
