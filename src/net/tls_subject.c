/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/tls_subject.h"

#include "base/utf8.h"

#include <openssl/x509v3.h>

static bool
is_shown_whole(struct str s)
{
	while (s.len > 0) {
		size_t len = utf8_length(s);
		if (len == 0 || !utf8_is_shown(s))
			return false;
		s = str_skip(s, len);
	}
	return true;
}

static void
copy(const ASN1_STRING *from, char to[static TLS_SUBJECT_BYTES])
{
	unsigned char *text = NULL;
	int len = ASN1_STRING_to_UTF8(&text, from);

	if (len > 0 && len < TLS_SUBJECT_BYTES &&
	    is_shown_whole((struct str){ (const char *)text, (size_t)len })) {
		memcpy(to, text, (size_t)len);
		to[len] = '\0';
	}
	OPENSSL_free(text);
}

static void
read_common_name(const X509 *certificate, struct tls_subject *subject)
{
	const X509_NAME *name = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);

	if (at >= 0)
		copy(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)),
		    subject->common_name);
}

static void
read_alternative(const GENERAL_NAME *name, struct tls_subject *subject)
{
	if (name->type == GEN_EMAIL && subject->email[0] == '\0')
		copy(name->d.rfc822Name, subject->email);
	else if (name->type == GEN_DNS && subject->host[0] == '\0')
		copy(name->d.dNSName, subject->host);
}

void
tls_subject_read(const X509 *certificate, struct tls_subject *ret)
{
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

	*ret = (struct tls_subject){ .common_name = "" };
	read_common_name(certificate, ret);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		read_alternative(sk_GENERAL_NAME_value(names, i), ret);
	GENERAL_NAMES_free(names);
}
