// SPDX-License-Identifier: ISC
// deploy.test.mjs - behind every web server, with the files that contrib/ ships: all of REST, every
// transport without buffering, headers that must arrive and headers that must not, and stops under
// load that execute nothing twice. A server that is not installed is passed over; the file ends
// with 77 then.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';

import { ask, connected, Polling, Sock } from './lib/engineio.mjs';
import { request } from './lib/http.mjs';
import { run } from './lib/process.mjs';
import { recordFcgi, recordHttp } from './lib/recorder.mjs';
import { road, SocketClient, TRANSPORTS } from './lib/socketio.mjs';
import { emit, emitted, EventStream, heldPoll, poll } from './lib/stream.mjs';
import { until, WAIT_MS, within } from './lib/wait.mjs';
import { DEPLOYMENTS, missing } from './lib/webserver.mjs';
import { promise, SRCDIR } from './lib/world.mjs';

const PAIR = { alice: 'client', bob: 'freelancer' };
const ROUNDS = 20;
const STREAMS = ['lighttpd', 'nginx', 'apache', 'apache-tcp']; // one for each way to the daemon
const E2E = path.join(SRCDIR, 'tests/e2e');

const installed = Object.keys(DEPLOYMENTS).filter((name) => {
	const what = missing(name);
	if (what) {
		console.log(`skipped: ${name}: ${what} is not installed`);
		process.on('exit', () => (process.exitCode ||= 77));
	}
	return !what;
});

function behind(names, what, options, body) {
	if (typeof options === 'function')
		[options, body] = [{}, options];
	for (const name of names.filter((n) => installed.includes(n)))
		promise(`${name}: ${what}`, { web: name, ...options }, body);
}

// ---- REST ----

for (const name of installed.filter((n) => n !== 'lighttpd' && DEPLOYMENTS[n].by !== 'systemd')) {
	test(`${name}: all of rest.test.mjs`, async () => {
		const { code, out } = await run(process.execPath, [path.join(E2E, 'rest.test.mjs')], { env: { E2E_WEB: name }, ms: 4 * WAIT_MS });
		assert.equal(code, 0, out);
	});
}

behind(installed.filter((n) => DEPLOYMENTS[n].by !== 'systemd'), 'the page and the document of the routes arrive whole, with their policies', async (w) => {
	const page = await request(w.web, { path: '/api/docs' });
	assert.equal(page.status, 200);
	assert.match(page.headers['content-type'], /^text\/html; charset=utf-8$/i);
	assert.match(page.body, /^<!doctype html>[^]*<\/html>\n$/);
	const style = createHash('sha256').update(/<style>([^]*)<\/style>/.exec(page.body)[1]).digest('base64');
	assert.ok(page.headers['content-security-policy'].startsWith(`default-src 'none'; style-src 'sha256-${style}';`));
	assert.equal((await request(w.web, { path: '/api/docs', headers: { 'If-None-Match': page.headers.etag } })).status, 304);
	const { status, json, headers } = await request(w.web, { path: '/api/openapi.json' });
	assert.deepEqual([status, json.openapi, headers['content-security-policy']], [200, '3.1.0', "default-src 'none'; frame-ancestors 'none'"]);
});

// ---- streams ----

/** Makes many deliveries, one after the other, and prints the time of the quickest. */
async function deliveries(t, what, deliver) {
	let least = Infinity;
	for (let i = 0; i < ROUNDS; i++) {
		const begun = performance.now();
		await deliver(`m${i}`);
		least = Math.min(least, performance.now() - begun);
	}
	console.log(`# ${t}: ${what}: ${least.toFixed(1)} ms`);
}

behind(STREAMS, 'a stream arrives event by event', async (w) => {
	await w.escrow('42', PAIR);
	const s = await EventStream.hello(w.web, 'alice', { rooms: ['42'] });
	assert.match(s.headers['content-type'], /^text\/event-stream/);
	const bob = await w.client('bob');
	await deliveries(w.deployment.name, 'events', async (content) => {
		bob.say('chat_message', { escrowId: '42', content });
		await s.message(content);
	});
	await s.close();
	const again = await EventStream.hello(w.web, 'alice', { rooms: ['42'], lastEventId: s.lastId });
	await bob.send('42', 'again');
	await again.message('again');
	await again.close();
	await until('its leaving to be noticed, by what is written', async () => {
		await bob.send('42', 'anyone?');
		return (await w.stats()).totalConnections === 1;
	});
});

