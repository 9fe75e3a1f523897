/* SPDX-License-Identifier: ISC */
/*
 * escrowchat.js - the native client of escrowchat for browsers: one file, no dependencies, ES5.
 * Chooses a transport by itself, comes back by itself, loses no event and shows none twice.
 *
 *	var chat = EscrowChat.connect({ url: 'https://chat.example', walletAddress: '0x…' });
 *	chat.on('chat_message', function (message) { … });
 *	chat.join('42', { cursor: fromHistory, onGap: function (history) { … } });
 *	chat.send('42', 'Hello').then(function (message) { … }, function (error) { … error.code … });
 *
 * Options: url (default: where the page is from), walletAddress, token (a string, or a function that returns one),
 *	withCredentials, transports (default ['websocket', 'sse', 'poll']), cursor (of the user's own topic), shareTabs (one
 *	connection for all tabs of the browser, where Web Locks and BroadcastChannel exist).
 * Calls: join(escrowId, {cursor, onGap}), leave(escrowId), send(escrowId, content, {clientMsgId}), typing(escrowId, is),
 *	read(escrowId, messageId | {upTo}), history(escrowId, {before, after, limit}), presence(escrowId), emit(event, data),
 *	on(event, f), off(event, f), close(). What has an answer takes a callback (error, answer) as its last argument, and
 *	without one returns a Promise. What is asked while there is no connection waits for it, at most 1000 of them.
 * Events: those of the server, f(data, {cursor, escrowId}), and the client's own: state {state, transport, retryIn},
 *	transport {transport}, joined (the answer of a room entered, again after each reconnection), gap, error {code, error}.
 * State: chat.state is connecting, open, offline (it will try again) or closed; chat.transport; chat.latency in ms.
 *
 * How nothing is lost and nothing comes twice. Every topic (a room, the user's own) keeps the cursor behind which it
 * goes on. On the WebSocket each topic resumes from its own. SSE and long-poll know one cursor for all; where the topics'
 * differ, the log's head is asked for first, then each cursor's topics are pulled by /poll until nothing is left, and the
 * stream begins at that head: what it brings again is known by its cursor and left out. Messages carry a clientMsgId and
 * are sent, one at a time in each room, until they are acknowledged; the server stores a clientMsgId once.
 */
