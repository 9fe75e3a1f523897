// SPDX-License-Identifier: ISC
// escrowchat.mjs - escrowchat.js as an ES module: import EscrowChat, { connect, newId } from './escrowchat.mjs';
import './escrowchat.js';
export const { connect, newId } = globalThis.EscrowChat;
export default globalThis.EscrowChat;
