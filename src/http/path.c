/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two steps over one copy: decode what is unreserved, then remove the dot
 * segments.  In this order, or "/%2e%2e/" would hide one.  Other readings do
 * more, before or between the two.
 */
#include "http/path.h"

#include <errno.h>

#include "http/limits.h"
#include "http/octet.h"

/* Nothing in it could change: the common case costs no memory. */
static bool
is_normal(struct str path)
{
	for (size_t i = 0; i < path.len; i++)
		if (path.at[i] == '%' ||
		    (path.at[i] == '.' && i > 0 && path.at[i - 1] == '/'))
			return false;
	return true;
}

static char
upper_hex(char c)
{
	return "0123456789ABCDEF"[http_octet_hex(c)];
}

static bool
is_encoding(struct str s)
{
	return s.len >= 3 && s.at[0] == '%' &&
	       http_octet_is(s.at[1], HTTP_OCTET_HEX) &&
	       http_octet_is(s.at[2], HTTP_OCTET_HEX);
}

static char
encoded_byte(struct str s)
{
	return (char)(http_octet_hex(s.at[1]) * 16 + http_octet_hex(s.at[2]));
}

/* How much of what is encoded a server decodes. */
enum decoding {
	DECODE_PLAIN,      /* what is the same bare (RFC 3986, 2.3) */
	DECODE_SEPARATORS, /* and what parts segments */
	DECODE_ALL,        /* and all that may stand in a path as it is */
	DECODE_COUNT
};

static bool
is_decoded(char c, enum decoding decoding)
{
	if (http_octet_is(c, HTTP_OCTET_UNRESERVED))
		return true;
	if (decoding == DECODE_SEPARATORS)
		return c == '/' || c == '\\';
	return decoding == DECODE_ALL && http_octet_is(c, HTTP_OCTET_PATH) &&
	       c != '%' && c != '?';
}

/* Writes the encoding at the head of s in its normal form; bytes written. */
static size_t
put_encoding(struct str s, enum decoding decoding, char *out)
{
	char c = encoded_byte(s);

	if (is_decoded(c, decoding)) {
		out[0] = c;
		return 1;
	}
	out[0] = '%';
	out[1] = upper_hex(s.at[1]);
	out[2] = upper_hex(s.at[2]);
	return 3;
}

/*
 * A stray '%' is written as what it means.  Left alone it could be followed by
 * digits that were decoded: "%%361" would become "%61", which is another path.
 */
static size_t
put_percent(char *out)
{
	out[0] = '%';
	out[1] = '2';
	out[2] = '5';
	return 3;
}

/* The room that decode may need. */
static size_t
decoded_max(struct str path)
{
	size_t max = path.len;

	for (size_t i = 0; i < path.len; i++)
		if (path.at[i] == '%')
			max += 2;
	return max;
}

static size_t
decode(struct str path, enum decoding decoding, char *out)
{
	size_t len = 0;

	while (path.len > 0) {
		size_t taken = 1;
		if (is_encoding(path)) {
			len += put_encoding(path, decoding, out + len);
			taken = 3;
		} else if (path.at[0] == '%') {
			len += put_percent(out + len);
		} else {
			out[len++] = path.at[0];
		}
		path = str_skip(path, taken);
	}
	return len;
}

/* Where the last segment of out begins, its "/" included. */
static size_t
before_last_segment(const char *out, size_t len)
{
	while (len > 0 && out[--len] != '/')
		;
	return len;
}

/*
 * RFC 3986, 5.2.4, in place: what is written never overtakes what is read.
 * Each round takes one segment with the "/" before it.
 */
static size_t
remove_dots(char *bytes, size_t len)
{
	struct str rest = { bytes, len };
	size_t kept = 0;

	while (rest.len > 0) {
		struct str after = str_skip(rest, 1);
		struct str segment = { after.at, str_find(after, '/') };
		bool last = 1 + segment.len == rest.len;
		bool up = str_is(segment, "..");

		if (up)
			kept = before_last_segment(bytes, kept);
		if (up || str_is(segment, ".")) {
			if (last)
				bytes[kept++] = '/';
		} else {
			memmove(bytes + kept, rest.at, 1 + segment.len);
			kept += 1 + segment.len;
		}
		rest = str_skip(rest, 1 + segment.len);
	}
	return kept;
}

int
http_path_normal(struct str path, struct arena *arena, struct str *ret)
{
	if (is_normal(path)) {
		*ret = path;
		return 0;
	}
	char *bytes = arena_alloc(arena, decoded_max(path));
	if (bytes == NULL)
		return -ENOMEM;
	size_t len = decode(path, DECODE_PLAIN, bytes);
	*ret = (struct str){ bytes, remove_dots(bytes, len) };
	return 0;
}

/* ---- all readings ---- */

/* What a server does with a path, in this order. */
struct reading {
	enum {
		CUT_NEVER,
		CUT_FIRST,
		CUT_LAST,
		CUTS
	} parameters;
	enum decoding decoding;
	bool backslashes; /* are slashes */
	enum {
		MERGE_NEVER,
		MERGE_FIRST,
		MERGE_LAST,
		MERGES
	} slashes;
};

/* What they take of the arena: some of the longest path, all of a usual one. */
#define READINGS_BYTES_MAX ((size_t)2 * HTTP_START_LINE_BYTES_MAX)

