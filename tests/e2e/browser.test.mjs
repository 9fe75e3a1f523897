// SPDX-License-Identifier: ISC
// browser.test.mjs - the same client in real browsers: two pages, each transport setting, a page
// without WebSocket, and a daemon that is killed under them; and the EventSource of each.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { after, before } from 'node:test';
import vm from 'node:vm';

import { BROWSERS, launch } from './lib/browsers.mjs';
import { load, locate } from './lib/modules.mjs';
import { road } from './lib/socketio.mjs';
import { until, WAIT_MS, within } from './lib/wait.mjs';
import { promise } from './lib/world.mjs';

const PAGE = `<!doctype html><meta charset="utf-8"><title>chat</title><script src="/socket.io.js"></script>`;
const WITHOUT = PAGE.replace('<title>', '<script>delete window.WebSocket; delete window.WebTransport;</script><title>');

const started = {}; // the browsers, by name
let pages, origin;

before(async () => {
	for (const name of BROWSERS)
		started[name] = await launch(name);
	const script = fs.readFileSync(locate('socket.io-client', 'dist/socket.io.js'));
	pages = http.createServer((req, res) => {
		const isScript = req.url === '/socket.io.js';
		res.writeHead(200, { 'Content-Type': isScript ? 'text/javascript' : 'text/html' });
		res.end(isScript ? script : req.url === '/without' ? WITHOUT : PAGE);
	});
	await new Promise((resolve) => pages.listen(0, '127.0.0.1', resolve));
	origin = `http://localhost:${pages.address().port}`;
});

after(async () => {
	for (const browser of Object.values(started))
		await browser.close();
	pages?.closeAllConnections?.();
	pages?.close();
});

/** A tab, in a browser profile of its own, with a connected client. */
class Tab {
	static async open(w, browser, wallet, { options = {}, path = '/' } = {}) {
		const tab = new Tab();
		tab.wallet = wallet;
		tab.context = await started[browser].newContext();
		w.clients.push({ ws: { destroy: () => tab.context.close().catch(() => {}) } });
		tab.page = await tab.context.newPage();
		tab.page.setDefaultTimeout(WAIT_MS);
		tab.errors = [];
		tab.page.on('pageerror', (error) => tab.errors.push(error.message));
		await tab.page.goto(origin + path);
		await tab.page.evaluate(([url, walletAddress, more]) => {
			window.log = [];
			window.socket = io(url, { auth: { walletAddress }, reconnectionDelay: 50, reconnectionDelayMax: 100, ...more });
			socket.on('connect', () => log.push(['connect', { id: socket.id, recovered: socket.recovered }]));
			socket.on('disconnect', (reason) => log.push(['disconnect', reason]));
			socket.onAny((name, data) => log.push([name, data]));
			window.ask = (...args) => socket.timeout(300000).emitWithAck(...args);
		}, [`http://localhost:${w.target.port}`, wallet, options]);
		await tab.until((log) => log.some(([n]) => n === 'connect'));
		return tab;
	}

	/** Waits until the page says that this is true; it is given the page's log. */
	until(condition, argument) {
		return this.page.waitForFunction(`(${condition})(window.log, ${JSON.stringify(argument)})`, undefined, { timeout: WAIT_MS, polling: 20 });
	}

	ask(...args) {
		return within(this.page.evaluate((all) => window.ask(...all), args), `${this.wallet}: ${args[0]}`);
	}

	transport() {
		return this.page.evaluate(() => socket.io.engine.transport.name);
	}

	async contents() {
		return this.page.evaluate(() => log.filter(([n]) => n === 'chat_message').map(([, d]) => d.content));
	}

	connects() {
		return this.page.evaluate(() => log.filter(([n]) => n === 'connect').map(([, d]) => d));
	}

	message(content) {
		return this.until((log, wanted) => log.some(([n, d]) => n === 'chat_message' && d.content === wanted), content);
	}
}

/** Makes a promise for each browser. */
function browsers(name, body) {
	for (const browser of BROWSERS)
		inOne(browser, name, body);
}

