/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Prints the preset file that GStreamer looks for beside a class's element: `prs CLASS`. Each preset is the row of that name; what it sets is in the core. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "mdyn/mdyn.h"

int
main (int argc, char **argv)
{
	const mdyn_class *cls = NULL;
	for (int k = 0; argc == 2 && k < MDYN_KINDS; k++)
		if (!strcmp (mdyn_class_get (k)->name, argv[1]))
			cls = mdyn_class_get (k);
	if (!cls) {
		fprintf (stderr, "prs: name one class: mastercomp, masterlimit ...\n");
		return 2;
	}
	printf ("[_presets_]\nversion=" VERSION "\nelement-name=Gst%c%s\n", toupper ((unsigned char) cls->name[0]), cls->name + 1);
	for (size_t i = 0; i < cls->n_presets; i++)
		printf ("\n[%s]\n_meta/comment=%s\npreset=%s\n", cls->presets[i].nick, cls->presets[i].help, cls->presets[i].nick);
	return 0;
}
