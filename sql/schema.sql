-- schema.sql - the schema of today, for reading: `make documents` makes it from a new database and
-- from schema.table. The programs do not read this file: they run the migrations under schema/,
-- whose newest is number 8. The tables of SQLite and of its full-text index are not shown.

-- ---- Escrows: who may be in a room ----

-- The deals of the marketplace. An escrow is the room of the same id.
CREATE TABLE escrows(
	id         INTEGER PRIMARY KEY,  -- the number that other tables use
	name       TEXT NOT NULL UNIQUE, -- the escrowId of clients, compared as bytes; it never changes
	title      TEXT NOT NULL,        -- shown to participants
	status     TEXT,                 -- the platform's own word, or NULL
	created_at INTEGER NOT NULL,     -- wall clock, ms
	updated_at INTEGER NOT NULL      -- wall clock, ms
) STRICT;

-- Refuses to change an escrowId, because topics contain it.
CREATE TRIGGER escrows_renamed BEFORE UPDATE OF name ON escrows BEGIN
	SELECT RAISE(ABORT, 'escrows: the escrowId does not change');
END;

-- Refuses to delete an escrow that has participants or messages. The trigger does the work of a
-- foreign key, because a foreign shell leaves foreign keys off.
CREATE TRIGGER escrows_kept BEFORE DELETE ON escrows
WHEN EXISTS(SELECT 1 FROM participants WHERE escrow = OLD.id) OR EXISTS(SELECT 1 FROM messages WHERE escrow = OLD.id) BEGIN
	SELECT RAISE(ABORT, 'escrows: participants are deleted first; an escrow with messages stays');
END;

-- The wallets that take part in an escrow, each with a role. Unread messages count from
-- since_message, and notifications from since_position.
CREATE TABLE participants(
	-- escrows.id
	escrow         INTEGER NOT NULL REFERENCES escrows(id),
	wallet         TEXT NOT NULL               -- the key: EVM addresses are in lower case
		CHECK(length(CAST(wallet AS BLOB)) BETWEEN 1 AND 128 AND length(wallet) = length(CAST(wallet AS BLOB))
			AND wallet NOT GLOB '*[^A-Za-z0-9._~@:|+=-]*'
			AND (wallet = lower(wallet) OR NOT (length(wallet) = 42 AND wallet GLOB '0x*'
				AND substr(wallet, 3) NOT GLOB '*[^0-9a-fA-F]*'))),
	name           TEXT NOT NULL               -- the wallet as the platform wrote it; others see it so
		CHECK(length(CAST(name AS BLOB)) BETWEEN 1 AND 128 AND length(name) = length(CAST(name AS BLOB))
			AND name NOT GLOB '*[^A-Za-z0-9._~@:|+=-]*'),
	-- the rights in the room: an observer only reads
	role           TEXT NOT NULL CHECK(role IN ('client', 'freelancer', 'arbiter', 'observer')),
	since_message  INTEGER NOT NULL DEFAULT 0, -- the newest messages.at of the room when they were added
	since_position INTEGER NOT NULL DEFAULT 0, -- the head of the log when they were added
	PRIMARY KEY(escrow, wallet)
) STRICT, WITHOUT ROWID;

-- Finds the escrows of a wallet.
CREATE INDEX participants_by_wallet ON participants(wallet, escrow);

-- A new participant is a row of the log, whichever program inserts it. The text needs no escapes,
-- because the checks of the table leave no character to escape.
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

-- A new name or role is a row of the log.
CREATE TRIGGER participants_changed AFTER UPDATE OF name, role ON participants
WHEN OLD.name <> NEW.name OR OLD.role <> NEW.role BEGIN
	INSERT INTO log(at, topic, event, data, actor, durable)
	SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), 'membership:' || e.name, 'changed',
		'{"walletAddress":"' || NEW.name || '","role":"' || NEW.role || '"}', NEW.wallet, 1
	FROM escrows e WHERE e.id = NEW.escrow;
END;

-- The removal of a participant is a row of the log.
CREATE TRIGGER participants_removed AFTER DELETE ON participants BEGIN
	INSERT INTO log(at, topic, event, data, actor, durable)
	SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), 'membership:' || e.name, 'removed',
		'{"walletAddress":"' || OLD.name || '","role":"' || OLD.role || '"}', OLD.wallet, 1
	FROM escrows e WHERE e.id = OLD.escrow;
END;

-- Refuses to change whose row it is.
CREATE TRIGGER participants_moved BEFORE UPDATE OF escrow, wallet ON participants BEGIN
	SELECT RAISE(ABORT, 'participants: delete and insert, a participant does not move');
