// SPDX-License-Identifier: ISC
// client.mjs - a chat client on the native transport: events and acknowledgements in the order in
// which they came.

import assert from 'node:assert/strict';

import { contract } from './asyncapi.mjs';
import { within } from './wait.mjs';
import { WebSocket } from './ws.mjs';

export const SUBPROTOCOL = 'escrowchat.v1';

export class Client {
	/** Connects and waits for hello. wallet '': no wallet is claimed; query: further
	 * parameters; cursor: the user's own topic is resumed from it. */
	static async open(target, wallet, { query = {}, headers, path = '/ws', protocols = [SUBPROTOCOL] } = {}) {
		const client = new Client();
		const parameters = new URLSearchParams({ ...(wallet && { walletAddress: wallet }), ...query });
		client.wallet = wallet;
		client.ws = await within(WebSocket.connect(target, { path: `${path}?${parameters}`, protocols, headers, onmessage: (text) => client.#onMessage(text) }), `${wallet} to connect`);
		client.ws.closed.promise.then((end) => client.#onClosed(end));
		client.hello = (await client.event('hello')).data;
		return client;
	}

	/** The received events and answers, in order: {event, data, cursor?, escrowId?} or {ack,
	 * data}. If there is an onevent or an onack, it is called at once with each of them, and
	 * event() does not wait. */
	log = [];

	#inbox = [];
	#waiters = new Set();
	#acks = new Map();
	#asked = new Map();
	#next = 1;

	#onMessage(text) {
		const message = JSON.parse(text);
		this.log.push(message);
		if ('ack' in message) {
			contract().answer('native', this.#asked.get(message.ack), message);
			this.#asked.delete(message.ack);
			this.onack?.(message);
			this.#acks.get(message.ack)?.resolve(message.data);
			this.#acks.delete(message.ack);
			return;
		}
		contract().event('native', message.event, message);
		this.onevent?.(message);
		if (this.onevent)
			return;
		for (const w of this.#waiters) {
			if (w.matches(message)) {
				this.#waiters.delete(w);
				w.resolve(message);
				return;
			}
		}
		this.#inbox.push(message);
	}

	#onClosed(end) {
		this.end = end;
		const error = new Error(`${this.wallet}: the connection ended: ${JSON.stringify(end)} ${end.error ?? ''}`);
		for (const w of [...this.#waiters, ...this.#acks.values()])
			w.reject(error);
		this.#waiters.clear();
		this.#acks.clear();
	}

	/** Sends an event without asking for an acknowledgement. */
	say(event, data) {
		this.ws.send(JSON.stringify({ event, data }));
	}

	/** Sends an event; resolves to its acknowledgement. */
	ask(event, data) {
		const ack = this.#next++;
		return this.askAs(ack, event, data);
	}

	askAs(ack, event, data) {
		if (this.end)
			return Promise.reject(new Error(`${this.wallet}: the connection has ended`));
		const answer = new Promise((resolve, reject) => this.#acks.set(ack, { resolve, reject }));
		this.#asked.set(ack, event);
		this.ws.send(JSON.stringify({ event, data, ack }));
		return within(answer, () => `${this.wallet}: the acknowledgement of ${event}; so far ${this.#tail()}`);
	}

	/** Sends an event that must be accepted. */
	async ok(event, data) {
		const answer = await this.ask(event, data);
		assert.equal(answer.ok, true, `${event}: ${JSON.stringify(answer)}`);
		return answer;
	}

	/** Sends an event that must be refused with this code. */
	async refused(code, event, data) {
		const answer = await this.ask(event, data);
		assert.equal(answer.ok, false, `${event} ${JSON.stringify(data).slice(0, 200)}: ${JSON.stringify(answer)}`);
		assert.equal(answer.code, code, JSON.stringify(answer));
		assert.ok(answer.error.length > 0);
		return answer;
	}

	/** Takes the first event of that name, which matches, that nobody took yet. */
	event(name, matches = () => true) {
		const isIt = (m) => m.event === name && matches(m.data, m);
		const at = this.#inbox.findIndex(isIt);
		if (at >= 0)
			return Promise.resolve(this.#inbox.splice(at, 1)[0]);
		if (this.end)
			return Promise.reject(new Error(`${this.wallet}: the connection has ended`));
		return within(new Promise((resolve, reject) => this.#waiters.add({ matches: isIt, resolve, reject })),
			() => `${this.wallet}: the event ${name}; so far ${this.#tail()}`);
	}

	/** Events of that name so far, taken or not. Call it behind a barrier, e.g. a later message
	 * that has come. */
	all(name, matches = () => true) {
		return this.log.filter((m) => m.event === name && matches(m.data, m));
	}

	subscribe(escrowId, cursor) {
		return this.ok('subscribe_escrow', cursor ? { escrowId, cursor } : { escrowId });
	}

	send(escrowId, content, more = {}) {
		return this.ok('chat_message', { escrowId, content, ...more });
	}

	/** Waits for the message with that content. */
	message(content) {
		return this.event('chat_message', (data) => data.content === content);
	}

	close(code) {
		return within(this.ws.close(code), `${this.wallet} to close`);
	}

	/** Breaks the connection. */
	lose() {
		return this.ws.destroy();
	}

	#tail() {
		return JSON.stringify(this.log.slice(-10)).slice(0, 2000);
	}
}
