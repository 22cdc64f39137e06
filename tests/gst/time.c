/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Time: latency told and taken back, jumps, jitter, gaps. */
#include "common.h"

#define LATE "threshold=0:lookahead=5" /* mastercomp that does nothing, 5 ms late */

START_TEST (latency_is_told)
{
	Test t = open_test ("mastercomp", LATE, NULL);
	ck_assert (gst_harness_query_latency (t.h) == 5 * GST_MSECOND); /* before the rate is known */
	shape_test (&t, &STEREO);
	ck_assert (gst_harness_query_latency (t.h) == 5 * GST_MSECOND);
	GstMessage *m = gst_bus_pop_filtered (t.bus, GST_MESSAGE_LATENCY);
	ck_assert_ptr_nonnull (m);
	gst_message_unref (m);
	close_test (&t);
	t = open_test ("mastercomp", NULL, &STEREO);
	ck_assert (gst_harness_query_latency (t.h) == 0);
	close_test (&t);
}
END_TEST

START_TEST (upstream_latency_is_kept)
{
	Test t = open_test ("mastercomp", LATE, &STEREO);
	gst_harness_set_upstream_latency (t.h, 30 * GST_MSECOND);
	ck_assert (gst_harness_query_latency (t.h) == 35 * GST_MSECOND);
	close_test (&t);
}
END_TEST

START_TEST (it_comes_out_as_late_as_told)
{
	for (int k = 0; k < MDYN_KINDS; k++) {
		const mdyn_class *cls = mdyn_class_get (k);
		double *x = noise (&STEREO, 96000, 0.1, 2);
		Test t = open_test (cls->name, "bypass=true", &STEREO);
		guint64 late = latency_frames (&t);
		push_all (&t, x, 96000, 960);
		Got g = pull (&t);
		ck_assert_msg (g.frames == 96000 - MIN (late, 96000), "%s: %d frames late, %d out", cls->name, (int) late, (int) g.frames);
		drop (&g);
		close_test (&t);
		g_free (x);
	}
}
END_TEST

START_TEST (an_impulse_stays_in_its_place)
{
	const char *const names[] = { "mastercomp", "masterlimit", "mastergate", "masternorm" };
	for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
		double *x = g_new0 (double, 48000 * 2);
		x[24000 * 2] = x[24000 * 2 + 1] = 0.9;
		Test t = open_test (names[i], NULL, &STEREO);
		push_all (&t, x, 48000, 1024);
		eos (&t);
		Got g = pull (&t);
		ck_assert_int_eq (g.frames, 48000);
		for (gsize k = 0; k < g.frames; k++)
			ck_assert_msg ((fabs (at (&g, 2 * k)) > 1e-3) == (k == 24000), "%s: %g at %" G_GSIZE_FORMAT, names[i], at (&g, 2 * k), k);
		drop (&g);
		close_test (&t);
		g_free (x);
	}
}
END_TEST

START_TEST (a_stream_shorter_than_the_latency_comes_out_whole)
{
	for (gsize frames = 1; frames < 300; frames += 37) {
		double *x = noise (&STEREO, frames, 0.4, 1);
		Test t = open_test ("mastercomp", LATE, &STEREO);
		push_all (&t, x, frames, frames);
		Got none = pull (&t);
		if (frames <= 240)
			ck_assert_int_eq (none.frames, 0);
		drop (&none);
		close_test (&t);
		t = open_test ("mastercomp", LATE, &STEREO);
		push_all (&t, x, frames, 10);
		eos (&t);
		Got g = pull (&t);
		assert_same (&g, x, frames, 2, "short");
		ck_assert_int_eq (g.disconts, 1);
		drop (&g);
		close_test (&t);
		g_free (x);
	}
	Test t = open_test ("mastercomp", LATE, &STEREO); /* and one of no length at all */
	eos (&t);
	ck_assert_int_eq (gst_harness_buffers_received (t.h), 0);
	close_test (&t);
}
END_TEST

