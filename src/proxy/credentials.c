/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/credentials.h"

#include <errno.h>

#define SOCKS_VERSION 1

/* "NAME:PASSWORD", as long as both may be. */
#define PAIR_BYTES_MAX ((size_t)2 * CREDENTIALS_TEXT_MAX + 1)

void
credentials_wipe(struct credentials *credentials)
{
	explicit_bzero(credentials, sizeof(*credentials));
}

/*
 * A NUL would end the password for crypt(3), so that its head alone would
 * count.
 */
static int
put(struct str name, struct str password, struct credentials *ret)
{
	if (name.len > CREDENTIALS_TEXT_MAX ||
	    password.len > CREDENTIALS_TEXT_MAX ||
	    str_find(password, '\0') < password.len)
		return -EBADMSG;
	memset(ret, 0, sizeof(*ret));
	if (name.len > 0)
		memcpy(ret->name, name.at, name.len);
	if (password.len > 0)
		memcpy(ret->password, password.at, password.len);
	ret->name_len = name.len;
	ret->password_len = password.len;
	return 0;
}

/* ---- Basic ---- */

/* RFC 4648, 4; -1: none of the alphabet. */
static int
value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (ascii_is_digit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Whole groups of four, the last of which may be padded; -EBADMSG. */
static int
decode_group(const char *four, bool last, char *three)
{
	unsigned bits = 0;
	int pads = 0;

	if (last && four[3] == '=')
		pads = four[2] == '=' ? 2 : 1;
	for (int i = 0; i < 4; i++) {
		int value = i < 4 - pads ? value_of(four[i]) : 0;
		if (value < 0)
			return -EBADMSG;
		bits = bits << 6 | (unsigned)value;
	}
	for (int i = 0; i < 3; i++)
		three[i] = (char)(bits >> (16 - 8 * i) & 0xff);
	/* Bits that stand for nothing would make two spellings of one. */
	return (bits & ((1u << 8 * pads) - 1)) != 0 ? -EBADMSG : 3 - pads;
}

static int
decode(struct str text, char *to, size_t *ret_len)
{
	*ret_len = 0;
	if (text.len % 4 != 0 || text.len / 4 > (PAIR_BYTES_MAX + 2) / 3)
		return -EBADMSG;
	for (size_t i = 0; i < text.len; i += 4) {
		int len =
		    decode_group(text.at + i, i + 4 == text.len, to + *ret_len);
		if (len < 0)
			return len;
		*ret_len += (size_t)len;
	}
	return 0;
}

int
credentials_parse_basic(struct str value, struct credentials *ret)
{
	char pair[PAIR_BYTES_MAX + 3];
	struct str scheme = { value.at, str_find(value, ' ') };
	size_t len;

	if (!str_eq_nocase(scheme, STR("Basic")))
		return -ENOTSUP;
	int rc = decode(str_trim(str_skip(value, scheme.len)), pair, &len);
	struct str password = { pair, len };
	struct str name = str_cut(&password, ':');
	/* RFC 7617, 2: without a colon there is none, not an empty one. */
	if (rc == 0)
		rc = name.len == len ? -EBADMSG : put(name, password, ret);
	explicit_bzero(pair, sizeof(pair));
	return rc;
}

/* ---- SOCKS ---- */

int
credentials_parse_socks(struct str bytes, struct credentials *ret)
{
	if (bytes.len > 0 && bytes.at[0] != SOCKS_VERSION)
		return -EBADMSG;
	if (bytes.len < 2)
		return -EAGAIN;
	size_t name = (uint8_t)bytes.at[1];
	if (bytes.len < 2 + name + 1)
		return -EAGAIN;
	size_t password = (uint8_t)bytes.at[2 + name];
	size_t used = 2 + name + 1 + password;
	if (bytes.len < used)
		return -EAGAIN;
	int rc = put((struct str){ bytes.at + 2, name },
	    (struct str){ bytes.at + 3 + name, password }, ret);
	return rc < 0 ? rc : (int)used;
}

void
credentials_wipe_password(struct credentials *credentials)
{
	explicit_bzero(credentials->password, sizeof(credentials->password));
}
