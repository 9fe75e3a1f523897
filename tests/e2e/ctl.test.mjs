// SPDX-License-Identifier: ISC
// ctl.test.mjs - the commands of escrowchatctl, each from end to end; doctor has a file of its own.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

import { request } from './lib/http.mjs';
import { EventStream, poll } from './lib/stream.mjs';
import { CTL, promise, SRCDIR } from './lib/world.mjs';

const PAIR = { alice: 'client', bob: 'freelancer' };
const COMMANDS = ['doctor', 'publish', 'tail', 'stats', 'token', 'key', 'check-db'];
const NO_DAEMON = { daemon: false };

/** Runs escrowchatctl, which must fail with that status and one line. */
async function fails(w, status, pattern, ...args) {
	const { code, out, output } = await w.ctl(...args);
	assert.equal(code, status, `${args.join(' ')}: ${out}`);
	assert.equal(out.split('\n').length, 1, out);
	assert.match(out, pattern);
	assert.equal(output.length, 0, out);
}

/** Runs escrowchatctl, which must succeed. Resolves to its standard output, by lines. */
async function does(w, ...args) {
	const { code, out, output } = await w.ctl(...args);
	assert.equal(code, 0, `${args.join(' ')}: ${out}`);
	return output;
}

// ---- the command line ----

promise('each command has its help, and the manual has each option', NO_DAEMON, async (w) => {
	const manual = fs.readFileSync(path.join(SRCDIR, 'contrib/man/escrowchatctl.1'), 'utf8').replaceAll('\\-', '-');
	const all = (await does(w, '--help')).join('\n');
	for (const command of COMMANDS) {
		assert.match(all, new RegExp(`^  ${command} `, 'm'));
		const text = (await does(w, command, '--help')).join('\n');
		assert.match(text, new RegExp(`^usage: escrowchatctl ${command}`));
		assert.match(manual, new RegExp(`^\\.It (Cm|Ic) ${command}\\b`, 'm'), command);
		for (const [, option] of text.matchAll(/^ {2}--([a-z-]+)/gm))
			assert.match(manual, new RegExp(`Fl -${option}\\b`), `${command} --${option}`);
	}
	assert.match((await does(w, '--version'))[0], /^escrowchatctl \d+\.\d+\.\d+$/);
});

promise('what is wrong with a command line is one line, and exit 2', NO_DAEMON, async (w) => {
	for (const args of [[], ['nope'], ['publish'], ['publish', 'x', '{}'], ['publish', '--room', 'a', '--user', 'b', 'x', '{}'], ['publish', '--room', '', 'x', '{}'],
		['publish', '--room', 'a/b', 'x', '{}'], ['publish', '--user', 'a b', 'x', '{}'], ['publish', '--room', 'a', 'chat_message', '{}'], ['publish', '--room', 'a', 'x', '[]'],
		['publish', '--room', 'a', 'x', '{'], ['publish', '--room', 'a', 'x', '{}', 'y'], ['publish', '--room', 'a', '--url', 'http://127.0.0.1:1', 'x', '{}'],
		['publish', '--ephemeral=1', '--room', 'a', 'x', '{}'], ['publish', '--room'], ['tail', '--count', '-1'], ['tail', '--count=x'], ['tail', '--last', '99999999'],
		['tail', '--topic', 'nonsense'], ['tail', 'x'], ['stats', '--nope'], ['stats', '--quick'], ['token'], ['token', 'nope'], ['token', 'issue'], ['token', 'issue', 'a b'],
		['token', 'list', 'x'], ['token', 'revoke'], ['token', 'revoke', 'short'], ['token', 'revoke', '--all'], ['token', 'revoke', '--all', '--wallet', 'a', '0123456789abcdef'],
		['key'], ['key', 'a'], ['key', 'a', 'nonsense'], ['key', 'a b', 'publish'], ['key', '#a', 'publish'], ['key', 'x'.repeat(65), 'publish'],
		['check-db', 'x'], ['doctor'], ['doctor', 'x'], ['doctor', 'http://a', 'b'], ['doctor', '--hold', '61', 'http://a'],
		['stats', '--config', '/nonexistent.conf']])
		await fails(w, 2, /^escrowchatctl: /, ...args);
	for (const [data, why] of [['[]', /another JSON value$/], ['null', /another JSON value$/], ['{', /this is none: unfinished value$/], ['', /this is none: empty$/]])
		await fails(w, 2, why, 'publish', '--room', 'a', 'x', data);
	w.file('bad.conf', 'nonsense = 1\n');
	await fails(w, 2, /bad\.conf:1/, 'stats', '--config', w.path('bad.conf'));
});

