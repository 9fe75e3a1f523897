// SPDX-License-Identifier: ISC
// badinput.test.mjs - requests that no client should send: each has its JSON answer, and the
// program goes on as before. No web server stands between, as it would correct or refuse some of
// them itself. The same requests go to the CGI program.

import assert from 'node:assert/strict';

import { ask } from './lib/fastcgi.mjs';
import { promise } from './lib/world.mjs';

const ROOM = { alice: 'client', bob: 'freelancer', olga: 'observer' };
const ALICE = { 'X-Wallet-Address': 'alice' };
const SEND = '/api/chat/42/send', HISTORY = '/api/chat/42/history';
const text = (...bytes) => Buffer.concat([Buffer.from('{"content":"'), Buffer.from(bytes), Buffer.from('"}')]);

function refused(answer, status, code, what) {
	assert.equal(answer.status, status, `${what}: ${answer.body}`);
	assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8', what);
	assert.equal(answer.json?.success, false, what);
	assert.equal(answer.json.code, code, what);
	assert.match(answer.json.error, /^[A-Z].*\.$|^[a-zA-Z]+: .*\.$/, what);
	if (answer.status !== 503)
		assert.equal(answer.headers['retry-after'], undefined, what);
}

const BODIES = [
	['nothing', '', 400, 'bad_request'],
	['no JSON', 'content=x', 400, 'bad_request'],
	['a cut-off object', '{"content":"x"', 400, 'bad_request'],
	['single quotes', "{'content':'x'}", 400, 'bad_request'],
	['NaN', '{"content":NaN}', 400, 'bad_request'],
	['a comment', '{"content":"x"/**/}', 400, 'bad_request'],
	['a comma too many', '{"content":"x",}', 400, 'bad_request'],
	['two values', '{"content":"x"}{}', 400, 'bad_request'],
	['a byte order mark', '\ufeff{"content":"x"}', 400, 'bad_request'],
	['a list', '[{"content":"x"}]', 400, 'bad_request'],
	['a string', '"x"', 400, 'bad_request'],
	['null', 'null', 400, 'bad_request'],
	['U+0000 in a name', '{"content":"x","a\\u0000b":1}', 400, 'bad_request'],
	['too deep', `{"content":"x","more":${'['.repeat(40)}${']'.repeat(40)}}`, 400, 'bad_request'],
	['much too deep', `{"content":"x","more":${'['.repeat(100000)}${']'.repeat(100000)}}`, 400, 'bad_request'],
	['too long', `{"content":"x","more":"${'y'.repeat(300000)}"}`, 413, 'too_long'],
	['a message too long', `{"content":"${'\u{1f600}'.repeat(5001)}"}`, 413, 'too_long'],
	['an empty message', '{"content":" \\n\\u2003"}', 400, 'empty'],
	['no content', '{}', 400, 'bad_request'],
	['content that is no string', '{"content":["x"]}', 400, 'bad_request'],
	['a raw control character', text(0x0a), 400, 'bad_request'],
	['a raw NUL', text(0x00), 400, 'bad_request'],
	['a lone continuation byte', text(0x80), 400, 'bad_request'],
	['a cut-off character', text(0xe2, 0x82), 400, 'bad_request'],
	['an overlong form', text(0xc0, 0xaf), 400, 'bad_request'],
	['a surrogate in UTF-8', text(0xed, 0xa0, 0x80), 400, 'bad_request'],
	['beyond Unicode', text(0xf4, 0x90, 0x80, 0x80), 400, 'bad_request'],
	['UTF-16', Buffer.from('{"content":"x"}', 'utf16le'), 400, 'bad_request'],
];