(function (root) {
	'use strict';

	var HELLO_MS = 3000, ACK_MS = 10000, WATCH_MS = 40000, HOLD_S = 25, STABLE_MS = 5000;
	var RETRY_MS = 500, RETRY_MAX_MS = 30000, REMEMBER_MS = 600000, REMEMBER_LESS_MS = 60000;
	var QUEUE_MAX = 1000, MERGED_ROOMS_MAX = 20, TYPING_MS = 1500, PATIENCE = 3;
	var MEMORY = 'escrowchat:transport:';
	/* Their data's escrowId names the topic, where the wire does not. */
	var OF_ROOM = /^(chat_message|user_typing|user_joined|user_left|gap|chat_error)$/;
	var OF_CLIENT = /^(state|transport|joined|error)$/;
	/* An EventSource hears only what it listens to. */
	var NAMES = ('hello chat_message message_read notification user_typing user_joined user_left escrow:update ' +
		'verification:progress ai:thinking ai:verification dispute:update gap token_expiring chat_error heartbeat').split(' ');

	function nothing() {}

	function newId() {
		var bytes = [], id = '', i;
		try {
			bytes = root.crypto.getRandomValues(new root.Uint8Array(16));
		} catch (e) {}
		for (i = 0; i < 16; i++)
			id += (256 + (bytes.length ? bytes[i] : Math.floor(Math.random() * 256))).toString(16).slice(1);
		return id;
	}

	function failure(answer) {
		var error = new Error(answer.error || answer.code);
		error.code = answer.code;
		return error;
	}

	/* With a callback it is called, without one there is a Promise. */
	function promised(done, run) {
		if (typeof done === 'function' || !root.Promise)
			return void run(done || nothing);
		return new root.Promise(function (resolve, reject) {
			run(function (error, answer) {
				if (error)
					reject(error);
				else
					resolve(answer);
			});
		});
	}

	function parse(text) {
		try {
			return JSON.parse(text);
		} catch (e) {}
	}

	function connect(options) {
		var o = options || {};
		var base = (o.url || '').replace(/\/+$/, '');
		var me = newId(); /* client= of this page, and its name among tabs */
		var own = { cursor: o.cursor }, rooms = [];
		var seen = {}; /* cursors of events that a stream may bring again */
		var queue = [], handlers = {}, names = NAMES.slice(), typed = {};
		var usable, at = 0, good = -1, fails = 0, tries = 0, until = 0;
		var link = null, retryTimer, upTimer, changeTimer;
		var channel = null, isLeader = false, release = nothing, tabs = {};
		var chat = { state: 'connecting', transport: null, latency: null };

		if (!/^https?:/.test(base))
			base = root.location.protocol + '//' + root.location.host + base;

		function later(f, ms) {
			return root.setTimeout(f, ms);
		}

		function stop(timer) {
			root.clearTimeout(timer);
		}

		function now() {
			return Date.now();
		}

		function token() {
			return typeof o.token === 'function' ? o.token() : o.token;
		}

		function find(id) {
			for (var i = 0; i < rooms.length; i++) {
				if (rooms[i].id === id)
					return rooms[i];
			}
		}

		/* ---- telling the page ---- */

		function call(f, a, b) {
			try {
				f(a, b);
			} catch (e) {
				later(function () {
					throw e;
				}, 0);
			}
		}

		function fire(event, data, about) {
			(handlers['$' + event] || []).slice().forEach(function (f) {
				call(f, data, about);
			});
		}

		function setState(state, retryIn) {
			var has = chat.state;
			chat.state = state;
			tellTabs();
			if (has !== state)
				fire('state', { state: state, transport: chat.transport, retryIn: retryIn });
		}

		function setTransport(name) {
			if (chat.transport !== name) {
				chat.transport = name;
				fire('transport', { transport: name });
			}
		}

		/* ---- events from the server ---- */

		function advance(topics, cursor) {
			topics.forEach(function (t) {
				t.cursor = cursor;
			});
		}

		function removeRoom(r, answer) {
			var waiting = r.waiting;
			r.waiting = [];
			rooms.splice(rooms.indexOf(r), 1);
			waiting.forEach(function (done) {
				call(done, failure(answer));
			});
		}

		function refuse(id, answer) {
			if (find(id))
				take('chat_error', { event: 'subscribe_escrow', escrowId: id, code: answer.code, error: answer.error });
		}

		/* One event. topics: those that its cursor stands for; none: its own. */
		function take(event, data, cursor, escrowId, topics) {
			var id = escrowId || (OF_ROOM.test(event) && data.escrowId) || undefined;
			var r = id === undefined ? own : find(id), isMine = r && (r === own || r.who[me]);
			if (event === 'gap') {
				cursor = data.cursor;
				topics = null;
			}
			if (cursor) {
				if (topics || r)
					advance(topics || [r], cursor);
				if (seen[cursor] && event !== 'gap') {
					delete seen[cursor];
					return;
				}
			}
			if (isLeader)
				channel.postMessage({ ev: [event, data, cursor, id], all: topics && topics.map(function (t) { return t.id; }) });
			if (event === 'chat_error' && data.event === 'subscribe_escrow' && r && r !== own)
				removeRoom(r, data);
			if (!isMine && (r || event !== 'chat_error'))
				return;
			if (event === 'gap' && r.onGap)
				chat.history(r.id, { limit: 200 }, function (error, answer) {
					if (!error && find(r.id) === r)
						r.onGap(answer, data);
				});
			if (!OF_CLIENT.test(event))
				fire(event, data, { cursor: cursor, escrowId: id });
		}

		/* ---- requests ---- */

		function address(path, parameters, topics) {
			var pairs = [], name;
			function put(key, value) {
				if (value !== undefined && value !== null)
					pairs.push(key + '=' + encodeURIComponent(value));
			}
			put('walletAddress', o.walletAddress);
			for (name in parameters)
				put(name, parameters[name]);
			(topics || []).forEach(function (t) {
				put('escrow', t.id);
			});
			return base + path + '?' + pairs.join('&');
		}

		/* done(status, body): status 0: no answer. Returns what ends it without a word. */
		function request(method, url, body, ms, done) {
			var x = new root.XMLHttpRequest(), credential = token(), timer;
			function end(status, text) {
				x.onreadystatechange = nothing;
				stop(timer);
				if (done)
					done(status, parse(text));
			}
			x.open(method, url, true);
			x.withCredentials = !!o.withCredentials;
			if (credential)
				x.setRequestHeader('Authorization', 'Bearer ' + credential);
			if (body)
				x.setRequestHeader('Content-Type', 'application/json');
			x.onreadystatechange = function () {
				if (x.readyState === 4)
					end(x.status, x.responseText);
			};
			timer = later(function () {
				end(0);
				x.abort();
			}, ms);
			x.send(body);
			return function () {
				done = null;
				end();
				x.abort();
			};
		}

		/* ---- rooms ---- */

		function joined(r, answer) {
			if (find(r.id) !== r)
				return;
			if (answer && answer.ok) {
				r.isIn = true;
				r.waiting.splice(0).forEach(function (done) {
					call(done, null, answer);
				});
				if (r.who[me])
					fire('joined', answer);
			} else if (!answer || isPassing(answer)) {
				later(function () {
					if (link && link.isOpen && !r.isIn)
						link.join(r);
				}, RETRY_MS * (1 + 2 * Math.random()));
			} else {
				refuse(r.id, answer);
			}
		}

		/* The answer of entering, where the transport has none of its own. */
		function look(r) {
			ask('presence', { escrowId: r.id }, function (error, answer) {
				if (!error)
					answer = { ok: true, escrowId: r.id, cursor: r.cursor, present: answer.present, presentCount: answer.presentCount };
				joined(r, answer || { code: error.code, error: error.message });
			});
		}

		function enter(id, cursor, who, done) {
			var r = find(id);
			if (!r) {
				r = { id: id, cursor: cursor, who: {}, waiting: [], isIn: false };
				rooms.push(r);
				if (link && link.isOpen)
					link.join(r);
			} else if (r.isIn) {
				look(r);
			}
			r.who[who] = true;
			r.waiting.push(done);
			return r;
		}

		function leave(r, who) {
			delete r.who[who];
			for (who in r.who)
				return;
			removeRoom(r, { code: 'left' });
			if (link && link.isOpen)
				link.leave(r);
		}

		/* ---- what is asked waits here until it is answered ---- */

		function isPassing(answer) {
			return answer.code === 'rate_limited' || answer.code === 'unavailable';
		}

		function transmit(e) {
			var by = link, began = now();
			e.by = by;
			by.send(e.event, e.data, function (answer) {
				if (e.by !== by || queue.indexOf(e) < 0)
					return;
				if (!answer || isPassing(answer)) {
					later(function () {
						if (e.by === by)
							e.by = null;
						pump();
					}, RETRY_MS * (1 + 2 * Math.random()));
					return;
				}
				chat.latency = now() - began;
				queue.splice(queue.indexOf(e), 1);
				call(e.done, answer.ok ? null : failure(answer), answer.ok ? answer : undefined);
				pump();
			});
		}

		/* The messages of a room go one after the other, everything else at once. */
		function pump() {
			var busy = {};
			queue.slice().forEach(function (e, i) {
				var line = e.event === 'chat_message' ? '$' + e.data.escrowId : i;
				if (!e.by && !busy[line] && link && link.isOpen)
					transmit(e);
				busy[line] = true;
			});
		}

		function ask(event, data, done) {
			if (chat.state === 'closed' || queue.length >= QUEUE_MAX)
				return void call(done, failure({ code: chat.state === 'closed' ? 'closed' : 'queue_full' }));
			if (event === 'chat_message' && !data.clientMsgId)
				data.clientMsgId = newId();
			queue.push({ event: event, data: data, done: done, by: null });
			pump();
		}

		/* ---- WebSocket: each topic has its own cursor ---- */

		function overWebSocket(l) {
			var credential = token(), acks = {}, next = 1, pending = 0, timer;
			var ws = new root.WebSocket(address('/ws', { cursor: own.cursor }).replace(/^http/, 'ws'),
				['escrowchat.v1'].concat(credential ? 'bearer.' + credential : []));
			function check() {
				var ms = l.heard + ACK_MS - now();
				timer = 0;
				if (pending && ms <= 0)
					lost(l);
				else if (pending)
					timer = later(check, ms);
			}
			l.isDuplex = true;
			ws.onclose = ws.onerror = function () {
				lost(l);
			};
			ws.onmessage = function (m) {
				var f = parse(m.data), done = f && acks[f.ack];
				if (l.isOver || !f)
					return;
				l.heard = now();
				if (done) {
					delete acks[f.ack];
					pending--;
					done(f.data);
				} else if (f.event === 'hello') {
					own.cursor = f.data.cursor;
					opened(l, f.data);
				} else if (f.event) {
					take(f.event, f.data, f.cursor, f.escrowId);
				}
			};
			l.send = function (event, data, done) {
				var frame = { event: event, data: data };
				if (done) {
					frame.ack = next++;
					acks[frame.ack] = done;
					if (!pending++)
						l.heard = now();
					timer = timer || later(check, ACK_MS);
				}
				ws.send(JSON.stringify(frame));
			};
			l.join = function (r) {
				l.send('subscribe_escrow', { escrowId: r.id, cursor: r.cursor }, function (answer) {
					if (answer.ok)
						r.cursor = answer.cursor;
					joined(r, answer);
				});
			};
			l.leave = function (r) {
				l.send('unsubscribe_escrow', { escrowId: r.id });
			};
			/* After a sleep or a change of networks the socket may be dead without knowing it. */
			l.probe = function () {
				if (!pending)
					l.send('presence', { escrowId: rooms.length ? rooms[0].id : '0' }, nothing);
			};
			l.end = function (isGood) {
				stop(timer);
				ws.onclose = ws.onerror = ws.onmessage = null;
				if (isGood && l.isOpen)
					rooms.forEach(l.leave);
				ws.close();
			};
		}

		/* ---- SSE and long-poll: one cursor for all, rooms named in the request, POST for what goes up ---- */

		function merged(l) {
			l.topics = [own].concat(rooms.slice(-MERGED_ROOMS_MAX));
			l.send = function (event, data, done) {
				request('POST', address('/emit', { client: me }), JSON.stringify({ event: event, data: data }), ACK_MS, function (status, a) {
					if (done)
						done(a && a.ok !== undefined ? a : a && a.code && status < 500 && status !== 429 ? { code: a.code, error: a.error } : null);
				});
			};
			l.join = changed;
			l.leave = function (r) {
				l.send('unsubscribe_escrow', { escrowId: r.id });
				changed();
			};
			l.end = nothing;
		}

		/* The request names its rooms: others need another one. */
		function changed() {
			stop(changeTimer);
			changeTimer = later(function () {
				if (link && link.topics)
					dial(true);
			}, 0);
		}

		function greet(l, refused, hello) {
			(refused || []).forEach(function (id) {
				refuse(id, { code: 'not_participant' });
			});
			if (!l.isOpen)
				opened(l, hello);
		}

		/* One answer of /poll, or the link is lost. */
		function pull(l, topics, cursor, hold, done) {
			var abort = request('GET', address('/poll', { client: l.isShared ? undefined : me, cursor: cursor, timeout: hold }, topics), null, hold ? WATCH_MS : ACK_MS, function (status, a) {
				if (l.isOver)
					return;
				if (status === 200 && a && a.events)
					return void done(a);
				if (status === 403 && /^(not_participant|removed)$/.test(a && a.code) && l.topics && l.topics.length > 1) {
					l.topics.slice(1).forEach(function (r) {
						refuse(r.id, a);
					});
					at = good < 0 ? 0 : good;
					return void dial(true);
				}
				if (a && a.code)
					fire('error', { code: a.code, error: a.error });
				lost(l);
			});
			l.abort = abort;
		}

		/* Pulls what these topics, which share a cursor, have missed. All: those that the request names. */
		function drain(l, all, topics, next) {
			pull(l, all, topics[0].cursor, 0, function (a) {
				if (l.timer)
					wantHello(l);
				a.events.forEach(function (e) {
					if (l.isOver || (e.cursor && topics.indexOf(e.escrowId === undefined ? own : find(e.escrowId)) < 0))
						return;
					take(e.event, e.data, e.cursor, e.escrowId);
					if (e.cursor)
						seen[e.cursor] = true;
				});
				if (l.isOver)
					return;
				advance(topics, a.cursor);
				if (a.events.length)
					drain(l, all, topics, next);
				else
					next();
			});
		}

		/* One cursor for topics that had several: next(cursor). */
		function merge(l, next) {
			var groups = [];
			l.topics.forEach(function (t) {
				var same = groups.filter(function (g) {
					return g[0].cursor === t.cursor;
				})[0];
				if (same)
					same.push(t);
				else
					groups.push([t]);
			});
			if (groups.length === 1)
				return next(own.cursor);
			pull(l, l.topics, undefined, 0, function (head) {
				groups = groups.filter(function (g) {
					return g[0].cursor !== undefined;
				});
				(function more() {
					if (groups.length)
						return drain(l, l.topics, groups.shift(), more);
					advance(l.topics, head.cursor);
					delete seen[head.cursor];
					next(head.cursor);
				})();
			});
		}

		function overEvents(l) {
			var watch, heard = {};
			merged(l);
			merge(l, function (cursor) {
				var es = new root.EventSource(address('/events', { client: me, lastEventId: cursor }, l.topics), { withCredentials: !!o.withCredentials });
				/* A stream that died unnoticed: heartbeats are not always visible here, so a silent one is begun anew. */
				function rearm() {
					stop(watch);
					watch = later(function () {
						dial(true);
					}, WATCH_MS);
				}
				l.end = function () {
					stop(watch);
					es.onerror = null;
					es.close();
				};
				l.listen = function (name) {
					if (heard[name])
						return;
					heard[name] = true;
					es.addEventListener(name, function (m) {
						var data = parse(m.data), id = m.lastEventId;
						if (l.isOver)
							return;
						rearm();
						/* Without an id of its own an event repeats the last one's. */
						if (id === cursor)
							id = undefined;
						cursor = id || cursor;
						if (name === 'hello')
							cursor = cursor || data.cursor;
						if (name === 'hello' || name === 'heartbeat')
							advance(l.topics, cursor);
						else if (data)
							take(name, data, id, undefined, l.topics);
						if (name === 'hello')
							greet(l, data.refused, data);
					});
				};
				es.onerror = function () {
					lost(l);
				};
				names.forEach(l.listen);
				rearm();
			});
		}

		function overPoll(l) {
			var began, pause;
			function poll(cursor, hold) {
				began = now();
				pull(l, l.topics, cursor, hold, function (a) {
					greet(l, a.refused);
					a.events.forEach(function (e) {
						if (!l.isOver)
							take(e.event, e.data, e.cursor, e.escrowId, l.topics);
					});
					if (l.isOver)
						return;
					advance(l.topics, a.cursor);
					/* A held request that is answered with nothing at once was not held: not in a circle. */
					pause = later(function () {
						poll(a.cursor, HOLD_S);
					}, hold && !a.events.length && now() - began < 1000 ? 1000 : 0);
				});
			}
			merged(l);
			l.end = function () {
				stop(pause);
			};
			merge(l, function (cursor) {
				poll(cursor, 0);
			});
		}

		/* ---- choosing, losing, coming back ---- */

		var start = { websocket: overWebSocket, sse: overEvents, poll: overPoll };

		function choose() {
			usable = (o.transports || ['websocket', 'sse', 'poll']).filter(function (name) {
				return name === 'websocket' ? root.WebSocket : name === 'sse' ? root.EventSource && !token() : name === 'poll';
			});
			try {
				var has = parse(root.localStorage.getItem(MEMORY + base)) || {};
				if (has.until > now() && has.until <= now() + REMEMBER_MS && usable.indexOf(has.name) > 0) {
					at = good = usable.indexOf(has.name);
					until = has.until;
				}
			} catch (e) {}
		}

		function remember() {
			if (good !== at || until <= now())
				until = now() + (good >= 0 && good < at ? REMEMBER_LESS_MS : REMEMBER_MS);
			try {
				if (at > 0)
					root.localStorage.setItem(MEMORY + base, JSON.stringify({ name: usable[at], until: until }));
				else
					root.localStorage.removeItem(MEMORY + base);
			} catch (e) {}
			good = at;
			stop(upTimer);
			if (at > 0)
				upTimer = later(function () {
					at = 0;
					good = -1;
					if (link)
						dial(true);
				}, until - now());
		}

		function wantHello(l) {
			stop(l.timer);
			l.timer = later(function () {
				lost(l);
			}, HELLO_MS);
		}

		/* Ends the link; isGood: with a goodbye. */
		function hangUp(isGood) {
			var l = link;
			link = null;
			stop(retryTimer);
			if (!l)
				return;
			l.isOver = true;
			stop(l.timer);
			if (l.abort)
				l.abort();
			if (l.end)
				l.end(isGood);
			if (isGood && l.isOpen && l.topics)
				sayGoodbye();
			queue.forEach(function (e) {
				if (e.by === l && l.isDuplex)
					e.by = null;
			});
			rooms.forEach(function (r) {
				r.isIn = r.isIn && !l.isDuplex;
				r.held = null;
			});
			own.held = null;
		}

		/* isQuiet: the page need not know. */
		function dial(isQuiet) {
			hangUp();
			if (!isQuiet)
				setState('connecting');
			if (chat.state === 'closed' || link)
				return;
			link = { name: usable[at], began: now(), heard: now() };
			wantHello(link);
			try {
				start[link.name](link);
			} catch (e) {
				lost(link);
			}
		}

		function opened(l, hello) {
			var known = rooms.slice();
			stop(l.timer);
			l.timer = 0;
			l.isOpen = true;
			l.began = now();
			fails = 0;
			if (!l.isShared) {
				setTransport(l.name);
				remember();
				setState('open');
			}
			if (hello)
				fire('hello', hello, {});
			known.forEach(function (r) {
				if (l.isOver || find(r.id) !== r)
					return;
				if (!l.topics)
					l.join(r);
				else if (!r.isIn && l.topics.indexOf(r) > 0)
					look(r);
				else if (l.topics.indexOf(r) < 0)
					r.isIn = false;
			});
			pump();
		}

		function lost(l) {
			var wasOpen = l.isOpen, ms;
			if (l !== link || l.isOver)
				return;
			hangUp();
			if (wasOpen) {
				tries = now() - l.began < STABLE_MS ? tries : 0;
			} else if (at !== good || ++fails >= PATIENCE) {
				if (at + 1 < usable.length) {
					at++;
					return dial(true);
				}
				at = good < 0 ? 0 : good;
			}
			rooms.forEach(function (r) {
				r.isIn = false;
			});
			ms = Math.random() * Math.min(RETRY_MAX_MS, RETRY_MS * Math.pow(2, tries++));
			retryTimer = later(function () {
				if (l.isShared)
					follow();
				else
					dial();
			}, ms);
			setState('offline', ms);
		}

		function wake() {
			if (root.document && root.document.visibilityState === 'hidden')
				return;
			if (chat.state === 'offline' && !link && !isFollower()) {
				tries = 0;
				dial();
			} else if (link && link.isOpen && link.probe && now() - link.heard > ACK_MS) {
				link.probe();
			}
		}

		/* ---- one connection for all tabs: the holder of the lock has it, the others ask through him ---- */

		function isFollower() {
			return channel && !isLeader;
		}

		function tellTabs() {
			if (isLeader)
				channel.postMessage({ s: [chat.state, chat.transport] });
		}

		function follow() {
			var acks = {}, next = 1, l;
			hangUp();
			l = link = { isShared: true, isDuplex: true };
			function ready(t) {
				var held = t.held || [];
				t.held = null;
				held.forEach(function (ev) {
					take.apply(null, ev);
				});
			}
			/* What comes meanwhile is held, so that what was missed stands before it. */
			function catchUp(t, next) {
				if (t.cursor === undefined)
					return next();
				drain(l, [t], [t], next);
			}
			l.send = function (event, data, done) {
				if (done)
					acks[next] = done;
				channel.postMessage({ from: me, ack: done && next++, event: event, data: data });
			};
			l.join = function (r) {
				r.held = [];
				l.send('subscribe_escrow', { escrowId: r.id }, function (answer) {
					if (!answer.ok)
						return joined(r, answer);
					catchUp(r, function () {
						r.cursor = r.cursor || answer.cursor;
						r.isIn = true;
						ready(r);
						joined(r, answer);
					});
				});
			};
			l.leave = function (r) {
				l.send('unsubscribe_escrow', { escrowId: r.id });
			};
			l.listen = function (name) {
				channel.postMessage({ from: me, on: name });
			};
			l.take = function (m) {
				var t, done = m.to === me && acks[m.ack];
				if (done) {
					delete acks[m.ack];
					done(m.answer);
				} else if (m.s) {
					setTransport(m.s[1]);
					setState(m.s[0]);
					if (m.s[0] === 'open' && !l.isOpen) {
						own.held = [];
						opened(l);
						catchUp(own, function () {
							ready(own);
						});
					}
				} else if (m.ev && l.isOpen) {
					t = m.ev[3] === undefined ? own : find(m.ev[3]);
					(m.all || []).forEach(function (id) {
						var other = id === undefined ? own : find(id);
						if (other && other !== t && !other.held && m.ev[2])
							other.cursor = m.ev[2];
					});
					if (t && t.held)
						t.held.push(m.ev);
					else if (t && (t === own || t.isIn))
						take.apply(null, m.ev);
				}
			};
			channel.postMessage({ from: me, hi: names });
		}

		function dropTab(tab) {
			delete tabs[tab];
			rooms.slice().forEach(function (r) {
				if (r.who[tab])
					leave(r, tab);
			});
		}

		function serve(m) {
			var r = m.data && find(m.data.escrowId);
			function answer(error, a) {
				channel.postMessage({ to: m.from, ack: m.ack, answer: error ? { code: error.code, error: error.message } : a });
			}
			if (m.hi) {
				m.hi.forEach(listen);
				if (!tabs[m.from]) {
					tabs[m.from] = true;
					root.navigator.locks.request(lockName() + m.from, function () {
						dropTab(m.from);
					});
				}
				tellTabs();
			} else if (m.on) {
				listen(m.on);
			} else if (m.bye) {
				dropTab(m.from);
			} else if (m.event === 'subscribe_escrow') {
				r = enter(m.data.escrowId, undefined, m.from, function (error, a) {
					answer(error, a && { ok: true, escrowId: r.id, cursor: r.cursor, present: a.present, presentCount: a.presentCount, unread: a.unread });
				});
			} else if (m.event === 'unsubscribe_escrow') {
				if (r && r.who[m.from])
					leave(r, m.from);
			} else if (m.ack) {
				ask(m.event, m.data, answer);
			} else if (m.event && link && link.isOpen) {
				link.send(m.event, m.data);
			}
		}

		function lockName() {
			return 'escrowchat ' + base + ' ' + (o.walletAddress || token() || '') + ' ';
		}

		/* Two locks: a tab's own, by whose end the others learn of the tab's, and the one that makes a leader. */
		function share() {
			var isOn = true, frees = [];
			function hold(name, then) {
				root.navigator.locks.request(name, function () {
					if (!isOn)
						return;
					then();
					return new root.Promise(function (free) {
						frees.push(free);
					});
				})['catch'](function () {
					if (isOn) {
						release();
						dial();
					}
				});
			}
			channel = new root.BroadcastChannel(lockName());
			channel.onmessage = function (m) {
				if (isLeader)
					serve(m.data);
				else if (m.data.lead)
					follow();
				else if (link && link.take)
					link.take(m.data);
			};
			release = function () {
				isOn = isLeader = false;
				release = nothing;
				channel.postMessage({ from: me, bye: true });
				channel.close();
				channel = null;
				tabs = {};
				frees.forEach(function (free) {
					free();
				});
			};
			hold(lockName() + me, function () {
				follow();
				hold(lockName(), function () {
					isLeader = true;
					channel.postMessage({ lead: true });
					dial();
				});
			});
		}

		/* ---- beginning and end ---- */

		function begin() {
			if (o.shareTabs && root.BroadcastChannel && root.navigator && root.navigator.locks && root.Promise)
				share();
			else
				dial();
		}

		/* What reaches the server from a page that is going away. */
		function sayGoodbye() {
			var url = address('/emit', { client: me }), body = '{"event":"goodbye","data":{}}', headers = { 'Content-Type': 'application/json' };
			if (token())
				headers.Authorization = 'Bearer ' + token();
			if (root.fetch && root.Request && 'keepalive' in root.Request.prototype)
				root.fetch(url, { method: 'POST', keepalive: true, headers: headers, body: body, credentials: o.withCredentials ? 'include' : 'same-origin' })['catch'](nothing);
			else if (root.navigator && root.navigator.sendBeacon && root.Blob && !token())
				root.navigator.sendBeacon(url, new root.Blob([body], { type: headers['Content-Type'] }));
			else
				request('POST', url, body, ACK_MS);
		}

		/* isGood: the user leaves; else only this page does, and may come back. */
		function end(isGood) {
			for (var tab in tabs)
				isGood = false; /* who holds the connection next is still there */
			hangUp(isGood);
			release();
		}

		function onHide() {
			if (link && link.topics && !isLeader)
				sayGoodbye();
			end(false);
			setState('offline');
		}

		function onShow(e) {
			if (e.persisted && !link && chat.state !== 'closed')
				begin();
		}

		var outside = [[root, 'online', wake], [root.document, 'visibilitychange', wake], [root, 'pagehide', onHide], [root, 'pageshow', onShow]];

		function observe(how) {
			outside.forEach(function (x) {
				if (x[0] && x[0][how])
					x[0][how](x[1], x[2]);
			});
		}

		function listen(name) {
			if (names.indexOf(name) >= 0 || OF_CLIENT.test(name))
				return;
			names.push(name);
			if (link && link.listen)
				link.listen(name);
		}

		/* ---- what the page calls ---- */

		chat.on = function (event, f) {
			(handlers['$' + event] = handlers['$' + event] || []).push(f);
			listen(event);
			return chat;
		};

		chat.off = function (event, f) {
			handlers['$' + event] = (handlers['$' + event] || []).filter(function (g) {
				return f && g !== f;
			});
			return chat;
		};

		chat.emit = function (event, data, done) {
			return promised(done, function (settle) {
				ask(event, data, settle);
			});
		};

		chat.join = function (escrowId, more, done) {
			if (typeof more === 'function')
				done = more;
			return promised(done, function (settle) {
				if (chat.state === 'closed')
					return call(settle, failure({ code: 'closed' }));
				var r = enter(String(escrowId), more && more.cursor, me, settle);
				r.onGap = (more && more.onGap) || r.onGap;
			});
		};

		chat.leave = function (escrowId) {
			var r = find(String(escrowId));
			if (r && r.who[me])
				leave(r, me);
		};

		chat.send = function (escrowId, content, more, done) {
			if (typeof more === 'function')
				done = more;
			typed['$' + escrowId] = 0;
			return promised(done, function (settle) {
				ask('chat_message', { escrowId: String(escrowId), content: content, clientMsgId: more && more.clientMsgId }, function (error, answer) {
					settle(error, answer && answer.message);
				});
			});
		};

		chat.typing = function (escrowId, isTyping) {
			var last = typed['$' + escrowId];
			if (isTyping ? now() - (last || 0) < TYPING_MS : !last)
				return;
			typed['$' + escrowId] = isTyping ? now() : 0;
			if (link && link.isOpen)
				link.send(isTyping ? 'typing_start' : 'typing_stop', { escrowId: String(escrowId) });
		};

		chat.read = function (escrowId, what, done) {
			return chat.emit('message_read', what.upTo ? { escrowId: String(escrowId), upTo: what.upTo } : { escrowId: String(escrowId), messageId: what }, done);
		};

		chat.history = function (escrowId, more, done) {
			if (typeof more === 'function')
				done = more;
			var m = more || {};
			return chat.emit('history', { escrowId: String(escrowId), before: m.before, after: m.after, limit: m.limit }, done);
		};

		chat.presence = function (escrowId, done) {
			return chat.emit('presence', { escrowId: String(escrowId) }, done);
		};

		chat.close = function () {
			if (chat.state === 'closed')
				return;
			end(true);
			stop(upTimer);
			stop(changeTimer);
			observe('removeEventListener');
			setState('closed');
			rooms.slice().forEach(function (r) {
				removeRoom(r, { code: 'closed' });
			});
			queue.splice(0).forEach(function (e) {
				call(e.done, failure({ code: 'closed' }));
			});
		};

		choose();
		observe('addEventListener');
		later(begin, 0); /* what the page says in this turn is in the first request */
		return chat;
	}

	root.EscrowChat = { connect: connect, newId: newId };
})(typeof globalThis !== 'undefined' ? globalThis : typeof self !== 'undefined' ? self : this);