function inOne(browser, name, body) {
	promise(`${browser}: ${name}`, { daemon: false, config: { rooms: 'open', presence_grace: '1h' } }, async (w) => {
		w.configure({ frontend_url: origin });
		await w.startDaemon();
		await body(w, browser);
	});
}

const SETTINGS = {
	'the default settings': [{}, 'websocket'],
	'WebSocket only': [{ options: { transports: ['websocket'] } }, 'websocket'],
	'polling only': [{ options: { transports: ['polling'] } }, 'polling'],
	'a page whose WebSocket was removed': [{ path: '/without' }, 'polling'],
};
const CONTENT = `"it's" \\ \u0000 \u0001\u001e\u2028 <b>&amp;</b> 😀`;

for (const [name, [setting, transport]] of Object.entries(SETTINGS)) {
	browsers(`${name}: two pages chat, see each other typing, and recover after the daemon was killed`, async (w, browser) => {
		const alice = await Tab.open(w, browser, 'alice', setting), bob = await Tab.open(w, browser, 'bob', setting);
		if (transport === 'websocket')
			await alice.page.waitForFunction(() => socket.io.engine.transport.name === 'websocket', undefined, { timeout: WAIT_MS });
		assert.equal(await alice.transport(), transport);
		assert.equal((await alice.ask('subscribe_escrow', '42')).ok, true);
		assert.deepEqual((await bob.ask('subscribe_escrow', { escrowId: '42' })).present.sort(), ['alice', 'bob']);
		await alice.until((log) => log.some(([n, d]) => n === 'user_joined' && d.walletAddress === 'bob'));
		assert.deepEqual(await alice.ask('typing_start', { escrowId: '42' }), { ok: true });
		await bob.until((log) => log.some(([n, d]) => n === 'user_typing' && d.isTyping && d.walletAddress === 'alice'));
		assert.equal((await alice.ask('chat_message', { escrowId: '42', content: CONTENT })).message.content, CONTENT);
		await bob.message(CONTENT);
		await bob.until((log) => log.some(([n, d]) => n === 'user_typing' && !d.isTyping));
		const burst = Array.from({ length: 50 }, (_, i) => `m${i}`);
		await bob.page.evaluate((all) => all.forEach((content) => socket.emit('chat_message', { escrowId: '42', content })), burst);
		await Promise.all([alice.message('m49'), bob.message('m49')]);

		const port = w.target.port;
		const before = await Promise.all([alice, bob].map((t) => t.connects()));
		await w.daemon.kill();
		await Promise.all([alice, bob].map((t) => t.until((log) => log.some(([n]) => n === 'disconnect'))));
		await w.startDaemon(['--listen', `127.0.0.1:${port}`]);
		await Promise.all([alice, bob].map((t) => t.until((log) => log.filter(([n]) => n === 'connect').length === 2)));
		const returned = await Promise.all([alice, bob].map((t) => t.connects()));
		returned.forEach((connects, i) => assert.deepEqual(connects[1], { id: before[i][0].id, recovered: true }));
		assert.equal((await alice.ask('chat_message', { escrowId: '42', content: 'the end' })).ok, true);
		await Promise.all([alice, bob].map((t) => t.message('the end')));
		for (const t of [alice, bob]) {
			assert.deepEqual(await t.contents(), [CONTENT, ...burst, 'the end']);
			assert.deepEqual(t.errors, []);
		}
	});
}

browsers('a page of another origin gets nothing', async (w, browser) => {
	w.configure({ frontend_url: 'http://localhost:1' });
	await w.daemon.stop();
	await w.startDaemon();
	const context = await started[browser].newContext();
	w.clients.push({ ws: { destroy: () => context.close().catch(() => {}) } });
	const page = await context.newPage();
	page.setDefaultTimeout(WAIT_MS);
	await page.goto(origin);
	for (const transports of [['polling'], ['websocket']]) {
		const seen = await page.evaluate(([url, transports]) => new Promise((resolve) => {
			const socket = io(url, { auth: { walletAddress: 'alice' }, transports, reconnection: false });
			socket.on('connect', () => resolve('connected'));
			socket.on('connect_error', (error) => resolve(error.message));
		}), [`http://localhost:${w.target.port}`, transports]);
		assert.match(seen, /^(xhr poll error|websocket error)$/);
	}
	assert.equal((await w.stats()).totalConnections, 0);
});

