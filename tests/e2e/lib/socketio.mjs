// SPDX-License-Identifier: ISC
// socketio.mjs - a chat client on the real socket.io-client, with the words of client.mjs.

import assert from 'node:assert/strict';

import { contract } from './asyncapi.mjs';
import { load } from './modules.mjs';
import { Road } from './road.mjs';
import { WAIT_MS, within } from './wait.mjs';

const { io } = load('socket.io-client');

/** The settings a front end may have. */
export const TRANSPORTS = { polling: ['polling'], websocket: ['websocket'], upgrade: ['polling', 'websocket'] };

export class SocketClient {
	/** Connects, unless options.connect is false. options: of io(); auth is added to the
	 * wallet. world: closes it. */
	constructor(world, wallet, { target = world.target, path = '', auth = {}, ...options } = {}) {
		this.wallet = wallet;
		this.socket = io(`http://127.0.0.1:${target.port}${path}`, {
			auth: wallet === null ? auth : { walletAddress: wallet, ...auth },
			forceNew: true, reconnectionDelay: 20, reconnectionDelayMax: 40, ...options,
		});
		this.socket.on('connect', () => this.#note({ event: ' connect', data: { id: this.socket.id, recovered: this.socket.recovered } }));
		this.socket.on('disconnect', (reason) => this.#note({ event: ' disconnect', data: reason }));
		this.socket.on('connect_error', (error) => this.#note({ event: ' connect_error', data: error.message }));
		this.socket.onAny((event, data, ...more) => {
			contract().event('socketio', event, data);
			this.#note({ event, data, more });
		});
		world.clients.push({ ws: { destroy: () => this.leave() } });
	}

	/** Waits until the client is connected. */
	static async open(world, wallet, options) {
		const client = new SocketClient(world, wallet, options);
		await client.connected();
		return client;
	}

	/** All that came, in order: {event, data, more}, more being further arguments; ' connect'
	 * and the like are of the socket itself. */
	log = [];

	#inbox = [];
	#waiters = new Set();

	#note(entry) {
		this.log.push(entry);
		for (const w of this.#waiters) {
			if (w.matches(entry)) {
				this.#waiters.delete(w);
				w.resolve(entry);
				return;
			}
		}
		this.#inbox.push(entry);
	}

	get transport() {
		return this.socket.io.engine.transport.name;
	}

	/** Takes the first event of that name, which matches, that nobody took yet. */
	event(name, matches = () => true) {
		const isIt = (m) => m.event === name && matches(m.data, m);
		const at = this.#inbox.findIndex(isIt);
		if (at >= 0)
			return Promise.resolve(this.#inbox.splice(at, 1)[0]);
		return within(new Promise((resolve) => this.#waiters.add({ matches: isIt, resolve })),
			() => `${this.wallet}: the event ${name}; so far ${JSON.stringify(this.log.slice(-10)).slice(0, 2000)}`);
	}

	/** The next connect: {id, recovered}. */
	async connected() {
		return (await this.event(' connect')).data;
	}

	/** The next disconnect's reason. */
	async disconnected() {
		return (await this.event(' disconnect')).data;
	}

	/** The next refusal's text. */
	async connectError() {
		return (await this.event(' connect_error')).data;
	}

	upgraded() {
		const { engine } = this.socket.io;
		if (this.transport === 'websocket')
			return Promise.resolve();
		return within(new Promise((resolve) => engine.once('upgrade', resolve)), `${this.wallet} to upgrade`);
	}

	/** Events of that name so far, taken or not. */
	all(name, matches = () => true) {
		return this.log.filter((m) => m.event === name && matches(m.data, m));
	}

	/** Contents of the chat messages so far. */
	contents(escrowId) {
		return this.all('chat_message', (d) => !escrowId || d.escrowId === escrowId).map((m) => m.data.content);
	}

	/** Sends without asking for an acknowledgement. */
	say(...args) {
		this.socket.emit(...args);
	}

	/** Sends an event; its acknowledgement. */
	ask(...args) {
		return new Promise((resolve, reject) => this.socket.timeout(WAIT_MS).emit(...args, (error, answer, ...more) => {
			if (error)
				reject(new Error(`${this.wallet}: no acknowledgement of ${args[0]}`));
			else if (more.length)
				reject(new Error(`${this.wallet}: the acknowledgement of ${args[0]} has more than one argument`));
			else {
				contract().answer('socketio', args[0], answer);
				resolve(answer);
			}
		}));
	}

	async ok(...args) {
		const answer = await this.ask(...args);
		assert.equal(answer.ok, true, `${args[0]}: ${JSON.stringify(answer)}`);
		return answer;
	}

	async refused(code, ...args) {
		const answer = await this.ask(...args);
		assert.equal(answer.ok, false, `${args[0]}: ${JSON.stringify(answer)}`);
		assert.equal(answer.code, code, `${JSON.stringify(args).slice(0, 200)}: ${JSON.stringify(answer)}`);
		assert.ok(answer.error.length > 0);
		return answer;
	}

	subscribe(escrowId) {
		return this.ok('subscribe_escrow', escrowId);
	}

	send(escrowId, content, more = {}) {
		return this.ok('chat_message', { escrowId, content, ...more });
	}

	message(content) {
		return this.event('chat_message', (data) => data.content === content);
	}

	/** Disconnects in good order. */
	leave() {
		this.socket.disconnect();
	}
}

/** A way to the daemon of this world, which outlives it. */
export async function road(world) {
	const way = await Road.open(() => world.target);
	world.clients.push({ ws: { destroy: () => way.close() } });
	return way;
}
