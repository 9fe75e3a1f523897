-- 003-sessions.sql - who has signed in, which challenges were used, and which credentials were ended before their time.
-- Times are wall clock, ms. Tokens are known by the SHA-256 of their text, in hex.

-- Bearer tokens that this server made.
CREATE TABLE tokens(
	hash       TEXT PRIMARY KEY,
	wallet     TEXT NOT NULL,           -- the key
	name       TEXT NOT NULL,           -- as it signed in
	created_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	used_at    INTEGER NOT NULL         -- written at most every few minutes
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_wallet ON tokens(wallet);
CREATE INDEX tokens_by_expiry ON tokens(expires_at);

-- Challenges that made a token: each makes one.
CREATE TABLE used_nonces(
	nonce      TEXT PRIMARY KEY,
	expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX used_nonces_by_expiry ON used_nonces(expires_at);

-- Tokens that were ended, whoever made them: listed until they would have expired.
CREATE TABLE ended_tokens(
	hash       TEXT PRIMARY KEY,
	wallet     TEXT NOT NULL,
	expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ended_tokens_by_expiry ON ended_tokens(expires_at);

-- Wallets all of whose tokens were ended: what was issued up to then is void, and what does not say when it was issued.
CREATE TABLE ended_wallets(
	wallet TEXT PRIMARY KEY,
	until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Each end is a row of the log, whoever makes it: the daemon closes what is connected. Not durable: nobody is owed it later.
CREATE TRIGGER ended_tokens_added AFTER INSERT ON ended_tokens BEGIN
	INSERT INTO log(at, topic, event, data, actor, durable)
	VALUES(CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), 'session:' || NEW.hash, 'ended', '{}', NEW.wallet, 0);
END;
CREATE TRIGGER ended_wallets_added AFTER INSERT ON ended_wallets BEGIN
	INSERT INTO log(at, topic, event, data, actor, durable)
	VALUES(CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), 'sessions:' || NEW.wallet, 'ended', '{}', NEW.wallet, 0);
END;
CREATE TRIGGER ended_wallets_changed AFTER UPDATE ON ended_wallets BEGIN
	INSERT INTO log(at, topic, event, data, actor, durable)
	VALUES(CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), 'sessions:' || NEW.wallet, 'ended', '{}', NEW.wallet, 0);
END;
