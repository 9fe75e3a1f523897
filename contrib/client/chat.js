// SPDX-License-Identifier: ISC
// chat.js - the demo page: history by REST, everything else on the native WebSocket at /ws.
// A lost connection comes back with its cursors, so nothing is missed and nothing is shown twice.

const $ = (id) => document.getElementById(id);
const PAGE = 50, TYPING_AGAIN_MS = 2000, RETRY_MIN_MS = 500, RETRY_MAX_MS = 10000;

/** One visit to one room, until another is begun. */
class Visit {
	#socket = null;
	#acks = new Map();
	#next = 1;
	#retryMs = RETRY_MIN_MS;
	#timer = null;
	#isOver = false;
	#cursor = null; // of the room
	#ownCursor = null;
	#shown = new Map(); // message id -> its element
	#pending = new Map(); // clientMsgId -> {element, content}
	#present = new Set();
	#typing = new Set();
	#typedAt = 0;

	constructor(wallet, escrowId) {
		this.wallet = wallet;
		this.escrowId = escrowId;
	}

	/* ---- the connection ---- */

	async begin() {
		clear($('messages'));
		$('title').textContent = this.escrowId;
		notice('');
		try {
			await this.#loadHistory();
		} catch (error) {
			notice(`History: ${error.message}`);
		}
		if (!this.#isOver)
			this.#connect();
	}

	end() {
		this.#isOver = true;
		clearTimeout(this.#timer);
		this.#socket?.close();
		enable(false);
	}

	async #loadHistory() {
		const answer = await fetch(`/api/chat/${encodeURIComponent(this.escrowId)}/history?limit=${PAGE}`, { headers: { 'X-Wallet-Address': this.wallet } });
		const body = await answer.json();
		if (!answer.ok)
			throw new Error(body.error);
		if (this.#isOver)
			return;
		for (const message of body.messages)
			this.#show(message);
		this.#cursor = body.cursor;
	}

	#connect() {
		const where = new URL('/ws', location.href);
		where.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
		where.searchParams.set('walletAddress', this.wallet);
		if (this.#ownCursor)
			where.searchParams.set('cursor', this.#ownCursor);
		state('wait', 'connecting…');
		const socket = new WebSocket(where, ['escrowchat.v1']);
		this.#socket = socket;
		socket.onmessage = (m) => this.#take(JSON.parse(m.data));
		socket.onclose = () => this.#lost(socket);
	}

	#lost(socket) {
		if (this.#isOver || socket !== this.#socket)
			return;
		this.#acks.clear();
		this.#typing.clear();
		this.#showTyping();
		enable(false);
		state('lost', `connection lost, trying again in ${Math.round(this.#retryMs / 100) / 10} s`);
		this.#timer = setTimeout(() => this.#connect(), this.#retryMs);
		this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MAX_MS);
	}

	#ask(event, data) {
		const ack = this.#next++;
		return new Promise((resolve) => {
			this.#acks.set(ack, resolve);
			this.#socket.send(JSON.stringify({ event, data, ack }));
		});
	}

	async #enter() {
		const { escrowId } = this;
		const answer = await this.#ask('subscribe_escrow', this.#cursor ? { escrowId, cursor: this.#cursor } : { escrowId });
		if (!answer.ok) {
			state('lost', 'refused');
			notice(answer.error);
			return;
		}
		this.#retryMs = RETRY_MIN_MS;
		this.#present = new Set(answer.present);
		this.#showPresent(answer.presentCount);
		state('on', `connected as ${this.wallet}`);
		enable(true);
		for (const [clientMsgId, { content }] of this.#pending)
			this.#send(clientMsgId, content);
		this.#markRead();
	}

	/* ---- events ---- */

	#take(message) {
		if ('ack' in message) {
			const resolve = this.#acks.get(message.ack);
			this.#acks.delete(message.ack);
			if (message.data.cursor && message.data.escrowId === this.escrowId)
				this.#cursor = message.data.cursor;
			resolve?.(message.data);
			return;
		}
		if (message.cursor && message.escrowId === this.escrowId)
			this.#cursor = message.cursor;
		else if (message.cursor && message.escrowId === undefined)
			this.#ownCursor = message.cursor;
		const handler = this.#handlers[message.event];
		if (handler)
			handler(message.data);
		else if (message.escrowId === this.escrowId)
			this.#showEvent(`${message.event} ${JSON.stringify(message.data)}`);
	}

