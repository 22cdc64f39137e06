/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* max-momentary and max-short-term are never exceeded, read by libebur128 from windows that begin between its slices as well, whatever the source does. */
#include "clip.h"

/* Largest of any window of `ms`, LUFS. */
static double
loudest (const clip *c, unsigned ms)
{
	ebur128_state *st = ebur128_init (c->channels, c->rate, EBUR128_MODE_S);
	double most = -HUGE_VAL, l;
	size_t step = c->rate * 3 / 1000, from = (size_t) c->rate * ms / 1000;
	for (size_t at = 0, i = 0; at + step <= c->frames; at += step, i++) {
		ebur128_add_frames_float (st, c->x + at * c->channels, step);
		if (at + step >= from && (ms < 1000 || i % 11 == 0)) {
			ebur128_loudness_window (st, ms, &l);
			most = l > most ? l : most;
		}
	}
	ebur128_destroy (&st);
	return most;
}

/* Whisper to explosion, 37 LU; syllables; bursts of every length; a tone that steps by 6 dB; noise. */
static clip
sources (unsigned rate, int which)
{
	clip c = new_clip (rate, 2, 12);
	uint32_t seed = 7;
	switch (which) {
	case 0:
		talk (&c, -22, 0, 5);
		talk (&c, 15, 5, 3);
		talk (&c, -22, 8, 4);
		break;
	case 1:
		talk (&c, 0, 0, 12);
		break;
	case 2:
		tone (&c, 400, -40, 0, 12);
		for (double at = 1, length = 0.005; at < 10; at += 0.9, length *= 1.8)
			tone (&c, 1000, -8, at, length);
		break;
	case 3:
		for (int i = 0; i < 12; i++)
			tone (&c, 80, -30 + 6 * (i % 4), i, 1);
		break;
	default:
		for (size_t i = 0; i < c.frames * 2; i++) {
			seed = seed * 1664525 + 1013904223;
			c.x[i] = (float) ((int32_t) seed / 2147483648.0 * pow (10, -1 - cos ((double) i / rate * 2)));
		}
	}
	return c;
}

START_TEST (limits_are_held)
{
	static const struct {
		const char *rows;
		double momentary, short_term;
	} cases[] = {
		{ "mode=live:target=-20:max-short-term=2:max-momentary=5", -15, -18 },
		{ "mode=live:target=-20:max-short-term=2:max-momentary=5:lookahead=0", -15, -18 },
		{ "mode=live:target=-23:max-short-term=5:lookahead=37", -15, -18 },
		{ "mode=live:target=-23:max-momentary=1:strength=0", -22, -22 },
		{ "mode=live:target=-23:max-short-term=1:max-momentary=5:lookahead=3000", -18, -22 },
	};
	unsigned rate = (unsigned[]) { 48000, 44100, 22050 }[_i % 3];
	for (size_t i = 0; i < N (cases); i++) {
		clip c = sources (rate, _i);
		mdyn_proc *p = make (&c, cases[i].rows, NULL);
		clip y = run (p, &c, 777);
		ck_assert_msg (loudest (&y, 400) <= cases[i].momentary, "%s, source %d at %u: max M is %.3f", cases[i].rows, _i, rate, loudest (&y, 400));
		ck_assert_msg (loudest (&y, 3000) <= cases[i].short_term, "%s, source %d at %u: max S is %.3f", cases[i].rows, _i, rate,
		               loudest (&y, 3000));
		mdyn_destroy (&p);
		free (y.x), free (c.x);
	}
}
END_TEST

/* A level far over the limit comes out close under it: a limit is no mute. The gain is held off by max-boost and max-cut. */
START_TEST (a_limit_is_no_mute)
{
	clip c = new_clip (48000, 2, 20);
	tone (&c, 1000, -40, 0, 4);
	tone (&c, 1000, -20, 4, 16);
	mdyn_proc *p = make (&c, "mode=live:target=-30:max-boost=0:max-cut=0:max-short-term=2", NULL);
	clip y = run (p, &c, 4096);
	/* From the step on: a second may stand over a limit of 3 s, and none is much quieter than the limit allows for ever. */
	for (int at = 5; at < 20; at++)
		NEAR (ebur_loudness (&y, (size_t) at * 48000 - 24000, (size_t) at * 48000 + 24000), -29, 3.5);
	mdyn_destroy (&p);
	/* Under the limit nothing is touched. */
	p = make (&c, "mode=live:target=-30:max-boost=0:max-cut=0:max-short-term=12:max-momentary=12", NULL);
	clip z = run (p, &c, 4096);
	ck_assert (!memcmp (z.x, c.x, c.frames * 2 * sizeof (float)));
	mdyn_destroy (&p);
	free (y.x), free (z.x), free (c.x);
}
END_TEST

