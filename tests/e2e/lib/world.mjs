// SPDX-License-Identifier: ISC
// world.mjs - a small world for one test: a private directory with a database, and the real
// programs on it. Every test has its own; nothing is shared, no port is fixed, and each process
// must end when and as it is told.

import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { contract } from './asyncapi.mjs';
import { Client } from './client.mjs';
import { request } from './http.mjs';
import { Process, run } from './process.mjs';
import { until, WAIT_MS } from './wait.mjs';
import * as webserver from './webserver.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
export const SRCDIR = path.resolve(process.env.SRCDIR ?? path.join(here, '../../..'));
export const BUILDDIR = path.resolve(process.env.BUILDDIR ?? SRCDIR);
export const DAEMON = path.join(BUILDDIR, 'escrowchatd');
export const FCGI = path.join(BUILDDIR, 'escrowchat.fcgi');
export const CTL = path.join(BUILDDIR, 'escrowchatctl');
const WEB = process.env.E2E_WEB ?? 'lighttpd';
const TEST_MS = Number(process.env.E2E_TEST_MS ?? 1200000);
const PLAYS = 20; // of a brief scene

/**
 * A test with a world of its own. options: config (more keys), daemon: false, web: true or a name
 * of webserver.DEPLOYMENTS. brief: the milliseconds after which the programs change something by
 * themselves, e.g. end a typing. A scene that took longer and failed proves nothing, and is played
 * again in a fresh world; one that failed in a shorter time has failed.
 */
export function promise(name, options, body) {
	if (typeof options === 'function')
		[options, body] = [{}, options];
	test(name, { timeout: options.timeout ?? TEST_MS }, async () => {
		for (let plays = 1; ; plays++) {
			const { failure, faults, ms } = await play(options, body);
			if (!failure && !faults.length)
				return;
			if (failure && !faults.length && ms >= options.brief && plays < PLAYS)
				continue;
			if (!failure)
				throw new Error(faults.join('\n'));
			failure.message += faults.length ? `\n${faults.join('\n')}` : '';
			throw failure;
		}
	});
}

/** Plays a scene in a world of its own: {failure, faults, ms}, the time being that of the scene
 * alone. */
async function play(options, body) {
	contract(); // read before the scene, which measures times
	const world = new World(options);
	let failure, begun = Infinity;
	try {
		if (options.web)
			world.deploy(options.web === true ? WEB : options.web);
		if (options.daemon !== false)
			await world.startDaemon();
		if (options.web)
			await world.startWeb();
		begun = performance.now();
		await body(world);
	} catch (error) {
		failure = error;
	}
	const ms = performance.now() - begun, faults = await world.close();
	if (failure && !faults.length)
		failure.message += `\n${world.tail()}`;
	return { failure, faults, ms };
}

