# SPDX-License-Identifier: ISC
# py_socketio.py - two chat clients in another language: python3 py_socketio.py URL TRANSPORT[,TRANSPORT]
# Prints a line of JSON for each thing that happened; ends with 0 when all did.

import asyncio
import json
import sys

import socketio

CONTENT = '"it\'s" \\ \x00\x01\x1e\u2028 \U0001f600'
WAIT_S = 300


class Client:
    def __init__(self, wallet):
        self.wallet = wallet
        self.events = asyncio.Queue()
        # Its handlers take exactly one argument, and it says nothing about recovery.
        self.auth = {'walletAddress': wallet}
        self.io = socketio.AsyncClient(reconnection=False)
        for name in ('chat_message', 'user_joined', 'user_typing', 'notification', 'chat_error'):
            self.io.on(name, self.handler(name))

    def handler(self, name):
        async def handle(data):
            await self.events.put((name, data))
        return handle

    async def event(self, name):
        while True:
            got, data = await asyncio.wait_for(self.events.get(), WAIT_S)
            if got == name:
                return data

    async def ask(self, name, data):
        return await self.io.call(name, data, timeout=WAIT_S)


async def main(url, transports):
    alice, bob = Client('alice'), Client('bob')
    for client in (alice, bob):
        await client.io.connect(url, auth=client.auth, transports=transports)
    print(json.dumps({'transport': alice.io.transport()}))
    assert (await alice.ask('subscribe_escrow', 'room'))['ok']
    answer = await bob.ask('subscribe_escrow', {'escrowId': 'room'})
    assert sorted(answer['present']) == ['alice', 'bob'], answer
    assert (await alice.event('user_joined'))['walletAddress'] == 'bob'
    assert (await bob.ask('typing_start', {'escrowId': 'room'})) == {'ok': True}
    assert (await alice.event('user_typing'))['isTyping'] is True
    for content in [CONTENT] + ['m%d' % i for i in range(50)]:
        answer = await bob.ask('chat_message', {'escrowId': 'room', 'content': content})
        assert answer['message']['content'] == content, answer
        for client in (alice, bob):
            assert (await client.event('chat_message')) == answer['message']
    answer = await alice.ask('chat_message', {'escrowId': 'room', 'content': b'bytes'})
    assert answer['ok'] is False and answer['code'] == 'bad_request', answer
    await alice.io.emit('no_such_event', {})
    assert (await alice.event('chat_error'))['event'] == 'no_such_event'
    print(json.dumps({'content': CONTENT}))
    for client in (alice, bob):
        await client.io.disconnect()
    nobody = socketio.AsyncClient(reconnection=False)
    refusals = asyncio.Queue()
    nobody.on('connect_error', refusals.put)
    await nobody.connect(url, transports=transports, wait=False)
    print(json.dumps(await asyncio.wait_for(refusals.get(), WAIT_S)))
    await nobody.disconnect()


asyncio.run(main(sys.argv[1], sys.argv[2].split(',')))
