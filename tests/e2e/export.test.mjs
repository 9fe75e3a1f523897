// SPDX-License-Identifier: ISC
// export.test.mjs - a conversation as a file: behind the web server and as CGI, longer than what is
// held at once, and sealed.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';

import { ask } from './lib/fastcgi.mjs';
import { FCGI, promise } from './lib/world.mjs';
import { until, within } from './lib/wait.mjs';

const ROOM = { alice: 'client', bob: 'freelancer', olga: 'observer' };
const MANY = 20000;
const CACHE_KB = 32 * 1024; // of SQLite, and what sanitizers keep

/** The SHA-256 of all but the last line, which must name it. */
function sealed(body) {
	const at = body.lastIndexOf('\n', body.length - 2) + 1;
	const hash = createHash('sha256').update(body.slice(0, at)).digest('hex');
	assert.ok(body.slice(at).includes(hash), `the last line is ${body.slice(at)}`);
	return hash;
}

/** A long conversation, written as the daemon would have: about a kilobyte a message. */
const fill = (w, many = MANY) => w.sqlite(`INSERT INTO messages(nonce, escrow, at, tag, sender, content)
	WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${many})
	SELECT i, (SELECT id FROM escrows WHERE name = '42'), 1700000000000 + i, 0, CASE i % 2 WHEN 0 THEN 'alice' ELSE 'bob' END,
		'number ' || i || printf('%.1000c', 'x') FROM n;
	UPDATE sqlite_sequence SET seq = (SELECT max(id) FROM messages) WHERE name = 'log';`);

promise('both sides hold the same file, in every format', { web: true }, async (w) => {
	await w.escrow('42', ROOM, 'A <b>title</b>');
	for (const content of ['hello', 'line\nbreak', '<script>alert(1)</script>', '\u{1f600} \u0000'])
		await w.rest('alice', 'POST', '/api/chat/42/send', { content });
	for (const format of ['json', 'ndjson', 'html']) {
		const get = (wallet, headers) => w.rest(wallet, 'GET', `/api/chat/42/export?format=${format}`, undefined, headers);
		const mine = await get('alice');
		assert.equal(mine.status, 200, mine.body);
		sealed(mine.body);
		await w.rest('bob', 'PUT', `/api/chat/${(await w.rest('bob', 'GET', '/api/chat/42/history')).json.messages[0].id}/read`);
		assert.equal((await get('bob')).body, mine.body);
		assert.equal((await get('olga', { 'Accept-Language': 'de', Origin: 'http://localhost:5173' })).body, mine.body);
		assert.equal(mine.headers['content-disposition'], `attachment; filename="escrow-42.${format}"`);
		assert.equal(mine.headers['content-security-policy'], "default-src 'none'; sandbox");
		assert.equal(mine.headers['x-content-type-options'], 'nosniff');
		assert.equal((await get('eve')).json.code, 'not_participant');
	}
	const { json } = await w.rest('alice', 'GET', '/api/chat/42/export');
	assert.deepEqual(json.messages.map((m) => m.content), ['hello', 'line\nbreak', '<script>alert(1)</script>', '\u{1f600} \u0000']);
	assert.deepEqual(json.escrow.participants.length, 3);
	const html = await w.rest('alice', 'GET', '/api/chat/42/export', undefined, { Accept: 'text/html,*/*;q=0.8' });
	assert.equal(html.headers['content-type'], 'text/html; charset=utf-8');
	assert.ok(!html.body.includes('<script') && html.body.includes('A &lt;b&gt;title&lt;/b&gt;'));
});

