// SPDX-License-Identifier: ISC
// openapi.test.mjs - GET /api/openapi.json says what the program does: a validator and a linter
// accept it, its examples are good, a client made of it works, and each answer that the program
// gives is one that it describes.

import assert from 'node:assert/strict';

import { ask } from './lib/fastcgi.mjs';
import { request } from './lib/http.mjs';
import { load, loadModule, locate } from './lib/modules.mjs';
import { Description } from './lib/openapi.mjs';
import { run } from './lib/process.mjs';
import { bearer, newWallet } from './lib/wallets.mjs';
import { promise } from './lib/world.mjs';

const { Validator } = await loadModule('@seriousme/openapi-schema-validator');
const OpenAPIClientAxios = load('openapi-client-axios').default;
const ROOM = { alice: 'client', bob: 'freelancer', olga: 'observer' };
const EVENT = { event: 'escrow:update', data: { status: 'FUNDED' } };

/** escrowchat.fcgi alone, and a function that asks it: alice, or who else is named. */
async function start(w) {
	const socket = w.path('fcgi.sock');
	await w.startFcgi(socket);
	await w.escrow('42', ROOM);
	const document = await ask(socket, { path: '/api/openapi.json' });
	assert.equal(document.status, 200);
	const description = new Description(document.json);
	const call = (who) => async (id, path = {}, body = undefined, more = {}) => {
		const o = description.operation(id);
		assert.ok(o, `${id} is described`);
		const { query = '', headers = {}, params } = more;
		const where = o.pattern.replace(/\{(\w+)\}/, (_, name) => encodeURIComponent(path[name] ?? '42')) + query;
		const identity = who === 'platform' ? { 'X-Service-Key': id === 'authPostRevoke' ? w.sessionsKey : w.key } : who === null ? {} : { 'X-Wallet-Address': who };
		const answer = await ask(socket, { method: o.method, path: where, headers: { ...identity, ...headers }, body, params });
		assert.equal(description.fault(id, answer), undefined);
		return answer;
	};
	return { description, document: document.json, call };
}

/** Each route asked for all that it gives. The document names the routes: one that is not here
 * fails the test. */
const EXAMPLES = {
	chatPostSend: async (as) => {
		await as('alice')('chatPostSend', {}, { content: 'crème brûlée', clientMsgId: 'c1' });
		await as('alice')('chatPostSend', {}, { content: 'crème brûlée', clientMsgId: 'c1' });
		await as('alice')('chatPostSend', {}, { content: 'other', clientMsgId: 'c1' });
	},
	chatGetHistory: async (as, w) => {
		const page = await as('bob')('chatGetHistory', {}, undefined, { query: '?limit=1' });
		await as('bob')('chatGetHistory', {}, undefined, { headers: { 'If-None-Match': page.headers.etag } });
		await as('bob')('chatGetHistory', {}, undefined, { query: '?before=no-such' });
	},
	searchGet: async (as) => {
		const { json } = await as('bob')('searchGet', {}, undefined, { query: '?q=creme+br%C3%BBl*&escrowId=42&limit=1' });
		assert.equal(json.count, 1);
		await as('bob')('searchGet', {}, undefined, { query: '?q=x&before=no-such' });
	},
	exportGet: async (as) => {
		for (const format of ['json', 'ndjson', 'html'])
			assert.equal((await as('bob')('exportGet', {}, undefined, { query: `?format=${format}` })).status, 200);
	},
	chatPutRead: async (as) => {
		const { json } = await as('alice')('chatPostSend', {}, { content: 'to be read' });
		await as('bob')('chatPutRead', { messageId: json.message.id });
		await as('bob')('chatPutRead', { messageId: 'no-such' });
	},
	chatPutReadUpTo: async (as) => {
		const { json } = await as('alice')('chatPostSend', {}, { content: 'to be read' });
		await as('bob')('chatPutReadUpTo', {}, { messageId: json.message.id });
		await as('bob')('chatPutReadUpTo', {}, { messageId: 'no-such' });
	},
	chatGetUnread: (as) => as('olga')('chatGetUnread').then(({ headers }) => as('olga')('chatGetUnread', {}, undefined, { headers: { 'If-None-Match': headers.etag } })),
	chatGetUnreadCount: (as) => as('olga')('chatGetUnreadCount'),
	escrowsGet: (as) => as('olga')('escrowsGet').then(({ headers }) => as('olga')('escrowsGet', {}, undefined, { headers: { 'If-None-Match': headers.etag } })),
	escrowGet: async (as) => {
		await as('platform')('escrowGet');
		await as('platform')('escrowGet', { id: 'no-such' });
		const { headers } = await as('olga')('escrowGet');
		await as('olga')('escrowGet', {}, undefined, { headers: { 'If-None-Match': headers.etag } });
	},
	escrowPut: async (as) => {
		const body = { title: 'T', status: 'FUNDED', participants: [{ walletAddress: 'alice', role: 'client' }] };
		await as('platform')('escrowPut', { id: 'new' }, body);
		await as('platform')('escrowPut', { id: 'new' }, body);
	},
	publishEvent: (as) => as('platform')('publishEvent', {}, EVENT),
	publishNotification: (as) => as('platform')('publishNotification', { walletAddress: 'alice' }, { type: 't', title: 'T', message: 'M', more: [1] }),
	publishList: async (as) => {
		await as('platform')('publishList', {}, [{ escrowId: '42', ...EVENT }, { walletAddress: 'alice', ...EVENT }, { topic: 'escrow_42', ...EVENT, durable: false }]);
		await as('platform')('publishList', {}, [{ escrowId: '42', event: 'connect', data: {} }]);
	},
	healthGet: (as) => as(null)('healthGet'),
	docsGet: (as) => as(null)('docsGet').then(({ headers }) => as(null)('docsGet', {}, undefined, { headers: { 'If-None-Match': headers.etag } })),
	openapiGet: (as) => as(null)('openapiGet').then(({ headers }) => as(null)('openapiGet', {}, undefined, { headers: { 'If-None-Match': headers.etag } })),
	asyncapiGet: (as) => as(null)('asyncapiGet').then(({ headers }) => as(null)('asyncapiGet', {}, undefined, { headers: { 'If-None-Match': headers.etag } })),
};

