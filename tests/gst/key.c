/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The key pad, sample by sample: the output is what the core gives for the audio with the key laid beside it by hand. */
#include "common.h"

#define DUCK "threshold=-40:ratio=8:attack=1:release=20:makeup=2" /* mastercomp, steered hard */

/* The key pad of t as a test of its own to push to. */
static Test
open_key (const Test *t, const Shape *s)
{
	Test k = { .e = t->e, .base = t->base };
	k.h = gst_harness_new_with_element (t->e, "key", NULL);
	gst_harness_set_live (k.h, FALSE);
	gst_harness_set_live (t->h, FALSE);
	if (s)
		shape_test (&k, s);
	return k;
}

static void
close_both (Test *t, Test *k)
{
	gst_harness_teardown (k->h);
	close_test (t);
}

/* x in bursts: frames of 3000 loud and 3000 nearly silent by turns. */
static double *
bursts (const Shape *s, gsize frames, guint32 seed)
{
	double *x = noise (s, frames, 0.9, seed);
	for (gsize i = 0; i < frames * s->channels; i++)
		x[i] *= i / s->channels / 3000 % 2 ? 1.0 / 4096 : 1;
	return x;
}

/* What of the key lies beside `frames` frames of audio if it begins `later` frames after it (before it, if negative). */
static double *
beside (const double *key, gsize key_frames, guint channels, gint64 later, gsize frames)
{
	double *k = g_new0 (double, frames *channels);
	for (gint64 i = 0; i < (gint64) frames; i++)
		if (i >= later && i - later < (gint64) key_frames)
			memcpy (k + i * channels, key + (i - later) * channels, channels * sizeof *k);
	return k;
}

static void
eos_key (Test *k)
{
	ck_assert (gst_harness_push_event (k->h, gst_event_new_eos ()));
}

static void
check (const Test *t, const char *name, const char *rows, const double *x, gsize frames, const double *key, guint key_channels, const char *what)
{
	double *wanted = by_core (name, rows, &t->shape, x, frames, key, key_channels);
	Got g = pull (t);
	assert_same (&g, wanted, frames, t->shape.channels, what);
	ck_assert_msg (memcmp (wanted, x, frames * t->shape.channels * sizeof *x), "%s: nothing was ducked", what);
	drop (&g);
	g_free (wanted);
}

START_TEST (the_key_has_the_bits_of_the_core)
{
	static const struct {
		const char *name, *rows;
	} work[] = { { "mastercomp", DUCK },
		     { "mastercomp", DUCK ":lookahead=7:link=30:detector=rms" },
		     { "mastergate", "threshold=-20:lookahead=3:duck=true" } };
	static const Shape keys[] = { { 48000, 2, FALSE, FALSE }, { 48000, 1, TRUE, FALSE }, { 48000, 3, FALSE, TRUE }, { 48000, 2, TRUE, TRUE } };
	const gsize frames = 9000;
	for (gsize i = 0; i < G_N_ELEMENTS (work); i++)
		for (gsize f = 0; f < 4; f++)
			for (gsize j = 0; j < G_N_ELEMENTS (keys); j++) {
				const Shape s = { 48000, 2, f & 1, f & 2 };
				double *x = noise (&s, frames, 0.5, 3), *key = bursts (&keys[j], frames, 5);
				Test t = open_test (work[i].name, work[i].rows, &s), k = open_key (&t, &keys[j]);
				for (gsize size = 1, ksize = 700; t.at < frames; size = size * 3 % 2003) {
					while (k.at < MIN (t.at + size, frames))
						ck_assert_int_eq (push (&k, key, MIN (ksize, frames - k.at)), GST_FLOW_OK);
					ck_assert_int_eq (push (&t, x, MIN (size, frames - t.at)), GST_FLOW_OK);
				}
				eos (&t);
				check (&t, work[i].name, work[i].rows, x, frames, key, keys[j].channels, work[i].name);
				close_both (&t, &k);
				g_free (x);
				g_free (key);
			}
}
END_TEST

