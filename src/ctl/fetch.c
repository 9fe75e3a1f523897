/* SPDX-License-Identifier: ISC */
/*
 * fetch.c - requests by libcurl.
 */
#include "ctl/fetch.h"

#include <curl/curl.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/mem.h"
#include "proto/base64.h"
#include "proto/ws.h"

#define BODY_MAX (1 << 20)
#define HEAD_MAX 65536

/* ---- for requests and WebSockets ---- */

static char *
url_of(const struct fetch *f)
{
	struct span base = span_of(f->base);
	struct buf url = {0};

	while (base.n > 0 && base.p[base.n - 1] == '/')
		base.n--;
	buf_span(&url, base);
	buf_str(&url, f->path);
	return buf_steal(&url);
}

static CURL *
handle_new(struct fetch *f, char *url)
{
	CURL *curl = curl_easy_init();

	if (curl == NULL)
		abort(); /* out of memory */
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, f->why);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "escrowchatctl/" PACKAGE_VERSION);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)f->timeout_ms);
	return curl;
}

void
fetch_clear(struct fetch *f)
{
	buf_clear(&f->head);
	buf_clear(&f->got);
}

struct span
fetch_header(const struct fetch *f, const char *name)
{
	struct span rest = buf_as_span(&f->head);

	while (rest.p) {
		struct span value = span_cut(&rest, '\n'), field = span_cut(&value, ':');

		if (value.p == NULL || !span_eq_nocase(field, span_of(name)))
			continue;
		if (value.n > 0 && value.p[value.n - 1] == '\r')
			value.n--;
		return span_trim(value);
	}
	return (struct span){"", 0};
}

/* ---- a request ---- */

static size_t
on_head(char *p, size_t one, size_t n, void *arg)
{
	struct fetch *f = arg;

	if (n > 5 && memcmp(p, "HTTP/", 5) == 0)
		f->head.len = 0; /* the final answer follows an answer 100 */
	if (f->head.len + n > HEAD_MAX)
		return 0;
	buf_add(&f->head, p, n);
	return n;
}

static size_t
on_data(char *p, size_t one, size_t n, void *arg)
{
	struct fetch *f = arg;

	if (f->got.len + n > BODY_MAX)
		return 0;
	buf_add(&f->got, p, n);
	if (f->on_body == NULL || f->on_body(f))
		return n;
	f->end = FETCH_ENOUGH;
	return 0;
}

static enum fetch_end
end_of(const struct fetch *f, CURLcode code)
{
	if (f->end == FETCH_ENOUGH)
		return FETCH_ENOUGH;
	switch (code) {
	case CURLE_OK:
		return FETCH_WHOLE;
	case CURLE_OPERATION_TIMEDOUT:
		return FETCH_LATE;
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
		return FETCH_CUT;
	default:
		return FETCH_FAILED;
	}
}

static void
explain(struct fetch *f, CURLcode code)
{
	if (code != CURLE_OK && f->why[0] == '\0')
		snprintf(f->why, sizeof(f->why), "%s", curl_easy_strerror(code));
}

enum fetch_end
fetch(struct fetch *f)
{
	char *url = url_of(f);
	CURL *curl = handle_new(f, url);
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
	int64_t begun_ms = clock_mono_ms();
	long status = 0;
	CURLcode code;

	f->end = FETCH_WHOLE;
	f->head.len = f->got.len = 0;
	for (size_t i = 0; i < FETCH_HEADERS && f->headers[i]; i++)
		headers = curl_slist_append(headers, f->headers[i]);
	if (f->body.n > 0) {
		headers = curl_slist_append(headers, "Content-Type: application/json");
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)f->body.n);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, f->body.p);
	}
	if (f->method)
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, f->method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING,
	    ""); /* like browsers: a server that compresses delays events */
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_head);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, f);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, f);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	f->status = (int)status;
	f->took_ms = clock_mono_ms() - begun_ms;
	f->end = end_of(f, code);
	explain(f, code);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	free(url);
	return f->end;
}

/* ---- a WebSocket ---- */

/* Waits until the socket is ready. False: the deadline has passed. */
static bool
wait_for(CURL *curl, short events, int64_t deadline_ms)
{
	curl_socket_t fd = CURL_SOCKET_BAD;
	int64_t left = deadline_ms - clock_mono_ms();

	curl_easy_getinfo(curl, CURLINFO_ACTIVESOCKET, &fd);
	return left > 0 && poll(&(struct pollfd){.fd = fd, .events = events}, 1, (int)left) > 0;
}

static enum fetch_end
send_all(CURL *curl, struct span s, int64_t deadline_ms)
{
	while (s.n > 0) {
		size_t n = 0;
		CURLcode code = curl_easy_send(curl, s.p, s.n, &n);

		if (code == CURLE_AGAIN && !wait_for(curl, POLLOUT, deadline_ms))
			return FETCH_LATE;
		if (code != CURLE_OK && code != CURLE_AGAIN)
			return FETCH_CUT;
		s = (struct span){s.p + n, s.n - n};
	}
	return FETCH_WHOLE;
}

