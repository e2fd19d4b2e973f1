/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/ca: the CA that signs what clients are shown where TLS is opened.
 */
#include "cli/ca_file.h"
#include "cli/command.h"
#include "net/authority.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY ((int64_t)86400 * CLOCK_SECOND)

/* Ten years: what clients have been given once is not asked for soon again. */
#define TIME_USUAL (3652 * DAY)
#define DAYS_MAX   36525 /* 100 years */

/* What stands behind the file. */
struct wish {
	struct authority_wish make;
	const char *name;
	struct str limits[64];
};

#define LIMITS_MAX (sizeof((struct wish *)0)->limits / sizeof(struct str))

/* "90d", "10y" */
static bool
read_time(const char *word, int64_t *ret)
{
	struct str number = str_of(word);
	uint64_t count;
	char unit = number.len > 0 ? number.at[number.len - 1] : '\0';

	number.len -= number.len > 0;
	if ((unit != 'd' && unit != 'y') ||
	    str_number(number, DAYS_MAX, &count) < 0 || count == 0 ||
	    (unit == 'y' && count > DAYS_MAX / 366)) {
		complain("'%s' is no time: it is 1d to 100y, like 90d", word);
		return false;
	}
	*ret = (int64_t)count * DAY;
	if (unit == 'y')
		*ret = (int64_t)count * 36525 / 100 * DAY;
	return true;
}

static bool
read_only(struct wish *wish, const char *word)
{
	struct str rest = str_of(word);

	while (rest.len > 0) {
		if (wish->make.only_count == LIMITS_MAX) {
			complain(
			    "it may sign for %zu things at most", LIMITS_MAX);
			return false;
		}
		wish->limits[wish->make.only_count++] = str_cut(&rest, ',');
	}
	wish->make.only = wish->limits;
	return true;
}

/* `for TIME`, `named NAME`, `only DOMAIN,...`, `rsa`, in any order. */
static bool
read_wish(const struct options *options, struct wish *ret)
{
	ret->make.time = TIME_USUAL;
	for (int i = 2; i < options->count; i++) {
		const char *word = options->words[i];
		const char *value =
		    i + 1 < options->count ? options->words[i + 1] : NULL;
		bool good = value != NULL;
		if (strcmp(word, "rsa") == 0) {
			ret->make.rsa = true;
			continue;
		}
		if (good && strcmp(word, "for") == 0)
			good = read_time(value, &ret->make.time);
		else if (good && strcmp(word, "named") == 0)
			ret->name = value;
		else if (good && strcmp(word, "only") == 0)
			good = read_only(ret, value);
		else
			complain("'%s' is not understood here", word);
		if (!good)
			return false;
		i++;
	}
	return true;
}

static enum status
failed(const char *path, int rc)
{
	if (rc == -EEXIST)
		complain("%s is there already, and stays as it is", path);
	else
		complain("cannot write %s: %s", path, strerror(-rc));
	return rc == -EEXIST ? STATUS_NO : STATUS_WORLD;
}

static void
tell(const char *path, const struct authority *authority)
{
	struct text out = TEXT_EMPTY;

	authority_describe(authority, &out);
	(void)printf("%s\n", path);
	print_text(&out);
	text_fini(&out);
}

/* Takes what was made, wiped from memory then. */
static enum status
put(const char *path, struct text *pem, bool replaces)
{
	int rc = ca_file_write(path, text_str(pem), replaces);

	explicit_bzero(pem->at, pem->len);
	text_fini(pem);
	if (rc < 0)
		return failed(path, rc);
	struct authority *authority = ca_file_read(path);
	if (authority == NULL)
		return STATUS_WORLD;
	tell(path, authority);
	authority_unref(authority);
	return STATUS_GOOD;
}

static enum status
create(const char *path, const struct options *options)
{
	struct wish wish = { .name = "Gatehouse CA" };
	struct text pem = TEXT_EMPTY;
	const char *why;

	if (!read_wish(options, &wish))
		return STATUS_USAGE;
	wish.make.name = str_of(wish.name);
	if (wish.make.name.len == 0 ||
	    wish.make.name.len > AUTHORITY_NAME_MAX) {
		complain("a CA's name has 1 to %d bytes", AUTHORITY_NAME_MAX);
		return STATUS_USAGE;
	}
	if (authority_make(&wish.make, &pem, &why) < 0) {
		complain("%s", why != NULL ? why : "there is no memory for it");
		return why != NULL ? STATUS_USAGE : STATUS_WORLD;
	}
	return put(path, &pem, false);
}