/* What begins a stream anew on either pad, without a flush. */
static void
begin_again (Test *t)
{
	GstSegment segment;
	gst_segment_init (&segment, GST_FORMAT_TIME);
	ck_assert (gst_harness_push_event (t->h, gst_event_new_stream_start ("again")));
	GstCaps *caps = caps_of (&t->shape, &t->info);
	ck_assert (gst_harness_push_event (t->h, gst_event_new_caps (caps)));
	gst_caps_unref (caps);
	ck_assert (gst_harness_push_event (t->h, gst_event_new_segment (&segment)));
	t->at = 0;
}

/* Longer than the first, so that what is remembered of that would fall short. */
START_TEST (a_second_stream_has_its_key)
{
	const gsize first = 5000, frames = 15000;
	double *x = noise (&STEREO, frames, 0.5, 3), *key = bursts (&STEREO, frames, 5);
	Test t = open_test ("mastercomp", DUCK, &STEREO), k = open_key (&t, &STEREO);
	push_all (&k, key, first, first);
	push_all (&t, x, first, 480);
	eos (&t);
	eos_key (&k);
	Got g = pull (&t);
	ck_assert_int_eq (g.frames, first);
	drop (&g);
	begin_again (&k);
	begin_again (&t);
	push_all (&k, key, frames, frames);
	push_all (&t, x, frames, 480);
	eos (&t);
	check (&t, "mastercomp", DUCK, x, frames, key, 2, "second stream");
	close_both (&t, &k);
	g_free (x);
	g_free (key);
}
END_TEST

START_TEST (the_key_lies_where_its_running_time_says)
{
	static const gint64 later[] = { 0, 1, 4800, 7001, -1, -313, -9000, 30000 };
	const gsize frames = 20000, key_frames = 12000;
	double *x = noise (&STEREO, frames, 0.5, 3), *key = bursts (&STEREO, key_frames, 5);
	for (gsize i = 0; i < G_N_ELEMENTS (later); i++)
		for (int shifted = 0; shifted < 2; shifted++) {
			GstSegment segment;
			Test t = open_test ("mastercomp", DUCK, &STEREO), k = open_key (&t, &STEREO);
			t.base = 2 * GST_SECOND;
			GstClockTime off = time_of (&STEREO, (guint64) ABS (later[i]));
			k.base = later[i] < 0 ? t.base - off : t.base + off;
			if (shifted) { /* the same running time by other timestamps */
				push (&k, key, 0);
				gst_segment_init (&segment, GST_FORMAT_TIME);
				segment.start = segment.time = 5 * GST_SECOND;
				segment.base = GST_SECOND;
				k.base += 4 * GST_SECOND;
				ck_assert (gst_harness_push_event (k.h, gst_event_new_segment (&segment)));
			}
			push_all (&k, key, key_frames, key_frames);
			eos_key (&k);
			push_all (&t, x, frames, 480);
			eos (&t);
			double *laid = beside (key, key_frames, 2, later[i], frames);
			if (later[i] < (gint64) frames) {
				check (&t, "mastercomp", DUCK, x, frames, laid, 2, "key shifted");
			} else { /* it comes after the audio: only makeup is left */
				Got g = pull (&t);
				ck_assert_int_eq (g.frames, frames);
				ck_assert (fabs (at (&g, 9999) / x[9999] - pow (10, 0.1)) < 1e-4);
				drop (&g);
			}
			g_free (laid);
			close_both (&t, &k);
		}
	g_free (x);
	g_free (key);
}
END_TEST