/* Receives more bytes, and appends them to *in. */
static enum fetch_end
receive(CURL *curl, struct buf *in, int64_t deadline_ms)
{
	for (;;) {
		size_t n = 0;
		CURLcode code = curl_easy_recv(curl, buf_reserve(in, 4096), 4096, &n);

		in->len += n;
		if (code == CURLE_OK)
			return n > 0 && in->len < HEAD_MAX ? FETCH_WHOLE : FETCH_CUT;
		if (code != CURLE_AGAIN)
			return FETCH_CUT;
		if (!wait_for(curl, POLLIN, deadline_ms))
			return FETCH_LATE;
	}
}

/* Writes the request for the upgrade: libcurl makes the connection, but not this request. */
static bool
put_request(struct buf *out, struct fetch *f, const char *url)
{
	CURLU *parts = curl_url();
	char *host = NULL, *port = NULL, *path = NULL, *query = NULL;
	uint8_t nonce[16];
	bool is_good = parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
		       curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		       curl_url_get(parts, CURLUPART_PATH, &path, 0) == CURLUE_OK;

	if (is_good) {
		curl_url_get(parts, CURLUPART_PORT, &port, 0);
		curl_url_get(parts, CURLUPART_QUERY, &query, 0);
		ids_random(nonce, sizeof(nonce));
		buf_printf(out, "GET %s%s%s HTTP/1.1\r\nHost: %s%s%s\r\n", path, query ? "?" : "",
		    query ? query : "", host, port ? ":" : "", port ? port : "");
		buf_str(out, "Upgrade: websocket\r\nConnection: Upgrade\r\n"
			     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ");
		base64_encode(out, (struct span){(const char *)nonce, sizeof(nonce)});
		buf_str(out, "\r\n");
		for (size_t i = 0; i < FETCH_HEADERS && f->headers[i]; i++)
			buf_printf(out, "%s\r\n", f->headers[i]);
		buf_str(out, "\r\n");
	}
	curl_free(host);
	curl_free(port);
	curl_free(path);
	curl_free(query);
	curl_url_cleanup(parts);
	return is_good;
}

/* Moves the head of the answer from in to f->head. */
static enum fetch_end
read_head(CURL *curl, struct fetch *f, struct buf *in, int64_t deadline_ms)
{
	enum fetch_end end = FETCH_WHOLE;
	const char *stop = NULL;

	while (end == FETCH_WHOLE &&
	       (stop = memmem(buf_as_span(in).p, in->len, "\r\n\r\n", 4)) == NULL)
		end = receive(curl, in, deadline_ms);
	if (stop == NULL)
		return end;
	buf_add(&f->head, in->p, (size_t)(stop - in->p) + 2);
	buf_drop(in, (size_t)(stop - in->p) + 4);
	if (f->head.len > 12 && memcmp(f->head.p, "HTTP/1.1 ", 9) == 0)
		f->status = atoi(f->head.p + 9);
	return f->status > 0 ? FETCH_WHOLE : FETCH_CUT;
}

/* Copies the payload of a whole text frame at the front of in to f->got. False: the frame is not
 * whole, or is no short text frame. */
static bool
take_text(struct fetch *f, const struct buf *in)
{
	const uint8_t *p = (const uint8_t *)in->p;
	size_t head = 2, n;

	if (in->len < 4 || p[0] != (0x80 | WS_TEXT) || p[1] > 126)
		return false;
	n = p[1];
	if (n == 126) {
		n = (size_t)p[2] << 8 | p[3];
		head = 4;
	}
	if (in->len < head + n)
		return false;
	buf_add(&f->got, in->p + head, n);
	return true;
}

static enum fetch_end
read_message(CURL *curl, struct fetch *f, struct buf *in, int64_t deadline_ms)
{
	enum fetch_end end = FETCH_WHOLE;

	while (end == FETCH_WHOLE && !take_text(f, in))
		end = receive(curl, in, deadline_ms);
	return end;
}

enum fetch_end
fetch_websocket(struct fetch *f)
{
	int64_t deadline_ms = clock_mono_ms() + f->timeout_ms;
	char *url = url_of(f);
	CURL *curl = handle_new(f, url);
	struct buf io = {0};
	CURLcode code;

	f->head.len = f->got.len = 0;
	f->status = 0;
	curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
	code = curl_easy_perform(curl);
	explain(f, code);
	f->end = code == CURLE_OK && put_request(&io, f, url) ? FETCH_WHOLE : FETCH_FAILED;
	if (f->end == FETCH_WHOLE)
		f->end = send_all(curl, buf_as_span(&io), deadline_ms);
	io.len = 0;
	if (f->end == FETCH_WHOLE)
		f->end = read_head(curl, f, &io, deadline_ms);
	if (f->end == FETCH_WHOLE && f->status == 101)
		f->end = read_message(curl, f, &io, deadline_ms);
	buf_clear(&io);
	curl_easy_cleanup(curl);
	free(url);
	return f->end;
}