behind(STREAMS, 'a stream ends whole where the daemon stops', async (w) => {
	const s = await EventStream.hello(w.web, 'alice');
	assert.equal((await w.daemon.stop()).code, 0);
	assert.deepEqual(await s.over(), { isWhole: true });
});

behind(STREAMS, 'a held poll is answered at once, and emit goes up', async (w) => {
	await w.escrow('42', PAIR);
	const bob = await w.client('bob');
	let { cursor } = (await poll(w.web, 'alice', { rooms: ['42'] })).json;
	await deliveries(w.deployment.name, 'long-poll', async (content) => {
		const held = heldPoll(w.web, 'alice', { rooms: ['42'], cursor, client: 'tab' });
		bob.say('chat_message', { escrowId: '42', content });
		const { json } = await held.answer;
		assert.deepEqual(json.events.filter((e) => e.event === 'chat_message').map((e) => e.data.content), [content]);
		cursor = json.events.length === 2 ? json.cursor : (await poll(w.web, 'alice', { rooms: ['42'], cursor: json.cursor, client: 'tab' })).json.cursor;
	});
	const { message } = await emitted(w.web, 'alice', 'chat_message', { escrowId: '42', content: '😀'.repeat(2000) });
	assert.equal([...message.content].length, 2000);
	assert.deepEqual((await poll(w.web, 'alice', { cursor: (await poll(w.web, 'alice')).json.cursor, timeout: 100 })).json.events, []);
});

behind(STREAMS, 'WebSockets pass', async (w) => {
	await w.escrow('42', PAIR);
	const alice = await w.client('alice', { target: w.web }), bob = await w.client('bob');
	await alice.subscribe('42');
	await deliveries(w.deployment.name, 'WebSocket', async (content) => {
		bob.say('chat_message', { escrowId: '42', content });
		await alice.message(content);
	});
	await alice.send('42', 'x'.repeat(5000));
	await alice.close();
});

behind(STREAMS, 'Socket.IO polls, upgrades, and begins with WebSocket', async (w) => {
	await w.escrow('42', PAIR);
	const bob = await w.client('bob');
	const heard = async (wire, what) => {
		await ask(wire, 1, 'subscribe_escrow', '42');
		await deliveries(w.deployment.name, what, async (content) => {
			bob.say('chat_message', { escrowId: '42', content });
			for (;;) {
				const packet = await wire.next();
				assert.notEqual(packet, null);
				if (packet.includes(`"content":"${content}"`))
					return;
			}
		});
	};
	const polling = await connected(w.web, Polling, 'alice');
	await heard(polling, 'Engine.IO polling');
	const sock = await Sock.open(w.web, { path: `/socket.io/?EIO=4&transport=websocket&sid=${polling.open.sid}` });
	sock.send('2probe');
	assert.equal(await sock.next(), '3probe');
	sock.send('5');
	await heard(sock, 'Engine.IO upgraded');
	const second = await connected(w.web, Sock, 'alice');
	await heard(second, 'Engine.IO WebSocket');
	for (const { ws } of [sock, second])
		ws.close();
	await Promise.all([sock.gone(), second.gone()]);
});

for (const [setting, transports] of Object.entries(TRANSPORTS)) {
	behind(STREAMS, `socket.io-client (${setting}) chats, and comes back after a restart of the daemon`, async (w) => {
		await w.escrow('42', PAIR);
		const listen = ['--listen', w.daemon.lines.join('\n').match(/listening on (127\.0\.0\.1:\d+)/)[1], '--listen', `unix:${w.path('daemon.sock')}`];
		const alice = await SocketClient.open(w, 'alice', { target: w.web, transports });
		if (setting !== 'polling')
			await alice.upgraded();
		await alice.subscribe('42');
		await alice.send('42', 'before');
		await alice.message('before');
		await w.daemon.stop();
		await alice.disconnected();
		await w.startDaemon(listen);
		await alice.connected();
		await alice.subscribe('42');
		const bob = await w.client('bob');
		await bob.send('42', 'after');
		await alice.message('after');
	});
}

// ---- headers ----

