// SPDX-License-Identifier: ISC
// express.mjs - sending and history in a few lines of Express and better-sqlite3: express.mjs DATABASE. Says where it listens.

import Database from 'better-sqlite3';
import express from 'express';

import { openStore } from './store.mjs';

const send = await openStore(process.argv[2]);
const db = new Database(process.argv[2], { readonly: true });
const page = db.prepare('SELECT id, escrow, sender, content, time FROM messages WHERE escrow = ? ORDER BY number DESC LIMIT ?');
const head = db.prepare('SELECT max(id) AS id FROM queue');
const app = express();

app.disable('x-powered-by');
app.use(express.json());
app.use((req, res, next) => {
	req.wallet = req.get('X-Wallet-Address') ?? req.query.walletAddress;
	if (req.wallet)
		return next();
	res.status(401).json({ success: false, error: 'A valid identity is required.', code: 'unauthorized' });
});
app.post('/api/chat/:escrowId/send', (req, res) => {
	const content = typeof req.body.content === 'string' ? req.body.content.trim() : '';
	if (!content || content.length > 5000)
		return res.status(400).json({ success: false, error: 'The message is empty or too long.', code: 'bad_request' });
	res.status(201).json({ success: true, message: send(req.params.escrowId, req.wallet, content) });
});
app.get('/api/chat/:escrowId/history', (req, res) => {
	const limit = Math.min(Math.max(Number(req.query.limit) || 50, 1), 200);
	const rows = page.all(req.params.escrowId, limit + 1);
	const messages = rows.slice(0, limit).reverse().map((r) => ({
		id: r.id, escrowId: r.escrow, senderId: r.sender, content: r.content, timestamp: new Date(r.time).toISOString(), read: false,
	}));
	res.json({ success: true, messages, count: messages.length, cursor: String(head.get().id), hasMore: rows.length > limit });
});
const server = app.listen(0, '127.0.0.1', 1024, () => console.log(`listening on 127.0.0.1:${server.address().port}`));
