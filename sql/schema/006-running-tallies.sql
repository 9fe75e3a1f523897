-- 006-running-tallies.sql - tallies that say at once how many messages are between two of them, and by whom.

-- After each message whose nonce is a multiple of 32, of its room: how many messages the room has up to it (sender ''), and how many
-- each sender that wrote since the tally before has. A tally never changes, as messages are never changed.
DROP TABLE tallies;
CREATE TABLE tallies(
	escrow INTEGER NOT NULL,
	sender TEXT NOT NULL,
	at     INTEGER NOT NULL,          -- messages.at of the last one counted
	n      INTEGER NOT NULL,
	PRIMARY KEY(escrow, sender, at)
) STRICT, WITHOUT ROWID;
INSERT INTO tallies(escrow, sender, at, n)
SELECT escrow, '', at, n FROM (
	SELECT escrow, at, nonce, row_number() OVER (PARTITION BY escrow ORDER BY at) AS n FROM messages
) WHERE nonce & 31 = 0;
INSERT INTO tallies(escrow, sender, at, n)
SELECT escrow, sender, upto, max(n) FROM (
	SELECT m.escrow, m.sender, row_number() OVER (PARTITION BY m.escrow, m.sender ORDER BY m.at) AS n,
		(SELECT min(t.at) FROM tallies t WHERE t.escrow = m.escrow AND t.sender = '' AND t.at >= m.at) AS upto
	FROM messages m
) WHERE upto IS NOT NULL GROUP BY escrow, sender, upto;
