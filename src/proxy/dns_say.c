/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/dns_say: what a client of the DNS is told.
 */
#include "proxy/dns_impl.h"

#include "dns/reply.h"
#include "event/counter.h"
#include "proxy/dns_datagrams.h"
#include "proxy/dns_stream.h"
#include "proxy/dns_tell.h"

static void
send_reply(const struct dns_matter *matter, const struct dns_reply *reply)
{
	static _Thread_local char bytes[DNS_MESSAGE_MAX];
	const struct dns_client *client = &matter->client;
	size_t room = client->stream != NULL ? sizeof(bytes)
					     : dns_reply_room(&matter->query);
	size_t len = dns_reply_write(reply, clock_now(), room, bytes);
	struct str message = { bytes, len };

	if (client->stream != NULL)
		dns_stream_send(client->stream, message);
	else
		dns_datagrams_send(client, message);
}

void
dns_say(const struct dns_matter *matter, enum dns_rcode rcode,
    enum dns_extended extended, const char *words)
{
	const struct dns_reply reply = {
		.query = &matter->query,
		.rcode = rcode,
		.extended = extended,
		.words = words,
	};

	send_reply(matter, &reply);
}

/* `drop` is no answer, and NXDOMAIN is what no client asks again for. */
void
dns_say_refused(const struct dns_matter *matter, const struct dns_judge *judge,
    const struct proxy_generation *generation,
    const struct policy_prospect *prospect)
{
	char words[DNS_TELL_WORDS_BYTES];

	counter_add(COUNTER_DNS_REFUSED, 1);
	dns_tell(matter->front->worker, &matter->client, judge, generation,
	    prospect, NULL);
	if (prospect->verdict == POLICY_VERDICT_REJECT)
		dns_say(matter, DNS_RCODE_NO_NAME, DNS_EXTENDED_BLOCKED,
		    dns_tell_words(prospect->rule, words));
}

void
dns_say_inside(const struct dns_matter *matter, const struct dns_judge *judge,
    const struct proxy_generation *generation)
{
	static const struct policy_prospect none = {
		.verdict = POLICY_VERDICT_REJECT
	};

	counter_add(COUNTER_DNS_GUARDED, 1);
	dns_tell(matter->front->worker, &matter->client, judge, generation,
	    &none, policy_reason_sentence(POLICY_REASON_INSIDE));
	dns_say(matter, DNS_RCODE_NO_NAME, DNS_EXTENDED_BLOCKED,
	    "the answer leads inside");
}

void
dns_say_answer(const struct dns_matter *matter)
{
	const struct dns_reply reply = {
		.query = &matter->query,
		.answer = matter->answer,
		.stale = matter->stale,
		.extended = !matter->stale ? DNS_EXTENDED_NONE
			    : matter->answer->rcode == DNS_RCODE_NO_NAME
				? DNS_EXTENDED_STALE_NO_NAME
				: DNS_EXTENDED_STALE,
	};

	if (matter->stale)
		counter_add(COUNTER_DNS_STALE, 1);
	send_reply(matter, &reply);
}
