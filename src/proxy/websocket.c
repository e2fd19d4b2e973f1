/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/websocket.h"

#include "base/text.h"

#include <assert.h>
#include <openssl/evp.h>

#define SHA1_BYTES 20

static_assert(
    (SHA1_BYTES + 2) / 3 * 4 == WEBSOCKET_PROOF_LEN, "it would not fit");

static bool
digest(struct str bytes, unsigned char ret[static SHA1_BYTES])
{
	size_t len = SHA1_BYTES;

	return EVP_Q_digest(
		   NULL, "SHA1", NULL, bytes.at, bytes.len, ret, &len) == 1;
}

bool
websocket_is_asked(const struct http_request *request)
{
	return request->method == HTTP_METHOD_GET &&
	       !http_request_has_content(request) &&
	       str_eq_nocase(request->upgrade, WEBSOCKET);
}

/* RFC 6455, 4.2.2 (5.4).  Without memory none is good. */
struct websocket_proof
websocket_proof_of(const struct http_request *request)
{
	const struct http_field *key =
	    http_fields_find(&request->fields, STR("sec-websocket-key"));
	struct websocket_proof proof = { "?" };
	unsigned char bytes[SHA1_BYTES];
	struct text joined = TEXT_EMPTY;

	if (key != NULL)
		text_add(&joined, key->value);
	text_add(&joined, STR("258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
	if (!joined.full && digest(text_str(&joined), bytes))
		(void)EVP_EncodeBlock(
		    (unsigned char *)proof.text, bytes, SHA1_BYTES);
	text_fini(&joined);
	return proof;
}

bool
websocket_is_proved(
    const struct websocket_proof *proof, const struct http_response *response)
{
	const struct http_field *said =
	    http_fields_find(&response->fields, STR("sec-websocket-accept"));

	if (proof->text[0] == '\0')
		return true;
	return said != NULL && str_is(said->value, proof->text);
}
