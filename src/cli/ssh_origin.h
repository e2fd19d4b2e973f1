/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/ssh_origin: where the one who types comes from, if by ssh.
 *
 * sshd tells it to the session in SSH_CONNECTION.  sudo and su take that away,
 * so the processes above are asked as well, as far as they let themselves be.
 */
#ifndef GATEHOUSE_CLI_SSH_ORIGIN_H
#define GATEHOUSE_CLI_SSH_ORIGIN_H

#include "base/address.h"

/* False: not by ssh, or it cannot be found out. */
bool ssh_origin_find(struct address *ret);

/* Both ends of that connection. */
struct ssh_session {
	struct address_port client, server;
};

/* False as above. */
bool ssh_session_find(struct ssh_session *ret);

#endif
