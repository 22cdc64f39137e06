/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The key pad while the rate changes on the way. Behind one tee the key is the audio itself, so that what comes out is what comes without a key pad:
 * that is what is compared with. What hangs fails by its timeout. */
#include "pipeline.h"

#define COMP "mastercomp name=c threshold=-50 ratio=8 attack=1 release=150 "
#define MONO "audio/x-raw,format=" GST_AUDIO_NE (F32) ",channels=1,layout=interleaved,rate="
#define SINK "! fakesink name=sink signal-handoffs=true "

typedef struct Out {
	GArray *x; /* floats */
	GstClockTime next;
	gboolean holes;
} Out;

static void
keep (GstElement *sink, GstBuffer *b, GstPad *pad, gpointer data)
{
	Out *o = data;
	GstMapInfo m;
	(void)sink, (void)pad;
	gst_buffer_map (b, &m, GST_MAP_READ);
	g_array_append_vals (o->x, m.data, (guint)(m.size / sizeof (float)));
	gst_buffer_unmap (b, &m);
	/* Timestamps begin anew with each piece of concat's. */
	o->holes |= GST_BUFFER_PTS (b) != 0 && ABS (GST_CLOCK_DIFF (o->next, GST_BUFFER_PTS (b))) > 1;
	o->next = GST_BUFFER_PTS (b) + GST_BUFFER_DURATION (b);
}

static void
listen (GstElement *p, Out *o)
{
	GstElement *sink = gst_bin_get_by_name (GST_BIN (p), "sink");
	*o = (Out){ .x = g_array_new (FALSE, FALSE, sizeof (float)) };
	g_signal_connect (sink, "handoff", G_CALLBACK (keep), o);
	gst_object_unref (sink);
}

static float
sample (const Out *o, guint i)
{
	return g_array_index (o->x, float, i);
}

/* Tones of 48 and 44.1 kHz by turns, one after the other, each of a length that ends between two samples of the other rate. */
static gchar *
turns (int items, int frames, int size)
{
	GString *s = g_string_new ("concat name=turns ");
	for (int i = 0; i < items; i++)
		g_string_append_printf (s, "audiotestsrc volume=0.5 num-buffers=%d samplesperbuffer=%d ! " MONO "%d ! turns. ", frames / size, size,
					i & 1 ? 44100 : 48000);
	g_string_append (s, "turns. ! ");
	return g_string_free (s, FALSE);
}

static Outcome
hear (const char *source, const char *rest, Out *o)
{
	gchar *line = g_strconcat (source, rest, NULL);
	GstElement *p = parse (line);
	listen (p, o);
	Outcome outcome = play (p, NULL);
	ck_assert_msg (!outcome.error && !outcome.warning, "%s: %s", line, outcome.error ? outcome.error : outcome.warning);
	ck_assert_msg (!o->holes, "%s: holes", line);
	g_free (line);
	return outcome;
}

/* The loudest excess of a over b in dB, by blocks of 400 frames. Left out are the first blocks of each piece of `piece` frames: of these at most 5 ms
 * may be louder, what a resampler loses when it changes. */
static double
excess (const Out *a, const Out *b, guint piece)
{
	double worst = 0;
	guint loud = 0;
	ck_assert_int_eq (a->x->len, b->x->len);
	for (guint i = 0; i + 400 <= a->x->len; i += 400) {
		double of_a = 0, of_b = 0;
		for (guint k = 0; k < 400; k++) {
			of_a += (double)sample (a, i + k) * sample (a, i + k);
			of_b += (double)sample (b, i + k) * sample (b, i + k);
			loud += fabsf (sample (a, i + k)) > fabsf (sample (b, i + k)) + 0.05f;
		}
		if (i % piece >= 400 && i % piece + 400 <= piece)
			worst = MAX (worst, 10 * log10 (of_a / of_b));
	}
	ck_assert_msg (loud <= a->x->len / piece * 240, "%u loud samples", loud);
	return worst;
}

