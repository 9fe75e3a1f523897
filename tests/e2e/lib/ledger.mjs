// SPDX-License-Identifier: ISC
// ledger.mjs - who writes numbered messages until each is acknowledged, whatever happens to the
// daemon, and what was acknowledged.

import assert from 'node:assert/strict';
import http from 'node:http';

import { request } from './http.mjs';
import { emit } from './stream.mjs';
import { until } from './wait.mjs';

const IN_FLIGHT = 8; // of one writer by WebSocket

/** Gives out the numbers of messages, and keeps what was acknowledged. */
export class Ledger {
	constructor(size, rooms) {
		Object.assign(this, { size, rooms });
	}

	next = 0;
	acknowledged = new Map(); // clientMsgId -> message
	#marks = [];

	take() {
		return this.next < this.size ? this.next++ : null;
	}

	roomOf(n) {
		return `room-${n % this.rooms}`;
	}

	acknowledge(message) {
		const known = this.acknowledged.get(message.clientMsgId);
		if (known)
			assert.deepEqual(message, known, 'a repeat gives the first message');
		this.acknowledged.set(message.clientMsgId, message);
		this.#marks = this.#marks.filter((m) => this.acknowledged.size < m.at || m.resolve());
	}

	/** Waits until so many messages are acknowledged. */
	reaches(at) {
		return this.acknowledged.size >= at ? Promise.resolve() : new Promise((resolve) => this.#marks.push({ at, resolve }));
	}
}

const draft = (n, writer) => ({ content: `message ${n} by ${writer}`, clientMsgId: `m-${n}` });

/** Tries to connect until there is a daemon again. */
export function connected(w, name, options) {
	return until(`${name} to connect`, () => w.client(name, { target: w.target, ...options }).then((c) => Object.assign(c, { mayFail: true })).catch(() => null));
}

export async function writeBySocket(w, ledger, name) {
	let client = null, n;
	const send = async (number) => {
		for (;;) {
			client ??= connected(w, name);
			const mine = client, c = await mine;
			const answer = await c.ask('chat_message', { escrowId: ledger.roomOf(number), ...draft(number, name) }).catch(() => null);
			if (answer?.ok)
				return ledger.acknowledge(answer.message);
			assert.ok(answer === null || answer.code === 'unavailable', JSON.stringify(answer));
			if (answer === null && client === mine)
				client = null;
		}
	};
	await Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
		while ((n = ledger.take()) !== null)
			await send(n);
	}));
}

export async function writeByRest(w, ledger, name) {
	const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
	let n;
	await Promise.all([0, 1].map(async () => {
		while ((n = ledger.take()) !== null) {
			const number = n;
			await until(`message ${number} by REST`, async () => {
				const answer = await request(w.web, { method: 'POST', path: `/api/chat/${ledger.roomOf(number)}/send`, body: draft(number, name), headers: { 'X-Wallet-Address': name }, agent }).catch(() => null);
				assert.ok(answer === null || [200, 201, 503].includes(answer.status), answer?.body);
				if (answer === null || answer.status === 503)
					return false;
				ledger.acknowledge(answer.json.message);
				return true;
			});
		}
	}));
	agent.destroy();
}

/** Sends one message at a time, as clients of streams and polls do. */
export async function writeByEmit(w, ledger, name) {
	for (let n; (n = ledger.take()) !== null;) {
		await until(`message ${n} by emit`, async () => {
			const answer = await emit(w.target, name, 'chat_message', { escrowId: ledger.roomOf(n), ...draft(n, name) }).catch(() => null);
			assert.ok(answer === null || answer.status === 503 || answer.json?.ok || answer.json?.code === 'unavailable', answer?.body);
			if (!answer?.json?.ok)
				return false;
			ledger.acknowledge(answer.json.message);
			return true;
		});
	}
}
