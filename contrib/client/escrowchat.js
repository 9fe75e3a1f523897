/* SPDX-License-Identifier: ISC */
/*
 * escrowchat.js - the native client of escrowchat for browsers: one file, no dependencies, ES5.
 * Chooses a transport by itself, comes back by itself, loses no event and shows none twice.
 * It stays one file, although it is long: a page includes it with one script tag, and a site that
 * copies it has no build step, and no parts of two versions.
 *
 *	var chat = EscrowChat.connect({ url: 'https://chat.example', walletAddress: '0x…' });
 *	chat.on('chat_message', function (message) { … });
 *	chat.join('42', { cursor: fromHistory, onGap: function (history) { … } });
 *	chat.send('42', 'Hello').then(function (message) { … }, function (error) { error.code … });
 *
 * Options: url (default: where the page is from), walletAddress, token (a string, or a function
 *	that returns one), withCredentials (the cookie goes to another origin too), transports
 *	(default ['websocket', 'sse', 'poll']), cursor (of the user's own topic), shareTabs (one
 *	connection for all tabs of the browser, where Web Locks and BroadcastChannel exist).
 * Calls: join(escrowId, {cursor, onGap}), leave(escrowId), send(escrowId, content, {clientMsgId}),
 *	typing(escrowId, is), read(escrowId, messageId | {upTo}), history(escrowId, {before, after,
 *	limit}), presence(escrowId), emit(event, data), on(event, f), off(event, f), close(). A call
 *	with an answer takes a callback (error, answer) as its last argument, and without one
 *	returns a Promise. Calls without a connection wait for one: at most 1000, then the code is
 *	queue_full. Typing does not wait. error.code is the contract's, or queue_full, left, closed.
 * Events: the contract's without hello and heartbeat, f(data, {cursor, escrowId}), and the client's
 *	own: state and transport {state, transport, retryIn}, joined (a room's answer, again after
 *	each reconnection), error {code, error}. token_expiring comes a minute before a token expires;
 *	error unauthorized when the token is not accepted (any more): each attempt asks the function
 *	for another one.
 * State: chat.state is connecting, open, offline (it will try again) or closed; chat.transport;
 *	chat.latency in ms.
 *
 * No event is lost, and none comes twice. Every topic (a room, the user's own) keeps the
 * cursor behind which it goes on. On the WebSocket each topic resumes from its own. SSE and
 * long-poll know one cursor for all; where the topics' differ, the log's head is asked for first,
 * then each cursor's topics are pulled by /poll until nothing is left, and the stream begins at
 * that head: what it brings again is known by its cursor and left out. A tab that follows another's
 * connection does the same, with what it is told meanwhile held back. Messages carry a clientMsgId
 * and are sent, one at a time in each room, until they are acknowledged; the server stores a
 * clientMsgId once. A request of SSE and long-poll names the 20 rooms joined last; the others wait
 * with their cursors for a WebSocket, or for their turn.
 */
