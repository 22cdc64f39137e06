/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* man CLASS: prints the manual page of mastercomp, masterlimit, mastergate or masternorm from its table. */
#include <stdio.h>
#include <string.h>

#include "mdyn/mdyn.h"

/* Text as roff takes it literally; a hyphen stays one that can be copied into a command. */
static void
say (const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '-':
			fputs ("\\-", stdout);
			break;
		case '\\':
			fputs ("\\e", stdout);
			break;
		case '\'':
			fputs ("\\(aq", stdout);
			break;
		case ':':
			fputs (":\\:", stdout); /* long lists of settings may break here */
			break;
		default:
			putchar (*text);
		}
}

static void
bold (const char *text)
{
	fputs ("\\fB", stdout);
	say (text);
	fputs ("\\fR", stdout);
}

/* The head of an entry: a name, and what stands beside it. */
static void
entry (const char *name, const char *beside)
{
	puts (".TP");
	bold (name);
	say (beside);
	putchar ('\n');
}

static void
line (const char *text)
{
	say (text);
	putchar ('\n');
}

static void
range (const mdyn_class *cls, const mdyn_param *row, char *text, size_t size)
{
	char min[32], max[32], def[64];
	mdyn_param_format (row, row->min, min, sizeof min);
	mdyn_param_format (row, row->max, max, sizeof max);
	mdyn_param_format (row, row->def, def, sizeof def);
	const char *unit = mdyn_unit_name (row->unit), *when = row->flags & MDYN_LIVE ? "" : ", before the start only";
	if (row->type == MDYN_TEXT) {
		snprintf (text, size, " text%s", when);
	} else if (row->type == MDYN_REAL) {
		snprintf (text, size, " %s .. %s%s%s, default %s%s", min, max, *unit ? " " : "", unit, def, when);
	} else if (row->type == MDYN_BOOL) {
		snprintf (text, size, " true or false, default %s%s", def, when);
	} else {
		size_t n, used = 0;
		const mdyn_choice *c = mdyn_class_choices (cls, row, &n);
		for (size_t i = 0; i < n && used < size; i++)
			used += (size_t) snprintf (text + used, size - used, "%s%s", i ? ", " : " ", c[i].nick);
		if (used < size)
			snprintf (text + used, size - used, "; default %s%s", def, when);
	}
}

static void
rows (const mdyn_class *cls)
{
	puts (".SH PARAMETERS\nNames are written with \\(aq_\\(aq for \\(aq\\-\\(aq in FFmpeg. What may be set at any time is controllable in GStreamer and a "
	      "runtime command in FFmpeg.");
	for (size_t i = 0; i < cls->n_params; i++) {
		const mdyn_param *row = &cls->params[i];
		if (row->flags & MDYN_READOUT)
			continue;
		char text[512];
		range (cls, row, text, sizeof text);
		entry (row->name, text);
		line (row->help);
		size_t n;
		const mdyn_choice *c = mdyn_class_choices (cls, row, &n);
		for (size_t k = 0; k < n; k++) {
			puts (".br");
			bold (c[k].nick);
			fputs (": ", stdout);
			line (c[k].help);
		}
	}
	puts (".SH READOUTS\nRead\\-only properties and element messages in GStreamer (\\fBpost\\-messages\\fR), frame metadata in FFmpeg (\\fBmetadata=1\\fR).");
	for (size_t i = 0; i < cls->n_params; i++) {
		const mdyn_param *row = &cls->params[i];
		if (!(row->flags & MDYN_READOUT))
			continue;
		char unit[32];
		snprintf (unit, sizeof unit, " %s", mdyn_unit_name (row->unit));
		entry (row->name, *mdyn_unit_name (row->unit) ? unit : "");
		line (row->help);
	}
}

int
main (int argc, char **argv)
{
	const mdyn_class *cls = NULL;
	for (int k = 0; k < MDYN_KINDS; k++)
		if (argc == 2 && !strcmp (argv[1], mdyn_class_get (k)->name))
			cls = mdyn_class_get (k);
	if (!cls) {
		fprintf (stderr, "usage: man mastercomp|masterlimit|mastergate|masternorm\n");
		return 2;
	}
	printf (".TH %s 7 \"\" mdyn\n.SH NAME\n%s \\- ", cls->name, cls->name);
	line (cls->long_name);
	printf (".SH SYNOPSIS\n.nf\ngst\\-launch\\-1.0 ... ! \\fB%s\\fR [\\fIname\\fR=\\fIvalue\\fR ...] ! ...\n"
	        "ffmpeg \\-i \\fIin\\fR \\-af \\fB%s\\fR[=\\fIname\\fR=\\fIvalue\\fR[:\\fIname\\fR=\\fIvalue\\fR...]] \\fIout\\fR\n.fi\n.SH DESCRIPTION\n",
	        cls->name, cls->name);
	printf ("%s. ", cls->description);
	puts ("The same settings give the same samples in GStreamer, in FFmpeg and through libmdyn, at the rate, sample type and channel layout of the input; the "
	      "latency is told and taken out.");
	rows (cls);
	if (cls->n_events)
		puts (".SH EVENTS\nAction signals in GStreamer, runtime commands in FFmpeg.");
	for (size_t i = 0; i < cls->n_events; i++) {
		entry (cls->events[i].name, "");
		line (cls->events[i].help);
	}
	puts (".SH PRESETS\n.na");
	for (size_t i = 0; i < cls->n_presets; i++) {
		entry (cls->presets[i].nick, "");
		line (cls->presets[i].help);
		puts (".br");
		line (cls->presets[i].settings);
	}
	puts (".ad\n.SH SEE ALSO\n\\fBmdyn\\fR(7), \\fBgst\\-inspect\\-1.0\\fR(1), \\fBffmpeg\\-filters\\fR(1)");
	return 0;
}
