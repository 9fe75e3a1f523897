// SPDX-License-Identifier: ISC
// ledger.test.mjs - many messages by many writers of both kinds while the daemon is killed and
// started again: in the end every acknowledged message is in the database once, and every reader
// has every room complete, once, in one order. E2E_LEDGER: how many messages (default 4000).

import assert from 'node:assert/strict';

import { connected, Ledger, writeByRest, writeBySocket } from './lib/ledger.mjs';
import { within } from './lib/wait.mjs';
import { promise } from './lib/world.mjs';

const MESSAGES = Number(process.env.E2E_LEDGER ?? 4000);
const ROOMS = 200, WRITERS = 8, READERS = 4, KILLS = 5;
const MINUTES = 40; // of the slowest machine

/** Reads all rooms, and after each loss goes on from its cursors. */
class Reader {
	constructor(w, name) {
		Object.assign(this, { w, name, rooms: new Map(Array.from({ length: ROOMS }, (_, i) => [`room-${i}`, []])), cursors: new Map(), resumes: 0, total: 0 });
	}

	async connect() {
		const client = await connected(this.w, this.name);
		client.log.push = () => 0;
		client.onevent = (m) => this.#take(m);
		client.onack = ({ data }) => data.ok && this.cursors.set(data.escrowId, data.cursor);
		await Promise.all([...this.rooms.keys()].map(async (room) => {
			const cursor = this.cursors.get(room);
			const answer = await client.subscribe(room, cursor);
			assert.equal('gap' in answer, false, 'nothing was lost');
		}));
		return client;
	}

	#take({ event, data, cursor, escrowId }) {
		assert.notEqual(event, 'gap');
		if (event !== 'chat_message')
			return;
		this.rooms.get(escrowId).push(data);
		this.cursors.set(escrowId, cursor);
		this.total++;
		if (this.total >= MESSAGES)
			this.finished?.();
	}

	async run() {
		this.whole = new Promise((resolve) => (this.finished = resolve));
		for (let client; this.total < MESSAGES; this.resumes++) {
			client = await this.connect().catch((error) => {
				if (error.code === 'ERR_ASSERTION')
					throw error;
				return null;
			});
			if (client)
				await Promise.race([client.ws.closed.promise, this.whole]);
		}
	}
}

promise(`${MESSAGES} messages over ${ROOMS} rooms by ${WRITERS} writers, and ${KILLS} times kill -9`,
	{ web: true, config: { rooms: 'open' }, timeout: MINUTES * 60000 }, async (w) => {
		const ledger = new Ledger(MESSAGES, ROOMS);
		w.target = { socketPath: w.path('daemon.sock') };
		const readers = Array.from({ length: READERS }, (_, i) => new Reader(w, `reader-${i}`));
		// Each reader is in all rooms before the first message: without a cursor nothing
		// from before is delivered.
		await Promise.all(readers.map(async (r) => {
			const client = await r.connect();
			await client.lose();
		}));
		const reading = readers.map((r) => r.run());
		const writing = Array.from({ length: WRITERS }, (_, i) => (i % 2 ? writeByRest : writeBySocket)(w, ledger, `writer-${i}`));
		const killing = (async () => {
			for (let k = 1; k <= KILLS; k++) {
				await ledger.reaches(Math.floor((MESSAGES * k) / (KILLS + 1)));
				await w.daemon.kill();
				await w.startDaemon();
				w.target = { socketPath: w.path('daemon.sock') };
			}
		})();
		await within(Promise.all([...writing, killing]), 'the writers', (MINUTES - 1) * 60000);
		await within(Promise.all(reading), () => `the readers, who have ${readers.map((r) => r.total)}`);

		assert.equal(ledger.acknowledged.size, MESSAGES);
		const rows = (await w.sqlite(`SELECT e.name || ' ' || m.client_msg_id || ' ' || m.content FROM messages m JOIN escrows e ON e.id = m.escrow ORDER BY m.escrow, m.at;`)).split('\n');
		assert.equal(rows.length, MESSAGES, 'each is stored once');
		const stored = new Map(Array.from({ length: ROOMS }, (_, i) => [`room-${i}`, []]));
		for (const row of rows) {
			const [room, id, ...content] = row.split(' ');
			stored.get(room).push(id);
			assert.equal(content.join(' '), ledger.acknowledged.get(id).content);
		}
		for (const reader of readers) {
			assert.ok(reader.resumes > 0);
			for (const [room, messages] of reader.rooms) {
				assert.deepEqual(messages.map((m) => m.clientMsgId), stored.get(room), `${reader.name}: ${room}`);
				for (const message of messages)
					assert.deepEqual(message, ledger.acknowledged.get(message.clientMsgId));
			}
		}
	});