promise('a database that is not there is not made', NO_DAEMON, async (w) => {
	const at = ['--config', w.configFile, '--database', w.path('none.db')];
	for (const args of [['publish', '--room', 'a', 'x', '{}'], ['tail'], ['stats'], ['check-db']])
		await fails(w, 1, /none\.db/, ...args, ...at);
	assert.deepEqual(fs.readdirSync(w.dir).filter((f) => f.startsWith('none.db')), []);
	w.file('empty.db', '');
	await fails(w, 1, /empty/, 'publish', '--room', 'a', 'x', '{}', '--config', w.configFile, '--database', w.path('empty.db'));
	assert.equal(fs.statSync(w.path('empty.db')).size, 0);
});

// ---- publish ----

promise('publish by the database reaches a room and a user, durable or not', async (w) => {
	await w.escrow('42', PAIR);
	const alice = await w.client('alice'), bob = await w.client('bob');
	const { cursor } = await alice.subscribe('42');
	const publish = (...args) => does(w, 'publish', '--config', w.configFile, ...args);
	const [first] = await publish('--room', '42', 'escrow:update', '{"status": "FUNDED"}');
	const event = await alice.event('escrow:update');
	assert.deepEqual([event.data, event.escrowId, event.cursor], [{ status: 'FUNDED' }, '42', first]);
	await publish('--user', 'bob', 'verification:progress', '{"progress":60}');
	assert.deepEqual((await bob.event('verification:progress')).data, { progress: 60 });
	await publish('--room', '42', '--ephemeral', 'ai:thinking', '{"agent":"a"}');
	assert.equal((await alice.event('ai:thinking')).cursor, undefined);
	await publish('--room', '42', 'last', '{}');
	await alice.event('last');
	assert.equal(alice.all('verification:progress').length, 0, 'what is for bob is not for alice');
	await bob.subscribe('42', cursor);
	assert.deepEqual(bob.log.filter((m) => m.escrowId === '42' && m.cursor).map((m) => m.event), ['escrow:update', 'last']);
});

promise('publish by URL takes a service key, by name or the first of its file', { web: true }, async (w) => {
	await w.escrow('42', PAIR);
	const alice = await w.client('alice');
	await alice.subscribe('42');
	const url = `http://127.0.0.1:${w.web.port}`;
	const keys = w.config.service_keys;
	const publish = ['publish', '--url', url, '--room', '42', 'escrow:update'];
	const [cursor] = await does(w, ...publish, '{"n":1}', '--key-file', keys);
	assert.equal((await alice.event('escrow:update')).cursor, cursor);
	await does(w, ...publish, '{"n":2}', '--key-file', keys, '--key', 'platform');
	assert.deepEqual((await alice.event('escrow:update')).data, { n: 2 });
	await does(w, 'publish', '--url', `${url}/`, '--user', 'alice', '--key-file', keys, 'note', '{"é":"\\u0000"}');
	assert.deepEqual((await alice.event('note')).data, { é: '\0' });
	const refused = async (pattern, ...args) => {
		await fails(w, 1, pattern, ...publish, '{}', ...args);
		assert.doesNotMatch((await w.ctl(...publish, '{}', ...args)).out, new RegExp(w.key));
	};
	await refused(/403/, '--key-file', keys, '--key', 'watcher');
	await refused(/no key is called nobody/, '--key-file', keys, '--key', 'nobody');
	await refused(/401/, '--key-file', w.file('wrong.keys', 'platform 0123456789012345678901234567890 publish\n'));
	await refused(/0600/, '--key-file', w.file('readable.keys', fs.readFileSync(keys), 0o644));
	await refused(/No such file/, '--key-file', w.path('nothing.keys'));
	await fails(w, 1, /127\.0\.0\.1/, 'publish', '--url', 'http://127.0.0.1:1', '--room', '42', 'x', '{}', '--key-file', keys);
});

