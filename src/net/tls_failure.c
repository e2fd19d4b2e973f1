/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/tls_failure.h"

#include "net/tls_impl.h"

#include <openssl/err.h>

static const struct {
	const char *name, *text;
} rows[] = {
#define ROW(name, word, text) { #word, text },
	TLS_FAILURES(ROW)
#undef ROW
};

const char *
tls_failure_name(enum tls_failure failure)
{
	return rows[failure].name;
}

const char *
tls_failure_text(enum tls_failure failure)
{
	return rows[failure].text;
}

/* What OpenSSL says, in our words; what is not here is against the rules. */
static const struct {
	int reason;
	enum tls_failure failure;
} reasons[] = {
	{ SSL_R_UNEXPECTED_EOF_WHILE_READING, TLS_FAILURE_CLOSED },
	{ SSL_R_HTTP_REQUEST, TLS_FAILURE_NOT_TLS },
	{ SSL_R_HTTPS_PROXY_REQUEST, TLS_FAILURE_NOT_TLS },
	{ SSL_R_WRONG_VERSION_NUMBER, TLS_FAILURE_NOT_TLS },
	{ SSL_R_PACKET_LENGTH_TOO_LONG, TLS_FAILURE_NOT_TLS },
	{ SSL_R_UNSUPPORTED_PROTOCOL, TLS_FAILURE_VERSION },
	{ SSL_R_VERSION_TOO_LOW, TLS_FAILURE_VERSION },
	{ SSL_R_UNKNOWN_PROTOCOL, TLS_FAILURE_VERSION },
	{ SSL_R_NO_SHARED_CIPHER, TLS_FAILURE_SUITE },
	{ SSL_R_NO_SUITABLE_KEY_SHARE, TLS_FAILURE_SUITE },
	{ SSL_R_NO_SHARED_GROUPS, TLS_FAILURE_SUITE },
	{ SSL_R_NO_SUITABLE_GROUPS, TLS_FAILURE_SUITE },
	{ SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, TLS_FAILURE_SUITE },
	{ SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, TLS_FAILURE_SUITE },
	{ SSL_R_CERTIFICATE_VERIFY_FAILED, TLS_FAILURE_CERTIFICATE },
	{ SSL_R_INVALID_STATUS_RESPONSE, TLS_FAILURE_CERTIFICATE },
	{ SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, TLS_FAILURE_NO_CERTIFICATE },
	{ SSL_R_CALLBACK_FAILED, TLS_FAILURE_REFUSED },
	{ ERR_R_MALLOC_FAILURE, TLS_FAILURE_MEMORY },
};

enum tls_failure
tls_failure_read(uint8_t *ret_alert)
{
	int reason = ERR_GET_REASON(ERR_peek_error());

	if (reason > SSL_AD_REASON_OFFSET &&
	    reason <= SSL_AD_REASON_OFFSET + UINT8_MAX) {
		*ret_alert = (uint8_t)(reason - SSL_AD_REASON_OFFSET);
		return TLS_FAILURE_ALERT;
	}
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].reason == reason)
			return reasons[i].failure;
	return TLS_FAILURE_PROTOCOL;
}
