// SPDX-License-Identifier: ISC
// faults.test.mjs - a database that is locked, full, foreign or taken: a request that cannot be
// served gets an error, the others go on, and all works again once the fault is gone.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { execFileSync } from 'node:child_process';

import { request } from './lib/http.mjs';
import { Process } from './lib/process.mjs';
import { DAEMON, promise } from './lib/world.mjs';

const ROOM = { alice: 'client', bob: 'freelancer' };

promise('while another process holds the lock, writes are unavailable and reads go on; then all is well', { web: true }, async (w) => {
	await w.escrow('42', ROOM);
	const alice = await w.client('alice'), bob = await w.client('bob');
	await alice.subscribe('42');
	await alice.send('42', 'before');
	const lock = await w.lockDatabase();

	const byEvent = alice.refused('unavailable', 'chat_message', { escrowId: '42', content: 'try', clientMsgId: 'e1' });
	const byRest = await w.rest('bob', 'POST', '/api/chat/42/send', { content: 'try', clientMsgId: 'r1' });
	assert.deepEqual([byRest.status, byRest.json.code], [503, 'unavailable']);
	assert.ok(Number(byRest.headers['retry-after']) > 0);
	assert.equal((await bob.subscribe('42')).unread, 1, 'the loop is not held up');
	assert.equal((await bob.ok('history', { escrowId: '42' })).messages.length, 1);
	assert.equal((await w.rest('bob', 'GET', '/api/chat/42/history')).status, 200);
	assert.equal((await request(w.target, { path: '/health' })).status, 200);
	await alice.ok('typing_start', { escrowId: '42' });
	await bob.event('user_typing');
	await byEvent;

	await lock.release();
	await alice.send('42', 'try', { clientMsgId: 'e1' });
	assert.equal((await w.rest('bob', 'POST', '/api/chat/42/send', { content: 'try', clientMsgId: 'r1' })).status, 201);
	await alice.event('chat_message', (d) => d.senderId === 'bob');
	assert.equal(await w.sqlite('SELECT count(*) FROM messages;'), '3', 'each is stored once');
});

promise('where the file cannot grow, writes are unavailable; where it can again, they are stored', { daemon: false }, async (w) => {
	const args = ['--config', w.configFile, '--listen', '127.0.0.1:0'];
	w.daemon = new Process('escrowchatd', 'sh', ['-c', 'trap "" XFSZ; exec "$0" "$@"', DAEMON, ...args]);
	w.processes.push(w.daemon);
	await w.daemon.line(/daemon: ready/);
	w.target = { port: Number((await w.daemon.line(/listening on 127\.0\.0\.1:(\d+)/))[1]) };
	await w.escrow('42', ROOM);
	const alice = await w.client('alice'), bob = await w.client('bob');
	await alice.subscribe('42');
	await bob.subscribe('42');
	await alice.send('42', 'before');

	execFileSync('prlimit', ['--pid', String(w.daemon.pid), '--fsize=4096:unlimited']);
	for (let i = 0; i < 3; i++)
		await alice.refused('unavailable', 'chat_message', { escrowId: '42', content: 'no room', clientMsgId: `n${i}` });
	assert.equal((await bob.ok('history', { escrowId: '42' })).messages.length, 1);

	execFileSync('prlimit', ['--pid', String(w.daemon.pid), '--fsize=unlimited:unlimited']);
	await alice.send('42', 'no room', { clientMsgId: 'n0' });
	await bob.message('no room');
	assert.deepEqual(bob.all('chat_message').map((m) => m.data.content), ['before', 'no room']);
	assert.equal(await w.sqlite('PRAGMA integrity_check;'), 'ok');
});

/** The daemon does not start, says why, and leaves the file as it was. */
async function refusesToStart(w, ...patterns) {
	const before = fs.readFileSync(w.database);
	const { code, signal, out } = await w.failingDaemon();
	assert.deepEqual({ code, signal }, { code: 1, signal: null }, out);
	for (const pattern of patterns)
		assert.match(out, pattern);
	assert.ok(before.equals(fs.readFileSync(w.database)), 'the file is untouched');
	const cgi = await w.cgi('GET', '/api/chat/unread/count', { headers: { 'X-Wallet-Address': 'alice' } });
	assert.equal(cgi.status, 503, cgi.body);
	assert.ok(before.equals(fs.readFileSync(w.database)), 'the file is untouched by the other program too');
}

promise('a file that is no database is a clear line, exit 1, and untouched', { daemon: false }, async (w) => {
	w.file('chat.db', 'This is a letter to my bank.\n'.repeat(400));
	await refusesToStart(w, /chat\.db/, /database/);
});

promise('a foreign database is a clear line, exit 1, and untouched', { daemon: false }, async (w) => {
	await w.sqlite('CREATE TABLE accounts(id, money); INSERT INTO accounts VALUES(1, 1000);');
	await refusesToStart(w, /chat\.db/);
});

promise('a newer schema is a clear line, exit 1, and untouched', { daemon: false }, async (w) => {
	await w.escrow('42', ROOM);
	await w.sqlite('PRAGMA user_version = 999; PRAGMA wal_checkpoint(TRUNCATE);');
	await refusesToStart(w, /chat\.db/, /999/);
});

promise('a database of another class of authentication is refused', { daemon: false }, async (w) => {
	await w.escrow('42', ROOM);
	await w.sqlite(`UPDATE meta SET value = 'closed' WHERE key = 'auth_class'; PRAGMA wal_checkpoint(TRUNCATE);`);
	await refusesToStart(w, /open/);
});

promise('a second daemon of one database exits 1 and names the first', async (w) => {
	const { code, out } = await w.failingDaemon();
	assert.equal(code, 1);
	assert.match(out, new RegExp(`\\b${w.daemon.pid}\\b`));
	await w.escrow('42', ROOM);
	const alice = await w.client('alice');
	await alice.send('42', 'the first one goes on');
});

promise('after SIGKILL the next daemon starts at once', async (w) => {
	await w.daemon.kill();
	await w.startDaemon();
	assert.equal((await request(w.target, { path: '/health' })).status, 200);
});

promise('a directory that others can write to is refused', { daemon: false }, async (w) => {
	fs.chmodSync(w.dir, 0o777);
	const { code, out } = await w.failingDaemon();
	fs.chmodSync(w.dir, 0o700);
	assert.equal(code, 1, out);
	assert.match(out, /chmod|director/);
});

promise('a listener that cannot be had is a clear line and an exit', async (w) => {
	const { code, out } = await w.failingDaemon(['--database', w.path('other.db'), '--listen', `127.0.0.1:${w.target.port}`]);
	assert.ok(code === 1 || code === 2, out);
	assert.match(out, new RegExp(`127\\.0\\.0\\.1:${w.target.port}`));
});

promise('clients that break in every way leave the daemon as it was', async (w) => {
	await w.escrow('42', ROOM);
	for (let i = 0; i < 50; i++) {
		const client = await w.client('alice');
		client.say('subscribe_escrow', '42');
		client.say('typing_start', { escrowId: '42' });
		client.say('chat_message', { escrowId: '42', content: `bye ${i}` });
		client.ws.write(Buffer.from([0x81, 0xfe, 0x10]));
		await client.lose();
	}
	await w.connections(0);
	const bob = await w.client('bob');
	assert.equal((await bob.subscribe('42')).ok, true);
});