/* Pushes n frames that say they lie at pts. */
static void
push_at (Test *t, const double *x, gsize from, gsize n, GstClockTime pts, guint flags)
{
	GstBuffer *b = stamp (buffer_of (t, x, from, n), pts, time_of (&t->shape, n), GST_BUFFER_OFFSET_NONE, 0);
	GST_BUFFER_OFFSET_END (b) = GST_BUFFER_OFFSET_NONE;
	GST_BUFFER_FLAG_SET (b, flags);
	ck_assert_int_eq (gst_harness_push (t->h, b), GST_FLOW_OK);
}

START_TEST (a_jump_stays_a_jump)
{
	double *x = noise (&STEREO, 9600, 0.4, 1);
	for (int flagged = 0; flagged < 2; flagged++) {
		GstClockTime later = flagged ? 101 * GST_MSECOND : 1100 * GST_MSECOND; /* flagged, 1 ms is enough */
		Test t = open_test ("mastercomp", LATE, &STEREO);
		push_at (&t, x, 0, 4800, 0, 0);
		push_at (&t, x, 4800, 4800, later, flagged ? GST_BUFFER_FLAG_DISCONT : 0);
		eos (&t);
		GstClockTime next = 0;
		gsize frames = 0;
		for (Got g; pull_one (&t, &g); drop (&g)) {
			if (frames == 4800)
				next = later;
			ck_assert_int_eq (g.pts, next);
			ck_assert_int_eq (g.disconts, frames == 0 || frames == 4800);
			for (gsize i = 0; i < g.frames * 2; i++)
				ck_assert (at (&g, i) == x[frames * 2 + i]);
			frames += g.frames;
			next = g.end;
		}
		ck_assert_int_eq (frames, 9600);
		close_test (&t);
	}
	g_free (x);
}
END_TEST

START_TEST (jitter_is_passed_on_without_a_drain)
{
	static const gint64 off[] = { 0, 3000000, -2000000, 1, 0, -1, 5000000, 0, 0, 0 };
	double *x = noise (&STEREO, 4800, 0.4, 1);
	Test t = open_test ("mastercomp", "threshold=0", &STEREO);
	for (int i = 0; i < 10; i++)
		push_at (&t, x, i * 480, 480, GST_SECOND + i * 10 * GST_MSECOND + off[i], 0);
	for (int i = 0; i < 10; i++) {
		GstBuffer *b = gst_harness_pull (t.h);
		ck_assert_int_eq (GST_BUFFER_PTS (b), GST_SECOND + i * 10 * GST_MSECOND + off[i]);
		ck_assert_int_eq (GST_BUFFER_DURATION (b), 10 * GST_MSECOND);
		gst_buffer_unref (b);
	}
	close_test (&t);

	t = open_test ("mastercomp", LATE, &STEREO); /* late: each frame within the time that its input had */
	for (int i = 0; i < 10; i++)
		push_at (&t, x, i * 480, 480, GST_SECOND + i * 10 * GST_MSECOND + off[i], 0);
	eos (&t);
	Got g = pull (&t);
	ck_assert_int_eq (g.frames, 4800);
	ck_assert_int_eq (g.pts, GST_SECOND);
	ck_assert_int_eq (g.disconts, 1);
	ck_assert (g.worst <= 7 * GST_MSECOND);
	for (gsize i = 0; i < 9600; i++)
		ck_assert (at (&g, i) == x[i]);
	drop (&g);
	close_test (&t);
	g_free (x);
}
END_TEST

START_TEST (a_stream_without_times_stays_without)
{
	double *x = noise (&STEREO, 4800, 0.4, 1);
	Test t = open_test ("mastercomp", LATE, &STEREO);
	for (int i = 0; i < 10; i++)
		push_at (&t, x, i * 480, 480, GST_CLOCK_TIME_NONE, 0);
	eos (&t);
	GstBuffer *b;
	gsize size = 0;
	while ((b = gst_harness_try_pull (t.h))) {
		ck_assert (!GST_BUFFER_PTS_IS_VALID (b));
		size += gst_buffer_get_size (b);
		gst_buffer_unref (b);
	}
	ck_assert_int_eq (size, 4800 * 8);
	close_test (&t);
	g_free (x);
}
END_TEST

