// SPDX-License-Identifier: ISC
// cgi.test.mjs - escrowchat.fcgi started as a plain CGI program answers one request; started as
// nothing, it says how.

import assert from 'node:assert/strict';

import { run } from './lib/process.mjs';
import { FCGI, promise } from './lib/world.mjs';

const ALICE = { headers: { 'X-Wallet-Address': 'alice' } };

promise('a message by CGI arrives at WebSockets', async (w) => {
	await w.escrow('42', { alice: 'client', bob: 'freelancer' });
	const bob = await w.client('bob');
	await bob.subscribe('42');
	const answer = await w.cgi('POST', '/api/chat/42/send', { ...ALICE, body: { content: 'by CGI' } });
	assert.equal(answer.status, 201, answer.body);
	assert.equal(answer.code, 0);
	assert.equal(answer.headers['content-length'], String(Buffer.byteLength(answer.body)));
	assert.deepEqual((await bob.message('by CGI')).data, answer.json.message);
	const page = await w.cgi('GET', '/api/chat/42/history?limit=1', ALICE);
	assert.deepEqual(page.json.messages, [answer.json.message]);
});

promise('it works without a daemon, and the daemon finds what was stored', { daemon: false }, async (w) => {
	await w.escrow('42', { alice: 'client', bob: 'freelancer' });
	const { json } = await w.cgi('POST', '/api/chat/42/send', { ...ALICE, body: { content: 'early' } });
	const { cursor } = (await w.cgi('GET', '/api/chat/42/history', ALICE)).json;
	await w.cgi('POST', '/api/chat/42/send', { ...ALICE, body: { content: 'later' } });
	await w.startDaemon();
	const bob = await w.client('bob');
	await bob.subscribe('42', cursor);
	assert.deepEqual(bob.all('chat_message').map((m) => m.data.content), ['later']);
	assert.deepEqual((await bob.ok('history', { escrowId: '42' })).messages[0], json.message);
});

promise('arguments of a CGI program are not options', { daemon: false }, async (w) => {
	const answer = await w.cgi('GET', '/api/health?--help', { args: ['--help', '--config', '/nonexistent', '--listen', 'x'] });
	assert.equal(answer.status, 200);
});

promise('a body is believed only when it ends where it says', { daemon: false }, async (w) => {
	await w.escrow('42', { alice: 'client' });
	const send = (length, body = '{"content":"x"}') => w.cgi('POST', '/api/chat/42/send', { ...ALICE, body, env: { CONTENT_LENGTH: length } });
	assert.equal((await send('16')).status, 400, 'shorter');
	assert.equal((await send('14')).status, 400, 'longer');
	assert.equal((await send('-1')).status, 400);
	assert.equal((await send('1e3')).status, 400);
	assert.equal((await send('99999999999')).status, 413);
	assert.equal((await send('')).status, 411);
	assert.equal((await send('15')).status, 201);
});

promise('a prefix is cut from the path', { daemon: false, config: { url_prefix: '/chat' } }, async (w) => {
	assert.equal((await w.cgi('GET', '/chat/api/health')).status, 200);
	assert.equal((await w.cgi('GET', '/api/health')).status, 404);
	assert.equal((await w.cgi('GET', '/chatter/api/health')).status, 404);
});

promise('a wrong configuration is a line on stderr and 503 for the client', { daemon: false }, async (w) => {
	w.configure({ auth: 'nonsense' });
	const answer = await w.cgi('GET', '/api/health');
	assert.equal(answer.status, 503);
	assert.equal(answer.code, 2);
});

promise('started as nothing at all it prints its usage', { daemon: false }, async (w) => {
	for (const args of [[], ['--config', w.configFile]]) {
		const { code, out } = await run(FCGI, args);
		assert.equal(code, 2, out);
		assert.match(out, /usage|--listen/);
	}
});

promise('a stop ends the FastCGI program well', { web: true, daemon: false }, async (w) => {
	assert.equal((await w.rest('alice', 'GET', '/api/chat/unread/count')).status, 200);
	assert.deepEqual(await w.fcgi.stop(), { code: 0, signal: null });
});
