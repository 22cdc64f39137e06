/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The public header stands alone, as C and (header.cpp includes this file) as C++. */
#include "mdyn/mdyn.h"

#include <stdio.h>
#include <string.h>

int
main (void)
{
	mdyn_proc *p = NULL;
	mdyn_format f;
	memset (&f, 0, sizeof f);
	f.sample = MDYN_F32;
	f.rate = 48000;
	f.channels = 1;
	float x[1] = { 0.5f };
	int good = mdyn_create (&p, mdyn_class_get (MDYN_COMP), &f) == 0 && mdyn_process_interleaved (p, x, x, NULL, 1) == 0 && x[0] < 0.5f;
	mdyn_destroy (&p);
	printf ("1..1\n%sok 1 - the header stands alone\n", good ? "" : "not ");
	return !good;
}
