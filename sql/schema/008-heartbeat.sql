-- 008-heartbeat.sql - heartbeat is a name of the server: it is an event of streams, and no publisher can use it.

DROP TRIGGER broadcast_queue_insert;
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
