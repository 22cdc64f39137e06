/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Whole pipelines: states, messages, automation, what is left behind. */
#include <gst/controller/controller.h>
#include <stdio.h>

#include "pipeline.h"

START_TEST (readings_come_at_their_interval)
{
	static const struct {
		const char *name;
		guint64 interval, frames;
	} runs[] = { { "mastercomp", 100000000, 44100 }, { "masterlimit", 30011000, 44100 }, { "masternorm", 100000000, 88200 }, { "mastergate", 1000, 441 } };
	for (gsize i = 0; i < G_N_ELEMENTS (runs); i++) {
		gchar *line = g_strdup_printf ("audiotestsrc samplesperbuffer=441 num-buffers=%d ! audio/x-raw,rate=44100 ! %s "
		                               "post-messages=true interval=%" G_GUINT64_FORMAT " ! fakesink",
		                               (int) runs[i].frames / 441, runs[i].name, runs[i].interval);
		GPtrArray *all = run_pipeline (line, runs[i].name);
		guint64 end = 0, length = gst_util_uint64_scale (runs[i].frames, GST_SECOND, 44100);
		guint64 wanted = MIN ((length + runs[i].interval - 1) / runs[i].interval, runs[i].frames);
		ck_assert_int_eq (all->len, wanted);
		for (guint k = 0; k < all->len; k++) {
			const GstStructure *s = gst_message_get_structure (all->pdata[k]);
			guint64 from, stream, running, duration, to;
			double gr;
			ck_assert (gst_structure_get (s, "timestamp", G_TYPE_UINT64, &from, "stream-time", G_TYPE_UINT64, &stream, "running-time",
			                              G_TYPE_UINT64, &running, "duration", G_TYPE_UINT64, &duration, "endtime", G_TYPE_UINT64, &to, "gain-reduction", G_TYPE_DOUBLE,
			                              &gr, NULL));
			ck_assert (from == end && stream == from && running == from && to == from + duration && isfinite (gr));
			if (runs[i].interval > GST_MSECOND && k + 1 < all->len) /* never more than half a frame from where it is due */
				ck_assert_msg (ABS ((gint64) (to - (k + 1) * runs[i].interval)) < 12000, "%s: %" G_GUINT64_FORMAT, runs[i].name, to);
			end = to;
		}
		ck_assert_int_eq (end, length);
		g_ptr_array_unref (all);
		g_free (line);
	}
}
END_TEST

START_TEST (readings_have_no_nan)
{
	GPtrArray *all = run_pipeline ("audiotestsrc wave=silence num-buffers=20 ! masternorm post-messages=true ! fakesink", "masternorm");
	for (guint k = 0; k < all->len; k++) {
		const GstStructure *s = gst_message_get_structure (all->pdata[k]);
		for (int f = 0; f < gst_structure_n_fields (s); f++) {
			double v;
			if (gst_structure_get_double (s, gst_structure_nth_field_name (s, f), &v))
				ck_assert (!isnan (v));
		}
	}
	g_ptr_array_unref (all);
}
END_TEST

/* Makeup steps at 0.09 s: heard from the next block of 64 frames on, whatever the buffers and the latency are. */
START_TEST (automation_is_timed_by_the_output)
{
	static const gsize sizes[] = { 480, 37, 4800 };
	double *first = NULL;
	for (int late = 0; late < 2; late++)
		for (gsize k = 0; k < G_N_ELEMENTS (sizes); k++) {
			double *x = g_new (double, 9600 * 2);
			for (gsize i = 0; i < 9600 * 2; i++)
				x[i] = 0.01;
			Test t = open_test ("mastercomp", late ? "lookahead=10" : NULL, &STEREO);
			GstControlSource *cs = gst_interpolation_control_source_new ();
			g_object_set (cs, "mode", GST_INTERPOLATION_MODE_NONE, NULL);
			gst_object_add_control_binding (GST_OBJECT (t.e), gst_direct_control_binding_new_absolute (GST_OBJECT (t.e), "makeup", cs));
			gst_timed_value_control_source_set (GST_TIMED_VALUE_CONTROL_SOURCE (cs), 0, 0);
			gst_timed_value_control_source_set (GST_TIMED_VALUE_CONTROL_SOURCE (cs), 90 * GST_MSECOND, 12);
			push_all (&t, x, 9600, sizes[k]);
			eos (&t);
			Got g = pull (&t);
			gsize i = 0;
			while (i < g.frames && at (&g, 2 * i) == (double) 0.01f)
				i++;
			ck_assert_msg (i >= 4320 && i <= 4384, "heard at frame %" G_GSIZE_FORMAT, i);
			ck_assert (fabs (at (&g, 9599 * 2) / 0.01 - pow (10, 0.6)) < 1e-4);
			if (k)
				assert_same (&g, first, 9600, 2, "automation");
			g_free (k ? NULL : first);
			if (!k)
				first = g_memdup2 (g.x->data, 9600 * 2 * sizeof *first);
			drop (&g);
			gst_object_unref (cs);
			close_test (&t);
			g_free (x);
		}
	g_free (first);
}
END_TEST

