/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/exchange_impl: what the files of proxy/exchange share, and nobody else.
 *
 *	exchange            its life: begun, judged, ended, timed
 *	exchange_answer     answers of our own
 *	exchange_pac        how browsers are told of the proxy
 *	exchange_pass       the server's answer, passed on
 *	exchange_send       the request's head, sent on
 *	exchange_serve      answers of the cache's making, sent
 *	exchange_server     the server's connection, and what if it is gone
 *	exchange_store      the cache is asked first
 *	exchange_store_take and given what may be kept, or made use of
 *	exchange_tunnel     exchanges that end as a tunnel
 *	exchange_up         the request's content, sent on
 *	exchange_who        who asks, if he says it
 */
#ifndef GATEHOUSE_PROXY_EXCHANGE_IMPL_H
#define GATEHOUSE_PROXY_EXCHANGE_IMPL_H

#include "proxy/exchange.h"

#include "cache/reuse.h"
#include "cache/status.h"
#include "http/accept.h"
#include "http/parse.h"
#include "proxy/keep.h"
#include "proxy/serve.h"
#include "proxy/transfer.h"
#include "proxy/websocket.h"

/* What an exchange has to do with the cache. */
struct exchange_store {
	bool on;      /* there is a cache */
	bool by_name; /* the key is: see the errand */
	bool recodes; /* what comes may have to be put in another coding */
	struct http_accept accept;
	struct keep keep;
	struct cache_waiter *waiter; /* for who leads */
	/* What is stale may stand in for an error, or for no answer. */
	bool if_error, if_unreachable;
	bool refresh;   /* it is validated when the client has it */
	bool collapsed; /* somebody else has asked */
	enum cache_forward forward;
	struct str why; /* what comes is not kept */
	struct serve serve;
	struct cache_object *plain; /* a reference: what is served compressed */
};

struct exchange {
	struct client *client;
	struct errand errand;
	/* Its texts are gone once `sent`, but for the cache. */
	struct http_request request;
	size_t head_bytes;
	/* For the server, kept for a second try, which may be of another kind
	 * of parent: with the path, and with the whole URL. */
	struct text heads[2];
	struct http_head_scan scan;
	struct transfer up, down;
	bool sent;       /* the head, to the server */
	bool refused;    /* by a server that did not look at it */
	uint8_t retries; /* for that */
	bool remade;     /* the texts are kept, and heads can be made again */
	bool answered;   /* the head of the final answer, to the client */
	bool up_done;    /* the content is with the server */
	bool keep;       /* the client's connection */
	bool keep_server;
	bool converses; /* both sides may be silent for long, as in gRPC */
	bool websocket; /* is asked for */
	struct websocket_proof proof; /* of the server's, that we asked for */
	int64_t moved;                /* when anything last did */
	uint64_t in, out; /* bytes of heads, and of what was stored */
	struct exchange_store store;
};

/* ---- exchange.c ---- */

/* The exchange of an errand. */
struct exchange *exchange_of(struct errand *errand);

/* The event is told; what remains is the client's connection. */
void exchange_finish(struct exchange *exchange);

/* The request's head is taken from the client's input. */
void exchange_forget_head(struct exchange *exchange);

/* The answer has begun, so it can only be seen to have no end. */
void exchange_cut_off(struct exchange *exchange, enum proxy_failure failure);

void exchange_arm(struct exchange *exchange, int64_t at);

/* It is known, or not, who asks: the policy is asked. */
void exchange_go_on(struct exchange *exchange);

/* What was kept of the request for a second try. */
void exchange_fini_heads(struct exchange *exchange);

/* ---- exchange_send.c ---- */

/* There is a server: it gets the head, and content as it comes. */
void exchange_send(struct exchange *exchange);

/* ---- exchange_server.c ---- */

/* With the exchange as context. */
extern const struct stream_user exchange_server_side;

/* No more comes, and what has come is no answer, or not all of it. */
void exchange_server_is_gone(struct exchange *exchange);

/* The server's answer was of no use: asks again, as if for the first time. */
void exchange_ask_again(struct exchange *exchange);

/* ---- exchange_pass.c ---- */

/* 0 or a negative errno. */
int exchange_write_head(struct exchange *exchange,
    const struct http_response *response, bool keep, bool content_follows);

/* The policy is told what an answer says of its type. */
enum errand_outcome exchange_see_type(
    struct exchange *exchange, const struct http_fields *fields);

/* Whether the policy, which may wait for the type, lets the answer pass; if
 * not, the client has been told. */
bool exchange_may_pass(
    struct exchange *exchange, const struct http_response *response);

