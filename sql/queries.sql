-- queries.sql - every statement of the running programs. All are prepared when a database is opened.

-- ---- transactions ----

-- name: begin_read
BEGIN;

-- name: begin_write
BEGIN IMMEDIATE;

-- name: commit
COMMIT;

-- name: rollback
ROLLBACK;

-- name: data_version
PRAGMA data_version;

-- ---- escrows and participants ----

-- name: escrow_find
SELECT id, created_at, updated_at, title, status FROM escrows WHERE name = :name;

-- name: escrow_insert
INSERT INTO escrows(name, title, status, created_at, updated_at)
VALUES(:name, :title, :status, :now, :now);

-- name: escrow_update
UPDATE escrows SET title = :title, status = :status, updated_at = :now WHERE id = :escrow;

-- name: participant_find
SELECT wallet, name, role, since_message, since_position
FROM participants WHERE escrow = :escrow AND wallet = :wallet;

-- name: participant_put
INSERT INTO participants(escrow, wallet, name, role) VALUES(:escrow, :wallet, :name, :role)
ON CONFLICT(escrow, wallet) DO UPDATE SET name = excluded.name, role = excluded.role
WHERE name <> excluded.name OR role <> excluded.role;

-- name: participant_delete
DELETE FROM participants WHERE escrow = :escrow AND wallet = :wallet;

-- name: participants_each
SELECT wallet, name, role, since_message, since_position
FROM participants WHERE escrow = :escrow ORDER BY wallet;

-- name: participations_each
SELECT p.wallet, p.name, p.role, p.since_message, p.since_position,
	e.id, e.created_at, e.updated_at, e.title, e.status, e.name
FROM participants p JOIN escrows e ON e.id = p.escrow
WHERE p.wallet = :wallet ORDER BY p.escrow;

-- Newest activity first: what was written to the escrow or said in it last. Pages go on below (activity, name). Sorted
-- anew each time, all of one wallet: an order kept in an index would cost every message a write.
-- name: participations_by_activity
SELECT p.wallet, p.name, p.role, p.since_message, p.since_position,
	e.id, e.created_at, e.updated_at, e.title, e.status, e.name,
	max(e.updated_at, coalesce((SELECT max(at) FROM messages WHERE escrow = e.id), 0)) AS activity
FROM participants p CROSS JOIN escrows e ON e.id = p.escrow
WHERE p.wallet = :wallet AND (activity, e.name) < (:activity, :name)
ORDER BY activity DESC, e.name DESC LIMIT :limit;

-- name: rate_find
SELECT arrival FROM rates WHERE wallet = :wallet;

-- name: rate_put
INSERT INTO rates(wallet, arrival) VALUES(:wallet, :arrival)
ON CONFLICT(wallet) DO UPDATE SET arrival = excluded.arrival;

-- The next buckets, in the order of their names: how many, and the last one.
-- name: rates_page
SELECT count(*), max(wallet) FROM (SELECT wallet FROM rates WHERE wallet > :after ORDER BY wallet LIMIT :limit) AS s;

-- Buckets that are full again, or further from it than they can be, say nothing.
-- name: rates_sweep
DELETE FROM rates
WHERE wallet > :after AND wallet <= :upto AND (wallet GLOB '/day/*') = :is_day AND (arrival <= :now OR arrival > :latest);

-- ---- messages ----

-- name: message_insert
INSERT INTO messages(id, nonce, escrow, at, sender, tag, sender_name, sender_role, client_msg_id, content)
VALUES(:id, :nonce, :escrow, :at, :sender, :tag, :sender_name, :sender_role, :client_msg_id, :content);

-- name: message_last_at
SELECT max(at) FROM messages WHERE escrow = :escrow;

-- The newest at or before a time; for a room's place in the log.
-- name: message_upto
SELECT id, at FROM messages WHERE escrow = :escrow AND at <= :at ORDER BY at DESC LIMIT 1;

-- name: message_ids
SELECT id, at FROM messages WHERE escrow = :escrow AND at > :at ORDER BY at LIMIT :limit;

-- name: message_find
SELECT id, nonce, escrow, at, sender, sender_name, sender_role, client_msg_id, content, read
FROM message_rows WHERE id = :id AND nonce = :nonce AND escrow = :escrow;

