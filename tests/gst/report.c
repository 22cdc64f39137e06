/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Action signals and the measurement as text. */
#include <stdio.h>

#include "common.h"

static const Shape MONO = { 8000, 1, FALSE, FALSE };

START_TEST (each_event_is_an_action)
{
	int events = 0;
	for (int k = 0; k < MDYN_KINDS; k++) {
		const mdyn_class *cls = mdyn_class_get (k);
		GstElement *e = gst_element_factory_make (cls->name, NULL);
		for (size_t i = 0; i < cls->n_events; i++) {
			GSignalQuery q;
			g_signal_query (g_signal_lookup (cls->events[i].name, G_OBJECT_TYPE (e)), &q);
			ck_assert_msg (q.signal_id && q.signal_flags & G_SIGNAL_ACTION && q.n_params == 0, "%s.%s", cls->name, cls->events[i].name);
			g_signal_emit_by_name (e, cls->events[i].name); /* of no effect on what does not run */
			events++;
		}
		gst_object_unref (e);
	}
	ck_assert_int_ge (events, 2);
}
END_TEST

static double
integrated (GstElement *e)
{
	double v;
	g_object_get (e, "integrated", &v, NULL);
	return v;
}

/* What is measured after a restart is what an element measures that heard nothing before. */
START_TEST (restart_measures_anew)
{
	const gsize half = 40000;
	double *x = noise (&MONO, 2 * half, 0.4, 1);
	for (gsize i = half; i < 2 * half; i++)
		x[i] /= 8;
	Test t = open_test ("masternorm", "mode=measure", &MONO), fresh = open_test ("masternorm", "mode=measure", &MONO);
	push_all (&t, x, half, 800);
	double before = integrated (t.e);
	g_signal_emit_by_name (t.e, "restart");
	for (gsize i = 0; i < half; i += 800)
		ck_assert_int_eq (push (&t, x, 800), GST_FLOW_OK);
	push_all (&fresh, x + half, half, 800);
	eos (&t);
	eos (&fresh);
	ck_assert_msg (fabs (integrated (t.e) - integrated (fresh.e)) < 0.02, "%g, %g", integrated (t.e), integrated (fresh.e));
	ck_assert (fabs (before - 18.06 - integrated (t.e)) < 0.2); /* an eighth is -18.06 dB */
	close_test (&t);
	close_test (&fresh);
	g_free (x);
}
END_TEST

#define LIVE "mode=live:lookahead=100"

/* The core by hand: x, the zeros that drain it, perhaps a cue, y. Its answer to y. */
static double *
behind (const double *x, gsize frames, gboolean cue)
{
	const mdyn_format f = { .sample = MDYN_F64, .rate = MONO.rate, .channels = 1, .position = { MDYN_POS_FC } };
	char why[600];
	mdyn_proc *p;
	ck_assert_int_eq (mdyn_create (&p, mdyn_class_get (MDYN_NORM), &f), 0);
	ck_assert_int_eq (mdyn_set (p, MDYN_NORM_lookahead, 100), 0);
	ck_assert_int_eq (mdyn_prepare (p, why, sizeof why), 0);
	gsize late = mdyn_latency (p), half = frames / 2;
	double *buf = g_new0 (double, frames + 2 * late);
	memcpy (buf, x, half * sizeof *x);
	memcpy (buf + half + late, x + half, half * sizeof *x);
	ck_assert_int_eq (mdyn_process_interleaved (p, buf, buf, NULL, half + late), 0);
	if (cue)
		ck_assert_int_eq (mdyn_trigger (p, MDYN_NORM_cue_event), 0);
	ck_assert_int_eq (mdyn_process_interleaved (p, buf + half + late, buf + half + late, NULL, half + late), 0);
	memmove (buf, buf + half + 2 * late, half * sizeof *buf);
	mdyn_destroy (&p);
	return buf;
}

