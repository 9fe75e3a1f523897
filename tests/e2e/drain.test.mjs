// SPDX-License-Identifier: ISC
// drain.test.mjs - SIGTERM: clients are told, accepted messages are stored, the WAL is emptied,
// exit 0.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';

import { emit } from './lib/stream.mjs';
import { promise } from './lib/world.mjs';
import { within } from './lib/wait.mjs';

const ROOM = { alice: 'client', bob: 'freelancer' };

promise('clients are closed with 1001, and the daemon exits 0', async (w) => {
	const clients = [await w.client('alice'), await w.client('bob')];
	const exit = w.daemon.stop();
	for (const c of clients)
		assert.equal((await within(c.ws.closed.promise, 'a close')).code, 1001);
	assert.deepEqual(await exit, { code: 0, signal: null });
});

promise('SIGINT is a stop too', async (w) => {
	assert.deepEqual(await w.daemon.stop('SIGINT'), { code: 0, signal: null });
});

promise('what was acknowledged around a stop is stored, and the log file is emptied', async (w) => {
	await w.escrow('42', ROOM);
	const alice = await w.client('alice');
	await alice.subscribe('42');
	const asked = Array.from({ length: 500 }, (_, i) => alice.ask('chat_message', { escrowId: '42', content: `m${i}` }).catch(() => null));
	await alice.message('m0');
	const exit = await w.daemon.stop();
	assert.equal(exit.code, 0);
	const acknowledged = (await Promise.all(asked)).filter((a) => a?.ok).map((a) => a.message.content);
	const wal = `${w.database}-wal`;
	assert.ok(!fs.existsSync(wal) || fs.statSync(wal).size === 0, 'the log file is empty');
	const stored = (await w.sqlite('SELECT content FROM messages ORDER BY id;')).split('\n');
	assert.deepEqual(stored.slice(0, acknowledged.length), acknowledged);
	assert.ok(acknowledged.length > 0);
	assert.equal(new Set(stored).size, stored.length);
});

promise('a request that comes around a stop is answered, or was not executed', async (w) => {
	await w.escrow('42', ROOM);
	const waiting = net.connect({ host: '127.0.0.1', port: w.target.port });
	await once(waiting, 'connect');
	const asked = Array.from({ length: 200 }, (_, i) => emit(w.target, 'alice', 'chat_message', { escrowId: '42', content: `m${i}` })
		.then((a) => ({ content: `m${i}`, isGood: a.status === 200 && a.json.ok }), () => ({ content: `m${i}`, isGood: false })));
	await Promise.race(asked);
	const exit = w.daemon.stop();
	await w.daemon.line(/daemon: stopping/);
	const body = JSON.stringify({ event: 'chat_message', data: { escrowId: '42', content: 'late' } });
	waiting.write(`POST /emit HTTP/1.1\r\nHost: localhost\r\nX-Wallet-Address: alice\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
	const [said] = await once(waiting, 'data');
	assert.match(String(said), /^HTTP\/1\.1 200 [^]*"ok":true/, 'who had connected before');
	waiting.destroy();
	assert.equal((await exit).code, 0);
	const stored = new Set((await w.sqlite('SELECT content FROM messages;')).split('\n'));
	const all = await Promise.all(asked);
	assert.deepEqual(all.filter((a) => a.isGood !== stored.has(a.content)), []);
	assert.ok(stored.has('late'));
});

promise('a client that does not answer the close is not waited for', async (w) => {
	const alice = await w.client('alice');
	alice.ws.pause();
	assert.equal((await w.daemon.stop()).code, 0);
});

promise('sockets and the bell are gone after a stop, and the next start is clean', async (w) => {
	await w.daemon.stop();
	assert.equal(fs.existsSync(w.path('daemon.sock')), false);
	assert.equal(fs.existsSync(`${w.database}.bell`), false);
	await w.startDaemon();
	const alice = await w.client('alice');
	assert.equal(alice.hello.walletAddress, 'alice');
});
