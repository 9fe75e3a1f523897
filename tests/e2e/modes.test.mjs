// SPDX-License-Identifier: ISC
// modes.test.mjs - auth = jwt, the platform's tokens, and auth = proxy, whom the web server names.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fs from 'node:fs';

import { connected, Polling, Sock } from './lib/engineio.mjs';
import { answers, raw, request } from './lib/http.mjs';
import { bearer, claims, makers, now, token, useKeys } from './lib/jose.mjs';
import { run } from './lib/process.mjs';
import { EventStream, emit, poll, StreamRefused } from './lib/stream.mjs';
import { until, within } from './lib/wait.mjs';
import { DAEMON, FCGI, freePort, promise } from './lib/world.mjs';
import { Refused } from './lib/ws.mjs';

const MANUAL = { web: true, daemon: false, config: { auth: 'wallet' } };

/** Both programs with those keys, and an escrow of alice and bob. */
async function serve(w, keys, more) {
	useKeys(w, keys, more);
	await w.fcgi.stop();
	await w.startFcgi();
	await w.startDaemon();
	await w.escrow('42', { alice: 'client', bob: 'freelancer' });
}

const rest = (w, text) => request(w.web, { path: '/api/chat/unread', headers: bearer(text) });

/* ---- tokens that are good ---- */

promise('a token of each algorithm is an identity on every transport', MANUAL, async (w) => {
	const keys = Object.entries(makers).map(([alg, make]) => make(`key-${alg}`));
	await serve(w, keys);
	for (const key of keys) {
		const text = token(key, claims('alice')), headers = bearer(text);
		assert.equal((await rest(w, text)).status, 200, key.alg);
		const alice = await w.client('alice', { headers });
		assert.equal(alice.hello.walletAddress, 'alice');
		await alice.subscribe('42');
		await alice.send('42', key.alg);
		await alice.close();
		const stream = await EventStream.hello(w.target, undefined, { rooms: ['42'] }, { headers });
		assert.equal(stream.hello.data.walletAddress, 'alice');
		await stream.close();
		assert.equal((await poll(w.target, 'alice', {}, { headers })).status, 200);
		assert.equal((await emit(w.target, undefined, 'presence', { escrowId: '42' }, { headers })).json.ok, true);
		for (const Wire of [Polling, Sock])
			await connected(w.target, Wire, 'alice', { token: text });
	}
});

promise('a claim names the wallet, and what is claimed besides must be the same', MANUAL, async (w) => {
	const key = makers.ES256('k'), address = '0xABCDEF0123456789abcdef0123456789abcdef01';
	await serve(w, [key], { jwt_claim: 'wallet', jwt_audience: 'any', jwt_issuer: 'any' });
	const text = token(key, { wallet: address, exp: now() + 60 });
	const client = await w.client(address.toLowerCase(), { headers: bearer(text) });
	assert.equal(client.hello.walletAddress.toLowerCase(), address.toLowerCase());
	await assert.rejects(w.client('bob', { headers: bearer(text) }), (e) => e instanceof Refused && e.status === 401 && JSON.parse(e.body).code === 'wallet_mismatch');
	const answer = await request(w.web, { path: '/api/chat/unread', headers: { ...bearer(text), 'X-Wallet-Address': 'bob' } });
	assert.equal(answer.json.code, 'wallet_mismatch');
});

promise('a Socket.IO client without a token is told that the token is missing, whatever it claims', MANUAL, async (w) => {
	await serve(w, [makers.EdDSA('k')]);
	for (const claim of ['', '{}', '{"walletAddress":"alice"}']) {
		const wire = await Sock.open(w.target);
		await wire.send(`40${claim}`);
		assert.equal(await wire.next(), '44{"message":"Authentication required: token missing"}', claim);
	}
});

promise('a token that is revoked before it is valid never becomes so', MANUAL, async (w) => {
	const key = makers.EdDSA('k');
	await serve(w, [key]);
	const soon = { nbf: now() + 63 }; // a minute of skew: valid in about three seconds
	const revoked = token(key, { ...claims('alice'), ...soon }), other = token(key, { ...claims('alice'), ...soon, jti: 'other' });
	assert.equal((await rest(w, other)).status, 401);
	const answer = await request(w.web, { method: 'POST', path: '/api/auth/revoke', body: { token: revoked }, headers: { 'X-Service-Key': w.sessionsKey } });
	assert.equal(answer.status, 200, answer.body);
	await until('the other one to be valid', async () => (await rest(w, other)).status === 200);
	assert.equal((await rest(w, revoked)).status, 401);
});