(function (root) {
	'use strict';

	var HELLO_MS = 3000, ACK_MS = 10000, WATCH_MS = 40000, LIFE_MS = 3600000, HOLD_S = 25, STABLE_MS = 5000;
	var RETRY_MS = 500, RETRY_MAX_MS = 30000, REMEMBER_MS = 600000, REMEMBER_LESS_MS = 60000;
	var QUEUE_MAX = 1000, MERGED_ROOMS_MAX = 20, TYPING_MS = 1500, PATIENCE = 3;
	var SUBSCRIBE = 'subscribe_escrow', UNSUBSCRIBE = 'unsubscribe_escrow', ERROR = 'chat_error', MESSAGE = 'chat_message';
	var OF_CLIENT = /^(state|transport|joined|error)$/;
	/* An EventSource hears only what it listens to. Of the first six the escrowId in the data
	 * names the topic, where the wire does not. */
	var NAMES = ('chat_message user_typing user_joined user_left gap chat_error hello heartbeat message_read notification token_expiring ' +
		'escrow:update verification:progress ai:thinking ai:verification dispute:update').split(' '), OF_ROOM = 6;

	function nothing() {}

	/* Calls f for each member that the list has now; f may change the list. */
	function each(list, f) {
		list.slice().forEach(f);
	}

	function parse(text) {
		try {
			return JSON.parse(text);
		} catch (e) {}
	}

	function newId() {
		var id = '', bytes, i;
		try {
			bytes = root.crypto.getRandomValues(new root.Uint8Array(16));
		} catch (e) {}
		for (i = 0; i < 16; i++)
			id += (256 + (bytes ? bytes[i] : Math.random() * 256 | 0)).toString(16).slice(1);
		return id;
	}

	/* run(settle) gives settle an answer {ok, …}, and of it the field, or all, goes to the
	 * caller: by the function that is their last argument, or by a Promise. */
	function promised(args, run, field) {
		var done = args[args.length - 1];
		function start(resolve, reject) {
			run(function (answer) {
				var error;
				if (answer.ok)
					return resolve(field ? answer[field] : answer);
				error = new Error(answer.error || answer.code);
				error.code = answer.code;
				reject(error);
			});
		}
		if (typeof done !== 'function')
			return root.Promise ? new root.Promise(start) : start(nothing, nothing);
		start(function (answer) {
			done(null, answer);
		}, done);
	}

	function connect(options) {
		var o = options || {};
		var later = root.setTimeout, stop = root.clearTimeout, now = Date.now;
		var sendsCookies = !!o.withCredentials;
		var base = (o.url || '').replace(/\/+$/, '');
		var me = newId(); /* client= of this page, and its name among tabs */
		var own = { at: o.cursor }, rooms = [];
		var seen = {}; /* cursors of events that a stream may bring again */
		var queue = [], handlers = {}, names = NAMES.slice(), typed = {};
		var usable, at = 0, good = -1, fails = 0, tries = 0, until = 0;
		var link, last = {}, isOpen, isClosed, helloTimer, retryTimer, upTimer, changeTimer;
		var nav = root.navigator || {}, locks = nav.locks;
		var channel, isLeader, release = nothing, tabs = {};
		var chat = { state: 'connecting', transport: null, latency: null };

		if (!/^https?:/.test(base))
			base = root.location.protocol + '//' + root.location.host + base;

		function soon(f) {
			later(f, RETRY_MS * (1 + 2 * Math.random()));
		}

		function headers(body) {
			var h = {}, credential = token();
			if (body)
				h['Content-Type'] = 'application/json';
			if (credential)
				h.Authorization = 'Bearer ' + credential;
			return h;
		}

		function token() {
			return typeof o.token === 'function' ? o.token() : o.token;
		}

		/* undefined is the own topic. */
		function find(id) {
			return id == null ? own : rooms.filter(function (r) {
				return r.id === id;
			})[0];
		}

		/* ---- telling the page: its errors are not ours ---- */

		function call(f, a, b) {
			try {
				f(a, b);
			} catch (e) {
				later(function () {
					throw e;
				});
			}
		}

		function heard(event) {
			return handlers['$' + event] || [];
		}

		function fire(event, data, about) {
			each(heard(event), function (f) {
				call(f, data, about);
			});
		}

		function setState(state, transport, retryIn) {
			var was = chat.state, ran = chat.transport, info = { state: state, transport: transport || ran, retryIn: retryIn };
			chat.state = state;
			chat.transport = info.transport;
			tellTabs();
			if (ran !== info.transport)
				fire('transport', info);
			if (was !== state)
				fire('state', info);
		}

		/* ---- events from the server ---- */

		function advance(topics, cursor) {
			each(topics, function (t) {
				if (t)
					t.at = cursor;
			});
		}

		/* Calls back whoever waits for it. */
		function settle(x, answer) {
			each(x.todo.splice(0), function (done) {
				call(done, answer);
			});
		}

		/* Takes a room, or what was asked, from its list. */
		function settleFor(list, x, answer) {
			list.splice(list.indexOf(x), 1);
			settle(x, answer);
		}

		function refuse(r, answer) {
			if (r)
				take(ERROR, { event: SUBSCRIBE, escrowId: r.id, code: answer.code, error: answer.error });
		}

		/* One event. topics: those that its cursor stands for; none: its own. */
		function take(event, data, cursor, escrowId, topics) {
			var id = escrowId || (NAMES.slice(0, OF_ROOM).indexOf(event) < 0 ? undefined : data.escrowId);
			var r = find(id), isGap = event === 'gap';
			var isMine = r ? r === own || r.who[me] : event === ERROR;
			if (isGap) {
				cursor = data.cursor;
				topics = 0;
			}
			if (cursor) {
				advance(topics || [isGap ? r : find(escrowId)], cursor);
				if (seen[cursor] && !isGap)
					return delete seen[cursor];
			}
			if (isLeader)
				post({ ev: [event, data, cursor, id], all: topics && topics.map(function (t) { return t.id; }) });
			if (event === ERROR && data.event === SUBSCRIBE && id && r)
				settleFor(rooms, r, data);
			if (isGap && r && r.onGap)
				ask('history', { escrowId: id, limit: 200 }, function (answer) {
					if (answer.ok && find(id) === r)
						r.onGap(answer, data);
				});
			if (isMine && !OF_CLIENT.test(event))
				fire(event, data, { cursor: cursor, escrowId: id });
		}

		/* ---- requests ---- */

		function address(path, parameters, topics) {
			var pairs = [], name;
			function put(value) {
				if (value != null)
					pairs.push(name + '=' + encodeURIComponent(value));
			}
			parameters.walletAddress = o.walletAddress;
			for (name in parameters)
				put(parameters[name]);
			name = 'escrow';
			each(topics || [], function (t) {
				put(t.id);
			});
			return base + path + '?' + pairs.join('&');
		}

		/* done(status, body), once; status 0: there was no answer. */
		function request(method, url, body, ms, done) {
			var x = new root.XMLHttpRequest(), h = headers(body), name, timer;
			function end() {
				var f = done;
				done = 0;
				stop(timer);
				if (f)
					f(x.status, parse(x.responseText));
			}
			x.open(method, url, true);
			x.withCredentials = sendsCookies;
			for (name in h)
				x.setRequestHeader(name, h[name]);
			x.onreadystatechange = function () {
				if (x.readyState === 4)
					end();
			};
			timer = later(function () {
				x.abort();
				end();
			}, ms);
			x.send(body);
			return x;
		}

		/* ---- rooms ----
		 * A room is {id, at, who, todo, isIn, onGap}. at is its cursor. who has a member for each
		 * tab that has joined the room. todo holds the callbacks that wait until the server has let
		 * the user in; isIn says that it has. onGap is called if events were lost. */

		function joined(r, answer) {
			if (find(r.id) !== r)
				return;
			if (answer.ok) {
				r.isIn = true;
				settle(r, answer);
				if (r.who[me])
					fire('joined', answer);
			} else if (isPassing(answer)) {
				soon(function () {
					if (isOpen && !r.isIn)
						link.join(r);
				});
			} else {
				refuse(r, answer);
			}
		}

		/* Asks for presence, whose answer stands for that of entering the room. For a transport that
		 * sends no such answer, and for a room that is entered already. */
		function look(r) {
			ask('presence', { escrowId: r.id }, function (answer) {
				answer.escrowId = r.id;
				answer.cursor = r.at;
				joined(r, answer);
			});
		}

		function enter(id, cursor, who, done) {
			var r = find(id);
			if (!r) {
				r = { id: id, at: cursor, who: {}, todo: [] };
				rooms.push(r);
				if (isOpen || (link && link.all))
					link.join(r); /* a request under way does not name it either */
			} else if (r.isIn) {
				look(r);
			}
			r.who[who] = 1;
			r.todo.push(done);
			return r;
		}

		function leave(r, who) {
			if (!r || !r.who[who])
				return;
			delete r.who[who];
			for (who in r.who)
				return;
			settleFor(rooms, r, { code: 'left' });
			if (isOpen)
				say(UNSUBSCRIBE, r.id);
			changed();
		}

		/* ---- what is asked waits here until it is answered ---- */

		/* True for rate_limited, unavailable and queue_full: a later try may succeed. */
		function isPassing(answer) {
			return /^(rate|unav|queue)/.test(answer.code);
		}

		function say(event, id, done) {
			link.send(event, { escrowId: id }, done);
		}

		function transmit(e) {
			var by = e.by = link, began = now();
			by.send(e.event, e.data, function (answer) {
				if (e.by !== by)
					return;
				if (isPassing(answer))
					return soon(function () {
						if (e.by === by)
							e.by = 0;
						pump();
					});
				chat.latency = now() - began;
				e.by = 0;
				settleFor(queue, e, answer);
				pump();
			});
		}

		/* The messages of a room go one after the other, everything else at once. */
		function pump() {
			var busy = {};
			each(queue, function (e, i) {
				var line = e.event === MESSAGE ? '$' + e.data.escrowId : i;
				if (isOpen && !e.by && !busy[line])
					transmit(e);
				busy[line] = 1;
			});
		}

		function ask(event, data, done) {
			var code = isClosed ? 'closed' : queue.length < QUEUE_MAX ? 0 : 'queue_full';
			if (code)
				return call(done, { code: code });
			if (event === MESSAGE)
				data.clientMsgId = data.clientMsgId || newId();
			queue.push({ event: event, data: data, todo: [done] });
			pump();
		}

		/* ---- WebSocket: each topic has its own cursor ---- */

		function overWebSocket(l) {
			var credential = token(), acks = {}, next = 1, pending = 0, heard, timer;
			var ws = new root.WebSocket(address('/ws', { cursor: own.at }).replace(/^http/, 'ws'),
				['escrowchat.v1'].concat(credential ? 'bearer.' + credential : []));
			function check() {
				var ms = heard + ACK_MS - now();
				timer = 0;
				if (pending && ms <= 0)
					lost(l);
				else if (pending)
					timer = later(check, ms);
			}
			ws.onclose = ws.onerror = function (e) {
				lost(l, e && e.code === 4401 && { code: 'unauthorized' });
			};
			ws.onmessage = function (m) {
				var f = parse(m.data), done = f && acks[f.ack];
				if (l !== link || !f)
					return;
				heard = now();
				if (done) {
					delete acks[f.ack];
					pending--;
					done(f.data);
				} else if (f.event === 'hello') {
					own.at = f.data.cursor;
					opened(l);
				} else if (f.event) {
					take(f.event, f.data, f.cursor, f.escrowId);
				}
			};
			l.send = function (event, data, done) {
				var ack;
				if (done) {
					acks[ack = next++] = done;
					if (!pending++)
						heard = now();
					timer = timer || later(check, ACK_MS);
				}
				ws.send(JSON.stringify({ event: event, data: data, ack: ack }));
			};
			l.join = function (r) {
				l.send(SUBSCRIBE, { escrowId: r.id, cursor: r.at }, function (answer) {
					r.at = answer.cursor || r.at;
					joined(r, answer);
				});
			};
			/* After a sleep or a change of networks the socket may be dead without
			 * knowing it. */
			l.probe = function () {
				if (!pending && now() - heard > ACK_MS)
					say('presence', rooms.length ? rooms[0].id : '0', nothing);
			};
			l.end = function () {
				stop(timer);
				ws.close();
			};
		}

		/* ---- SSE and long-poll: one cursor for all, rooms in the request, POST to send ---- */

		function merged(l) {
			l.all = [own].concat(rooms.slice(-MERGED_ROOMS_MAX));
			l.send = function (event, data, done) {
				request('POST', address('/emit', { client: me }), JSON.stringify({ event: event, data: data }), ACK_MS, function (status, a) {
					if (done)
						done(a && status !== 429 && status < 500 ? a : { code: 'unavailable' });
				});
			};
			l.join = changed;
		}

		/* The request names its rooms: others need another one. */
		function changed() {
			stop(changeTimer);
			changeTimer = later(function () {
				if (link && link.all)
					dial(true);
			});
		}

		function greet(l, refused) {
			each(refused || [], function (id) {
				refuse(find(id), { code: 'not_participant' });
			});
			if (!isOpen)
				opened(l);
		}

		/* One answer of /poll, or the link is lost. */
		function pull(l, topics, cursor, hold, done) {
			function alive() {
				if (l === link && !isOpen)
					wantHello(l);
			}
			alive();
			l.x = request('GET', address('/poll', { client: l.all && me, cursor: cursor, timeout: hold }, topics), null, hold ? WATCH_MS : ACK_MS, function (status, a) {
				if (l !== link)
					return;
				if (status === 200 && a)
					return done(a);
				if (a && l.all && /^(not_p|removed)/.test(a.code)) {
					at = good < 0 ? 0 : good;
					each(topics.slice(1), function (r) {
						refuse(r, a);
					});
					return dial(true);
				}
				lost(l, a);
			});
			l.x.onprogress = alive;
		}

		/* Pulls what these topics, which share a cursor, have missed. all: those that the
		 * request names. */
		function drain(l, all, topics, next) {
			pull(l, all, topics[0].at, 0, function (a) {
				each(a.events, function (e) {
					if (l !== link || (e.cursor && topics.indexOf(find(e.escrowId)) < 0))
						return;
					take(e.event, e.data, e.cursor, e.escrowId);
					if (e.cursor)
						seen[e.cursor] = 1;
				});
				if (l !== link)
					return;
				advance(topics, a.cursor);
				if (a.events.length || a.more)
					drain(l, all, topics, next);
				else
					next();
			});
		}

		/* One cursor for topics that had several: next(cursor). */
		function merge(l, next) {
			var left = l.all.filter(function (t) {
				return t.at;
			});
			if (l.all.every(function (t) { return t.at === own.at; }))
				return next(own.at);
			pull(l, l.all, null, 0, function (head) {
				(function more() {
					var same = left.filter(function (t) {
						return t.at === left[0].at;
					});
					left = left.filter(function (t) {
						return same.indexOf(t) < 0;
					});
					if (same.length)
						return drain(l, l.all, same, more);
					advance(l.all, head.cursor);
					next(head.cursor);
				})();
			});
		}

		function overEvents(l) {
			var watch, es, from = 0;
			merged(l);
			merge(l, function (cursor) {
				var url = address('/events', { client: me, lastEventId: cursor }, l.all);
				/* A stream on which not even heartbeats come is dead, and is begun
				 * anew. */
				function rearm() {
					stop(watch);
					watch = later(dial.bind(0, true), WATCH_MS);
				}
				function hear(all, id, name, text) {
					var data = parse(text);
					if (l !== link || !data)
						return;
					rearm();
					/* An event without an id of its own repeats the last
					 * one's. */
					if (id === cursor)
						id = undefined;
					cursor = id || cursor;
					/* chat_error instead of hello: not now. */
					if (!/^(hello|heartbeat)$/.test(name))
						return isOpen ? take(name, data, id, 0, l.all) : lost(l, data);
					cursor = cursor || data.cursor;
					advance(l.all, cursor);
					greet(l, data.refused);
				}
				l.end = function () {
					stop(watch);
					if (es)
						es.close();
				};
				wantHello(l);
				/* An EventSource sends no headers: with a token its work is done
				 * here. */
				if (token()) {
					l.x = request('GET', url, null, LIFE_MS, function (status, a) {
						lost(l, a);
					});
					l.x.onprogress = function () {
						var text = l.x.responseText, to = text.lastIndexOf('\n\n') + 1;
						text.slice(from, to).replace(/(?:id: (.*)\n)?event: (.*)\ndata: (.*)/g, hear);
						from = to;
					};
					return;
				}
				es = new root.EventSource(url, { withCredentials: sendsCookies });
				l.listen = function (name) {
					es.addEventListener(name, function (m) {
						hear(0, m.lastEventId, name, m.data);
					});
				};
				es.onerror = lost.bind(0, l);
				each(names, l.listen);
			});
		}

		function overPoll(l) {
			var pause;
			function poll(cursor, hold) {
				var began = now();
				pull(l, l.all, cursor, hold, function (a) {
					greet(l, a.refused);
					each(a.events, function (e) {
						if (l === link)
							take(e.event, e.data, e.cursor, e.escrowId, l.all);
					});
					if (l !== link)
						return;
					advance(l.all, a.cursor);
					/* A held request that is answered with nothing at once was
					 * not held: not in a circle. */
					pause = later(function () {
						poll(a.cursor, HOLD_S);
					}, hold && !a.events.length && !a.more && now() - began < 1000 ? 1000 : 0);
				});
			}
			l.end = function () {
				stop(pause);
			};
			merged(l);
			merge(l, function (cursor) {
				poll(cursor, 0);
			});
		}

		/* ---- choosing, losing, coming back ---- */

		var start = { websocket: overWebSocket, sse: overEvents, poll: overPoll };
		var memory = 'escrowchat:' + base;

		function choose() {
			var has, i;
			usable = (o.transports || Object.keys(start)).filter(function (name) {
				return name === 'websocket' ? root.WebSocket : name !== 'sse' || root.EventSource || token();
			});
			try {
				has = root.localStorage.getItem(memory).split(' ');
				i = usable.indexOf(has[0]);
				if (i > 0 && has[1] > now()) {
					at = good = i;
					until = has[1];
				}
			} catch (e) {}
		}

		/* A lower transport is for a while: shorter, where a higher one has worked just
		 * now. */
		function remember() {
			if (good !== at)
				until = now() + (good >= 0 && good < at ? REMEMBER_LESS_MS : REMEMBER_MS);
			good = at;
			stop(upTimer);
			if (at)
				upTimer = later(function () {
					at = 0;
					good = -1;
					if (link)
						dial(true);
				}, until - now());
			try {
				root.localStorage.setItem(memory, usable[at] + ' ' + until);
			} catch (e) {}
		}

		function wantHello(l) {
			stop(helloTimer);
			helloTimer = later(lost.bind(0, l), HELLO_MS);
		}

		function hangUp() {
			var l = link;
			link = isOpen = 0;
			stop(helloTimer);
			stop(retryTimer);
			if (!l)
				return;
			if (l.x)
				l.x.abort();
			if (l.end)
				l.end();
			if (l.all)
				return;
			each(queue, function (e) {
				if (e.by === l)
					e.by = 0;
			});
			out();
		}

		function out() {
			each(rooms, function (r) {
				r.isIn = 0;
			});
		}

		/* isQuiet: the page need not know. */
		function dial(isQuiet) {
			hangUp();
			if (!isQuiet)
				setState('connecting');
			if (link || isClosed)
				return;
			var l = link = {};
			wantHello(l);
			try {
				start[usable[at]](l);
			} catch (e) {
				lost(l);
			}
		}

		function opened(l) {
			var known = rooms.slice();
			stop(helloTimer);
			last = l;
			isOpen = true;
			l.began = now();
			fails = 0;
			if (!isFollower()) {
				remember();
				setState('open', usable[at]);
			}
			each(known, function (r) {
				if (l !== link || find(r.id) !== r)
					return;
				if (!l.all)
					l.join(r);
				else if (l.all.indexOf(r) < 0)
					r.isIn = 0;
				else if (!r.isIn)
					look(r);
			});
			pump();
		}

		/* answer: what the server said of it, if anything. */
		function lost(l, answer) {
			var wasOpen = isOpen, step = 1, ms;
			if (l === link && answer && answer.code)
				fire('error', answer);
			if (l !== link)
				return;
			hangUp();
			if (wasOpen) {
				tries = Math.min(tries, now() - l.began > STABLE_MS ? 0 : 2); /* a server that comes and goes is not rushed */
			} else if (at === good && ++fails < PATIENCE) {
				step = 0; /* it has worked: soon again, before a lower one is tried */
			} else {
				if (++at < usable.length)
					return dial(true);
				at = good < 0 ? 0 : good;
			}
			out();
			ms = Math.random() * Math.min(RETRY_MAX_MS, RETRY_MS * Math.pow(2, tries));
			tries += step;
			retryTimer = later(isFollower() ? follow : dial, ms);
			setState('offline', 0, ms);
		}

		/* ---- one connection for all tabs: the tab with the lock has it for the others ---- */

		function isFollower() {
			return channel && !isLeader;
		}

		function post(m) {
			m.from = me;
			channel.postMessage(m);
		}

		function tellTabs() {
			if (isLeader)
				post({ s: [chat.state, chat.transport] });
		}

		function follow() {
			var acks = {}, next = 1, busy = 0, held = [], l;
			/* Fetches the events of a topic that this tab has missed. Events that come
			 * meanwhile are held, and follow them. */
			function catchUp(t, done) {
				function ready() {
					if (done)
						done();
					pass();
				}
				if (t.at)
					drain(l, [t], [t], ready);
				else
					ready();
			}
			function pass() {
				if (!--busy)
					each(held.splice(0), tell);
			}
			function tell(m) {
				var t = find(m.ev[3]);
				if (m.ev[2])
					advance((m.all || []).map(find), m.ev[2]);
				if (t && (t === own || t.isIn))
					take.apply(0, m.ev);
			}
			hangUp();
			l = link = {};
			l.send = function (event, data, done) {
				acks[next] = done;
				post({ ack: done && next++, event: event, data: data });
			};
			l.join = function (r) {
				busy++;
				say(SUBSCRIBE, r.id, function (answer) {
					if (answer.ok)
						return catchUp(r, function () {
							r.at = r.at || answer.cursor;
							joined(r, answer);
						});
					joined(r, answer);
					pass();
				});
			};
			l.listen = function (name) {
				post({ on: [name] });
			};
			l.take = function (m) {
				var done = m.to === me && acks[m.ack];
				if (done) {
					delete acks[m.ack];
					done(m.answer);
				} else if (m.s) {
					setState(m.s[0], m.s[1]);
					if (m.s[0] === 'open' && !isOpen) {
						busy++;
						opened(l);
						catchUp(own);
					}
				} else if (m.ev && isOpen) {
					if (busy)
						held.push(m);
					else
						tell(m);
				}
			};
			post({ on: names, hi: 1 });
		}

		function serve(m) {
			var id = m.data && m.data.escrowId, from = m.from;
			function answer(a) {
				post({ to: from, ack: m.ack, answer: a });
			}
			function drop() {
				delete tabs[from];
				each(rooms, function (r) {
					leave(r, from);
				});
			}
			each(m.on || [], listen);
			if (m.hi) {
				if (!tabs[from])
					locks.request(lockName() + from, drop);
				tabs[from] = 1;
				tellTabs();
			} else if (m.event === SUBSCRIBE) {
				enter(id, undefined, from, answer);
			} else if (m.event === UNSUBSCRIBE) {
				leave(find(id), from);
			} else if (m.ack) {
				ask(m.event, m.data, answer);
			} else if (m.event && isOpen) {
				link.send(m.event, m.data);
			}
		}

		function lockName() {
			return 'escrowchat ' + base + ' ' + (o.walletAddress || token()) + ' ';
		}

		/* Two locks: a tab's own, by whose end the leader learns of the tab's, and the one
		 * that makes a leader. */
		function share() {
			var isOn = true, frees = [];
			function hold(name, then) {
				locks.request(name, function () {
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
				release = nothing;
				channel.close();
				isOn = isLeader = channel = 0;
				tabs = {};
				each(frees, call);
			};
			hold(lockName() + me, function () {
				follow();
				hold(lockName(), function () {
					isLeader = true;
					post({ lead: 1 });
					dial();
				});
			});
		}

		/* ---- beginning and end ---- */

		function begin() {
			if (isClosed)
				return;
			if (o.shareTabs && root.BroadcastChannel && locks)
				share();
			else
				dial();
		}

		/* Tells the server of a page that is going away. */
		function sayGoodbye() {
			var url = address('/emit', { client: me }), body = '{"event":"goodbye","data":{}}';
			if (nav.sendBeacon && !token())
				nav.sendBeacon(url, new root.Blob([body], { type: headers(1)['Content-Type'] }));
			else if (root.fetch)
				root.fetch(url, { method: 'POST', keepalive: true, headers: headers(1), body: body, credentials: sendsCookies ? 'include' : 'same-origin' })['catch'](nothing);
			else
				last.send('goodbye', {});
		}

		/* isGood: the user leaves; else only this page does. */
		function end(isGood) {
			/* With other tabs, who holds the connection next is still there. Open or
			 * not: a browser may have aborted the poll before it tells the page that it
			 * goes. */
			if (!Object.keys(tabs)[0]) {
				if (last.all)
					sayGoodbye();
				else if (isOpen && isGood)
					each(rooms, function (r) {
						say(UNSUBSCRIBE, r.id);
					});
			}
			hangUp();
			release();
			stop(upTimer);
			stop(changeTimer);
			setState(isGood ? 'closed' : 'offline');
		}

		/* The page comes and goes, and so does the network. */
		function outside(e) {
			if (e.type === 'pagehide') {
				end();
			} else if (e.type === 'pageshow') {
				if (e.persisted && !link)
					begin();
			} else if (!(root.document || nav).hidden) {
				if (isOpen && link.probe)
					link.probe();
				if (chat.state === 'offline' && !isFollower()) {
					tries = 0;
					dial();
				}
			}
		}

		function observe(how) {
			each(['online', 'visibilitychange', 'pagehide', 'pageshow'], function (name) {
				root[how](name, outside);
			});
		}

		function listen(name) {
			if (names.indexOf(name) < 0 && !OF_CLIENT.test(name)) {
				names.push(name);
				if (link && link.listen)
					link.listen(name);
			}
		}

		/* ---- what the page calls ---- */

		chat.on = function (event, f) {
			handlers['$' + event] = heard(event).concat(f);
			listen(event);
			return chat;
		};

		chat.off = function (event, f) {
			handlers['$' + event] = heard(event).filter(function (g) {
				return g !== f;
			});
			return chat;
		};

		/* A call that has an answer; field: the part of the answer that the caller
		 * wants. */
		function asking(event, dataOf, field) {
			return function (escrowId, a, b) {
				var args = arguments;
				return promised(args, function (settle) {
					var data = dataOf(a || {}, b || {});
					data.escrowId = String(escrowId);
					ask(event, data, settle);
				}, field);
			};
		}

		chat.emit = function (event, data) {
			return promised(arguments, function (settle) {
				ask(event, data, settle);
			});
		};

		chat.send = asking(MESSAGE, function (content, more) {
			return { content: content, clientMsgId: more.clientMsgId };
		}, 'message');

		chat.read = asking('message_read', function (what) {
			return what.upTo ? { upTo: what.upTo } : { messageId: what };
		});

		chat.history = asking('history', function (more) {
			return { before: more.before, after: more.after, limit: more.limit };
		});

		chat.presence = asking('presence', function () {
			return {};
		});

		chat.join = function (escrowId, more) {
			return promised(arguments, function (settle) {
				if (isClosed)
					return call(settle, { code: 'closed' });
				var m = more || {}, r = enter(String(escrowId), m.cursor, me, settle);
				r.onGap = m.onGap || r.onGap;
			});
		};

		chat.leave = function (escrowId) {
			leave(find(String(escrowId)), me);
		};

		chat.typing = function (escrowId, isTyping) {
			var key = '$' + escrowId, last = typed[key] || 0;
			if (isTyping ? now() - last < TYPING_MS : !last)
				return;
			typed[key] = isTyping ? now() : 0;
			if (isOpen)
				say('typing_' + (isTyping ? 'start' : 'stop'), String(escrowId));
		};

		chat.close = function () {
			if (isClosed)
				return;
			isClosed = true;
			observe('removeEventListener');
			end(true);
			each(rooms.splice(0).concat(queue.splice(0)), function (x) {
				x.by = 0;
				settle(x, { code: 'closed' });
			});
		};

		choose();
		observe('addEventListener');
		later(begin); /* what the page says in this turn is in the first request */
		return chat;
	}

	root.EscrowChat = { connect: connect, newId: newId };
})(typeof self === 'object' ? self : globalThis);