/* Matroska and its like know milliseconds: the key must not be torn by it. */
START_TEST (rounded_timestamps_tear_no_holes)
{
	const gsize frames = 20000;
	double *x = noise (&STEREO, frames, 0.5, 3), *key = bursts (&STEREO, frames, 5);
	Test t = open_test ("mastercomp", DUCK, &STEREO), k = open_key (&t, &STEREO);
	for (gsize i = 0; i < frames; i += 500) {
		GstClockTime pts = time_of (&STEREO, i) / GST_MSECOND * GST_MSECOND;
		ck_assert_int_eq (gst_harness_push (k.h, stamp (buffer_of (&k, key, i, 500), pts, GST_CLOCK_TIME_NONE, i, 500)), GST_FLOW_OK);
		ck_assert_int_eq (gst_harness_push (t.h, stamp (buffer_of (&t, x, i, 500), pts, GST_CLOCK_TIME_NONE, i, 500)), GST_FLOW_OK);
	}
	eos (&t);
	Got g = pull (&t);
	double *wanted = by_core ("mastercomp", DUCK, &STEREO, x, frames, key, 2);
	for (gsize i = 0; i < frames * 2; i++)
		ck_assert (at (&g, i) == wanted[i]);
	drop (&g);
	g_free (wanted);
	close_both (&t, &k);
	g_free (x);
	g_free (key);
}
END_TEST

/* Told by an event or by the timestamps alone, a gap of the key is silence. */
START_TEST (a_gap_of_the_key_is_silence)
{
	const gsize frames = 24000, half = 6000, gap = 9600;
	double *x = noise (&STEREO, frames, 0.5, 3), *key = noise (&STEREO, frames, 0.5, 5);
	double *laid = g_memdup2 (key, frames * 2 * sizeof *key);
	memset (laid + half * 2, 0, gap * 2 * sizeof *laid);
	for (int told = 0; told < 2; told++) {
		Test t = open_test ("mastercomp", DUCK, &STEREO), k = open_key (&t, &STEREO);
		push_all (&k, key, half, half);
		if (told)
			ck_assert (gst_harness_push_event (k.h, gst_event_new_gap (time_of (&STEREO, half), time_of (&STEREO, gap))));
		k.at += gap;
		ck_assert_int_eq (push (&k, key, frames - half - gap), GST_FLOW_OK);
		eos_key (&k);
		push_all (&t, x, frames, 480);
		eos (&t);
		check (&t, "mastercomp", DUCK, x, frames, laid, 2, "gap of the key");
		close_both (&t, &k);
	}
	g_free (laid);
	g_free (x);
	g_free (key);
}
END_TEST

/* A gap and a jump of the audio: the key goes on beside it. */
START_TEST (the_key_goes_on_over_a_gap_of_the_audio)
{
	const gsize frames = 24000, half = 6000, gap = 9600;
	double *x = noise (&STEREO, frames, 0.5, 3), *key = bursts (&STEREO, frames, 5);
	memset (x + half * 2, 0, gap * 2 * sizeof *x);
	double *wanted = by_core ("mastercomp", DUCK, &STEREO, x, frames, key, 2);
	Test t = open_test ("mastercomp", DUCK, &STEREO), k = open_key (&t, &STEREO);
	push_all (&k, key, frames, frames);
	push_all (&t, x, half, 480);
	ck_assert (gst_harness_push_event (t.h, gst_event_new_gap (time_of (&STEREO, half), time_of (&STEREO, gap))));
	t.at += gap;
	ck_assert_int_eq (push (&t, x, frames - half - gap), GST_FLOW_OK);
	expect (&t, wanted, frames, "gap of the audio");
	close_both (&t, &k);
	g_free (wanted);
	g_free (x);
	g_free (key);
}
END_TEST

START_TEST (without_a_link_the_input_is_the_key)
{
	const gsize frames = 9600;
	double *x = bursts (&STEREO, frames, 3);
	Test t = open_test ("mastercomp", DUCK, NULL);
	GstPad *pad = gst_element_request_pad_simple (t.e, "key");
	ck_assert_ptr_nonnull (pad);
	ck_assert_ptr_null (gst_element_request_pad (t.e, GST_PAD_PAD_TEMPLATE (pad), NULL, NULL)); /* there is one only */
	shape_test (&t, &STEREO);
	push_all (&t, x, frames, 480);
	eos (&t);
	check (&t, "mastercomp", DUCK, x, frames, NULL, 0, "unlinked");
	gst_element_release_request_pad (t.e, pad);
	gst_object_unref (pad);
	pad = gst_element_request_pad_simple (t.e, "key");
	ck_assert_ptr_nonnull (pad);
	gst_element_release_request_pad (t.e, pad);
	gst_object_unref (pad);
	close_test (&t);
	t = open_test ("masterlimit", NULL, NULL);
	ck_assert_ptr_null (gst_element_request_pad_simple (t.e, "key"));
	close_test (&t);
	g_free (x);
}
END_TEST

