/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of http/fault.h as a table.  Read-only; any thread.
 */
#include "http/fault.h"

#include "base/must.h"

static const struct {
	const char *word;
	unsigned status;
	const char *meaning;
} rows[HTTP_FAULT_COUNT] = {
#define ROW(id, word, status, meaning) { #word, status, meaning },
	HTTP_FAULTS(ROW)
#undef ROW
};

const char *
http_fault_word(enum http_fault fault)
{
	must((unsigned)fault < HTTP_FAULT_COUNT);
	return rows[fault].word;
}

unsigned
http_fault_status(enum http_fault fault)
{
	must((unsigned)fault < HTTP_FAULT_COUNT);
	return rows[fault].status;
}

const char *
http_fault_meaning(enum http_fault fault)
{
	must((unsigned)fault < HTTP_FAULT_COUNT);
	return rows[fault].meaning;
}