static enum status
show(const char *path, const struct options *options)
{
	struct authority *authority = ca_file_read(path);

	(void)options;
	if (authority == NULL)
		return STATUS_NO;
	tell(path, authority);
	(void)fputs(
	    "\n"
	    "Clients trust it once they have its certificate, 'gatehouse ca "
	    "export':\n"
	    "  Debian, Ubuntu  as /usr/local/share/ca-certificates/NAME.crt, "
	    "then\n"
	    "                  update-ca-certificates\n"
	    "  Fedora, RHEL    into /etc/pki/ca-trust/source/anchors, then\n"
	    "                  update-ca-trust\n"
	    "  Windows         certutil -addstore Root FILE, or by group "
	    "policy\n"
	    "  macOS           security add-trusted-cert -d -k\n"
	    "                  /Library/Keychains/System.keychain FILE\n"
	    "  Firefox         Settings, Certificates, Authorities, Import; or "
	    "the policy\n"
	    "                  ImportEnterpriseRoots\n"
	    "  Chromium        certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n "
	    "NAME -i FILE\n"
	    "  Python, Node    REQUESTS_CA_BUNDLE=FILE, "
	    "NODE_EXTRA_CA_CERTS=FILE\n",
	    stdout);
	const char *objection = authority_objection(authority, clock_wall());
	if (objection != NULL)
		complain("%s cannot sign: %s", path, objection);
	authority_unref(authority);
	return objection == NULL ? STATUS_GOOD : STATUS_NO;
}

static enum status
renew(const char *path, const struct options *options)
{
	struct authority *authority = ca_file_read(path);
	struct wish wish = { .name = NULL };
	struct text pem = TEXT_EMPTY;

	if (authority == NULL)
		return STATUS_NO;
	if (!read_wish(options, &wish) || wish.name != NULL || wish.make.rsa ||
	    wish.make.only_count > 0) {
		authority_unref(authority);
		complain("it keeps its name and its key: only 'for TIME' is "
			 "said of it");
		return STATUS_USAGE;
	}
	int rc = authority_renew(authority, wish.make.time, &pem);
	authority_unref(authority);
	return rc < 0 ? failed(path, rc) : put(path, &pem, true);
}

static enum status
export_to(const char *path, const struct text *out)
{
	FILE *file = path == NULL ? stdout : fopen(path, "wxe");

	if (file == NULL)
		return failed(path, -errno);
	bool good = fwrite(out->at, 1, out->len, file) == out->len;
	good = fflush(file) == 0 && good;
	if (path != NULL)
		good = fclose(file) == 0 && good;
	return good ? STATUS_GOOD : failed(path != NULL ? path : "it", -EIO);
}

static enum status export(const char *path, const struct options *options) {
	bool der = options->count == 3 && strcmp(options->words[2], "der") == 0;
	    struct text out = TEXT_EMPTY;

	    if (options->count > 2 && !der){
		    complain("it is written as PEM, or as 'der'");
		    return STATUS_USAGE;
}
struct authority *authority = ca_file_read(path);
if (authority == NULL)
	return STATUS_NO;
enum status status = authority_export(authority, der, &out) < 0
			 ? STATUS_WORLD
			 : export_to(options->output, &out);
authority_unref(authority);
text_fini(&out);
return status;
}

static const struct {
	const char *word;
	enum status (*run)(const char *path, const struct options *options);
} acts[] = {
	{ "create", create },
	{ "show", show },
	{ "renew", renew },
	{ "export", export },
};

static enum status
ca(const struct options *options)
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (strcmp(options->words[0], acts[i].word) == 0)
			return acts[i].run(options->words[1], options);
	complain("'%s' is not understood here: it is create, show, renew or "
		 "export",
	    options->words[0]);
	return STATUS_USAGE;
}

const struct command command_ca = {
	.name = "ca",
	.usage = "create|show|renew|export FILE [WORD ...] [-o FILE]",
	.summary = "make the CA that opens TLS, and give it to clients",
	.help =
	    "Where a rule says 'inspect', clients are shown certificates that "
	    "this\n"
	    "CA has signed. FILE holds its certificate and its key, readable "
	    "by its\n"
	    "owner alone; the policy names it: proxy { ca \"FILE\" }.\n"
	    "\n"
	    "  create [for TIME] [named NAME] [only DOMAIN,...] [rsa]\n"
	    "          makes it, where no FILE is yet: for 10y, by an ECDSA "
	    "key (P-256)\n"
	    "          unless 'rsa' stands there; 'only' lets it sign for "
	    "these domains\n"
	    "          and what is below them, addresses and prefixes, and "
	    "nothing else\n"
	    "  show    says what it is, and how clients come to trust it\n"
	    "  renew [for TIME]\n"
	    "          gives it another time; name and key stay, so that "
	    "clients which\n"
	    "          trust it go on until their copy expires\n"
	    "  export [der]\n"
	    "          writes the certificate alone, as PEM or as DER\n"
	    "\n"
	    "  gatehouse ca create ca.pem named 'Example Office' only "
	    "example.com\n"
	    "  gatehouse ca export ca.pem -o office.crt\n"
	    "  gatehouse ca renew ca.pem for 5y\n"
	    "\n"
	    "Status 1: a FILE that is there is not made again, or it is no CA "
	    "that can\n"
	    "sign. Status 3: it cannot be written.\n",
	.takes = OPTION_OUTPUT,
	.words_min = 2,
	.words_max = 9,
	.run = ca,
};