/* The server has said something, or there is room for it at the client's:
 * before the final answer's head, and after it. */
void exchange_pass_head(struct exchange *exchange);
void exchange_pass_run(struct exchange *exchange);

/* ---- exchange_tunnel.c ---- */

/* The question is put: whether the answer may be a tunnel. */
void exchange_tunnel_begin(struct exchange *exchange);

/* There is a server: CONNECT is answered, and the exchange is over. */
void exchange_tunnel_connect(struct exchange *exchange);

/* The server has answered 101, in `used` bytes of its input. */
void exchange_tunnel_switch(
    struct exchange *exchange, struct http_response *response, int used);

/* ---- exchange_up.c ---- */

/* Where it goes; to a second server what the first one has had and did not look
 * at.  False: there is no memory. */
bool exchange_up_aim(struct exchange *exchange);

/* Sends what can be sent. */
void exchange_up_run(struct exchange *exchange);

/* All of it is with the server, which in frames is told so. */
void exchange_up_end(struct exchange *exchange);

/* ---- exchange_answer.c: each ends the exchange ---- */

void exchange_answer_page(
    struct exchange *exchange, unsigned status, const char *sentence);
void exchange_answer_failure(
    struct exchange *exchange, enum proxy_failure failure);

/* As the errand's answer says. */
void exchange_answer_refusal(struct exchange *exchange);

/* RFC 9110, 7.6.2: the count of hops ends here. */
void exchange_answer_options(struct exchange *exchange);

/* ---- exchange_pac.c ---- */

/* Answers what is asked of the proxy itself, if it is that; false: it is not.
 * It was the last word on the exchange. */
bool exchange_tell_pac(struct exchange *exchange);

/* ---- exchange_who.c ---- */

/* Looks at the credentials, if there are any; then exchange_go_on. */
void exchange_ask_who(struct exchange *exchange);

/* ---- exchange_serve.c ---- */

/* Answers with it; the policy and its limits have been asked. */
void exchange_serve(struct exchange *exchange, struct cache_object *object,
    const struct cache_status *status, uint32_t age, bool cookies);

/* What is not kept goes through the same pipe, if it is to be recoded.  False:
 * it is not, and nothing has happened. */
bool exchange_serve_passing(struct exchange *exchange,
    const struct http_response *response, int used,
    const struct cache_status *status);

/* There is room for more of what is served. */
void exchange_serve_run(struct exchange *exchange);

/* The value of Cache-Status; empty: there is no cache. */
struct str exchange_serve_note(
    struct exchange *exchange, const struct cache_status *status);

/* ---- exchange_store.c ---- */

/* Its worker's; there may be none behind it. */
struct cache_user *exchange_cache(const struct exchange *exchange);

/* Whether the client may have it; if not, it has been told.  What the server
 * has answered just now, a 304 or an error, says nothing of its type. */
bool exchange_may_have(
    struct exchange *exchange, const struct cache_object *object);

/* What it is stored by, in the client's arena; empty: there is no memory. */
struct str exchange_store_key(struct exchange *exchange);

/* Before the errand begins: whether the cache has a part in it. */
void exchange_store_begin(struct exchange *exchange);

/* The errand's `instead`. */
bool exchange_store_answers(struct errand *errand);

/* The client's timer: true if it waited for somebody else's answer, and now
 * asks itself. */
bool exchange_store_is_impatient(struct exchange *exchange);

/* What is written to the server: the request, or one that validates what is
 * stored.  Lent from *copy, from the arena.  0 or a negative errno. */
int exchange_store_request(struct exchange *exchange, struct http_request *copy,
    const struct http_request **ret);

/* It is told, and its client goes on to something else. */
void exchange_store_end(struct exchange *exchange);

/* What it holds of the cache is given back. */
void exchange_store_fini(struct exchange *exchange);

/* ---- exchange_store_take.c ---- */

/* The client is given what is stored, not this answer: that is what the policy
 * judges then. */
bool exchange_store_gives_stored(
    const struct exchange *exchange, const struct http_response *response);

/*
 * The final answer's head has come, in `used` bytes of the server's input, and
 * the policy lets it pass or need not.  True: the cache takes all of it, and
 * answers.
 */
bool exchange_store_take(
    struct exchange *exchange, struct http_response *response, int used);

/* No answer comes: true if a stored one has been given instead. */
bool exchange_store_rescue(
    struct exchange *exchange, enum proxy_failure failure);

/* The Cache-Status of an answer that is passed on. */
int exchange_store_note(
    struct exchange *exchange, struct http_response *response);

#endif
