/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/must.h"

#include <stdio.h>
#include <stdlib.h>

void
must_fail(const char *file, int line, const char *promise)
{
	(void)fprintf(
	    stderr, "gatehouse: %s:%d: must hold: %s\n", file, line, promise);
	abort();
}
