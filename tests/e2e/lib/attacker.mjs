// SPDX-License-Identifier: ISC
// attacker.mjs - a hostile client on a thread of its own, so that its work does not delay the
// measurements of the test. It repeats its attack until it is told to stop, and connects again
// when it is cut off.

import http from 'node:http';
import net from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

import { connected, Polling, Sock } from './engineio.mjs';
import { until, within } from './wait.mjs';
import { WebSocket } from './ws.mjs';

const LIMIT_MS = 180000;
export const BARRIER = 777777; // the number of the acknowledgement that ends a round

export class Attacker {
	/** Begins. plan: {port, kind, wallet, first, again}: what is sent once and is answered
	 *  by BARRIER, and what is sent in each round; isDeaf: it reads nothing; isAnswered: a
	 *  round ends with BARRIER; clients: how many connections do so. */
	static async begin(plan) {
		const attacker = new Attacker();
		attacker.worker = new Worker(new URL(import.meta.url), { workerData: plan });
		attacker.worker.on('message', (message) => Object.assign(attacker, message));
		attacker.worker.on('error', (error) => (attacker.error = error));
		attacker.exited = new Promise((resolve) => attacker.worker.on('exit', resolve));
		await attacker.until('to begin', () => attacker.rounds !== undefined);
		return attacker;
	}

	until(what, isTrue) {
		return until(`the attacker ${what}`, () => {
			if (this.error)
				throw this.error;
			return isTrue();
		}, LIMIT_MS);
	}

	async end() {
		this.worker.postMessage('stop');
		await within(this.exited, 'the attacker to end', LIMIT_MS).catch(() => this.worker.terminate());
	}
}

/* ---- on its own thread ---- */

let isOver = false;
const target = { port: workerData?.port };

/** Counts a text in a stream, also where two pieces share it. */
function counter(text) {
	let rest = '';
	return (data) => {
		const all = rest + data.toString('latin1'), n = all.split(text).length - 1;
		rest = all.slice(Math.max(all.lastIndexOf(text) + (n ? text.length : 0), all.length - text.length + 1, 0));
		return n;
	};
}

/** Writes rounds to a socket until it is closed: plan.again, and as many answers as it has
 *  awaited. */
async function rounds(socket, plan, text, answers) {
	const count = counter(text);
	let seen = 0, wake = () => {};
	socket.removeAllListeners('data');
	socket.on('data', (data) => {
		seen += count(data);
		wake();
	});
	for (const event of ['drain', 'close', 'error'])
		socket.on(event, () => wake());
	stopped.then(() => wake());
	const comes = async (isTrue) => {
		while (!isOver && !socket.destroyed && !isTrue())
			await new Promise((resolve) => (wake = resolve));
	};
	if (plan.first) {
		socket.write(plan.first);
		await comes(() => seen > 0);
	}
	if (plan.isDeaf)
		socket.pause();
	while (!isOver && !socket.destroyed) {
		seen = 0;
		socket.write(plan.again);
		progress();
		await comes(() => socket.writableLength === 0);
		await comes(() => !plan.isDeaf && seen >= answers);
	}
	socket.destroy();
}

const KINDS = {
	async native(plan) {
		const ws = await WebSocket.connect(target, { path: `/ws?walletAddress=${plan.wallet}`, protocols: ['escrowchat.v1'], onmessage() {} });
		await rounds(ws.socket, plan, `{"ack":${BARRIER},`, plan.isAnswered ? 1 : 0);
	},
	async socket(plan) {
		const wire = await connected(target, Sock, plan.wallet);
		await rounds(wire.ws.socket, plan, `43${BARRIER}[`, plan.isAnswered ? 1 : 0);
	},
	async http(plan) {
		const socket = net.connect({ host: '127.0.0.1', port: plan.port });
		await rounds(socket, plan, 'HTTP/1.1 ', plan.answers);
	},
	async polling(plan) {
		const wire = await connected(target, Polling, plan.wallet);
		let isGone = false;
		const drain = async () => {
			while (!isOver && !isGone)
				isGone = await get(wire.path) !== 200;
		};
		const draining = drain().catch(() => (isGone = true));
		while (!isOver && !isGone) {
			const answer = wire.post(Buffer.from(plan.again).toString());
			progress();
			isGone ||= (await Promise.race([answer, stopped])).status !== 200;
		}
		await Promise.race([draining, stopped]);
	},
	async churn(plan) {
		const one = async () => {
			while (!isOver) {
				const ws = await WebSocket.connect(target, { path: `/ws?walletAddress=${plan.wallet}`, onmessage() {} });
				ws.socket.write(plan.again);
				await ws.destroy();
				progress();
			}
		};
		await Promise.all(Array.from({ length: 16 }, one));
	},
};

/** Reads an answer and drops it; returns its status. */
function get(path) {
	return new Promise((resolve, reject) => {
		http.get({ host: '127.0.0.1', port: target.port, path, agent: false }, (res) => {
			res.on('error', reject);
			res.on('end', () => resolve(res.statusCode));
			res.resume();
		}).on('error', reject);
	});
}

let done = 0;

function progress() {
	parentPort.postMessage({ rounds: done++ });
}

const stopped = isMainThread ? null : new Promise((resolve) => parentPort.once('message', () => {
	isOver = true;
	resolve({});
}));

if (!isMainThread && workerData?.kind) {
	const one = async () => {
		while (!isOver)
			await KINDS[workerData.kind](workerData).catch(() => new Promise((resolve) => setImmediate(resolve)));
	};
	await Promise.all(Array.from({ length: workerData.clients ?? 1 }, one));
	process.exit(0);
}