/* Linked and released on the way: no frame is lost, and the key counts while it is there. */
START_TEST (the_key_comes_and_goes_while_playing)
{
	const gsize part = 9600;
	double *x = noise (&STEREO, 3 * part, 0.05, 3), *loud = noise (&STEREO, part, 0.9, 5);
	Test t = open_test ("mastercomp", "threshold=-20:ratio=8:attack=1:lookahead=5", &STEREO);
	push_all (&t, x, part, 480);
	Test k = open_key (&t, &STEREO);
	k.base = time_of (&STEREO, part);
	push_all (&k, loud, part, part);
	for (gsize i = 0; i < part; i += 480)
		ck_assert_int_eq (push (&t, x, 480), GST_FLOW_OK);
	gst_harness_teardown (k.h);
	for (gsize i = 0; i < part; i += 480)
		ck_assert_int_eq (push (&t, x, 480), GST_FLOW_OK);
	eos (&t);
	Got g = pull (&t);
	ck_assert_int_eq (g.frames, 3 * part);
	ck_assert (g.worst <= 1 && g.offsets_follow);
	for (gsize i = 0; i < 6 * part; i++) {
		gboolean ducked = at (&g, i) != x[i];
		if (i < 2 * part || i >= 4 * part)
			ck_assert_msg (!ducked, "sample %" G_GSIZE_FORMAT, i);
		else if (i > 2 * part + 960)
			ck_assert_msg (fabs (at (&g, i)) < 0.5 * fabs (x[i]), "sample %" G_GSIZE_FORMAT, i);
	}
	drop (&g);
	close_test (&t);
	g_free (x);
	g_free (loud);
}
END_TEST

/* From a buffer on the key has other channels. */
START_TEST (the_key_may_change_its_channels)
{
	const Shape three = { 48000, 3, FALSE, FALSE };
	const gsize half = 4800;
	double *x = noise (&STEREO, 2 * half, 0.5, 3), *key = noise (&STEREO, half, 0.9, 5), *key3 = noise (&three, half, 0.9, 7);
	const char *rows = "threshold=-40:ratio=8:attack=1:lookahead=5";
	Test t = open_test ("mastercomp", rows, &STEREO), k = open_key (&t, &STEREO);
	push_all (&k, key, half, 480);
	shape_test (&k, &three);
	k.base = time_of (&three, half);
	push_all (&k, key3, half, 480);
	push_all (&t, x, 2 * half, 480);
	eos (&t);
	Got g = pull (&t);
	ck_assert_int_eq (g.frames, 2 * half);
	ck_assert (g.worst <= 1 && g.offsets_follow);
	double *first = by_core ("mastercomp", rows, &STEREO, x, half, key, 2),
	       *second = by_core ("mastercomp", rows, &STEREO, x + 2 * half, half, key3, 3);
	for (gsize i = 0; i < 2 * half; i++)
		ck_assert (at (&g, i) == first[i] && at (&g, 2 * half + i) == second[i]);
	drop (&g);
	close_both (&t, &k);
	g_free (first);
	g_free (second);
	g_free (x);
	g_free (key);
	g_free (key3);
}
END_TEST

/* An error says what is allowed; the audio goes on without. */
START_TEST (a_key_of_another_rate_leaves_the_audio_alone)
{
	const Shape other = { 44100, 2, FALSE, FALSE };
	const gsize frames = 4800;
	double *x = noise (&STEREO, frames, 0.1, 3);
	Test t = open_test ("mastercomp", "threshold=-60:ratio=8", &STEREO), k = open_key (&t, &other);
	push_all (&k, x, 441, 441);
	push_all (&t, x, frames, 480);
	eos (&t);
	Got g = pull (&t);
	assert_same (&g, x, frames, 2, "beside a key of another rate");
	gchar *why = message (&t, GST_MESSAGE_ERROR);
	ck_assert_msg (why && strstr (why, "mastercomp: key pad: rate 44100: 48000 is allowed"), "%s", why);
	ck_assert_ptr_null (message (&t, GST_MESSAGE_ERROR));
	g_free (why);
	drop (&g);
	close_both (&t, &k);
	g_free (x);
}
END_TEST

