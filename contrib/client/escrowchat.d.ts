// SPDX-License-Identifier: ISC
// escrowchat.d.ts - the types of escrowchat.js and escrowchat.mjs.

export type TransportName = 'websocket' | 'sse' | 'poll';
export type State = 'connecting' | 'open' | 'offline' | 'closed';

export interface Options {
	/** Where the server is, with a path if it has one; default: the page's origin. */
	url?: string;
	/** Who the user is, with auth = open; elsewhere it may be left out. */
	walletAddress?: string;
	/** A bearer token, or a function that is asked for it at each request: a newer one is used from the next connection on. */
	token?: string | (() => string | undefined);
	/** Sends the cookie, in place of a token, to another origin too. */
	withCredentials?: boolean;
	/** Which may be used, the best first; default: all. */
	transports?: TransportName[];
	/** Resumes the user's own topic. */
	cursor?: string;
	/** One connection for all tabs of the browser, where Web Locks and BroadcastChannel exist. */
	shareTabs?: boolean;
}

/** code is the contract's, or queue_full, left, closed. */
export interface ChatError extends Error {
	code: string;
}

export type Callback<T> = (error: ChatError | null, answer?: T) => void;

// events.table: types
export type Role = 'client' | 'freelancer' | 'arbiter' | 'observer';

export interface Message {
	id: string;
	escrowId: string;
	senderId: string;
	senderRole?: Role;
	content: string;
	timestamp: string;
	read: boolean;
	clientMsgId?: string;
}

export interface Refusal {
	ok: false;
	code: string;
	error: string;
}

/** The events that the server sends. */
export interface ServerEvents {
	/** The first event of a connection says who the user is, and where delivery begins. */
	hello: { version: string; walletAddress: string; cursor: string; refused: string[] };
	/** A message was stored. */
	chat_message: Message;
	/** A user has read messages. */
	message_read: { escrowId: string; messageId: string; readerId: string; upTo?: string };
	/** A message was stored in an escrow of the user, or the platform notifies the user. */
	notification: { type: string; title: string; message: string; escrowId?: string; timestamp: string; [more: string]: unknown };
	/** A user types in the room, or types no longer. */
	user_typing: { escrowId: string; walletAddress: string; isTyping: boolean };
	/** A user came into the room with their first connection. */
	user_joined: { escrowId: string; walletAddress: string; timestamp: string };
	/** A user left the room with their last connection. */
	user_left: { escrowId: string; walletAddress: string; timestamp: string };
	/** The platform published an event; its name and its data are those of the platform. */
	'escrow:update': { [name: string]: any };
	'verification:progress': { [name: string]: any };
	'ai:thinking': { [name: string]: any };
	'ai:verification': { [name: string]: any };
	'dispute:update': { [name: string]: any };
	/** Durable events of a topic are no longer in the log; without escrowId the topic is the user's own. */
	gap: { escrowId?: string; cursor: string; oldest: string };
	/** The token of the connection expires in a minute or less. */
	token_expiring: { expiresAt: string };
	/** An event without an acknowledgement was refused, or the user was removed from an escrow. */
	chat_error: { event: string; code: string; error: string; escrowId?: string };
	/** The stream lives, and its cursor has come this far. */
	heartbeat: { };
}

/** The events that clients send, and their acknowledgements. */
export interface ClientEvents {
	/** The connection enters the room of an escrow; with a cursor, the durable events after it are delivered first. */
	subscribe_escrow: {
		data: string | number | { escrowId: string | number; cursor?: string };
		answer: { ok: true; escrowId: string; cursor: string; present: string[]; presentCount: number; unread: number; gap?: boolean };
	};
	/** The connection leaves the room of an escrow. */
	unsubscribe_escrow: {
		data: string | number | { escrowId: string | number };
		answer: { ok: true };
	};
	/** A message is stored, and delivered to everybody in the room of the escrow. */
	chat_message: {
		data: { escrowId: string | number; content: string; clientMsgId?: string };
		answer: { ok: true; message: Message };
	};
	/** The other users of the room are told that the user types. */
	typing_start: {
		data: { escrowId: string | number };
		answer: { ok: true };
	};
	/** The other users of the room are told that the user types no longer. */
	typing_stop: {
		data: { escrowId: string | number };
		answer: { ok: true };
	};
	/** The user has read one message, or all messages of others up to one. */
	message_read: {
		data: { escrowId: string | number; messageId: string } | { escrowId: string | number; upTo: string };
		answer: { ok: true; unread: number };
	};
	/** The answer is one page of the messages of an escrow, oldest first. */
	history: {
		data: { escrowId: string | number; before?: string; after?: string; limit?: number };
		answer: { ok: true; messages: Message[]; cursor: string; hasMore: boolean };
	};
	/** The answer lists the users in the room of an escrow, at most 200, and counts all of them. */
	presence: {
		data: { escrowId: string | number };
		answer: { ok: true; present: string[]; presentCount: number };
	};
	/** The stream or the polls of the client end; the user has left at once. */
	goodbye: {
		data: { };
		answer: { ok: true };
	};
}
// events.table: end

