// SPDX-License-Identifier: ISC
// socketio.mjs - the chat in a few lines of Socket.IO: socketio.mjs [DATABASE]. Says where it listens.

import { createServer } from 'node:http';
import { Server } from 'socket.io';

import { openStore } from './store.mjs';

const send = await openStore(process.argv[2]);
const server = createServer();
const io = new Server(server);

io.use((socket, next) => {
	socket.data.wallet = socket.handshake.auth.walletAddress;
	next(socket.data.wallet ? undefined : new Error('Authentication required: wallet address missing'));
});
io.on('connection', (socket) => {
	socket.on('subscribe_escrow', ({ escrowId }, answer) => {
		socket.join(`escrow_${escrowId}`);
		answer({ ok: true, escrowId });
	});
	socket.on('chat_message', ({ escrowId, content }, answer) => {
		const message = send(escrowId, socket.data.wallet, content);
		io.to(`escrow_${escrowId}`).emit('chat_message', message);
		answer?.({ ok: true, message });
	});
});
server.listen(0, '127.0.0.1', 1024, () => console.log(`listening on 127.0.0.1:${server.address().port}`));