-- name: message_find_by_client_id
SELECT id, nonce, escrow, at, sender, sender_name, sender_role, client_msg_id, content, read
FROM message_rows WHERE escrow = :escrow AND sender = :sender AND client_msg_id = :client_msg_id;

-- name: message_place
SELECT m.escrow, m.at, e.name, m.sender
FROM messages m JOIN escrows e ON e.id = m.escrow WHERE m.id = :id AND m.nonce = :nonce;

-- name: messages_before
SELECT id, nonce, escrow, at, sender, sender_name, sender_role, client_msg_id, content, read
FROM message_rows WHERE escrow = :escrow AND at < :before ORDER BY at DESC LIMIT :limit;

-- name: messages_after
SELECT id, nonce, escrow, at, sender, sender_name, sender_role, client_msg_id, content, read
FROM message_rows WHERE escrow = :escrow AND at > :after ORDER BY at LIMIT :limit;

-- ---- search ----

-- Once, before the commit: a statement a message would have the index write to disk for each.
-- name: search_index
INSERT INTO search(rowid, escrow, content)
SELECT id, char(63743) || escrow || char(63743), content FROM messages WHERE id > :above AND id <= :upto;

-- A migration indexed all messages up to this id, also where it is in the middle of a batch.
-- name: search_from
SELECT value FROM meta WHERE key = 'search_from';

-- name: search_newest
SELECT max(id) FROM messages WHERE id < :before;

-- name: search_api
SELECT fts5(:api);

-- name: search_is_trigram
SELECT value = 'trigram' FROM meta WHERE key = 'search';

-- Candidates of the caller's escrows, and of one that is open to all. The index gives them in order.
-- name: search_match
SELECT m.id, m.nonce, m.escrow, m.content, e.name
FROM search s CROSS JOIN messages m ON m.id = s.rowid CROSS JOIN escrows e ON e.id = m.escrow
WHERE s.search MATCH :match AND s.rowid > :after AND s.rowid < :before
	AND (m.escrow = :open OR EXISTS(SELECT 1 FROM participants p WHERE p.escrow = m.escrow AND p.wallet = :wallet))
ORDER BY s.rowid DESC;

-- Candidates, as in search_match, among the messages that the index does not have yet: of one escrow, or of all (0).
-- name: search_tail
SELECT m.id, m.nonce, m.escrow, m.content, e.name
FROM messages m CROSS JOIN escrows e ON e.id = m.escrow
WHERE m.id > :after AND m.id < :before AND (:escrow = 0 OR m.escrow = :escrow)
	AND (m.escrow = :open OR EXISTS(SELECT 1 FROM participants p WHERE p.escrow = m.escrow AND p.wallet = :wallet))
ORDER BY m.id DESC;

-- ---- reading ----

-- name: reads_find
SELECT up_to, shown_to FROM reads WHERE escrow = :escrow AND wallet = :wallet;

-- name: reads_put
INSERT INTO reads(escrow, wallet, up_to, shown_to) VALUES(:escrow, :wallet, :up_to, :shown_to)
ON CONFLICT(escrow, wallet) DO UPDATE SET up_to = excluded.up_to, shown_to = excluded.shown_to;

-- Gives the sender of each message since the room's last tally.
-- name: tally_since
SELECT sender FROM messages
WHERE escrow = :escrow AND at <= :at
	AND at > coalesce((SELECT max(at) FROM tallies WHERE escrow = :escrow AND sender = ''), -1);

-- name: tally_put
INSERT INTO tallies(escrow, sender, at, n)
VALUES(:escrow, :sender, :at, :more + coalesce(
	(SELECT t.n FROM tallies t WHERE t.escrow = :escrow AND t.sender = :sender ORDER BY t.at DESC LIMIT 1), 0));