	#handlers = {
		hello: () => this.#enter(),
		chat_message: (data) => {
			this.#show(data);
			this.#markRead();
		},
		message_read: (data) => this.#showRead(data),
		user_joined: ({ walletAddress }) => {
			this.#present.add(walletAddress);
			this.#showPresent(this.#present.size);
		},
		user_left: ({ walletAddress }) => {
			this.#present.delete(walletAddress);
			this.#showPresent(this.#present.size);
		},
		user_typing: ({ walletAddress, isTyping }) => {
			this.#typing[isTyping ? 'add' : 'delete'](walletAddress);
			this.#showTyping();
		},
		notification: ({ escrowId, title, message }) => {
			if (escrowId !== this.escrowId)
				this.#showEvent(`${title}: ${message}`);
		},
		gap: () => {
			this.#showEvent('Some events are no longer kept; reload to see the whole history.');
		},
		chat_error: ({ error, code, escrowId }) => {
			notice(error);
			if (code === 'removed' && escrowId === this.escrowId) {
				enable(false);
				state('lost', 'removed from this escrow');
			}
		},
	};

	/* ---- what the reader does ---- */

	say(content) {
		const clientMsgId = crypto.randomUUID?.() ?? `${Date.now()}-${Math.floor(Math.random() * 1e9)}`;
		const element = bubble({ senderId: this.wallet, content, timestamp: new Date().toISOString() }, true);
		element.classList.add('pending');
		this.#pending.set(clientMsgId, { element, content });
		append(element);
		this.#typedAt = 0;
		this.#send(clientMsgId, content);
	}

	/** Again after a reconnection: the same clientMsgId is stored once, however often it is sent. */
	async #send(clientMsgId, content) {
		const answer = await this.#ask('chat_message', { escrowId: this.escrowId, content, clientMsgId });
		if (answer.ok) {
			this.#show(answer.message);
			return;
		}
		this.#pending.get(clientMsgId)?.element.remove();
		this.#pending.delete(clientMsgId);
		notice(answer.error);
	}

	typed(isEmpty) {
		const now = Date.now();
		if (isEmpty && this.#typedAt > 0) {
			this.#typedAt = 0;
			this.#ask('typing_stop', { escrowId: this.escrowId });
		} else if (!isEmpty && now - this.#typedAt >= TYPING_AGAIN_MS) {
			this.#typedAt = now;
			this.#ask('typing_start', { escrowId: this.escrowId });
		}
	}

	#markRead() {
		const last = [...this.#shown.values()].findLast((e) => !e.classList.contains('mine'));
		if (last && !last.dataset.marked && document.visibilityState === 'visible' && this.#socket?.readyState === WebSocket.OPEN) {
			last.dataset.marked = 'yes';
			this.#ask('message_read', { escrowId: this.escrowId, upTo: last.dataset.id });
		}
	}

	/* ---- showing: text is set as text, never as markup ---- */

	#show(message) {
		if (this.#shown.has(message.id))
			return;
		const element = bubble(message, message.senderId.toLowerCase() === this.wallet.toLowerCase());
		element.dataset.id = message.id;
		this.#shown.set(message.id, element);
		const pending = this.#pending.get(message.clientMsgId);
		if (pending && element.classList.contains('mine')) {
			pending.element.remove();
			this.#pending.delete(message.clientMsgId);
		}
		append(element);
	}

	#showRead({ messageId, readerId, upTo }) {
		for (const [id, element] of this.#shown) {
			if (element.classList.contains('mine') && (upTo !== undefined || id === messageId))
				element.querySelector('small').dataset.read = readerId;
			if (id === messageId)
				break;
		}
		for (const small of document.querySelectorAll('small[data-read]')) {
			if (!small.textContent.endsWith('✓'))
				small.textContent += ' ✓';
		}
	}

	#showEvent(text) {
		const element = document.createElement('li');
		element.className = 'event';
		element.textContent = text;
		append(element);
	}

	#showPresent(count) {
		const names = [...this.#present].map(shorten).join(', ');
		$('present').textContent = count > this.#present.size ? `${count} here` : names && `here: ${names}`;
	}

	#showTyping() {
		const names = [...this.#typing].map(shorten);
		$('typing').textContent = names.length ? `${names.join(', ')} ${names.length > 1 ? 'are' : 'is'} typing…` : '';
	}
}

function bubble({ senderId, senderRole, content, timestamp, read }, isMine) {
	const element = document.createElement('li'), text = document.createElement('p'), about = document.createElement('small');
	element.classList.toggle('mine', isMine);
	text.textContent = content;
	const time = new Date(timestamp).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
	about.textContent = `${isMine ? '' : `${shorten(senderId)}${senderRole ? ` (${senderRole})` : ''} · `}${time}${isMine && read ? ' ✓' : ''}`;
	element.append(text, about);
	return element;
}

function append(element) {
	const list = $('messages');
	const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
	list.append(element);
	if (isAtEnd)
		list.scrollTop = list.scrollHeight;
}

const shorten = (name) => (name.length > 20 ? `${name.slice(0, 8)}…${name.slice(-4)}` : name);

function clear(element) {
	while (element.firstChild)
		element.firstChild.remove();
}

function state(kind, text) {
	$('state').dataset.state = kind;
	$('state').textContent = text;
}

function notice(text) {
	$('notice').textContent = text;
	$('notice').hidden = text === '';
}

function enable(isOn) {
	$('content').disabled = !isOn;
	$('say').querySelector('button').disabled = !isOn;
}

/* ---- the page ---- */

let visit = null;

function enter() {
	const form = $('who').elements;
	visit?.end();
	visit = new Visit(form.wallet.value.trim(), form.escrow.value.trim());
	history.replaceState(null, '', `?${new URLSearchParams({ wallet: visit.wallet, escrow: visit.escrowId })}`);
	visit.begin();
}

function send() {
	const content = $('content').value.trim();
	if (content === '')
		return;
	notice('');
	$('content').value = '';
	visit.say(content);
}

$('who').addEventListener('submit', (event) => {
	event.preventDefault();
	enter();
});
$('say').addEventListener('submit', (event) => {
	event.preventDefault();
	send();
});
$('content').addEventListener('input', () => visit.typed($('content').value === ''));
$('content').addEventListener('keydown', (event) => {
	if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
		event.preventDefault();
		send();
	}
});

const wanted = new URLSearchParams(location.search);
for (const name of ['wallet', 'escrow']) {
	if (wanted.get(name))
		$('who').elements[name].value = wanted.get(name);
}
if (wanted.get('wallet') && wanted.get('escrow'))
	enter();
