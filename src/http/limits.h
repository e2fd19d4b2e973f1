/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/limits: how much of anything one HTTP/1 message may bring.
 *
 * A peer can make nothing grow past these.  They are what the wire may hold,
 * so they are larger than what a browser or a server in good health sends.
 */
#ifndef GATEHOUSE_HTTP_LIMITS_H
#define GATEHOUSE_HTTP_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/*
 * A whole head, from stray CRLFs before it to its last empty line.  The
 * caller's input buffer must be able to hold this much.  Kerberos tickets and
 * cookies make heads of 20 KiB.
 */
#define HTTP_HEAD_BYTES_MAX ((size_t)64 * 1024)

/* The request line or status line with its CRLF (RFC 9112, 3 wants 8000). */
#define HTTP_START_LINE_BYTES_MAX ((size_t)16 * 1024)

/* Fields a peer may send, and fields that we may add to them afterwards. */
#define HTTP_FIELDS_MAX       100
#define HTTP_FIELDS_ADDED_MAX 28

/*
 * What the parser takes of the arena for any head: 40 bytes a field, a host in
 * lower case, and a path that had to be given its "/".  A test holds it.
 */
#define HTTP_HEAD_ARENA_BYTES_MAX ((size_t)32 * 1024)

/* The longest registered method has 17 letters. */
#define HTTP_METHOD_BYTES_MAX 32

/* Stray CRLFs before a request line (RFC 9112, 2.2 asks for one or more). */
#define HTTP_BLANK_LINES_MAX 2

/* RFC 1035, 3.1, as text without the last dot. */
#define HTTP_HOST_BYTES_MAX  253
#define HTTP_LABEL_BYTES_MAX 63

/*
 * Names in Connection.  Each is looked for in all fields, so this also bounds
 * the work: 16 times 100 comparisons.
 */
#define HTTP_CONNECTION_OPTIONS_MAX 16

/*
 * Lengths stay below the sign bit, so that off_t and int64_t can hold them
 * and the sum of two does not wrap.
 */
#define HTTP_CONTENT_BYTES_MAX INT64_MAX

/* Hex digits of a chunk's size, leading zeros included. */
#define HTTP_CHUNK_SIZE_DIGITS_MAX 16

/*
 * All chunk extensions of one body together: nobody uses them, and without a
 * limit a peer makes us read for ever at the price of no payload.
 */
#define HTTP_CHUNK_EXTENSION_BYTES_MAX ((size_t)4 * 1024)

/* A whole trailer section.  It is read by the rules and dropped. */
#define HTTP_TRAILER_BYTES_MAX ((size_t)16 * 1024)

#endif
