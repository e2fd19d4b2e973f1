/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/amount: bytes and durations for people, in a few characters.
 */
#ifndef GATEHOUSE_CLI_AMOUNT_H
#define GATEHOUSE_CLI_AMOUNT_H

#include "base/text.h"

/* Two figures or more, and a unit of 1024 each: 412, 1.2k, 34M. */
void amount_add_size(struct text *out, int64_t bytes);

/* The same of what is no bytes: a unit is 1000. */
void amount_add_count(struct text *out, int64_t count);

/* 9.9ms, 999ms, 59.9s, 59m59s, 100h00m; ms is 0 to 1e15. */
void amount_add_duration(struct text *out, double ms);

#endif