const FORGED = ['X-Remote-User', 'X_Remote_User', 'X-Remote_User', 'X_Remote-User', 'Remote-User', 'Remote_User', 'X-REMOTE-USER'];
const canonical = (name) => name.toUpperCase().replaceAll('-', '_').replace(/^HTTP_/, '');

for (const name of installed.filter((n) => !DEPLOYMENTS[n].by)) {
	promise(`${name}: Authorization arrives, identities that a client makes up do not`, { daemon: false }, async (w) => {
		w.deploy(name);
		const { rest, tcp } = DEPLOYMENTS[name];
		const program = w.file('recorder', '', 0o755);
		fs.writeFileSync(program, fs.readFileSync(path.join(E2E, 'lib/recorder.mjs')));
		fs.renameSync(program, `${program}.mjs`);
		fs.chmodSync(`${program}.mjs`, 0o755);
		const servers = [await recordHttp(tcp ? { port: 0, host: '127.0.0.1' } : w.path('daemon.sock'))];
		if (rest === 'socket')
			servers.push(await recordFcgi(tcp ? { port: 0, host: '127.0.0.1' } : w.path('fcgi.sock')));
		w.target = { port: servers[0].address().port };
		w.fcgiPort = servers[1]?.address().port;
		for (const socket of ['daemon.sock', 'fcgi.sock'].map((s) => w.path(s)).filter((s) => fs.existsSync(s)))
			fs.chmodSync(socket, 0o660);
		try {
			await w.startWeb({ program: `${program}.mjs`, isRunning: true });
			for (const [where, headers] of [['/ws', {}], ['/events', {}], ['/api/escrows', {}]].flatMap((one) => FORGED.map((f) => [one[0], { [f]: 'mallory' }]))) {
				const { status, json, body } = await request(w.web, { path: `${where}?a=b%2Fc`, headers: { Authorization: 'Bearer sesame', Cookie: 'a=b', ...headers } });
				assert.equal(status, 200, `${where} ${JSON.stringify(headers)} ${body}`);
				const seen = json.headers ?? Object.entries(json.params);
				assert.deepEqual(seen.filter(([, value]) => value.includes('mallory')), [], JSON.stringify(headers));
				assert.deepEqual(seen.filter(([n, value]) => /^(X_)?REMOTE_USER$/.test(canonical(n)) && (json.headers || value !== '')), []);
				assert.deepEqual(seen.filter(([n]) => canonical(n) === 'AUTHORIZATION').map(([, value]) => value), ['Bearer sesame']);
				assert.deepEqual(seen.filter(([n]) => canonical(n) === 'COOKIE').map(([, value]) => value), ['a=b']);
				assert.equal(json.url ?? json.params.REQUEST_URI, `${where}?a=b%2Fc`);
			}
			for (const userinfo of ['alice:', 'alice:x']) { // what nobody has verified is no user
				const { json } = await request(w.web, { path: '/api/escrows', headers: { Authorization: `Basic ${Buffer.from(userinfo).toString('base64')}` } });
				assert.equal(json.params.REMOTE_USER ?? '', '');
			}
		} finally {
			for (const server of servers)
				server.close();
		}
	});
}

behind(installed.filter((n) => !DEPLOYMENTS[n].by), 'a token lets its user in at both programs, another credential nobody', { config: { auth: 'wallet' } }, async (w) => {
	const { code, output: [token], out } = await w.ctl('token', 'issue', 'alice', '--config', w.configFile);
	assert.equal(code, 0, out);
	for (const where of ['/poll', '/api/escrows']) {
		const status = async (headers) => (await request(w.web, { path: where, headers })).status;
		assert.equal(await status({ Authorization: `Bearer ${token}` }), 200, where);
		assert.equal(await status({ Authorization: `Bearer ${token}x` }), 401, where);
		for (const name of FORGED)
			assert.equal(await status({ [name]: 'alice', 'X-Wallet-Address': 'alice' }), 401, `${where} ${name}`);
	}
	assert.equal((await w.client('alice', { target: w.web, headers: { Authorization: `Bearer ${token}` } })).hello.walletAddress, 'alice');
});

/** The lines that an operator adds for auth = proxy, as the shipped files say: passwords, and the
 * name that they have proved. */
