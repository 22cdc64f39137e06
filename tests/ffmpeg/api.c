/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The filters as a program sees them that uses libavfilter: options read back, commands, values that no text can give. Prints TAP; built and
 * run by api.py. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <libavfilter/avfilter.h>
#include <libavutil/mem.h>
#include <libavutil/opt.h>

static int count, failed;
static char logged[4096];

static void
ok (int good, const char *what)
{
	printf ("%s %d - %s\n", good ? "ok" : "not ok", ++count, what);
	if (!good)
		printf ("# the last line logged: %s\n", logged);
	failed += !good;
}

static void
keep_log (void *of, int level, const char *format, va_list args)
{
	(void) of;
	if (level <= AV_LOG_WARNING)
		vsnprintf (logged, sizeof logged, format, args);
}

/* Whether an option, read as text, is that. */
static int
reads (AVFilterContext *f, const char *option, const char *want)
{
	uint8_t *text = NULL;
	int same = av_opt_get (f, option, AV_OPT_SEARCH_CHILDREN, &text) >= 0 && text && !strcmp ((char *) text, want);
	if (!same)
		printf ("# %s is %s, not %s\n", option, text ? (char *) text : "nothing", want);
	av_free (text);
	return same;
}

static int
command (AVFilterGraph *graph, const char *option, const char *value)
{
	char answer[64];
	return avfilter_graph_send_command (graph, "comp", option, value, answer, sizeof answer, 0);
}

static AVFilterContext *
filter (AVFilterGraph *graph, const char *type, const char *name, const char *options)
{
	AVFilterContext *f = NULL;
	return avfilter_graph_create_filter (&f, avfilter_get_by_name (type), name, options, NULL, graph) < 0 ? NULL : f;
}

int
main (void)
{
	av_log_set_callback (keep_log);
	AVFilterGraph *graph = avfilter_graph_alloc ();
	AVFilterContext *source = filter (graph, "anullsrc", "source", NULL), *comp = filter (graph, "mastercomp", "comp", "detector=rms");
	AVFilterContext *sink = filter (graph, "anullsink", "sink", NULL);
	ok (source && comp && sink && !avfilter_link (source, 0, comp, 0) && !avfilter_link (comp, 0, sink, 0) && avfilter_graph_config (graph, NULL) >= 0,
	    "a graph with mastercomp=detector=rms");
	if (failed)
		return 1;
	ok (reads (comp, "detector", "rms"), "a choice that was set is read");
	ok (reads (comp, "direction", "down"), "a choice that was not is read as its default");
	for (int i = 0; i < 4; i++)
		if (avfilter_graph_request_oldest (graph) < 0)
			ok (0, "audio runs");
	ok (!command (graph, "detector", "loudness") && reads (comp, "detector", "loudness"), "after a command a choice is read as the new one");
	ok (command (graph, "detector", "ears") < 0 && reads (comp, "detector", "loudness"), "after a refused command it is read as before");
	ok (!command (graph, "makeup", "3 dB") && reads (comp, "makeup", "3.000000"), "after a command a number is read as the new one");
	ok (!command (graph, "auto_makeup", "on") && reads (comp, "auto_makeup", "true"), "after a command a switch is read as the new one");
	ok (command (graph, "makeup", "nan") < 0 && command (graph, "makeup", "inf") < 0 && reads (comp, "makeup", "3.000000"), "NaN and inf are refused");

	AVFilterContext *nan = avfilter_graph_alloc_filter (graph, avfilter_get_by_name ("mastercomp"), "nan");
	ok (av_opt_set_double (nan, "ratio", NAN, AV_OPT_SEARCH_CHILDREN) < 0 || avfilter_init_str (nan, NULL) < 0, "a number set to NaN is refused");
	AVFilterContext *null = avfilter_graph_alloc_filter (graph, avfilter_get_by_name ("mastercomp"), "null");
	ok (av_opt_set (null, "detector", NULL, AV_OPT_SEARCH_CHILDREN) < 0 || avfilter_init_str (null, NULL) < 0, "a choice set to NULL is refused");
	avfilter_graph_free (&graph);
	printf ("1..%d\n", count);
	return failed > 0;
}
