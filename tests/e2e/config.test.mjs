// SPDX-License-Identifier: ISC
// config.test.mjs - one line that names what is wrong and what is accepted, exit 2; -t checks, -T
// tells where values came from.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';

import { run } from './lib/process.mjs';
import { DAEMON, FCGI, promise, SRCDIR } from './lib/world.mjs';

const BARE = { daemon: false };

async function wrong(program, args, env, ...patterns) {
	const { code, out } = await run(program, args, { env });
	const what = `${args.join(' ')} ${JSON.stringify(env)}: ${out}`;
	assert.equal(code, 2, what);
	assert.equal(out.split('\n').length, 1, what);
	for (const pattern of patterns)
		assert.match(out, pattern, what);
}

promise('auth is by wallet unless it is said otherwise', BARE, async (w) => {
	w.file('empty.conf', `database = ${w.database}\n`);
	for (const program of [DAEMON, FCGI]) {
		const { code, out } = await run(program, ['--config', w.path('empty.conf'), '-T']);
		assert.equal(code, 0);
		assert.match(out, /^auth = wallet +# default$/m);
	}
});

promise('wrong lines of the file are named by file, line, key and what is accepted', BARE, async (w) => {
	const table = [
		['nonsense', /:2: /, /key = value/],
		['databse = /x', /:2: databse/, /nearest is database/],
		['auth = maybe', /:2: auth/, /open/],
		['rooms = few', /:2: rooms/, /members/],
		['listen = nowhere', /:2: listen/, /HOST:PORT/],
		['listen = 127.0.0.1:70000', /:2: listen/],
		['presence_grace = soon', /:2: presence_grace/],
		['queue_rows = -1', /:2: queue_rows/],
		['max_message = 1', /:2: max_message/],
		['database_mode = 999', /:2: database_mode/],
		['frontend_url = localhost', /:2: frontend_url/],
		['log_level = loud', /:2: log_level/, /debug/],
	];
	for (const [line, ...patterns] of table)
		await wrong(DAEMON, ['--config', w.file('wrong.conf', `# first\n${line}\nauth = open\n`), '-t'], {}, /wrong\.conf/, ...patterns);
});

promise('wrong options and variables are named', BARE, async (w) => {
	const file = ['--config', w.configFile];
	await wrong(DAEMON, [...file, '--colour', 'red'], {}, /--colour/);
	await wrong(DAEMON, [...file, '--log-level', 'loud'], {}, /log-level|log_level/, /debug/);
	await wrong(DAEMON, [...file, '--log-level'], {}, /--log-level/);
	await wrong(DAEMON, [...file, 'stray'], {}, /argument stray/);
	await wrong(DAEMON, file, { ESCROWCHAT_LOG_LEVEL: 'loud' }, /ESCROWCHAT_LOG_LEVEL/, /debug/);
	await wrong(DAEMON, file, { ESCROWCHAT_COLOUR: 'red' }, /ESCROWCHAT_COLOUR/);
	await wrong(DAEMON, file, { PORT: 'x' }, /PORT/);
	await wrong(DAEMON, ['--config', w.path('no-such-file')], {}, /no-such-file/);
	await wrong(DAEMON, [...file, '--rooms', 'open', '--auth', 'jwt'], {}, /auth|rooms/);
});

promise('-t checks and starts nothing', BARE, async (w) => {
	for (const program of [DAEMON, FCGI])
		assert.equal((await run(program, ['--config', w.configFile, '-t'])).code, 0);
	await assert.rejects(w.sqlite('SELECT count(*) FROM log;'), 'no database was made');
});

promise('-T prints each key, its value, and where it came from: option, variable, file, default', BARE, async (w) => {
	const file = w.file('t.conf', `auth = open\ndatabase = ${w.database}\nlog_level = debug\nrooms = open\npresence_grace = 3s\n`);
	const { code, out } = await run(DAEMON, ['--config', file, '-T', '--rooms', 'members'],
		{ env: { ESCROWCHAT_LOG_LEVEL: 'warn', FRONTEND_URL: 'http://localhost:8080', PORT: '4001' } });
	assert.equal(code, 0, out);
	const line = (key) => out.split('\n').find((l) => l.startsWith(`${key} = `));
	assert.match(line('rooms'), /= members\s+# .*option/);
	assert.match(line('log_level'), /= warn\s+# .*ESCROWCHAT_LOG_LEVEL/);
	assert.match(line('presence_grace'), /= 3s\s+# .*t\.conf:5/);
	assert.match(line('frontend_url'), /= http:\/\/localhost:8080\s+# .*FRONTEND_URL/);
	assert.match(line('listen'), /= 127\.0\.0\.1:4001\s+# .*PORT/);
	assert.match(line('queue_keep'), /= (72h|3d)\s+# default/);
});

promise('the commented file has every key, with its default or marked as an example', BARE, async (w) => {
	const text = fs.readFileSync(path.join(SRCDIR, 'contrib/escrowchat.conf'), 'utf8');
	const lines = [...text.matchAll(/^#(\w+ = ?.*)$/gm)].map(([, line]) => line);
	const values = async (program, file) => {
		const { code, out } = await run(program, ['--config', file, '-T']);
		assert.equal(code, 0, out);
		return out.trim().split('\n').map((line) => line.replace(/ +# \S.*$/, ''));
	};
	const empty = w.file('empty.conf', '');
	const defaults = w.file('defaults.conf', lines.filter((line) => !line.endsWith('  # example')).join('\n'));
	for (const program of [DAEMON, FCGI]) {
		const printed = await values(program, empty);
		assert.deepEqual(await values(program, defaults), printed);
		const keys = lines.map((line) => line.split(' ')[0]);
		assert.deepEqual(printed.map((line) => line.split(' ')[0]).filter((key) => !keys.includes(key)), []);
	}
	await values(DAEMON, w.file('all.conf', lines.join('\n')));
});

promise('--help and --version are exit 0', BARE, async () => {
	for (const program of [DAEMON, FCGI]) {
		const help = await run(program, ['--help']);
		assert.equal(help.code, 0);
		assert.match(help.out, /--database/);
		assert.equal((await run(program, ['--version'])).code, 0);
	}
});

promise('a list on the command line replaces the file\'s', BARE, async (w) => {
	w.configure({ listen: ['127.0.0.1:1', `unix:${w.path('from-file.sock')}`] });
	await w.startDaemon(['--listen', '127.0.0.1:0']);
	await w.daemon.stop(); // then all of both streams was read: the log and standard output each name it
	const named = w.daemon.lines.map((l) => /listening on (\S+)/.exec(l)?.[1]).filter(Boolean);
	assert.deepEqual([...new Set(named)].map((name) => name.replace(/:\d+$/, '')), ['127.0.0.1']);
});

promise('service keys that others can read, or that are malformed, are refused', BARE, async (w) => {
	const { chmodSync } = await import('node:fs');
	const attempt = async (text, mode) => {
		w.configure({ service_keys: w.file('other.keys', text, mode) });
		chmodSync(w.path('other.keys'), mode);
		const { code, out } = await w.failingDaemon();
		assert.notEqual(code, 0);
		assert.match(out, /other\.keys/);
		assert.doesNotMatch(out, /secret-secret/);
	};
	await attempt('a secret-secret-secret-secret-1 escrows\n', 0o644);
	await attempt('a secret-secret-secret-secret-1 everything\n', 0o600);
	await attempt('a secret-secret\n', 0o600);
});

promise('auth = open listens on this machine only', BARE, async (w) => {
	const { code, out } = await run(DAEMON, ['--config', w.configFile, '--listen', '0.0.0.0:0']);
	assert.notEqual(code, 0);
	assert.match(out, /open/);
	assert.match(out, /0\.0\.0\.0/);
	assert.match(out.trim().split('\n').at(-1), / error daemon: listen: /, 'the reason is the last word');
	assert.doesNotMatch(out, /daemon: stopped/);
});
