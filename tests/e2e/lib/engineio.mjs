// SPDX-License-Identifier: ISC
// engineio.mjs - Engine.IO 4 by hand, packet by packet, over polling and over WebSocket: what no
// client library would send.

import { request } from './http.mjs';
import { until, within } from './wait.mjs';
import { WebSocket } from './ws.mjs';

export const PATH = '/socket.io/';
const SEPARATOR = '\x1e';

export class Polling {
	/** Shakes hands; resolves to the wire. */
	static async open(target, headers) {
		const wire = new Polling();
		wire.target = target;
		const answer = await request(target, { path: `${PATH}?EIO=4&transport=polling`, headers });
		if (answer.status !== 200 || answer.body[0] !== '0')
			throw new Error(`handshake: ${answer.status} ${answer.body}`);
		wire.open = JSON.parse(answer.body.slice(1));
		wire.path = `${PATH}?EIO=4&transport=polling&sid=${wire.open.sid}`;
		return wire;
	}

	#waiting = [];

	get() {
		return request(this.target, { path: this.path });
	}

	/** Posts a payload as it is. */
	post(body, headers = {}) {
		return request(this.target, { method: 'POST', path: this.path, body, headers: { 'Content-Type': 'text/plain;charset=UTF-8', ...headers } });
	}

	send(...packets) {
		return this.post(packets.join(SEPARATOR));
	}

	/** Resolves to the next packet; null: the session is gone. */
	async next() {
		while (!this.#waiting.length) {
			const answer = await this.get();
			if (answer.status !== 200)
				return null;
			this.#waiting = answer.body.split(SEPARATOR);
		}
		const packet = this.#waiting.shift();
		return packet === '1' ? null : packet;
	}

	/** Waits until the daemon does not know the session any more. */
	async gone() {
		await until('the session to be gone', async () => (await this.post('3')).status === 400);
	}
}

export class Sock {
	static async open(target, { path = `${PATH}?EIO=4&transport=websocket`, headers } = {}) {
		const wire = new Sock();
		const onmessage = (message) => {
			const waiter = wire.#waiters.shift();
			if (waiter)
				waiter(message);
			else
				wire.#waiting.push(message);
		};
		wire.ws = await WebSocket.connect(target, { path, headers, onmessage });
		wire.ws.closed.promise.then((end) => {
			wire.end = end;
			wire.#waiters.forEach((w) => w(null));
		});
		if (!path.includes('sid='))
			wire.open = JSON.parse((await wire.next()).slice(1));
		return wire;
	}

	#waiting = [];
	#waiters = [];

	send(...packets) {
		packets.forEach((p) => this.ws.send(p));
	}

	/** Resolves to the next packet, a string or a Buffer; null: the wire is closed. */
	next() {
		if (this.#waiting.length)
			return Promise.resolve(this.#waiting.shift());
		if (this.end)
			return Promise.resolve(null);
		return within(new Promise((resolve) => this.#waiters.push(resolve)), 'a packet');
	}

	gone() {
		return within(this.ws.closed.promise, 'the session to be closed');
	}
}

export const WIRES = { polling: Polling, websocket: Sock };

/** A wire with a chat identity on it. */
export async function connected(target, Wire, wallet, auth = {}) {
	const wire = await Wire.open(target);
	await wire.send(`40${JSON.stringify({ walletAddress: wallet, recovery: false, ...auth })}`);
	const answer = await wire.next();
	if (!answer?.startsWith('40{"sid":'))
		throw new Error(`CONNECT: ${answer}`);
	wire.connect = JSON.parse(answer.slice(2));
	return wire;
}

/** Sends an event with an acknowledgement id and reads up to its answer. */
export async function ask(wire, id, ...args) {
	await wire.send(`42${id}${JSON.stringify(args)}`);
	return answerTo(wire, id);
}

export async function answerTo(wire, id) {
	for (;;) {
		const packet = await wire.next();
		if (packet === null)
			throw new Error(`the session ended before acknowledgement ${id}`);
		if (packet.startsWith(`43${id}[`))
			return JSON.parse(packet.slice(2 + String(id).length))[0];
	}
}
