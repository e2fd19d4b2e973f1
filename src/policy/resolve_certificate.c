/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_certificate: listeners that speak TLS.
 */
#include "policy/manual.h"
#include "policy/resolve.h"

static const char pem_certificate[] = "-----BEGIN CERTIFICATE-----";
static const char pem_key[] = "PRIVATE KEY-----";

/* Its text in the arena, which is the policy's; false: reported. */
static bool
read_pem(struct resolver *resolver, const struct syntax_word *file,
    const char *what, const char *words, struct str *ret_path, struct str *ret)
{
	struct text text = TEXT_EMPTY;
	int rc = resolve_file(resolver, file, what,
	    POLICY_CERTIFICATE_BYTES_MAX, ret_path, &text);
	bool good = rc == 0 && str_holds(text_str(&text), words);

	if (rc == 0 && !good) {
		report_error(resolver->report, file->place,
		    "there is no %s in %.*s",
		    words == pem_key ? "key" : "certificate",
		    STR_ARG(*ret_path));
		report_hint(resolver->report, "it is written as PEM: %s",
		    words == pem_key ? "-----BEGIN PRIVATE KEY-----"
				     : pem_certificate);
	}
	/* What is in a key is nobody else's. */
	if (good && str_holds(text_str(&text), pem_key))
		resolver->arena->secret = true;
	if (good)
		*ret = arena_str(resolver->arena, text_str(&text));
	if (text.at != NULL)
		explicit_bzero(text.at, text.len);
	text_fini(&text);
	return good;
}

/* Who reads the key can be this proxy for all. */
static bool
is_kept_secret(
    struct resolver *resolver, const struct syntax_word *file, struct str path)
{
	const struct policy_loader *loader = resolver->loader;

	if (path.at == NULL || loader->is_open == NULL ||
	    !loader->is_open(loader->context, path.at))
		return true;
	report_error(resolver->report, file->place,
	    "others than its owner can read the key in %.*s", STR_ARG(path));
	report_hint(resolver->report, "chmod 600 takes it away from them");
	return false;
}

static bool
resolve_certificate(struct resolver *resolver,
    const struct syntax_certificate *syntax, struct policy_certificate *ret)
{
	const struct syntax_word *key =
	    syntax->key.text.at != NULL ? &syntax->key : &syntax->file;

	ret->place = syntax->file.place;
	ret->key_place = key->place;
	return read_pem(resolver, &syntax->file, "the file of a 'certificate'",
		   pem_certificate, &ret->file, &ret->pem) &&
	       read_pem(resolver, key, "the file of a 'key'", pem_key,
		   &ret->key_file, &ret->key) &&
	       is_kept_secret(resolver, key, ret->key_file);
}

static bool
resolve_all(struct resolver *resolver, const struct syntax_listen *syntax,
    struct policy_listen *listen)
{
	size_t count = syntax_count(syntax->certificates);
	struct policy_certificate *all;
	bool good = true;

	if (count > POLICY_CERTIFICATES_MAX) {
		report_error(resolver->report, syntax->tls.place,
		    "a listener has at most %d certificates",
		    POLICY_CERTIFICATES_MAX);
		report_see(resolver->report, MANUAL_LIMITS);
		return false;
	}
	all = arena_array(resolver->arena, count, sizeof(*all));
	if (all == NULL)
		return false;
	listen->certificates = all;
	for (const struct syntax_certificate *one = syntax->certificates;
	     one != NULL; one = one->next)
		good &= resolve_certificate(
		    resolver, one, &all[listen->certificate_count++]);
	return good;
}

static bool
resolve_clients(struct resolver *resolver, const struct syntax_listen *syntax,
    struct policy_clients *clients)
{
	if (syntax->clients.text.at == NULL)
		return true;
	clients->place = syntax->clients.place;
	clients->optional = syntax->optional.text.at != NULL;
	return read_pem(resolver, &syntax->clients, "the file of 'clients'",
	    pem_certificate, &clients->file, &clients->pem);
}

static bool
refuse_without_tls(
    struct resolver *resolver, const struct syntax_listen *syntax)
{
	const struct syntax_word *first = syntax->certificates != NULL
					      ? &syntax->certificates->file
					      : &syntax->clients;

	if (first->text.at == NULL)
		return true;
	report_error(resolver->report, first->place,
	    "only a listener that speaks TLS has certificates");
	report_hint(resolver->report, "write: listen tls %.*s ...",
	    STR_ARG(syntax->address.text));
	return false;
}

bool
resolve_secure(struct resolver *resolver, const struct syntax_listen *syntax,
    struct policy_listen *listen)
{
	listen->secure = syntax->tls.text.at != NULL;
	if (!listen->secure)
		return refuse_without_tls(resolver, syntax);
	const char *before = report_topic(resolver->report, MANUAL_SECURE);
	bool good = syntax->certificates != NULL;
	if (!good) {
		report_error(resolver->report, syntax->tls.place,
		    "a listener that speaks TLS has a certificate");
		report_hint(resolver->report,
		    "name its file: certificate \"proxy.pem\" key "
		    "\"proxy.key\"");
	} else {
		good = resolve_all(resolver, syntax, listen);
	}
	good &= resolve_clients(resolver, syntax, &listen->clients);
	(void)report_topic(resolver->report, before);
	return good;
}