-- Counts the unread messages of a wallet in each escrow from :from to :to, and gives the escrows that have any, newest activity
-- first. Messages are counted one by one up to the first tally at or behind the mark, then by tallies up to the last tally, then
-- one by one again. Without a tally all are counted one by one. A mark is always of a message by others (mark_put), so the
-- marks can be subtracted. The schema explains tag.
-- name: unread
WITH mark(escrow, after, newest) AS MATERIALIZED (
	SELECT p.escrow, max(p.since_message, coalesce(r.up_to, 0)), (SELECT max(at) FROM messages WHERE escrow = p.escrow)
	FROM participants p LEFT JOIN reads r ON r.escrow = p.escrow AND r.wallet = p.wallet
	WHERE p.wallet = :wallet AND p.escrow BETWEEN :from AND :to
), stretch(escrow, after, newest, first, last) AS MATERIALIZED (
	SELECT escrow, after, newest,
		(SELECT min(t.at) FROM tallies t WHERE t.escrow = mark.escrow AND t.sender = '' AND t.at >= after),
		(SELECT max(t.at) FROM tallies t WHERE t.escrow = mark.escrow AND t.sender = '' AND t.at >= after)
	FROM mark WHERE newest > after
), unread(escrow, newest, n) AS MATERIALIZED (
	SELECT s.escrow, s.newest,
		(SELECT count(*) FROM messages m
			WHERE m.escrow = s.escrow AND m.at > s.after AND m.at <= coalesce(s.first, s.newest)
				AND (m.tag <> (SELECT tag FROM of) OR m.sender <> :wallet))
		+ (SELECT count(*) FROM messages m
			WHERE m.escrow = s.escrow AND m.at > s.last AND (m.tag <> (SELECT tag FROM of) OR m.sender <> :wallet))
		+ coalesce((SELECT t.n FROM tallies t WHERE t.escrow = s.escrow AND t.sender = '' AND t.at = s.last)
			- (SELECT t.n FROM tallies t WHERE t.escrow = s.escrow AND t.sender = '' AND t.at = s.first), 0)
		- coalesce((SELECT t.n FROM tallies t
			WHERE t.escrow = s.escrow AND t.sender = :wallet AND t.at <= s.last ORDER BY t.at DESC LIMIT 1), 0)
		+ coalesce((SELECT t.n FROM tallies t
			WHERE t.escrow = s.escrow AND t.sender = :wallet AND t.at <= s.first ORDER BY t.at DESC LIMIT 1), 0)
		- (SELECT count(*) FROM read_marks k WHERE k.escrow = s.escrow AND k.wallet = :wallet AND k.at > s.after)
	FROM stretch s
), of(tag) AS MATERIALIZED (
	SELECT unicode(substr(:wallet, -1)) * 16384 + unicode(substr(:wallet, -2)) * 128 + unicode(substr(:wallet, -3))
)
SELECT u.n, u.escrow, e.name FROM unread u CROSS JOIN escrows e ON e.id = u.escrow
WHERE u.n > 0 ORDER BY max(e.updated_at, u.newest) DESC, e.name DESC;

-- name: unread_senders
SELECT m.sender, m.id, m.nonce FROM (
	SELECT max(u.at) AS at FROM messages u
	WHERE u.escrow = :escrow AND u.at > :after AND u.at <= :at AND u.sender <> :wallet
		AND NOT EXISTS(SELECT 1 FROM read_marks k
			WHERE k.escrow = :escrow AND k.wallet = :wallet AND k.at = u.at)
	GROUP BY u.sender
) newest CROSS JOIN messages m ON m.escrow = :escrow AND m.at = newest.at
ORDER BY m.at;

-- name: mark_put
INSERT INTO read_marks(escrow, wallet, at, shown)
SELECT :escrow, :wallet, :at, :shown
WHERE EXISTS(SELECT 1 FROM messages WHERE escrow = :escrow AND at = :at AND sender <> :wallet)
ON CONFLICT(escrow, wallet, at) DO UPDATE SET shown = max(shown, excluded.shown);

-- The first message by others that is not marked (shown = 1: not marked for all to see).
-- name: mark_hole
SELECT m.at FROM messages m
WHERE m.escrow = :escrow AND m.at > :after AND m.sender <> :wallet
	AND NOT EXISTS(SELECT 1 FROM read_marks k
		WHERE k.escrow = :escrow AND k.wallet = :wallet AND k.at = m.at AND k.shown >= :shown)
ORDER BY m.at LIMIT 1;

-- name: mark_newest_before
SELECT at FROM read_marks
WHERE escrow = :escrow AND wallet = :wallet AND at < :hole AND shown >= :shown ORDER BY at DESC LIMIT 1;

