// SPDX-License-Identifier: ISC
// ws.mjs - the native transport in a few lines of ws: ws.mjs [DATABASE]. Says where it listens.

import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

import { openStore } from './store.mjs';

const send = await openStore(process.argv[2]);
const rooms = new Map();
const server = createServer();
const wss = new WebSocketServer({ server, perMessageDeflate: false, handleProtocols: () => 'escrowchat.v1' });

const answers = {
	subscribe_escrow(socket, { escrowId }) {
		if (!rooms.has(escrowId))
			rooms.set(escrowId, new Set());
		rooms.get(escrowId).add(socket);
		socket.on('close', () => rooms.get(escrowId).delete(socket));
		return { ok: true, escrowId };
	},
	chat_message(socket, { escrowId, content }) {
		const message = send(escrowId, socket.wallet, content);
		const text = JSON.stringify({ event: 'chat_message', data: message, escrowId });
		for (const member of rooms.get(escrowId))
			member.send(text);
		return { ok: true, message };
	},
};

wss.on('connection', (socket, request) => {
	socket.wallet = request.headers['x-wallet-address'];
	socket.send(JSON.stringify({ event: 'hello', data: { walletAddress: socket.wallet } }));
	socket.on('message', (text) => {
		const { event, data, ack } = JSON.parse(text);
		const answer = answers[event](socket, data);
		if (ack !== undefined)
			socket.send(JSON.stringify({ ack, data: answer }));
	});
});
server.listen(0, '127.0.0.1', 1024, () => console.log(`listening on 127.0.0.1:${server.address().port}`));
