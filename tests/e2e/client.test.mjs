// SPDX-License-Identifier: ISC
// client.test.mjs - contrib/client/escrowchat.js in a simulated browser: the test drives its clock,
// its network and its tabs, and the server is a model of the contract whose cursors cannot be
// compared. At the end, the same file talks to the real daemon.

import assert from 'node:assert/strict';
import { webcrypto as crypto } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import vm from 'node:vm';

import { until } from './lib/wait.mjs';
import { BUILDDIR, promise, SRCDIR } from './lib/world.mjs';
import { WebSocket as Wire } from './lib/ws.mjs';

const FILE = path.join(SRCDIR, 'contrib/client/escrowchat.js');
const SOURCE = fs.readFileSync(FILE, 'utf8');
const SCRIPT = new vm.Script(SOURCE, { filename: FILE });

/* ---- time that passes when it is told to ---- */

class Clock {
	now = 1e12;
	#timers = new Map();
	#next = 1;

	set = (f, ms = 0) => {
		this.#timers.set(this.#next, { at: this.now + Math.max(0, ms), f });
		return this.#next++;
	};

	clear = (id) => this.#timers.delete(id);

	/** Everything that is due within so many milliseconds, in order, and what it sets off. */
	async run(ms = 0) {
		const end = this.now + ms;
		for (;;) {
			await new Promise(setImmediate); // promises first
			const [id, timer] = [...this.#timers].reduce((a, b) => (b[1].at < a[1].at ? b : a), [0, { at: Infinity }]);
			if (timer.at > end)
				break;
			this.#timers.delete(id);
			this.now = Math.max(this.now, timer.at);
			timer.f();
		}
		this.now = end;
	}
}

/* ---- the server, by the contract: one log, cursors that cannot be compared ---- */

class Server {
	log = []; // {topic, event, data}; the position is the index + 1
	links = new Set();
	cursors = new Map();
	requests = [];
	stored = new Map();
	trimmed = 0; // events up to here are gone
	refused = new Set();
	answer = null; // (event, data) => an acknowledgement instead of ours
	silent = new Set(); // transports that connect and say nothing
	broken = new Set(); // transports that do not connect
	putOff = null; // what a stream says instead of hello, and ends
	emptyPages = 0; // so many answers of /poll have read on and found nothing, and are not at the end
	latency = 5;

	constructor(clock) {
		this.clock = clock;
	}

	cursor(position = this.log.length) {
		const text = `c${(position * 7919 + 13) % 100003}x${position}`.split('').reverse().join('');
		this.cursors.set(text, position);
		return text;
	}

	position(cursor) {
		return cursor === null || cursor === undefined ? this.log.length : this.cursors.get(cursor);
	}

	publish(topic, event, data) {
		this.log.push({ topic, event, data });
		for (const link of this.links)
			link.wake();
	}

	say(room, content, more = {}) {
		const message = { id: `m${this.log.length}`, escrowId: room, senderId: 'bob', content, ...more };
		this.publish(room, 'chat_message', message);
		return message;
	}

	/** Of these topics (a map to positions) the events that are due, one topic after the other
	 * as on /ws. */
	due(topics, limit = Infinity) {
		const found = [];
		this.log.forEach(({ topic, event, data }, i) => {
			if (topics.has(topic) && i >= topics.get(topic) && found.length < limit)
				found.push({ event, data, cursor: this.cursor(i + 1), escrowId: topic || undefined, position: i + 1, topic });
		});
		return found;
	}

	gaps(topics) {
		return [...topics].filter(([topic, from]) => from === undefined || this.log.some((e, i) => e.topic === topic && i >= from && i < this.trimmed))
			.map(([topic]) => {
				topics.set(topic, this.log.length);
				return { event: 'gap', data: { escrowId: topic || undefined, cursor: this.cursor(), oldest: this.cursor(this.trimmed) }, cursor: this.cursor(), escrowId: topic || undefined };
			});
	}

	emit(event, data) {
		const own = this.answer?.(event, data);
		if (own)
			return own;
		if (event === 'chat_message') {
			if (!this.stored.has(data.clientMsgId))
				this.stored.set(data.clientMsgId, this.say(data.escrowId, data.content, { senderId: 'alice', clientMsgId: data.clientMsgId }));
			return { ok: true, message: this.stored.get(data.clientMsgId) };
		}
		if (event === 'presence')
			return { ok: true, present: ['alice'], presentCount: 1 };
		if (event === 'history')
			return { ok: true, messages: this.log.filter((e) => e.topic === data.escrowId).map((e) => e.data).slice(-data.limit), cursor: this.cursor(), hasMore: false };
		return { ok: true };
	}

	/** Calls f after the latency of one way. */
	after(f) {
		this.clock.set(f, this.latency);
	}

	/** Breaks every connection. */
	cut() {
		for (const link of [...this.links])
			link.lose();
		this.links.clear();
	}