/* A limit knows what was played before it was set: a source that has been 2 LU under it is left alone, though it was far over it 10 s before. */
START_TEST (a_limit_set_later_knows_the_past)
{
	clip c = new_clip (48000, 1, 16);
	tone (&c, 1000, -10, 0, 4);
	tone (&c, 1000, -21, 4, 12);
	mdyn_proc *p = make (&c, "mode=live:target=-23:max-boost=0:max-cut=0", NULL);
	clip y = new_clip (48000, 1, 16);
	for (size_t at = 0; at < c.frames; at += 480) {
		ck_assert_int_eq (mdyn_set (p, MDYN_NORM_max_short_term, at < 48000 ? 20 : at < 12 * 48000 ? 60 : 1), 0);
		ck_assert_int_eq (mdyn_process_interleaved (p, y.x + at, c.x + at, NULL, 480), 0);
	}
	size_t behind = mdyn_latency (p), from = 11 * 48000;
	ck_assert (!memcmp (y.x + from + behind, c.x + from, (c.frames - from - behind) * sizeof (float)));
	mdyn_destroy (&p);
	free (y.x), free (c.x);
}
END_TEST

/* Limits that come down by far, and digital silence while nothing is left: _i a rate whose delay is shorter than a slice, and one where it is not. */
START_TEST (silence_has_no_gain)
{
	clip c = new_clip (_i ? 48000 : 22050, 1, 12), y = new_clip (c.rate, 1, 12);
	tone (&c, 440, -2, 0, 5.3);
	mdyn_proc *p = make (&c, "mode=live:target=-23:max-boost=0:max-cut=0:max-short-term=50:max-momentary=55", NULL);
	for (size_t at = 0; at + 64 <= c.frames; at += 64) {
		double limit = at < 5 * c.rate ? 50 : 0.5;
		ck_assert (!mdyn_set (p, MDYN_NORM_max_short_term, limit) && !mdyn_set (p, MDYN_NORM_max_momentary, limit));
		ck_assert_int_eq (mdyn_process_interleaved (p, y.x + at, c.x + at, NULL, 64), 0);
	}
	float bad = 0;
	for (size_t i = 0; i < y.frames; i++)
		bad = isfinite (y.x[i]) ? bad : 1;
	ck_assert (bad == 0);
	mdyn_destroy (&p);
	free (y.x), free (c.x);
}
END_TEST

/* Lowered and switched on and off while it runs: no step, and 3 s later it holds. */
START_TEST (limits_change_while_running)
{
	clip c = new_clip (48000, 1, 16);
	for (size_t i = 0; i < c.frames; i++)
		c.x[i] = 0.1f * (i % 64 < 32 ? 1 : -1);
	mdyn_proc *p = make (&c, "mode=live:target=-30:max-boost=0:max-cut=0", NULL);
	clip y = new_clip (48000, 1, 16);
	float most = 0;
	for (size_t at = 0; at < c.frames; at += 100) {
		ck_assert_int_eq (mdyn_set (p, MDYN_NORM_max_short_term, at < 96000 ? 60 : at < 480000 ? 3 : 60), 0);
		ck_assert_int_eq (mdyn_process_interleaved (p, y.x + at, c.x + at, NULL, 100), 0);
	}
	for (size_t i = mdyn_latency (p) + 9600; i + 1 < c.frames; i++) {
		float d = fabsf (fabsf (y.x[i + 1]) - fabsf (y.x[i]));
		most = d > most ? d : most;
	}
	ck_assert_msg (most < 0.001f, "a step of %g", (double) most);
	clip part = { 48000, 1, 4 * 48000, y.x + 6 * 48000 };
	ck_assert_double_le (loudest (&part, 3000), -27);
	ck_assert_float_eq_tol (fabsf (y.x[15 * 48000]), 0.1f, 0.02f);
	mdyn_destroy (&p);
	free (y.x), free (c.x);
}
END_TEST

int
main (void)
{
	Suite *s = suite_create ("budget");
	TCase *t = tcase_create ("budget");
	tcase_set_timeout (t, 120);
	tcase_add_loop_test (t, limits_are_held, 0, 5);
	tcase_add_test (t, a_limit_is_no_mute);
	tcase_add_test (t, limits_change_while_running);
	tcase_add_test (t, a_limit_set_later_knows_the_past);
	tcase_add_loop_test (t, silence_has_no_gain, 0, 2);
	suite_add_tcase (s, t);
	return run_tap (s);
}