/* Both change their rate at the same time, which is no whole number of samples of the rate to come; the key does so first or last. */
START_TEST (the_rate_may_change_with_the_key)
{
	static const Shape shapes[] = { { 48000, 2, FALSE, FALSE }, { 44100, 2, FALSE, FALSE }, { 96000, 2, TRUE, TRUE }, { 48000, 2, FALSE, FALSE } };
	const char *rows = DUCK ":lookahead=5";
	const gsize frames = 9001;
	for (int whole = 0; whole < 2; whole++) { /* the key of all before the audio of any */
		Test t = open_test ("mastercomp", rows, NULL), k = open_key (&t, NULL);
		double *x[G_N_ELEMENTS (shapes)], *key[G_N_ELEMENTS (shapes)];
		GstClockTime base = 0;
		for (gsize i = 0; i < G_N_ELEMENTS (shapes); base += time_of (&shapes[i], frames), i++) {
			x[i] = noise (&shapes[i], frames, 0.5, 3 + (guint32) i);
			key[i] = bursts (&shapes[i], frames, 15 + (guint32) i);
			k.base = base;
			if (whole) {
				shape_test (&k, &shapes[i]);
				push_all (&k, key[i], frames, 700);
			}
		}
		base = 0;
		for (gsize i = 0; i < G_N_ELEMENTS (shapes); base += time_of (&shapes[i], frames), i++) {
			k.base = t.base = base;
			if (!whole) {
				shape_test (&k, &shapes[i]);
				push_all (&k, key[i], frames, frames);
			}
			shape_test (&t, &shapes[i]); /* pushes the tail of what was before, in its format */
			push_all (&t, x[i], frames, 480);
			ck_assert (gst_harness_push_event (t.h, gst_event_new_gap (base + time_of (&shapes[i], frames), 20 * GST_SECOND))); /* so does this */
			double *wanted = by_core ("mastercomp", rows, &shapes[i], x[i], frames, key[i], 2);
			Got g = pull (&t);
			ck_assert_int_eq (g.frames, frames);
			for (gsize s = 0; s < 2 * frames; s++)
				ck_assert_msg (at (&g, s) == wanted[s], "part %d, sample %d: %g instead of %g", (int) i, (int) s, at (&g, s), wanted[s]);
			drop (&g);
			g_free (wanted);
		}
		ck_assert_ptr_null (message (&t, GST_MESSAGE_ERROR));
		for (gsize i = 0; i < G_N_ELEMENTS (shapes); i++) {
			g_free (x[i]);
			g_free (key[i]);
		}
		close_both (&t, &k);
	}
}
END_TEST

/* Who can make the audio's rate is offered nothing else, who cannot is taken: it may be that of the audio to come. */
START_TEST (the_audios_rate_is_asked_of_who_can_make_it)
{
	static const struct {
		const char *filter, *answer;
	} asked[] = {
		{ "audio/x-raw,rate=44100; audio/x-raw,rate=[8000,96000]", "48000" },
		{ "audio/x-raw,rate={44100,48000,32000}", "48000" },
		{ "audio/x-raw,rate=44100", "44100" },
		{ "audio/x-raw,rate={44100,32000}", "{ (int)44100, (int)32000 }" },
		{ "audio/x-raw,format=S16LE,rate=48000", NULL },
		{ "audio/x-raw,rate=4000", NULL },
	};
	Test t = open_test ("mastercomp", NULL, &STEREO);
	GstPad *pad = gst_element_request_pad_simple (t.e, "key");
	for (gsize i = 0; i < G_N_ELEMENTS (asked); i++) {
		GstCaps *filter = gst_caps_from_string (asked[i].filter), *caps = gst_pad_query_caps (pad, filter);
		ck_assert_msg (gst_caps_is_empty (caps) == !asked[i].answer, "%s", asked[i].filter);
		for (guint k = 0; k < gst_caps_get_size (caps); k++) {
			gchar *rate = gst_value_serialize (gst_structure_get_value (gst_caps_get_structure (caps, k), "rate"));
			ck_assert_str_eq (rate, asked[i].answer);
			g_free (rate);
		}
		gst_caps_unref (caps);
		gst_caps_unref (filter);
	}
	GstCaps *all = gst_pad_query_caps (pad, NULL), *template = gst_pad_get_pad_template_caps (pad);
	gint rate = 0;
	ck_assert (gst_structure_get_int (gst_caps_get_structure (all, 0), "rate", &rate) && rate == 48000 && gst_caps_is_equal (all, template));
	gst_caps_unref (all);
	gst_caps_unref (template);
	gst_element_release_request_pad (t.e, pad);
	gst_object_unref (pad);
	close_test (&t);
}
END_TEST

