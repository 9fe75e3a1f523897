// SPDX-License-Identifier: ISC
// model-session.mjs - a chat session that puts several events into one write, or the same bytes
// into many, and keeps all that came back in one list, on each wire alike.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import net from 'node:net';

import { SUBPROTOCOL } from './client.mjs';
import { Polling, Sock } from './engineio.mjs';
import { cleanEnv } from './process.mjs';
import { within } from './wait.mjs';
import { DAEMON } from './world.mjs';
import { frame, WebSocket } from './ws.mjs';

export const LIMIT_MS = Number(process.env.E2E_WAIT_MS ?? 180000); // of one wait
export const TEST_MS = Number(process.env.E2E_TEST_MS ?? 900000); // of one test
export const SEED = Number(process.env.E2E_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** True if the daemon under test has this configuration key. */
function hasKey(name) {
	const out = execFileSync(DAEMON, ['-T'], { env: cleanEnv(), encoding: 'utf8' });
	return new RegExp(`^${name}\\s*=`, 'm').test(out);
}

/** Configuration without the limits that would refuse what a test sends on purpose. */
export const NO_LIMITS = {
	message_rate: 0, event_rate: 0, replay_rate: 0, ...(hasKey('message_bytes') && { message_bytes: 0 }),
};

/** Numbers from 0 to 1 that depend on the seed alone (mulberry32). */
export function randomOf(seed) {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let t = Math.imul(state ^ (state >>> 15), state | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
	};
}

/** The bytes in pieces, cut at so many random places. */
export function cut(bytes, cuts, random) {
	const places = [...new Set(Array.from({ length: cuts }, () => 1 + Math.floor(random() * (bytes.length - 1))))].sort((a, b) => a - b);
	return [0, ...places].map((from, i) => bytes.subarray(from, places[i] ?? bytes.length));
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function writePieces(socket, pieces) {
	for (const piece of pieces) {
		if (!socket.destroyed)
			socket.write(piece);
		if (pieces.length > 1)
			await turn();
	}
}

export class Session {
	/** The received answers and events, in order: {ack, data} or {event, data, cursor?}. */
	log = [];
	/** The index in the log of the answer to each number. */
	answered = new Map();
	limitMs = LIMIT_MS;
	#next = 1;
	#waiters = new Set();

	note(entry) {
		if ('ack' in entry) {
			if (this.answered.has(entry.ack))
				this.fail(new Error(`acknowledgement ${entry.ack} came twice`));
			this.answered.set(entry.ack, this.log.length);
		}
		this.log.push(entry);
		for (const w of this.#waiters)
			w();
	}

	fail(error) {
		this.error ??= error;
		for (const w of this.#waiters)
			w();
	}

	/** Waits until find() returns a value. It is called again after each answer or event. */
	until(what, find) {
		let waiter;
		const found = new Promise((resolve, reject) => {
			waiter = () => {
				const answer = find();
				if (answer)
					resolve(answer);
				else if (this.error)
					reject(this.error);
			};
			this.#waiters.add(waiter);
			waiter();
		});
		return within(found, () => `${what}; so far ${JSON.stringify(this.log.slice(-12)).slice(0, 3000)}`, this.limitMs)
			.finally(() => this.#waiters.delete(waiter));
	}

	/** Numbers events that want an acknowledgement: {event, data, ack?}, ack being true or
	 *  false. */
	numbered(events) {
		return events.map((e) => ({ ...e, ack: e.ack === false ? undefined : this.#next++ }));
	}

	/** Sends events in one write, in pieces of the same bytes, or (steps) each behind the
	 *  answer to the one before. Gives the answers to those that want one, which must come
	 *  in the order of the events. */
	async all(events, options = {}) {
		const numbered = this.numbered(events);
		if (!options.steps)
			return this.answers(await this.write(numbered, options));
		for (const e of numbered)
			await this.answers(await this.write([e]));
		return this.answers(numbered);
	}

	async answers(events) {
		const wanted = events.filter((e) => e.ack !== undefined);
		const places = [];
		for (const e of wanted) {
			await this.until(`the answer to ${JSON.stringify(e).slice(0, 200)}`, () => this.answered.has(e.ack));
			places.push(this.answered.get(e.ack));
		}
		assert.deepEqual(places, [...places].sort((a, b) => a - b), 'answers come in the order of the events');
		return places.map((at) => this.log[at].data);
	}

	/** Sends events as send does, and asserts that each answer is ok. */
	async ok(events, options) {
		const answers = await this.all(events, options);
		answers.forEach((a, i) => assert.equal(a.ok, true, `answer ${i}: ${JSON.stringify(a)}`));
		return answers;
	}

	/** The index of the first entry that matches, from a place on; -1: there is none. */
	place(matches, from = 0) {
		const at = this.log.slice(from).findIndex(matches);
		return at < 0 ? -1 : at + from;
	}

	events(name, from = 0) {
		return this.log.slice(from).filter((m) => m.event === name);
	}

	contents(from = 0) {
		return this.events('chat_message', from).map((m) => m.data.content);
	}

	message(content) {
		return this.until(`the message ${content}`, () => this.events('chat_message').find((m) => m.data.content === content));
	}
}

/* ---- on /ws ---- */

class Native extends Session {
	static async open(target, wallet) {
		const s = new Native();
		const onmessage = (text) => s.note(JSON.parse(text));
		s.ws = await WebSocket.connect(target, { path: `/ws?walletAddress=${wallet}`, protocols: [SUBPROTOCOL], onmessage });
		s.ws.closed.promise.then((end) => s.fail(new Error(`the connection ended: ${JSON.stringify(end)} ${end.error ?? ''}`)));
		await s.until('hello', () => s.log.length > 0);
		return s;
	}

	async write(events, { cuts = 0, random } = {}) {
		const bytes = Buffer.concat(events.map((e) => frame({ payload: e.raw ?? JSON.stringify({ event: e.event, data: e.data, ack: e.ack }) })));
		await writePieces(this.ws.socket, cut(bytes, cuts, random));
		return events;
	}

	destroy() {
		this.ws.destroy();
	}
}

/* ---- Socket.IO ---- */

class SocketIo extends Session {
	packet(text) {
		if (text === null)
			this.fail(new Error('the session ended'));
		else if (text === '2')
			this.pong();
		else if (text.startsWith('42'))
			this.#noteEvent(JSON.parse(text.slice(2)));
		else if (text.startsWith('43'))
			this.note({ ack: Number(/^43(\d+)/.exec(text)[1]), data: JSON.parse(text.slice(text.indexOf('[')))[0] });
		else if (text.startsWith('40'))
			this.connect = JSON.parse(text.slice(2));
		else
			this.fail(new Error(`an unexpected packet: ${text.slice(0, 200)}`));
	}

	#noteEvent([event, data, ...more]) {
		if (more.length > (this.connect.pid ? 1 : 0))
			this.fail(new Error(`${event} has too many arguments`));
		this.note({ event, data, ...(more.length && { cursor: more[0] }) });
	}

	/** Sends CONNECT and reads its answer. */
	async greet(wallet, auth) {
		await this.post([`40${JSON.stringify({ walletAddress: wallet, ...auth })}`]);
		this.packet(await this.wire.next());
		assert.ok(this.connect, 'a CONNECT is answered first');
		this.#read();
		return this;
	}

	async #read() {
		for (let text = ''; text !== null && !this.isOver;) {
			text = await this.wire.next().catch(() => null);
			if (!this.isOver)
				this.packet(text);
		}
	}

	async write(events, options) {
		await this.post(events.map((e) => e.raw ?? `42${e.ack ?? ''}${JSON.stringify([e.event, e.data])}`), options);
		return events;
	}
}

class SockSession extends SocketIo {
	static async open(target, wallet, auth) {
		const s = new SockSession();
		s.wire = await Sock.open(target);
		s.wire.next = waitingLong(s.wire);
		return s.greet(wallet, auth);
	}

	pong() {
		this.wire.ws.send('3');
	}

	async post(packets, { cuts = 0, random } = {}) {
		const bytes = Buffer.concat(packets.map((payload) => frame({ payload })));
		await writePieces(this.wire.ws.socket, cut(bytes, cuts, random));
	}

	destroy() {
		this.isOver = true;
		this.wire.ws.destroy();
	}
}

/** Sock.next() without its limit: a reader waits for as long as its test does. */
function waitingLong(wire) {
	const waiting = [];
	let wake = () => {};
	const push = (packet) => {
		waiting.push(packet);
		wake();
	};
	wire.ws.onmessage = push;
	wire.ws.closed.promise.then(() => push(null));
	return async () => {
		while (!waiting.length)
			await new Promise((resolve) => (wake = resolve));
		return waiting.shift();
	};
}

class PollingSession extends SocketIo {
	static async open(target, wallet, auth) {
		const s = new PollingSession();
		s.wire = await Polling.open(target);
		s.target = target;
		return s.greet(wallet, auth);
	}

	pong() {
		this.post(['3']).catch((error) => this.fail(error));
	}

	/** Sends one POST; cuts are places in the bytes of the whole request. */
	async post(packets, { cuts = 0, random } = {}) {
		const body = Buffer.from(packets.join('\x1e'));
		const head = `POST ${this.wire.path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n` +
			`Content-Type: text/plain;charset=UTF-8\r\nContent-Length: ${body.length}\r\n\r\n`;
		const answer = await this.#exchange(cut(Buffer.concat([Buffer.from(head), body]), cuts, random));
		assert.match(answer, /^HTTP\/1\.1 200 [^]*ok$/, 'a POST is taken');
	}

	#exchange(pieces) {
		const socket = net.connect({ host: '127.0.0.1', port: this.target.port });
		const answer = new Promise((resolve, reject) => {
			const read = [];
			socket.setNoDelay(true);
			socket.on('data', (data) => read.push(data));
			socket.on('error', reject);
			socket.on('close', () => resolve(Buffer.concat(read).toString('latin1')));
			socket.on('connect', () => writePieces(socket, pieces));
		});
		return within(answer, 'the answer to a POST', LIMIT_MS).finally(() => socket.destroy());
	}

	destroy() {
		this.isOver = true;
		this.post(['1']).catch(() => {});
	}
}

/** Each wire: open(target, wallet, auth) gives a Session. */
export const WIRES = {
	'/ws': { open: Native.open },
	'Socket.IO, WebSocket, recovery': { open: (target, wallet, auth) => SockSession.open(target, wallet, { recovery: true, ...auth }), isRecoverable: true },
	'Socket.IO, WebSocket': { open: (target, wallet) => SockSession.open(target, wallet, { recovery: false }) },
	'Socket.IO, polling, recovery': { open: (target, wallet, auth) => PollingSession.open(target, wallet, { recovery: true, ...auth }), isRecoverable: true },
	'Socket.IO, polling': { open: (target, wallet) => PollingSession.open(target, wallet, { recovery: false }) },
};

/** A session of this world. */
export async function openSession(w, wire, wallet, auth) {
	const session = await WIRES[wire].open(w.target, wallet, auth);
	w.clients.push({ ws: { destroy: () => session.destroy() } });
	return session;
}

/* ---- events ---- */

export const enter = (escrowId, cursor) => ({ event: 'subscribe_escrow', data: cursor ? { escrowId, cursor } : { escrowId } });
export const leave = (escrowId) => ({ event: 'unsubscribe_escrow', data: { escrowId } });
export const message = (escrowId, content, more = {}) => ({ event: 'chat_message', data: { escrowId, content, ...more } });
export const history = (escrowId, more = {}) => ({ event: 'history', data: { escrowId, limit: 200, ...more } });
export const presence = (escrowId) => ({ event: 'presence', data: { escrowId } });
export const typing = (escrowId) => ({ event: 'typing_start', data: { escrowId } });
export const stopTyping = (escrowId) => ({ event: 'typing_stop', data: { escrowId } });
export const read = (escrowId, data) => ({ event: 'message_read', data: { escrowId, ...data } });
/** Returns the event without an acknowledgement. */
export const quiet = (e) => ({ ...e, ack: false });
