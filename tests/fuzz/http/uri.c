/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * URIs, authorities and paths.  The first byte of the input says which reader
 * is asked, the rest is the text.  Must hold:
 *
 * - what is accepted is written as text that is accepted and means the same;
 * - a host is lower-case, has no odd byte, and is an address if and only if a
 *   C library would take it for one;
 * - a normal path is normal, and holds no dot segment; nor does any other way
 *   in which it may be read, each of which is there once.
 */
#include "http/uri.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "http/limits.h"
#include "http/path.h"
#include "pieces.h"

static void
check_host(const struct http_host *host)
{
	char text[HTTP_HOST_BYTES_MAX + 1];
	struct in_addr ignored;

	must(host->text.len > 0 && host->text.len <= HTTP_HOST_BYTES_MAX);
	for (size_t i = 0; i < host->text.len; i++) {
		char c = host->text.at[i];
		bool colon = host->address.family == ADDRESS_IPV6 && c == ':';
		must((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		     c == '-' || c == '_' || c == '.' || colon);
	}
	memcpy(text, host->text.at, host->text.len);
	text[host->text.len] = '\0';
	must((inet_aton(text, &ignored) != 0) ==
	     (host->address.family == ADDRESS_IPV4));
}

static void
check_segments(struct str path)
{
	must(path.len > 0 && path.at[0] == '/');
	while (path.len > 0) {
		path = str_skip(path, 1);
		struct str segment = { path.at, str_find(path, '/') };
		must(!str_is(segment, ".") && !str_is(segment, ".."));
		path = str_skip(path, segment.len);
	}
}

static void
check_readings(struct str path, struct str normal, struct arena *arena)
{
	struct str readings[HTTP_PATH_READINGS_MAX];
	int count = http_path_readings(path, arena, readings);

	must(count > 0 || count == -E2BIG);
	must(str_eq(readings[0], normal));
	for (int i = 0; i < count; i++) {
		check_segments(readings[i]);
		for (int j = 0; j < i; j++)
			must(!str_eq(readings[i], readings[j]));
	}
}

static void
check_path(struct str path)
{
	struct arena arena;
	struct str normal, again;

	arena_init(&arena, 1 << 20);
	must(http_path_normal(path, &arena, &normal) == 0);
	must(http_path_normal(normal, &arena, &again) == 0);
	must(str_eq(normal, again));
	check_segments(normal);
	check_readings(path, normal, &arena);
	arena_fini(&arena);
}

static void
check_uri(const struct http_uri *uri)
{
	struct text text = TEXT_EMPTY, twice = TEXT_EMPTY;
	struct http_uri again;
	enum http_fault fault;
	struct arena arena;
	int error;

	check_host(&uri->host);
	must(uri->port > 0);
	arena_init(&arena, 1 << 20);
	http_uri_add(uri, &text);
	if (uri->scheme == HTTP_SCHEME_NONE)
		error = http_uri_parse_authority(
		    text_str(&text), HTTP_SCHEME_NONE, &arena, &again, &fault);
	else
		error = http_uri_parse(text_str(&text), &arena, &again, &fault);
	must(error == 0);
	must(http_uri_same_origin(uri, &again));
	must(address_eq(uri->host.address, again.host.address));
	must(str_eq(uri->path, again.path));
	http_uri_add(&again, &twice);
	must(str_eq(text_str(&text), text_str(&twice)));
	if (uri->path.len > 0)
		check_path(http_uri_path(uri));
	arena_fini(&arena);
	text_fini(&text);
	text_fini(&twice);
}

static int
read_uri(unsigned reader, struct str text, struct arena *arena,
    struct http_uri *ret, enum http_fault *reterr_fault)
{
	enum http_scheme scheme = (enum http_scheme)(reader / 4 % 3);

	switch (reader % 4) {
	case 0:
		return http_uri_parse_authority(
		    text, scheme, arena, ret, reterr_fault);
	case 1:
		must(http_uri_parse(STR("http://a.example/"), arena, ret,
			 reterr_fault) == 0);
		return http_uri_parse_path(ret, text, reterr_fault);
	case 2:
		*ret =
		    (struct http_uri){ .scheme = HTTP_SCHEME_HTTP, .port = 80 };
		return http_host_parse(text, arena, &ret->host, reterr_fault);
	default:
		return http_uri_parse(text, arena, ret, reterr_fault);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str input = { (const char *)data, size };
	unsigned reader = piece_directions(&input);
	struct str text = piece_copy(input);
	enum http_fault fault = HTTP_FAULT_COUNT;
	struct http_uri uri;
	struct arena arena;

	arena_init(&arena, 1 << 20);
	int error = read_uri(reader, text, &arena, &uri, &fault);
	must(error == 0 || error == -EBADMSG);
	must(error == 0 || (unsigned)fault < HTTP_FAULT_COUNT);
	if (error == 0)
		check_uri(&uri);
	arena_fini(&arena);
	piece_free(text);
	return 0;
}
