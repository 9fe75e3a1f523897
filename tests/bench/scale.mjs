// SPDX-License-Identifier: ISC
// scale.mjs - what a history page, the unread list and a search take, asked of a running escrowchat.fcgi one after the other:
// node scale.mjs SOCKET MESSAGES. One row a question: median, 99th percentile and the slowest, from the request to the whole answer,
// FastCGI and this program's own time included. The first answer, with nothing in memory, is given apart.

import { ask } from '../e2e/lib/fastcgi.mjs';

const [socket, messages] = process.argv.slice(2);
const ROUNDS = 200;

const get = async (path, wallet = 'alice') => {
	const begin = process.hrtime.bigint();
	const answer = await ask(socket, { path, headers: { 'X-Wallet-Address': wallet } });
	const ms = Number(process.hrtime.bigint() - begin) / 1e6;
	if (answer.status !== 200)
		throw new Error(`${path}: ${answer.status} ${answer.body}`);
	return { ms, json: answer.json };
};

/** Until it is there: what must come from a cold disk first may be answered 503. */
async function patiently(path, wallet) {
	for (let tries = 0; ; tries++) {
		const answer = await get(path, wallet).catch((error) => (tries < 20 ? null : Promise.reject(error)));
		if (answer)
			return answer;
	}
}

/** Words of the messages themselves, from frequent to rare. */
async function words() {
	const counts = new Map();
	for (let room = 1; room <= 50; room++)
		for (const m of (await patiently(`/api/chat/room-${room}/history?limit=200`)).json.messages)
			for (const word of m.content.split(' '))
				counts.set(word, (counts.get(word) ?? 0) + 1);
	const ranked = [...counts].sort((a, b) => b[1] - a[1]).map(([word]) => word).filter((w) => w.length >= 4);
	return { frequent: ranked[0], second: ranked[1], middle: ranked[Math.min(2000, ranked.length >> 1)], rare: ranked.at(-1) };
}

const found = await words();
const room = (i) => `room-${1 + (i * 7) % 50}`;
const search = (q, more = '') => `/api/chat/search?q=${encodeURIComponent(q)}${more}`;
const newest = (await get('/api/chat/room-1/history?limit=1')).json.messages[0].id;
let bound = newest;

const questions = [
	['a history page of the largest room', () => `/api/chat/room-1/history?before=${bound}`, (json) => (bound = json.messages[0]?.id ?? newest)],
	['a history page of other rooms', (i) => `/api/chat/${room(i)}/history`],
	['the unread list, the end unread', () => '/api/chat/unread'],
	['the unread count, the end unread', () => '/api/chat/unread/count'],
	['the unread list, nothing ever read', () => '/api/chat/unread', null, 'bob'],
	['search, a frequent word, 50 rooms', () => search(found.frequent)],
	['search, two frequent words, 50 rooms', () => search(`${found.frequent} ${found.second}`)],
	['search, a word in between, 50 rooms', () => search(found.middle)],
	['search, a rare word, 50 rooms', () => search(found.rare)],
	['search, a word that is nowhere', () => search('nowherewhatever')],
	['search, three letters and *', () => search(`${found.frequent.slice(0, 3)}*`)],
	['search, a longer beginning and *', () => search(`${found.middle.slice(0, -1)}*`)],
	['search, a phrase', () => search(`"${found.frequent} ${found.second}"`)],
	['search, a frequent word, one small room', (i) => search(found.frequent, `&escrowId=room-${2 + (i % 49)}`)],
	['search, a rare word, the largest room', () => search(found.rare, '&escrowId=room-1')],
];

const ms = (n) => n.toFixed(2).padStart(8);
for (const [name, path, next, wallet] of questions) {
	const times = [];
	let json;
	for (let i = 0; i < ROUNDS; i++) {
		const answer = await (i === 0 ? patiently : get)(path(i), wallet);
		({ json } = answer);
		next?.(json);
		times.push(answer.ms);
	}
	const first = times.shift();
	times.sort((a, b) => a - b);
	const at = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))];
	console.log(`| ${messages.padStart(10)} | ${name.padEnd(40)} | ${ms(first)} | ${ms(at(0.5))} | ${ms(at(0.99))} | ${ms(at(1))} | ${String(json.count).padStart(7)} |`);
}