const PATHS = [
	['a slash in a segment', '/api/chat/a%2Fb/history', 400],
	['a NUL in a segment', '/api/chat/a%00b/history', 400],
	['a line break in a segment', '/api/chat/a%0Ab/history', 400],
	['no UTF-8 in a segment', '/api/chat/%ff%fe/history', 400],
	['an overlong slash in a segment', '/api/chat/%c0%af/history', 400],
	['a surrogate in a segment', '/api/chat/%ed%a0%80/history', 400],
	['a bidi override in a segment', '/api/chat/%e2%80%ae/history', 400],
	['half an escape', '/api/chat/42%4/history', 400],
	['no hex in an escape', '/api/chat/%zz/history', 400],
	['a segment too long', `/api/chat/${'a'.repeat(129)}/history`, 400],
	['an escaped dot segment', '/api/chat/%2e%2e/history', 404],
	['a dot segment', '/api/chat/../chat/42/history', 404],
	['an escape that is not needed', '/api/%63hat/42/history', 404],
	['an empty segment', '/api//chat/42/history', 404],
	['no UTF-8 in the query', '/api/chat/42/history?before=%ff', 404],
	['no UTF-8 in what is looked for', '/api/chat/search?q=%ff', 400],
	['a NUL in the query', '/api/chat/42/history?limit=1%00', 400],
	['half an escape in the query', '/api/chat/42/history?limit=%', 400],
	['too many parts in the query', `/api/chat/42/history?${'a=1&'.repeat(40)}`, 400],
	['a query too long', `/api/chat/42/history?x=${'y'.repeat(9000)}`, 414],
	['no path', '', 400],
	['a path without a slash', 'api/chat/42/history', 404],
	['an asterisk', '*', 404],
];

async function start(w) {
	const socket = w.path('fcgi.sock');
	await w.startFcgi(socket);
	await w.escrow('42', ROOM);
	return (request, options) => ask(socket, { ...request, headers: { ...ALICE, ...request.headers } }, options);
}

const stored = async (w) => Number((await w.sqlite('SELECT count(*) FROM messages;')).trim());

promise('bodies that are none', { daemon: false }, async (w) => {
	const go = await start(w);
	for (const [what, body, status, code] of BODIES)
		refused(await go({ method: 'POST', path: SEND, body }), status, code, what);
	assert.equal(await stored(w), 0, 'nothing of it was stored');
	assert.equal((await go({ method: 'POST', path: SEND, body: { content: 'and on' } })).status, 201);
});

promise('bodies of the platform that are none', { daemon: false }, async (w) => {
	const go = await start(w);
	const platform = (method, path, body, headers = {}) => go({ method, path, body, headers: { 'X-Wallet-Address': '', 'X-Service-Key': w.key, ...headers } });
	const list = (body, type = 'application/json') => platform('POST', '/api/publish', body, { 'Content-Type': type });
	for (const body of ['{}', '[', '[]', '[1]', '[{}]', `[${'['.repeat(50)}${']'.repeat(50)}]`, '[{"escrowId":"42","event":"x","data":{"a\\u0000b":1}}]'])
		refused(await list(body), 400, 'bad_request', body);
	for (const body of ['', '\n\n', '{}\n', '{"escrowId":"42","event":"x","data":{}}\nnonsense\n', '{"escrowId":"42","event":"x","data":{}}\r{"x":1}'])
		refused(await list(body, 'application/x-ndjson'), 400, 'bad_request', body);
	refused(await list(JSON.stringify(Array(1001).fill({ escrowId: '42', event: 'x', data: {} }))), 413, 'too_long', 'a list too long');
	refused(await list('[]', 'text/csv'), 415, 'bad_request', 'another type');
	for (const path of ['/api/escrows/a%2Fb', '/api/escrows/%00', '/api/escrows/%ff'])
		refused(await platform('PUT', path, { title: 'T', participants: [] }), 400, 'bad_request', path);
	for (const path of ['/api/users/a%2Fb/notifications', '/api/users/%00/notifications', '/api/users/%ff/notifications'])
		refused(await platform('POST', path, { type: 't', title: 'T', message: 'M' }), 400, 'bad_request', path);
});

promise('paths and queries that are none', { daemon: false }, async (w) => {
	const go = await start(w);
	for (const [what, path, status] of PATHS)
		refused(await go({ path }), status, { 404: 'not_found', 414: 'too_long' }[status] ?? 'bad_request', what);
});

