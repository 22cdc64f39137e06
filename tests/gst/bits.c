/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Samples: untouched where nothing is to do, else those that the core gives. */
#include "common.h"

/* Settings under which a signal of 0.4 passes untouched; each class also by bypass. */
static const struct {
	const char *name, *rows;
} idle[] = {
	{ "mastercomp", "threshold=0" },
	{ "mastercomp", "threshold=0:lookahead=5" },
	{ "masterlimit", "ceiling=0" },
	{ "masterlimit", "ceiling=0:lookahead=1.5:true-peak=false" },
	{ "mastergate", "threshold=-120" },
	{ "mastergate", "threshold=-120:lookahead=5" },
	{ "masternorm", "mode=measure" },
	{ "mastercomp", "bypass=true:threshold=-60:makeup=20" },
	{ "masterlimit", "bypass=true:input-gain=20" },
	{ "mastergate", "bypass=true:threshold=0:lookahead=2" },
	{ "masternorm", "bypass=true:lookahead=100" },
};

static void
check_idle (const char *name, const char *rows, const Shape *s, gsize frames, gsize size)
{
	gchar *what = g_strdup_printf ("%s %s, %s %s, %" G_GSIZE_FORMAT " frames a buffer", name, rows, s->f64 ? "F64" : "F32",
	                               s->planar ? "planar" : "interleaved", size);
	double *x = noise (s, frames, 0.4, 7);
	Test t = open_test (name, rows, s);
	t.base = 3 * GST_SECOND;
	push_all (&t, x, frames, size);
	eos (&t);
	Got g = pull (&t);
	assert_same (&g, x, frames, s->channels, what);
	ck_assert_msg (g.pts == t.base && g.offset == 0, "%s: starts at %" G_GUINT64_FORMAT, what, g.pts);
	ck_assert_msg (g.end == t.base + time_of (s, frames) || g.end + 1 == t.base + time_of (s, frames), "%s: ends at %" G_GUINT64_FORMAT, what, g.end);
	drop (&g);
	close_test (&t);
	g_free (x);
	g_free (what);
}

START_TEST (idle_is_untouched_in_every_format)
{
	for (gsize i = 0; i < G_N_ELEMENTS (idle); i++)
		for (int f64 = 0; f64 < 2; f64++)
			for (int planar = 0; planar < 2; planar++) {
				const Shape s = { 44100, 2, f64, planar };
				check_idle (idle[i].name, idle[i].rows, &s, 5000, 480);
			}
}
END_TEST

START_TEST (idle_is_untouched_at_every_buffer_size)
{
	static const gsize sizes[] = { 1, 7, 63, 64, 65, 441, 1000, 1000000 };
	for (gsize i = 0; i < G_N_ELEMENTS (idle); i++)
		for (gsize k = 0; k < G_N_ELEMENTS (sizes); k++)
			check_idle (idle[i].name, idle[i].rows, &STEREO, 2500, sizes[k]);
	check_idle ("mastercomp", "threshold=0:lookahead=50", &STEREO, 500000, 1000000);
}
END_TEST

START_TEST (idle_is_untouched_at_the_ends_of_rate_and_channels)
{
	static const Shape shapes[] = { { MDYN_RATE_MIN, 1, FALSE, FALSE }, { MDYN_RATE_MAX, 2, TRUE, TRUE }, { 48000, MDYN_CHANNELS_MAX, FALSE, TRUE },
		                        { 48000, MDYN_CHANNELS_MAX, TRUE, FALSE }, { 96000, 6, FALSE, FALSE } };
	for (gsize i = 0; i < G_N_ELEMENTS (idle); i++)
		for (gsize k = 0; k < G_N_ELEMENTS (shapes); k++)
			check_idle (idle[i].name, idle[i].rows, &shapes[k], 1500, 500);
}
END_TEST

START_TEST (work_has_the_bits_of_the_core)
{
	static const struct {
		const char *name, *rows;
		gboolean moves;
	} work[] = {
		{ "mastercomp", "threshold=-30:ratio=inf:attack=1:makeup=3", TRUE },
		{ "mastercomp", "threshold=-30:detector=loudness:lookahead=7:link=50", TRUE },
		{ "masterlimit", "input-gain=12", FALSE },
		{ "mastergate", "threshold=-6:lookahead=3", TRUE },
		{ "masternorm", "mode=live:target=-30", FALSE },
	};
	const gsize frames = 30000;
	for (gsize i = 0; i < G_N_ELEMENTS (work); i++)
		for (int f = 0; f < 4; f++) {
			const Shape s = { 48000, f == 3 ? 1 : 2, f & 1, f & 2 };
			double *x = noise (&s, frames, 0.9, 3);
			for (gsize k = 0; k < frames * s.channels; k++) /* loud and soft by turns */
				x[k] *= k / s.channels / 3000 % 2 ? 1 : 1.0 / 64;
			double *wanted = by_core (work[i].name, work[i].rows, &s, x, frames, NULL, 0);
			Test t = open_test (work[i].name, work[i].rows, &s);
			for (gsize size = 1; t.at < frames; size = size * 3 % 2003)
				ck_assert_int_eq (push (&t, x, MIN (size, frames - t.at)), GST_FLOW_OK);
			eos (&t);
			Got g = pull (&t);
			assert_same (&g, wanted, frames, s.channels, work[i].name);
			ck_assert_msg (!work[i].moves || memcmp (x, wanted, frames * s.channels * sizeof *x), "%s did nothing", work[i].name);
			drop (&g);
			close_test (&t);
			g_free (x);
			g_free (wanted);
		}
}
END_TEST

