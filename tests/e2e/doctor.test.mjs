// SPDX-License-Identifier: ISC
// doctor.test.mjs - escrowchatctl doctor against the real web servers: content with what contrib/
// ships, and where one line of it is wrong it says what is wrong, which line of which file puts it
// right, and exits 1.

import assert from 'node:assert/strict';

import { DEPLOYMENTS, missing } from './lib/webserver.mjs';
import { freePort, promise } from './lib/world.mjs';

const QUICK = ['--wait', '60', '--hold', '3']; // no probe of a good server waits that long
const FAULTY = ['--wait', '10', '--hold', '3'];

/** Changes parts of the shipped text: from, to, from, to. A file that has none of these parts
 * stays as it is. */
const swap = (...parts) => (text) => {
	for (let i = 0; i < parts.length; i += 2)
		text = text.replaceAll(parts[i], parts[i + 1]);
	return text;
};

const SHIPPED = ['lighttpd', 'nginx', 'apache', 'apache-cgi'];

/** name: {on: deployment, edit…, says: what the line of the finding has, remedy: the line that was
 * changed}. */
const MISTAKES = {
	'lighttpd buffers': {
		on: 'lighttpd', edit: swap('server.stream-response-body = 1', 'server.stream-response-body = 0'),
		says: /^WRONG +events .*held back/m, remedy: 'server.stream-response-body = 1',
	},
	'nginx buffers': {
		on: 'nginx', edit: swap('proxy_http_version 1.1;', 'proxy_ignore_headers X-Accel-Buffering;', 'proxy_buffering off;', ''),
		says: /^WRONG +events .*held back/m, remedy: 'proxy_buffering off;',
	},
	'Apache buffers': {
		on: 'apache', filters: ['ext_filter'], global: 'ExtFilterDefine rewrite mode=output cmd="/bin/sed s/a/a/"', more: '<Location "/events">\nSetOutputFilter rewrite\n</Location>',
		says: /^WRONG +events .*held back/m, remedy: 'flushpackets=on',
	},
	'lighttpd passes no upgrade': {
		on: 'lighttpd', edit: swap('proxy.header = ("upgrade" => "enable")', ''),
		says: /^WRONG +websocket .*does not pass/m, remedy: 'proxy.header = ("upgrade" => "enable")',
	},
	'nginx passes no upgrade': {
		on: 'nginx', edit: swap('proxy_set_header Upgrade $http_upgrade;', ''),
		says: /^WRONG +websocket .*does not pass/m, remedy: 'proxy_set_header Upgrade $http_upgrade;',
	},
	'Apache passes no upgrade': {
		on: 'apache', edit: swap('upgrade=websocket', ''),
		says: /^WRONG +websocket .*does not pass/m, remedy: 'upgrade=websocket',
	},
	'lighttpd drops Authorization': {
		on: 'lighttpd', edit: swap('"Remote-User" => ""', '"Authorization" => "", "Remote-User" => ""'),
		says: /^WRONG +authorization .*does not arrive/m, remedy: 'nothing in setenv.set-request-header may name Authorization',
	},
	'nginx drops Authorization': {
		on: 'nginx', edit: swap('fastcgi_param HTTP_PROXY "";', 'fastcgi_param HTTP_AUTHORIZATION "";'),
		says: /^WRONG +authorization .*does not arrive/m, remedy: 'no fastcgi_param HTTP_AUTHORIZATION',
	},
	'Apache keeps Authorization from CGI programs': {
		on: 'apache-cgi', edit: swap('CGIPassAuth On\n', ''),
		says: /^WRONG +authorization .*does not arrive/m, remedy: 'CGIPassAuth On',
	},
	'lighttpd cuts long polls': {
		on: 'lighttpd', edit: swap('"/daemon.sock", "disable-time" => 0', '"/daemon.sock", "disable-time" => 0, "read-timeout" => 1'),
		says: /^WRONG +long-poll .*cut after/m, remedy: '"read-timeout" in proxy.server',
	},
	'nginx cuts long polls': {
		on: 'nginx', edit: swap('proxy_read_timeout 120s;', 'proxy_read_timeout 1s;'),
		says: /^WRONG +long-poll .*cut after \d+ s: 504/m, remedy: 'proxy_read_timeout 120s;',
	},
	'Apache cuts long polls': {
		on: 'apache', edit: swap('/poll" timeout=120', '/poll" timeout=1'),
		says: /^WRONG +long-poll .*cut after \d+ s: 502/m, remedy: 'timeout=120',
	},
	'lighttpd lets clients say who they are': {
		on: 'lighttpd', auth: 'proxy', edit: swap('"X-Remote-User" => "", ', ''),
		says: /^WRONG +forged user .*anybody/m, remedy: '"X-Remote-User" => ""',
	},
	'nginx lets clients say who they are': {
		on: 'nginx', auth: 'proxy', edit: swap('proxy_set_header X-Remote-User "";', ''),
		says: /^WRONG +forged user .*anybody/m, remedy: 'proxy_set_header X-Remote-User "";',
	},
	'Apache lets clients say who they are': {
		on: 'apache', auth: 'proxy', edit: swap('RequestHeader unset X-Remote-User\n', ''),
		says: /^WRONG +forged user .*anybody/m, remedy: 'RequestHeader unset X-Remote-User',
	},
	'Apache sends the API elsewhere': {
		on: 'apache', ready: '/health', edit: swap('ProxyPass "/api/" ', 'ProxyPass "/elsewhere/" '),
		says: /^WRONG +rest .*somebody else: 40[34]/m, remedy: 'ProxyPass "/api/"',
	},
	'nginx sends the daemon\'s paths elsewhere': {
		on: 'nginx', edit: swap('|health|', '|'),
		says: /^WRONG +daemon .*somebody else: 404/m, remedy: 'proxy_pass http://escrowchat_daemon',
	},
};