	/** Requests so far whose URL matches. */
	asked(pattern) {
		return this.requests.filter((r) => pattern.test(r.url));
	}
}

/* ---- a browser's objects on that server ---- */

function webSocketOf(server) {
	return class FakeWebSocket {
		constructor(url, protocols) {
			const query = new URL(url).searchParams, topics = new Map([['', server.position(query.get('cursor') ?? undefined)]]);
			server.requests.push({ url, protocols, at: server.clock.now });
			const give = (frame) => server.after(() => server.links.has(link) && this.onmessage?.({ data: JSON.stringify(frame) }));
			const link = this.link = {
				query, topics,
				wake: () => {
					for (const [topic, from] of topics) { // one topic after the other: not in log order
						for (const { position, topic: _, ...frame } of server.due(new Map([[topic, from]]))) {
							give(frame);
							topics.set(topic, position);
						}
					}
				},
				lose: (why) => this.onclose?.(why),
			};
			server.after(() => {
				if (server.broken.has('websocket'))
					return this.onclose?.();
				server.links.add(link);
				if (server.silent.has('websocket'))
					return;
				give({ event: 'hello', data: { version: '1', walletAddress: 'alice', cursor: server.cursor(topics.get('')), refused: [] } });
				server.gaps(topics).forEach(give);
				link.wake();
			});
			this.hear = ({ event, data, ack }) => {
				server.requests.push({ url: `ws:${event}`, data });
				let answer;
				if (event === 'subscribe_escrow') {
					answer = server.refused.has(data.escrowId) ? { ok: false, code: 'not_participant', error: 'no' } : server.answer?.(event, data);
					if (!answer && !topics.has(data.escrowId)) {
						topics.set(data.escrowId, server.position(data.cursor));
						server.gaps(topics).forEach(give);
						link.wake();
					}
					answer ??= { ok: true, escrowId: data.escrowId, cursor: server.cursor(), present: ['alice'], presentCount: 1, unread: 0 };
				} else if (event === 'unsubscribe_escrow') {
					topics.delete(data.escrowId);
				}
				answer ??= server.emit(event, data);
				if (ack !== undefined && answer !== 'lost' && answer.code !== 'never')
					give({ ack, data: answer });
			};
		}

		send(text) {
			server.after(() => server.links.has(this.link) && this.hear(JSON.parse(text)));
		}

		close() {
			server.after(() => server.links.delete(this.link));
		}
	};
}

/** The part that /events and /poll share: topics from the query, all at one position. */
function mergedOf(server, url) {
	const query = new URL(url).searchParams, from = query.get('cursor') ?? query.get('lastEventId');
	const rooms = query.getAll('escrow');
	const refused = rooms.filter((id) => server.refused.has(id));
	const position = from === null ? server.log.length : server.position(from);
	return { query, from, refused, isForbidden: rooms.length > 0 && refused.length === rooms.length,
		topics: new Map(['', ...rooms.filter((id) => !refused.includes(id))].map((t) => [t, position])) };
}

function eventSourceOf(server) {
	return class FakeEventSource {
		listeners = {};

		constructor(url) {
			server.requests.push({ url, at: server.clock.now });
			const { topics, refused, isForbidden } = mergedOf(server, url);
			let at = topics.get('') ?? server.log.length, id = '';
			const give = ({ event, data, cursor }) => server.after(() => {
				id = cursor ?? id;
				if (server.links.has(link))
					this.listeners[event]?.({ data: JSON.stringify(data), lastEventId: id });
			});
			const link = this.link = {
				wake: () => {
					for (const e of server.due(new Map([...topics.keys()].map((t) => [t, at]))))
						give(e);
					at = server.log.length;
				},
				say: give,
				lose: () => this.onerror?.(),
			};
			server.after(() => {
				if (server.broken.has('sse') || isForbidden)
					return this.onerror?.();
				server.links.add(link);
				if (server.putOff) {
					give({ event: 'chat_error', data: server.putOff });
					return server.after(() => this.onerror?.());
				}
				if (server.silent.has('sse'))
					return;
				give({ event: 'hello', data: { version: '1', walletAddress: 'alice', cursor: server.cursor(at), refused }, cursor: server.cursor(at) });
				server.gaps(topics).forEach((g) => give({ ...g, cursor: undefined }));
				link.wake();
			});
		}

		addEventListener(name, f) {
			assert.equal(this.listeners[name], undefined, `${name} once`);
			this.listeners[name] = f;
		}

		close() {
			server.links.delete(this.link);
		}
	};
}

function xhrOf(server) {
	return class FakeXMLHttpRequest {
		readyState = 0;
		status = 0;
		responseText = '';
		headers = {};

		open(method, url) {
			Object.assign(this, { method, url });
		}

		setRequestHeader(name, value) {
			this.headers[name] = value;
		}

		#end(status, body) {
			if (this.readyState === 4)
				return;
			server.links.delete(this.link);
			Object.assign(this, { readyState: 4, status, responseText: body === undefined ? '' : JSON.stringify(body) });
			this.onreadystatechange?.();
		}

		abort() {
			this.#end(0);
		}

		send(body) {
			const asked = { url: this.url, method: this.method, headers: this.headers, data: body && JSON.parse(body), at: server.clock.now };
			server.requests.push(asked);
			this.link = { wake: () => {}, lose: () => this.#end(0) };
			server.links.add(this.link);
			server.after(() => {
				const isStream = /\/events/.test(this.url);
				if (!server.links.has(this.link) || server.broken.has(isStream ? 'sse' : 'poll'))
					return this.#end(0);
				if (server.denied)
					return this.#end(401, { success: false, code: 'unauthorized', error: 'no' });
				if (isStream)
					return this.#stream();
				if (this.method === 'GET')
					return server.silent.has('poll') || this.#poll();
				const answer = server.emit(asked.data.event, asked.data.data);
				if (answer !== 'lost')
					server.after(() => this.#end(answer.status ?? 200, answer));
				else
					this.#end(0);
			});
		}

		/* Its pieces end where they like. */
		#stream() {
			const { topics, refused, isForbidden } = mergedOf(server, this.url);
			let at = topics.get('') ?? server.log.length;
			if (isForbidden)
				return this.#end(403, { success: false, code: 'not_participant', error: 'no' });
			Object.assign(this, { readyState: 3, status: 200 });
			const piece = (text) => server.after(() => {
				if (!server.links.has(this.link))
					return;
				this.responseText += text;
				this.onprogress?.();
			});
			const give = ({ event, data, cursor }) => {
				const text = `${cursor ? `id: ${cursor}\n` : ''}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`, cut = server.log.length * 7 % text.length;
				piece(text.slice(0, cut));
				piece(text.slice(cut));
			};
			piece('retry: 2000\n');
			if (server.putOff) {
				give({ event: 'chat_error', data: server.putOff });
				return server.after(() => this.#end(200));
			}
			if (server.silent.has('sse'))
				return;
			give({ event: 'hello', data: { version: '1', walletAddress: 'alice', cursor: server.cursor(at), refused }, cursor: server.cursor(at) });
			server.gaps(topics).forEach((g) => give({ ...g, cursor: undefined }));
			this.link.wake = () => {
				for (const e of server.due(new Map([...topics.keys()].map((t) => [t, at]))))
					give(e);
				at = server.log.length;
				piece(`id: ${server.cursor(at)}\nevent: heartbeat\ndata: {}\n\n`);
			};
			this.link.wake();
		}

		#poll() {
			const { query, from, topics, refused, isForbidden } = mergedOf(server, this.url);
			if (server.poll)
				return this.#end(...server.poll);
			if (isForbidden)
				return this.#end(403, { success: false, code: 'not_participant', error: 'no' });
			if (from !== null && server.due(topics).length && server.emptyPages-- > 0)
				return this.#end(200, { cursor: from, events: [], more: true });
			const gaps = server.gaps(topics), position = topics.get('');
			const answer = () => {
				const events = server.due(topics, 4), isPage = events.length === 4;
				const cursor = server.cursor(isPage ? events[3].position : Math.max(server.log.length, position ?? 0));
				server.after(() => this.#end(200, { cursor, events: [...gaps, ...events], ...(refused.length && { refused }) }));
				this.link.wake = () => {};
			};
			if (from === null || query.get('timeout') === '0' || gaps.length || server.due(topics).length)
				return answer();
			this.link.wake = () => server.due(topics).length && answer();
			server.clock.set(() => this.link.wake !== answer && server.links.has(this.link) && answer(), Number(query.get('timeout')) * 1000);
		}
	};
}

/** Web Locks and channels that the tabs of one browser share. */
class Tabs {
	#locks = new Map();
	#channels = new Set();

	constructor(clock) {
		this.clock = clock;
	}

	locksOf(tab) {
		return {
			request: (name, held) => new Promise((resolve, reject) => {
				const queue = this.#locks.get(name) ?? [];
				this.#locks.set(name, queue);
				queue.push({ tab, held, resolve, reject });
				if (queue.length === 1)
					this.#grant(name);
			}),
		};
	}

	async #grant(name) {
		const queue = this.#locks.get(name), first = queue[0];
		if (!first)
			return;
		first.done = () => {
			if (queue[0] !== first)
				return;
			queue.shift();
			this.#grant(name);
		};
		await null;
		Promise.resolve(first.held()).then((v) => {
			first.done();
			first.resolve(v);
		}, first.reject);
	}

	channelOf(tab) {
		const tabs = this;
		return class FakeBroadcastChannel {
			constructor(name) {
				this.name = name;
				this.tab = tab;
				tabs.#channels.add(this);
			}

			postMessage(message) {
				const copy = structuredClone(message);
				for (const other of tabs.#channels) {
					if (other !== this && other.name === this.name)
						tabs.clock.set(() => tabs.#channels.has(other) && other.onmessage?.({ data: structuredClone(copy) }), 1);
				}
			}

			close() {
				tabs.#channels.delete(this);
			}
		};
	}

	/** A tab that crashed: its locks are free, its channels silent. */
	kill(tab) {
		for (const channel of [...this.#channels].filter((c) => c.tab === tab))
			channel.close();
		for (const queue of this.#locks.values()) {
			for (const one of queue.filter((x) => x.tab === tab)) {
				if (queue[0] === one)
					one.done();
				else
					queue.splice(queue.indexOf(one), 1);
			}
		}
	}
}

class Page {
	listeners = new Map();
	beacons = [];

	constructor(world, { without = [], tab = {}, ...more } = {}) {
		const { clock, server, tabs, storage } = world;
		const on = (name, f) => this.listeners.set(name, [...(this.listeners.get(name) ?? []), f]);
		const off = (name, f) => this.listeners.set(name, (this.listeners.get(name) ?? []).filter((g) => g !== f));
		this.dead = false;
		const window = this.window = {
			setTimeout: (f, ms) => clock.set(() => this.dead || f(), ms), clearTimeout: clock.clear,
			WebSocket: webSocketOf(server), EventSource: eventSourceOf(server), XMLHttpRequest: xhrOf(server),
			location: { protocol: 'https:', host: 'page.example' },
			document: { hidden: false }, addEventListener: on, removeEventListener: off,
			localStorage: storage, Uint8Array, crypto: { getRandomValues: (bytes) => crypto.getRandomValues(bytes) },
			BroadcastChannel: tabs.channelOf(tab),
			Blob: class { constructor(parts, { type }) { Object.assign(this, { text: parts.join(''), type }); } },
			navigator: { locks: tabs.locksOf(tab), sendBeacon: (url, blob) => this.beacons.push({ url, blob }) },
			...more,
		};
		for (const name of without)
			delete window[name];
		window.self = window;
		vm.createContext(window);
		vm.runInContext('Date.now = now; Math.random = random;' + (without.includes('Promise') ? 'delete globalThis.Promise;' : ''),
			Object.assign(window, { now: () => clock.now, random: () => world.random() }));
		SCRIPT.runInContext(window);
	}

	chat(options) {
		const chat = this.window.EscrowChat.connect({ walletAddress: 'alice', ...options });
		chat.seen = [];
		chat.told = [];
		for (const name of ['state', 'transport', 'gap', 'joined', 'error', 'chat_error'])
			chat.on(name, (data) => chat.told.push([name, data]));
		chat.on('chat_message', (m, about) => chat.seen.push({ ...m, about }));
		chat.on('notification', (m) => chat.seen.push({ escrowId: 'own', content: m.message }));
		chat.contents = (room) => chat.seen.filter((m) => m.escrowId === room).map((m) => m.content);
		chat.names = (name) => chat.told.filter(([n]) => n === name).map(([, data]) => data);
		return chat;
	}

	say(name, more = {}) {
		for (const f of this.listeners.get(name) ?? [])
			f({ type: name, ...more });
	}
}

/** A world: one clock, one server, one browser. */
function world() {
	const clock = new Clock(), kept = new Map();
	const w = { clock, server: new Server(clock), tabs: new Tabs(clock), random: () => 0.5,
		storage: { getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => kept.set(k, String(v)), removeItem: (k) => kept.delete(k) } };
	w.page = (options) => new Page(w, options);
	w.open = async (options, chatOptions) => {
		const page = w.page(options), chat = page.chat(chatOptions);
		await clock.run(100);
		return { page, chat };
	};
	return w;
}

const plain = (value) => JSON.parse(JSON.stringify(value));
const WS = { transports: ['websocket'] }, SSE = { transports: ['sse'] }, POLL = { transports: ['poll'] };
const EACH = [['websocket', WS], ['sse', SSE], ['poll', POLL]];

/* ---- the file itself ---- */

/** Loads a module of the tests. null: it is not installed. */
function load(name) {
	for (const dir of [process.env.E2E_MODULES, path.join(BUILDDIR, 'tests/e2e/modules')].filter(Boolean)) {
		try {
			return createRequire(path.join(dir, 'package.json'))(name);
		} catch {}
	}
	return null;
}

test('minified it is smaller than 12,000 bytes', async (t) => {
	const terser = load('terser');
	const text = terser
		? (await terser.minify(SOURCE, { ecma: 5, compress: { passes: 3 }, format: { wrap_func_args: false } })).code
		: SOURCE.replace(/\/\*[^]*?\*\//g, '').replace(/^\s+/gm, '').replace(/\n(?=[})])/g, '').replace(/ ?([=+\-*<>?:,;{}()|&]+) ?/g, '$1');
	console.log(`escrowchat.js: ${Buffer.byteLength(text)} bytes ${terser ? 'minified' : 'without comments and white space, names not shortened'}`);
	new vm.Script(text);
	if (!terser)
		return t.skip('terser is not in E2E_MODULES: nothing was minified');
	assert.ok(Buffer.byteLength(text) < 12000);
});

test('it is ES5, and nothing in it needs more than the strictest Content-Security-Policy', (t) => {
	assert.equal(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|createElement|import\(/.exec(SOURCE), null);
	const code = SOURCE.replace(/\/\*[^]*?\*\//g, '').replace(/'(?:[^'\\\n]|\\.)*'/g, "''");
	assert.equal(/=>|`|\b(let|const|class|async|await|yield|of)\b|\.\.\.|\?\.|\?\?|\*\*/.exec(code), null);
	const acorn = load('acorn');
	if (!acorn)
		return t.skip('acorn is not in E2E_MODULES: nothing was parsed');
	acorn.parse(SOURCE, { ecmaVersion: 5 });
});

test('it can be imported as a module, on a server too, and begins nothing by itself', async () => {
	const module = await import(pathToFileURL(path.join(SRCDIR, 'contrib/client/escrowchat.mjs')));
	assert.equal(typeof module.connect, 'function');
	assert.equal(module.default.connect, module.connect);
	assert.match(module.newId(), /^[0-9a-f]{32}$/);
});

/* ---- choosing ---- */

test('WebSocket, then SSE, then long-poll: the first that the browser has', async () => {
	for (const [without, expected] of [[[], 'websocket'], [['WebSocket'], 'sse'], [['WebSocket', 'EventSource'], 'poll']]) {
		const { chat } = await world().open({ without });
		assert.equal(chat.transport, expected);
		assert.equal(chat.state, 'open');
		assert.deepEqual(plain(chat.names('state').map((s) => s.state)), ['open']);
		assert.equal(chat.names('transport').length, 1);
	}
});

test('a token goes by the sub-protocol and by Authorization, never by the URL; an event stream is read by hand with it', async () => {
	const w = world();
	const { chat } = await w.open({}, { token: () => 'T0KEN' });
	assert.deepEqual(plain(w.server.requests[0].protocols), ['escrowchat.v1', 'bearer.T0KEN']);
	for (const [broken, expected] of [['websocket', 'sse'], ['sse', 'poll']]) {
		w.server.broken.add(broken);
		w.server.cut();
		await w.clock.run(60000);
		assert.equal(chat.transport, expected);
		chat.presence('42', () => {});
		await w.clock.run(100);
	}
	assert.ok(w.server.asked(/\/events/).length > 0);
	for (const r of w.server.asked(/\/(events|poll|emit)/))
		assert.equal(r.headers.Authorization, 'Bearer T0KEN');
	assert.deepEqual(w.server.asked(/T0KEN/), []);
});

test('an event stream that is read by hand loses nothing and gives nothing twice, wherever its pieces end', async () => {
	const w = world();
	const { chat } = await w.open({}, { token: 'T', transports: ['sse', 'poll'] });
	chat.join('42', () => {});
	await w.clock.run(1000);
	const sent = [];
	for (let i = 0; i < 60; i++) {
		sent.push(`m${i} event: x\ndata: y\n\nid: z`);
		w.server.say('42', sent[i]);
		if (i % 17 === 16)
			w.server.cut();
		await w.clock.run(i % 17 === 16 ? 5000 : 20);
	}
	await w.clock.run(5000);
	assert.deepEqual(plain(chat.contents('42')), sent);
	assert.equal(chat.transport, 'sse');
});

test('a token that is refused, on any transport, is an error of the page, and each attempt asks for another', async () => {
	for (const transports of [['websocket'], ['sse', 'poll'], ['poll']]) {
		const w = world();
		let token = 'OLD';
		const { chat } = await w.open({}, { token: () => token, transports });
		assert.equal(chat.state, 'open');
		w.server.denied = true;
		for (const link of [...w.server.links])
			link.lose({ code: 4401 });
		w.server.links.clear();
		await w.clock.run(transports[0] === 'websocket' ? 10 : 60000);
		assert.equal(chat.names('error')[0].code, 'unauthorized', String(transports));
		w.server.denied = false;
		token = 'NEW';
		await w.clock.run(60000);
		assert.equal(chat.state, 'open');
		const last = w.server.requests.filter((r) => r.protocols || r.headers?.Authorization).pop();
		assert.equal(last.protocols?.[1] ?? last.headers.Authorization, transports[0] === 'websocket' ? 'bearer.NEW' : 'Bearer NEW');
	}
});

test('token_expiring is given to the page', async () => {
	for (const options of [{ transports: ['websocket'] }, { transports: ['sse'], token: 'T' }, { transports: ['sse'] }]) {
		const w = world();
		const { chat } = await w.open({}, options);
		const seen = [];
		chat.on('token_expiring', (d) => seen.push(d.expiresAt));
		w.server.publish('', 'token_expiring', { expiresAt: 'soon' });
		await w.clock.run(100);
		assert.deepEqual(seen, ['soon'], JSON.stringify(options));
	}
});

test('a transport that connects and says nothing for 3 s has failed', async () => {
	const w = world();
	w.server.silent.add('websocket').add('sse');
	const chat = w.page().chat();
	await w.clock.run(2900);
	assert.equal(w.server.asked(/\/events/).length, 0);
	await w.clock.run(3100);
	assert.equal(w.server.asked(/\/events/).length, 1);
	assert.equal(chat.state, 'connecting');
	await w.clock.run(200);
	assert.equal(chat.transport, 'poll');
	assert.equal(chat.state, 'open');
});

test('the choice is remembered for ten minutes, then the better ones are tried again', async () => {
	const w = world();
	w.server.broken.add('websocket');
	assert.equal((await w.open()).chat.transport, 'sse');
	w.server.requests.length = 0;
	const { chat } = await w.open();
	assert.equal(chat.transport, 'sse');
	assert.equal(w.server.asked(/^wss:/).length, 0, 'not tried');
	w.server.broken.clear();
	await w.clock.run(599000);
	assert.equal(chat.transport, 'sse');
	await w.clock.run(2000);
	assert.equal(chat.transport, 'websocket');
	assert.deepEqual(plain(chat.names('state').map((s) => s.state)), ['open'], 'in silence');
});

test('one refused connection is no reason to leave a transport that has worked', async () => {
	const w = world();
	const { chat } = await w.open();
	w.server.broken.add('websocket');
	w.server.cut();
	await w.clock.run(300);
	w.server.broken.clear();
	await w.clock.run(2000);
	assert.equal(chat.state, 'open');
	assert.equal(chat.transport, 'websocket');
	assert.equal(w.server.asked(/\/(events|poll)/).length, 0);
});

test('without localStorage, or with one that throws, nothing is different', async () => {
	const storage = { get getItem() { throw new Error('SecurityError'); } };
	for (const options of [{ without: ['localStorage'] }, { localStorage: storage }])
		assert.equal((await world().open(options)).chat.state, 'open');
});

/* ---- coming back ---- */

test('reconnections wait with full jitter: up to 500 ms, doubled each time, at most 30 s', async () => {
	const w = world();
	w.random = () => 0.999999;
	const { chat } = await w.open({}, POLL);
	w.server.broken.add('poll');
	w.server.cut();
	await w.clock.run(200000);
	const waits = chat.names('state').filter((s) => s.state === 'offline').map((s) => Math.round(s.retryIn));
	assert.deepEqual(waits.slice(0, 11), [500, 1000, 1000, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000], 'three chances, then less and less');
	w.random = () => 0;
	w.server.cut();
	await w.clock.run(31000);
	assert.equal(chat.names('state').filter((s) => s.state === 'offline').at(-1).retryIn, 0);
});

for (const event of ['online', 'visibilitychange']) {
	test(`it comes back at once on ${event}`, async () => {
		const w = world();
		w.random = () => 0.999;
		const { page, chat } = await w.open({}, WS);
		w.server.broken.add('websocket');
		w.server.cut();
		await w.clock.run(40000);
		w.server.broken.clear();
		assert.equal(chat.state, 'offline');
		page.window.document.hidden = true;
		page.say(event);
		await w.clock.run(20);
		assert.equal(chat.state, 'offline', 'nobody looks');
		page.window.document.hidden = false;
		page.say(event);
		await w.clock.run(20);
		assert.equal(chat.state, 'open');
	});
}

test('a WebSocket that died in its sleep is found out when the page is looked at again', async () => {
	const w = world();
	const { page, chat } = await w.open({}, WS);
	await w.clock.run(60000);
	w.server.links.clear(); // nothing comes through any more, and nobody says so
	page.say('visibilitychange');
	await w.clock.run(9000);
	assert.equal(chat.names('state').length, 1);
	await w.clock.run(3000);
	assert.equal(chat.state, 'open');
	assert.equal(w.server.asked(/^wss:/).length, 2);
});

test('a WebSocket that answers no question for 10 s is given up, and the question asked again', async () => {
	const w = world();
	const { chat } = await w.open({}, WS);
	w.server.links.clear();
	const answer = chat.presence('42');
	await w.clock.run(12000);
	assert.equal((await answer).presentCount, 1);
});

test('a stream that is silent for 40 s is begun anew, from where it was, unnoticed by the page', async () => {
	const w = world();
	const { chat } = await w.open({}, SSE);
	chat.join('42', () => {});
	await w.clock.run(100);
	w.server.say('42', 'a');
	await w.clock.run(10);
	w.server.links.clear();
	w.server.say('42', 'b');
	await w.clock.run(41000);
	assert.deepEqual(chat.contents('42'), ['a', 'b']);
	assert.deepEqual(plain(chat.names('state').map((s) => s.state)), ['open']);
});

test('heartbeats keep a quiet stream, and its topics go on from them', async () => {
	const w = world();
	const { chat } = await w.open({}, SSE);
	chat.join('42', () => {});
	await w.clock.run(1000);
	const began = w.server.asked(/\/events/).length;
	w.server.publish('elsewhere', 'escrow:update', {});
	for (let i = 0; i < 4; i++) {
		for (const link of w.server.links)
			link.say({ event: 'heartbeat', data: {}, cursor: w.server.cursor() });
		await w.clock.run(30000);
	}
	assert.equal(w.server.asked(/\/events/).length, began, 'not begun anew');
	w.server.cut();
	await w.clock.run(10000);
	const { url } = w.server.asked(/\/events/).at(-1);
	assert.equal(new URL(url).searchParams.get('lastEventId'), w.server.cursor());
});

for (const [name, token] of [['an EventSource', undefined], ['a stream that is read by hand', () => 'T0KEN']]) {
	test(`${name} that is put off comes again, and the page hears why`, async () => {
		const w = world();
		const { chat } = await w.open({}, { ...SSE, token });
		w.server.putOff = { event: '', code: 'rate_limited', error: 'Too much at once.' };
		w.server.cut();
		await w.clock.run(5000);
		assert.equal(chat.state, 'offline');
		assert.ok(chat.names('error').some((e) => e.code === 'rate_limited'));
		assert.deepEqual(chat.names('chat_error'), []);
		w.server.putOff = null;
		await w.clock.run(60000);
		assert.equal(chat.state, 'open');
	});
}

/* ---- rooms ---- */

for (const [name, options] of EACH) {
	test(`${name}: a room's cursor brings what was missed, then what is new; without one only what is new`, async () => {
		const w = world();
		const cursor = w.server.cursor();
		for (const content of ['a', 'b', 'c', 'd', 'e', 'f'])
			['1', '2'].forEach((room) => w.server.say(room, content));
		const { chat } = await w.open({}, options);
		const answers = Promise.all([chat.join('1', { cursor }), chat.join(2)]);
		await w.clock.run(200);
		assert.deepEqual(plain((await answers).map((a) => [a.escrowId, a.presentCount])), [['1', 1], ['2', 1]]);
		['1', '2'].forEach((room) => w.server.say(room, 'live'));
		await w.clock.run(100);
		assert.deepEqual(chat.contents('1'), ['a', 'b', 'c', 'd', 'e', 'f', 'live']);
		assert.deepEqual(chat.contents('2'), ['live']);
		chat.leave('1');
		await w.clock.run(100);
		w.server.say('1', 'unheard');
		await w.clock.run(100);
		assert.equal(chat.contents('1').at(-1), 'live');
		assert.equal(chat.seen.at(-1).about.escrowId, '2');
		assert.equal(typeof chat.seen.at(-1).about.cursor, 'string');
	});

	test(`${name}: a refused room is a chat_error and a rejected answer, once; the others go on`, async () => {
		for (const rooms of [['no'], ['no', 'yes']]) {
			const w = world();
			w.server.refused.add('no');
			const { chat } = await w.open({}, { ...options, transports: [...new Set([...options.transports, 'poll'])] });
			const answers = Promise.allSettled(rooms.map((room) => chat.join(room)));
			await w.clock.run(5000);
			const [refused, fine] = await answers;
			assert.equal(refused.reason.code, 'not_participant');
			assert.equal(fine?.status ?? 'fulfilled', 'fulfilled');
			assert.deepEqual(plain(chat.names('chat_error').map((e) => [e.code, e.escrowId])), [['not_participant', 'no']]);
			assert.equal(chat.state, 'open');
			w.server.say('yes', 'x');
			w.server.cut();
			await w.clock.run(3000);
			assert.deepEqual(chat.contents('yes'), rooms.includes('yes') ? ['x'] : []);
			assert.equal(chat.names('chat_error').length, 1);
		}
	});

	test(`${name}: a gap is told, and history is fetched in place of what is gone`, async () => {
		const w = world();
		const cursor = w.server.cursor(), gaps = [];
		['a', 'b', 'c'].forEach((content) => w.server.say('42', content));
		w.server.trimmed = 2;
		const { chat } = await w.open({}, options);
		chat.join('42', { cursor, onGap: (history, gap) => gaps.push([history.messages.map((m) => m.content), gap.escrowId]) }, () => {});
		await w.clock.run(1000);
		w.server.say('42', 'd');
		await w.clock.run(1000);
		assert.deepEqual(plain(gaps), [[['a', 'b', 'c'], '42']]);
		assert.equal(chat.names('gap').length, 1);
		assert.deepEqual(chat.contents('42'), ['d']);
		w.server.cut();
		await w.clock.run(3000);
		assert.equal(gaps.length, 1, 'not again');
	});

	test(`${name}: nothing is lost, nothing comes twice, in order, whatever is cut`, async () => {
		const w = world();
		const { chat } = await w.open({}, options);
		chat.join('1', () => {});
		chat.join('2', () => {});
		await w.clock.run(100);
		const sent = { 1: [], 2: [], own: [] };
		for (let i = 0; i < 60; i++) {
			const room = String(1 + (i % 2));
			if (i % 7 === 0) {
				w.server.publish('', 'notification', { message: `n${i}` });
				sent.own.push(`n${i}`);
			}
			w.server.say(room, `m${i}`);
			sent[room].push(`m${i}`);
			if (i % 5 === 0)
				w.server.cut();
			await w.clock.run(i * 9 % 70);
		}
		await w.clock.run(5000);
		for (const room of ['1', '2', 'own'])
			assert.deepEqual(chat.contents(room), sent[room]);
		const times = chat.names('joined').length;
		w.server.cut();
		await w.clock.run(5000);
		assert.deepEqual(plain(chat.names('joined').slice(times).map((a) => [a.escrowId, a.presentCount])).sort(), [['1', 1], ['2', 1]], 'who is there is told again');
	});
}

for (const [name, options] of EACH) {
	test(`${name}: rooms joined and left while a connection is under way are not forgotten`, async () => {
		for (let ms = 0; ms < 40; ms += 2) {
			const w = world();
			const chat = w.page().chat(options);
			chat.join('1', () => {});
			chat.join('2', () => {});
			await w.clock.run(ms);
			chat.join('3', { cursor: w.server.cursor() }, () => {});
			const leaves = ms % 4 === 0;
			if (leaves)
				chat.leave('2');
			await w.clock.run(200);
			['1', '2', '3'].forEach((room) => w.server.say(room, 'x'));
			await w.clock.run(100);
			assert.deepEqual(['1', '2', '3'].map((room) => chat.contents(room)), [['x'], leaves ? [] : ['x'], ['x']], `${ms} ms`);
		}
	});
}

test('removed from a room: told once, and not asked for again', async () => {
	const w = world();
	const { chat } = await w.open({}, WS);
	chat.join('42', () => {});
	await w.clock.run(50);
	w.server.publish('', 'chat_error', { event: 'subscribe_escrow', code: 'removed', escrowId: '42', error: 'gone' });
	await w.clock.run(50);
	w.server.requests.length = 0;
	w.server.cut();
	await w.clock.run(3000);
	assert.equal(w.server.asked(/ws:subscribe/).length, 0);
	assert.equal(chat.names('chat_error').length, 1);
});

test('an unauthorized client says so and goes on trying', async () => {
	const w = world();
	w.server.poll = [401, { success: false, code: 'unauthorized', error: 'no' }];
	const { chat } = await w.open({}, POLL);
	assert.equal(chat.names('error')[0].code, 'unauthorized');
	w.server.poll = null;
	await w.clock.run(5000);
	assert.equal(chat.state, 'open');
});

test('a gap of one room does not hide what another has missed, even if the stream ends between the two', async () => {
	const w = world();
	const cursor = w.server.cursor();
	['a', 'b'].forEach((content) => w.server.say('1', content));
	w.server.trimmed = 2;
	['a', 'b'].forEach((content) => w.server.say('2', content));
	const { chat } = await w.open({}, { ...SSE, cursor });
	let cuts = 1;
	chat.on('gap', () => cuts-- > 0 && w.server.cut());
	['1', '2'].forEach((room) => chat.join(room, { cursor }, () => {}));
	await w.clock.run(5000);
	assert.equal(cuts < 1, true);
	assert.deepEqual(chat.contents('2'), ['a', 'b']);
});

test('an empty answer of /poll that says there is more is not the end of what was missed', async () => {
	const w = world();
	const cursor = w.server.cursor();
	['a', 'b'].forEach((content) => w.server.say('1', content));
	w.server.emptyPages = 3;
	const chat = w.page().chat(SSE);
	chat.join('1', { cursor }, () => {});
	chat.join('2', () => {});
	await w.clock.run(500);
	assert.deepEqual(chat.contents('1'), ['a', 'b']);
});

test('a /poll that holds nothing is asked once a second, not in a circle; joins of one turn make one request', async () => {
	const w = world();
	const { chat } = await w.open({}, POLL);
	w.server.poll = [200, { cursor: w.server.cursor(), events: [] }];
	w.server.cut();
	w.server.requests.length = 0;
	await w.clock.run(10000);
	assert.ok(w.server.asked(/\/poll/).length < 15);
	w.server.poll = null;
	await w.clock.run(1000);
	w.server.requests.length = 0;
	['1', '2', '3'].forEach((room) => chat.join(room, () => {}));
	await w.clock.run(8);
	assert.equal(w.server.asked(/\/poll/).length, 1);
});

test('more rooms than a request can name: each has its turn, and what was missed is not lost', async () => {
	const w = world();
	const { chat } = await w.open({}, SSE);
	for (let i = 0; i < 25; i++)
		chat.join(`r${i}`, { cursor: w.server.cursor() }, () => {});
	await w.clock.run(500);
	assert.deepEqual(new URL(w.server.asked(/\/events/).at(-1).url).searchParams.getAll('escrow'), Array.from({ length: 20 }, (_, i) => `r${i + 5}`));
	for (let i = 0; i < 25; i++)
		w.server.say(`r${i}`, 'x');
	await w.clock.run(500);
	for (let i = 5; i < 10; i++)
		chat.leave(`r${i}`);
	await w.clock.run(2000);
	for (let i = 0; i < 25; i++)
		assert.deepEqual(chat.contents(`r${i}`), ['x']);
});

/* ---- from one transport to another ---- */

test('the ledger: transports come and go at random, and every event is shown once, in its room\'s order', async () => {
	for (let seed = 1; seed <= 60; seed++) {
		const w = world();
		let state = seed * 2654435761 % 2 ** 32;
		const random = w.random = () => (state = (state * 1664525 + 1013904223) % 2 ** 32) / 2 ** 32;
		const rooms = ['a', 'b', 'c', 'd'], sent = { a: [], b: [], c: [], d: [], own: [] };
		const { chat } = await w.open();
		const used = new Set(), mine = [];
		rooms.forEach((room) => chat.join(room, () => {}));
		await w.clock.run(200);
		for (let i = 0; i < 150; i++) {
			const room = [...rooms, 'own'][Math.floor(random() * random() * 5)];
			if (room === 'own')
				w.server.publish('', 'notification', { message: `${i}` });
			else
				w.server.say(room, `${i}`);
			sent[room].push(`${i}`);
			if (random() < 0.1)
				mine.push(chat.send(rooms[i % 4], `mine ${i}`));
			if (random() < 0.1) {
				for (const name of ['websocket', 'sse'])
					w.server[random() < 0.5 ? 'broken' : 'silent'][random() < 0.6 ? 'add' : 'delete'](name);
			}
			if (random() < 0.08)
				w.server.cut();
			await w.clock.run(random() < 0.05 ? 4000 : random() * 30);
			used.add(chat.transport);
		}
		w.server.broken.clear();
		w.server.silent.clear();
		await w.clock.run(90000);
		await Promise.all(mine);
		for (const room of [...rooms, 'own'])
			assert.deepEqual(chat.contents(room).filter((c) => !c.startsWith('mine')), sent[room], `seed ${seed}, ${room}`);
		assert.equal(new Set(chat.seen.filter((m) => m.clientMsgId).map((m) => m.id)).size, mine.length, `seed ${seed}`);
		assert.equal(chat.seen.filter((m) => m.clientMsgId).length, mine.length, `seed ${seed}`);
		assert.equal(chat.transport, 'websocket');
		if (seed === 1)
			assert.ok(used.size > 1);
	}
});

/* ---- what goes up ---- */

for (const [name, options] of EACH) {
	test(`${name}: messages of the time without a connection are sent once, in order`, async () => {
		const w = world();
		const chat = w.page().chat(options), sent = [];
		for (let i = 0; i < 10; i++)
			sent.push(chat.send('42', `m${i}`));
		await w.clock.run(1000);
		assert.deepEqual(plain((await Promise.all(sent)).map((m) => m.content)), sent.map((_, i) => `m${i}`));
		assert.deepEqual(w.server.log.map((e) => e.data.content), sent.map((_, i) => `m${i}`));
		assert.equal(typeof chat.latency, 'number');
	});

	test(`${name}: a message whose acknowledgement is lost is sent again with its clientMsgId, and stored once`, async () => {
		const w = world();
		const { chat } = await w.open({}, options);
		let losses = 3;
		w.server.answer = (event, data) => {
			if (event !== 'chat_message' || losses-- <= 0)
				return null;
			w.server.emit(event, data); // stored
			w.server.clock.set(() => w.server.cut(), 1);
			return 'lost';
		};
		const sent = [chat.send('42', 'a', { clientMsgId: 'my-own' }), chat.send('42', 'b')];
		await w.clock.run(30000);
		assert.deepEqual(plain((await Promise.all(sent)).map((m) => m.content)), ['a', 'b']);
		assert.deepEqual(w.server.log.map((e) => e.data.content), ['a', 'b']);
		assert.equal(w.server.log[0].data.clientMsgId, 'my-own');
		assert.match(w.server.log[1].data.clientMsgId, /^[0-9a-f]{32}$/);
	});

	test(`${name}: too fast is tried again in order, refused is the caller's`, async () => {
		const w = world();
		const { chat } = await w.open({}, options);
		let limited = 3;
		w.server.answer = (event, data) => (data.content === 'bad' ? { ok: false, code: 'too_long', error: 'too long' }
			: data.content && limited-- > 0 ? { ok: false, code: 'rate_limited' } : null);
		const sent = Promise.allSettled(['a', 'bad', 'b'].map((content) => chat.send('42', content)));
		await w.clock.run(20000);
		assert.deepEqual((await sent).map((r) => r.reason?.code ?? r.value.content), ['a', 'too_long', 'b']);
		assert.equal((await sent)[1].reason.message, 'too long');
		assert.deepEqual(w.server.log.map((e) => e.data.content), ['a', 'b']);
	});
}

test('what waits is bounded, and who is refused hears of it', async () => {
	const w = world();
	w.server.broken.add('poll');
	const { chat } = await w.open({}, POLL);
	const codes = [];
	for (let i = 0; i < 1003; i++)
		chat.send('42', 'x', (error) => codes.push(error.code));
	assert.deepEqual(codes, ['queue_full', 'queue_full', 'queue_full']);
	chat.close();
	assert.deepEqual(codes.slice(3), Array(1000).fill('closed'));
	assert.equal(chat.state, 'closed');
	await assert.rejects(chat.send('42', 'x'), { code: 'closed' });
	await assert.rejects(chat.join('42'), { code: 'closed' });
});

test('a browser without Promise, crypto, WebSocket, EventSource, beacon and storage chats by callbacks', async () => {
	const w = world();
	const { page, chat } = await w.open({ without: ['Promise', 'WebSocket', 'EventSource', 'crypto', 'localStorage', 'navigator', 'BroadcastChannel', 'Blob'] }, { shareTabs: true });
	assert.equal(chat.transport, 'poll');
	const answers = [];
	const note = (error, answer) => answers.push(error ?? Object.keys(answer)[0]);
	assert.equal(chat.join('42', note), undefined);
	assert.equal(chat.send('42', 'x', note), undefined);
	chat.history('42', note);
	chat.history('42', { limit: 3 }, note);
	chat.presence('42', note);
	chat.read('42', 'm1', note);
	chat.read('42', { upTo: 'm1' }, note);
	chat.emit('presence', { escrowId: '42' }, note);
	chat.read('42', 'm2');
	await w.clock.run(1000);
	assert.equal(answers.length, 8);
	assert.deepEqual(answers.filter((a) => typeof a !== 'string'), []);
	assert.deepEqual(w.server.asked(/emit/).filter((r) => r.data.event === 'message_read').map((r) => r.data.data), [
		{ messageId: 'm1', escrowId: '42' }, { upTo: 'm1', escrowId: '42' }, { messageId: 'm2', escrowId: '42' }]);
	page.say('pagehide');
	await w.clock.run(100);
	assert.equal(w.server.asked(/emit/).at(-1).data.event, 'goodbye');
});

test('typing is told seldom, stopped once, and does not wait for a connection', async () => {
	const w = world();
	const chat = w.page().chat(WS);
	chat.typing('42', true);
	await w.clock.run(3000);
	assert.equal(w.server.asked(/typing/).length, 0);
	for (let i = 0; i < 30; i++) {
		chat.typing('42', true);
		await w.clock.run(100);
	}
	chat.typing('42', false);
	chat.typing('42', false);
	await w.clock.run(100);
	assert.deepEqual(w.server.asked(/typing/).map((r) => r.url), ['ws:typing_start', 'ws:typing_start', 'ws:typing_stop']);
});

test('a listener that throws harms nobody, and one that was taken off hears nothing', async () => {
	const w = world();
	const { chat } = await w.open({}, WS);
	const heard = [], f = () => heard.push('f');
	chat.on('escrow:update', () => { throw new Error('of the page'); }).on('escrow:update', f).on('escrow:update', (d) => heard.push(d.status));
	chat.off('escrow:update', f);
	w.server.publish('', 'escrow:update', { status: 'FUNDED' });
	await assert.rejects(w.clock.run(100), /of the page/);
	await w.clock.run(100);
	assert.deepEqual(heard, ['FUNDED']);
});

test('events of the publisher\'s own names are heard by SSE too, listened for before or after it connected', async () => {
	const w = world();
	const page = w.page(), chat = page.chat(SSE), heard = [];
	chat.on('my:first', (d) => heard.push(d.n));
	await w.clock.run(100);
	chat.on('my:second', (d) => heard.push(d.n)).on('my:second', () => {});
	w.server.publish('', 'my:first', { n: 1 });
	w.server.publish('', 'my:second', { n: 2 });
	await w.clock.run(100);
	assert.deepEqual(heard, [1, 2]);
});

test('an event without a cursor directly behind the stream\'s first is no repetition', async () => {
	const w = world();
	const { chat } = await w.open({}, { transports: ['sse', 'poll'] });
	const typing = [];
	chat.on('user_typing', (d) => typing.push(d.isTyping));
	w.server.say('42', 'old');
	chat.join('42', { cursor: w.server.cursor(0) }, () => {});
	await w.clock.run(200);
	for (const link of w.server.links)
		link.say?.({ event: 'user_typing', data: { escrowId: '42', walletAddress: 'bob', isTyping: true } });
	await w.clock.run(100);
	assert.deepEqual(typing, [true]);
	assert.deepEqual(chat.contents('42'), ['old']);
});

/* ---- going ---- */

test('a goodbye is said when the page goes: by a JSON beacon, or with a token by fetch and keepalive', async () => {
	const w = world();
	const { page } = await w.open({}, SSE);
	page.say('pagehide');
	assert.match(page.beacons[0].url, /^https:\/\/page\.example\/emit\?client=[0-9a-f]{32}&walletAddress=alice$/);
	assert.deepEqual(plain(page.beacons[0].blob), { text: '{"event":"goodbye","data":{}}', type: 'application/json' });
	page.say('pageshow', { persisted: true });
	await w.clock.run(100);
	assert.equal(w.server.asked(/\/events/).length, 2, 'back from the cache');

	const early = await w.open({}, POLL); // a browser that aborts what is under way before it says that the page goes
	w.server.cut();
	await w.clock.run(0);
	assert.equal(early.chat.state, 'offline');
	early.page.say('pagehide');
	assert.match(early.page.beacons[0].url, /\/emit\?client=/);
	const silent = await w.open({}, WS);
	w.server.cut();
	await w.clock.run(0);
	silent.page.say('pagehide');
	assert.deepEqual(silent.page.beacons, []);

	const fetched = [];
	const other = await w.open({ fetch: (url, init) => Promise.resolve(fetched.push([url, init])) }, { ...POLL, token: 'T' });
	other.chat.close();
	assert.equal(fetched[0][1].keepalive, true);
	assert.equal(fetched[0][1].headers.Authorization, 'Bearer T');
	assert.deepEqual([...other.page.listeners.values()].flat(), []);
});

test('close leaves the rooms of a WebSocket, and nothing happens after it', async () => {
	const w = world();
	const { chat } = await w.open({}, WS);
	chat.join('42', () => {});
	await w.clock.run(50);
	chat.close();
	chat.close();
	await w.clock.run(100);
	assert.equal(w.server.asked(/ws:unsubscribe/).length, 1);
	const { length } = w.server.requests;
	await w.clock.run(3600000);
	assert.equal(w.server.requests.length, length);
	assert.equal(w.server.links.size, 0);
});

/* ---- one connection for all tabs ---- */

const SHARED = (options) => ({ ...options, shareTabs: true });

for (const [name, options] of EACH.slice(0, 2)) {
	test(`${name}: tabs share one connection; each hears its own rooms, and may speak`, async () => {
		const w = world();
		const first = await w.open({ tab: 1 }, SHARED(options)), second = await w.open({ tab: 2 }, SHARED(options));
		first.chat.join('1', () => {});
		await w.clock.run(100);
		const joined = second.chat.join('2');
		await w.clock.run(200);
		assert.equal((await joined).escrowId, '2');
		assert.equal(second.chat.state, 'open');
		assert.equal(second.chat.transport, name);
		const sent = second.chat.send('2', 'from the second');
		w.server.say('1', 'x');
		w.server.say('2', 'y');
		w.server.publish('', 'notification', { message: 'n' });
		await w.clock.run(200);
		assert.equal((await sent).content, 'from the second');
		assert.deepEqual([first.chat.contents('1'), first.chat.contents('2'), first.chat.contents('own')], [['x'], [], ['n']]);
		assert.deepEqual([second.chat.contents('1'), second.chat.contents('2').sort(), second.chat.contents('own')], [[], ['from the second', 'y'], ['n']]);
		assert.equal(w.server.links.size, 1);
		w.server.refused.add('no');
		const refused = second.chat.join('no');
		await assert.rejects(Promise.all([refused, w.clock.run(2000)]), { code: 'not_participant' });
	});

	test(`${name}: when the tab with the connection dies, another has it, and nothing is lost or doubled`, async () => {
		const w = world();
		const tabs = [];
		for (let i = 0; i < 3; i++) {
			tabs.push(await w.open({ tab: i }, SHARED(options)));
			tabs[i].chat.join('42', () => {});
			tabs[i].chat.join(`own ${i}`, () => {});
			await w.clock.run(200);
		}
		const sent = [], mine = [], updates = [];
		tabs[2].chat.on('escrow:update', (d) => updates.push(d.n));
		for (let i = 0; i < 40; i++) {
			w.server.publish('own 2', 'escrow:update', { n: i });
			w.server.say('42', `m${i}`);
			sent.push(`m${i}`);
			if (i % 5 === 0)
				mine.push(tabs[2].chat.send('42', `mine ${i}`));
			if (i === 13 || i === 26) {
				const gone = tabs[i === 13 ? 0 : 1];
				gone.page.dead = true;
				for (const link of [...w.server.links])
					w.server.links.delete(link);
				w.tabs.kill(i === 13 ? 0 : 1);
			}
			await w.clock.run(i * 7 % 40);
		}
		await w.clock.run(20000);
		await Promise.all(mine);
		assert.deepEqual(tabs[2].chat.contents('42').filter((c) => !c.startsWith('mine')), sent);
		assert.equal(tabs[2].chat.contents('42').length, sent.length + mine.length);
		assert.deepEqual(updates, sent.map((_, i) => i));
		assert.equal(tabs[2].chat.state, 'open');
	});
}

for (const [name, options] of EACH) {
	test(`${name}: the tab with the connection closes in silence while another is there, which goes on`, async () => {
		const w = world();
		const first = await w.open({ tab: 1 }, SHARED(options)), second = await w.open({ tab: 2 }, SHARED(options));
		[first, second].forEach(({ chat }) => chat.join('42', () => {}));
		await w.clock.run(100);
		w.server.say('42', 'a');
		await w.clock.run(50);
		first.chat.close();
		w.server.say('42', 'b');
		await w.clock.run(1000);
		assert.deepEqual(second.chat.contents('42'), ['a', 'b']);
		assert.deepEqual(first.chat.contents('42'), ['a']);
		assert.equal(w.server.asked(/ws:unsubscribe/).length, 0);
		assert.deepEqual([...first.page.beacons, ...second.page.beacons], []);
		second.chat.close();
		await w.clock.run(100);
		assert.equal(w.server.asked(/ws:unsubscribe/).length + second.page.beacons.length, 1);
	});
}

test('what a following tab has missed is pulled without a name, so that it ends nobody\'s stream', async () => {
	const w = world();
	await w.open({ tab: 1 }, SHARED(WS));
	const cursor = w.server.cursor();
	w.server.say('42', 'missed');
	const { chat } = await w.open({ tab: 2 }, SHARED(WS));
	chat.join('42', { cursor }, () => {});
	await w.clock.run(200);
	assert.deepEqual(chat.contents('42'), ['missed']);
	assert.deepEqual(w.server.asked(/\/poll/).map((r) => new URL(r.url).searchParams.get('client')), [null, null]);
});

test('a tab that closes or crashes leaves the rooms that only it was in', async () => {
	const w = world();
	const tabs = [];
	for (let i = 0; i < 3; i++) {
		tabs.push(await w.open({ tab: i }, SHARED(WS)));
		tabs[i].chat.join(`room ${i}`, () => {});
		await w.clock.run(100);
	}
	tabs[1].chat.close();
	tabs[2].page.dead = true;
	w.tabs.kill(2);
	await w.clock.run(100);
	assert.deepEqual(w.server.asked(/ws:unsubscribe/).map((r) => r.data.escrowId).sort(), ['room 1', 'room 2']);
	tabs[0].chat.close();
	await w.clock.run(100);
	assert.equal(w.server.asked(/ws:unsubscribe/).length, 3);
	assert.equal(w.server.links.size, 0);
});

/* ---- the real daemon, with a browser's objects on node's sockets ---- */

class Wires {
	live = new Set();

	/** Breaks every connection without a goodbye. */
	cut() {
		for (const one of this.live)
			one.lose();
	}

	objects() {
		const { live } = this, agent = new http.Agent();
		const on = (object, lose) => live.add({ object, lose });
		const off = (object) => [...live].filter((x) => x.object === object).forEach((x) => live.delete(x));
		return {
			WebSocket: class {
				#wire;
				#isOver = false;

				constructor(url, protocols) {
					const { port, pathname, search } = new URL(url);
					const onmessage = (data) => this.#isOver || this.onmessage?.({ data });
					this.#wire = Wire.connect({ port: Number(port) }, { path: pathname + search, protocols: [...protocols], onmessage });
					this.#wire.then((wire) => {
						on(this, () => wire.destroy());
						return wire.closed.promise;
					}).catch(() => {}).finally(() => {
						off(this);
						if (!this.#isOver)
							this.onclose?.();
					});
				}

				#with(f) {
					this.#wire.then(f).catch(() => {});
				}

				send(text) {
					this.#with((wire) => wire.send(text));
				}

				close() {
					this.#isOver = true;
					this.#with((wire) => wire.close());
				}
			},

			/** WHATWG HTML, section 9.2, as far as the lines of this server need it; it
			 * does not come back by itself. */
			EventSource: class {
				#listeners = {};
				#request;
				#isOver = false;
				#id = '';

				constructor(url) {
					this.#request = http.get(url, { agent }, (res) => {
						let text = '';
						assert.equal(res.headers['content-type'], 'text/event-stream');
						res.setEncoding('utf8').on('data', (d) => {
							const blocks = (text += d).split('\n\n');
							text = blocks.pop();
							blocks.forEach((block) => this.#take(block.split('\n')));
						}).on('error', () => {}).on('close', () => this.#over());
					}).on('error', () => this.#over());
					on(this, () => this.#request.destroy());
				}

				#take(lines) {
					const field = (name) => lines.filter((l) => l.startsWith(`${name}: `)).map((l) => l.slice(name.length + 2)).join('\n');
					this.#id = field('id') || this.#id;
					if (field('data') && !this.#isOver)
						this.#listeners[field('event')]?.({ data: field('data'), lastEventId: this.#id });
				}

				#over() {
					off(this);
					if (!this.#isOver)
						this.onerror?.();
				}

				addEventListener(name, f) {
					this.#listeners[name] = f;
				}

				close() {
					this.#isOver = true;
					this.#request.destroy();
				}
			},

			XMLHttpRequest: class {
				readyState = 0;
				status = 0;
				responseText = '';
				#headers = {};

				open(method, url) {
					Object.assign(this, { method, url });
				}

				setRequestHeader(name, value) {
					this.#headers[name] = value;
				}

				#end(status, text) {
					off(this);
					if (this.readyState !== 4) {
						Object.assign(this, { readyState: 4, status, responseText: text });
						this.onreadystatechange?.();
					}
				}

				send(body) {
					const headers = { ...this.#headers, ...(body && { 'Content-Length': Buffer.byteLength(body) }) };
					this.request = http.request(this.url, { method: this.method, headers, agent }, (res) => {
						let text = '';
						res.setEncoding('utf8').on('data', (d) => text += d).on('error', () => this.#end(0, '')).on('end', () => this.#end(res.statusCode, text));
					}).on('error', () => this.#end(0, '')).on('close', () => this.#end(0, ''));
					on(this, () => this.request.destroy());
					this.request.end(body ?? undefined);
				}

				abort() {
					this.request?.destroy();
					this.#end(0, '');
				}
			},
		};
	}
}

function realChat(w, wallet, more = {}) {
	const wires = new Wires();
	const hasty = (f, ms) => setTimeout(f, ms > 50000 ? 300 : ms); // better transports are tried again soon
	const window = { setTimeout: hasty, clearTimeout, ...wires.objects(), addEventListener() {}, removeEventListener() {}, Uint8Array, crypto };
	window.self = window;
	SCRIPT.runInContext(vm.createContext(window));
	const chat = window.EscrowChat.connect({ url: `http://127.0.0.1:${w.target.port}`, walletAddress: wallet, ...more });
	chat.wires = wires;
	chat.window = window;
	chat.contents = [];
	chat.on('chat_message', (m) => chat.contents.push(m.content));
	return chat;
}

for (const [name, options] of EACH) {
	promise(`the real daemon by ${name}: joins, messages, history, marks, typing, presence, leaving`, async (w) => {
		await w.escrow('42', { alice: 'client', bob: 'freelancer' });
		const alice = realChat(w, 'alice', options), bob = realChat(w, 'bob', options), heard = [];
		for (const event of ['user_typing', 'user_joined', 'user_left', 'message_read', 'notification'])
			alice.on(event, (data) => heard.push([event, data]));
		const has = (event, f = () => true) => until(event, () => heard.some(([n, data]) => n === event && f(data)));
		assert.deepEqual(plain((await alice.join('42')).present), ['alice']);
		assert.equal((await bob.join(42)).presentCount, 2);
		assert.equal(alice.transport, name);
		await has('user_joined');
		bob.typing('42', true);
		await has('user_typing', (d) => d.isTyping);
		const message = await alice.send('42', '  Hello  ');
		assert.equal(message.content, 'Hello');
		await until('the message', () => bob.contents.length === 1);
		assert.equal((await bob.read('42', message.id)).unread, 0);
		await has('message_read', (d) => d.messageId === message.id);
		await bob.send('42', 'Hi');
		await has('notification', (d) => d.escrowId === '42');
		assert.deepEqual(plain((await alice.history('42', { limit: 1 })).messages.map((m) => m.content)), ['Hi']);
		assert.equal((await alice.presence('42')).presentCount, 2);
		await assert.rejects(alice.send('42', '   '), { code: 'empty' });
		await assert.rejects(alice.join('another'), { code: 'not_participant' });
		bob.leave('42');
		await has('user_left');
		alice.close();
		bob.close();
		await w.connections(0);
	});
}

promise('the real daemon is killed, lines are cut, transports come and go while three write: nothing is missing, nothing is there twice', async (w) => {
	await w.escrow('42', { alice: 'client', bob: 'freelancer', judge: 'arbiter' });
	await w.escrow('43', { alice: 'client', bob: 'freelancer', judge: 'arbiter' });
	const where = ['--listen', `127.0.0.1:${w.target.port}`];
	const chats = [realChat(w, 'alice', WS), realChat(w, 'bob', { transports: ['sse', 'poll'] }), realChat(w, 'judge', POLL)];
	const turns = realChat(w, 'alice'), { WebSocket, EventSource } = turns.window;
	const all = [...chats, turns], sent = [], used = [];
	turns.on('transport', (info) => used.push(info.transport));
	await Promise.all(all.flatMap((chat) => ['42', '43'].map((room) => chat.join(room))));
	for (let i = 0; i < 90; i++) {
		sent.push(...chats.map((chat, n) => chat.send(i % 4 ? '42' : '43', `${n}-${i}`)));
		if (i % 30 === 14) {
			await w.daemon.kill();
			sent.push(...chats.map((chat, n) => chat.send('42', `${n}-${i}-offline`)));
			await w.startDaemon(where);
		}
		if (i % 10 === 7)
			all[i % 4].wires.cut();
		if (i % 15 === 5) { // a network that lets less through, or more again
			const refuse = class { constructor() { setTimeout(() => (this.onclose ?? this.onerror)?.()); } addEventListener() {} close() {} send() {} };
			turns.window.WebSocket = i % 45 === 5 ? WebSocket : refuse;
			turns.window.EventSource = i % 45 === 35 ? refuse : EventSource;
			turns.wires.cut();
			await until('another transport', () => turns.transport === (i % 45 === 5 ? 'websocket' : i % 45 === 35 ? 'poll' : 'sse') && turns.state === 'open');
		}
		await sent[Math.max(0, sent.length - 9)];
	}
	const stored = await Promise.all(sent);
	await until('every message at all', () => all.every((chat) => chat.contents.length >= sent.length))
		.catch((error) => assert.fail(`${error.message}: ${all.map((c) => `${c.transport} ${c.state} ${c.contents.length}`)} of ${sent.length}`));
	assert.deepEqual([...new Set(used)].sort(), ['poll', 'sse', 'websocket'], used.join());
	assert.equal(new Set(stored.map((m) => m.id)).size, sent.length);
	for (const room of ['42', '43']) {
		const inRoom = new Set(stored.filter((m) => m.escrowId === room).map((m) => m.content));
		const [first, ...others] = all.map((chat) => chat.contents.filter((c) => inRoom.has(c)));
		assert.equal(first.length, inRoom.size);
		for (const other of others)
			assert.deepEqual(other, first, 'in one order');
		for (const n of [0, 1, 2])
			assert.deepEqual(first.filter((c) => c.startsWith(`${n}-`)), stored.filter((m) => m.escrowId === room && m.content.startsWith(`${n}-`)).map((m) => m.content), 'in the order of the sending');
	}
	all.forEach((chat) => chat.close());
});
