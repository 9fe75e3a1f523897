// SPDX-License-Identifier: ISC
// stream.mjs - clients of server-sent events, long-poll and POST /emit, each request by hand. The
// reader of streams is strict: what the WHATWG section has no use for, or a line that is not whole,
// is an error.

import assert from 'node:assert/strict';
import http from 'node:http';

import { contract } from './asyncapi.mjs';
import { request } from './http.mjs';
import { WAIT_MS, within } from './wait.mjs';

/** The target of a request; wallet '': claims none; rooms become escrow=, all else as it is
 * named. */
export function url(path, wallet, { rooms = [], ...query } = {}) {
	const parameters = new URLSearchParams(rooms.map((r) => ['escrow', r]));
	for (const [name, value] of Object.entries({ walletAddress: wallet || undefined, ...query })) {
		if (value !== undefined)
			parameters.set(name, value);
	}
	return `${path}?${parameters}`;
}

/** A long-poll's answer: {status, json, …}. */
export async function poll(target, wallet, query, options = {}) {
	const answer = await request(target, { path: url('/poll', wallet, query), ...options });
	if (answer.status === 200)
		contract().polled(answer.json);
	return answer;
}

/** Begins a long-poll that can be given up: {answer, abort()}. */
export function heldPoll(target, wallet, query) {
	let req;
	const where = target.socketPath ? { socketPath: target.socketPath } : { host: '127.0.0.1', port: target.port };
	const answer = new Promise((resolve, reject) => {
		req = http.get({ ...where, path: url('/poll', wallet, query), agent: false }, (res) => {
			let body = '';
			res.setEncoding('utf8').on('data', (d) => (body += d)).on('error', reject);
			res.on('end', () => resolve({ status: res.statusCode, body, json: JSON.parse(body) }));
		});
		req.on('error', reject);
	});
	const limited = within(answer, `the poll of ${wallet}`);
	limited.catch(() => {}); // of those that nobody asks for
	return { answer: limited, abort: () => req.destroy() };
}

/** Sends an event by /emit. Resolves to the status and the acknowledgement. */
export async function emit(target, wallet, event, data, { client, ...options } = {}) {
	const answer = await request(target, { method: 'POST', path: url('/emit', wallet, { client }), body: { event, data }, ...options });
	if (answer.status === 200)
		contract().answer('emit', event, answer.json);
	return answer;
}

/** Sends an event that must be accepted. Resolves to the acknowledgement. */
export async function emitted(target, wallet, event, data, options) {
	const answer = await emit(target, wallet, event, data, options);
	assert.equal(answer.status, 200, answer.body);
	assert.equal(answer.json.ok, true, `${event}: ${answer.body}`);
	return answer.json;
}