/* Each number of channels, without positions and with those of the first bits of a mask. */
START_TEST (idle_is_untouched_at_each_number_of_channels)
{
	for (guint channels = 1; channels <= MDYN_CHANNELS_MAX; channels++)
		for (int masked = 0; masked < (channels > 1 && channels <= 28 ? 2 : 1); masked++)
			for (int k = 0; k < MDYN_KINDS; k++) {
				const Shape s = { 8000, channels, k & 1, k & 2 };
				double *x = noise (&s, 300, 0.4, channels);
				Test t = open_test (mdyn_class_get (k)->name, "bypass=true", &s);
				if (masked) {
					GstCaps *caps = caps_of (&s, &t.info);
					gst_caps_set_simple (caps, "channel-mask", GST_TYPE_BITMASK, ((guint64) 1 << channels) - 1, NULL);
					ck_assert (gst_audio_info_from_caps (&t.info, caps));
					gst_harness_set_src_caps (t.h, caps);
				}
				push_all (&t, x, 300, 100);
				eos (&t);
				Got g = pull (&t);
				assert_same (&g, x, 300, channels, mdyn_class_get (k)->name);
				GstPad *pad = gst_element_get_static_pad (t.e, "src");
				GstCaps *in = gst_pad_get_current_caps (GST_PAD_PEER (t.h->srcpad)), *out = gst_pad_get_current_caps (pad);
				ck_assert (gst_caps_is_equal (in, out));
				gst_caps_unref (in);
				gst_caps_unref (out);
				gst_object_unref (pad);
				drop (&g);
				close_test (&t);
				g_free (x);
			}
}
END_TEST

/* A buffer of several memories, one of them shared, cut anywhere if interleaved, at the planes if planar. */
START_TEST (buffers_of_many_memories)
{
	for (int planar = 0; planar < 2; planar++) {
		const Shape s = { 48000, 2, FALSE, planar };
		const gsize frames = 480;
		double *x = noise (&s, frames, 0.9, 5), *wanted = by_core ("mastercomp", "threshold=-40", &s, x, frames, NULL, 0);
		Test t = open_test ("mastercomp", "threshold=-40", &s);
		GstBuffer *whole = buffer_of (&t, x, 0, frames), *b = gst_buffer_new ();
		GstMapInfo m, kept;
		gst_buffer_map (whole, &m, GST_MAP_READ);
		const gsize cuts[] = { 0, planar ? m.size / 2 : 13, planar ? m.size / 2 : 1001, m.size };
		guint8 *before = g_memdup2 (m.data, m.size);
		GstMemory *shared = NULL;
		for (gsize i = 0; i + 1 < G_N_ELEMENTS (cuts); i++)
			if (cuts[i + 1] > cuts[i]) {
				GstMemory *part = gst_allocator_alloc (NULL, cuts[i + 1] - cuts[i], NULL);
				GstMapInfo to;
				gst_memory_map (part, &to, GST_MAP_WRITE);
				memcpy (to.data, m.data + cuts[i], to.size);
				gst_memory_unmap (part, &to);
				gst_buffer_append_memory (b, part);
				shared = part;
			}
		GstBuffer *other = gst_buffer_new (); /* shares the last one */
		gst_buffer_append_memory (other, gst_memory_ref (shared));
		if (planar)
			gst_buffer_add_audio_meta (b, &t.info, frames, NULL);
		ck_assert_int_eq (gst_buffer_n_memory (b), planar ? 2 : 3);
		ck_assert_int_eq (gst_harness_push (t.h, stamp (b, 0, 10 * GST_MSECOND, 0, frames)), GST_FLOW_OK);
		Got g = pull (&t);
		assert_same (&g, wanted, frames, 2, planar ? "planes apart" : "pieces");
		ck_assert (memcmp (wanted, x, frames * 2 * sizeof *x));
		gst_buffer_map (other, &kept, GST_MAP_READ);
		ck_assert (!memcmp (kept.data, before + m.size - kept.size, kept.size)); /* not written to */
		gst_buffer_unmap (other, &kept);
		gst_buffer_unref (other);
		gst_buffer_unmap (whole, &m);
		gst_buffer_unref (whole);
		g_free (before);
		drop (&g);
		close_test (&t);
		g_free (x);
		g_free (wanted);
	}
}
END_TEST