START_TEST (a_gap_event_becomes_silence)
{
	double *x = noise (&STEREO, 4800, 0.4, 1);
	Test t = open_test ("mastercomp", LATE, &STEREO);
	push_at (&t, x, 0, 2400, 0, 0);
	ck_assert (gst_harness_push_event (t.h, gst_event_new_gap (50 * GST_MSECOND, 250 * GST_MSECOND)));
	push_at (&t, x, 2400, 2400, 300 * GST_MSECOND, 0);
	eos (&t);
	Got g = pull (&t);
	ck_assert_int_eq (g.frames, 16800);
	ck_assert (g.worst <= 1);
	ck_assert_int_eq (g.disconts, 1);
	ck_assert_int_ge (g.gaps, 1);
	for (gsize i = 0; i < g.frames * 2; i++)
		ck_assert (at (&g, i) == (i < 4800 ? x[i] : i < 28800 ? 0 : x[i - 24000]));
	drop (&g);
	close_test (&t);
	g_free (x);
}
END_TEST

START_TEST (a_long_gap_event_goes_through_behind_the_tail)
{
	double *x = noise (&STEREO, 4800, 0.4, 1);
	Test t = open_test ("mastercomp", LATE, &STEREO);
	push_at (&t, x, 0, 2400, 0, 0);
	ck_assert (gst_harness_push_event (t.h, gst_event_new_gap (50 * GST_MSECOND, 60 * GST_SECOND)));
	Got g = pull (&t);
	ck_assert_int_eq (g.frames, 2400);
	GstEvent *e;
	gboolean seen = FALSE;
	while ((e = gst_harness_try_pull_event (t.h))) {
		seen |= GST_EVENT_TYPE (e) == GST_EVENT_GAP;
		gst_event_unref (e);
	}
	ck_assert (seen);
	drop (&g);
	close_test (&t);
	g_free (x);
}
END_TEST

/* A flag may only stand on what is silent: it travels as late as the audio. */
START_TEST (the_gap_flag_moves_with_the_silence)
{
	double *x = noise (&STEREO, 48000, 0.4, 1);
	memset (x + 9600 * 2, 0, 19200 * 2 * sizeof *x);
	for (int late = 0; late < 2; late++) {
		Test t = open_test ("mastercomp", late ? LATE : "threshold=0", &STEREO);
		for (gsize i = 0; i < 48000; i += 480)
			push_at (&t, x, i, 480, time_of (&STEREO, i), i >= 9600 && i < 28800 ? GST_BUFFER_FLAG_GAP : 0);
		eos (&t);
		guint flagged = 0;
		for (Got g; pull_one (&t, &g); drop (&g)) {
			gboolean silent = TRUE;
			for (gsize i = 0; i < g.x->len; i++)
				silent &= at (&g, i) == 0;
			ck_assert (silent || !g.gaps);
			flagged += g.gaps;
		}
		ck_assert_int_ge (flagged, 38);
		close_test (&t);
	}
	g_free (x);
}
END_TEST

int
main (int argc, char **argv)
{
	gst_init (&argc, &argv);
	Suite *s = suite_create ("gst-time");
	TCase *t = tcase_create ("time");
	tcase_set_timeout (t, 60);
	tcase_add_test (t, latency_is_told);
	tcase_add_test (t, upstream_latency_is_kept);
	tcase_add_test (t, it_comes_out_as_late_as_told);
	tcase_add_test (t, an_impulse_stays_in_its_place);
	tcase_add_test (t, a_stream_shorter_than_the_latency_comes_out_whole);
	tcase_add_test (t, a_jump_stays_a_jump);
	tcase_add_test (t, jitter_is_passed_on_without_a_drain);
	tcase_add_test (t, a_stream_without_times_stays_without);
	tcase_add_test (t, a_gap_event_becomes_silence);
	tcase_add_test (t, a_long_gap_event_goes_through_behind_the_tail);
	tcase_add_test (t, the_gap_flag_moves_with_the_silence);
	suite_add_tcase (s, t);
	return run_tap (s);
}
