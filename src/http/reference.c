/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RFC 3986, 5.2.2: the reference is made a whole URI's parts, of which the
 * readers of http/uri judge; then dot segments go.
 */
#include "http/reference.h"

/* A scheme is there if a ':' comes before any mark that ends a scheme. */
static bool
has_scheme(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == ':')
			return i > 0;
		if (text.at[i] == '/' || text.at[i] == '?' || text.at[i] == '#')
			return false;
	}
	return false;
}

/* How much of a path is before its query. */
static size_t
path_len(struct str path)
{
	return str_find(path, '?');
}

/* a and b behind each other, and room for one byte more before them. */
static char *
join(struct str a, struct str b, struct arena *arena)
{
	char *bytes = arena_alloc(arena, a.len + b.len + 1);

	if (bytes == NULL)
		return NULL;
	if (a.len > 0)
		memcpy(bytes, a.at, a.len);
	if (b.len > 0)
		memcpy(bytes + a.len, b.at, b.len);
	return bytes;
}

/* Without its query; an absent path is "/" (5.2.3). */
static struct str
path_of(const struct http_uri *base)
{
	if (base->path.len == 0)
		return STR("/");
	return http_uri_path(base);
}

/* What is before a reference's own path: of the base, up to its last '/'. */
static struct str
folder_of(const struct http_uri *base)
{
	struct str path = path_of(base);

	while (path.at[path.len - 1] != '/')
		path.len--;
	return path;
}

static size_t
last_slash(const char *bytes, size_t len)
{
	while (len > 0 && bytes[len - 1] != '/')
		len--;
	return len > 0 ? len - 1 : 0;
}

/* 5.2.4, over `len` bytes that begin with '/'; what is left. */
static size_t
remove_dots(char *bytes, size_t len)
{
	size_t kept = 0, at = 0;

	while (at < len) {
		struct str rest = { bytes + at + 1, len - at - 1 };
		size_t segment = str_find(rest, '/');
		bool last = segment == rest.len;
		rest.len = segment;
		if (str_is(rest, "..") || str_is(rest, ".")) {
			if (segment == 2)
				kept = last_slash(bytes, kept);
			if (last)
				bytes[kept++] = '/';
		} else {
			memmove(bytes + kept, bytes + at, segment + 1);
			kept += segment + 1;
		}
		at += segment + 1;
	}
	return kept;
}

/* Both together begin with '/'.  Dot segments go, the query stays. */
static int
set_path(struct http_uri *uri, struct str folder, struct str path,
    struct arena *arena, enum http_fault *reterr_fault)
{
	size_t len = folder.len + path_len(path);
	char *bytes = join(folder, path, arena);

	if (bytes == NULL)
		return -ENOMEM;
	size_t kept = remove_dots(bytes, len);
	size_t query = folder.len + path.len - len;
	memmove(bytes + kept, bytes + len, query);
	return http_uri_parse_path(
	    uri, (struct str){ bytes, kept + query }, reterr_fault);
}

/* "scheme:..." and "//authority...", which gets the base's scheme. */
static int
resolve_absolute(const struct http_uri *base, struct str text,
    struct arena *arena, struct http_uri *uri, enum http_fault *reterr_fault)
{
	if (!has_scheme(text)) {
		struct str scheme = http_scheme_text(base->scheme);
		char *bytes = join(scheme, text, arena);
		if (bytes == NULL)
			return -ENOMEM;
		memmove(bytes + scheme.len + 1, bytes + scheme.len, text.len);
		bytes[scheme.len] = ':';
		text = (struct str){ bytes, scheme.len + 1 + text.len };
	}
	int error = http_uri_parse(text, arena, uri, reterr_fault);
	if (error < 0)
		return error;
	struct str path = uri->path.len > 0 ? uri->path : STR("/");
	return set_path(uri, STR(""), path, arena, reterr_fault);
}

int
http_reference_resolve(const struct http_uri *base, struct str text,
    struct arena *arena, struct http_uri *ret, enum http_fault *reterr_fault)
{
	struct str reference = { text.at, str_find(text, '#') };
	struct http_uri uri = *base;
	struct str folder = STR("");
	int error;

	if (has_scheme(reference) || str_starts(reference, STR("//"))) {
		error = resolve_absolute(
		    base, reference, arena, &uri, reterr_fault);
	} else if (reference.len == 0) {
		error = 0;
	} else {
		if (reference.at[0] == '?')
			folder = path_of(base);
		else if (reference.at[0] != '/')
			folder = folder_of(base);
		error = set_path(&uri, folder, reference, arena, reterr_fault);
	}
	if (error == 0)
		*ret = uri;
	return error;
}
