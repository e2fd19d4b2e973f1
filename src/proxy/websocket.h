/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/websocket: whether a server speaks WebSocket, or only seems to.
 *
 * A client of HTTP/1.1 asks the server for a proof, and looks at it (RFC 6455,
 * 4.1).  For a client of HTTP/2, which has none to ask for (RFC 8441, 5), we
 * do: the key is of our making (http2/head), and so the answer is ours to look
 * at.
 */
#ifndef GATEHOUSE_PROXY_WEBSOCKET_H
#define GATEHOUSE_PROXY_WEBSOCKET_H

#include "http/parse.h"

/* The token of Upgrade (RFC 6455, 11.2). */
#define WEBSOCKET STR("websocket")

/* Of 20 bytes in base 64. */
#define WEBSOCKET_PROOF_LEN 28

struct websocket_proof {
	char text[WEBSOCKET_PROOF_LEN + 1]; /* empty: none is wanted */
};

/* Of the protocols that a client asks for only this one is known to hide no
 * requests from the policy. */
bool websocket_is_asked(const struct http_request *request);

/* What the server has to answer to the request's key. */
struct websocket_proof websocket_proof_of(const struct http_request *request);

bool websocket_is_proved(
    const struct websocket_proof *proof, const struct http_response *response);

#endif
