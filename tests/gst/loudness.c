/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* EBU Tech 3341, cases 1 to 6, as masternorm's messages on the bus tell them: tones of 1 kHz, what must be read within 0.1 LU. */
#include "common.h"

static const guint rates[] = { 44100, 48000, 96000 };

typedef struct Step {
	double db, seconds;      /* level of each channel's peak */
} Step;

static const struct {
	Step steps[5];
	double integrated;
	gboolean steady;         /* then momentary and short-term loudness are asked for as well */
} cases[] = {
	{ { { -23, 20 } }, -23, TRUE },
	{ { { -33, 20 } }, -33, TRUE },
	{ { { -36, 10 }, { -23, 60 }, { -36, 10 } }, -23, FALSE },
	{ { { -72, 10 }, { -36, 10 }, { -23, 60 }, { -36, 10 }, { -72, 10 } }, -23, FALSE },
	{ { { -26, 20 }, { -20, 20.1 }, { -26, 20 } }, -23, FALSE },
};

/* A tone over the caps' channels, each at its gain (dB), in buffers of 100 ms. */
static void
tone (Test *t, guint channels, guint rate, double db, double seconds, const double *gains)
{
	guint64 end = t->at + (guint64) (seconds * rate + 0.5);
	while (t->at < end) {
		gsize n = MIN (rate / 10, end - t->at);
		float *x = g_new (float, n *channels);
		for (gsize i = 0; i < n; i++)
			for (guint c = 0; c < channels; c++)
				x[i * channels + c] = (float) (pow (10, (db + (gains ? gains[c] : 0)) / 20) * sin (2 * G_PI * 1000 * (double) (t->at + i) / rate));
		GstClockTime pts = gst_util_uint64_scale (t->at, GST_SECOND, rate);
		GstBuffer *b = gst_buffer_new_wrapped (x, n * channels * sizeof *x);
		ck_assert_int_eq (gst_harness_push (t->h, stamp (b, pts, gst_util_uint64_scale (t->at + n, GST_SECOND, rate) - pts, t->at, n)), GST_FLOW_OK);
		t->at += n;
	}
}

/* The newest value of a row that a message had; NaN: none. Takes the messages off the bus. */
static void
read_messages (Test *t, double *integrated, double *momentary, double *short_term)
{
	GstMessage *m;
	guint64 end = 0;
	*integrated = *momentary = *short_term = NAN;
	while ((m = gst_bus_pop_filtered (t->bus, GST_MESSAGE_ELEMENT))) {
		const GstStructure *s = gst_message_get_structure (m);
		gst_structure_get_uint64 (s, "endtime", &end);
		gst_structure_get_double (s, "integrated", integrated);
		if (end % GST_SECOND == 0) { /* full blocks; the last message is of what was left */
			gst_structure_get_double (s, "momentary", momentary);
			gst_structure_get_double (s, "short-term", short_term);
		}
		gst_message_unref (m);
	}
}

START_TEST (stereo)
{
	guint rate = rates[_i];
	for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
		const Shape s = { rate, 2, FALSE, FALSE };
		double integrated, momentary, short_term;
		Test t = open_test ("masternorm", "mode=measure:post-messages=true", &s);
		gst_harness_set_drop_buffers (t.h, TRUE);
		for (const Step *step = cases[i].steps; step < cases[i].steps + 5 && step->seconds > 0; step++)
			tone (&t, 2, rate, step->db, step->seconds, NULL);
		eos (&t);
		read_messages (&t, &integrated, &momentary, &short_term);
		ck_assert_msg (fabs (integrated - cases[i].integrated) <= 0.1, "case %d at %u Hz: I %g", (int) i + 1, rate, integrated);
		if (cases[i].steady) {
			ck_assert_msg (fabs (momentary - cases[i].integrated) <= 0.1, "case %d at %u Hz: M %g", (int) i + 1, rate, momentary);
			ck_assert_msg (fabs (short_term - cases[i].integrated) <= 0.1, "case %d at %u Hz: S %g", (int) i + 1, rate, short_term);
		}
		close_test (&t);
	}
}
END_TEST

/* Case 6: 5.0, left and right at -28 dB, centre at -24, surrounds at -30. */
START_TEST (surround)
{
	static const double gains[] = { -28, -28, -24, -30, -30 };
	guint rate = rates[_i];
	double integrated, momentary, short_term;
	Test t = open_test ("masternorm", "mode=measure:post-messages=true", NULL);
	GstCaps *caps = gst_caps_new_simple ("audio/x-raw", "format", G_TYPE_STRING, GST_AUDIO_NE (F32), "layout", G_TYPE_STRING, "interleaved", "rate",
	                                     G_TYPE_INT, (gint) rate, "channels", G_TYPE_INT, 5, "channel-mask", GST_TYPE_BITMASK, (guint64) 0x37, NULL);
	gst_harness_set_src_caps (t.h, caps);
	tone (&t, 5, rate, 0, 20, gains);
	eos (&t);
	read_messages (&t, &integrated, &momentary, &short_term);
	ck_assert_msg (fabs (integrated + 23) <= 0.1, "at %u Hz: I %g", rate, integrated);
	close_test (&t);
}
END_TEST

int
main (int argc, char **argv)
{
	gst_init (&argc, &argv);
	Suite *s = suite_create ("gst-loudness");
	TCase *t = tcase_create ("tech3341");
	tcase_set_timeout (t, 60);
	tcase_add_loop_test (t, stereo, 0, G_N_ELEMENTS (rates));
	tcase_add_loop_test (t, surround, 0, G_N_ELEMENTS (rates));
	suite_add_tcase (s, t);
	return run_tap (s);
}