static const struct {
	int items, frames, size;
} rounds[] = { { 3, 24000, 401 }, { 12, 5000, 401 }, { 5, 3000, 47 } };

START_TEST (one_tee_is_exact)
{
	static const char *const rests[] = {
		"tee name=t ! queue ! " COMP SINK "t. ! queue ! c.key",
		"tee name=t ! queue ! " COMP SINK "t. ! c.key",
		"tee name=t ! c.key t. ! queue ! " COMP SINK,
		"tee name=t ! c.key t. ! " COMP SINK,
		"tee name=t ! queue ! " COMP SINK "t. ! queue ! audioconvert ! " MONO "[8000,384000] ! c.key",
		"audioconvert ! tee name=t ! queue max-size-buffers=2 ! " COMP SINK "t. ! queue max-size-buffers=3 ! c.key",
		"tee name=t ! queue ! " COMP "lookahead=7 " SINK "t. ! queue ! c.key",
		"tee name=t ! queue ! mastergate name=c threshold=-20 lookahead=3 duck=true " SINK "t. ! c.key",
	};
	for (gsize r = 0; r < G_N_ELEMENTS (rounds); r++)
		for (gsize i = 0; i < G_N_ELEMENTS (rests); i++) {
			gchar *source = turns (rounds[r].items, rounds[r].frames, rounds[r].size);
			Out with, without;
			const char *alone = i < 6    ? COMP SINK
					    : i == 6 ? COMP "lookahead=7 " SINK
						     : "mastergate threshold=-20 lookahead=3 duck=true " SINK;
			Outcome a = hear (source, rests[i], &with), b = hear (source, alone, &without);
			ck_assert_int_eq (with.x->len, without.x->len);
			ck_assert_int_eq (with.x->len, rounds[r].items * (rounds[r].frames / rounds[r].size) * rounds[r].size);
			for (guint k = 0; k < with.x->len; k++)
				ck_assert_msg (sample (&with, k) == sample (&without, k), "%s: sample %u is %g instead of %g", rests[i], k,
					       sample (&with, k), sample (&without, k));
			g_array_free (with.x, TRUE);
			g_array_free (without.x, TRUE);
			forget (&a);
			forget (&b);
			g_free (source);
		}
}
END_TEST

/* A resampler before the pad may still make the old rate when the audio has changed: a key all the same, without a moment of silence that would let
 * the gain go. */
START_TEST (a_resampled_key_goes_on)
{
	static const char *const rests[] = {
		"tee name=t ! queue ! " COMP SINK "t. ! queue ! audioresample ! c.key",
		"tee name=t ! queue ! " COMP SINK "t. ! queue ! audioconvert ! audioresample ! audioconvert ! c.key",
		"tee name=t ! queue ! " COMP SINK "t. ! audioresample quality=10 ! queue ! c.key",
		"tee name=t ! queue ! " COMP SINK "t. ! audioconvert ! audioresample ! c.key",
		"tee name=t ! audioresample ! queue ! c.key t. ! queue ! " COMP SINK,
		"tee name=t ! queue max-size-buffers=2 ! " COMP SINK "t. ! queue ! audioresample ! c.key",
		COMP SINK "audiotestsrc volume=0.5 ! audio/x-raw,rate=48000 ! audioconvert ! audioresample ! c.key",
		COMP SINK "audiotestsrc volume=0.5 ! audio/x-raw,rate=32000 ! audioconvert ! audioresample ! queue ! c.key",
	};
	for (gsize r = 0; r < G_N_ELEMENTS (rounds); r++)
		for (gsize i = 0; i < G_N_ELEMENTS (rests); i++) {
			gchar *source = turns (rounds[r].items, rounds[r].frames, rounds[r].size);
			Out with, without;
			Outcome a = hear (source, rests[i], &with), b = hear (source, COMP SINK, &without);
			double most = excess (&with, &without, (guint)(rounds[r].frames / rounds[r].size * rounds[r].size));
			ck_assert_msg (most < 3, "%s: %g dB too loud", rests[i], most);
			g_array_free (with.x, TRUE);
			g_array_free (without.x, TRUE);
			forget (&a);
			forget (&b);
			g_free (source);
		}
}
END_TEST

