/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"
const struct command command_fmt = { .name = "fmt", .summary = "", .usage = "", .help = "" };