/* Each key that is linked is judged anew. */
START_TEST (a_second_wrong_key_is_told_as_well)
{
	const Shape other = { 44100, 2, FALSE, FALSE };
	const gsize frames = 4800;
	double *x = noise (&STEREO, frames, 0.1, 3);
	Test t = open_test ("mastercomp", "threshold=-60:ratio=8:release=10", &STEREO);
	for (int i = 0; i < 3; i++) {
		const Shape *s = i == 1 ? &STEREO : &other;
		Test k = open_key (&t, s);
		t.base = k.base = (GstClockTime) i * 100 * GST_MSECOND;
		t.at = 0;
		push_all (&k, x, s->rate / 10, s->rate / 10);
		push_all (&t, x, frames, 480);
		Got g = pull (&t);
		gchar *why = message (&t, GST_MESSAGE_ERROR);
		ck_assert (i == 1 ? !why : why && strstr (why, "key pad: rate 44100"));
		ck_assert ((fabs (at (&g, 9000)) > 0.9 * fabs (x[9000])) == (i != 1));
		g_free (why);
		drop (&g);
		gst_harness_teardown (k.h);
	}
	close_test (&t);
	g_free (x);
}
END_TEST

START_TEST (readings_count_the_key)
{
	const gsize frames = 4800;
	double *x = noise (&STEREO, frames, 0.001, 3), *key = noise (&STEREO, frames, 0.9, 5), gr;
	Test t = open_test ("mastercomp", DUCK, &STEREO), k = open_key (&t, &STEREO);
	push_all (&k, key, frames, frames);
	push_all (&t, x, frames, 480);
	eos (&t);
	g_object_get (t.e, "gain-reduction", &gr, NULL);
	ck_assert_msg (gr > 20, "%g", gr);
	close_both (&t, &k);
	g_free (x);
	g_free (key);
}
END_TEST

int
main (int argc, char **argv)
{
	gst_init (&argc, &argv);
	Suite *s = suite_create ("gst-key");
	TCase *t = tcase_create ("key");
	tcase_set_timeout (t, 60);
	tcase_add_test (t, the_key_has_the_bits_of_the_core);
	tcase_add_test (t, a_second_stream_has_its_key);
	tcase_add_test (t, the_key_lies_where_its_running_time_says);
	tcase_add_test (t, rounded_timestamps_tear_no_holes);
	tcase_add_test (t, a_gap_of_the_key_is_silence);
	tcase_add_test (t, the_key_goes_on_over_a_gap_of_the_audio);
	tcase_add_test (t, without_a_link_the_input_is_the_key);
	tcase_add_test (t, the_key_comes_and_goes_while_playing);
	tcase_add_test (t, the_key_may_change_its_channels);
	tcase_add_test (t, a_key_of_another_rate_leaves_the_audio_alone);
	tcase_add_test (t, the_rate_may_change_with_the_key);
	tcase_add_test (t, the_audios_rate_is_asked_of_who_can_make_it);
	tcase_add_test (t, a_second_wrong_key_is_told_as_well);
	tcase_add_test (t, readings_count_the_key);
	suite_add_tcase (s, t);
	return run_tap (s);
}
