/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http2/limits: how much of anything one HTTP/2 connection may bring.
 *
 * A peer can make nothing grow past these, nor make us work for nothing beyond
 * them.  What one head may hold stands in http/limits, as for HTTP/1.
 */
#ifndef GATEHOUSE_HTTP2_LIMITS_H
#define GATEHOUSE_HTTP2_LIMITS_H

#include "http/limits.h"

/* Requests under way on one connection of a client: RFC 9113, 6.5.2 advises no
 * fewer, and browsers ask for no more. */
#define HTTP2_STREAMS_MAX 100

/*
 * Content that a peer may send before it is taken: of one stream, and of all
 * together.  A client is near and has 64 KiB, so that sixteen whose servers do
 * not read hold up the others.  A server may be far away, and its connection is
 * that of many clients: none of them must hold up another one, however much he
 * leaves lying.
 */
#define HTTP2_CLIENT_WINDOW_BYTES     ((size_t)64 << 10)
#define HTTP2_CLIENT_WINDOW_ALL_BYTES ((size_t)1 << 20)
#define HTTP2_SERVER_WINDOW_BYTES     ((size_t)256 << 10)
#define HTTP2_SERVER_WINDOW_ALL_BYTES                                          \
	(HTTP2_STREAMS_MAX * HTTP2_SERVER_WINDOW_BYTES)

/* Content of one stream that waits for the peer's window, besides what the
 * stream itself may hold: two frames. */
#define HTTP2_OUT_BYTES_MAX ((size_t)32 << 10)

/* A head that we write: what we were sent, and what we add. */
#define HTTP2_HEAD_BYTES_MAX (2 * HTTP_HEAD_BYTES_MAX)

/*
 * All fields of one head, by RFC 9113, 6.5.2.  Past HTTP_HEAD_BYTES_MAX it is
 * answered with 431; past this the connection ends, for a head of 64 KiB that
 * names the same entry of 4 KiB again and again is work of seconds.
 */
#define HTTP2_BOMB_BYTES_MAX ((size_t)1 << 20)

/* Frames of one head behind its first: 128 KiB in all. */
#define HTTP2_CONTINUATIONS_MAX 8

/*
 * Frames that ask nothing and bring nothing (SETTINGS, PING, PRIORITY,
 * WINDOW_UPDATE, empty DATA, what is unknown): so many at once, so many more a
 * second, and so many for each frame of content and each request, since windows
 * are opened for content.
 */
#define HTTP2_IDLE_FRAMES_MAX        1000
#define HTTP2_IDLE_FRAMES_PER_SECOND 100
#define HTTP2_IDLE_FRAMES_PER_USEFUL 4

/*
 * Requests that are taken back, or were none, at once and a second.  A page
 * that is left takes back what is under way, HTTP2_STREAMS_MAX; so this is two
 * pages, and then one in five seconds (CVE-2023-44487).
 */
#define HTTP2_RESETS_MAX        200
#define HTTP2_RESETS_PER_SECOND 20

/* The table by which heads to the peer are compressed, whatever it allows. */
#define HTTP2_TABLE_BYTES 4096

#endif
