-- 002-kept-sessions.sql - what is kept of Socket.IO sessions, so that a client can recover its connection's state.

-- One a connected client, and one a client that was lost less than the recovery window ago.
-- boot: incarnations.n of the daemon that touched it last; what an earlier one left is kept for one window after a start.
CREATE TABLE kept_sessions(
	id       INTEGER PRIMARY KEY,
	pid_hash TEXT NOT NULL UNIQUE,     -- of the secret that the client returns with: its time (where it has one) and its SHA-256, in hex
	sid      TEXT NOT NULL,            -- the socket's id, which others may see
	wallet   TEXT NOT NULL,            -- the key
	own_from INTEGER NOT NULL,         -- the position at which it began, for the own topic
	boot     INTEGER NOT NULL
) STRICT;

-- The rooms it was in, and the position at which each subscription began.
CREATE TABLE kept_rooms(
	session   INTEGER NOT NULL REFERENCES kept_sessions(id) ON DELETE CASCADE,
	escrow_id TEXT NOT NULL,
	began     INTEGER NOT NULL,
	PRIMARY KEY(session, escrow_id)
) STRICT, WITHOUT ROWID;