promise('what a server says cannot play with the terminal', NO_DAEMON, async (w) => {
	const server = http.createServer((req, res) => {
		res.statusCode = 400;
		res.end(JSON.stringify({ error: '\x1b[2Jgone\nsecond', stats: {} }));
	});
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	const url = `http://127.0.0.1:${server.address().port}`;
	try {
		for (const args of [['publish', '--room', '42', 'x', '{}'], ['stats']])
			await fails(w, 1, /400: \?\[2Jgone\?second$/, ...args, '--url', url, '--key-file', w.config.service_keys);
	} finally {
		server.close();
	}
});

// ---- tail ----

promise('tail follows the log, from the end, from a cursor, or from a number of rows before the end', async (w) => {
	await w.escrow('42', PAIR);
	const publish = (...args) => does(w, 'publish', '--config', w.configFile, '--room', '42', ...args);
	const [first] = await publish('one', '{"n":1}');
	await publish('two', '{}', '--ephemeral');
	await publish('three', '{"n":3}');
	const events = async (...args) => (await does(w, 'tail', '--config', w.configFile, ...args)).map((line) => JSON.parse(line));
	const [three] = await events('--from', first, '--count', '1');
	assert.deepEqual([three.event, three.topic, three.data], ['three', 'escrow_42', { n: 3 }]);
	assert.match(three.at, /^\d{4}-.*Z$/);
	assert.deepEqual((await events('--last', '3', '--count', '2')).map((e) => e.event), ['one', 'three'], 'what is not durable is not shown');
	await fails(w, 1, /no position of this log/, 'tail', '--config', w.configFile, '--from', 'nonsense');

	const following = w.start('escrowchatctl', CTL, ['tail', '--config', w.configFile, '--topic', 'escrow_42', '--from', three.cursor]);
	await publish('four', '{}');
	await following.line(/"event":"four"/);
	await does(w, 'publish', '--config', w.configFile, '--user', 'alice', 'hers', '{}');
	const alice = await w.client('alice');
	const { message } = await alice.send('42', 'hello');
	const [, line] = await following.line(/^(.*"event":"chat_message".*)$/);
	assert.equal(JSON.parse(line).data.id, message.id);
	assert.equal(JSON.parse(line).actor, 'alice');
	assert.deepEqual(await following.stop(), { code: 0, signal: null });
	assert.deepEqual(following.output.map((l) => JSON.parse(l).event), ['four', 'chat_message']);
});

// ---- stats, check-db ----

const figures = (lines) => Object.fromEntries(lines.map((l) => l.split(' ')));

promise('stats of the database count what is in it', NO_DAEMON, async (w) => {
	await w.escrow('42', PAIR);
	for (let i = 0; i < 3; i++)
		await w.cgi('POST', '/api/chat/42/send', { headers: { 'X-Wallet-Address': 'alice' }, body: { content: `m${i}` } });
	const seen = figures(await does(w, 'stats', '--config', w.configFile));
	assert.deepEqual([seen.escrows, seen.participants, seen.messages], ['1', '2', '3']);
	assert.equal(seen.log_rows, await w.sqlite('SELECT count(*) FROM log_rows;'));
	assert.equal(seen.log_head, await w.sqlite('SELECT max(id) FROM log_rows;'));
	const json = JSON.parse((await does(w, 'stats', '--json', '--config', w.configFile)).join(''));
	assert.deepEqual([json.messages, typeof json.bytes], [3, 'number']);
});

promise('stats of a daemon name who is connected, for a key with that scope', async (w) => {
	await w.escrow('42', PAIR);
	const alice = await w.client('alice');
	await alice.subscribe('42');
	const url = `http://127.0.0.1:${w.target.port}`, keys = w.config.service_keys;
	const lines = await does(w, 'stats', '--url', url, '--key-file', keys, '--key', 'watcher');
	assert.deepEqual(lines.slice(0, 2), ['connections 1', 'active_escrows 1']);
	assert.match(lines[2], /^\S+Z websocket alice\.{3} rooms=1$/);
	const json = JSON.parse((await does(w, 'stats', '--json', '--url', url, '--key-file', keys)).join(''));
	assert.equal(json.totalConnections, 1);
	await fails(w, 1, /401/, 'stats', '--url', url, '--key-file', w.file('wrong.keys', 'a 0123456789012345678901234567890 stats\n'));
});

promise('check-db says what state a whole database is in, and changes nothing', async (w) => {
	await w.escrow('42', PAIR);
	const alice = await w.client('alice');
	await alice.send('42', 'x');
	for (const more of [[], ['--quick']]) {
		const lines = await does(w, 'check-db', '--config', w.configFile, ...more);
		const seen = figures(lines);
		assert.equal(seen.auth_class, 'open');
		assert.equal(seen.messages, '1');
		assert.ok(lines.includes('integrity ok') && lines.includes('schema_is the newest'), lines.join('\n'));
	}
	await alice.send('42', 'the daemon goes on');
});

promise('check-db finds what is wrong', NO_DAEMON, async (w) => {
	await w.escrow('42', PAIR);
	const at = ['--config', w.configFile];
	for (let i = 0; i < 20; i++)
		await w.cgi('POST', '/api/chat/42/send', { headers: { 'X-Wallet-Address': 'alice' }, body: { content: `${i} ${'x'.repeat(3000)}` } });
	await w.sqlite('PRAGMA wal_checkpoint(TRUNCATE);');
	const good = fs.readFileSync(w.database);

	await w.sqlite("PRAGMA writable_schema = ON; PRAGMA foreign_keys = OFF; UPDATE messages SET escrow = 99 WHERE id = 5; PRAGMA wal_checkpoint(TRUNCATE);");
	const astray = await w.ctl('check-db', ...at);
	assert.equal(astray.code, 1);
	assert.match(astray.out, /integrity WRONG\n.*of messages names a row of escrows that is not there/);

	fs.writeFileSync(w.database, good);
	const root = Number(await w.sqlite("SELECT rootpage FROM sqlite_schema WHERE name = 'messages_by_escrow';"));
	const size = Number(await w.sqlite('PRAGMA page_size;'));
	const bad = Buffer.from(good);
	bad.fill(0x5a, (root - 1) * size + 8, (root - 1) * size + 200);
	fs.writeFileSync(w.database, bad);
	const broken = await w.ctl('check-db', ...at);
	assert.equal(broken.code, 1, broken.out);

	fs.writeFileSync(w.database, good);
	await w.sqlite('PRAGMA user_version = 999;');
	const newer = await w.ctl('check-db', ...at);
	assert.equal(newer.code, 1);
	assert.match(newer.out, /^schema 999$/m);
	assert.match(newer.out, /^schema_is newer than this program$/m);

	fs.writeFileSync(w.database, good);
	await w.sqlite('PRAGMA user_version = 1;');
	const older = await w.ctl('check-db', ...at);
	assert.equal(older.code, 0, older.out);
	assert.match(older.out, /^schema_is older/m);

	fs.writeFileSync(w.database, 'no database at all, but long enough to look like one'.repeat(40));
	await fails(w, 1, /chat\.db/, 'check-db', ...at);
	fs.rmSync(w.database);
	await w.sqlite('CREATE TABLE mine(x);');
	await fails(w, 1, /no database of this program/, 'check-db', ...at);
});

// ---- key ----

promise('key makes a line that the server takes', NO_DAEMON, async (w) => {
	const [line] = await does(w, 'key', 'other', 'escrows,stats');
	const [other] = await does(w, 'key', 'other', 'escrows,stats');
	assert.match(line, /^other [0-9a-z]{52} escrows,stats$/);
	assert.notEqual(line, other);
	fs.appendFileSync(w.config.service_keys, `${line}\n`);
	const secret = line.split(' ')[1];
	const put = (key) => w.cgi('PUT', '/api/escrows/7', { body: { title: 'T', participants: [] }, headers: { 'X-Service-Key': key } });
	assert.equal((await put(secret)).status, 201);
	assert.equal((await put(other.split(' ')[1])).status, 401);
});

// ---- token ----

const WALLET = { config: { auth: 'wallet' } };
const bearer = (token) => ({ headers: { Authorization: `Bearer ${token}` } });

promise('a token that was issued lets its wallet in, until it is revoked', WALLET, async (w) => {
	const at = ['--config', w.configFile];
	const [token] = await does(w, 'token', 'issue', 'alice', ...at);
	const [other] = await does(w, 'token', 'issue', 'alice', ...at);
	const [bobs] = await does(w, 'token', 'issue', 'bob', '--lifetime', '3600', ...at);
	const stream = await EventStream.hello(w.target, undefined, {}, bearer(token));
	assert.equal(stream.hello.data.walletAddress, 'alice');
	const status = async (t) => (await poll(w.target, undefined, {}, bearer(t))).status;
	assert.deepEqual([await status(other), await status(bobs), await status('made-up')], [200, 200, 401]);

	const list = await does(w, 'token', 'list', ...at);
	assert.deepEqual(list.map((l) => l.split(/ +/)[1]), ['alice', 'alice', 'bob']);
	assert.doesNotMatch(list.join('\n'), new RegExp(`${token}|${other}|${bobs}`));
	const ids = (await does(w, 'token', 'list', '--wallet', 'alice', ...at)).map((l) => l.split(' ')[0]);
	assert.equal(ids.length, 2);

	for (const id of ids) {
		await does(w, 'token', 'revoke', id, ...at);
		await fails(w, 1, /no valid token/, 'token', 'revoke', id, ...at);
	}
	await stream.over();
	assert.deepEqual([await status(token), await status(other), await status(bobs)], [401, 401, 200]);
	await does(w, 'token', 'revoke', '--wallet', 'bob', '--all', ...at);
	assert.equal(await status(bobs), 401);
	assert.deepEqual(await does(w, 'token', 'list', ...at), []);
});

promise('tokens are for auth = wallet', async (w) => {
	await fails(w, 1, /auth = wallet/, 'token', 'issue', 'alice', '--config', w.configFile);
	assert.equal((await request(w.target, { path: '/health' })).status, 200);
});
