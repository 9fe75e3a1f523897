// SPDX-License-Identifier: ISC
// streams-ledger.test.mjs - many clients, a third on each transport, whose connections are cut at
// random while the daemon is killed again and again: every durable event of every room is at every
// one of its clients, once, in the one order of the log. E2E_STREAMS_LEDGER: how many messages
// (default 1500); there is a client for each hundred of them.

import assert from 'node:assert/strict';
import http from 'node:http';

import { Client } from './lib/client.mjs';
import { request } from './lib/http.mjs';
import { Ledger, writeByEmit, writeByRest, writeBySocket } from './lib/ledger.mjs';
import { Road } from './lib/road.mjs';
import { EventStream, url } from './lib/stream.mjs';
import { until, within } from './lib/wait.mjs';
import { promise } from './lib/world.mjs';

const MESSAGES = Number(process.env.E2E_STREAMS_LEDGER ?? 1500);
const CLIENTS = Math.ceil(MESSAGES / 100), ROOMS = Math.ceil(CLIENTS / 3);
const KILLS = MESSAGES < 10000 ? 3 : 10;
const CUT_EVERY = 10; // messages; each client loses ten connections or so
const PUBLISHED_EVERY = 20;
const MINUTES = MESSAGES < 10000 ? 20 : 40; // of the slowest machine
const END = 'escrow:ended'; // the last event of each room

const WRITERS = [writeBySocket, writeBySocket, writeBySocket, writeBySocket, writeByRest, writeByRest, writeByEmit, writeByEmit, writeByEmit, writeByEmit];

// The id that clients see, made from a message's number and its nonce (store/tables/messages.c).
const base32 = (number) => [...number.toString(32)].map((digit) => '0123456789abcdefghjkmnpqrstvwxyz'[parseInt(digit, 32)]).join('');
const messageId = (id, nonce) => `${base32(BigInt(id))}-${base32(BigInt.asUintN(64, BigInt(nonce))).padStart(13, '0')}`;

/** Goes on from its cursors until it has seen the end of each of its rooms. */
class Reader {
	constructor(w, road, index) {
		this.name = `reader-${index}`;
		this.rooms = new Map([0, 1, 5].map((step) => [`room-${(index + step) % ROOMS}`, []]));
		Object.assign(this, { w, road, begins: 0, open: 0 });
		this.open = this.rooms.size;
	}

	take(event, data) {
		assert.notEqual(event, 'gap', `${this.name} (${this.transport}) has a gap`);
		if (event !== 'chat_message' && !event.startsWith('escrow:'))
			return;
		this.rooms.get(data.escrowId).push(event === 'chat_message' ? data.id : `${event} ${data.n}`);
		if (event === END && --this.open === 0)
			this.finish?.();
	}

	async run() {
		const isDone = new Promise((resolve) => (this.finish = resolve));
		while (this.open > 0) {
			this.begins++;
			await this.connection(isDone).catch((error) => {
				if (error.code === 'ERR_ASSERTION')
					throw error;
			});
			if (this.open > 0) // a little later, and not all at once
				await new Promise((resolve) => setTimeout(resolve, 20 + 100 * Math.random()));
		}
	}
}

class OverWebSocket extends Reader {
	transport = 'websocket';
	cursors = new Map();

	async enter() {
		const client = await Client.open(this.road, this.name);
		this.w.clients.push(client);
		client.mayFail = true;
		client.log.push = () => 0;
		client.onevent = ({ event, data, cursor, escrowId }) => {
			if (cursor && escrowId)
				this.cursors.set(escrowId, cursor);
			this.take(event, data);
		};
		client.onack = ({ data }) => data.ok && this.cursors.set(data.escrowId, data.cursor);
		await Promise.all([...this.rooms.keys()].map((room) => client.subscribe(room, this.cursors.get(room))));
		return client;
	}

	async begin() {
		await (await this.enter()).lose();
	}

	async connection(isDone) {
		const client = await this.enter();
		await Promise.race([client.ws.closed.promise, isDone]);
		client.ws.destroy();
	}
}

class OverEvents extends Reader {
	transport = 'sse';

	async enter() {
		const stream = await EventStream.open(this.road, this.name, { rooms: [...this.rooms.keys()], client: this.name, lastEventId: this.cursor });
		this.w.clients.push({ ws: { destroy: () => stream.close() } });
		return stream;
	}

	async begin() {
		const stream = await this.enter();
		await stream.event('hello');
		this.cursor = stream.lastId;
		await stream.close();
	}

	async connection(isDone) {
		const stream = await this.enter();
		stream.onevent = ({ event, data }) => {
			this.cursor = stream.lastId;
			this.take(event, data);
		};
		stream.log.splice(0).forEach(stream.onevent);
		await Promise.race([stream.closed, isDone]);
		await stream.close();
	}
}

class OverPoll extends Reader {
	transport = 'poll';
	agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

	async poll(timeout) {
		const query = { rooms: [...this.rooms.keys()], client: this.name, cursor: this.cursor, timeout };
		const { status, json } = await request(this.road, { path: url('/poll', this.name, query), agent: this.agent });
		assert.equal(status, 200, JSON.stringify(json));
		this.cursor = json.cursor;
		json.events.forEach(({ event, data }) => this.take(event, data));
	}

	begin() {
		return this.poll(0);
	}

	async connection() {
		while (this.open > 0)
			await this.poll(20);
		this.agent.destroy();
	}
}

const TRANSPORTS = [OverWebSocket, OverEvents, OverPoll];

