/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/frames: a client's connection that speaks HTTP/2.
 *
 *	client (the connection) -> frames -> client (a stream), client, ...
 *
 * Each stream is a client of its own, for one request: with an arena, an
 * exchange or a tunnel, a timer.  What is of the connection stays with the
 * connection: its place in the crowd, its source, where it was made to, its
 * flow.  The streams are not in the worker's list: whatever is done to all
 * clients is done to the connection, and by it to its streams.
 *
 * Life cycle: frames_serve makes it, the connection's end ends it and them.  A
 * stream that ends is not the connection's end.
 */
#ifndef GATEHOUSE_PROXY_FRAMES_H
#define GATEHOUSE_PROXY_FRAMES_H

#include "base/str.h"
#include "proxy/failure.h"

struct client;
struct frames;

enum frames_preface {
	FRAMES_PREFACE_NONE,
	FRAMES_PREFACE_PART, /* so far it could be */
	FRAMES_PREFACE_WHOLE,
};

/* Whether a connection that begins so speaks HTTP/2 (RFC 9113, 3.4). */
enum frames_preface frames_preface_of(struct str first_bytes);

/* Its input begins with the preface.  Tail call. */
void frames_serve(struct client *client);

/* Ends all streams, told as `why`; NULL is fine. */
void frames_destroy(struct frames *frames, enum proxy_failure why);

/* What client_... says, of each stream. */
void frames_judge_again(struct frames *frames);
void frames_end_used_up(struct frames *frames);
void frames_drain(struct frames *frames);

/* The list of its streams, for the client of one of them. */
struct client **frames_streams(struct frames *frames);

#endif
