/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Prints docs/parameters.md from the tables. */
#include <stdio.h>
#include <string.h>

#include "mdyn/mdyn.h"

static void
value (const mdyn_param *row, double v)
{
	char text[64];
	mdyn_param_format (row, v, text, sizeof text);
	printf ("%s", text);
}

static void
table (const mdyn_class *cls, bool readouts)
{
	printf (readouts ? "| readout | unit | meaning |\n|---|---|---|\n" : "| parameter | default | range | when | meaning |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < cls->n_params; i++) {
		const mdyn_param *r = &cls->params[i];
		if (!!(r->flags & MDYN_READOUT) != readouts)
			continue;
		printf ("| `%s` | ", r->name);
		if (readouts) {
			printf ("%s | %s |\n", mdyn_unit_name (r->unit), r->help);
			continue;
		}
		size_t n;
		const mdyn_choice *c = mdyn_class_choices (cls, r, &n);
		if (r->type != MDYN_TEXT)
			value (r, r->def);
		printf (" | ");
		if (r->type == MDYN_REAL) {
			value (r, r->min);
			printf (" .. ");
			value (r, r->max);
			printf (" %s", mdyn_unit_name (r->unit));
		}
		for (size_t k = 0; k < n; k++)
			printf ("%s%s", k ? ", " : "", c[k].nick);
		if (r->type == MDYN_BOOL || r->type == MDYN_TEXT)
			printf (r->type == MDYN_BOOL ? "true, false" : "text");
		printf (" | %s | %s", r->flags & MDYN_LIVE ? "any time" : "before start", r->help);
		for (size_t k = 0; k < n; k++)
			printf ("<br>`%s`: %s", c[k].nick, c[k].help);
		printf (" |\n");
	}
}

int
main (void)
{
	printf ("# Parameters\n\n"
	        "Made from `core/include/mdyn/*.def` by `docs/parameters.c`; do not edit. FFmpeg writes names with `_` where GStreamer, JSON and this page write `-`.\n"
	        "\"Any time\" rows are GStreamer controllable properties and FFmpeg runtime commands. Readouts are read-only properties and element messages in\n"
	        "GStreamer, frame metadata `lavfi.<filter>.<readout>` in FFmpeg.\n\n"
	        "Values are plain numbers in the unit shown. The core reads `-18dB` and `10 ms` too, and so do FFmpeg's runtime commands; FFmpeg's options do not:\n"
	        "FFmpeg itself makes 1.995 of `6dB` before a filter sees it. `preset` comes first: in GStreamer a property set after it wins, in FFmpeg every option\n"
	        "that is not at its default. An unknown name, and in GStreamer an unknown choice, are refused by the framework's own parser.\n");
	for (int k = 0; k < MDYN_KINDS; k++) {
		const mdyn_class *cls = mdyn_class_get (k);
		printf ("\n## %s\n\n%s. %s.\n\n", cls->name, cls->long_name, cls->description);
		table (cls, false);
		printf ("\n");
		table (cls, true);
		if (cls->n_events)
			printf ("\n| event | what it tells |\n|---|---|\n");
		for (size_t i = 0; i < cls->n_events; i++)
			printf ("| `%s` | %s |\n", cls->events[i].name, cls->events[i].help);
		if (cls->n_aliases)
			printf ("\n| FFmpeg takes also | meaning |\n|---|---|\n");
		for (size_t i = 0; i < cls->n_aliases; i++)
			printf ("| `%s` | %s |\n", cls->aliases[i].name, cls->aliases[i].help);
		printf ("\n| preset | settings | for |\n|---|---|---|\n");
		for (size_t i = 0; i < cls->n_presets; i++)
			printf ("| `%s` | `%s` | %s |\n", cls->presets[i].nick, cls->presets[i].settings, cls->presets[i].help);
	}
	return 0;
}