/* Of one tee, but earlier or later than the audio: for as long as they are apart the two have different rates. */
START_TEST (a_key_may_be_shifted_over_the_change)
{
	static const char *const rests[] = {
		"tee name=t ! queue ! " COMP SINK "t. ! queue ! identity ts-offset=-30000000 ! c.key",
		"tee name=t ! queue ! " COMP SINK "t. ! queue ! identity ts-offset=30000000 ! c.key",
	};
	for (gsize i = 0; i < G_N_ELEMENTS (rests); i++) {
		gchar *source = turns (5, 24000, 401);
		Out with, without;
		Outcome a = hear (source, rests[i], &with), b = hear (source, COMP SINK, &without);
		guint loud = 0;
		ck_assert_int_eq (with.x->len, without.x->len);
		for (guint k = 0; k < with.x->len; k++)
			loud += fabsf (sample (&with, k)) > 0.1f;
		ck_assert_msg (loud < (i ? 2000 : 500), "%s: %u loud", rests[i],
			       loud); /* the first 30 ms, if the key is late; an attack at each change */
		g_array_free (with.x, TRUE);
		g_array_free (without.x, TRUE);
		forget (&a);
		forget (&b);
		g_free (source);
	}
}
END_TEST

static GstPadProbeReturn
hold (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
	(void)pad, (void)info, (void)data;
	return GST_PAD_PROBE_OK;
}

/* The key is resampled to a rate of its choice and has waited with it when the audio comes with another. */
START_TEST (the_audio_may_come_later_with_another_rate)
{
	/* the parser tells no rate before it knows it */
	const char *source = "audiotestsrc name=late volume=0.5 samplesperbuffer=441 num-buffers=300 ! " MONO "44100 ! wavenc ! wavparse ! ";
	gchar *line =
	    g_strconcat (source, COMP SINK "audiotestsrc volume=0.5 ! audio/x-raw,rate=48000 ! audioconvert ! audioresample ! queue ! c.key", NULL);
	GstElement *p = parse (line), *late = gst_bin_get_by_name (GST_BIN (p), "late");
	GstPad *pad = gst_element_get_static_pad (late, "src");
	Out with, without;
	listen (p, &with);
	gulong probe = gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM, hold, NULL, NULL);
	gst_element_set_state (p, GST_STATE_PLAYING);
	g_usleep (1500000);
	gst_pad_remove_probe (pad, probe);
	gst_object_unref (pad);
	gst_object_unref (late);
	Outcome a = play (p, NULL), b = hear (source, COMP SINK, &without);
	ck_assert_msg (!a.error && !a.warning, "%s", a.error ? a.error : a.warning);
	double most = excess (&with, &without, with.x->len);
	ck_assert_msg (most < 3, "%g dB too loud", most);
	g_array_free (with.x, TRUE);
	g_array_free (without.x, TRUE);
	forget (&a);
	forget (&b);
	g_free (line);
}
END_TEST

/* The key cannot follow: the error comes, when the audio is a second into its new rate. */
START_TEST (a_key_that_cannot_change_is_an_error)
{
	gchar *source = turns (2, 4 * 48000, 401),
	      *line = g_strconcat (source, COMP SINK "audiotestsrc volume=0.5 ! " MONO "48000 ! queue ! c.key", NULL);
	GstElement *p = parse (line);
	Out o;
	listen (p, &o);
	Outcome outcome = play (p, NULL);
	ck_assert_msg (outcome.error && strstr (outcome.error, "mastercomp: key pad: rate 48000: 44100 is allowed"), "%s", outcome.error);
	ck_assert_int_ge (o.x->len, 4 * 48000 + 44100 - 1000);
	g_array_free (o.x, TRUE);
	forget (&outcome);
	g_free (line);
	g_free (source);
}
END_TEST