export type Gap = ServerEvents['gap'];
export type History = ClientEvents['history']['answer'];
export type Presence = ClientEvents['presence']['answer'];

export interface Joined extends Presence {
	escrowId: string;
	cursor: string;
	/** By WebSocket only. */
	unread?: number;
	gap?: boolean;
}

export interface JoinOptions {
	/** From a history or an earlier visit: what came since is delivered. Without it: from now on. */
	cursor?: string;
	/** Some events are no longer kept: the newest 200 messages in their place. */
	onGap?(history: History, gap: Gap): void;
}

/** Where an event stands. */
export interface About {
	/** Absent: the event is not durable. */
	cursor?: string;
	/** Absent: the user's own topic, or not known. */
	escrowId?: string;
}

export interface StateInfo {
	state: State;
	transport: TransportName | null;
	/** When offline: the next attempt, in milliseconds. */
	retryIn?: number;
}

export interface Events extends Omit<ServerEvents, 'hello' | 'heartbeat' | 'chat_error'> {
	/** The server's, and those that the client makes itself. */
	chat_error: { event?: string; code: string; error?: string; escrowId?: string };
	/** The client's own. */
	state: StateInfo;
	transport: StateInfo;
	joined: Joined;
	/** code unauthorized: the token is no good, or no good any more. */
	error: { code: string; error?: string };
}

export interface Chat {
	readonly state: State;
	readonly transport: TransportName | null;
	/** Of the last answer, in milliseconds. */
	readonly latency: number | null;

	/** The answer comes when the room is entered, which may be after a reconnection. A refusal is a chat_error too. */
	join(escrowId: string | number, options?: JoinOptions): Promise<Joined>;
	join(escrowId: string | number, done: Callback<Joined>): void;
	join(escrowId: string | number, options: JoinOptions | undefined, done: Callback<Joined>): void;
	leave(escrowId: string | number): void;

	/** Stored once, however often the connection is lost. The same clientMsgId is the same message. */
	send(escrowId: string | number, content: string, options?: { clientMsgId?: string }): Promise<Message>;
	send(escrowId: string | number, content: string, done: Callback<Message>): void;
	send(escrowId: string | number, content: string, options: { clientMsgId?: string } | undefined, done: Callback<Message>): void;

	/** Call it at each key: it says so to the server seldom enough. Nothing waits where there is no connection. */
	typing(escrowId: string | number, isTyping: boolean): void;

	/** Marks one message, or all by others up to one. */
	read(escrowId: string | number, what: string | { upTo: string }): Promise<{ ok: true; unread: number }>;
	read(escrowId: string | number, what: string | { upTo: string }, done: Callback<{ ok: true; unread: number }>): void;

	history(escrowId: string | number, page?: { before?: string; after?: string; limit?: number }): Promise<History>;
	history(escrowId: string | number, done: Callback<History>): void;
	history(escrowId: string | number, page: { before?: string; after?: string; limit?: number } | undefined, done: Callback<History>): void;

	presence(escrowId: string | number): Promise<Presence>;
	presence(escrowId: string | number, done: Callback<Presence>): void;

	/** Any event of the contract, and its acknowledgement. */
	emit<E extends keyof ClientEvents>(event: E, data: ClientEvents[E]['data']): Promise<ClientEvents[E]['answer']>;
	emit<E extends keyof ClientEvents>(event: E, data: ClientEvents[E]['data'], done: Callback<ClientEvents[E]['answer']>): void;
	emit(event: string, data: object): Promise<{ ok: true; [more: string]: unknown }>;
	emit(event: string, data: object, done: Callback<{ ok: true; [more: string]: unknown }>): void;

	on<E extends keyof Events>(event: E, f: (data: Events[E], about: About) => void): this;
	on(event: string, f: (data: any, about: About) => void): this;
	off<E extends keyof Events>(event: E, f: (data: Events[E], about: About) => void): this;
	off(event: string, f: (data: any, about: About) => void): this;

	/** Says goodbye to the server and ends. Calls that still wait fail with the code closed. */
	close(): void;
}

/** Begins at once, in the background. */
export function connect(options?: Options): Chat;

/** A clientMsgId. */
export function newId(): string;

declare const EscrowChat: { connect: typeof connect; newId: typeof newId };
export default EscrowChat;
export as namespace EscrowChat;