/** Returns the described answers of success that were not seen. */
function neverGiven(description, isWanted) {
	const good = description.operations.flatMap((o) => Object.keys(o.responses).filter((s) => s < '400').map((s) => [o.operationId, s]));
	return good.filter(([id]) => isWanted(id)).map((one) => one.join(' ')).filter((one) => !description.seen.has(one));
}

const PAGE = 'http://localhost:5173'; // the default of frontend_url

/** Asks each route of signing in, which exists only with auth = wallet. */
async function signIn(as, w) {
	const wallet = newWallet(), anyone = as(null);
	const { json: { message } } = await anyone('authPostChallenge', {}, { walletAddress: wallet.address });
	const { json: { token } } = await anyone('authPostVerify', {}, { walletAddress: wallet.address, message, signature: wallet.sign(message) });
	await anyone('authPostVerify', {}, { walletAddress: wallet.address, message, signature: wallet.sign(message) });
	await anyone('authPostCookie', {}, undefined, { headers: { ...bearer(token), Origin: PAGE } });
	await anyone('authPostLogout', {}, undefined, { headers: bearer(token) });
	await anyone('authPostRevoke', {}, { walletAddress: wallet.address }, { headers: { 'X-Service-Key': w.sessionsKey } });
}

promise('a validator accepts the document', { daemon: false }, async (w) => {
	const { document } = await start(w);
	const { valid, errors } = await new Validator().validate(document);
	assert.ok(valid, JSON.stringify(errors));
	assert.equal(document.openapi, '3.1.0');
	const broken = structuredClone(document);
	delete broken.paths['/api/health'].get.responses['200'].description;
	assert.equal((await new Validator().validate(broken)).valid, false, 'it would say so');
});

/** What spectral says of a document, every severity included: a list of {code, path, message}. */
async function lint(w, document) {
	const cli = locate('@stoplight/spectral-cli', 'dist/index.js');
	const rules = w.file('rules.json', JSON.stringify({ extends: ['spectral:oas'] }));
	const args = ['lint', '--quiet', '--format', 'json', '--fail-severity', 'hint', '--ruleset', rules, w.file('openapi.json', JSON.stringify(document))];
	const { code, out } = await run(process.execPath, [cli, ...args]);
	const found = JSON.parse(out.trim());
	assert.equal(code, found.length ? 1 : 0, out);
	return found.map(({ code: rule, path, message }) => ({ rule, path: path.join(' '), message }));
}

promise('a linter finds nothing to say of the document', { daemon: false }, async (w) => {
	const { document } = await start(w);
	assert.deepEqual(await lint(w, document), []);
	const worse = structuredClone(document);
	delete worse.paths['/api/health'].get.tags;
	assert.deepEqual((await lint(w, worse)).map(({ rule }) => rule), ['operation-tags'], 'it would say so');
});