const revoke = (w, body) => request(w.web, { method: 'POST', path: '/api/auth/revoke', body, headers: { 'X-Service-Key': w.sessionsKey } });

for (const [where, use] of [['a request', (w, headers) => request(w.web, { path: '/api/chat/unread', headers })], ['a connection', (w, headers) => w.client('alice', { headers })]]) {
	promise(`a wallet that is revoked has no token left, however far the platform's clock is ahead, as ${where} has shown`, MANUAL, async (w) => {
		const key = makers.EdDSA('k');
		await serve(w, [key]);
		const ahead = (seconds, jti) => token(key, claims('alice', { iat: now() + seconds, jti }));
		const seen = ahead(40), unused = ahead(38, 'unused');
		await use(w, bearer(seen));
		const open = await w.client('alice', { headers: bearer(ahead(39, 'open')) });
		await until('what was seen is written', async () => await w.sqlite("SELECT count(*) FROM meta WHERE key = 'platform_ahead';") === '1');
		assert.equal((await revoke(w, { walletAddress: 'alice' })).status, 200);
		assert.equal((await within(open.ws.closed.promise, 'the end')).code, 4401);
		for (const text of [seen, unused])
			assert.equal((await rest(w, text)).status, 401);
		await assert.rejects(w.client('alice', { headers: bearer(seen) }), (e) => e instanceof Refused && e.status === 401);
		await until('one made by the same clock after it', async () => (await rest(w, ahead(40, 'later'))).status === 200);
		assert.equal((await rest(w, unused)).status, 401);
	});
}

promise('where the platform\'s clock is right, a token made after the revoke is good at once', MANUAL, async (w) => {
	const key = makers.EdDSA('k');
	await serve(w, [key]);
	const old = token(key, claims('alice', { iat: now() }));
	assert.equal((await rest(w, old)).status, 200);
	assert.equal((await revoke(w, { walletAddress: 'alice' })).status, 200);
	const revoked = now();
	await until('the next second, since iat counts seconds', () => now() > revoked);
	assert.equal((await rest(w, token(key, claims('alice', { iat: now(), jti: 'new' })))).status, 200);
	assert.equal((await rest(w, old)).status, 401);
});

promise('the cookie is for the platform\'s tokens too', { ...MANUAL, config: { auth: 'wallet', frontend_url: 'https://app.example' } }, async (w) => {
	const key = makers.EdDSA('k'), page = { Origin: 'https://app.example' };
	await serve(w, [key]);
	const text = token(key, claims('alice'));
	const set = await request(w.web, { method: 'POST', path: '/api/auth/cookie', body: {}, headers: { ...page, ...bearer(text) } });
	assert.equal(set.status, 200, set.body);
	const Cookie = [set.headers['set-cookie']].flat()[0].split(';')[0];
	assert.equal((await request(w.web, { path: '/api/chat/unread', headers: { Cookie } })).status, 200);
	const alice = await w.client('alice', { headers: { Cookie, ...page } });
	await alice.subscribe('42');
	const other = token(key, claims('bob'));
	assert.equal((await request(w.web, { path: '/api/chat/unread', headers: { Cookie, ...bearer(other) } })).status, 401, 'two that differ');
});

promise('a connection ends when its token says so, and what was logged out stays so beyond', { ...MANUAL, brief: 3000 }, async (w) => {
	const key = makers.EdDSA('k');
	await serve(w, [key]);
	const text = token(key, claims('alice', { exp: now() + 3 })), headers = bearer(text);
	const alice = await w.client('alice', { headers });
	const { data } = await alice.event('token_expiring');
	assert.equal(new Date(data.expiresAt).getTime() % 1000, 0);
	const { code } = await within(alice.ws.closed.promise, 'the end');
	assert.equal(code, 4401);
	assert.ok(Date.now() >= new Date(data.expiresAt).getTime());
	assert.equal((await rest(w, text)).status, 200, 'in the skew');
	assert.equal((await request(w.web, { method: 'POST', path: '/api/auth/logout', body: {}, headers })).status, 200);
	assert.equal((await rest(w, text)).status, 401);
	const listed = Number(await w.sqlite('SELECT max(expires_at) FROM ended_tokens;'));
	assert.ok(listed >= new Date(data.expiresAt).getTime() + 60000);
});

