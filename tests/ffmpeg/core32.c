/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Raw stereo float32 at 48 kHz from stdin through one processor in float32, latency taken out and the tail drained, for float.py:
 *   core32 CLASS [row=value ...] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mdyn/mdyn.h"

enum { CHANNELS = 2, BLOCK = 4096 };

static void
die (const char *why)
{
	fprintf (stderr, "core32: %s\n", why);
	exit (1);
}

int
main (int argc, char **argv)
{
	const mdyn_class *cls = NULL;
	for (int k = 0; k < MDYN_KINDS && argc > 1; k++)
		if (!strcmp (mdyn_class_get (k)->name, argv[1]))
			cls = mdyn_class_get (k);
	if (!cls)
		die ("usage: core32 CLASS [row=value ...]");
	mdyn_format format = { .sample = MDYN_F32, .rate = 48000, .channels = CHANNELS, .position = { MDYN_POS_FL, MDYN_POS_FR } };
	mdyn_proc *p;
	char why[512];
	if (mdyn_create (&p, cls, &format) < 0)
		die ("cannot create");
	for (int i = 2; i < argc; i++) {
		char *value = strchr (argv[i], '=');
		if (!value)
			die ("row=value expected");
		*value++ = 0;
		if (mdyn_set_text (p, argv[i], value, why, sizeof why) < 0)
			die (why);
	}
	if (mdyn_prepare (p, why, sizeof why) < 0)
		die (why);
	static float block[BLOCK * CHANNELS];
	const size_t frame = sizeof (float) * CHANNELS;
	size_t drop = mdyn_latency (p), tail = drop, n;
	for (;;) {
		n = fread (block, frame, BLOCK, stdin);
		if (!n) {
			n = tail < BLOCK ? tail : BLOCK;
			tail -= n;
			memset (block, 0, n * frame);
		}
		if (!n)
			break;
		if (mdyn_process_interleaved (p, block, block, NULL, n) < 0)
			die ("cannot process");
		size_t skip = drop < n ? drop : n;
		drop -= skip;
		if (fwrite (block + skip * CHANNELS, frame, n - skip, stdout) != n - skip)
			die ("cannot write");
	}
	mdyn_destroy (&p);
	return 0;
}
