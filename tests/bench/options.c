/* SPDX-License-Identifier: ISC */
/*
 * options.c - what bench-load is told, and the table of its wires.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/load.h"
#include "tests/bench/payload.h"

static const struct wire *const wires[] = {
    &wire_websocket,
    &wire_socketio,
    &wire_socketio_polling,
    &wire_sse,
    &wire_poll,
    &wire_emit,
    &wire_rest_send,
    &wire_rest_history,
    &wire_insert,
    &wire_nchan_websocket,
    &wire_nchan_sse,
    &wire_nchan_poll,
    &wire_nats,
    &wire_bare,
    &wire_bare_poll,
    &wire_bare_mute,
    &wire_bare_relay,
};

#define N_WIRES (sizeof(wires) / sizeof(wires[0]))

enum kind { KIND_TEXT, KIND_NUMBER, KIND_REAL, KIND_OFF, KIND_WIRE, KIND_PIDS };

static const struct row {
	const char *name;
	enum kind kind;
	size_t offset;
	const char *what;
} rows[] = {
    {"wire", KIND_WIRE, offsetof(struct load_options, wire), "how they are connected (websocket)"},
    {"connect", KIND_TEXT, offsetof(struct load_options, connect), "127.0.0.1:PORT or unix:PATH"},
    {"up", KIND_WIRE, offsetof(struct load_options, up),
	"how messages are sent (as the wire has it)"},
    {"up-connect", KIND_TEXT, offsetof(struct load_options, up_connect), "to where (as connect)"},
    {"pid", KIND_PIDS, offsetof(struct load_options, pids), "PID,PID…: whose CPU time is counted"},
    {"connections", KIND_NUMBER, offsetof(struct load_options, n_clients), "one for each user"},
    {"room-size", KIND_NUMBER, offsetof(struct load_options, room_size), "users (all)"},
    {"senders", KIND_NUMBER, offsetof(struct load_options, senders), "of each room (1)"},
    {"rate", KIND_REAL, offsetof(struct load_options, rate), "messages a second, by a schedule"},
    {"burst", KIND_NUMBER, offsetof(struct load_options, burst), "messages due at once (1)"},
    {"window", KIND_NUMBER, offsetof(struct load_options, window),
	"without a rate: messages under way"},
    {"messages", KIND_NUMBER, offsetof(struct load_options, messages),
	"with a window: it ends after as many"},
    {"seconds", KIND_REAL, offsetof(struct load_options, seconds), "how long (5)"},
    {"content-bytes", KIND_NUMBER, offsetof(struct load_options, content_bytes),
	"of a message (64)"},
    {"frame-bytes", KIND_NUMBER, offsetof(struct load_options, frame_bytes),
	"of a frame that the load makes: bare-relay, nchan, nats (280)"},
    {"no-acks", KIND_OFF, offsetof(struct load_options, wants_acks), "ask for no acknowledgements"},
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static void
print_help(void)
{
	printf("bench-load: users who talk; checks what each of them receives\n");
	for (size_t i = 0; i < N_ROWS; i++)
		printf("  --%-14s %s\n", rows[i].name, rows[i].what);
	printf("Wires:\n");
	for (size_t i = 0; i < N_WIRES; i++)
		printf("  %-16s %s\n", wires[i]->name, wires[i]->what);
}

static const struct wire *
wire_of(const char *name)
{
	for (size_t i = 0; i < N_WIRES; i++) {
		if (strcmp(wires[i]->name, name) == 0)
			return wires[i];
	}
	load_die("%s: no such wire", name);
}

static void
take_pids(int pids[PIDS_MAX], char *text)
{
	size_t n = 0;

	for (char *p = strtok(text, ","); p != NULL; p = strtok(NULL, ",")) {
		if (n == PIDS_MAX - 1)
			load_die("--pid: at most %d", PIDS_MAX - 1);
		pids[n++] = atoi(p);
	}
}

static void
take(struct load_options *o, const struct row *row, char *value)
{
	void *to = (char *)o + row->offset;

	switch (row->kind) {
	case KIND_TEXT:
		*(const char **)to = value;
		break;
	case KIND_NUMBER:
		*(uint32_t *)to = (uint32_t)strtoul(value, NULL, 10);
		break;
	case KIND_REAL:
		*(double *)to = strtod(value, NULL);
		break;
	case KIND_OFF:
		*(bool *)to = false;
		break;
	case KIND_WIRE:
		*(const struct wire **)to = wire_of(value);
		break;
	case KIND_PIDS:
		take_pids(to, value);
		break;
	}
}

static void
complete(struct load_options *o)
{
	if (o->up == NULL)
		o->up = o->wire->up ? o->wire->up : o->wire;
	if (o->up_connect == NULL)
		o->up_connect = o->connect;
	if (o->room_size == 0)
		o->room_size = o->wire->is_request ? 1 : o->n_clients;
	if (o->wire->is_request || o->wire->is_silent || o->up->is_unanswered)
		o->wants_acks = false;
}

static void
check(const struct load_options *o)
{
	if (o->connect == NULL || o->pids[0] <= 0 || o->n_clients == 0 || o->burst == 0)
		load_die("--connect, --pid and --connections are needed, --burst is not 0");
	if (o->wire->open == NULL || (o->up->send == NULL && !o->wire->is_silent))
		load_die("--wire %s, --up %s: that one only sends, or this one cannot",
		    o->wire->name, o->up->name);
	if (o->n_clients % o->room_size != 0 || o->senders == 0 || o->senders > o->room_size ||
	    o->senders > SENDERS_MAX)
		load_die("--connections must be a multiple of --room-size; --senders: 1 to %d, at "
			 "most --room-size",
		    SENDERS_MAX);
	if (o->wire->is_request && o->room_size != 1)
		load_die("--wire %s: each user has a room of their own", o->wire->name);
	if (o->content_bytes < PAYLOAD_MIN || o->content_bytes > PAYLOAD_MAX)
		load_die("--content-bytes: %d to %d is accepted", PAYLOAD_MIN, PAYLOAD_MAX);
	if (o->frame_bytes < o->content_bytes + 32)
		load_die("--frame-bytes: at least 32 more than --content-bytes");
}

void
options_parse(struct load_options *o, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const struct row *row = NULL;

		if (strcmp(argv[i], "--help") == 0) {
			print_help();
			exit(0);
		}
		for (size_t k = 0; k < N_ROWS; k++) {
			if (strncmp(argv[i], "--", 2) == 0 &&
			    strcmp(argv[i] + 2, rows[k].name) == 0)
				row = &rows[k];
		}
		if (row == NULL || (row->kind != KIND_OFF && i + 1 == argc))
			load_die("%s: no such option, or no value; --help lists them", argv[i]);
		take(o, row, row->kind == KIND_OFF ? NULL : argv[++i]);
	}
	complete(o);
	check(o);
}
