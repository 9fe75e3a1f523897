// SPDX-License-Identifier: ISC
// docs.test.mjs - GET /api/docs is one page that names all that the OpenAPI document describes,
// loads and runs nothing, and can be read by everybody: in both browsers, light and dark, on a
// phone, and with a screen reader.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { after, before } from 'node:test';

import { BROWSERS, launch } from './lib/browsers.mjs';
import { ask } from './lib/fastcgi.mjs';
import { request } from './lib/http.mjs';
import { locate } from './lib/modules.mjs';
import { promise } from './lib/world.mjs';

const PHONE = { width: 360, height: 740 }, DESK = { width: 1400, height: 900 };
const started = {}; // the browsers, by name

before(async () => {
	for (const name of BROWSERS)
		started[name] = await launch(name);
});

after(async () => {
	for (const browser of Object.values(started))
		await browser.close();
});

/** The page and the document, from escrowchat.fcgi alone. */
async function start(w, prefix = '') {
	const socket = w.path('fcgi.sock');
	await w.startFcgi(socket);
	const get = (path, headers) => ask(socket, { path: prefix + path, headers });
	const page = await get('/api/docs');
	assert.equal(page.status, 200);
	return { get, page, document: (await get('/api/openapi.json')).json };
}

const decode = (html) => html.replace(/<[^>]*>/g, '').replace(/&(lt|gt|quot|amp);/g, (_, name) => ({ lt: '<', gt: '>', quot: '"', amp: '&' })[name]);

promise('the page has every operation, parameter, type and refusal of the document', { daemon: false }, async (w) => {
	const { page: { body }, document } = await start(w);
	const articles = new Map(body.split('<article id="').slice(1).map((text) => [text.slice(0, text.indexOf('"')), text]));
	for (const [pattern, methods] of Object.entries(document.paths)) {
		for (const [method, o] of Object.entries(methods)) {
			const article = articles.get(o.operationId), text = decode(article).replace(/\s+/g, ' ');
			assert.ok(text.includes(`${method.toUpperCase()} ${pattern} `), o.operationId);
			for (const p of o.parameters)
				assert.ok(text.includes(p.description.replaceAll('`', '')), `${o.operationId} ${p.name}`);
			for (const status of Object.keys(o.responses).filter((s) => s !== '304'))
				assert.match(article, status < '400' ? new RegExp(`<dt class="good">${status}</dt>`) : new RegExp(`<a href="#fail-${status}">`), o.operationId);
		}
	}
	for (const name of Object.keys(document.components.schemas))
		assert.ok(articles.has(`type-${name}`), name);
	for (const status of Object.keys(document.components.responses))
		assert.ok(body.includes(`<dt id="fail-${status}"`), status);
});

promise('every example of the page is the one of the document', { daemon: false }, async (w) => {
	const { page: { body }, document } = await start(w);
	const bare = (text) => text.replace(/\s/g, '');
	const examples = body.split('<figcaption>').slice(1).map((text) => bare(decode(text.slice(0, text.indexOf('</pre>')))));
	const has = (example) => examples.some((text) => text.includes(bare(JSON.stringify(example))));
	for (const o of Object.values(document.paths).flatMap((methods) => Object.values(methods))) {
		if (o.requestBody)
			assert.ok(has(o.requestBody.content['application/json'].example), `${o.operationId}: body`);
		const [good] = Object.entries(o.responses).filter(([status]) => status < '300').map(([, r]) => Object.values(r.content)[0].example);
		assert.ok(has(good), `${o.operationId}: answer`);
	}
});

promise('every link of the page goes to a place on it, or to the document', { daemon: false }, async (w) => {
	const { page: { body }, get } = await start(w);
	const ids = [...body.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
	assert.equal(new Set(ids).size, ids.length, 'each id is there once');
	const links = [...body.matchAll(/ href="([^"]+)"/g)].map(([, to]) => to).filter((to) => to !== 'data:,');
	for (const to of links.filter((one) => one.startsWith('#')))
		assert.ok(ids.includes(to.slice(1)), to);
	const others = links.filter((one) => !one.startsWith('#'));
	assert.ok(others.length > 0);
	for (const to of others)
		assert.equal((await get(new URL(to, 'http://x/api/docs').pathname)).status, 200, to);
});

promise('the page loads nothing and runs nothing, and its policy allows its own style alone', { daemon: false }, async (w) => {
	const { page: { body, headers }, get } = await start(w);
	assert.doesNotMatch(body, /<script|<(img|iframe|object|embed|form|base)\b| on[a-z]+=| style=| src=|@import|url\(| href="[a-z]+:\/\//i);
	const style = body.slice(body.indexOf('<style>') + 7, body.indexOf('</style>'));
	const hash = createHash('sha256').update(style).digest('base64');
	assert.equal(headers['content-type'], 'text/html; charset=utf-8');
	assert.equal(headers['content-security-policy'], `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`);
	const same = await get('/api/docs', { 'If-None-Match': headers.etag });
	assert.deepEqual([same.status, same.body], [304, '']);
});

promise('the page names the front of all paths, whatever is in it', { daemon: false, config: { url_prefix: '/a&b' } }, async (w) => {
	const { page: { body } } = await start(w, '/a&b');
	assert.ok(body.includes('https://chat.example.com/a&#38;b<'));
});

promise('a browser shows the page as it is meant, to everybody', { web: true, daemon: false }, async (w) => {
	const looks = [['chromium', DESK, 'light'], ['chromium', DESK, 'dark'], ['chromium', PHONE, 'light'], ['chromium', PHONE, 'dark'], ['firefox', DESK, 'light']];
	for (const [name, viewport, colorScheme] of looks) {
		const context = await started[name].newContext({ viewport, colorScheme });
		const page = await context.newPage(), faults = [], what = `${name} ${viewport.width} ${colorScheme}`;
		page.on('pageerror', (error) => faults.push(error.message));
		page.on('console', (m) => m.type() === 'error' && faults.push(m.text()));
		await page.goto(`http://127.0.0.1:${w.web.port}/api/docs`);
		assert.deepEqual(faults, [], what);
		assert.equal(await page.$eval('h1', (e) => getComputedStyle(e).fontWeight), '650', `${what}: the style is used`);
		assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, `${what}: nothing reaches over the side`);
		await page.evaluate(fs.readFileSync(locate('axe-core', 'axe.min.js'), 'utf8'));
		const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
		assert.deepEqual(violations.map((v) => [v.id, v.nodes.map((n) => n.target.join(' '))]), [], what);
		await context.close();
	}
	assert.equal((await request(w.web, { method: 'HEAD', path: '/api/docs' })).body, '');
});