START_TEST (the_input_is_not_written_to)
{
	for (int planar = 0; planar < 2; planar++) {
		const Shape s = { 48000, 2, FALSE, planar };
		double *x = noise (&s, 480, 0.9, 5);
		Test t = open_test ("mastercomp", "threshold=-40", &s);
		GstBuffer *b = stamp (buffer_of (&t, x, 0, 480), 0, 10 * GST_MSECOND, 0, 480), *same = buffer_of (&t, x, 0, 480);
		GstMapInfo a, c;
		gst_buffer_ref (b);
		ck_assert_int_eq (gst_harness_push (t.h, b), GST_FLOW_OK);
		gst_buffer_map (b, &a, GST_MAP_READ);
		gst_buffer_map (same, &c, GST_MAP_READ);
		ck_assert_int_eq (memcmp (a.data, c.data, a.size), 0);
		gst_buffer_unmap (b, &a);
		gst_buffer_unmap (same, &c);
		gst_buffer_unref (b);
		gst_buffer_unref (same);
		close_test (&t);
		g_free (x);
	}
}
END_TEST

START_TEST (non_finite_samples_are_silenced_and_told_once)
{
	double x[480 * 2];
	double n;
	for (int i = 0; i < 960; i++)
		x[i] = 0.1;
	x[10] = NAN;
	x[11] = INFINITY;
	x[500] = -INFINITY;
	Test t = open_test ("mastercomp", "threshold=0", &STEREO);
	push_all (&t, x, 480, 480);
	eos (&t);
	Got g = pull (&t);
	x[10] = x[11] = x[500] = 0;
	for (int i = 0; i < 960; i++)
		ck_assert (at (&g, i) == (double) (float) x[i]);
	g_object_get (t.e, "nonfinite", &n, NULL);
	ck_assert (n == 3);
	gst_element_set_state (t.e, GST_STATE_READY);
	gchar *first = message (&t, GST_MESSAGE_WARNING), *second = message (&t, GST_MESSAGE_WARNING);
	ck_assert (first && strstr (first, "3 samples"));
	ck_assert_ptr_null (second);
	g_free (first);
	drop (&g);
	close_test (&t);
}
END_TEST

/* Of 5.1, one channel sounds; the low frequency effects count for nothing. */
static double
loudness_of_channel (int sounding)
{
	static float x[48000 * 6];
	double loudness;
	Test t = open_test ("masternorm", "mode=measure", NULL);
	gst_harness_set_src_caps_str (t.h, "audio/x-raw,format=" GST_AUDIO_NE (F32) ",layout=interleaved,rate=48000,channels=6,channel-mask=(bitmask)0x3f");
	for (int i = 0; i < 48000 * 6; i++)
		x[i] = i % 6 == sounding ? 0.5f * (float) sin (i / 6 * 0.13) : 0;
	GstBuffer *b = gst_buffer_new_memdup (x, sizeof x);
	ck_assert_int_eq (gst_harness_push (t.h, stamp (b, 0, GST_SECOND, 0, 48000)), GST_FLOW_OK);
	eos (&t);
	g_object_get (t.e, "integrated", &loudness, NULL);
	close_test (&t);
	return loudness;
}

START_TEST (positions_reach_the_core)
{
	double front = loudness_of_channel (0), surround = loudness_of_channel (4);
	ck_assert_msg (front > -12 && front < -6, "%g", front);
	ck_assert_msg (isnan (loudness_of_channel (3)), "the LFE counts");
	ck_assert_msg (surround >= front, "%g, %g", front, surround);
}
END_TEST

int
main (int argc, char **argv)
{
	gst_init (&argc, &argv);
	Suite *s = suite_create ("gst-bits");
	TCase *t = tcase_create ("bits");
	tcase_set_timeout (t, 60);
	tcase_add_test (t, idle_is_untouched_in_every_format);
	tcase_add_test (t, idle_is_untouched_at_every_buffer_size);
	tcase_add_test (t, idle_is_untouched_at_the_ends_of_rate_and_channels);
	tcase_add_test (t, work_has_the_bits_of_the_core);
	tcase_add_test (t, idle_is_untouched_at_each_number_of_channels);
	tcase_add_test (t, buffers_of_many_memories);
	tcase_add_test (t, the_input_is_not_written_to);
	tcase_add_test (t, non_finite_samples_are_silenced_and_told_once);
	tcase_add_test (t, positions_reach_the_core);
	suite_add_tcase (s, t);
	return run_tap (s);
}