END;

-- ---- Messages and read marks ----

-- The messages of all rooms. They are never changed and never deleted. A message is also a row of
-- the log: its id is its position there (see log_rows). Clients see the id and the nonce as one
-- string, so ids cannot be guessed. at is unique in an escrow, grows with id, and is the order of
-- the room.
CREATE TABLE messages(
	id            INTEGER PRIMARY KEY, -- the position in the log
	nonce         INTEGER NOT NULL,    -- 64 random bits
	escrow        INTEGER NOT NULL,    -- escrows.id
	at            INTEGER NOT NULL,    -- wall clock, ms
	sender        TEXT NOT NULL,       -- the wallet's key
	tag           INTEGER NOT NULL,    -- the last three characters of sender as a number, for the index
	sender_name   TEXT,                -- the wallet as others see it, if it differs from the key
	sender_role   TEXT,                -- the role when it was sent; NULL: none
	client_msg_id TEXT,                -- the client's own id, or NULL
	content       TEXT NOT NULL        -- the text
) STRICT;

-- Pages of a room's history. With tag in it, unread messages of others are counted in the index
-- alone, except where two wallets have the same tag.
CREATE INDEX messages_by_escrow ON messages(escrow, at, tag);

-- A message that a client sends twice, with the same client_msg_id, is stored once.
CREATE UNIQUE INDEX messages_by_client_msg_id ON messages(escrow, sender, client_msg_id)
	WHERE client_msg_id IS NOT NULL;

-- How far each wallet has read in a room, as messages.at. The marks outlive a membership and never
-- go back.
CREATE TABLE reads(
	escrow   INTEGER NOT NULL,           -- escrows.id
	wallet   TEXT NOT NULL,              -- the wallet's key
	up_to    INTEGER NOT NULL DEFAULT 0, -- messages up to here are not unread for this wallet
	shown_to INTEGER NOT NULL DEFAULT 0, -- messages up to here are read for all; an observer does not set it
	PRIMARY KEY(escrow, wallet)
) STRICT, WITHOUT ROWID;

-- Finds whether anybody has read up to a message.
CREATE INDEX reads_by_shown ON reads(escrow, shown_to);

-- Marks of single messages that reads does not cover: beyond up_to, or shown ones beyond shown_to.
CREATE TABLE read_marks(
	escrow INTEGER NOT NULL, -- escrows.id
	wallet TEXT NOT NULL,    -- the wallet's key
	at     INTEGER NOT NULL, -- messages.at
	shown  INTEGER NOT NULL, -- 1: the message is read for all; 0: for this wallet
	PRIMARY KEY(escrow, wallet, at)
) STRICT, WITHOUT ROWID;

-- Finds whether a single message was read.
CREATE INDEX read_marks_shown ON read_marks(escrow, at) WHERE shown = 1;

-- Running counts of messages, so that many unread ones are not counted one by one. After each
-- message whose nonce is a multiple of 32 there is a row for the room, and a row for each sender
-- that wrote since the tally before.
CREATE TABLE tallies(
	escrow INTEGER NOT NULL, -- escrows.id
	sender TEXT NOT NULL,    -- the wallet's key; '' is the whole room
	at     INTEGER NOT NULL, -- messages.at of the last message that is counted
	n      INTEGER NOT NULL, -- the number of messages up to it
	PRIMARY KEY(escrow, sender, at)
) STRICT, WITHOUT ROWID;

-- Messages as clients see them: with read, which is the same for every viewer.
CREATE VIEW message_rows AS
	SELECT m.*,
		EXISTS(SELECT 1 FROM reads r
			WHERE r.escrow = m.escrow AND r.shown_to >= m.at AND r.wallet <> m.sender)
		OR EXISTS(SELECT 1 FROM read_marks k
			WHERE k.escrow = m.escrow AND k.at = m.at AND k.shown = 1 AND k.wallet <> m.sender) AS read
	FROM messages m;

-- The full-text index of messages (FTS5). It has no contents of its own: a rowid is a messages.id.
-- Each row has the words of the message and one token that names the escrow (its id between two
-- U+F8FF). It is written for 256 messages at a time, and newer messages are searched directly. The
-- index of `search = trigram` is made when the database is opened.
CREATE VIRTUAL TABLE search USING fts5(escrow, content, content='', columnsize=0, detail=none, prefix='3',
	tokenize='unicode61 remove_diacritics 2');

-- ---- The log: what is delivered, in one order ----

