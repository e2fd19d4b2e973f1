/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/pam_check.h"

#include <security/pam_appl.h>
#include <stdlib.h>

/* PAM frees what it is given; NULL: no memory, or nothing to say. */
static char *
reply_to(int style, const struct pam_question *question)
{
	return style == PAM_PROMPT_ECHO_OFF ? strdup(question->password) : NULL;
}

/*
 * Only what is asked for without being shown is the password.  A module that
 * wants a second secret gets the same, and will not like it.
 */
static int
converse(int count, const struct pam_message **messages,
    struct pam_response **ret, void *context)
{
	if (count <= 0 || count > PAM_MAX_NUM_MSG)
		return PAM_CONV_ERR;
	struct pam_response *replies = calloc((size_t)count, sizeof(*replies));

	if (replies == NULL)
		return PAM_BUF_ERR;
	for (int i = 0; i < count; i++)
		replies[i].resp = reply_to(messages[i]->msg_style, context);
	*ret = replies;
	return PAM_SUCCESS;
}

/* A wrong password is answered for by who counts them (proxy/who), not by
 * having a process wait. */
static void
no_delay(int status, unsigned micros, void *context)
{
	(void)status;
	(void)micros;
	(void)context;
}

static int
introduce(pam_handle_t *pam, const struct pam_question *question)
{
	char from[ADDRESS_TEXT_BYTES];
	void (*delay)(int, unsigned, void *) = no_delay;
	const void *item;
	int rc =
	    pam_set_item(pam, PAM_RHOST, address_format(question->from, from));

	memcpy(&item, &delay, sizeof(item));
	return rc == PAM_SUCCESS ? pam_set_item(pam, PAM_FAIL_DELAY, item) : rc;
}

/* A module may find that it was somebody else who came in. */
static int
is_same_user(pam_handle_t *pam, const struct pam_question *question)
{
	const void *name = NULL;
	int rc = pam_get_item(pam, PAM_USER, &name);

	if (rc != PAM_SUCCESS)
		return rc;
	return name != NULL && strcmp(name, question->name) == 0
		   ? PAM_SUCCESS
		   : PAM_USER_UNKNOWN;
}

/* What says something about the user; anything else says that nobody knows. */
static enum pam_answer
answer_of(int rc)
{
	switch (rc) {
	case PAM_SUCCESS:
		return PAM_ANSWER_IS;
	case PAM_AUTH_ERR:
	case PAM_USER_UNKNOWN:
	case PAM_PERM_DENIED:
	case PAM_MAXTRIES:
	case PAM_NEW_AUTHTOK_REQD:
	case PAM_ACCT_EXPIRED:
	case PAM_AUTHTOK_EXPIRED:
	case PAM_CRED_INSUFFICIENT:
		return PAM_ANSWER_IS_NOT;
	default:
		return PAM_ANSWER_NONE;
	}
}

enum pam_answer
pam_check(const char *service, const struct pam_question *question)
{
	struct pam_question mine = *question;
	const struct pam_conv conversation = { converse, &mine };
	const int flags = PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK;
	pam_handle_t *pam = NULL;
	int rc = pam_start(service, question->name, &conversation, &pam);

	if (rc == PAM_SUCCESS)
		rc = introduce(pam, question);
	if (rc == PAM_SUCCESS)
		rc = pam_authenticate(pam, flags);
	if (rc == PAM_SUCCESS)
		rc = pam_acct_mgmt(pam, flags);
	if (rc == PAM_SUCCESS)
		rc = is_same_user(pam, question);
	if (pam != NULL)
		(void)pam_end(pam, rc | PAM_DATA_SILENT);
	explicit_bzero(&mine, sizeof(mine));
	return answer_of(rc);
}
