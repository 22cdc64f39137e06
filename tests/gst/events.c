/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Flushes, segments, caps, settings while playing, odd buffers. */
#include "common.h"

#define LATE "threshold=0:lookahead=5"

START_TEST (a_flush_forgets_all)
{
	double *x = noise (&STEREO, 9600, 0.9, 1);
	GstSegment segment;
	const char *rows = "threshold=-30:release=1000:lookahead=5";
	Test t = open_test ("mastercomp", rows, &STEREO), fresh = open_test ("mastercomp", rows, &STEREO);
	push_all (&t, x, 4800, 480);
	ck_assert (gst_harness_push_event (t.h, gst_event_new_flush_start ()));
	ck_assert (gst_harness_push_event (t.h, gst_event_new_flush_stop (TRUE)));
	Got before = pull (&t);
	gst_segment_init (&segment, GST_FORMAT_TIME);
	segment.start = segment.time = 5 * GST_SECOND;
	ck_assert (gst_harness_push_event (t.h, gst_event_new_segment (&segment)));
	t.at = 0;
	t.base = fresh.base = 5 * GST_SECOND;
	push_all (&t, x, 9600, 480);
	push_all (&fresh, x, 9600, 480);
	eos (&t);
	eos (&fresh);
	Got a = pull (&t), b = pull (&fresh);
	ck_assert_int_eq (before.frames, 4800 - 240);
	ck_assert (a.pts == 5 * GST_SECOND);
	assert_same (&a, (double *) b.x->data, 9600, 2, "after a flush");
	drop (&before);
	drop (&a);
	drop (&b);
	close_test (&t);
	close_test (&fresh);
	g_free (x);
}
END_TEST

static guint64
frames_out (const Test *t)
{
	Got g = pull (t);
	guint64 n = g.frames;
	drop (&g);
	return n;
}

START_TEST (the_tail_comes_before_a_new_segment)
{
	double *x = noise (&STEREO, 4800, 0.4, 1);
	GstSegment segment;
	Test t = open_test ("mastercomp", LATE, &STEREO);
	push_all (&t, x, 4800, 480);
	gst_segment_init (&segment, GST_FORMAT_TIME);
	ck_assert (gst_harness_push_event (t.h, gst_event_new_segment (&segment))); /* the same once more: nothing ends */
	ck_assert_int_eq (frames_out (&t), 4560);
	segment.base = 100 * GST_MSECOND;
	ck_assert (gst_harness_push_event (t.h, gst_event_new_segment (&segment)));
	ck_assert_int_eq (frames_out (&t), 240);
	t.at = 0;
	push_all (&t, x, 4800, 480);
	expect (&t, x, 4800, "second segment");
	close_test (&t);
	g_free (x);
}
END_TEST

/* What a probe behind the element sees, as one letter each: b buffer, c caps, s segment. */
static GstPadProbeReturn
note (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
	GString *s = data;
	char c = 0;
	(void) pad;
	if (info->type & GST_PAD_PROBE_TYPE_BUFFER)
		c = 'b';
	else if (GST_EVENT_TYPE (info->data) == GST_EVENT_CAPS)
		c = 'c';
	else if (GST_EVENT_TYPE (info->data) == GST_EVENT_SEGMENT)
		c = 's';
	if (c)
		g_string_append_c (s, c);
	return GST_PAD_PROBE_OK;
}

START_TEST (new_caps_come_behind_the_tail)
{
	const Shape second = { 44100, 1, TRUE, TRUE };
	double *x = noise (&STEREO, 4800, 0.4, 1), *y = noise (&second, 4410, 0.4, 2);
	GString *seen = g_string_new (NULL);
	Test t = open_test ("mastercomp", LATE, &STEREO);
	GstPad *pad = gst_element_get_static_pad (t.e, "src");
	gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, note, seen, NULL);
	push_all (&t, x, 4800, 4800);
	GstAudioInfo info;
	GstCaps *caps = caps_of (&second, &info);
	ck_assert (gst_harness_push_event (t.h, gst_event_new_caps (caps)));
	gst_caps_unref (caps);
	Got g = pull (&t);
	assert_same (&g, x, 4800, 2, "before new caps");
	ck_assert_msg (g_str_has_suffix (seen->str, "bbc"), "%s", seen->str);
	drop (&g);
	t.shape = second;
	t.info = info;
	t.at = 0;
	t.base = 100 * GST_MSECOND;
	push_all (&t, y, 4410, 441);
	eos (&t);
	g = pull (&t);
	assert_same (&g, y, 4410, 1, "after new caps");
	ck_assert (g.pts == 100 * GST_MSECOND);
	drop (&g);
	gst_object_unref (pad);
	close_test (&t);
	g_string_free (seen, TRUE);
	g_free (x);
	g_free (y);
}
END_TEST

START_TEST (a_setup_row_set_while_playing_is_taken_between_buffers)
{
	double *x = noise (&STEREO, 9600, 0.4, 1);
	Test t = open_test ("mastercomp", LATE, &STEREO);
	push_all (&t, x, 4800, 480);
	g_object_set (t.e, "lookahead", 20.0, NULL);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq (push (&t, x, 480), GST_FLOW_OK);
	ck_assert (gst_harness_query_latency (t.h) == 20 * GST_MSECOND);
	g_object_set (t.e, "lookahead", 0.0, NULL);
	expect (&t, x, 9600, "lookahead set");
	close_test (&t);
	g_free (x);
}
END_TEST