promise('a long one is streamed: whole, and never all in memory', { web: true }, async (w) => {
	await w.escrow('42', ROOM);
	const many = 3 * MANY;
	await fill(w, many);
	const peak = () => Number(/VmHWM:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${w.fcgi.pid}/status`, 'utf8'))[1]);
	await w.rest('alice', 'GET', '/api/chat/42/history?limit=200');
	const before = peak();
	const { status, body, headers } = await w.rest('alice', 'GET', '/api/chat/42/export?format=ndjson');
	assert.equal(status, 200);
	assert.equal(headers['content-length'], undefined);
	sealed(body);
	const lines = body.trimEnd().split('\n');
	assert.equal(lines.length, many + 2);
	assert.ok(lines.slice(1, -1).every((line, i) => JSON.parse(line).content.startsWith(`number ${i + 1}x`)));
	assert.ok(body.length > 1.9 * 1024 * CACHE_KB && peak() - before < CACHE_KB, `${peak() - before} kB more for ${body.length} bytes`);
	assert.equal((await w.rest('bob', 'GET', '/api/chat/42/export?format=ndjson')).body, body);
});

promise('one at a time of a wallet, a quarter of the threads in all, and a place comes back', { daemon: false, config: { threads: 8 } }, async (w) => {
	const socket = w.path('fcgi.sock');
	await w.startFcgi(socket);
	await w.escrow('42', ROOM);
	await fill(w);
	const get = (wallet) => ask(socket, { path: '/api/chat/42/export', headers: { 'X-Wallet-Address': wallet } });
	const stalled = [];
	const stall = async (wallet) => {
		const reader = net.connect({ path: socket });
		reader.on('error', () => {});
		stalled.push(reader);
		reader.write(request(wallet));
		await once(reader, 'readable'); // and nothing is read
	};
	await stall('alice');
	const mine = await get('alice');
	assert.deepEqual([mine.status, mine.json.code, mine.headers['retry-after']], [429, 'rate_limited', '5']);
	assert.equal((await get('bob')).status, 200, 'another wallet');
	await stall('bob');
	const third = await get('olga');
	assert.deepEqual([third.status, third.json.code], [503, 'unavailable']);
	assert.equal((await ask(socket, { path: '/api/chat/42/history', headers: { 'X-Wallet-Address': 'olga' } })).status, 200, 'the other threads go on');
	for (const reader of stalled)
		reader.destroy();
	await until('a place', async () => (await get('alice')).status === 200);
});

/** A FastCGI request whose answer nobody reads. */
function request(wallet) {
	const params = { REQUEST_METHOD: 'GET', REQUEST_URI: '/api/chat/42/export', REMOTE_ADDR: '127.0.0.1', HTTP_HOST: 'localhost', HTTP_X_WALLET_ADDRESS: wallet };
	const pairs = Buffer.concat(Object.entries(params).map(([k, v]) => Buffer.concat([Buffer.from([k.length, v.length]), Buffer.from(k + v)])));
	const record = (type, content) => Buffer.concat([Buffer.from([1, type, 0, 1, content.length >> 8, content.length & 255, 0, 0]), content]);
	return Buffer.concat([record(1, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0])), record(4, pairs), record(4, Buffer.alloc(0)), record(5, Buffer.alloc(0))]);
}

promise('an answer that is cut off does not look whole', { daemon: false }, async (w) => {
	const socket = w.path('fcgi.sock');
	await w.startFcgi(socket);
	await w.escrow('42', ROOM);
	await fill(w);
	const whole = await ask(socket, { path: '/api/chat/42/export', headers: { 'X-Wallet-Address': 'alice' } });
	assert.ok(whole.isEnded && whole.json.messages.length === MANY);
	const reader = net.connect({ path: socket });
	let got = Buffer.alloc(0), isClosed = false;
	reader.on('close', () => (isClosed = true));
	reader.on('error', () => {});
	reader.write(request('alice'));
	await once(reader, 'readable');
	await w.escrow('42', { bob: 'freelancer' }); // alice is removed while her reader waits
	reader.on('data', (d) => (got = Buffer.concat([got, d])));
	await until('the end', () => isClosed);
	assert.ok(got.length > 1000 && got.length < whole.body.length);
	assert.ok(!got.includes('sha256') && got.readUInt8(1) === 6);
	assert.equal((await ask(socket, { path: '/api/chat/42/export', headers: { 'X-Wallet-Address': 'alice' } })).status, 403);
});

promise('the same by CGI', async (w) => {
	await w.escrow('42', ROOM);
	await fill(w);
	const { body, headers, status } = await w.cgi('GET', '/api/chat/42/export?format=json', { headers: { 'X-Wallet-Address': 'alice' } });
	assert.deepEqual([status, headers['content-type']], [200, 'application/json; charset=utf-8']);
	sealed(`${body}\n`);
	assert.equal(JSON.parse(body).messages.length, MANY);
});

promise('one by CGI that is cut off is a failure of the program', { daemon: false }, async (w) => {
	await w.escrow('42', ROOM);
	await fill(w);
	const env = w.cgiEnv('GET', '/api/chat/42/export', { 'X-Wallet-Address': 'alice' });
	const program = spawn(FCGI, [], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'ignore'] });
	const ended = once(program, 'close');
	let got = '';
	await once(program.stdout, 'readable');
	await w.escrow('42', { bob: 'freelancer' }); // alice is removed while her reader waits
	program.stdout.on('data', (d) => (got += d));
	assert.deepEqual(await within(ended, 'the end'), [1, null]);
	assert.ok(got.startsWith('Status: 200') && !got.includes('sha256'));
});
