/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/tls_verify: what is wrong with the certificate of a peer.
 *
 * OpenSSL looks for all that may be, one after the other, and asks of each
 * whether it goes on.  It does if that is tolerated; nothing else is for that.
 */
#include "net/tls_impl.h"

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

/* ---- verdicts ---- */

static const struct {
	int error;
	enum tls_verdict verdict;
} rows[] = {
	{ X509_V_ERR_CERT_HAS_EXPIRED, TLS_VERDICT_EXPIRED },
	{ X509_V_ERR_CERT_NOT_YET_VALID, TLS_VERDICT_EARLY },
	{ X509_V_ERR_HOSTNAME_MISMATCH, TLS_VERDICT_NAME },
	{ X509_V_ERR_IP_ADDRESS_MISMATCH, TLS_VERDICT_NAME },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, TLS_VERDICT_SELF },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, TLS_VERDICT_UNKNOWN },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, TLS_VERDICT_UNKNOWN },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, TLS_VERDICT_UNKNOWN },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, TLS_VERDICT_UNKNOWN },
	{ X509_V_ERR_CERT_UNTRUSTED, TLS_VERDICT_UNKNOWN },
	{ X509_V_ERR_CERT_REVOKED, TLS_VERDICT_REVOKED },
	{ X509_V_ERR_EE_KEY_TOO_SMALL, TLS_VERDICT_WEAK },
	{ X509_V_ERR_CA_KEY_TOO_SMALL, TLS_VERDICT_WEAK },
	{ X509_V_ERR_CA_MD_TOO_WEAK, TLS_VERDICT_WEAK },
};

/* RFC 5280, 4.2.2.1 */
static bool
says_where_issuer_lies(X509 *one)
{
	AUTHORITY_INFO_ACCESS *all =
	    X509_get_ext_d2i(one, NID_info_access, NULL, NULL);
	bool found = false;

	for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(all); i++)
		found |=
		    OBJ_obj2nid(sk_ACCESS_DESCRIPTION_value(all, i)->method) ==
		    NID_ad_ca_issuers;
	AUTHORITY_INFO_ACCESS_free(all);
	return found;
}

static enum tls_verdict
verdict_of(X509_STORE_CTX *context)
{
	enum tls_verdict verdict = TLS_VERDICT_OTHER;
	STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(context);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].error == X509_STORE_CTX_get_error(context))
			verdict = rows[i].verdict;
	if (verdict == TLS_VERDICT_UNKNOWN && sk_X509_num(sent) == 1 &&
	    says_where_issuer_lies(sk_X509_value(sent, 0)))
		return TLS_VERDICT_INCOMPLETE;
	return verdict;
}

/* Whether it is tolerated. */
static bool
note(struct tls *tls, enum tls_verdict verdict)
{
	if (tls->wrong == 0)
		tls->verdict = verdict;
	tls->wrong |= TLS_VERDICT_BIT(verdict);
	return (tls->tolerated & TLS_VERDICT_BIT(verdict)) != 0;
}

/* Of one that is not accepted OpenSSL keeps nothing. */
static int
on_verified(int is_good, X509_STORE_CTX *context)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(
	    context, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls *tls = SSL_get_app_data(ssl);
	STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(context);

	if (is_good)
		return 1;
	if (tls->chain == NULL && sent != NULL)
		tls->chain = X509_chain_up_ref(sent);
	return note(tls, verdict_of(context));
}

/* ---- what the server brings from its authority ---- */

/* Whether it is about this one. */
static bool
is_about(const OCSP_SINGLERESP *single, X509 *one, X509 *issuer)
{
	const OCSP_CERTID *named = OCSP_SINGLERESP_get0_id(single);
	ASN1_OBJECT *digest = NULL;
	OCSP_CERTID *id;

	if (OCSP_id_get0_info(NULL, &digest, NULL, NULL,
		(OCSP_CERTID *)(uintptr_t)named) != 1)
		return false;
	id = OCSP_cert_to_id(EVP_get_digestbyobj(digest), one, issuer);
	bool same = id != NULL && OCSP_id_cmp(id, named) == 0;
	OCSP_CERTID_free(id);
	return same;
}

static bool
says_revoked(OCSP_BASICRESP *basic, X509 *one, X509 *issuer)
{
	for (int i = 0; i < OCSP_resp_count(basic); i++) {
		OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
		if (is_about(single, one, issuer) &&
		    OCSP_single_get0_status(single, NULL, NULL, NULL, NULL) ==
			V_OCSP_CERTSTATUS_REVOKED)
			return true;
	}
	return false;
}

/*
 * A certificate is not given back: that it was revoked is true however old the
 * answer is, if only its authority has signed it.
 */
static bool
is_revoked(SSL *ssl, OCSP_RESPONSE *response)
{
	STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
	X509_STORE *store = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
	OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
	bool revoked = false;

	if (basic != NULL && sk_X509_num(chain) > 1 &&
	    OCSP_basic_verify(basic, chain, store, 0) == 1)
		revoked = says_revoked(
		    basic, sk_X509_value(chain, 0), sk_X509_value(chain, 1));
	OCSP_BASICRESP_free(basic);
	return revoked;
}

/*
 * One that is good, or none, or nonsense: what the certificate says stands.  An
 * error left behind would be taken for the connection's.
 */
static int
on_status(SSL *ssl, void *context)
{
	struct tls *tls = SSL_get_app_data(ssl);
	const unsigned char *at;
	long len = SSL_get_tlsext_status_ocsp_resp(ssl, &at);
	OCSP_RESPONSE *response;

	(void)context;
	if (len <= 0)
		return 1;
	(void)ERR_set_mark();
	response = d2i_OCSP_RESPONSE(NULL, &at, len);
	bool revoked = response != NULL && is_revoked(ssl, response);
	OCSP_RESPONSE_free(response);
	(void)ERR_pop_to_mark();
	return revoked ? note(tls, TLS_VERDICT_REVOKED) : 1;
}

void
tls_verify_servers(SSL_CTX *context)
{
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, on_verified);
	(void)SSL_CTX_set_tlsext_status_type(context, TLSEXT_STATUSTYPE_ocsp);
	(void)SSL_CTX_set_tlsext_status_cb(context, on_status);
}

/* ---- clients ---- */

void
tls_verify_client(SSL *ssl, bool always)
{
	SSL_set_verify(ssl,
	    always ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
		   : SSL_VERIFY_PEER,
	    on_verified);
}