-- All events that are no messages, in the order of their commits. AUTOINCREMENT: an id is never
-- used again. The topic says whom a row is for:
--   escrow_ID        everyone in the room
--   user:WALLET      one user, on every connection
--   members:ID       each participant of the escrow except the actor and observers
--   membership:ID    nobody: the daemon acts on the change; actor is whose membership it is
--   session:HASH     nobody: the daemon closes the connections of this token
--   sessions:WALLET  nobody: the daemon closes the connections of this wallet
CREATE TABLE log(
	id      INTEGER PRIMARY KEY AUTOINCREMENT, -- the position; cursors contain it
	at      INTEGER NOT NULL,                  -- wall clock, ms
	topic   TEXT NOT NULL,                     -- whom the row is for, see above
	event   TEXT NOT NULL,                     -- the name of the event
	data    TEXT NOT NULL,                     -- a JSON object
	actor   TEXT,                              -- the key of the wallet that caused it, or NULL
	durable INTEGER NOT NULL                   -- 1: clients that come back get it; 0: it is for those who are connected
) STRICT;

-- Finds the missed events of a topic.
CREATE INDEX log_by_topic ON log(topic) WHERE durable = 1;

-- The whole log: the rows of log, and the messages above meta.log_from. The data of a message is
-- its content here; the JSON that clients see is made when the row is read.
CREATE VIEW log_rows AS
	SELECT id, at, topic, event, data, actor, durable,
		NULL AS nonce, NULL AS escrow, NULL AS sender_name, NULL AS sender_role, NULL AS client_msg_id
	FROM log
	UNION ALL
	SELECT m.id, m.at, 'escrow_' || e.name, 'chat_message', m.content, m.sender, 1,
		m.nonce, m.escrow, m.sender_name, m.sender_role, m.client_msg_id
	FROM messages m CROSS JOIN escrows e ON e.id = m.escrow
	WHERE m.id > (SELECT value FROM meta WHERE key = 'log_from');

-- The newest durable row of each topic that was trimmed from the log. A cursor before it has a gap.
CREATE TABLE trimmed(
	topic TEXT PRIMARY KEY,          -- as in log
	last  INTEGER NOT NULL,          -- its position
	actor TEXT,                      -- its actor
	other INTEGER NOT NULL DEFAULT 0 -- of members: topics: the newest trimmed position by another actor
) STRICT, WITHOUT ROWID;

-- One row for each start of the daemon. A cursor is the name of one and a position.
CREATE TABLE incarnations(
	n     INTEGER PRIMARY KEY AUTOINCREMENT, -- the order of the starts
	name  TEXT NOT NULL UNIQUE,              -- 16 random hex digits
	first INTEGER NOT NULL,                  -- the first position that it could give
	at    INTEGER NOT NULL                   -- wall clock, ms
) STRICT;

-- The public face of the log. Any program that can write to the database publishes an event by an
-- INSERT into this view: topic (escrow_ID or user:WALLET), event, data (a JSON object), and durable
-- (1 if it is not given).
CREATE VIEW broadcast_queue(topic, event, data, durable) AS
	SELECT topic, event, data, durable FROM log WHERE topic GLOB 'escrow_*' OR topic GLOB 'user:*';

-- Checks an event as the programs do, and appends it to the log. The reserved names are events that
-- the server makes itself.
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
			'gap', 'token_expiring', 'chat_error', 'heartbeat', 'connect', 'connect_error', 'disconnect', 'disconnecting',
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

-- Refuses to change the log.
CREATE TRIGGER broadcast_queue_update INSTEAD OF UPDATE ON broadcast_queue BEGIN
	SELECT RAISE(ABORT, 'broadcast_queue: rows are written once and never changed');
END;

-- Refuses to delete from the log.
CREATE TRIGGER broadcast_queue_delete INSTEAD OF DELETE ON broadcast_queue BEGIN
	SELECT RAISE(ABORT, 'broadcast_queue: rows are trimmed by the daemon alone');
END;

-- ---- Sign-in ----

-- Bearer tokens that this server made (auth = wallet). The tokens themselves are stored nowhere.
CREATE TABLE tokens(
	hash       TEXT PRIMARY KEY, -- SHA-256 of the token, in hex
	wallet     TEXT NOT NULL,    -- the wallet's key
	name       TEXT NOT NULL,    -- the wallet as the user wrote it
	created_at INTEGER NOT NULL, -- wall clock, ms
	expires_at INTEGER NOT NULL, -- wall clock, ms
	used_at    INTEGER NOT NULL  -- wall clock, ms; written at most every few minutes
) STRICT, WITHOUT ROWID;