const PASSWORDS = {
	nginx: {
		edit: (text) => text.replace('proxy_set_header X-Remote-User "";', 'proxy_set_header X-Remote-User $remote_user;').replace('fastcgi_param REMOTE_USER "";', 'fastcgi_param REMOTE_USER $remote_user;'),
		more: (file) => `auth_basic chat;\n\t\tauth_basic_user_file ${file};`,
	},
	apache: {
		filters: ['authn_core', 'authn_file', 'authz_user', 'auth_basic'],
		more: (file) => `<Location "/">\nAuthType Basic\nAuthName chat\nAuthBasicProvider file\nAuthUserFile ${file}\nRequire valid-user\n</Location>\nRequestHeader set X-Remote-User expr=%{REMOTE_USER}`,
	},
};

for (const name of Object.keys(PASSWORDS).filter((n) => installed.includes(n))) {
	promise(`${name}: auth = proxy believes whom the web server has verified, whatever the client says`, { daemon: false, config: { auth: 'proxy' } }, async (w) => {
		w.deploy(name);
		await w.startDaemon(['--listen', `unix:${w.path('daemon.sock')} identity`]);
		const sha = (text) => `{SHA}${createHash('sha1').update(text).digest('base64')}`;
		const file = w.file('passwords', `alice:${sha('a')}\neve:${sha('e')}\n`, 0o644);
		const { more, ...options } = PASSWORDS[name];
		await w.startWeb({ ...options, more: more(file), ready: '/health' });
		const basic = (user, word) => ({ Authorization: `Basic ${Buffer.from(`${user}:${word}`).toString('base64')}` });
		const { status } = await w.cgi('PUT', '/api/escrows/42', { body: { title: 'T', participants: [{ walletAddress: 'alice', role: 'client' }] }, headers: { 'X-Service-Key': w.key } });
		assert.equal(status, 201);
		const send = (headers) => request(w.web, { method: 'POST', path: '/api/chat/42/send', body: { content: 'me' }, headers });
		for (const forged of [{}, ...FORGED.map((f) => ({ [f]: 'alice' }))]) {
			assert.equal((await send({ ...basic('alice', 'a'), ...forged })).json.message.senderId, 'alice');
			assert.equal((await send({ ...basic('eve', 'e'), ...forged })).json.code, 'not_participant');
			assert.equal((await send({ ...basic('alice', 'wrong'), ...forged })).status, 401);
			assert.equal((await send(forged)).status, 401);
			const s = await EventStream.hello(w.web, undefined, {}, { headers: { ...basic('eve', 'e'), ...forged } });
			assert.equal(s.hello.data.walletAddress, 'eve', JSON.stringify(forged));
			await s.close();
			assert.equal((await request(w.web, { path: '/poll', headers: forged })).status, 401);
		}
	});
}

behind(['apache-cgi'], 'a query that looks like options is none', { config: { rooms: 'members' } }, async (w) => {
	await w.escrow('42', PAIR);
	for (const query of ['--auth+open', '--rooms+open', '--config+/nonexistent', '--help', '-T', '--listen+127.0.0.1:0']) {
		const health = await request(w.web, { path: `/api/health?${query}` });
		assert.equal(health.status, 200, `${query} ${health.body}`);
		assert.equal(health.json.status, 'healthy');
		const history = await w.rest('mallory', 'GET', `/api/chat/42/history?${query}`);
		assert.equal(history.json.code, 'not_participant', query);
	}
});

behind(['apache-cgi'], 'nor does it change who is believed', { config: { auth: 'wallet' } }, async (w) => {
	for (const query of ['--auth+open', '--auth%20open', '--config+/nonexistent', '--service-keys+/dev/null']) {
		const answer = await w.rest('alice', 'GET', `/api/escrows?${query}`);
		assert.deepEqual([answer.status, answer.json.code], [401, 'unauthorized'], query);
	}
});

// ---- stops under load ----

/** A file of a process in /proc; '' if the process has ended meanwhile. */
function proc(pid, file) {
	try {
		return fs.readFileSync(`/proc/${pid}/${file}`, 'utf8');
	} catch {
		return '';
	}
}