promise('every answer, body, parameter, header and type has an example, and each is of its type', { daemon: false }, async (w) => {
	const { description, document } = await start(w);
	assert.deepEqual(description.faultsOfExamples(), []);
	const worse = structuredClone(document);
	worse.components.schemas.Role.examples = ['king'];
	delete worse.paths['/api/escrows'].get.responses['200'].content['application/json'].example;
	assert.deepEqual(new Description(worse).faultsOfExamples().map((f) => f.split(':')[0]), ['escrowsGet 200 application/json', 'Role'], 'it would say so');
});

promise('every operation, parameter, answer, type and tag is described in sentences', { daemon: false }, async (w) => {
	const { description: { operations }, document } = await start(w);
	const texts = [['info', document.info.description]];
	for (const o of operations) {
		texts.push([o.operationId, o.description], ...o.parameters.map((p) => [`${o.operationId} ${p.name}`, p.description]));
		texts.push(...Object.entries(o.responses).filter(([, r]) => !r.$ref).map(([status, r]) => [`${o.operationId} ${status}`, r.description]));
		assert.match(o.summary, /^[A-Z].{3,40}[^.]$/, o.operationId);
	}
	for (const kind of ['schemas', 'responses', 'securitySchemes'])
		texts.push(...Object.entries(document.components[kind]).map(([name, one]) => [name, one.description]));
	texts.push(...document.tags.map((t) => [t.name, t.description]));
	assert.deepEqual(texts.filter(([, text]) => !/^[A-Z`].*\.$/.test(text)), []);
	assert.equal(new Set(operations.map((o) => o.summary)).size, operations.length, 'no two have the same summary');
});

promise('every route gives what is described, and all of it', { daemon: false }, async (w) => {
	const { description, call } = await start(w);
	for (const [id, example] of Object.entries(EXAMPLES))
		await example(call, w).catch((error) => assert.fail(`${id}: ${error.message}`));
	assert.deepEqual(neverGiven(description, (id) => !id.startsWith('auth')), []);
	assert.ok(description.seen.has('chatPostSend 422') && description.seen.has('chatGetHistory 404'));
});

promise('every route of signing in gives what is described, and all of it', { daemon: false, config: { auth: 'wallet' } }, async (w) => {
	const { description, call } = await start(w);
	await signIn(call, w);
	assert.deepEqual(neverGiven(description, (id) => id.startsWith('auth')), []);
});

promise('every route refuses as described', { daemon: false }, async (w) => {
	const { description, call } = await start(w);
	for (const o of description.operations) {
		const id = o.operationId, who = o.security.length === 0 ? null : o.security[0].serviceKey ? 'platform' : 'alice';
		const body = o.requestBody?.required ? (o.requestBody.content['application/x-ndjson'] ? [] : {}) : undefined;
		const status = async (wanted, whom, text, more) => assert.equal((await call(whom)(id, {}, text, more)).status, wanted, id);
		await status(414, who, body, { query: `?x=${'y'.repeat(9000)}` });
		await status(431, who, body, { headers: { 'X-Long': 'y'.repeat(17000) } });
		await status(400, who, body, { query: '?x=%ff%' });
		await status(406, who, body, { headers: { Accept: 'image/png' } });
		if (who !== null)
			await status(401, null, body);
		if (!body)
			continue;
		await status(411, who, undefined);
		await status(413, who, '', { params: { CONTENT_LENGTH: 3000000 } });
		await status(415, who, '{}', { headers: { 'Content-Type': 'text/plain' } });
		await status(400, who, '{');
	}
	const lock = await w.lockDatabase();
	assert.equal((await call('alice')('chatPostSend', {}, { content: 'x' })).status, 503);
	await lock.release();
});

promise('a client made of the document works', { web: true }, async (w) => {
	await w.escrow('42', ROOM);
	const { json } = await request(w.web, { path: '/api/openapi.json' });
	const client = await new OpenAPIClientAxios({ definition: json, axiosConfigDefaults: { baseURL: `http://127.0.0.1:${w.web.port}`, proxy: false } }).init();
	client.defaults.headers['X-Wallet-Address'] = 'alice';
	const sent = await client.chatPostSend({ escrowId: '42' }, { content: 'by a generated client' });
	assert.equal(sent.status, 201);
	const page = await client.chatGetHistory({ escrowId: '42', limit: 1 });
	assert.deepEqual(page.data.messages, [sent.data.message]);
	const refused = await client.chatGetHistory({ escrowId: 'no-such' }).catch((error) => error.response);
	assert.deepEqual([refused.status, refused.data.code], [403, 'not_participant']);
});
