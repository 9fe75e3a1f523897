// SPDX-License-Identifier: ISC
// process.mjs - a child process with its lines: waits for one of them, stops by pid, and is a
// failure where it ends unasked or a sanitizer has spoken.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createInterface } from 'node:readline';

import { WAIT_MS, within } from './wait.mjs';

const SANITIZER = /(Address|Leak|Memory|Thread|UndefinedBehavior)Sanitizer|: runtime error: /;

/** The environment without what would configure the programs under test from outside. */
export function cleanEnv(extra = {}) {
	const env = Object.fromEntries(Object.entries(process.env).filter(([k]) => !/^(ESCROWCHAT_.*|PORT|FRONTEND_URL|GATEWAY_INTERFACE|REQUEST_.*|HTTP_.*)$/.test(k)));
	return { ...env, ...extra };
}

export class Process {
	constructor(name, command, args = [], { env = {}, cwd, input, logFile } = {}) {
		this.logFile = logFile; // where it writes to, if not to its streams
		this.name = name;
		this.lines = []; // of both streams
		this.output = []; // of standard output alone
		this.mayExit = false;
		this.waiters = new Set();
		this.child = spawn(command, args, { cwd, env: cleanEnv(env), stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
		this.pid = this.child.pid;
		createInterface({ input: this.child.stderr, crlfDelay: Infinity }).on('line', (line) => this.#onLine(line));
		createInterface({ input: this.child.stdout, crlfDelay: Infinity }).on('line', (line) => {
			this.output.push(line);
			this.#onLine(line);
		});
		if (input !== undefined) {
			this.child.stdin.on('error', () => {});
			if (input !== null)
				this.child.stdin.end(input);
		}
		this.exited = new Promise((resolve) => {
			this.child.on('error', (error) => resolve({ error, code: null, signal: null }));
			this.child.on('close', (code, signal) => resolve({ code, signal }));
		}).then((end) => {
			this.end = end;
			for (const w of this.waiters)
				w.reject(new Error(`${name} ended (${JSON.stringify(end)}) before ${w.pattern}\n${this.tail()}`));
			this.waiters.clear();
			return end;
		});
	}

	#onLine(line) {
		this.lines.push(line);
		for (const w of this.waiters) {
			const found = w.pattern.exec(line);
			if (found) {
				this.waiters.delete(w);
				w.resolve(found);
			}
		}
	}

	/** Waits for a line that matches, after the first `from` lines. Resolves to the match. */
	line(pattern, from = 0) {
		for (const line of this.lines.slice(from)) {
			const found = pattern.exec(line);
			if (found)
				return Promise.resolve(found);
		}
		if (this.end)
			return Promise.reject(new Error(`${this.name} has ended (${JSON.stringify(this.end)})\n${this.tail()}`));
		return within(new Promise((resolve, reject) => this.waiters.add({ pattern, resolve, reject })),
			() => `${this.name} to say ${pattern}\n${this.tail()}`);
	}

	/** Returns the whole output of the process, with its log file. */
	said() {
		const more = this.logFile && fs.existsSync(this.logFile) ? fs.readFileSync(this.logFile, 'utf8').trimEnd().split('\n') : [];
		return [...this.lines, ...more];
	}

	tail(n = 40) {
		return this.said().slice(-n).map((l) => `  ${this.name}: ${l}`).join('\n');
	}

	signal(signal) {
		if (!this.end)
			process.kill(this.pid, signal);
	}

	/** Asks it to stop and waits: {code, signal}. If it does not stop, it is killed: an
	 * error. */
	async stop(signal = 'SIGTERM') {
		this.mayExit = true;
		this.signal(signal);
		try {
			return await within(this.exited, `${this.name} to stop`, WAIT_MS);
		} catch (error) {
			this.signal('SIGKILL');
			await this.exited;
			throw error;
		}
	}

	async kill() {
		return this.stop('SIGKILL');
	}

	/** The process's fault as text; null: it has none. */
	fault() {
		const said = this.said(), report = said.findIndex((l) => SANITIZER.test(l));
		if (report >= 0)
			return `${this.name}: a sanitizer reports:\n${said.slice(report, report + 60).join('\n')}`;
		if (this.end && !this.mayExit)
			return `${this.name} ended unasked: ${JSON.stringify(this.end)}\n${this.tail()}`;
		return null;
	}
}

/** Runs a command to its end: {code, signal, out}. */
export async function run(command, args = [], options = {}) {
	const p = new Process(command, command, args, options);
	p.mayExit = true;
	const end = await within(p.exited, `${command} to end`, options.ms).catch(async (error) => {
		await p.kill();
		throw error;
	});
	const fault = p.fault();
	if (fault)
		throw new Error(fault);
	return { ...end, out: p.lines.join('\n'), output: p.output };
}