promise('methods that a route, or HTTP, does not know', { daemon: false }, async (w) => {
	const go = await start(w);
	for (const method of ['DELETE', 'PATCH', 'BREW', 'get', 'TRACE', 'CONNECT', 'M-SEARCH', 'G\u00c9T', 'X'.repeat(3000), 'POST']) {
		const answer = await go({ method, path: HISTORY });
		refused(answer, 405, 'bad_request', method);
		assert.equal(answer.headers.allow, 'GET, HEAD, OPTIONS', method);
	}
	refused(await go({ method: 'BREW', path: '/api/nothing' }), 404, 'not_found', 'where nothing is');
});

promise('a form of the answer that there is none of', { daemon: false }, async (w) => {
	const go = await start(w);
	for (const accept of ['text/html', 'image/*', 'application/json;q=0', 'application/xml, text/plain;q=0.5', '*/*;q=0']) {
		refused(await go({ path: HISTORY, headers: { Accept: accept } }), 406, 'bad_request', accept);
		refused(await go({ method: 'POST', path: SEND, body: { content: 'x' }, headers: { Accept: accept } }), 406, 'bad_request', accept);
	}
	assert.equal(await stored(w), 0);
	for (const accept of ['*/*', 'application/*', 'text/html, application/json;q=0.1', 'nonsense', ''])
		assert.equal((await go({ path: HISTORY, headers: { Accept: accept } })).status, 200, accept);
});

promise('a CONTENT_LENGTH that lies', { daemon: false }, async (w) => {
	const go = await start(w);
	const body = '{"content":"x"}';
	const send = (length, options) => go({ method: 'POST', path: SEND, body, params: { CONTENT_LENGTH: length } }, options);
	refused(await send(body.length + 1), 400, 'bad_request', 'more than comes');
	refused(await send(body.length - 1), 400, 'bad_request', 'less than comes');
	refused(await send(0), 400, 'bad_request', 'none, and something comes');
	refused(await send(undefined), 411, 'bad_request', 'not told');
	for (const length of ['x', '-1', '1.5', '0x0f', '15, 15', '99999999999999999999999', '15 15'])
		refused(await send(length), 400, 'bad_request', length);
	refused(await send(300000), 413, 'too_long', 'too much is told');
	refused(await go({ method: 'PUT', path: '/api/chat/no-such/read', body, params: { CONTENT_LENGTH: 7 } }), 400, 'bad_request', 'where a body may be absent');
	assert.equal(await stored(w), 0);
	assert.equal((await send(body.length)).status, 201);
});

promise('a body that never arrives', { daemon: false }, async (w) => {
	const go = await start(w);
	const slow = go({ method: 'POST', path: SEND, body: '{"content":', params: { CONTENT_LENGTH: 15 } }, { open: true });
	assert.equal((await go({ path: HISTORY })).status, 200, 'others are served meanwhile');
	refused(await slow, 408, 'bad_request', 'it is given up');
	assert.equal(await stored(w), 0);
});

promise('the same by CGI', async (w) => {
	await w.escrow('42', ROOM);
	const go = (method, path, more = {}) => w.cgi(method, path, { headers: ALICE, ...more });
	for (const [what, path, status] of PATHS.filter(([, p]) => !p.includes('\0')))
		refused(await go('GET', path), status, { 404: 'not_found', 414: 'too_long' }[status] ?? 'bad_request', what);
	for (const body of ['{', '[]', '{"content":"x","a\\u0000":1}'])
		refused(await go('POST', SEND, { body }), 400, 'bad_request', body);
	refused(await go('POST', SEND, { body: '{"content":"x"}', env: { CONTENT_LENGTH: '99' } }), 400, 'bad_request', 'a length that lies');
	refused(await go('POST', SEND, { body: '{"content":"x"}', env: { CONTENT_LENGTH: 'x' } }), 400, 'bad_request', 'no length');
	refused(await go('BREW', HISTORY), 405, 'bad_request', 'a method');
	refused(await go('GET', HISTORY, { headers: { ...ALICE, Accept: 'text/html' } }), 406, 'bad_request', 'Accept');
});
