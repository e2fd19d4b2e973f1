/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/top_rates: what happened over time, a bar for each point.
 */
#ifndef GATEHOUSE_CLI_TOP_RATES_H
#define GATEHOUSE_CLI_TOP_RATES_H

#include "cli/top_counts.h"

/* A head, and a line for each measure. */
#define TOP_RATES_LINES (1 + TOP_MEASURE_COUNT)

/* One of these lines.  Bars are as high as the highest that is shown. */
void top_rates_line(const struct top_counts *counts, size_t number,
    size_t width, struct text *out);

#endif