for (const name of new Set([...SHIPPED, ...Object.values(MISTAKES).map((m) => m.on)])) {
	const what = missing(name);
	if (what) {
		console.log(`skipped: ${name}: ${what} is not installed`);
		process.on('exit', () => (process.exitCode ||= 77));
	}
}

for (const name of SHIPPED.filter((n) => !missing(n))) {
	promise(`${name}: nothing is wrong with what is shipped`, { web: name }, async (w) => {
		const { code, out } = await w.ctl('doctor', `http://127.0.0.1:${w.web.port}`, ...QUICK);
		assert.equal(code, 0, out);
		for (const probe of ['daemon', 'rest', 'authorization', 'polling', 'websocket', 'forged user', 'events', 'long-poll'])
			assert.match(out, new RegExp(`^ok +${probe} `, 'm'), probe);
		assert.match(out, /^- +heartbeat .*--hold/m);
	});
}

promise('heartbeats are waited for where there is time', { web: 'lighttpd' }, async (w) => {
	const { code, out } = await w.ctl('doctor', `http://127.0.0.1:${w.web.port}/`, '--wait', '60', '--hold', '25');
	assert.equal(code, 0, out);
	assert.match(out, /^ok +heartbeat /m);
	assert.match(out, /^ok +long-poll .*held for 25 s/m);
});

for (const [name, { on, auth = 'open', says, remedy, ready, ...mistake }] of Object.entries(MISTAKES).filter(([, m]) => !missing(m.on))) {
	promise(name, { daemon: false, config: { auth } }, async (w) => {
		w.deploy(on);
		await w.startDaemon(auth === 'proxy' ? ['--listen', `unix:${w.path('daemon.sock')} identity`] : undefined);
		await w.startWeb({ ...mistake, ...(ready && { ready }) });
		const { code, out, output } = await w.ctl('doctor', `http://127.0.0.1:${w.web.port}`, ...FAULTY);
		assert.equal(code, 1, out);
		assert.match(out, says);
		const at = output.findIndex((line) => says.test(line));
		const [line, other] = output.slice(at + 1);
		const server = /^[a-z]+/.exec(on)[0];
		assert.ok(line.startsWith(`       ${server}/escrowchat.conf: `), out);
		assert.ok(line.includes(remedy), `${line}\n${out}`);
		assert.doesNotMatch(other ?? '', /^ {7}/, 'of this server alone');
		assert.equal(output.filter((l) => l.startsWith('WRONG') && !says.test(l)).filter((l) => !/authorization|events|heartbeat|websocket/.test(l)).length, 0, out);
	});
}

promise('with auth = proxy nobody is let in by a header that a client made up', { daemon: false, config: { auth: 'proxy' } }, async (w) => {
	w.deploy('lighttpd');
	await w.startDaemon(['--listen', `unix:${w.path('daemon.sock')} identity`]);
	await w.startWeb();
	const { code, out } = await w.ctl('doctor', `http://127.0.0.1:${w.web.port}`, ...QUICK);
	assert.equal(code, 0, out);
	assert.match(out, /^ok +forged user /m);
	assert.match(out, /^- +events .*--token-file/m);
});

promise('with auth = wallet streams are looked at by a token', { web: 'lighttpd', config: { auth: 'wallet' } }, async (w) => {
	const { output: [token] } = await w.ctl('token', 'issue', 'alice', '--config', w.configFile);
	const doctor = (...args) => w.ctl('doctor', `http://127.0.0.1:${w.web.port}`, ...QUICK, ...args);
	const nobody = await doctor();
	assert.match(nobody.out, /^- +events .*--token-file/m);
	assert.equal(nobody.code, 0);
	const file = w.file('token', `${token}\n`);
	const { code, out } = await doctor('--token-file', file);
	assert.equal(code, 0, out);
	for (const probe of ['events', 'long-poll'])
		assert.match(out, new RegExp(`^ok +${probe} `, 'm'));
	assert.doesNotMatch(out, new RegExp(token));
	const readable = await doctor('--token-file', w.file('readable', token, 0o644));
	assert.deepEqual([readable.code, readable.output.length], [1, 0]);
	assert.match(readable.out, /0600/);
});

promise('without a web server all is well too, and each server is named where none is known', async (w) => {
	const url = `http://127.0.0.1:${w.target.port}`;
	const { code, out } = await w.ctl('doctor', url, ...QUICK);
	assert.equal(code, 1, out);
	assert.match(out, /^ok +daemon /m);
	assert.match(out, /^WRONG +rest .*\n +lighttpd\/.*\n +nginx\/.*\n +apache\//m, 'there is no REST program');
	const named = await w.ctl('doctor', url, ...QUICK, '--server', 'nginx');
	assert.match(named.out, /^WRONG +rest .*\n +nginx\/.*\n(?! )/m);
});

promise('a server that is not there, or is another, is one finding', { daemon: false }, async (w) => {
	const nobody = await w.ctl('doctor', `http://127.0.0.1:${await freePort()}`);
	assert.equal(nobody.code, 1);
	assert.equal(nobody.output.length, 1, nobody.out);
	assert.match(nobody.out, /^WRONG +daemon +no connection: /);
	for (const url of ['ftp://127.0.0.1', '127.0.0.1', '']) {
		const { code, output, out } = await w.ctl('doctor', url);
		assert.equal(code, 2, url);
		assert.equal(output.length, 0);
		assert.equal(out.split('\n').length, 1, out);
	}
});
