/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/errand: one thing that a client wants of a server, from the question to
 * the policy to the line in the journal.
 *
 *	begin -> [asked] -> [resolved] -> [dialled] -> READY
 *	            |           |             |
 *	         REFUSED  REFUSED, FAILED   FAILED
 *
 * A refused name is refused without asking the DNS; a name that may pass is
 * resolved, and each of its addresses is a flow of its own.  What comes to be
 * dialled was admitted under the generation that is in force then.
 *
 * What goes by a parent is asked for by its name, and no DNS is asked, where
 * the policy's answer does not hang on the address; else by an address that was
 * admitted, lest the parent finds another one for the name.  It never goes any
 * other way.
 *
 * Life cycle: init -> begin, maybe again -> tell, once -> fini, which cancels
 * what is under way.  Texts in flow and account are the caller's and live as
 * long.  One thread, that of the worker.
 */
#ifndef GATEHOUSE_PROXY_ERRAND_H
#define GATEHOUSE_PROXY_ERRAND_H

#include "net/resolver.h"
#include "net/stream.h"
#include "proxy/admission.h"
#include "proxy/approach.h"
#include "proxy/dial.h"
#include "proxy/failure.h"
#include "proxy/pool.h"
#include "proxy/share.h"

struct worker;
struct errand;
struct errand_tls;
struct x509_st; /* X509 of OpenSSL */

enum errand_outcome {
	ERRAND_READY,   /* `server` is connected */
	ERRAND_REFUSED, /* `answer` says by what */
	ERRAND_LIMITED, /* allowed by `answer`, but beyond its limit, or it
			 * hangs on who asks; as `failure` says */
	ERRAND_FAILED,  /* `failure` says how */
};

typedef void (*errand_fn)(struct errand *errand, enum errand_outcome outcome);

/* The parent that it goes by, outliving its policy. */
struct errand_by {
	char name[POLICY_NAME_MAX];
	size_t name_len;                /* 0: by none */
	char server[HOSTNAME_MAX + 16]; /* "http 10.0.0.9:3128" */
	size_t server_len;
};

/* "the parent refuses it (NAME: DETAIL)" */
#define ERRAND_WORDS_BYTES (64 + POLICY_NAME_MAX + PASSAGE_DETAIL_BYTES)

struct errand {
	struct worker *worker;
	struct proxy_generation *generation; /* a reference */
	struct address_port client;
	struct address_port balancer; /* that speaks for it; NONE: nobody */
	uint64_t flow_id;
	int64_t started;
	/* The client's connection, as long as the errand is on its way, to show
	 * that it is handed over; -1: there is none. */
	int client_fd;

	/* The question; the owner fills it between init and begin. */
	struct flow flow;
	struct policy_user user; /* name.at == NULL: not known */
	/* Why he is not known: what a client is told if it hangs on him. */
	enum proxy_failure user_failure;
	struct address meant; /* that the client gave; family NONE: by name */
	bool named;           /* by it alone, though intercepted */
	bool may_reuse;       /* a kept connection will do */
	bool anew;            /* one that others have, of HTTP/2, will not */
	uint64_t owner;       /* but only one that is kept for this client
			       * (client_own); 0: it may be anybody's */
	/* The path in its other readings (http/path), which may be more than
	 * are looked at. */
	const struct str *readings;
	size_t reading_count;
	bool reads_too_many;
	/*
	 * What is wanted of a parent: bare bytes, or a request whose URL says
	 * where it goes, the port too, just as it was judged.  And the Via line
	 * of a CONNECT, if the client's own was one; at == NULL: ours alone.
	 */
	bool wants_tunnel;
	bool wants_datagrams; /* no connection: `datagrams` instead */
	bool says_url;
	/* Where it went the last time: to the addresses of its name, not to one
	 * that an intercepted client has dialled. */
	bool by_name;
	struct str via;
	errand_fn done;
	/*
	 * Asked once the policy lets it pass, before anything is dialled: true
	 * if it is answered without a server, and then nothing more is done
	 * (errand_settle, or errand_begin again).  NULL: no such way.
	 */
	bool (*instead)(struct errand *errand);

	/* The answer to the question as it stood then: most often nothing of
	 * it has changed when it is put again. */
	struct {
		const struct proxy_generation *generation; /* NULL: none yet */
		bool destination_known;
		struct address destination;
		struct policy_answer answer;
	} asked;

	/* What became of it.  READY with an answer that is UNDECIDED hangs on
	 * the type of what the server sends: errand_see_type. */
	struct policy_answer answer; /* rule and reason are the generation's */
	struct share share;          /* of its rule */
	struct stream *server;       /* the owner takes it */
	struct slot *slot;           /* that the connection holds; NULL: none */
	struct address from; /* that it was made from, if that was said */
	int datagrams;       /* a socket for the server; the owner's */
	struct address_port server_at;
	enum proxy_failure failure;
	bool reused; /* the connection was kept from another request */
	bool to_url; /* it is a parent that is to be asked for the whole URL */
	const struct policy_parent *parent; /* the generation's; NULL: none */
	struct errand_by by;
	char words[ERRAND_WORDS_BYTES]; /* of the failure; "": the usual ones */