/* ---- tokens that are not ---- */

promise('no token is believed that the platform did not make for this chat and this time', MANUAL, async (w) => {
	const secret = makers.HS256('secret'), rsa = makers.RS256('rsa'), ed = makers.EdDSA('ed'), stranger = makers.EdDSA('ed');
	await serve(w, [secret, rsa, ed]);
	const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
	const good = token(ed, claims('alice')), [head, body, signature] = good.split('.');
	const none = `${encode({ alg: 'none', kid: 'ed' })}.${body}.`;
	const byPublic = (material) => {
		const data = `${encode({ alg: 'HS256', kid: 'rsa' })}.${encode(claims('alice'))}`;
		return `${data}.${createHmac('sha256', material).update(data).digest('base64url')}`;
	};
	const bad = {
		'alg none, without a signature': none,
		'alg none, with one': none + signature,
		'alg NONE': token(ed, claims('alice'), { alg: 'NONE' }),
		'HS256 with the public key as its secret, PEM': byPublic(rsa.publicKey.export({ type: 'spki', format: 'pem' })),
		'HS256 with the public key as its secret, DER': byPublic(rsa.publicKey.export({ type: 'spki', format: 'der' })),
		'HS256 with the public key as its secret, n': byPublic(Buffer.from(rsa.jwk.n, 'base64url')),
		'HS256 by the secret, under the name of the RSA key': token(secret, claims('alice'), { kid: 'rsa' }),
		'RS256 claimed of the secret': token(secret, claims('alice'), { alg: 'RS256' }),
		'another key of the same name': token(stranger, claims('alice')),
		'kid that is a path': token(secret, claims('alice'), { kid: '../../../../dev/null' }),
		'kid that is SQL': token(secret, claims('alice'), { kid: "x' UNION SELECT 'secret" }),
		'kid with a NUL': token(secret, claims('alice'), { kid: 'secret\0' }),
		'no kid, of several keys': token(secret, claims('alice'), { kid: undefined }),
		'jwk of its own': token(stranger, claims('alice'), { jwk: stranger.jwk, kid: 'stranger' }),
		'jku': token(stranger, claims('alice'), { jku: 'http://127.0.0.1:1/keys', kid: 'stranger' }),
		'crit': token(ed, claims('alice'), { crit: ['exp'] }),
		'b64': token(ed, claims('alice'), { b64: false, crit: ['b64'] }),
		'expired': token(ed, claims('alice', { exp: now() - 61 })),
		'no exp': token(ed, claims('alice', { exp: undefined })),
		'exp as text': token(ed, claims('alice', { exp: String(now() + 300) })),
		'not yet valid': token(ed, claims('alice', { nbf: now() + 120 })),
		'issued in the future': token(ed, claims('alice', { iat: now() + 120 })),
		'another issuer': token(ed, claims('alice', { iss: 'elsewhere' })),
		'no issuer': token(ed, claims('alice', { iss: undefined })),
		'another audience': token(ed, claims('alice', { aud: ['mail', 'wiki'] })),
		'no audience': token(ed, claims('alice', { aud: undefined })),
		'no wallet': token(ed, claims(undefined)),
		'a wallet that is none': token(ed, claims('alice smith')),
		'a list of wallets': token(ed, claims(['alice'])),
		'claims twice': token(ed, `{"sub":"alice","iss":"platform","aud":"chat","exp":${now() + 300},"exp":1}`),
		'more than 4 KiB': token(ed, claims('alice', { pad: 'x'.repeat(4096) })),
		'a signature of zeros': `${head}.${body}.${Buffer.alloc(64).toString('base64url')}`,
		'no signature': `${head}.${body}.`,
		'padded': `${good}=`,
		'standard base64': `${head}.${body}.${Buffer.from(signature, 'base64url').toString('base64')}`,
		'four parts': `${good}.${signature}`,
		'two parts': `${head}.${body}`,
		'claims of another': `${head}.${encode(claims('bob'))}.${signature}`,
		'nothing': '',
	};
	assert.equal((await rest(w, good)).status, 200);
	for (const [what, text] of Object.entries(bad)) {
		const answer = await rest(w, text);
		assert.equal(answer.status, 401, `${what}: ${answer.body}`);
		assert.equal(answer.json.code, 'unauthorized', what);
		await assert.rejects(w.client('alice', { headers: bearer(text) }), (e) => e instanceof Refused && e.status === 401, what);
	}
	for (const text of [good, token(ed, claims('alice', { exp: now() - 30 })), token(ed, claims('alice', { nbf: now() + 30, aud: ['mail', 'chat'] }))])
		assert.equal((await rest(w, text)).status, 200, 'a minute of skew, and one audience of several');
	await w.fcgi.line(/jwt: refused: alg is not the key's/);
	for (const p of [w.fcgi, w.daemon])
		assert.ok(!p.lines.some((l) => l.includes(body) || l.includes(signature)), 'no token is in the log');
});

/* ---- keys that change ---- */

promise('SIGHUP reads the keys anew in both programs; a wrong file changes nothing', MANUAL, async (w) => {
	const old = makers.HS256('old'), fresh = makers.EdDSA('fresh');
	await serve(w, [old]);
	const alice = await w.client('alice', { headers: bearer(token(old, claims('alice'))) });
	const reload = async (text, says) => {
		fs.writeFileSync(w.path('platform.jwks'), text);
		for (const p of [w.daemon, w.fcgi]) {
			const from = p.lines.length;
			p.signal('SIGHUP');
			await p.line(says, from);
		}
	};
	const open = (key) => Promise.all([rest(w, token(key, claims('bob'))).then((a) => a.status),
		w.client('bob', { headers: bearer(token(key, claims('bob'))) }).then(() => 101, (e) => e.status)]);
	await reload('{"keys":[', /keys stay as they were: .*platform\.jwks: no JSON/);
	assert.deepEqual(await open(old), [200, 101]);
	await reload(JSON.stringify({ keys: [old.jwk, fresh.jwk] }), /keys read anew/);
	assert.deepEqual(await open(old), [200, 101]);
	assert.deepEqual(await open(fresh), [200, 101]);
	await reload(JSON.stringify({ keys: [fresh.jwk] }), /keys read anew/);
	assert.deepEqual(await open(old), [401, 401]);
	assert.deepEqual(await open(fresh), [200, 101]);
	await alice.ok('presence', { escrowId: '42' });
	// Service keys too.
	const key = 'another-key-of-the-platform-1';
	fs.writeFileSync(w.path('service.keys'), `platform ${key} stats,escrows\n`);
	for (const p of [w.daemon, w.fcgi]) {
		const from = p.lines.length;
		p.signal('SIGHUP');
		await p.line(/keys read anew/, from);
	}
	const stats = (k) => request(w.target, { path: '/metrics', headers: { 'X-Service-Key': k } });
	assert.equal((await stats(w.key)).status, 401);
	assert.equal((await stats(key)).status, 200);
	assert.equal((await w.service('PUT', '/api/escrows/43', { title: 't', participants: [] })).status, 401);
});

promise('a file of keys that others can touch stops the start of both programs', { daemon: false }, async (w) => {
	useKeys(w, [makers.HS256('k')]);
	const starts = async () => [await w.failingDaemon(), await run(FCGI, ['--config', w.configFile, '--listen', `unix:${w.path('x.sock')}`])];
	for (const file of ['platform.jwks', 'service.keys']) {
		for (const mode of [0o640, 0o620, 0o604, 0o602]) {
			fs.chmodSync(w.path(file), mode);
			for (const { code, out } of await starts()) {
				assert.ok(code === 1 || code === 2, out);
				assert.match(out, new RegExp(`${file}: .*0600`));
			}
		}
		if (process.getuid() === 0) {
			fs.chmodSync(w.path(file), 0o600);
			fs.chownSync(w.path(file), 12345, 0);
			for (const { code, out } of await starts())
				assert.ok(code !== 0 && /owned by root or by the running user/.test(out), out);
			fs.chownSync(w.path(file), 0, 0);
		}
		fs.chmodSync(w.path(file), 0o600);
	}
	for (const key of ['jwt_keys', 'jwt_issuer', 'jwt_audience']) {
		const { code, out } = await run(DAEMON, ['-t', '--auth', 'jwt', ...['jwt_keys', 'jwt_issuer', 'jwt_audience'].filter((k) => k !== key).flatMap((k) => [`--${k.replace('_', '-')}`, 'any'])]);
		assert.equal(code, 2);
		assert.match(out, new RegExp(`${key}: not set`));
	}
});

/* ---- auth = proxy ---- */

const named = (target, headers, path = '/poll') => request(target, { path, headers });

promise('the web server names the user, once, and nobody else does', { daemon: false, config: { auth: 'proxy', socket_mode: '0666' } }, async (w) => {
	await w.startDaemon(['--listen', `unix:${w.path('id.sock')} identity`]);
	assert.equal(fs.statSync(w.path('id.sock')).mode & 0o777, 0o660);
	const status = async (headers, path) => (await named(w.target, headers, path)).status;
	assert.equal(await status({ 'X-Remote-User': 'alice' }), 200);
	assert.equal(await status({ 'x-remote-user': '0xABCDEF0123456789abcdef0123456789abcdef01' }), 200);
	assert.equal(await status({}), 401);
	assert.equal(await status({ 'X-Remote-User': '' }), 401);
	assert.equal(await status({ 'X-Remote-User': 'alice smith' }), 401);
	assert.equal(await status({ 'X-Wallet-Address': 'alice' }), 401);
	assert.equal(await status({ Authorization: 'Bearer alice' }), 401);
	assert.equal(await status({ 'X-Remote-User': 'alice', 'X-Wallet-Address': 'alice' }), 200);
	const mismatch = await named(w.target, { 'X-Remote-User': 'alice' }, '/poll?walletAddress=bob');
	assert.deepEqual([mismatch.status, mismatch.json.code], [401, 'wallet_mismatch']);
	const twice = (a, b) => raw(w.target, `GET /poll HTTP/1.1\r\nHost: localhost\r\n${a}\r\n${b}\r\nConnection: close\r\n\r\n`).then((text) => answers(text)[0].status);
	assert.equal(await twice('X-Remote-User: alice', 'X-Remote-User: alice'), 401);
	assert.equal(await twice('X-Remote-User: alice', 'x-REMOTE-user: eve'), 401);
	for (const name of ['X_Remote_User', 'X-Remote_User', 'X_Anything', '_']) {
		assert.equal(await twice('X-Remote-User: alice', `${name}: eve`), 400, name);
		assert.equal(await status({ [name]: 'x' }, '/health'), 400, 'whatever the path');
	}
	assert.equal(await status({}, '/health'), 200);
	const client = await w.client('alice', { headers: { 'X-Remote-User': 'alice' } });
	await client.refused('not_participant', 'presence', { escrowId: '42' });
	await assert.rejects(EventStream.open(w.target, 'bob', {}, { headers: { 'X-Remote-User': 'alice' } }), StreamRefused);
	const connect = async (headers, wallet) => {
		const wire = await Sock.open(w.target, { headers });
		wire.send(`40${JSON.stringify({ walletAddress: wallet })}`);
		return wire.next();
	};
	assert.match(await connect({ 'X-Remote-User': 'alice' }, 'alice'), /^40\{"sid"/);
	assert.match(await connect({ 'X-Remote-User': 'alice' }), /^40\{"sid"/);
	assert.match(await connect({ 'X-Remote-User': 'alice' }, 'bob'), /^44\{"message":"Authentication/);
	assert.match(await connect({}, 'alice'), /^44\{"message":"Authentication/);
});

promise('there is no listener but of identity in this mode, and none of identity in others', { daemon: false }, async (w) => {
	let n = 0;
	const fails = async (program, args, says) => {
		const { code, out } = await run(program, ['--config', w.configFile, '--database', w.path(`${n++}.db`), ...args]);
		assert.ok(code === 1 || code === 2, `${args}: ${code} ${out}`);
		assert.match(out, says);
	};
	const unix = `unix:${w.path('s.sock')}`, port = await freePort();
	await fails(DAEMON, ['--auth', 'proxy', '--listen', '127.0.0.1:0'], /unix:PATH identity/);
	await fails(DAEMON, ['--auth', 'proxy', '--listen', unix], /unix:PATH identity/);
	await fails(DAEMON, ['--auth', 'proxy', '--listen', `${unix} identity`, '--listen', '127.0.0.1:0'], /unix:PATH identity/);
	assert.ok(!fs.existsSync(w.path('s.sock')), 'no socket is left behind');
	await fails(DAEMON, ['--auth', 'open', '--listen', `${unix} identity`], /auth = proxy only/);
	await fails(DAEMON, ['--auth', 'wallet', '--listen', `${unix} identity`], /auth = proxy only/);
	await fails(DAEMON, ['--auth', 'proxy', '--listen', '127.0.0.1:0 identity'], /listen/);
	await fails(FCGI, ['--auth', 'proxy', '--listen', `127.0.0.1:${port}`], /unix:PATH identity/);
	await fails(FCGI, ['--auth', 'open', '--listen', `${unix} identity`], /auth = proxy only/);
});

/** lighttpd that names the user "alice", as one of its modules for passwords would. */
function namingConf(w, port) {
	return `
server.modules = ("mod_proxy", "mod_fastcgi", "mod_setenv")
server.bind = "127.0.0.1"
server.port = ${port}
server.document-root = "${w.dir}"
server.stream-response-body = 1
setenv.set-request-header = ("X-Remote-User" => "alice")
setenv.set-environment = ("REMOTE_USER" => "alice")
$HTTP["url"] =~ "^/api/" {
	fastcgi.server = ("" => (("socket" => "${w.path('fcgi.sock')}", "check-local" => "disable")))
} else $HTTP["url"] =~ "^/" {
	proxy.header = ("upgrade" => "enable")
	proxy.server = ("" => (("host" => "${w.path('id.sock')}")))
}
`;
}

promise('behind lighttpd the client\'s own header changes nothing, in any spelling', { daemon: false, config: { auth: 'proxy' } }, async (w) => {
	await w.startDaemon(['--listen', `unix:${w.path('id.sock')} identity`]);
	await w.startFcgi();
	const port = await freePort();
	w.start('lighttpd', '/usr/sbin/lighttpd', ['-D', '-f', w.file('naming.conf', namingConf(w, port))]).stops = 'SIGINT';
	const web = { port };
	await until('lighttpd to answer', () => request(web, { path: '/health' }).catch(() => null));
	await w.escrow('42', { alice: 'client', eve: 'observer' });
	const who = async (headers) => (await request(web, { method: 'POST', path: '/api/chat/42/send', body: { content: 'me' }, headers })).json.message?.senderId;
	assert.equal(await who({}), 'alice');
	for (const name of ['X-Remote-User', 'X_Remote_User', 'Remote-User', 'REMOTE_USER', 'Remote_User']) {
		assert.equal(await who({ [name]: 'eve' }), 'alice', name);
		const client = await w.client('alice', { target: web, headers: { [name]: 'eve' } }).catch((e) => e);
		if (client instanceof Refused) {
			assert.ok(name.includes('_') && client.status === 400, `${name}: ${client.status}`);
		} else {
			assert.equal(client.hello.walletAddress, 'alice', name);
			await client.subscribe('42');
		}
	}
	assert.equal((await request(web, { path: '/api/chat/unread', headers: { 'X-Wallet-Address': 'eve' } })).json.code, 'wallet_mismatch');
});

promise('CGI believes REMOTE_USER, and no header that looks like it', { daemon: false, config: { auth: 'proxy' } }, async (w) => {
	await w.escrow('42', { alice: 'client' });
	const ask = (env, headers) => w.cgi('GET', '/api/chat/unread', { env, headers });
	assert.equal((await ask({ REMOTE_USER: 'alice' })).status, 200);
	assert.equal((await ask({}, { 'X-Remote-User': 'alice' })).status, 401);
	assert.equal((await ask({}, { 'Remote-User': 'alice' })).status, 401);
	assert.equal((await ask({ REMOTE_USER: '' })).status, 401);
	assert.equal((await ask({ REMOTE_USER: 'a b' })).status, 401);
});