-- Finds the tokens of a wallet.
CREATE INDEX tokens_by_wallet ON tokens(wallet);

-- Finds the expired tokens.
CREATE INDEX tokens_by_expiry ON tokens(expires_at);

-- Challenges that were used to sign in. Each makes one token.
CREATE TABLE used_nonces(
	nonce      TEXT PRIMARY KEY, -- the nonce of the challenge
	expires_at INTEGER NOT NULL  -- wall clock, ms
) STRICT, WITHOUT ROWID;

-- Finds the expired nonces.
CREATE INDEX used_nonces_by_expiry ON used_nonces(expires_at);

-- Tokens that were ended before their time, whoever made them. A row stays until the token would
-- have expired.
CREATE TABLE ended_tokens(
	hash       TEXT PRIMARY KEY, -- SHA-256 of the token, in hex
	wallet     TEXT NOT NULL,    -- the wallet's key
	expires_at INTEGER NOT NULL  -- wall clock, ms
) STRICT, WITHOUT ROWID;

-- Finds the rows that are needed no more.
CREATE INDEX ended_tokens_by_expiry ON ended_tokens(expires_at);

-- Wallets whose tokens were all ended. A token is void if it was issued up to then, or does not say
-- when it was issued.
CREATE TABLE ended_wallets(
	wallet TEXT PRIMARY KEY, -- the wallet's key
	until  INTEGER NOT NULL  -- wall clock, ms
) STRICT, WITHOUT ROWID;

-- The end of a token is a row of the log, so the daemon closes its connections.
CREATE TRIGGER ended_tokens_added AFTER INSERT ON ended_tokens BEGIN
	INSERT INTO log(at, topic, event, data, actor, durable)
	VALUES(CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), 'session:' || NEW.hash, 'ended', '{}', NEW.wallet, 0);
END;

-- The end of a wallet's tokens is a row of the log.
CREATE TRIGGER ended_wallets_added AFTER INSERT ON ended_wallets BEGIN
	INSERT INTO log(at, topic, event, data, actor, durable)
	VALUES(CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), 'sessions:' || NEW.wallet, 'ended', '{}', NEW.wallet, 0);
END;

-- A later end of the tokens of that wallet is a row of the log, too.
CREATE TRIGGER ended_wallets_changed AFTER UPDATE ON ended_wallets BEGIN
	INSERT INTO log(at, topic, event, data, actor, durable)
	VALUES(CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), 'sessions:' || NEW.wallet, 'ended', '{}', NEW.wallet, 0);
END;

-- ---- Socket.IO recovery ----

-- Socket.IO sessions whose state can be recovered: one for each connected client, and one for each
-- client that was lost less than the recovery window ago.
CREATE TABLE kept_sessions(
	id       INTEGER PRIMARY KEY,  -- the number that kept_rooms uses
	pid_hash TEXT NOT NULL UNIQUE, -- a hash of the secret that the client returns with
	sid      TEXT NOT NULL,        -- the socket's id, which others may see
	wallet   TEXT NOT NULL,        -- the wallet's key
	own_from INTEGER NOT NULL,     -- the position at which the session began, for the user's own topic
	boot     INTEGER NOT NULL      -- incarnations.n of the daemon that touched it last
) STRICT;

-- The rooms of a kept session.
CREATE TABLE kept_rooms(
	-- kept_sessions.id
	session   INTEGER NOT NULL REFERENCES kept_sessions(id) ON DELETE CASCADE,
	escrow_id TEXT NOT NULL,    -- escrows.name
	began     INTEGER NOT NULL, -- the position at which the subscription began
	PRIMARY KEY(session, escrow_id)
) STRICT, WITHOUT ROWID;

-- ---- Limits and facts ----

-- Token buckets, which both programs share (GCRA). A bucket without a row is full.
CREATE TABLE rates(
	wallet  TEXT PRIMARY KEY, -- the wallet's key, or another name that begins with /
	arrival INTEGER NOT NULL  -- the microsecond at which it is full; wall clock for names in /day/, else monotonic
) STRICT, WITHOUT ROWID;

-- Facts about this database:
--   auth_class      open or closed: whether it was made with auth = open
--   search          words or trigram: the kind of the index
--   search_from     messages up to this id are in the index, beyond whole batches
--   log_from        messages above this id are rows of the log
--   challenge_key   the key that authenticates challenges of sign-in
--   platform_ahead  how far the platform's clock was seen ahead of this one, and when
CREATE TABLE meta(
	key   TEXT PRIMARY KEY, -- the name of the fact
	value ANY               -- text or a number
) STRICT, WITHOUT ROWID;
