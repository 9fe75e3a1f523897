// SPDX-License-Identifier: ISC
// unix.test.mjs - listening on Unix sockets, and the modes of every file beside the database.

import assert from 'node:assert/strict';
import fs from 'node:fs';

import { request } from './lib/http.mjs';
import { promise } from './lib/world.mjs';

const mode = (path) => (fs.statSync(path).mode & 0o777).toString(8);

promise('a Unix socket has its mode, and chat works over it', { daemon: false, config: { socket_mode: '0640' } }, async (w) => {
	await w.startDaemon(['--listen', `unix:${w.path('chat.sock')}`]);
	assert.equal(mode(w.path('chat.sock')), '640');
	await w.escrow('42', { alice: 'client' });
	const alice = await w.client('alice');
	await alice.subscribe('42');
	await alice.send('42', 'over a Unix socket');
	await alice.message('over a Unix socket');
	assert.equal((await request(w.target, { path: '/health' })).status, 200);
});

promise('the socket that a killed daemon left behind is replaced, a live one is not', { daemon: false }, async (w) => {
	const args = ['--listen', `unix:${w.path('chat.sock')}`];
	await w.startDaemon(args);
	const { code, out } = await w.failingDaemon([...args, '--database', w.path('other.db')]);
	assert.ok(code === 1 || code === 2, out);
	assert.match(out, /chat\.sock/);
	assert.equal((await request(w.target, { path: '/health' })).status, 200);
	await w.daemon.kill();
	assert.ok(fs.existsSync(w.path('chat.sock')));
	await w.startDaemon(args);
	assert.equal((await request(w.target, { path: '/health' })).status, 200);
	fs.writeFileSync(w.path('a-file'), 'mine');
	assert.notEqual((await w.failingDaemon(['--database', w.path('other.db'), '--listen', `unix:${w.path('a-file')}`])).code, 0);
	assert.equal(fs.readFileSync(w.path('a-file'), 'utf8'), 'mine', 'what is no socket is not removed');
});

promise('database, log, shared memory and bell have database_mode, whoever makes them', { daemon: false, config: { database_mode: '0640' } }, async (w) => {
	await w.escrow('42', { alice: 'client' });
	assert.equal(mode(w.database), '640');
	await w.startDaemon();
	const alice = await w.client('alice');
	await alice.send('42', 'x');
	for (const name of ['', '-wal', '-shm', '.bell'])
		assert.equal(mode(w.database + name), '640', name);
});

promise('a path that is too long for a socket is an error at the start', { daemon: false }, async (w) => {
	const { code, out } = await w.failingDaemon(['--listen', `unix:${w.path('x'.repeat(120))}`]);
	assert.ok(code === 1 || code === 2, out);
	assert.match(out, /unix:/);
});
