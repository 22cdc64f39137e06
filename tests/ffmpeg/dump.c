/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The core's tables as JSON, for options.py and refusals.py to hold against what ffmpeg says. */
#include <math.h>
#include <stdio.h>

#include "mdyn/mdyn.h"

static const char *const types[] = { "double", "boolean", "choice", "string" };

static void
string (const char *name, const char *text)
{
	printf ("\"%s\":\"", name);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar ('\\');
		putchar (*text);
	}
	printf ("\",");
}

static void
number (const char *name, double value)
{
	printf (isinf (value) ? "\"%s\":Infinity," : "\"%s\":%.17g,", name, value);
}

int
main (void)
{
	printf ("[");
	for (int k = 0; k < MDYN_KINDS; k++) {
		const mdyn_class *cls = mdyn_class_get (k);
		printf ("%s{", k ? "," : "");
		string ("name", cls->name);
		string ("long_name", cls->long_name);
		printf ("\"presets\":[");
		for (size_t i = 0; i < cls->n_presets; i++) {
			printf ("%s{", i ? "," : "");
			string ("nick", cls->presets[i].nick);
			string ("help", cls->presets[i].help);
			printf ("\"value\":0}");
		}
		printf ("],\"aliases\":[");
		for (size_t i = 0; i < cls->n_aliases; i++) {
			printf ("%s{", i ? "," : "");
			string ("name", cls->aliases[i].name);
			string ("help", cls->aliases[i].help);
			printf ("\"row\":%d}", cls->aliases[i].row);
		}
		printf ("],\"events\":[");
		for (size_t i = 0; i < cls->n_events; i++)
			printf ("%s\"%s\"", i ? "," : "", cls->events[i].name);
		printf ("],\"sidechain\":%s,\"rows\":[", cls->has_sidechain ? "true" : "false");
		for (size_t i = 0; i < cls->n_params; i++) {
			const mdyn_param *row = &cls->params[i];
			size_t n;
			const mdyn_choice *choice = mdyn_class_choices (cls, row, &n);
			printf ("%s{", i ? "," : "");
			string ("name", row->name);
			string ("type", types[row->type]);
			string ("unit", mdyn_unit_name (row->unit));
			string ("help", row->help);
			number ("min", row->min);
			number ("max", row->max);
			number ("def", row->def);
			printf ("\"choices\":[");
			for (size_t c = 0; c < n; c++) {
				printf ("%s{", c ? "," : "");
				string ("nick", choice[c].nick);
				string ("help", choice[c].help);
				printf ("\"value\":%d}", choice[c].value);
			}
			printf ("],\"flags\":%d}", row->flags);
		}
		printf ("]}");
	}
	printf ("]\n");
	return 0;
}
