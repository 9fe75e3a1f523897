// SPDX-License-Identifier: ISC
// chat.js - the demo page: a small chat on escrowchat.js. History and the list of escrows come by
// REST, everything else by the one connection; what is shown is kept by message id, so that nothing
// is missing and nothing stands there twice. Text is set as text, never as markup. It stays one file,
// although it is long: the page works from a plain copy of this directory, without a build step, and
// one reader can follow it from top to bottom.
'use strict';

(() => {
	const PAGE = 50, NEAR_PX = 120, TOGETHER_MS = 300000, PING_MS = 5000, TOAST_MS = 7000, REFRESH_MS = 150, SEARCH_MS = 200;
	const CONTENT_MAX = 5000, WARN_AT = 4500;
	const WALLETS = [['alice', 'client'], ['bob', 'freelancer'], ['judge', 'arbiter']];
	const TRANSPORTS = { websocket: 'WebSocket', sse: 'SSE', poll: 'Long-poll' };
	const FINAL = { 400: 1, 401: 1, 403: 1, 404: 1 };

	const $ = (id) => document.getElementById(id);
	const input = $('content'), log = $('log');
	const rooms = new Map(); // escrowId -> what is known of it
	let me = '', name = '', token, chat = null, room = null, visit = null, listed = null, isSeen = true, wasAtEnd = true;

	/* ---- small things ---- */

	function h(tag, className, ...children) {
		const element = document.createElement(tag);
		if (className)
			element.className = className;
		element.append(...children);
		return element;
	}

	function icon(name, label) {
		const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg'), use = document.createElementNS(svg.namespaceURI, 'use');
		svg.setAttribute('class', `icon ${name}`);
		svg.setAttribute(...(label ? ['role', 'img'] : ['aria-hidden', 'true']));
		if (label)
			svg.setAttribute('aria-label', label);
		use.setAttribute('href', `#icon-${name}`);
		svg.append(use);
		return svg;
	}

	/** Initials on a colour of the wallet's own. */
	function avatar(wallet) {
		let hash = 0;
		for (const c of wallet.toLowerCase())
			hash = (hash * 31 + c.codePointAt(0)) >>> 0;
		const element = h('span', 'avatar', wallet.replace(/^0x/i, '').slice(0, 2));
		element.style.setProperty('--hue', String((hash * 137) % 360));
		element.setAttribute('aria-hidden', 'true');
		return element;
	}

	const isEvm = (wallet) => /^0x[0-9a-f]{40}$/i.test(wallet);
	const keyOf = (wallet) => (isEvm(wallet) ? wallet.toLowerCase() : wallet);
	const isMe = (wallet) => keyOf(wallet) === keyOf(me);
	const shorten = (name) => (name.length > 20 ? `${name.slice(0, 6)}…${name.slice(-4)}` : name);
	const list = (names) => names.join(', ').replace(/, ([^,]*)$/, ' and $1');
	const clock = (at) => at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });

	function daysAgo(at) {
		const midnight = (d) => new Date(d.getFullYear(), d.getMonth(), d.getDate());
		return Math.round((midnight(new Date()) - midnight(at)) / 86400000);
	}

	function dayName(at) {
		const ago = daysAgo(at);
		return ago === 0 ? 'Today' : ago === 1 ? 'Yesterday'
			: at.toLocaleDateString([], { weekday: 'long', day: 'numeric', month: 'long', ...(ago > 300 && { year: 'numeric' }) });
	}

	function briefly(at) {
		const ago = daysAgo(at);
		return ago === 0 ? clock(at) : ago < 7 ? at.toLocaleDateString([], { weekday: 'short' }) : at.toLocaleDateString([], { day: 'numeric', month: 'short' });
	}

	async function rest(path) {
		return ask(`/api/${path}`, { headers: token ? { Authorization: `Bearer ${token}` } : { 'X-Wallet-Address': me } });
	}

	async function ask(path, options) {
		const answer = await fetch(path, options);
		const body = await answer.json();
		if (!answer.ok)
			throw Object.assign(new Error(body.error), { code: body.code, isFinal: answer.status in FINAL });
		return body;
	}

	/* ---- the user: a key for each name signs in, and never leaves this browser ---- */

	const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

	function base58(bytes) {
		let text = '', n = 0n;
		for (const byte of bytes)
			n = n * 256n + BigInt(byte);
		for (; n > 0n; n /= 58n)
			text = ALPHABET[Number(n % 58n)] + text;
		for (let i = 0; bytes[i] === 0; i++)
			text = `1${text}`;
		return text;
	}

	/** The browser's store of keys, or one that lasts as long as the page. */
	const kept = new Map();
	function store(mode, run) {
		return new Promise((resolve, reject) => {
			const opening = indexedDB.open('escrowchat-demo', 1);
			opening.onupgradeneeded = () => opening.result.createObjectStore('keys');
			opening.onerror = () => reject(opening.error);
			opening.onsuccess = () => {
				const request = run(opening.result.transaction('keys', mode).objectStore('keys'));
				request.onsuccess = () => resolve(request.result);
				request.onerror = () => reject(request.error);
			};
		});
	}

	/** A throw-away Ed25519 key, made at the first visit under that name: its public half is a
	 * Solana address. */
	async function keyFor(who) {
		const known = kept.get(who) ?? await store('readonly', (keys) => keys.get(who)).catch(() => null);
		const pair = known ?? await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
		kept.set(who, pair);
		if (!known)
			await store('readwrite', (keys) => keys.put(pair, who)).catch(() => {});
		const address = base58(new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)));
		return { address, sign: async (text) => base58(new Uint8Array(await crypto.subtle.sign('Ed25519', pair.privateKey, new TextEncoder().encode(text)))) };
	}

	const post = (path, body) => ask(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });

	/** Sets me and token: signs the server's challenge. With auth = open nothing is signed, and
	 * the name is the wallet. */
	async function signIn() {
		const { auth } = await ask('/api/health');
		if (auth !== 'wallet') {
			me = name;
			return;
		}
		const { address, sign } = await keyFor(name);
		const { message } = await post('/api/auth/challenge', { walletAddress: address });
		({ token } = await post('/api/auth/verify', { walletAddress: address, message, signature: await sign(message) }));
		me = address;
	}

	/** Once more: the token is about to expire, or is no good. The connection asks for it at
	 * its next attempt. */
	let renewing;
	function renew() {
		renewing ??= signIn().catch((error) => toast('Signing in', error.message, null, true)).then(() => {
			renewing = null;
		});
	}

	function toast(title, text, escrowId, isBad) {
		const close = h('button', 'plain', icon('close'));
		const words = h(escrowId ? 'button' : 'div', 'words', h('strong', '', title), h('span', '', text));
		const element = h('div', isBad ? 'toast bad' : 'toast', words, close);
		close.setAttribute('aria-label', 'Dismiss');
		close.onclick = () => element.remove();
		if (escrowId)
			words.onclick = () => {
				element.remove();
				go(escrowId);
			};
		$('toasts').append(element);
		while ($('toasts').children.length > 4)
			$('toasts').firstChild.remove();
		const fade = () => (element.matches(':hover, :focus-within') ? setTimeout(fade, TOAST_MS) : element.remove());
		setTimeout(fade, TOAST_MS);
	}

	/* ---- the escrows ---- */

	function roomOf(id) {
		if (!rooms.has(id))
			rooms.set(id, { id, title: id, participants: [], unread: 0, last: null, draft: '', pending: new Map(), present: new Set() });
		return rooms.get(id);
	}

	async function loadEscrows() {
		try {
			const { escrows } = await rest('escrows?limit=100');
			for (const e of escrows) {
				const r = roomOf(e.escrowId);
				Object.assign(r, { title: e.title || e.escrowId, status: e.status, role: e.role, participants: e.participants, isListed: true });
				count(r, e.unread, e.lastMessage);
			}
		} catch (error) {
			if (error.isFinal && error.code !== 'not_found')
				toast('Escrows', error.message, null, true);
		}
		showEscrows();
		showRoom();
	}

	/* While the user looks at the room, the page counts its unread messages itself: the
	 * server's count is ignored. */
	function count(r, unread, last) {
		if (r !== room || !isSeen)
			r.unread = unread;
		if (last && !(r.last && r.last.timestamp > last.timestamp))
			r.last = last;
	}

	let refreshing;
	function refreshUnread() {
		clearTimeout(refreshing);
		refreshing = setTimeout(async () => {
			try {
				const { escrows } = await rest('chat/unread');
				const found = new Map(escrows.map((e) => [e.escrowId, e]));
				if (escrows.some((e) => !rooms.has(e.escrowId)))
					return await loadEscrows();
				for (const r of rooms.values())
					count(r, found.get(r.id)?.count ?? 0, found.get(r.id)?.lastMessage);
				showEscrows();
			} catch { /* asked again after the next notification or connection */ }
		}, REFRESH_MS);
	}

	function escrowRow(r) {
		if (!r.row) {
			r.row = { avatar: h('span', 'avatar square'), title: h('strong'), time: h('time'), last: h('span', 'last'), unread: h('span', 'count') };
			r.row.button = h('button', 'escrow', r.row.avatar, h('span', 'line', r.row.title, r.row.time), h('span', 'line', r.row.last, r.row.unread));
			r.row.button.onclick = () => go(r.id);
			r.row.li = h('li', '', r.row.button);
			r.row.li.dataset.escrow = r.id;
		}
		const { button, title, time, last, unread } = r.row;
		const fresh = avatar(r.title);
		fresh.classList.add('square');
		r.row.avatar.replaceWith(fresh);
		r.row.avatar = fresh;
		title.textContent = r.title;
		time.textContent = r.last ? briefly(new Date(r.last.timestamp)) : '';
		last.textContent = r.last ? `${isMe(r.last.senderId) ? 'You' : shorten(r.last.senderId)}: ${r.last.content}` : r.status || 'No messages yet';
		unread.hidden = !r.unread;
		unread.replaceChildren(r.unread > 99 ? '99+' : String(r.unread), h('span', 'aside', ' unread'));
		button.classList.toggle('has-unread', r.unread > 0);
		button.setAttribute('aria-current', r === room ? 'true' : 'false');
		return r.row.li;
	}

	function showEscrows() {
		const at = (r) => (r.last ? r.last.timestamp : '');
		const all = [...rooms.values()].sort((a, b) => (at(a) < at(b) ? 1 : at(a) > at(b) ? -1 : a.id < b.id ? -1 : 1));
		arrange($('escrows'), all.map(escrowRow));
		const total = all.reduce((n, r) => n + r.unread, 0);
		$('none').hidden = all.length > 0;
		$('total').hidden = !total;
		$('total').replaceChildren(String(total), h('span', 'aside', ' unread'));
		document.title = `${total ? `(${total}) ` : ''}${room ? `${room.title} · ` : ''}escrowchat`;
	}

	/** Makes these the children, touching only what differs; the focus stays where it was. */
	function arrange(parent, nodes) {
		const focused = document.activeElement;
		let at = parent.firstChild;
		for (const node of nodes) {
			if (node === at)
				at = at.nextSibling;
			else
				parent.insertBefore(node, at);
		}
		while (at) {
			const next = at.nextSibling;
			at.remove();
			at = next;
		}
		if (focused !== document.activeElement && parent.contains(focused))
			focused.focus();
	}

	/* ---- looking for messages ---- */

	/** The text with what was found marked in it; the ranges count as strings do here. */
	function snippet({ text, ranges }) {
		const pieces = [];
		let at = 0;
		for (const [begin, end] of ranges) {
			pieces.push(text.slice(at, begin), h('mark', '', text.slice(begin, end)));
			at = end;
		}
		return h('span', 'last', ...pieces, text.slice(at));
	}

	function foundRow(m) {
		const r = roomOf(m.escrowId), square = avatar(r.title);
		square.classList.add('square');
		const button = h('button', 'escrow', square, h('span', 'line', h('strong', '', r.title), h('time', '', briefly(new Date(m.timestamp)))), snippet(m.snippet));
		button.onclick = () => reveal(m.escrowId, m.id);
		return h('li', '', button);
	}

	/** The last word may not be complete yet, so it is searched for as a beginning. */
	const asked = (words) => (/[^\s"*]{3}$/.test(words) && (words.split('"').length & 1) ? `${words}*` : words);

	let search = null;
	async function find(before) {
		const words = $('words').value.trim(), mine = search = {};
		if (!before)
			$('found').replaceChildren();
		$('found').hidden = !words;
		$('found-state').textContent = words ? 'Searching…' : '';
		if (!words)
			return;
		try {
			const page = await rest(`chat/search?${new URLSearchParams({ q: asked(words), limit: 20, ...(before && { before }) })}`);
			if (search !== mine)
				return;
			$('found').querySelector('.older')?.parentNode.remove();
			$('found').append(...page.messages.map(foundRow));
			const n = $('found').children.length;
			if (page.next) {
				const more = h('button', 'older', 'Earlier messages');
				more.onclick = () => find(page.next);
				$('found').append(h('li', '', more));
			}
			$('found-state').textContent = n === 0 && !page.next ? 'Nothing was found.' : `${n}${page.next ? ' and more' : ''} found`;
		} catch (error) {
			if (search === mine)
				$('found-state').textContent = error.message;
		}
	}

	/** Opens the room where that message is in sight. */
	async function reveal(escrowId, id) {
		const isOther = room?.id !== escrowId, entering = isOther ? enter(escrowId) : null, mine = visit;
		address(escrowId);
		await entering;
		while (visit === mine && !room.ids.has(id) && room.hasMore)
			await loadOlder();
		const element = visit === mine && room.ids.get(id)?.element;
		if (!element)
			return;
		log.querySelector('.sought')?.classList.remove('sought');
		element.classList.add('sought');
		element.scrollIntoView({ block: 'center' });
	}

	/* ---- the connection ---- */

	function connect(cursor) {
		const forced = $('pick').value;
		chat?.close();
		/* A browser's tabs share one connection, unless a transport is to be seen at work
		 * in this one. */
		const c = chat = EscrowChat.connect({ walletAddress: me, token: () => token, cursor, ...(forced === 'auto' ? { shareTabs: true } : { transports: [forced] }) });
		const on = (name, f) => c.on(name, (...args) => c === chat && f(...args));
		on('state', (s) => {
			showState(s.retryIn);
			if (s.state === 'open')
				loadEscrows();
		});
		on('transport', () => showState());
		on('error', (error) => (error.code === 'unauthorized' ? renew() : toast('Connection', error.error || error.code, null, true)));
		on('token_expiring', renew);
		on('chat_error', refused);
		on('joined', entered);
		on('chat_message', (message) => inRoom(message, (r) => {
			r.typing.delete(message.senderId);
			showTyping();
			take(r, message);
		}));
		on('message_read', tick);
		on('notification', notified);
		on('user_typing', (d) => inRoom(d, (r) => {
			r.typing[d.isTyping ? 'add' : 'delete'](d.walletAddress);
			showTyping();
		}));
		for (const [name, verb] of [['user_joined', 'add'], ['user_left', 'delete']])
			on(name, (d) => inRoom(d, (r) => {
				r.present[verb](d.walletAddress);
				r.presentCount = r.present.size;
				if (verb === 'delete')
					r.typing.delete(d.walletAddress);
				showTyping();
				showRoom();
			}));
		for (const name of Object.keys(PUBLISHED))
			on(name, (data, about) => {
				const r = rooms.get(about.escrowId ?? data.escrowId) ?? room;
				if (r)
					PUBLISHED[name](r, data);
			});
		showState();
		for (const r of rooms.values()) {
			for (const item of r.pending.values())
				transmit(r, item);
		}
	}

	function inRoom(data, f) {
		if (room && data.escrowId === room.id)
			f(room);
	}

	let retryAt = 0;
	function showState(retryIn) {
		const { state, transport, latency } = chat;
		retryAt = retryIn ? Date.now() + retryIn : retryAt;
		const seconds = Math.ceil((retryAt - Date.now()) / 1000);
		const text = { open: 'Connected', connecting: 'Connecting…', offline: seconds > 1 ? `Offline, trying again in ${seconds} s` : 'Offline, trying again…', closed: 'Closed' }[state];
		$('foot').dataset.state = state;
		if ($('state').textContent !== text)
			$('state').textContent = text;
		$('transport').textContent = state === 'open' ? TRANSPORTS[transport] : '';
		$('latency').textContent = state === 'open' && latency !== null ? `${latency} ms` : '';
	}

	function refused(error) {
		if (error.event === 'subscribe_escrow' && error.escrowId && room && error.escrowId === room.id) {
			const gone = room;
			close();
			rooms.delete(gone.id);
			showEscrows();
			address(null, true);
		}
		toast('Not possible', error.error || error.code, null, true);
	}

	/* A measure of the latency, and of who is here. */
	function ping() {
		const r = room;
		if (chat?.state === 'open' && r?.isIn && !document.hidden)
			chat.presence(r.id).then((a) => r === room && here(r, a), () => {}).then(() => showState());
	}

	setInterval(ping, PING_MS);
	setInterval(() => chat?.state === 'offline' && showState(), 1000);

	/* ---- one room ---- */

	function close() {
		if (!room)
			return;
		room.draft = input.value;
		room.isIn = false;
		chat?.leave(room.id);
		room = visit = null;
		showRoom();
	}

	/** History first, then the stream from its cursor: no gap between the two, and no
	 * overlap. */
	async function enter(id) {
		const r = roomOf(id), mine = {};
		close();
		room = r;
		visit = mine;
		Object.assign(r, { items: [], ids: new Map(), days: new Map(), typing: new Set(), present: new Set(), presentCount: 0, early: [], hasMore: false, isLoading: true, newFrom: null });
		input.value = r.draft;
		log.replaceChildren();
		showRoom();
		showEscrows();
		fit();
		let page, error;
		try {
			await listed;
			page = await rest(`chat/${encodeURIComponent(id)}/history?limit=${PAGE}`);
		} catch (e) {
			error = e;
		}
		if (visit !== mine)
			return;
		if (!chat)
			connect(page?.cursor);
		if (error?.isFinal)
			return refused({ event: 'subscribe_escrow', escrowId: id, error: error.message });
		page ??= await chat.history(id, { limit: PAGE }).catch(() => null);
		if (!page || visit !== mine)
			return;
		fill(r, page);
		const by = chat;
		by.join(id, { cursor: page.cursor, onGap: (history) => visit === mine && fill(r, history, true) }).catch(() => {});
	}

	/* A page of history, in place of what was there. */
	function fill(r, page, isAgain) {
		r.isLoading = false;
		r.hasMore = page.hasMore;
		if (isAgain)
			Object.assign(r, { items: r.items.filter((i) => i.isNote), ids: new Map() });
		page.messages.forEach((m) => put(r, m));
		r.early.splice(0).forEach(tick);
		const theirs = r.items.filter((i) => !i.isNote && !isMe(i.senderId));
		if (!isAgain && r.unread > 0 && r.unread <= theirs.length)
			r.newFrom = theirs[theirs.length - r.unread];
		lay(() => {
			const mark = log.querySelector('.new');
			log.scrollTop = mark ? mark.offsetTop - log.clientHeight / 3 : log.scrollHeight;
		});
		markRead();
	}

	async function loadOlder() {
		const r = room, mine = visit, first = r?.items.find((i) => !i.isNote);
		if (!r || r.isLoading || !r.hasMore || !first)
			return;
		r.isLoading = true;
		lay();
		const query = { before: first.id, limit: PAGE };
		const page = await rest(`chat/${encodeURIComponent(r.id)}/history?${new URLSearchParams(query)}`).catch(() => chat.history(r.id, query)).catch(() => null);
		if (visit !== mine)
			return;
		r.isLoading = false;
		if (page) {
			r.hasMore = page.hasMore;
			page.messages.forEach((m) => put(r, m));
		}
		const fromEnd = log.scrollHeight - log.scrollTop;
		lay(() => {
			log.scrollTop = log.scrollHeight - fromEnd;
		});
	}

	function entered(answer) {
		inRoom(answer, (r) => {
			r.isIn = true;
			r.typing.clear();
			here(r, answer);
			showTyping();
			markRead();
			ping();
		});
	}

	function here(r, answer) {
		r.present = new Set(answer.present);
		r.presentCount = answer.presentCount;
		showRoom();
	}

	function showRoom() {
		$('open').hidden = !room;
		$('blank').hidden = !!room;
		if (!room)
			return;
		const r = room, mayWrite = r.role !== 'observer';
		const isHere = (wallet) => [...r.present].some((w) => keyOf(w) === keyOf(wallet));
		const others = [...r.present].filter((w) => !isMe(w)).map(shorten);
		$('title').textContent = r.title;
		$('status').textContent = (r.status || '').toLowerCase().replace(/_/g, ' ');
		$('status').hidden = !r.status;
		$('present').textContent = !r.isIn ? 'Opening…' : r.presentCount > 8 ? `${r.presentCount} are here`
			: others.length ? `${list(others)} ${others.length > 1 ? 'are' : 'is'} here` : 'Only you are here';
		$('people').replaceChildren(...r.participants.slice(0, 5).map((p) => {
			const li = h('li', isHere(p.walletAddress) ? 'is-here' : '', avatar(p.walletAddress),
				h('span', 'aside', `${shorten(p.walletAddress)}, ${p.role}, ${isHere(p.walletAddress) ? 'here' : 'away'}`));
			li.title = `${p.walletAddress} (${p.role})`;
			return li;
		}));
		input.disabled = !mayWrite;
		input.placeholder = mayWrite ? 'Write a message' : 'You read along as an observer';
		$('send').disabled = !mayWrite || !input.value.trim();
		showAi(r);
	}

	function showTyping() {
		const names = [...room.typing].map(shorten);
		const dots = h('span', 'dots', h('i'), h('i'), h('i'));
		dots.setAttribute('aria-hidden', 'true');
		$('typing').replaceChildren(...(names.length ? [dots, `${list(names)} ${names.length > 1 ? 'are' : 'is'} typing`] : []));
	}

	/* ---- messages ---- */

	/** Into its place in the order of the room's times; what stands there already stays as it
	 * is. */
	function put(r, message) {
		const known = r.ids.get(message.id);
		if (known) {
			known.read = known.read || message.read;
			dress(known);
			return null;
		}
		const pending = isMe(message.senderId) && r.pending.get(message.clientMsgId);
		const item = Object.assign(pending || {}, message, { at: new Date(message.timestamp), isPending: false, failure: null });
		r.pending.delete(message.clientMsgId);
		r.ids.set(item.id, item);
		let i = r.items.length;
		while (i > 0 && r.items[i - 1].at > item.at)
			i--;
		r.items.splice(i, 0, item);
		dress(item);
		return item;
	}

	/* A message that came now. */
	function take(r, message) {
		const item = put(r, message), isMine = isMe(message.senderId);
		if (!r.last || r.last.timestamp <= message.timestamp)
			r.last = message;
		if (item && !isMine) {
			r.unread++;
			if (document.hidden || !isAtEnd())
				r.newFrom ??= item;
		}
		lay();
		markRead();
		showEscrows();
		showLatest();
	}

	function note(r, text) {
		if (r !== room)
			return;
		const last = r.items[r.items.length - 1], now = new Date();
		r.items.push({ isNote: true, at: last && last.at > now ? last.at : now, element: h('p', 'note', h('span', '', text)) });
		lay();
	}

	/* An item's element says all that is known of it. */
	function dress(item) {
		const isMine = isMe(item.senderId);
		if (!item.element) {
			item.text = h('p', 'text', item.content);
			item.sender = h('span', 'sender');
			item.about = h('p', 'about');
			item.element = h('article', isMine ? 'message mine' : 'message', ...(isMine ? [] : [avatar(item.senderId)]), h('div', 'speech', item.sender, h('div', 'bubble', item.text, item.about)));
		}
		const role = item.senderRole ? h('span', `role ${item.senderRole}`, item.senderRole) : '';
		const time = h('time', '', clock(item.at));
		time.dateTime = item.at.toISOString();
		time.title = item.at.toLocaleString();
		item.element.dataset.id = item.id || '';
		item.element.classList.toggle('pending', !!item.isPending);
		item.element.classList.toggle('failed', !!item.failure);
		item.sender.replaceChildren(h('b', '', isMine ? 'You' : shorten(item.senderId)), ' ', role);
		item.sender.title = item.senderId;
		item.about.replaceChildren(time);
		if (isMine && !item.failure)
			item.about.append(item.isPending ? icon('wait', 'waiting to be sent') : item.read ? icon('read', 'read') : icon('sent', 'sent'));
		if (item.failure) {
			const again = h('button', 'link', 'Try again');
			again.onclick = () => {
				item.failure = null;
				dress(item);
				transmit(room, item);
			};
			item.about.append(` ${item.failure} `, again);
		}
	}

	const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_PX;

	/** Shows the open room's items; scrolling is the caller's, else a reader at the end stays
	 * there. */
	function lay(scroll) {
		const r = room, nodes = [], stays = isAtEnd();
		let before = null;
		for (const item of [...r.items, ...r.pending.values()]) {
			const day = item.at.toDateString(), isNewDay = !before || before.at.toDateString() !== day;
			if (isNewDay) {
				if (!r.days.has(day))
					r.days.set(day, h('p', 'day', h('span', '', dayName(item.at))));
				nodes.push(r.days.get(day));
			}
			if (item === r.newFrom)
				nodes.push(r.newLine ??= h('p', 'new', h('span', '', 'New')));
			item.element.classList.toggle('follows', !isNewDay && item !== r.newFrom && !item.isNote && !before.isNote &&
				keyOf(before.senderId) === keyOf(item.senderId) && item.at - before.at < TOGETHER_MS);
			nodes.push(item.element);
			before = item;
		}
		log.setAttribute('aria-busy', String(!!scroll));
		arrange(log, [top(r), ...nodes]);
		if (scroll)
			scroll();
		else if (stays)
			log.scrollTop = log.scrollHeight;
		wasAtEnd = isAtEnd();
		log.setAttribute('aria-busy', 'false');
	}

	function top(r) {
		if (!r.top) {
			r.older = h('button', 'older');
			r.older.onclick = loadOlder;
			r.begin = h('p', 'begin', '');
			r.top = h('div', 'top', r.older, r.begin);
		}
		r.older.hidden = !r.hasMore;
		r.older.textContent = r.isLoading ? 'Loading…' : 'Earlier messages';
		r.begin.hidden = r.hasMore || r.isLoading;
		r.begin.textContent = r.items.length ? 'The beginning of this conversation' : 'Nothing was said here yet. Write the first message.';
		return r.top;
	}

	function showLatest() {
		const isHidden = !room || isAtEnd();
		$('latest').hidden = isHidden;
		$('latest-text').textContent = room?.unread ? `${room.unread} new` : 'Latest';
	}

	/* Marks as read up to the last message, if the reader has the end of the page in view. */
	function markRead() {
		const r = room;
		isSeen = !document.hidden && isAtEnd();
		if (!r?.isIn || !isSeen)
			return;
		const last = [...r.items].reverse().find((i) => !i.isNote && !isMe(i.senderId));
		if (!last || r.marked === last.id)
			return;
		const was = r.marked;
		r.marked = last.id;
		r.unread = 0;
		showEscrows();
		chat.read(r.id, { upTo: last.id }).catch((error) => {
			if (error.code === 'closed')
				r.marked = was;
		});
	}

	/* Mine were read by another, or by me in another tab. */
	function tick(d) {
		if (isMe(d.readerId))
			return refreshUnread();
		inRoom(d, (r) => {
			const upTo = r.ids.get(d.messageId);
			if (r.isLoading)
				r.early.push(d);
			for (const item of r.items) {
				if (upTo && !item.read && !item.isNote && isMe(item.senderId) && (item === upTo || (d.upTo && item.at <= upTo.at))) {
					item.read = true;
					dress(item);
				}
			}
		});
	}

	function notified(n) {
		refreshUnread();
		if (n.type === 'message_received' && room && n.escrowId === room.id && !document.hidden)
			return;
		toast(n.title, n.message, n.escrowId);
	}

	/* ---- what the platform publishes ---- */

	const words = (data, ...names) => String(names.map((n) => data[n]).find((v) => typeof v === 'string' || typeof v === 'number') ?? '').slice(0, 200);

	/* From 0 to 1 or from 0 to 100, under one of the usual names. */
	function percentOf(data) {
		const value = [data.progress, data.percent, data.percentage].map(Number).find((v) => Number.isFinite(v));
		return value === undefined ? null : Math.max(0, Math.min(100, Math.round(value > 0 && value < 1 ? value * 100 : value)));
	}

	const PUBLISHED = {
		'verification:progress': (r, d) => ai(r, { state: 'busy', text: words(d, 'message', 'step', 'stage', 'status'), percent: percentOf(d) ?? r.ai?.percent }),
		'ai:thinking': (r, d) => ai(r, { state: 'busy', agent: words(d, 'agent'), text: words(d, 'status', 'message') }),
		'ai:verification': (r, d) => {
			const verdict = words(d, 'verdict', 'result', 'decision', 'status') || 'done', why = words(d, 'summary', 'message', 'reason');
			ai(r, { state: /fail|reject|dispute/i.test(verdict) ? 'bad' : 'good', text: why ? `${verdict}: ${why}` : verdict, percent: 100 });
			note(r, `AI verification: ${verdict}`);
		},
		'escrow:update': (r, d) => {
			r.status = words(d, 'status') || r.status;
			r.title = words(d, 'title') || r.title;
			note(r, d.status ? `The escrow is now ${words(d, 'status').toLowerCase().replace(/_/g, ' ')}` : 'The escrow was updated');
			showRoom();
			showEscrows();
		},
		'dispute:update': (r, d) => note(r, `Dispute: ${words(d, 'message', 'status', 'state') || 'updated'}`),
	};

	function ai(r, change) {
		r.ai = { ...r.ai, ...Object.fromEntries(Object.entries(change).filter(([, v]) => v !== '')) };
		if (r === room)
			showAi(r);
	}

	function showAi(r) {
		const { state, agent, text, percent } = r.ai || {};
		$('ai').hidden = !state;
		if (!state)
			return;
		$('ai').dataset.state = state;
		$('ai-agent').textContent = agent || 'AI verification';
		if ($('ai-text').textContent !== (text || ''))
			$('ai-text').textContent = text || '';
		if (percent === undefined || percent === null)
			$('ai-progress').removeAttribute('value');
		else
			$('ai-progress').value = percent;
		$('ai-percent').textContent = percent === undefined || percent === null ? '' : `${percent}%`;
	}

	/* ---- writing ---- */

	function say() {
		const r = room, content = input.value.trim();
		if (!r || !content || [...content].length > CONTENT_MAX || r.role === 'observer')
			return;
		const item = { clientMsgId: EscrowChat.newId(), senderId: me, senderRole: r.role, content, at: new Date(), isPending: true };
		chat?.typing(r.id, false);
		r.pending.set(item.clientMsgId, item);
		r.newFrom = null;
		dress(item);
		lay(() => {
			log.scrollTop = log.scrollHeight;
		});
		input.value = r.draft = '';
		written();
		transmit(r, item);
	}

	/** The same clientMsgId is stored once, however often it is sent: by the next connection
	 * too. */
	function transmit(r, item) {
		chat?.send(r.id, item.content, { clientMsgId: item.clientMsgId }).then((message) => {
			if (r === room && !r.isLoading)
				take(r, message);
			else
				r.pending.delete(item.clientMsgId);
			showState();
		}, (error) => {
			if (error.code === 'closed')
				return;
			item.failure = error.message;
			dress(item);
		});
	}

	/* The field is as high as what is in it. */
	function fit() {
		input.style.height = 'auto';
		input.style.height = `${Math.min(input.scrollHeight + 2, 160)}px`;
	}

	function written() {
		const length = [...input.value.trim()].length;
		$('send').disabled = length === 0 || length > CONTENT_MAX;
		$('left').textContent = length > WARN_AT ? `${CONTENT_MAX - length} characters left` : '';
		$('left').classList.toggle('bad', length > CONTENT_MAX);
		fit();
	}

	/* ---- the page ---- */

	function address(escrowId, isReplaced) {
		const query = new URLSearchParams({ ...(name && { wallet: name }), ...(escrowId && { escrow: escrowId }), ...($('pick').value !== 'auto' && { transport: $('pick').value }) });
		history[isReplaced ? 'replaceState' : 'pushState'](null, '', `?${query}`);
		view();
	}

	function view() {
		document.body.dataset.view = !name ? 'door' : room ? 'room' : 'list';
		$('door').hidden = !!name;
		for (const id of ['side', 'room', 'foot'])
			$(id).hidden = !name;
	}

	function go(escrowId) {
		if (room?.id !== escrowId)
			enter(escrowId);
		address(escrowId);
		if (matchMedia('(hover: hover)').matches)
			input.focus();
	}

	async function start(who, escrowId) {
		name = who;
		view();
		try {
			await signIn();
		} catch (error) {
			toast('Signing in', error.message, null, true);
			return;
		}
		$('me').replaceChildren(avatar(me), h('span', 'aside', 'Change the wallet: '), h('span', '', shorten(name)));
		$('me').title = me;
		listed = loadEscrows();
		if (escrowId)
			enter(escrowId);
		else
			connect();
		view();
	}

	$('wallets').append(...WALLETS.map(([wallet, role]) => {
		const button = h('button', 'wallet', avatar(wallet), h('span', '', h('strong', '', wallet), h('span', 'faint', role)));
		button.onclick = () => begin(wallet);
		return h('li', '', button);
	}));

	function begin(wallet) {
		const escrow = new URLSearchParams(location.search).get('escrow');
		name = wallet;
		address(escrow);
		start(wallet, escrow);
	}

	$('who').onsubmit = (event) => {
		event.preventDefault();
		begin($('wallet').value.trim());
	};
	let pausing;
	$('words').oninput = () => {
		clearTimeout(pausing);
		pausing = setTimeout(() => find(), SEARCH_MS);
	};
	$('find').onsubmit = (event) => {
		event.preventDefault();
		clearTimeout(pausing);
		find();
	};
	$('me').onclick = () => location.assign(location.pathname);
	$('back').onclick = () => {
		const { row } = room;
		close();
		address(null);
		showEscrows();
		row?.button.focus();
	};
	$('say').onsubmit = (event) => {
		event.preventDefault();
		say();
		input.focus();
	};
	input.oninput = () => {
		written();
		chat?.typing(room.id, input.value.trim() !== '');
	};
	input.onkeydown = (event) => {
		if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
			event.preventDefault();
			say();
		}
	};
	log.onscroll = () => {
		if (log.scrollTop < NEAR_PX)
			loadOlder();
		wasAtEnd = isAtEnd();
		showLatest();
		markRead();
	};
	$('latest').onclick = () => {
		log.scrollTop = log.scrollHeight;
		input.focus();
	};
	$('ai-close').onclick = () => {
		room.ai = null;
		showAi(room);
		input.focus();
	};
	$('escrows').onkeydown = (event) => {
		const step = { ArrowDown: 'nextElementSibling', ArrowUp: 'previousElementSibling' }[event.key];
		const to = step && event.target.closest('li')?.[step];
		if (to) {
			event.preventDefault();
			to.firstElementChild.focus();
		}
	};
	$('pick').onchange = () => {
		/* The result for one transport says nothing about the others that are asked for
		 * now. */
		try {
			localStorage.removeItem(`escrowchat:${location.origin}`);
		} catch { /* no storage: nothing is remembered */ }
		address(room?.id, true);
		connect();
		if (room)
			enter(room.id);
	};
	document.addEventListener('visibilitychange', markRead);
	document.addEventListener('keydown', (event) => {
		if (event.key === 'Escape' && room)
			(room.row?.button.offsetParent ? room.row.button : $('back')).focus();
	});
	/* The log became lower or higher: who was at its end stays there. */
	new ResizeObserver(() => {
		if (wasAtEnd)
			log.scrollTop = log.scrollHeight;
	}).observe(log);
	window.addEventListener('popstate', () => {
		const wanted = new URLSearchParams(location.search);
		if (!name || wanted.get('wallet') !== name)
			return location.reload();
		if (wanted.get('escrow') && wanted.get('escrow') !== room?.id)
			enter(wanted.get('escrow'));
		else if (!wanted.get('escrow'))
			close();
		showEscrows();
		view();
	});

	const wanted = new URLSearchParams(location.search);
	if (wanted.get('transport') in TRANSPORTS)
		$('pick').value = wanted.get('transport');
	if (wanted.get('wallet'))
		start(wanted.get('wallet'), wanted.get('escrow'));
	view();
})();
