// SPDX-License-Identifier: ISC
// page.test.mjs - the demo page in real browsers, behind lighttpd with the configuration that is
// shipped: two people chat over every pair of transports, the daemon is killed under them, and
// everybody sees each message once, in one order; the same through proxies that buffer, refuse
// upgrades or swallow them.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { BROWSERS, launch } from './lib/browsers.mjs';
import { request } from './lib/http.mjs';
import { locate, program } from './lib/modules.mjs';
import { Road } from './lib/road.mjs';
import { until, WAIT_MS } from './lib/wait.mjs';
import { BUILDDIR, freePort, promise, SRCDIR } from './lib/world.mjs';

const LIGHTTPD = program('lighttpd');
const CLIENT = path.join(SRCDIR, 'contrib/client');
const PICTURES = path.join(BUILDDIR, 'tests/e2e');
const PEOPLE = { alice: 'client', bob: 'freelancer', judge: 'arbiter' };
const NAMES = { websocket: 'WebSocket', sse: 'SSE', poll: 'Long-poll' };

const started = {}; // the browsers, by name

before(async () => {
	for (const name of BROWSERS)
		started[name] = await launch(name);
});

after(async () => {
	for (const browser of Object.values(started))
		await browser.close();
});

/** lighttpd with this configuration on a port of its own. */
async function startLighttpd(w, name, rest) {
	for (let attempt = 0; attempt < 5; attempt++) {
		const port = await freePort();
		const conf = w.file(`${name}.conf`, `server.bind = "127.0.0.1"\nserver.port = ${port}\nserver.document-root = "${w.dir}"\nserver.upload-dirs = ("${w.dir}")\n${rest}`);
		const web = w.start('lighttpd', LIGHTTPD, ['-D', '-f', conf]);
		web.stops = 'SIGINT';
		const answer = await until('lighttpd to answer', () => web.end ?? request({ port }, { path: '/api/health' }).catch(() => null));
		if (!('code' in answer))
			return { port };
		web.mayExit = true;
	}
	throw new Error('lighttpd does not start');
}

function pages(name, body) {
	promise(name, { web: 'lighttpd', config: { presence_grace: '200ms' } }, async (w) => {
		await w.escrow('e1', PEOPLE, 'Logo for a bakery');
		await w.escrow('e2', PEOPLE, 'Translation of a manual');
		await body(w);
	});
}

/** One person's page, in a browser profile of its own or beside another page; whatever it complains
 * of is a failure. */