browsers('a page without a wallet is told why, and a closed page leaves after its grace', async (w, browser) => {
	w.configure({ presence_grace: '100ms' });
	await w.daemon.stop();
	await w.startDaemon();
	const alice = await Tab.open(w, browser, 'alice'), bob = await Tab.open(w, browser, 'bob');
	await alice.ask('subscribe_escrow', '42');
	await bob.ask('subscribe_escrow', '42');
	const refusal = await alice.page.evaluate((url) => new Promise((resolve) => {
		const nobody = io(url, { forceNew: true });
		nobody.on('connect_error', (error) => resolve([error.message, nobody.active]));
	}), `http://localhost:${w.target.port}`);
	assert.deepEqual(refusal, ['Authentication required: wallet address missing', false]);
	await bob.page.close();
	await alice.until((log) => log.some(([n, d]) => n === 'user_left' && d.walletAddress === 'bob'));
});

/* ---- the EventSource that is there: no client of ours between it and the daemon ---- */

/** Runs in a page or here; what comes is in the window's log. */
function listen(url) {
	globalThis.log = [];
	globalThis.stream = new EventSource(url, { withCredentials: true });
	for (const name of ['hello', 'chat_message', 'gap'])
		stream.addEventListener(name, (m) => log.push([name, JSON.parse(m.data).content ?? '', m.lastEventId, m.origin]));
}

/* Node itself, as far as it is a page. */
const here = {
	evaluate: async (f, argument) => f(argument),
	waitForFunction: (condition) => until(condition, () => vm.runInThisContext(condition)),
};

const STREAMS = {
	...Object.fromEntries(BROWSERS.map((name) => [name, async (w) => {
		const context = await started[name].newContext();
		w.clients.push({ ws: { destroy: () => context.close().catch(() => {}) } });
		const page = await context.newPage();
		page.setDefaultTimeout(WAIT_MS);
		await page.goto(origin);
		return page;
	}])),
	'npm eventsource': async (w) => {
		globalThis.EventSource = load('eventsource').EventSource;
		w.clients.push({ ws: { destroy: () => globalThis.stream.close() } });
		return here;
	},
};

for (const [name, open] of Object.entries(STREAMS)) {
	promise(`${name}: an EventSource goes on by itself where it was, after a cut and after the daemon was killed`, { daemon: false }, async (w) => {
		w.configure({ frontend_url: origin });
		await w.startDaemon();
		await w.escrow('42', { alice: 'client', bob: 'freelancer' });
		const way = await road(w), page = await open(w);
		const sees = (n) => page.waitForFunction(`log.filter(([name]) => name === 'chat_message').length === ${n}`, undefined, { timeout: WAIT_MS, polling: 20 });
		const send = async (content) => (await w.client('bob')).send('42', content);
		await page.evaluate(listen, `http://localhost:${way.port}/events?walletAddress=alice&escrow=42`);
		await page.waitForFunction(`log.length === 1`, undefined, { timeout: WAIT_MS, polling: 20 });
		await send('one');
		await sees(1);
		await way.cut();
		await send('two');
		await sees(2);
		way.refuse();
		await w.daemon.kill();
		await w.startDaemon();
		await send('three');
		way.open();
		await sees(3);
		await send('four');
		await sees(4);
		const all = await page.evaluate(() => log);
		assert.deepEqual(all.filter(([event]) => event === 'chat_message').map(([, content]) => content), ['one', 'two', 'three', 'four']);
		assert.deepEqual(all.filter(([event]) => event === 'gap'), []);
		assert.ok(all.every(([, , id, from]) => id && from === `http://localhost:${way.port}`));
		assert.equal(all.filter(([event]) => event === 'hello').length >= 3, true, 'it came back by itself, twice');
	});
}