static gpointer
turn_everything (gpointer data)
{
	GstElement *e = data;
	for (int i = 0; i < 20000; i++) {
		double v;
		g_object_set (e, "threshold", -60.0 + i % 60, "bypass", i % 3 == 0, NULL);
		if (i % 500 == 0) /* a new core */
			g_object_set (e, "lookahead", (double) (i / 500 % 10), "preset", i % 1000 ? "voice" : "drums", NULL);
		g_object_get (e, "gain-reduction", &v, NULL);
		ck_assert (v >= 0);
	}
	return NULL;
}

START_TEST (properties_may_be_set_from_another_thread)
{
	const gsize frames = 480000;
	double *x = noise (&STEREO, frames, 0.5, 9);
	Test t = open_test ("mastercomp", NULL, &STEREO);
	GThread *other = g_thread_new ("turn", turn_everything, t.e);
	push_all (&t, x, frames, 64);
	g_thread_join (other);
	eos (&t);
	Got g = pull (&t);
	ck_assert_int_eq (g.frames, frames);
	ck_assert (g.worst <= 1 && g.offsets_follow);
	drop (&g);
	close_test (&t);
	g_free (x);
}
END_TEST

START_TEST (a_pipeline_keeps_length_and_leaves_nothing)
{
	GstTracer *leaks = NULL;
	GList *tracers = gst_tracing_get_active_tracers ();
	for (GList *l = tracers; l; l = l->next)
		if (!strcmp (G_OBJECT_TYPE_NAME (l->data), "GstLeaksTracer"))
			leaks = l->data;
	gchar *file = g_strdup_printf ("%s/mdyn-gst-%d.raw", g_get_tmp_dir (), (int) getpid ());
	gchar *line = g_strdup_printf ("audiotestsrc num-buffers=100 wave=white-noise ! audioconvert ! mastercomp lookahead=5 post-messages=true "
	                               "! mastergate ! masternorm ! masterlimit ! audioconvert ! audio/x-raw,format=F32LE,channels=1 ! filesink location=%s",
	                               file);
	GPtrArray *all = run_pipeline (line, "mastercomp");
	gchar *data;
	gsize size;
	ck_assert (g_file_get_contents (file, &data, &size, NULL));
	ck_assert_int_eq (size, 100 * 1024 * 4);
	remove (file);
	g_free (data);
	g_ptr_array_unref (all);
	g_free (line);
	g_free (file);
	ck_assert_ptr_nonnull (leaks);
	guint alive = 1;
	for (int i = 0; alive && i < 200; i++) { /* the source's thread gives its task back a moment after the state has changed */
		GstStructure *info = NULL;
		g_usleep (10000);
		g_signal_emit_by_name (leaks, "get-live-objects", &info);
		alive = gst_value_list_get_size (gst_structure_get_value (info, "live-objects-list"));
		gst_structure_free (info);
	}
	ck_assert_int_eq (alive, 0);
	g_list_free_full (tracers, gst_object_unref);
}
END_TEST

int
main (int argc, char **argv)
{
	g_setenv ("GST_TRACERS", "leaks(check-refs=true)", FALSE);
	gst_init (&argc, &argv);
	Suite *s = suite_create ("gst-life");
	TCase *t = tcase_create ("life");
	tcase_set_timeout (t, 60);
	tcase_add_test (t, readings_come_at_their_interval);
	tcase_add_test (t, readings_have_no_nan);
	tcase_add_test (t, automation_is_timed_by_the_output);
	tcase_add_test (t, properties_may_be_set_from_another_thread);
	tcase_add_test (t, a_pipeline_keeps_length_and_leaves_nothing);
	suite_add_tcase (s, t);
	return run_tap (s);
}