-- Deletes the marks that the row of reads covers. A mark that is shown to all stays until shown_to covers it.
-- name: marks_drop
DELETE FROM read_marks
WHERE escrow = :escrow AND wallet = :wallet AND at <= :up_to AND (shown = 0 OR at <= :shown_to);

-- ---- the log: the tables log and messages ----

-- name: eventlog_append
INSERT INTO log(id, at, topic, event, data, actor, durable)
VALUES(:id, :at, :topic, :event, :data, :actor, :durable);

-- name: eventlog_newest
SELECT seq FROM sqlite_sequence WHERE name = 'log';

-- name: eventlog_newest_put
UPDATE sqlite_sequence SET seq = :head WHERE name = 'log';

-- name: eventlog_from
SELECT value FROM meta WHERE key = 'log_from';

-- name: eventlog_from_put
UPDATE meta SET value = max(value, :from) WHERE key = 'log_from';

-- name: eventlog_oldest
SELECT id FROM log UNION ALL SELECT id FROM messages WHERE id > (SELECT value FROM meta WHERE key = 'log_from')
ORDER BY id LIMIT 1;

-- Two tables in order of their keys, merged: the view would be sorted whole.
-- name: eventlog_after
SELECT id, at, topic, event, data, actor, durable, NULL, NULL, NULL, NULL, NULL FROM log WHERE id > :after
UNION ALL
SELECT m.id, m.at, 'escrow_' || e.name, 'chat_message', m.content, m.sender, 1,
	m.nonce, m.escrow, m.sender_name, m.sender_role, m.client_msg_id
FROM messages m CROSS JOIN escrows e ON e.id = m.escrow
WHERE m.id > max(:after, (SELECT value FROM meta WHERE key = 'log_from'))
ORDER BY id LIMIT :limit;

-- name: eventlog_row
SELECT id, at, topic, event, data, actor, durable, nonce, escrow, sender_name, sender_role, client_msg_id
FROM log_rows WHERE id = :id;

-- name: eventlog_ids
SELECT id FROM log
WHERE topic = :topic AND id > :after AND id <= :until AND durable = 1 ORDER BY id LIMIT :limit;

-- The members: topics that have something for a wallet, and from where.
-- name: eventlog_members
SELECT 'members:' || e.name, max(:after, p.since_position)
FROM participants p CROSS JOIN escrows e ON e.id = p.escrow
WHERE p.wallet = :wallet AND p.role <> 'observer' AND EXISTS(
	SELECT 1 FROM log l WHERE l.topic = 'members:' || e.name AND l.durable = 1
		AND l.id > max(:after, p.since_position) AND l.id <= :until);

-- name: gap_of_topic
SELECT 1 FROM trimmed WHERE topic = :topic AND last > :after;

-- name: gap_of_members
SELECT 1 FROM participants p CROSS JOIN escrows e ON e.id = p.escrow
CROSS JOIN trimmed t ON t.topic = 'members:' || e.name
WHERE p.wallet = :wallet AND p.role <> 'observer'
	AND CASE WHEN t.actor IS :wallet THEN t.other ELSE t.last END > max(:after, p.since_position)
LIMIT 1;

-- name: trim_scan
SELECT id, at FROM log UNION ALL SELECT id, at FROM messages WHERE id > (SELECT value FROM meta WHERE key = 'log_from')
ORDER BY id LIMIT :limit;

-- max(id) is the one aggregate: actor is that row's.
-- name: trim_remember
INSERT INTO trimmed(topic, last, actor, other)
SELECT t.topic, t.last, t.actor, coalesce((
	SELECT o.id FROM log o
	WHERE t.topic GLOB 'members:*' AND o.topic = t.topic AND o.id < t.last AND o.durable = 1
		AND o.actor IS NOT t.actor ORDER BY o.id DESC LIMIT 1), 0)
FROM (SELECT topic, max(id) AS last, actor FROM log_rows
	WHERE id <= :cut AND durable = 1 GROUP BY topic) t
WHERE true
ON CONFLICT(topic) DO UPDATE SET last = excluded.last, actor = excluded.actor,
	other = max(excluded.other, CASE WHEN actor IS excluded.actor THEN other ELSE last END);

-- name: trim_delete
DELETE FROM log WHERE id <= :cut;

-- ---- incarnations ----

-- name: incarnation_begin
INSERT INTO incarnations(name, first, at) VALUES(:name, :first, :at);

