/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Raw float64 from stdin through one processor to stdout, latency taken out and the tail drained, as both wrappers promise to:
 *   core-run CLASS RATE CHANNELS BLOCK [key=CHANNELS:FILE] [row=value ...] [@FRAME row=value]
 * FILE is the key, raw float64 as well; it begins with the input and is silent after its end. What follows @FRAME is set before that frame is heard. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mdyn/mdyn.h"

static void
die (const char *what)
{
	fprintf (stderr, "core-run: %s\n", what);
	exit (1);
}

static void
set (mdyn_proc *p, char *row)
{
	char why[512], *value = strchr (row, '=');
	if (!value)
		die ("row=value expected");
	*value++ = 0;
	if (mdyn_set_text (p, row, value, why, sizeof why) < 0)
		die (why);
}

int
main (int argc, char **argv)
{
	if (argc < 5)
		die ("usage: core-run CLASS RATE CHANNELS BLOCK [key=CHANNELS:FILE] [row=value ...] [@FRAME row=value]");
	const mdyn_class *cls = NULL;
	for (int k = 0; k < MDYN_KINDS; k++)
		if (!strcmp (mdyn_class_get (k)->name, argv[1]))
			cls = mdyn_class_get (k);
	mdyn_format format = { .sample = MDYN_F64, .rate = (unsigned) atoi (argv[2]), .channels = (unsigned) atoi (argv[3]) };
	static const mdyn_position layouts[][5] = {
		[1] = { MDYN_POS_FC }, [2] = { MDYN_POS_FL, MDYN_POS_FR }, [5] = { MDYN_POS_FL, MDYN_POS_FR, MDYN_POS_FC, MDYN_POS_LS, MDYN_POS_RS }
	};
	if (format.channels <= 5)
		memcpy (format.position, layouts[format.channels], sizeof layouts[0]);
	FILE *key = NULL;
	int first = 5;
	if (argc > 5 && !strncmp (argv[5], "key=", 4)) {
		char *path = strchr (argv[first++], ':');
		key = path ? fopen (path + 1, "rb") : NULL;
		if (!key)
			die ("no such key");
		format.key_channels = (unsigned) atoi (argv[5] + 4);
	}
	size_t block = (size_t) atol (argv[4]), frame = format.channels * sizeof (double), key_frame = format.key_channels * sizeof (double);
	mdyn_proc *p;
	char why[512] = "no such class or format";
	if (!cls || !block || mdyn_create (&p, cls, &format) < 0)
		die (why);
	char *later = NULL;
	size_t until = (size_t) -1; /* frames before it is set */
	for (int i = first; i < argc; i++) {
		if (argv[i][0] != '@') {
			set (p, argv[i]);
		} else if (i + 1 < argc) {
			until = (size_t) atol (argv[i] + 1);
			later = argv[++i];
		}
	}
	if (mdyn_prepare (p, why, sizeof why) < 0)
		die (why);
	char *buffer = calloc (block, frame), *beside = key ? calloc (block, key_frame) : NULL;
	size_t drop = mdyn_latency (p), tail = drop;
	for (;;) {
		if (!until && later) {
			set (p, later);
			until = (size_t) -1;
		}
		size_t n = fread (buffer, frame, until < block ? until : block, stdin);
		until -= until == (size_t) -1 ? 0 : n;
		if (key) {
			size_t had = fread (beside, key_frame, n, key);
			memset (beside + had * key_frame, 0, (block - had) * key_frame);
		}
		if (!n) {
			n = tail < block ? tail : block;
			if (!n)
				break;
			memset (buffer, 0, n * frame);
			tail -= n;
		}
		if (mdyn_process_interleaved (p, buffer, buffer, beside, n) < 0)
			die ("process failed");
		size_t skip = drop < n ? drop : n;
		drop -= skip;
		if (fwrite (buffer + skip * frame, frame, n - skip, stdout) != n - skip)
			die ("cannot write");
	}
	if (mdyn_finish (p, why, sizeof why) < 0)
		die (why);
	mdyn_destroy (&p);
	free (buffer);
	free (beside);
	if (key)
		fclose (key);
	return 0;
}