export class World {
	constructor({ config = {} } = {}) {
		this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'escrowchat-'));
		this.processes = [];
		this.clients = [];
		this.database = path.join(this.dir, 'chat.db');
		this.key = 'platform-' + randomBytes(18).toString('hex');
		this.weakKey = 'stats-' + randomBytes(18).toString('hex');
		this.sessionsKey = 'sessions-' + randomBytes(18).toString('hex');
		this.configFile = this.file('escrowchat.conf', '');
		const keys = this.file('service.keys', `# of the tests\nplatform ${this.key} escrows,publish,stats\nwatcher ${this.weakKey} stats\nguard ${this.sessionsKey} sessions\n`);
		// Tests are faster than people: limits of what one wallet does are off unless a
		// test is about them.
		const noLimits = { message_rate: 0, message_bytes: 0, event_rate: 0, max_per_wallet: 0 };
		this.configure({ database: this.database, auth: 'open', service_keys: keys, ...noLimits, ...config });
	}

	configure(keys) {
		this.config = { ...this.config, ...keys };
		const line = ([k, v]) => [v].flat().map((one) => `${k} = ${one}\n`).join('');
		fs.writeFileSync(this.configFile, Object.entries(this.config).map(line).join(''));
	}

	path(name) {
		return path.join(this.dir, name);
	}

	file(name, text, mode = 0o600) {
		fs.writeFileSync(this.path(name), text, { mode });
		return this.path(name);
	}

	start(name, command, args, options) {
		const p = new Process(name, command, args, options);
		this.processes.push(p);
		return p;
	}

	/** The daemon, ready; world.target is the first address it listens on. */
	async startDaemon(args = ['--listen', '127.0.0.1:0', '--listen', `unix:${this.path('daemon.sock')}`], options = {}) {
		this.daemon = this.deployment?.by === 'systemd'
			? this.start('escrowchatd.service', 'perl', webserver.unit(this, 'escrowchatd', DAEMON), options)
			: this.start('escrowchatd', DAEMON, ['--config', this.configFile, ...args], options);
		await this.daemon.line(/daemon: ready/);
		this.target = null;
		for (const line of this.daemon.lines) {
			const found = /listening on (?:unix:(\S+)|127\.0\.0\.1:(\d+))/.exec(line);
			if (found)
				this.target ??= found[1] ? { socketPath: found[1] } : { port: Number(found[2]) };
		}
		return this.daemon;
	}

	/** A daemon that cannot start: {code, out}. */
	failingDaemon(args = [], options = {}) {
		return run(DAEMON, ['--config', this.configFile, '--listen', '127.0.0.1:0', ...args], options);
	}

	/** escrowchat.fcgi on its own, ready; by: 'spawn-fcgi' or 'systemd' hands it its socket. A
	 * second one takes the port of the first. */
	async startFcgi(by = this.deployment?.by) {
		const socket = this.path('fcgi.sock');
		const listen = this.deployment?.tcp ? `127.0.0.1:${this.fcgiPort ?? 0}` : `unix:${socket}`;
		if (by === 'systemd')
			this.fcgi = this.start('escrowchat-fcgi.service', 'perl', webserver.unit(this, 'escrowchat-fcgi', FCGI));
		else if (by === 'spawn-fcgi')
			this.fcgi = this.start('escrowchat.fcgi', 'sh', [path.join(SRCDIR, 'contrib/spawn-fcgi/escrowchat.sh')], {
				env: { FCGI_PROGRAM: FCGI, FCGI_CONFIG: this.configFile, FCGI_SOCKET: socket, FCGI_USER: '', FCGI_GROUP: '' },
			});
		else
			this.fcgi = this.start('escrowchat.fcgi', FCGI, ['--config', this.configFile, '--listen', listen]);
		const [, port] = await this.fcgi.line(/listening on (?:unix:|127\.0\.0\.1:(\d+))/);
		this.fcgiPort = port;
		return this.fcgi;
	}

	/** Chooses the web server in front of the programs. Call it before anything is started. */
	deploy(name) {
		this.deployment = { name, ...webserver.DEPLOYMENTS[name] };
		webserver.prepare(this, name);
	}

	/** The web server in front of both programs, as contrib/ has it; world.web is where it
	 * listens. */
	async startWeb({ isRunning = false, ...options } = {}) {
		if (!this.deployment)
			this.deploy(WEB);
		if (this.deployment.rest === 'socket' && !isRunning)
			await this.startFcgi();
		const { process: server, port } = await webserver.start(this, this.deployment.name, options);
		this.server = server;
		this.web = { port };
	}

	/** A user's request through the web server. */
	rest(wallet, method, where, body, headers = {}) {
		return request(this.web, { method, path: where, body, headers: { 'X-Wallet-Address': wallet, ...headers } });
	}

	/** The platform's request through the web server. */
	service(method, where, body, headers = {}) {
		return request(this.web, { method, path: where, body, headers: { 'X-Service-Key': this.key, ...headers } });
	}

	/** The environment of such a request without a body. */
	cgiEnv(method, uri, headers = {}) {
		const [name, query = ''] = uri.split('?');
		return {
			GATEWAY_INTERFACE: 'CGI/1.1', SERVER_PROTOCOL: 'HTTP/1.1', REQUEST_METHOD: method, REQUEST_URI: uri,
			SCRIPT_NAME: '', PATH_INFO: name, QUERY_STRING: query, REMOTE_ADDR: '127.0.0.1', HTTP_HOST: 'localhost',
			ESCROWCHAT_CONFIG: this.configFile,
			...Object.fromEntries(Object.entries(headers).map(([k, v]) => [`HTTP_${k.toUpperCase().replaceAll('-', '_')}`, v])),
		};
	}

	/** One request to escrowchat.fcgi started as a plain CGI program. */
	async cgi(method, uri, { body, headers = {}, args = [], env = {} } = {}) {
		const text = body === undefined || typeof body === 'string' ? body ?? '' : JSON.stringify(body);
		const result = await run(FCGI, args, {
			input: text,
			env: {
				...this.cgiEnv(method, uri, headers),
				...(body !== undefined && { CONTENT_TYPE: 'application/json', CONTENT_LENGTH: String(Buffer.byteLength(text)) }),
				...env,
			},
		});
		return { ...parseCgi(result.output), code: result.code };
	}

	/** escrowchatctl, to its end: {code, out, output}; output is standard output alone, by
	 * lines. */
	ctl(...args) {
		return run(CTL, args);
	}

	/** Creates or replaces an escrow: participants as {wallet: role}. */
	async escrow(id, participants, title = `Escrow ${id}`) {
		const body = { title, participants: Object.entries(participants).map(([walletAddress, role]) => ({ walletAddress, role })) };
		const where = `/api/escrows/${encodeURIComponent(id)}`;
		const answer = this.web
			? await this.service('PUT', where, body)
			: await this.cgi('PUT', where, { body, headers: { 'X-Service-Key': this.key } });
		if (answer.status !== 200 && answer.status !== 201)
			throw new Error(`escrow ${id}: ${answer.status} ${answer.body}`);
		return answer;
	}

	/** A chat client at the daemon; options.target: elsewhere. */
	async client(wallet, options = {}) {
		const client = await Client.open(options.target ?? this.target, wallet, options);
		this.clients.push(client);
		return client;
	}

	/** The sqlite3 shell's answer, one line a row. */
	async sqlite(sql, ...options) {
		const { code, out } = await run('sqlite3', ['-batch', '-bail', ...options, this.database], { input: `.timeout ${WAIT_MS}\n${sql}\n` });
		if (code !== 0)
			throw new Error(`sqlite3: ${out}`);
		return out;
	}

	/** A shell that holds the write lock until its release() is called. */
	async lockDatabase() {
		const shell = this.start('sqlite3', 'sqlite3', ['-batch', this.database], { input: null });
		shell.child.stdin.write(`.timeout ${WAIT_MS}\nBEGIN IMMEDIATE;\nSELECT 'locked';\n`);
		await shell.line(/locked/);
		return {
			release: async () => {
				shell.mayExit = true;
				shell.child.stdin.end('ROLLBACK;\n');
				await shell.exited;
			},
		};
	}

	async stats() {
		const answer = await request(this.target, { path: '/api/websocket/stats', headers: { 'X-Service-Key': this.key } });
		return answer.json.stats;
	}

	/** Waits until the daemon has only so many connections. */
	connections(n) {
		return until(`${n} connections`, async () => (await this.stats()).totalConnections === n);
	}

	async close() {
		const faults = [];
		for (const client of this.clients) {
			if (client.end?.error && !client.mayFail)
				faults.push(`${client.wallet}: ${client.end.error.message}`);
			client.ws.destroy();
		}
		/* The last begun ends first, but the daemon before all: a web server waits long for
		 * streams that nobody ends. */
		const live = this.processes.filter((q) => !q.end).reverse();
		for (const p of [...live.filter((q) => q === this.daemon), ...live.filter((q) => q !== this.daemon)]) {
			const wanted = p.name === 'sqlite3' ? 'SIGKILL' : p.stops ?? 'SIGTERM';
			const end = await p.stop(wanted).catch((error) => ({ error }));
			if (end.error || (wanted === 'SIGTERM' && end.code !== 0))
				faults.push(`${p.name} did not stop well: ${end.error?.message ?? JSON.stringify(end)}\n${p.tail()}`);
		}
		for (const p of this.processes) {
			const fault = p.fault();
			if (fault)
				faults.push(fault);
		}
		faults.push(...contract().faults.splice(0));
		fs.rmSync(this.dir, { recursive: true, force: true });
		return faults;
	}

	tail() {
		return this.processes.map((p) => p.tail()).join('\n');
	}
}

/** A port that was free a moment ago; who takes it must be ready to try again. */
export function freePort() {
	return new Promise((resolve, reject) => {
		const server = net.createServer().listen(0, '127.0.0.1', () => {
			const { port } = server.address();
			server.close(() => resolve(port));
		});
		server.on('error', reject);
	});
}

function parseCgi(lines) {
	const end = lines.indexOf('');
	const from = lines.findIndex((l) => /^Status: /.test(l));
	const headers = Object.fromEntries(lines.slice(from, end).map((l) => [l.slice(0, l.indexOf(':')).toLowerCase(), l.slice(l.indexOf(':') + 1).trim()]));
	const body = lines.slice(end + 1).join('\n');
	let json;
	try {
		json = JSON.parse(body);
	} catch {}
	return { status: Number(headers.status?.slice(0, 3)), headers, body, json, lines };
}
