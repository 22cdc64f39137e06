/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* What the fuzzers share: bytes as decisions, and an end that libFuzzer keeps the input of. */
#ifndef MDYN_FUZZ_H
#define MDYN_FUZZ_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mdyn/mdyn.h"

#define MUST(cond) \
	do { \
		if (!(cond)) { \
			fprintf (stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
			abort (); \
		} \
	} while (0)

typedef struct bytes {
	const uint8_t *at, *end;
} bytes;

static inline unsigned
take (bytes *b)
{
	return b->at < b->end ? *b->at++ : 0;
}

static inline void
one_line (const char *why)
{
	MUST (*why && !strpbrk (why, "\n\r\t"));
}

#endif