/* A second and more missing, or another stream: another programme. Less is what a network loses, and no reason to doubt what was learned. */
START_TEST (a_cue_comes_with_another_programme)
{
	enum { LOSS, LEAP, STREAM, WAYS };
	const gsize frames = 20 * 8000, half = frames / 2;
	double *x = noise (&MONO, frames, 0.2, 1);
	for (gsize i = half; i < frames; i++)
		x[i] = (float) (x[i] / 6);
	double *without = behind (x, frames, FALSE), *with = behind (x, frames, TRUE);
	ck_assert (memcmp (without, with, half * sizeof *with));
	for (int way = 0; way < WAYS; way++) {
		Test t = open_test ("masternorm", LIVE, &MONO);
		push_all (&t, x, half, 800);
		t.base = way == LOSS ? 900 * GST_MSECOND : way == LEAP ? GST_SECOND : 0;
		if (way == STREAM)
			ck_assert (gst_harness_push_event (t.h, gst_event_new_stream_start ("another")));
		for (gsize i = 0; i < half; i += 800)
			ck_assert_int_eq (push (&t, x, 800), GST_FLOW_OK);
		eos (&t);
		Got g = pull (&t);
		ck_assert_int_eq (g.frames, frames);
		const double *wanted = way == LOSS ? without : with;
		for (gsize i = 0; i < half; i++)
			ck_assert_msg (at (&g, half + i) == (float) wanted[i], "way %d, frame %" G_GSIZE_FORMAT, way, i);
		drop (&g);
		close_test (&t);
	}
	g_free (without);
	g_free (with);
	g_free (x);
}
END_TEST

static gchar *
stats (GstElement *e)
{
	gchar *text;
	g_object_get (e, "stats", &text, NULL);
	return text;
}

static gpointer
read_on (gpointer data)
{
	Test *t = data;
	for (int i = 0; i < 200; i++)
		g_free (stats (t->e));
	return NULL;
}

START_TEST (stats_tell_the_measurement_as_json)
{
	const gsize frames = 40000;
	double *x = noise (&MONO, frames, 0.4, 1);
	gchar *file = g_strdup_printf ("%s/mdyn-gst-%d.json", g_get_tmp_dir (), (int) getpid ()), *text, *written, number[32];
	Test t = open_test ("masternorm", "mode=measure:stats-interval=1", NULL);
	ck_assert_ptr_null (stats (t.e));
	g_object_set (t.e, "stats-file", file, NULL);
	shape_test (&t, &MONO);
	GThread *reader = g_thread_new ("reader", read_on, &t);
	push_all (&t, x, 20000, 800);
	g_thread_join (reader);
	text = stats (t.e);
	ck_assert_msg (text && strstr (text, "\"complete\": false"), "%s", text);
	g_free (text);
	ck_assert (g_file_get_contents (file, &written, NULL, NULL)); /* 2.5 s are over, and each second it is due */
	ck_assert_msg (strstr (written, "\"complete\": false"), "%s", written);
	g_free (written);
	for (gsize i = 20000; i < frames; i += 800)
		ck_assert_int_eq (push (&t, x, 800), GST_FLOW_OK);
	eos (&t);
	text = stats (t.e);
	ck_assert (g_file_get_contents (file, &written, NULL, NULL));
	ck_assert_str_eq (text, g_strchomp (written));
	g_snprintf (number, sizeof number, "%.2f", integrated (t.e));
	ck_assert_msg (strstr (text, "\"complete\": true") && strstr (text, number), "%s: %s", number, text);
	g_free (written);
	g_free (text);
	remove (file);
	close_test (&t);
	g_free (file);
	g_free (x);
}
END_TEST

START_TEST (what_is_to_be_printed_is_an_info_message)
{
	double *x = noise (&MONO, 8000, 0.4, 1);
	Test t = open_test ("masternorm", "mode=measure:print-format=json", &MONO);
	push_all (&t, x, 8000, 800);
	eos (&t);
	GstMessage *m = gst_bus_pop_filtered (t.bus, GST_MESSAGE_INFO);
	GError *error;
	ck_assert_ptr_nonnull (m);
	gst_message_parse_info (m, &error, NULL);
	ck_assert_msg (strstr (error->message, "\"input_i\""), "%s", error->message);
	g_error_free (error);
	gst_message_unref (m);
	close_test (&t);
	g_free (x);
}
END_TEST

START_TEST (channels_without_a_position_are_warned_of)
{
	const Shape six = { 48000, 6, FALSE, FALSE };
	Test t = open_test ("masternorm", "mode=measure", &six);
	gchar *why = message (&t, GST_MESSAGE_WARNING);
	ck_assert_msg (why && strstr (why, "position"), "%s", why);
	g_free (why);
	close_test (&t);
}
END_TEST

int
main (int argc, char **argv)
{
	gst_init (&argc, &argv);
	Suite *s = suite_create ("gst-report");
	TCase *t = tcase_create ("report");
	tcase_set_timeout (t, 60);
	tcase_add_test (t, each_event_is_an_action);
	tcase_add_test (t, restart_measures_anew);
	tcase_add_test (t, a_cue_comes_with_another_programme);
	tcase_add_test (t, stats_tell_the_measurement_as_json);
	tcase_add_test (t, what_is_to_be_printed_is_an_info_message);
	tcase_add_test (t, channels_without_a_position_are_warned_of);
	suite_add_tcase (s, t);
	return run_tap (s);
}
