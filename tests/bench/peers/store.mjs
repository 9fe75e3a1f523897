// SPDX-License-Identifier: ISC
// store.mjs - what the peers do with a message: give it an id and a time and, with a database, keep it as the daemon does: the
// message and the event of it in one transaction, in WAL mode, synchronous = normal.

import { randomBytes } from 'node:crypto';

const schema = `
	CREATE TABLE IF NOT EXISTS messages(number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, escrow TEXT, sender TEXT, content TEXT,
		time INTEGER);
	CREATE INDEX IF NOT EXISTS messages_of ON messages(escrow, number);
	CREATE TABLE IF NOT EXISTS queue(id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT, event TEXT, data TEXT);`;

/** path: of a database, or undefined: nothing is kept. */
export async function openStore(path) {
	let keep = () => {};
	if (path) {
		const { default: Database } = await import('better-sqlite3');
		const db = new Database(path);
		db.pragma('journal_mode = WAL');
		db.pragma('synchronous = NORMAL');
		db.exec(schema);
		const message = db.prepare('INSERT INTO messages(id, escrow, sender, content, time) VALUES(?, ?, ?, ?, ?)');
		const event = db.prepare('INSERT INTO queue(topic, event, data) VALUES(?, ?, ?)');
		keep = db.transaction((m, time) => {
			message.run(m.id, m.escrowId, m.senderId, m.content, time);
			event.run(`escrow_${m.escrowId}`, 'chat_message', JSON.stringify(m));
		});
	}
	return (escrowId, senderId, content) => {
		const now = new Date();
		const m = { id: randomBytes(9).toString('base64url'), escrowId, senderId, content, timestamp: now.toISOString(), read: false };
		keep(m, now.getTime());
		return m;
	};
}
