/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* What is done often. */
#include <malloc.h>

#include "pipeline.h"

/* Through all states and back, with a key: the memory in use stays where the first of them left it. */
START_TEST (two_thousand_cycles_leak_nothing)
{
	GstElement *p = parse ("audiotestsrc ! mastercomp lookahead=5 name=c ! mastergate ! masterlimit ! fakesink audiotestsrc ! c.key");
	gsize used = 0;
	for (int i = 0; i < 2000; i++) {
		gst_element_set_state (p, GST_STATE_PAUSED);
		ck_assert_int_eq (gst_element_get_state (p, NULL, NULL, 10 * GST_SECOND), GST_STATE_CHANGE_SUCCESS);
		if (i % 3 == 0)
			gst_element_set_state (p, GST_STATE_PLAYING);
		ck_assert_int_eq (gst_element_set_state (p, i % 2 ? GST_STATE_READY : GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
		if (i == 500)
			used = mallinfo2 ().uordblks;
	}
	gst_element_set_state (p, GST_STATE_NULL);
	gsize more = mallinfo2 ().uordblks;
	ck_assert_msg (more < used + 500000, "%" G_GSIZE_FORMAT " bytes more", more - used); /* threads come and go with 100 kB or so; a core a cycle would be 100 MB */
	gst_object_unref (p);
}
END_TEST

/* A segment begins and ends within a frame: GStreamer cuts the time there, not the frame. */
#define FRAME 22676 /* ns */

/* What passes a pad from one flush to the next. */
typedef struct Passed {
	guint64 frames;
	GstClockTime from, to;
	gboolean holes;
	guint32 sum;
} Passed;

static GstPadProbeReturn
count (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
	Passed *s = data;
	GstMapInfo m;
	(void) pad;
	if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
		GstBuffer *b = GST_PAD_PROBE_INFO_BUFFER (info);
		gst_buffer_map (b, &m, GST_MAP_READ);
		for (gsize i = 0; i < m.size / 4; i++)
			s->sum = s->sum * 31 + ((guint32 *) m.data)[i];
		if (s->frames == 0)
			s->from = GST_BUFFER_PTS (b);
		else
			s->holes |= ABS (GST_CLOCK_DIFF (s->to, GST_BUFFER_PTS (b))) > FRAME;
		s->to = GST_BUFFER_PTS (b) + GST_BUFFER_DURATION (b);
		s->frames += m.size / 4;
		gst_buffer_unmap (b, &m);
	} else if (GST_EVENT_TYPE (info->data) == GST_EVENT_FLUSH_STOP) {
		*s = (Passed) { 0 };
	}
	return GST_PAD_PROBE_OK;
}

/* Idle elements with three different latencies: what comes out behind them has the length, the times and the bits of what goes in. */
START_TEST (a_thousand_random_seeks)
{
	const GstPadProbeType what = GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_FLUSH;
	GstElement *p = parse ("audiotestsrc wave=pink-noise volume=0.3 samplesperbuffer=441 ! audio/x-raw,rate=44100,channels=1,format=" GST_AUDIO_NE (F32)
	                       " ! volume name=first ! mastercomp threshold=0 lookahead=7.3 ! mastergate threshold=-120 lookahead=1 ! masterlimit name=last ceiling=0 ! fakesink");
	GstElement *first = gst_bin_get_by_name (GST_BIN (p), "first"), *last = gst_bin_get_by_name (GST_BIN (p), "last");
	GstPad *before = gst_element_get_static_pad (first, "src"), *src = gst_element_get_static_pad (last, "src");
	GstBus *bus = gst_element_get_bus (p);
	Passed in = { 0 }, out = { 0 };
	guint32 seed = 7;
	gst_pad_add_probe (before, what, count, &in, NULL);
	gst_pad_add_probe (src, what, count, &out, NULL);
	gst_element_set_state (p, GST_STATE_PAUSED);
	ck_assert_int_eq (gst_element_get_state (p, NULL, NULL, 10 * GST_SECOND), GST_STATE_CHANGE_SUCCESS);
	for (int i = 0; i < 1000; i++) {
		guint64 from = (guint64) (seed = seed * 1664525u + 1013904223u) * 10, length = (seed = seed * 1664525u + 1013904223u) / 43 + 1; /* up to 43 s, 0.1 s */
		GstEvent *seek = gst_event_new_seek (1, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE, GST_SEEK_TYPE_SET, (gint64) from,
		                                     GST_SEEK_TYPE_SET, (gint64) (from + length));
		guint32 number = gst_event_get_seqnum (seek), ended = 0;
		ck_assert (gst_element_send_event (p, seek));
		if (i % 50 == 25) /* one that is overtaken by the next */
			continue;
		gst_element_set_state (p, GST_STATE_PLAYING);
		while (ended != number) {
			GstMessage *m = gst_bus_timed_pop_filtered (bus, 10 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
			ck_assert (m && GST_MESSAGE_TYPE (m) == GST_MESSAGE_EOS);
			ended = gst_message_get_seqnum (m);
			gst_message_unref (m);
		}
		ck_assert_msg (in.frames == out.frames && !out.holes, "seek %d: %d frames in, %d out", i, (int) in.frames, (int) out.frames);
		ck_assert_msg (in.sum == out.sum, "seek %d: other samples", i);
		ck_assert_msg (ABS (GST_CLOCK_DIFF (in.from, out.from)) <= 1 && ABS (GST_CLOCK_DIFF (in.to, out.to)) <= 1, "seek %d: %" G_GUINT64_FORMAT
		               " to %" G_GUINT64_FORMAT " instead of %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, i, out.from, out.to, in.from, in.to);
	}
	gst_element_set_state (p, GST_STATE_NULL);
	gst_object_unref (before);
	gst_object_unref (src);
	gst_object_unref (first);
	gst_object_unref (last);
	gst_object_unref (bus);
	gst_object_unref (p);
}
END_TEST

int
main (int argc, char **argv)
{
	gst_init (&argc, &argv);
	Suite *s = suite_create ("gst-often");
	TCase *t = tcase_create ("often");
	tcase_set_timeout (t, 100);
	tcase_add_test (t, two_thousand_cycles_leak_nothing);
	tcase_add_test (t, a_thousand_random_seeks);
	suite_add_tcase (s, t);
	return run_tap (s);
}