	/* For the journal; the owner fills it before tell. */
	struct {
		struct str method, url;
		const char *http;        /* of the client; NULL: not his */
		const char *http_server; /* of the server; NULL: not asked */
		uint16_t status;
		uint64_t bytes_in, bytes_out;
		uint64_t saved; /* bytes not fetched, or not sent */
		bool hit;       /* the cache has answered */
		bool told;
	} account;

	int64_t resolving; /* since when */
	struct resolver_query query;
	struct dial dial;
	struct address_port addresses[RESOLVER_ADDRESSES_MAX];
	size_t address_count;
	size_t tried;       /* addresses that an earlier dial has tried */
	int dial_error;     /* of that dial; 0: it goes on, or there was none */
	size_t asked_count; /* of a parent */
	struct address_port full;   /* had no slot to give; port 0: none */
	struct slot_ticket *ticket; /* NULL: it does not wait for one */
	struct loop_timer patience; /* with the ticket */
	struct approach *approach;  /* its own; NULL: it went by no parent */
	struct errand_tls *tls;     /* NULL: TLS is no affair of its */
	bool secured;               /* `server` speaks TLS */
};

/* For a client's connection; the source's zone is known after it. */
void errand_init(struct errand *errand, struct worker *worker,
    enum flow_way way, struct address_port client, uint64_t flow_id);

/* Who asks, lent as texts are; before begin. */
void errand_set_user(struct errand *errand, const struct policy_user *user);

/*
 * TLS is spoken with the server, which must prove to be this host (a name, or
 * an address as address_format has it); of a flow that is not bare, only where
 * the policy has it opened.  Before begin.  0 or -ENOMEM.
 */
int errand_want_tls(struct errand *errand, struct str host);

/* What the server has shown, lent; NULL: nothing, for it was kept. */
const struct x509_st *errand_certificate(const struct errand *errand);

/*
 * Asks, resolves, dials.  done is called once; perhaps within this call, which
 * therefore is the last thing that the caller does.  Called again it begins
 * anew, without the kept connections.
 */
void errand_begin(struct errand *errand);

/*
 * It is answered without a server, with what the same question was answered
 * with before: as if the first address that was admitted had been dialled.
 * READY, REFUSED or LIMITED.
 */
enum errand_outcome errand_settle(struct errand *errand);

/*
 * Whether it goes to the addresses of its name, as we find them; else to the
 * one that the client gave.
 */
bool errand_goes_by_name(const struct errand *errand);

/*
 * The server's answer has this media type (at == NULL: it says none).  READY,
 * or REFUSED or LIMITED, and then its content is not passed on.
 */
enum errand_outcome errand_see_type(struct errand *errand, struct str type);

/* It says a type that is not the same to all who see it. */
enum errand_outcome errand_see_no_type(struct errand *errand);

/*
 * Whether the policy refuses it with what is known now, which `answer` then
 * says: for what is answered without a server.
 */
bool errand_is_refused(struct errand *errand);

/* The words of its failure, which may name the parent; lent. */
const char *errand_failure_words(const struct errand *errand);

/*
 * Why the server, which is a stream of HTTP/2, has failed with `error`: sets
 * the words for when `failure` is told.
 */
void errand_blame_stream(
    struct errand *errand, enum proxy_failure failure, int error);

/* The parent itself refuses: sets failure and words. */
void errand_blame_parent(
    struct errand *errand, enum proxy_failure failure, const char *detail);

/* Where its connection is kept; lent. */
struct pool_key errand_place(const struct errand *errand);

/* For who reads its answer without it: its server and the slot of that, and how
 * they are kept; *kept is taken. */
struct pool_kept errand_give_server(struct errand *errand);
void errand_keep_server(
    struct worker *worker, struct pool_key key, struct pool_kept *kept);

/* The server takes another request: it is kept. */
void errand_keep(struct errand *errand);

/* Writes the event, if the policy or a failure asks for one. */
void errand_tell(struct errand *errand);

/*
 * Whether the flow would be allowed under another generation as it stands:
 * with the address that it was connected to.  One that is still on its way
 * stands, for it is judged when it arrives.
 */
bool errand_stands(
    const struct errand *errand, const struct proxy_generation *generation);

/*
 * Lets the worker's generation take the place of its own: a long tunnel must
 * not keep an old policy and its listeners alive.
 */
void errand_move(struct errand *errand);

/* NULL is fine. */
void errand_fini(struct errand *errand);

#endif