export class EventStream {
	/** Resolves when the head has come; throws what the server answered where that is no
	 * stream. */
	static open(target, wallet, query = {}, { headers = {} } = {}) {
		const stream = new EventStream();
		const where = target.socketPath ? { socketPath: target.socketPath } : { host: '127.0.0.1', port: target.port };
		stream.wallet = wallet;
		return within(new Promise((resolve, reject) => {
			stream.req = http.get({ ...where, path: url('/events', wallet, query), headers, agent: false }, (res) => {
				res.setEncoding('utf8');
				if (res.statusCode !== 200) {
					let body = '';
					res.on('data', (d) => (body += d)).on('end', () => reject(new StreamRefused(res.statusCode, res.headers, body)));
					return;
				}
				stream.res = res;
				stream.headers = res.headers;
				res.on('data', (text) => stream.#onText(text));
				res.on('error', () => {});
				res.on('close', () => stream.#onClosed(res.complete));
				resolve(stream);
			});
			stream.req.on('error', (error) => (stream.res ? stream.#onClosed(false) : reject(error)));
		}), `the stream of ${wallet}`);
	}

	/** Opens a stream as open does, and waits for hello, which is in .hello. */
	static async hello(...args) {
		const stream = await EventStream.open(...args);
		stream.hello = await stream.event('hello');
		return stream;
	}

	/** Opens a stream that must be put off: 200, and one block, which says why. Resolves to
	 * {code, error, id?, retry, headers}. */
	static async putOff(...args) {
		const stream = await EventStream.open(...args);
		const { data: { event, ...why }, id } = await stream.event('chat_error');
		assert.deepEqual(await stream.over(), { isWhole: true });
		assert.deepEqual([stream.log.length, event], [1, '']);
		return { ...why, id, retry: stream.retry, headers: stream.headers };
	}

	/** All that came but heartbeats: {event, data, id?}, in order; where there is onevent, it
	 * sees each instead. */
	log = [];
	heartbeats = 0;
	lastId = '';
	retry = null;
	text = '';

	#rest = '';
	#inbox = [];
	#waiters = new Set();
	#closed;

	closed = new Promise((resolve) => (this.#closed = resolve));

	#onText(text) {
		if (this.text.length < 65536)
			this.text += text;
		this.#rest += text;
		for (let end; (end = this.#rest.indexOf('\n\n')) >= 0; this.#rest = this.#rest.slice(end + 2))
			this.#onBlock(this.#rest.slice(0, end).split('\n'));
	}

	#onBlock(lines) {
		const block = {};
		for (const line of lines) {
			const [, name, value] = /^(id|event|data|retry): (.*)$/.exec(line) ?? [];
			assert.ok(name, `no line of a stream: ${JSON.stringify(line)}`);
			assert.ok(!(name in block), `${name} twice in ${JSON.stringify(lines)}`);
			block[name] = value;
		}
		this.#take(block);
	}

	#take({ id, event, data, retry }) {
		if (id !== undefined)
			this.lastId = id;
		if (retry !== undefined)
			this.retry = Number(retry);
		assert.notEqual(data, undefined, 'a block of a stream has data');
		const message = { event, data: JSON.parse(data), ...(id !== undefined && { id }) };
		contract().event('events', event, message.data);
		if (event === 'heartbeat') {
			this.heartbeats++;
			return;
		}
		if (this.onevent) {
			this.onevent(message);
			return;
		}
		this.log.push(message);
		for (const w of this.#waiters) {
			if (w.matches(message)) {
				this.#waiters.delete(w);
				w.resolve(message);
				return;
			}
		}
		this.#inbox.push(message);
	}

	#onClosed(isWhole) {
		this.end ??= { isWhole };
		for (const w of this.#waiters)
			w.reject(new Error(`${this.wallet}: the stream has ended`));
		this.#waiters.clear();
		this.#closed(this.end);
	}

	/** Takes the first event of that name, which matches, that nobody took yet. */
	event(name, matches = () => true) {
		const isIt = (m) => m.event === name && matches(m.data, m);
		const at = this.#inbox.findIndex(isIt);
		if (at >= 0)
			return Promise.resolve(this.#inbox.splice(at, 1)[0]);
		if (this.end)
			return Promise.reject(new Error(`${this.wallet}: the stream has ended`));
		return within(new Promise((resolve, reject) => this.#waiters.add({ matches: isIt, resolve, reject })),
			() => `${this.wallet}: the event ${name}; so far ${JSON.stringify(this.log.slice(-10)).slice(0, 2000)}`);
	}

	/** Waits for the message with that content. */
	message(content) {
		return this.event('chat_message', (data) => data.content === content);
	}

	pause() {
		this.res.pause();
	}

	resume() {
		this.res.resume();
	}

	/** Waits until the server has ended the stream: {isWhole}; true: the last chunk has
	 * come. */
	over() {
		return within(this.closed, `the end of the stream of ${this.wallet}`, WAIT_MS);
	}

	close() {
		this.res.resume(); // a stream that is read no more is not closed either
		this.req.destroy();
		return this.closed;
	}
}

/** The answer to a request for a stream that was none. */
export class StreamRefused extends Error {
	constructor(status, headers, body) {
		super(`no stream: ${status} ${body}`);
		Object.assign(this, { status, headers, body, json: JSON.parse(body) });
	}
}
