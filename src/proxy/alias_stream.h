/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/alias_stream: a sandbox's questions for names, by TCP (RFC 7766).
 *
 * One question at a time: the next one waits in the stream until the answer is
 * written.
 */
#ifndef GATEHOUSE_PROXY_ALIAS_STREAM_H
#define GATEHOUSE_PROXY_ALIAS_STREAM_H

struct alias_stream;
struct client;

/* From now on; the client's time runs already.  Tail call. */
void alias_stream_serve(struct client *client);

/* Frees it; NULL is fine. */
void alias_stream_destroy(struct alias_stream *alias_stream);

#endif