/** The escrowchat.fcgi processes below that one. */
function programsBelow(pid) {
	const children = fs.readdirSync('/proc').filter((p) => Number(/^\d+ \(.*\) \S (\d+)/.exec(proc(p, 'stat'))?.[1]) === pid).map(Number);
	return children.flatMap((p) => [...(proc(p, 'cmdline').includes('escrowchat.fcgi') ? [p] : []), ...programsBelow(p)]);
}

/** The way to restart escrowchat.fcgi in each deployment. */
const RESTARTS = {
	own: async (w) => {
		await w.fcgi.stop();
		await w.startFcgi();
	},
	systemd: async (w) => {
		const from = w.fcgi.lines.length;
		w.fcgi.signal('SIGHUP');
		await w.fcgi.line(/serving with/, from);
	},
	server: async (w) => {
		const before = programsBelow(w.server.pid);
		for (const pid of before.filter((p) => proc(p, 'stat')))
			process.kill(pid, 'SIGTERM');
		await until('other programs to be started', () => programsBelow(w.server.pid).some((pid) => !before.includes(pid)));
	},
};

/** Sends by many at once until restart() has run four times, then compares what was answered with
 * what is stored. */
async function restartUnderLoad(w, restart, send) {
	const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
	const answers = [];
	let isOver = false;
	const load = async (one) => {
		for (let i = 0; !isOver; i++) {
			const content = `${one}.${i}`;
			const { status } = await send(content, agent).catch((error) => ({ status: error.code ?? error.message }));
			answers.push({ content, status });
			if (![200, 201].includes(status)) // nobody hammers a server that says no
				await new Promise((resolve) => setTimeout(resolve, 10));
		}
	};
	const isGood = (a) => [200, 201].includes(a.status);
	const loads = Promise.all(Array.from({ length: 12 }, (_, one) => load(one)));
	const more = (n) => {
		const from = answers.filter(isGood).length;
		return until(`${n} more answers`, () => answers.filter(isGood).length >= from + n);
	};
	await more(30);
	for (let i = 0; i < 4; i++) {
		await restart(w);
		await more(30);
	}
	isOver = true;
	await within(loads, 'the load to end');
	agent.destroy();
	const stored = (await w.sqlite('SELECT content FROM messages;')).split('\n');
	const failed = answers.filter((a) => !isGood(a));
	console.log(`# ${w.deployment.name}: ${answers.length} requests, 4 restarts, ${failed.length ? `${failed.length} got ${[...new Set(failed.map((a) => a.status))].join(', ')}` : 'none failed'}`);
	assert.equal(new Set(stored).size, stored.length, 'a request was executed twice');
	const has = new Set(stored);
	assert.deepEqual(answers.filter((a) => isGood(a) && !has.has(a.content)), [], 'answered and not stored');
	assert.deepEqual(failed.filter((a) => has.has(a.content)), [], 'executed, and its answer lost');
	return failed;
}

for (const name of installed.filter((n) => n !== 'apache-cgi')) {
	promise(`${name}: stopped and restarted under load, nothing is executed twice`, { web: name }, async (w) => {
		await w.escrow('42', PAIR);
		const { rest, by, says = [] } = DEPLOYMENTS[name];
		const outlives = by === 'systemd';
		const restart = RESTARTS[outlives ? 'systemd' : rest === 'socket' ? 'own' : 'server'];
		const failed = await restartUnderLoad(w, restart, (content, agent) =>
			request(w.web, { method: 'POST', path: '/api/chat/42/send', body: { content }, headers: { 'X-Wallet-Address': 'alice' }, agent }));
		assert.deepEqual(failed.filter((a) => ![502, 503, ...says].includes(a.status)), []);
		if (outlives)
			assert.deepEqual(failed, [], 'the socket outlives the program: none is lost');
	});
}

for (const name of installed.filter((n) => DEPLOYMENTS[n].by === 'systemd')) {
	promise(`${name}: the daemon restarted under load, nothing is executed twice`, { web: name }, async (w) => {
		await w.escrow('42', PAIR);
		const failed = await restartUnderLoad(w, async () => {
			const from = w.daemon.lines.length;
			w.daemon.signal('SIGHUP');
			await w.daemon.line(/daemon: ready/, from);
		}, (content, agent) => emit(w.web, 'alice', 'chat_message', { escrowId: '42', content }, { agent }));
		assert.deepEqual(failed, []);
	});
}
