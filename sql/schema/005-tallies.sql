-- 005-tallies.sql - counts of a room's messages up to some of them, so that many unread ones need not be counted one by one.

-- After each message whose id is a multiple of 4096, of its room: how many messages each sender sent since the room's tally before.
-- A tally never changes, as messages are never changed.
CREATE TABLE tallies(
	escrow INTEGER NOT NULL,
	at     INTEGER NOT NULL,          -- messages.at of the last one counted
	sender TEXT NOT NULL,
	n      INTEGER NOT NULL,
	PRIMARY KEY(escrow, at, sender)
) STRICT, WITHOUT ROWID;
INSERT INTO tallies(escrow, at, sender, n) SELECT escrow, at, sender, 0 FROM messages WHERE id % 4096 = 0;
INSERT INTO tallies(escrow, at, sender, n)
SELECT m.escrow, (SELECT t.at FROM tallies t WHERE t.escrow = m.escrow AND t.at >= m.at ORDER BY t.at LIMIT 1) AS upto, m.sender, count(*)
FROM messages m WHERE upto IS NOT NULL GROUP BY m.escrow, upto, m.sender
ON CONFLICT(escrow, at, sender) DO UPDATE SET n = excluded.n;