START_TEST (a_live_row_set_while_playing_is_heard)
{
	double *x = noise (&STEREO, 9600, 0.01, 1);
	Test t = open_test ("mastercomp", NULL, &STEREO);
	push_all (&t, x, 4800, 480);
	g_object_set (t.e, "makeup", 6.0, NULL);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq (push (&t, x, 480), GST_FLOW_OK);
	Got g = pull (&t);
	ck_assert (at (&g, 9599) == x[9599] && fabs (at (&g, 19199) / x[19199] - pow (10, 0.3)) < 1e-4);
	drop (&g);
	close_test (&t);
	g_free (x);
}
END_TEST

START_TEST (formats_outside_are_refused)
{
	static const char *const bad[] = {
		"audio/x-raw,format=F32LE,layout=interleaved,channels=2,rate=7999",
		"audio/x-raw,format=F32LE,layout=interleaved,channels=2,rate=384001",
		"audio/x-raw,format=S16LE,layout=interleaved,channels=2,rate=48000",
		"audio/x-raw,format=F32BE,layout=interleaved,channels=2,rate=48000",
		"audio/x-raw,format=F32LE,layout=interleaved,channels=65,rate=48000,channel-mask=(bitmask)0",
	};
	for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
		Test t = open_test ("masterlimit", NULL, &STEREO);
		GstPad *sink = gst_element_get_static_pad (t.e, "sink");
		GstCaps *caps = gst_caps_from_string (bad[i]);
		double x[4] = { 0 };
		ck_assert_int_eq (push (&t, x, 1), GST_FLOW_OK);
		ck_assert_msg (!gst_pad_query_accept_caps (sink, caps), "%s", bad[i]);
		gst_harness_push_event (t.h, gst_event_new_caps (caps)); /* sticks to the pad before, so the next buffer brings it along */
		ck_assert_msg (push (&t, x, 1) == GST_FLOW_NOT_NEGOTIATED, "%s", bad[i]);
		gst_object_unref (sink);
		gst_caps_unref (caps);
		close_test (&t);
	}
}
END_TEST

START_TEST (odd_buffers)
{
	double *x = noise (&STEREO, 480, 0.4, 1);
	Test t = open_test ("mastercomp", "threshold=0", &STEREO);
	ck_assert_int_eq (gst_harness_push (t.h, gst_buffer_new ()), GST_FLOW_OK); /* of no size */
	push_all (&t, x, 480, 480);
	ck_assert_int_eq (gst_harness_buffers_received (t.h), 1);
	ck_assert_int_eq (gst_harness_push (t.h, gst_buffer_new_allocate (NULL, 13, NULL)), GST_FLOW_ERROR); /* of 1.6 frames */
	gchar *why = message (&t, GST_MESSAGE_ERROR);
	ck_assert (why && strstr (why, "within a frame"));
	g_free (why);
	close_test (&t);

	const Shape planar = { 48000, 2, FALSE, TRUE };
	t = open_test ("mastercomp", "threshold=0", &planar);
	ck_assert_int_eq (gst_harness_push (t.h, gst_buffer_new_allocate (NULL, 64, NULL)), GST_FLOW_ERROR); /* planes that nobody describes */
	why = message (&t, GST_MESSAGE_ERROR);
	ck_assert (why && strstr (why, "audio meta"));
	g_free (why);
	close_test (&t);
	g_free (x);
}
END_TEST

START_TEST (reverse_playback_gives_each_buffer_back_whole)
{
	double *x = noise (&STEREO, 4800, 0.4, 1);
	GstSegment segment;
	Test t = open_test ("mastercomp", LATE, &STEREO);
	gst_segment_init (&segment, GST_FORMAT_TIME);
	segment.rate = -1;
	segment.stop = 100 * GST_MSECOND;
	push_all (&t, x, 0, 1);
	ck_assert (gst_harness_push_event (t.h, gst_event_new_segment (&segment)));
	for (int i = 9; i >= 0; i--) {
		t.at = (guint64) i * 480;
		ck_assert_int_eq (push (&t, x, 480), GST_FLOW_OK);
		Got g = pull (&t);
		assert_same (&g, x + i * 960, 480, 2, "reverse");
		ck_assert (g.pts == (guint64) i * 10 * GST_MSECOND);
		drop (&g);
	}
	close_test (&t);
	g_free (x);
}
END_TEST

START_TEST (a_drain_query_brings_the_tail_out)
{
	double *x = noise (&STEREO, 9600, 0.4, 1);
	Test t = open_test ("mastercomp", LATE, &STEREO);
	push_all (&t, x, 4800, 480);
	GstQuery *q = gst_query_new_drain ();
	GstPad *sink = gst_element_get_static_pad (t.e, "sink");
	gst_pad_query (sink, q);
	gst_query_unref (q);
	gst_object_unref (sink);
	ck_assert_int_eq (gst_harness_buffers_received (t.h), 11); /* ten of the input, the tail */
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq (push (&t, x, 480), GST_FLOW_OK);
	expect (&t, x, 9600, "drained between");
	close_test (&t);
	g_free (x);
}
END_TEST

int
main (int argc, char **argv)
{
	gst_init (&argc, &argv);
	Suite *s = suite_create ("gst-events");
	TCase *t = tcase_create ("events");
	tcase_set_timeout (t, 60);
	tcase_add_test (t, a_flush_forgets_all);
	tcase_add_test (t, the_tail_comes_before_a_new_segment);
	tcase_add_test (t, new_caps_come_behind_the_tail);
	tcase_add_test (t, a_setup_row_set_while_playing_is_taken_between_buffers);
	tcase_add_test (t, a_live_row_set_while_playing_is_heard);
	tcase_add_test (t, formats_outside_are_refused);
	tcase_add_test (t, odd_buffers);
	tcase_add_test (t, reverse_playback_gives_each_buffer_back_whole);
	tcase_add_test (t, a_drain_query_brings_the_tail_out);
	suite_add_tcase (s, t);
	return run_tap (s);
}