/** The platform's own events between the messages, and the end of each room. */
async function publish(w, room, event, n) {
	await until(`${event} ${n}`, async () => {
		const answer = await w.service('POST', `/api/escrows/${room}/events`, { event, data: { escrowId: room, n } }).catch(() => null);
		assert.ok(answer === null || answer.status === 202 || answer.status === 503, answer?.body);
		return answer?.status === 202;
	});
}

async function publishSome(w, ledger) {
	for (let n = 0; n < MESSAGES / PUBLISHED_EVERY; n++) {
		await ledger.reaches(n * PUBLISHED_EVERY);
		await publish(w, ledger.roomOf(n), 'escrow:update', n);
	}
}

/** Counts the cuts that hit a connection. */
async function cutOften(road, ledger) {
	let cuts = 0;
	for (let n = CUT_EVERY; n <= MESSAGES; n += CUT_EVERY) {
		await ledger.reaches(n);
		cuts += road.cutOne();
	}
	return cuts;
}

/** Kills the daemon while clients are connected; the next one must acknowledge messages too. Gives
 * the number of kills. */
async function killOften(w, ledger) {
	for (let k = 1; k <= KILLS; k++) {
		await ledger.reaches(Math.floor((MESSAGES * k) / (KILLS + 1)));
		await until('a client to be connected', async () => (await w.stats()).totalConnections > 0);
		await w.daemon.kill();
		const before = ledger.acknowledged.size;
		await w.startDaemon();
		w.target = { socketPath: w.path('daemon.sock') };
		await ledger.reaches(Math.min(before + 1, MESSAGES));
	}
	return KILLS;
}

/** Tells how the events that a client saw in a room differ from the log; null: they are the same,
 * in the same order. */
function difference(seen, log) {
	const times = new Map();
	seen.forEach((event) => times.set(event, (times.get(event) ?? 0) + 1));
	const known = new Set(log);
	const faults = {
		'are missing': log.filter((event) => !times.has(event)),
		'came more than once': [...times.keys()].filter((event) => times.get(event) > 1),
		'are not in the log': [...times.keys()].filter((event) => !known.has(event)),
	};
	const said = Object.entries(faults).filter(([, events]) => events.length).map(([what, events]) => `${events.length} ${what}: ${events.slice(0, 5)}`);
	const at = log.findIndex((event, i) => event !== seen[i]);
	if (!said.length && at >= 0)
		said.push(`event ${at} is ${seen[at]}, in the log it is ${log[at]}`);
	return said.length ? said.join('; ') : null;
}

/** The events of each room, in the order of the log. */
async function logOf(w, rooms) {
	const rows = (await w.sqlite(`SELECT topic, event, CASE WHEN nonce IS NULL THEN json_extract(data, '$.n') ELSE id END, nonce FROM log_rows WHERE topic GLOB 'escrow_room-*' ORDER BY id;`)).split('\n');
	assert.equal(rows.length, MESSAGES + Math.ceil(MESSAGES / PUBLISHED_EVERY) + ROOMS, 'the log has each once');
	const log = new Map(rooms.map((room) => [room, []]));
	for (const [topic, event, what, nonce] of rows.map((row) => row.split('|')))
		log.get(topic.slice('escrow_'.length)).push(event === 'chat_message' ? messageId(what, nonce) : `${event} ${what}`);
	return log;
}

promise(`${MESSAGES} messages for ${CLIENTS} clients, a third on each transport, links that break at random, and ${KILLS} times kill -9`,
	{ web: true, config: { rooms: 'open' }, timeout: MINUTES * 60000 }, async (w) => {
		w.target = { socketPath: w.path('daemon.sock') };
		const road = await Road.open(() => w.target);
		w.clients.push({ ws: { destroy: () => road.close() } });
		const ledger = new Ledger(MESSAGES, ROOMS);
		const readers = Array.from({ length: CLIENTS }, (_, i) => new TRANSPORTS[i % 3](w, road, i));
		await Promise.all(readers.map((r) => r.begin())); // without a cursor nothing from before is delivered
		const reading = Promise.all(readers.map((r) => r.run()));
		reading.catch(() => {});
		const writing = Promise.all([cutOften(road, ledger), publishSome(w, ledger), killOften(w, ledger), ...WRITERS.map((write, i) => write(w, ledger, `writer-${i}`))]);
		const [cuts, , kills] = await within(Promise.race([writing, reading]), 'the writers', (MINUTES - 1) * 60000);
		const rooms = Array.from({ length: ROOMS }, (_, i) => `room-${i}`);
		await Promise.all(rooms.map((room) => publish(w, room, END, 0)));
		await within(reading, () => `the readers: ${readers.filter((r) => r.open).map((r) => `${r.name} ${r.transport}`)}`);

		assert.equal(ledger.acknowledged.size, MESSAGES);
		assert.equal(kills, KILLS);
		const log = await logOf(w, rooms);
		const faults = readers.flatMap((reader) => [...reader.rooms].map(([room, seen]) => [`${reader.name} (${reader.transport}): ${room}`, difference(seen, log.get(room))]))
			.filter(([, fault]) => fault).map((fault) => fault.join(': '));
		assert.deepEqual(faults, []);
		assert.ok(cuts > 0, 'connections were cut');
		console.log(`# ${cuts} cuts, ${readers.reduce((n, r) => n + r.begins, 0)} connections, ${readers.reduce((n, r) => n + [...r.rooms.values()].reduce((m, seen) => m + seen.length, 0), 0)} events seen`);
	});