#define READINGS (CUTS * DECODE_COUNT * 2 * MERGES)

/* The last of them does it all; 0 does what all do. */
static struct reading
reading_of(unsigned number)
{
	struct reading reading = { .slashes = number % MERGES };

	number /= MERGES;
	reading.backslashes = number % 2 != 0;
	number /= 2;
	reading.decoding = (enum decoding)(number % DECODE_COUNT);
	reading.parameters = number / DECODE_COUNT;
	return reading;
}

/* What there is in a path for servers to disagree on. */
struct oddities {
	bool encoded, backslash, parameter, slashes;
};

static void
note_byte(struct oddities *odd, char c)
{
	odd->backslash |= c == '\\';
	odd->parameter |= c == ';';
}

/* All that a reading does can bring slashes together. */
static struct oddities
oddities_of(struct str path)
{
	struct oddities odd = { .slashes = false };

	for (; path.len > 0; path = str_skip(path, 1)) {
		note_byte(&odd, path.at[0]);
		odd.slashes |= str_starts(path, STR("//"));
		if (!is_encoding(path) ||
		    !is_decoded(encoded_byte(path), DECODE_ALL))
			continue;
		note_byte(&odd, encoded_byte(path));
		odd.encoded |= !is_decoded(encoded_byte(path), DECODE_PLAIN);
	}
	odd.slashes |= odd.encoded || odd.backslash || odd.parameter;
	return odd;
}

static bool
is_of_use(const struct reading *reading, const struct oddities *odd)
{
	return (reading->parameters == CUT_NEVER || odd->parameter) &&
	       (reading->decoding == DECODE_PLAIN || odd->encoded) &&
	       (!reading->backslashes || odd->backslash) &&
	       (reading->slashes == MERGE_NEVER || odd->slashes);
}

/* A segment ends at its ';'.  `out` may be the path itself. */
static size_t
cut_parameters(struct str path, char *out)
{
	bool parameter = false;
	size_t len = 0;

	for (size_t i = 0; i < path.len; i++) {
		char c = path.at[i];
		parameter = c != '/' && (parameter || c == ';');
		if (!parameter)
			out[len++] = c;
	}
	return len;
}

static void
turn_backslashes(char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] == '\\')
			bytes[i] = '/';
}

static size_t
merge_slashes(char *bytes, size_t len)
{
	size_t kept = 0;

	for (size_t i = 0; i < len; i++)
		if (bytes[i] != '/' || kept == 0 || bytes[kept - 1] != '/')
			bytes[kept++] = bytes[i];
	return kept;
}

/* Room for a path, and for what comes of it. */
struct room {
	char *cut, *out;
};

static struct str
read_so(const struct reading *reading, struct str path, const struct room *room)
{
	char *out = room->out;

	if (reading->parameters == CUT_FIRST)
		path =
		    (struct str){ room->cut, cut_parameters(path, room->cut) };
	size_t len = decode(path, reading->decoding, out);
	if (reading->backslashes)
		turn_backslashes(out, len);
	if (reading->parameters == CUT_LAST)
		len = cut_parameters((struct str){ out, len }, out);
	if (reading->slashes == MERGE_FIRST)
		len = merge_slashes(out, len);
	len = remove_dots(out, len);
	if (reading->slashes == MERGE_LAST)
		len = merge_slashes(out, len);
	return (struct str){ out, len };
}

static bool
is_among(struct str path, const struct str *all, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(path, all[i]))
			return true;
	return false;
}

/* The first one may be as long as it likes. */
static int
add_reading(struct str path, struct arena *arena, struct str *all, int count)
{
	size_t bytes = path.len;

	if (is_among(path, all, (size_t)count))
		return count;
	for (int i = 0; i < count; i++)
		bytes += all[i].len;
	if (count == HTTP_PATH_READINGS_MAX ||
	    (count > 0 && bytes > READINGS_BYTES_MAX))
		return -E2BIG;
	all[count] = arena_str(arena, path);
	return all[count].at != NULL ? count + 1 : -ENOMEM;
}

static bool
has_any(const struct oddities *odd)
{
	return odd->encoded || odd->backslash || odd->parameter || odd->slashes;
}

static int
read_plainly(struct str path, struct arena *arena, struct str *ret)
{
	int rc = http_path_normal(path, arena, ret);

	if (rc == 0 && ret->at == path.at)
		*ret = arena_str(arena, path);
	return rc == 0 && ret->at != NULL ? 1 : -ENOMEM;
}

int
http_path_readings(struct str path, struct arena *arena,
    struct str ret[static HTTP_PATH_READINGS_MAX])
{
	struct oddities odd = oddities_of(path);
	int count = 0;

	if (!has_any(&odd))
		return read_plainly(path, arena, ret);
	struct room room = { arena_alloc(arena, path.len),
		arena_alloc(arena, decoded_max(path)) };
	if (room.cut == NULL || room.out == NULL)
		return -ENOMEM;
	for (unsigned i = 0; count >= 0 && i < READINGS; i++) {
		struct reading reading = reading_of(i);
		if (is_of_use(&reading, &odd))
			count = add_reading(
			    read_so(&reading, path, &room), arena, ret, count);
	}
	return count;
}