/* The application changes the rate while it plays. */
START_TEST (the_rate_may_be_set_while_playing)
{
	static const char *const lines[] = {
		"audioresample ! capsfilter name=rate ! tee name=t ! queue ! " COMP SINK "t. ! queue ! c.key",
		"audioresample ! capsfilter name=rate ! tee name=t ! queue ! " COMP SINK "t. ! queue ! audioresample ! c.key",
		"audioresample ! capsfilter name=rate ! tee name=t ! queue ! " COMP SINK "t. ! c.key",
	};
	for (gsize i = 0; i < 2 * G_N_ELEMENTS (lines); i++) {
		gboolean live = i & 1;
		gchar *line = g_strconcat ("audiotestsrc volume=0.5 samplesperbuffer=441 num-buffers=120 is-live=", live ? "true" : "false",
					   " ! audio/x-raw,rate=44100 ! audioconvert ! audio/x-raw,format=" GST_AUDIO_NE (F32) ",channels=1 ! ",
					   lines[i / 2], NULL);
		GstElement *p = parse (line), *rate = gst_bin_get_by_name (GST_BIN (p), "rate"), *sink = gst_bin_get_by_name (GST_BIN (p), "sink");
		GstBus *bus = gst_element_get_bus (p);
		Out o;
		listen (p, &o);
		g_object_set (sink, "sync", TRUE, NULL);
		gst_util_set_object_arg (G_OBJECT (rate), "caps", "audio/x-raw,rate=48000");
		gst_element_set_state (p, GST_STATE_PLAYING);
		GstMessage *m = NULL;
		for (int k = 0; !m; k++) {
			m = gst_bus_timed_pop_filtered (bus, k < 2 ? 400 * GST_MSECOND : 20 * GST_SECOND,
							GST_MESSAGE_ERROR | GST_MESSAGE_EOS | GST_MESSAGE_WARNING);
			ck_assert_msg (m || k < 2, "%s: nothing more comes", line);
			if (!m)
				gst_util_set_object_arg (G_OBJECT (rate), "caps", k ? "audio/x-raw,rate=48000" : "audio/x-raw,rate=32000");
		}
		const GstStructure *told = gst_message_get_structure (m);
		ck_assert_msg (GST_MESSAGE_TYPE (m) == GST_MESSAGE_EOS, "%s: %s", line, told ? gst_structure_to_string (told) : "");
		gst_message_unref (m);
		gst_element_set_state (p, GST_STATE_NULL);
		guint loud = 0;
		for (guint k = 0; k < o.x->len; k++)
			loud += fabsf (sample (&o, k)) > 0.1f;
		ck_assert_msg (o.x->len > 40000 && o.x->len < 60000, "%s: %u frames", line, o.x->len);
		ck_assert_msg (loud < (live ? o.x->len / 3 : 500), "%s: %u loud", line, loud); /* where the machine is busy a live key may be late */
		g_array_free (o.x, TRUE);
		gst_object_unref (rate);
		gst_object_unref (sink);
		gst_object_unref (bus);
		gst_object_unref (p);
		g_free (line);
	}
}
END_TEST

int
main (int argc, char **argv)
{
	gst_init (&argc, &argv);
	Suite *s = suite_create ("gst-keyrate");
	TCase *t = tcase_create ("keyrate");
	tcase_set_timeout (t, 60);
	tcase_add_test (t, one_tee_is_exact);
	tcase_add_test (t, a_resampled_key_goes_on);
	tcase_add_test (t, a_key_may_be_shifted_over_the_change);
	tcase_add_test (t, the_audio_may_come_later_with_another_rate);
	tcase_add_test (t, a_key_that_cannot_change_is_an_error);
	tcase_add_test (t, the_rate_may_be_set_while_playing);
	suite_add_tcase (s, t);
	return run_tap (s);
}