class Page {
	static async open(w, wallet, { browser = 'chromium', beside, escrow = 'e1', transport, without = [], view = {} } = {}) {
		const p = new Page();
		p.wallet = wallet;
		p.faults = [];
		p.context = beside?.context ?? await started[browser].newContext({ viewport: { width: 1280, height: 800 }, ...view });
		if (!beside)
			w.clients.push({ ws: { destroy: () => p.context.close().catch(() => {}) } });
		p.page = await p.context.newPage();
		p.page.setDefaultTimeout(WAIT_MS);
		p.page.on('pageerror', (error) => p.faults.push(`page error: ${error.stack}`));
		p.page.on('console', (m) => m.type() === 'error' && p.faults.push(`console: ${m.text()} ${m.location().url}`));
		p.page.on('request', (r) => new URL(r.url()).port === String(w.web.port) || r.url().startsWith('data:') || p.faults.push(`asks elsewhere: ${r.url()}`));
		await p.page.addInitScript((names) => {
			window.violations = [];
			document.addEventListener('securitypolicyviolation', (e) => window.violations.push(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}`));
			for (const name of names)
				delete window[name];
		}, without);
		const query = new URLSearchParams({ ...(wallet && { wallet }), ...(escrow && { escrow }), ...(transport && { transport }) });
		await p.page.goto(`http://localhost:${w.web.port}/chat/?${query}`);
		if (wallet && escrow)
			await p.entered();
		return p;
	}

	entered() {
		return this.until(() => document.querySelector('#foot').dataset.state === 'open' && /here$/.test(document.querySelector('#present').textContent));
	}

	until(condition, argument) {
		return this.page.waitForFunction(condition, argument, { timeout: WAIT_MS, polling: 25 });
	}

	async say(text) {
		await this.page.fill('#content', text);
		await this.page.press('#content', 'Enter');
	}

	sees(text) {
		return this.until((t) => [...document.querySelectorAll('.message:not(.pending) .text')].some((e) => e.textContent === t), text);
	}

	texts() {
		return this.page.$$eval('.message .text', (all) => all.map((e) => e.textContent));
	}

	text(selector) {
		return this.page.textContent(selector);
	}

	unread(escrow) {
		return this.page.$eval(`[data-escrow="${escrow}"] .count`, (e) => (e.hidden ? 0 : parseInt(e.textContent, 10)));
	}

	/** Asserts that nothing is wider than the window. */
	async fits() {
		const wide = await this.page.$$eval('body *', (all) => all.filter((e) => e.getClientRects().length && !e.closest('svg, .aside, .sender, #foot label') && e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.id || e.className || e.tagName));
		assert.deepEqual(wide, []);
	}

	/** What a program that knows the rules of accessibility complains of: contrast, names,
	 * roles, order of headings. */
	async accessible({ rules = {} } = {}) {
		await this.page.evaluate(fs.readFileSync(locate('axe-core', 'axe.min.js'), 'utf8'));
		const { violations } = await this.page.evaluate((r) => axe.run(document, { resultTypes: ['violations'], rules: r }), rules);
		assert.deepEqual(violations.map((v) => [v.id, v.nodes.map((n) => `${n.target.join(' ')}: ${n.failureSummary}`)]), []);
	}

	/** allowed: what the browser itself says of links that were cut. */
	async wellBehaved(allowed) {
		assert.deepEqual(await this.page.evaluate(() => window.violations), []);
		assert.deepEqual(this.faults.filter((f) => !allowed?.test(f)), []);
	}
}

/* ---- the files ---- */

test('no file of the client makes markup from text', () => {
	const sinks = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|setHTMLUnsafe|srcdoc|\beval\s*\(|new Function|DOMParser/;
	const files = fs.readdirSync(CLIENT).filter((name) => /\.(html|m?js|css|ts)$/.test(name));
	assert.ok(files.includes('chat.js') && files.includes('index.html'));
	for (const name of files)
		assert.doesNotMatch(fs.readFileSync(path.join(CLIENT, name), 'utf8'), sinks, name);
	assert.doesNotMatch(fs.readFileSync(path.join(CLIENT, 'index.html'), 'utf8'), /\sstyle=|\son[a-z]+=|<script>|<style/);
});

pages('the page comes with a policy that allows nothing foreign, and the same in its head', async (w) => {
	const { headers, body } = await request(w.web, { path: '/chat/' });
	const policy = headers['content-security-policy'];
	assert.match(policy, /^default-src 'none'; script-src 'self'; .*require-trusted-types-for 'script'; trusted-types 'none'$/);
	assert.ok(body.includes(`"${policy.replace(" frame-ancestors 'none';", '')}"`), 'the meta element says the same');
	const alice = await Page.open(w, 'alice');
	const refused = await alice.page.evaluate(() => {
		try {
			document.body['inner' + 'HTML'] = '<p>';
			return 'taken';
		} catch (error) {
			return error.name;
		}
	});
	assert.equal(refused, 'TypeError');
	alice.faults.length = 0;
	await alice.page.evaluate(() => {
		window.violations = [];
	});
	await alice.wellBehaved();
});

/* ---- signing in ---- */

/* As in the demo, each user who signs in takes part. */
const NEWCOMERS = `CREATE TRIGGER demo_newcomers AFTER INSERT ON tokens BEGIN
	INSERT OR IGNORE INTO participants(escrow, wallet, name, role) SELECT id, NEW.wallet, NEW.name, 'client' FROM escrows; END;`;

for (const browser of BROWSERS) {
	promise(`${browser} makes keys that sign in, over every transport; what ends is begun anew, and another visit is by the same person`, { web: 'lighttpd', config: { auth: 'wallet', presence_grace: '200ms' } }, async (w) => {
		await w.escrow('e1', {}, 'Logo for a bakery');
		await w.sqlite(NEWCOMERS);
		const people = [];
		for (const transport of ['websocket', 'sse', 'poll'])
			people.push(await Page.open(w, `${transport} user`, { browser, transport }));
		const wallets = await Promise.all(people.map((p) => p.page.$eval('#me', (e) => e.title)));
		assert.equal(new Set(wallets).size, 3);
		for (const wallet of wallets)
			assert.match(wallet, /^[1-9A-HJ-NP-Za-km-z]{32,44}$/);
		const all = async (texts) => {
			for (const p of people) {
				for (const text of texts)
					await p.sees(text);
			}
		};
		for (const [i, p] of people.entries()) {
			assert.equal(await p.text('#transport'), Object.values(NAMES)[i]);
			await p.say(`first of ${i}`);
		}
		await all([0, 1, 2].map((i) => `first of ${i}`));
		for (const p of people)
			await p.wellBehaved();
		for (const wallet of wallets) {
			const answer = await request(w.web, { method: 'POST', path: '/api/auth/revoke', body: { walletAddress: wallet }, headers: { 'X-Service-Key': w.sessionsKey } });
			assert.equal(answer.status, 200, answer.body);
		}
		/* A page whose old token is refused twice may sign in twice. */
		await until('everybody to sign in again', async () => Number(await w.sqlite('SELECT count(DISTINCT wallet) FROM tokens;')) === 3);
		for (const [i, p] of people.entries()) {
			await p.entered();
			await p.say(`second of ${i}`);
		}
		await all([0, 1, 2].map((i) => `second of ${i}`));
		const again = await Page.open(w, 'websocket user', { browser, transport: 'websocket', beside: people[0] });
		assert.equal(await again.page.$eval('#me', (e) => e.title), wallets[0]);
		await again.until(() => document.querySelectorAll('.mine').length === 2);
	});
}

/* ---- chatting ---- */

const PAIRS = {
	'WebSocket and SSE': [{ transport: 'websocket' }, { transport: 'sse' }, 'WebSocket', 'SSE'],
	'SSE and long-poll': [{ transport: 'sse' }, { transport: 'poll' }, 'SSE', 'Long-poll'],
	'long-poll and WebSocket': [{ transport: 'poll' }, { transport: 'websocket' }, 'Long-poll', 'WebSocket'],
	'chosen by the page, one without WebSocket': [{}, { without: ['WebSocket'] }, 'WebSocket', 'SSE'],
	'chosen by the page, one without WebSocket and EventSource': [{}, { without: ['WebSocket', 'EventSource'] }, 'WebSocket', 'Long-poll'],
	'Firefox by WebSocket and by SSE': [{ browser: 'firefox', transport: 'websocket' }, { browser: 'firefox', transport: 'sse' }, 'WebSocket', 'SSE'],
	'Firefox by long-poll, Chromium by SSE': [{ browser: 'firefox', transport: 'poll' }, { transport: 'sse' }, 'Long-poll', 'SSE'],
	'Firefox without WebSocket, and without EventSource too': [{ browser: 'firefox', without: ['WebSocket'] }, { browser: 'firefox', without: ['WebSocket', 'EventSource'] }, 'SSE', 'Long-poll'],
};
const CONTENT = `"it's" \\ <b>&amp;</b> <img src=x onerror=alert(1)> 😀`;

for (const [name, [first, second, shownFirst, shownSecond]] of Object.entries(PAIRS)) {
	pages(`${name}: two chat, see each other typing and reading`, async (w) => {
		const alice = await Page.open(w, 'alice', first), bob = await Page.open(w, 'bob', second);
		assert.deepEqual(await Promise.all([alice, bob].map((p) => p.text('#transport'))), [shownFirst, shownSecond]);
		await alice.until(() => document.querySelector('#present').textContent === 'bob is here');
		await alice.page.type('#content', 'he');
		await bob.until(() => document.querySelector('#typing').textContent === 'alice is typing');
		await alice.say(CONTENT);
		await bob.sees(CONTENT);
		await bob.until(() => document.querySelector('#typing').textContent === '');
		await alice.until(() => document.querySelector('.mine .icon.read'));
		await bob.page.fill('#content', 'one');
		await bob.page.press('#content', 'Shift+Enter');
		await bob.page.type('#content', 'two');
		await bob.page.press('#content', 'Enter');
		await alice.sees('one\ntwo');
		await bob.until(() => document.querySelector('.mine .icon.read'));
		for (const p of [alice, bob]) {
			assert.deepEqual(await p.texts(), [CONTENT, 'one\ntwo']);
			await p.until(() => /^\d+ ms$/.test(document.querySelector('#latency').textContent));
			await p.wellBehaved();
		}
	});

	pages(`${name}: the daemon is killed while both write, and both see all of it once`, async (w) => {
		const alice = await Page.open(w, 'alice', first), bob = await Page.open(w, 'bob', second);
		const all = [];
		const both = async (n) => {
			for (let i = 0; i < n; i++) {
				for (const p of [alice, bob]) {
					all.push(`${p.wallet} ${all.length}`);
					await p.say(all.at(-1));
				}
			}
		};
		for (let round = 0; round < 2; round++) {
			await both(5);
			await w.daemon.kill();
			for (const p of [alice, bob])
				await p.until(() => document.querySelector('#foot').dataset.state !== 'open');
			await both(5);
			await w.startDaemon();
			await both(5);
		}
		const isAll = (n) => document.querySelectorAll('.message').length >= n && !document.querySelector('.message.pending');
		for (const p of [alice, bob])
			await p.until(isAll, all.length);
		const shown = await alice.texts();
		assert.deepEqual([...shown].sort(), [...all].sort());
		await bob.until((n) => document.querySelectorAll('.message').length === n, all.length);
		assert.deepEqual(await bob.texts(), shown);
		for (const who of ['alice', 'bob'])
			assert.deepEqual(shown.filter((t) => t.startsWith(who)), all.filter((t) => t.startsWith(who)), `${who}'s own are in the order in which they were written`);
		for (const p of [alice, bob])
			await p.wellBehaved(/^console: (Failed to load resource|WebSocket connection)/);
	});
}

/* ---- what stands between ---- */

const FRONT = (port) => `server.modules = ("mod_proxy")\nproxy.server = ("" => (("host" => "127.0.0.1", "port" => ${port})))\n`;

/** The proxies that stand between the pages and the daemon. */
const OBSTACLES = {
	'a proxy that buffers': {
		shown: 'Long-poll',
		set: async (w) => startLighttpd(w, 'buffers', FRONT(w.web.port)), // as it comes: whole answers, and no upgrade
	},
	'a proxy that refuses upgrades': {
		shown: 'SSE',
		set: async (w) => startLighttpd(w, 'refuses', `${FRONT(w.web.port)}server.stream-response-body = 1\n`),
	},
	'a firewall that swallows WebSockets': {
		shown: 'SSE',
		set: async (w) => {
			const { port } = w.web, road = await Road.open(() => ({ port }));
			w.clients.push({ ws: { destroy: () => road.close() } });
			road.holdWebSockets();
			return road;
		},
	},
};

for (const [name, { shown, set }] of Object.entries(OBSTACLES)) {
	for (const browser of BROWSERS) {
		pages(`${browser}: through ${name} the page finds its way by ${shown} alone`, async (w) => {
			const bob = await Page.open(w, 'bob');
			w.web = await set(w);
			const alice = await Page.open(w, 'alice', { browser });
			assert.equal(await alice.text('#transport'), shown);
			for (let i = 0; i < 5; i++) {
				await alice.say(`down ${i}`);
				await bob.sees(`down ${i}`);
				await bob.say(`up ${i}`);
				await alice.sees(`up ${i}`);
			}
			assert.deepEqual(await alice.texts(), await bob.texts());
			const again = await Page.open(w, 'alice', { beside: alice, browser });
			await again.sees('up 4');
			await again.until((t) => document.querySelector('#transport').textContent === t, shown);
			await bob.say('to both');
			await Promise.all([alice.sees('to both'), again.sees('to both')]);
			for (const p of [alice, again])
				await p.wellBehaved(/^console: (Failed to load resource|WebSocket connection)/);
		});
	}
}

for (const browser of BROWSERS) {
	pages(`${browser}: the tabs of one browser share one connection, and one that is closed takes nothing with it`, async (w) => {
		const bob = await Page.open(w, 'bob', { transport: 'websocket' });
		const first = await Page.open(w, 'alice', { browser });
		const others = [await Page.open(w, 'alice', { browser, beside: first }), await Page.open(w, 'alice', { browser, beside: first, escrow: 'e2' })];
		const sockets = async () => (await w.stats()).connections.filter((c) => c.transport === 'websocket').length;
		assert.equal(await sockets(), 2, "bob's and alice's");
		await bob.say('to all tabs');
		await Promise.all([first, others[0]].map((p) => p.sees('to all tabs')));
		await others[0].say('from another tab');
		await Promise.all([first, others[0], bob].map((p) => p.sees('from another tab')));
		await first.page.close();
		await bob.say('after the first is gone');
		await others[0].sees('after the first is gone');
		await others[1].until(() => [...document.querySelectorAll('.toast')].some((e) => e.textContent.includes('Logo for a bakery')));
		await others[0].say('the second has it now');
		await bob.sees('the second has it now');
		assert.deepEqual(await others[0].texts(), await bob.texts());
		assert.equal(await sockets(), 2);
		for (const p of others)
			await p.wellBehaved();
	});
}

for (const browser of BROWSERS) {
	pages(`${browser}: a page that is left says goodbye over SSE and long-poll, and is gone at once`, async (w) => {
		const bob = await Page.open(w, 'bob', { transport: 'websocket' });
		for (const [wallet, how] of [['alice', { transport: 'sse' }], ['judge', { transport: 'poll' }], ['alice', { without: ['WebSocket'] }]]) {
			const page = await Page.open(w, wallet, { browser, ...how });
			await bob.until((who) => document.querySelector('#present').textContent === `${who} is here`, wallet);
			await page.page.goto('about:blank');
			await bob.until(() => document.querySelector('#present').textContent === 'Only you are here');
		}
		await bob.wellBehaved();
	}, { presence_grace: '1h' });
}

pages('the status line says what is the case: state, transport, latency', async (w) => {
	const alice = await Page.open(w, 'alice');
	const says = (pattern) => alice.until((p) => new RegExp(p).test(document.querySelector('#foot p').textContent), pattern);
	await says('^ConnectedWebSocket\\d+ ms$');
	await w.daemon.kill();
	await says('^(Connecting…|Offline, trying again(…| in \\d+ s))$');
	await w.startDaemon();
	await says('^Connected(WebSocket|SSE|Long-poll)\\d+ ms$');
});

pages('the drop-down changes the transport, and nothing is lost or doubled on the way', async (w) => {
	const alice = await Page.open(w, 'alice'), bob = await Page.open(w, 'bob');
	const all = [];
	for (const transport of ['poll', 'websocket', 'sse', 'auto']) {
		await alice.page.selectOption('#pick', transport);
		for (const p of [alice, bob]) {
			all.push(`${transport} ${p.wallet}`);
			await p.say(all.at(-1));
		}
		await alice.until((shown) => document.querySelector('#transport').textContent === shown, NAMES[transport] ?? 'WebSocket');
		for (const p of [alice, bob])
			await p.until((n) => document.querySelectorAll('.message:not(.pending)').length === n, all.length);
	}
	assert.deepEqual((await alice.texts()).sort(), [...all].sort());
	assert.deepEqual(await bob.texts(), await alice.texts());
	await alice.wellBehaved();
});

/* ---- what else is on the page ---- */

pages('unread messages are counted where one is not looking, and no more once one looks', async (w) => {
	for (const content of ['first', 'second'])
		await w.rest('bob', 'POST', '/api/chat/e2/send', { content });
	const alice = await Page.open(w, 'alice');
	await alice.until(() => /2/.test(document.querySelector('[data-escrow="e2"] .count').textContent));
	await w.rest('bob', 'POST', '/api/chat/e2/send', { content: 'third' });
	await alice.until(() => document.querySelector('.toast')?.textContent.includes('Translation of a manual'));
	await alice.until(() => /3/.test(document.querySelector('[data-escrow="e2"] .count').textContent));
	assert.match(await alice.page.title(), /^\(3\) /);
	await alice.page.click('[data-escrow="e2"] button');
	await alice.sees('third');
	await alice.entered();
	await alice.until(() => document.querySelector('[data-escrow="e2"] .count').hidden);
	assert.equal(await alice.unread('e2'), 0);
	assert.deepEqual(await alice.page.$$eval('#log > *', (all) => all.filter((e) => !e.hidden).map((e) => e.className.split(' ')[0]).filter((c) => /new|message/.test(c))), ['new', 'message', 'message', 'message']);
	await until('the server to know', async () => (await w.rest('alice', 'GET', '/api/chat/unread')).json.count === 0);
	await alice.wellBehaved();
});

pages('scrolling back brings the whole history, page by page, each message once', async (w) => {
	const all = Array.from({ length: 130 }, (_, i) => `message ${i}`);
	for (const content of all)
		await w.rest('bob', 'POST', '/api/chat/e1/send', { content });
	const alice = await Page.open(w, 'alice');
	await alice.sees('message 129');
	assert.equal((await alice.texts()).length, 50);
	for (const n of [100, 130]) {
		const anchor = await alice.page.evaluate(() => {
			const list = document.querySelector('#log');
			list.scrollTop = 0;
			return document.querySelector('.message .text').textContent;
		});
		await alice.until((count) => document.querySelectorAll('.message').length === count, n);
		const isStill = await alice.page.evaluate((text) => {
			const box = [...document.querySelectorAll('.message .text')].find((e) => e.textContent === text).getBoundingClientRect();
			return box.top > 0 && box.bottom < innerHeight;
		}, anchor);
		assert.ok(isStill, 'what was read stays in view');
	}
	assert.deepEqual(await alice.texts(), all);
	await alice.until(() => document.querySelector('.older').hidden);
	await alice.wellBehaved();
});

pages('what the platform publishes is shown: a state, the progress of a verification and its result', async (w) => {
	const alice = await Page.open(w, 'alice');
	const publish = (event, data) => w.service('POST', '/api/escrows/e1/events', { event, data });
	await publish('ai:thinking', { agent: 'Auditor', status: 'reads the brief' });
	await alice.until(() => document.querySelector('#ai-agent').textContent === 'Auditor' && document.querySelector('#ai-progress').position === -1);
	await publish('verification:progress', { progress: 40, message: 'compares the files' });
	await alice.until(() => document.querySelector('#ai-progress').value === 40 && document.querySelector('#ai-percent').textContent === '40%');
	await publish('ai:verification', { verdict: 'passed' });
	await alice.until(() => document.querySelector('#ai').dataset.state === 'good' && document.querySelector('#ai-progress').value === 100);
	await publish('escrow:update', { status: 'RELEASED' });
	await alice.until(() => document.querySelector('#status').textContent === 'released');
	await alice.wellBehaved();
});

pages('who comes without a name chooses one, and everything is there by keyboard', async (w) => {
	const bob = await Page.open(w, 'bob');
	const alice = await Page.open(w, null, { escrow: null });
	await alice.page.getByRole('button', { name: 'alice' }).press('Enter');
	await alice.page.getByRole('button', { name: /Logo for a bakery/ }).press('Enter');
	await alice.entered();
	assert.equal(await alice.page.evaluate(() => document.activeElement.id), 'content');
	await alice.page.keyboard.type('by keyboard');
	await alice.page.keyboard.press('Enter');
	await bob.sees('by keyboard');
	await alice.page.keyboard.press('Escape');
	await alice.page.keyboard.press('ArrowDown');
	await alice.page.keyboard.press('Enter');
	await alice.until(() => document.querySelector('#title').textContent === 'Translation of a manual');
	const tree = await alice.page.locator('body').ariaSnapshot();
	for (const part of [/- navigation "Escrows"/, /- main "Translation of a manual"/, /- log "Messages"/, /- textbox "Message"/, /- button "Send"/, /- combobox "Transport"/, /- region "Notifications"|- status/])
		assert.match(tree, part);
	await alice.wellBehaved();
	await alice.page.goto(`http://localhost:${w.web.port}/chat/?wallet=mallory&escrow=e1`);
	await alice.until(() => document.querySelector('.toast.bad') && document.querySelector('#open').hidden);
});

/* ---- pictures ---- */

const TALK = [
	['bob', 'Good morning! The first three drafts of the logo are in the folder, as vector files.'],
	['bob', 'The second one is the one I would put above my own door.'],
	['alice', 'They are lovely. The second it is.'],
	['alice', 'Could the lettering be a little heavier? It has to work on paper bags, printed in one colour.'],
	['judge', 'I have noted the choice. The milestone stays funded until the final files are delivered.'],
	['bob', 'Of course. A heavier cut, one colour, and a version for the shop window.'],
	['bob', 'You will have it this afternoon.'],
	['alice', 'Perfect, thank you both!'],
];
const VIEWS = { phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }, desktop: { viewport: { width: 1280, height: 800 } } };

pages('it fits a phone and a desk, light and dark; pictures are left beside the build', async (w) => {
	fs.mkdirSync(PICTURES, { recursive: true });
	await w.escrow('e3', PEOPLE, 'Photographs of a harbour');
	await w.service('PUT', '/api/escrows/e1', { title: 'Logo for a bakery', status: 'FUNDED', participants: Object.entries(PEOPLE).map(([walletAddress, role]) => ({ walletAddress, role })) });
	await w.rest('judge', 'POST', '/api/chat/e3/send', { content: 'Both sides have agreed: the payment is released.' });
	for (const content of ['The glossary is ready for you to read.', 'Chapter four follows tomorrow.'])
		await w.rest('bob', 'POST', '/api/chat/e2/send', { content });
	for (const [wallet, content] of TALK)
		await w.rest(wallet, 'POST', '/api/chat/e1/send', { content });
	const bob = await Page.open(w, 'bob');
	for (const [name, view] of Object.entries(VIEWS)) {
		for (const colorScheme of ['light', 'dark']) {
			const alice = await Page.open(w, 'alice', { view: { ...view, colorScheme } });
			await w.service('POST', '/api/escrows/e1/events', { event: 'verification:progress', data: { progress: 60, message: 'Comparing the files with the brief' } });
			await alice.until(() => document.querySelector('#ai-progress').value === 60 && document.querySelector('.icon.read') && document.querySelector('#latency').textContent);
			await bob.page.type('#content', 'x');
			await alice.until(() => document.querySelector('#typing').textContent !== '');
			await alice.page.screenshot({ path: path.join(PICTURES, `page-${name}-${colorScheme}.png`), animations: 'disabled' });
			await bob.page.fill('#content', '');
			await alice.fits();
			await alice.accessible();
			if (name === 'phone') {
				const small = await alice.page.$$eval('#back, #send, #content', (all) => all.map((e) => e.getBoundingClientRect()).filter((b) => b.height < 36 || b.width < 36).length);
				assert.equal(small, 0, 'what is touched is large enough');
				await alice.page.click('#back');
				await alice.page.screenshot({ path: path.join(PICTURES, `page-${name}-list-${colorScheme}.png`), animations: 'disabled' });
				await alice.accessible({ rules: { 'landmark-one-main': { enabled: false } } }); // the list is navigation, and here it is alone
			}
			await alice.wellBehaved();
			await alice.context.close();
		}
	}
	const door = await Page.open(w, null, { escrow: null, view: VIEWS.phone });
	await door.page.screenshot({ path: path.join(PICTURES, 'page-door.png'), animations: 'disabled' });
	await door.fits();
	await door.accessible();
	await door.wellBehaved();
	const fox = await Page.open(w, 'alice', { browser: 'firefox' });
	await fox.sees(TALK.at(-1)[1]);
	await fox.page.screenshot({ path: path.join(PICTURES, 'page-firefox.png') });
	await fox.fits();
	await fox.wellBehaved();
});

/* ---- searching ---- */

pages('the search field finds what was said in any escrow, marks it, and opens the room where it stands', async (w) => {
	const as = (wallet, escrow, content) => request(w.web, { method: 'POST', path: `/api/chat/${escrow}/send`, body: { content }, headers: { 'X-Wallet-Address': wallet } });
	await as('bob', 'e2', '<b>The invoice</b> of May is p\u00e4id \u{1f600}');
	for (let i = 0; i < 120; i++)
		await as('bob', 'e2', `page ${i} is translated`);
	await as('bob', 'e1', 'Another INVOICE follows');
	const alice = await Page.open(w, 'alice');
	await alice.page.type('#words', 'invoi');
	await alice.until(() => document.querySelectorAll('#found li').length === 2);
	assert.deepEqual(await alice.page.$$eval('#found .last', (all) => all.map((e) => e.textContent)), ['Another INVOICE follows', '<b>The invoice</b> of May is p\u00e4id \u{1f600}']);
	assert.deepEqual(await alice.page.$$eval('#found mark', (all) => all.map((e) => e.textContent)), ['INVOICE', 'invoice']);
	assert.equal(await alice.text('#found-state'), '2 found');
	await alice.fits();
	await alice.accessible();
	await alice.page.fill('#words', '"may is paid"');
	await alice.until(() => document.querySelectorAll('#found li').length === 1);
	await alice.page.click('#found button');
	await alice.until(() => document.querySelector('#title').textContent === 'Translation of a manual' && document.querySelector('.sought'));
	const [text, isInSight] = await alice.page.$eval('.sought', (e) => [e.querySelector('.text').textContent, e.getBoundingClientRect().top > 0 && e.getBoundingClientRect().bottom < innerHeight]);
	assert.deepEqual([text, isInSight], ['<b>The invoice</b> of May is p\u00e4id \u{1f600}', true]);
	await alice.page.fill('#words', 'nowhere');
	await alice.until(() => document.querySelector('#found-state').textContent === 'Nothing was found.');
	await alice.page.fill('#words', 'translated');
	await alice.until(() => document.querySelector('#found-state').textContent === '20 and more found');
	await alice.page.click('#found .older');
	await alice.until(() => document.querySelector('#found-state').textContent === '40 and more found');
	await alice.page.fill('#words', '');
	await alice.until(() => document.querySelector('#found').hidden && document.querySelector('#escrows').getClientRects().length > 0);
	await alice.wellBehaved();
});