-- name: incarnation_current
SELECT name FROM incarnations ORDER BY n DESC LIMIT 1;

-- name: incarnation_successor
SELECT (SELECT s.first FROM incarnations s WHERE s.n > i.n ORDER BY s.n LIMIT 1)
FROM incarnations i WHERE i.name = :name;

-- ---- kept sessions ----

-- name: kept_session_insert
INSERT INTO kept_sessions(pid_hash, sid, wallet, own_from, boot)
VALUES(:pid_hash, :sid, :wallet, :own_from, (SELECT max(n) FROM incarnations));

-- name: kept_session_find
SELECT id, sid, own_from FROM kept_sessions WHERE pid_hash = :pid_hash AND wallet = :wallet;

-- name: kept_session_touch
UPDATE kept_sessions SET boot = (SELECT max(n) FROM incarnations) WHERE id = :session;

-- name: kept_session_delete
DELETE FROM kept_sessions WHERE id = :session;

-- name: kept_sessions_delete_of_earlier_boots
DELETE FROM kept_sessions WHERE boot < (SELECT max(n) FROM incarnations);

-- name: kept_room_put
INSERT INTO kept_rooms(session, escrow_id, began) VALUES(:session, :escrow_id, :began)
ON CONFLICT(session, escrow_id) DO NOTHING;

-- name: kept_room_delete
DELETE FROM kept_rooms WHERE session = :session AND escrow_id = :escrow_id;

-- name: kept_exists
SELECT 1 FROM kept_sessions WHERE id = :session;

-- name: kept_rooms_delete
DELETE FROM kept_rooms WHERE session = :session;

-- name: kept_rooms
SELECT escrow_id, began FROM kept_rooms WHERE session = :session;

-- ---- meta ----

-- name: meta_find
SELECT value FROM meta WHERE key = :key;

-- name: meta_put
INSERT INTO meta(key, value) VALUES(:key, :value) ON CONFLICT(key) DO UPDATE SET value = excluded.value;

-- name: meta_put_once
INSERT INTO meta(key, value) VALUES(:key, :value) ON CONFLICT(key) DO NOTHING;

-- ---- tokens ----

-- name: token_insert
INSERT INTO tokens(hash, wallet, name, created_at, expires_at, used_at)
VALUES(:hash, :wallet, :name, :now, :expires, :now);

-- name: token_find
SELECT wallet, name, created_at, expires_at, used_at FROM tokens WHERE hash = :hash;

-- name: tokens_each
SELECT hash, wallet, name, created_at, expires_at, used_at FROM tokens
WHERE wallet >= :from AND wallet <= :to AND expires_at > :now ORDER BY wallet, hash;

-- name: token_touch
UPDATE tokens SET used_at = :now WHERE hash = :hash AND used_at <= :before;

-- name: token_delete
DELETE FROM tokens WHERE hash = :hash;

-- name: tokens_delete_of_wallet
DELETE FROM tokens WHERE wallet = :wallet;

-- name: tokens_sweep
DELETE FROM tokens WHERE hash IN (SELECT hash FROM tokens WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit);

-- name: nonce_insert
INSERT INTO used_nonces(nonce, expires_at) VALUES(:nonce, :expires) ON CONFLICT(nonce) DO NOTHING RETURNING 1;

-- name: nonces_sweep
DELETE FROM used_nonces
WHERE nonce IN (SELECT nonce FROM used_nonces WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit);

-- name: ended_token_insert
INSERT INTO ended_tokens(hash, wallet, expires_at) VALUES(:hash, :wallet, :expires) ON CONFLICT(hash) DO NOTHING;

-- name: ended_tokens_sweep
DELETE FROM ended_tokens
WHERE hash IN (SELECT hash FROM ended_tokens WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit);

-- name: ended_wallet_put
INSERT INTO ended_wallets(wallet, until) VALUES(:wallet, :until)
ON CONFLICT(wallet) DO UPDATE SET until = max(until, excluded.until);

-- name: token_is_ended
SELECT EXISTS(SELECT 1 FROM ended_tokens WHERE hash = :hash)
	OR EXISTS(SELECT 1 FROM ended_wallets WHERE wallet = :wallet AND until >= :issued);

-- name: ended_wallet_until
SELECT until FROM ended_wallets WHERE wallet = :wallet;
