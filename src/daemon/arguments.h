/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/arguments: how gatehoused is called.
 */
#ifndef GATEHOUSE_DAEMON_ARGUMENTS_H
#define GATEHOUSE_DAEMON_ARGUMENTS_H

#include "firewall/early_mode.h"

/* All lent from the command line, or for good. */
struct arguments {
	const char *runtime;
	const char *user;
	const char *path; /* of the policy; NULL: none is taken */
	const char *state;
	const char *session; /* that must live on; "": none */
	bool foreground;
	bool close;
	bool remove;
	enum early_mode early_drop;
};

/*
 * False: it was called wrongly, and why may have been said.  --version and
 * --help are answered here and end the program.
 */
bool arguments_parse(int argc, char **argv, struct arguments *ret);

/* How it is to be called, on standard error. */
void arguments_complain(void);

#endif
