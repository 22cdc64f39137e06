/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* What every processor promises whatever it does: the rules of the public header, for all four, over settings drawn at random. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "mdyn/mdyn.h"
#include "tap.h"

#define FRAMES 20000
#define CHANNELS_MAX 6

/* Check writes to a pipe at every assertion that it passes; in inner loops only a failure may speak. */
#define EXPECT(good, ...) \
	do \
		if (!(good)) \
			ck_abort_msg (__VA_ARGS__); \
	while (0)

static unsigned seed;

static double
rnd (void) /* 0 .. 1 */
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) / 16777216.0;
}

/* A programme that makes every processor work: bursts between -70 and +6 dBFS of noise and tones, silences, one-sided channels. */
static void
programme (double *x, unsigned channels, size_t frames)
{
	double level = 0, share[CHANNELS_MAX] = { 0 };
	bool tone = false;
	for (size_t i = 0; i < frames; i++) {
		if (i % 2500 == 0) {
			level = pow (10, (rnd () * 76 - 70) / 20) * (rnd () < 0.15 ? 0 : 1);
			tone = rnd () < 0.5;
			for (unsigned c = 0; c < channels; c++)
				share[c] = rnd ();
		}
		for (unsigned c = 0; c < channels; c++)
			x[c * frames + i] = level * share[c] * (tone ? sin (i * 0.13) : 2 * rnd () - 1);
	}
}

/* Rows at random, but nothing that asks for a file. */
static void
random_rows (mdyn_proc *p, const mdyn_class *cls)
{
	for (size_t i = 2; i < cls->n_params; i++) {
		const mdyn_param *r = &cls->params[i];
		if (r->type == MDYN_TEXT || r->flags & MDYN_READOUT || rnd () < 0.3)
			continue;
		double v = r->type != MDYN_REAL ? floor (rnd () * (r->max + 1))
		                                : isinf (r->max) ? 1 + 20 * rnd () : r->min + (r->max - r->min) * pow (rnd (), 2);
		ck_assert_int_eq (mdyn_set (p, r->id, v < r->max ? v : r->max), 0);
	}
}

static mdyn_proc *
make (const mdyn_class *cls, mdyn_sample sample, unsigned rate, unsigned channels)
{
	mdyn_proc *p;
	mdyn_format f = { .sample = sample, .rate = rate, .channels = channels };
	ck_assert_int_eq (mdyn_create (&p, cls, &f), 0);
	return p;
}

/* in -> out, both [channels][FRAMES] doubles or floats, in calls of `block` frames (0: of random length). */
static void
run (mdyn_proc *p, mdyn_sample sample, unsigned channels, void *out, const void *in, size_t block)
{
	size_t size = sample == MDYN_F64 ? 8 : 4;
	for (size_t at = 0, n; at < FRAMES; at += n) {
		n = block ? block : (size_t) (rnd () * 300);
		n = n < FRAMES - at ? n : FRAMES - at;
		void *o[CHANNELS_MAX];
		const void *i[CHANNELS_MAX];
		for (unsigned c = 0; c < channels; c++) {
			o[c] = (char *) out + (c * FRAMES + at) * size;
			i[c] = (const char *) in + (c * FRAMES + at) * size;
		}
		EXPECT (mdyn_process (p, o, i, NULL, n) == 0, "process failed");
	}
}

static double in64[CHANNELS_MAX * FRAMES], a64[CHANNELS_MAX * FRAMES], b64[CHANNELS_MAX * FRAMES];
static float in32[CHANNELS_MAX * FRAMES], a32[CHANNELS_MAX * FRAMES], b32[CHANNELS_MAX * FRAMES];

static void
fill (unsigned channels)
{
	programme (in64, channels, FRAMES);
	for (size_t i = 0; i < (size_t) channels * FRAMES; i++)
		in32[i] = (float) in64[i];
}

/* Copies rows of a to b. */
static void
same_rows (mdyn_proc *b, const mdyn_proc *a, const mdyn_class *cls)
{
	for (size_t i = 0; i < cls->n_params; i++)
		if (cls->params[i].type != MDYN_TEXT && !(cls->params[i].flags & MDYN_READOUT))
			ck_assert_int_eq (mdyn_set (b, (int) i, mdyn_get (a, (int) i)), 0);
}

/* _i = kind * 8 + variant */
START_TEST (blocks_do_not_matter)
{
	const mdyn_class *cls = mdyn_class_get (_i / 8);
	seed = 1000u + (unsigned) _i;
	unsigned channels = 1 + (unsigned) (rnd () * 6);
	unsigned rate = (unsigned[]){ 8000, 44100, 48000, 96000 }[_i % 4];
	fill (channels);
	mdyn_proc *p = make (cls, MDYN_F64, rate, channels);
	random_rows (p, cls);
	run (p, MDYN_F64, channels, a64, in64, FRAMES);
	const size_t blocks[] = { 1, 7, 64, 1024, 4096, 0 };
	for (size_t k = 0; k < 6; k++) {
		mdyn_proc *q = make (cls, MDYN_F64, rate, channels);
		same_rows (q, p, cls);
		run (q, MDYN_F64, channels, b64, in64, blocks[k]);
		ck_assert_msg (!memcmp (a64, b64, channels * FRAMES * 8), "%s: blocks of %zu differ (seed %d)", cls->name, blocks[k], 1000 + _i);
		mdyn_destroy (&q);
	}
	/* reset is as good as new; in place; interleaved */
	mdyn_reset (p);
	memcpy (b64, in64, sizeof b64);
	run (p, MDYN_F64, channels, b64, b64, 333);
	ck_assert_msg (!memcmp (a64, b64, channels * FRAMES * 8), "%s: differs after reset, in place", cls->name);
	mdyn_reset (p);
	for (size_t i = 0; i < FRAMES; i++)
		for (unsigned c = 0; c < channels; c++)
			b64[i * channels + c] = in64[c * FRAMES + i];
	for (size_t at = 0, n; at < FRAMES; at += n) {
		n = 500 < FRAMES - at ? 500 : FRAMES - at;
		EXPECT (mdyn_process_interleaved (p, b64 + at * channels, b64 + at * channels, NULL, n) == 0, "process failed");
	}
	for (size_t i = 0; i < FRAMES; i++)
		for (unsigned c = 0; c < channels; c++)
			EXPECT (b64[i * channels + c] == a64[c * FRAMES + i], "%s: interleaved differs at %zu", cls->name, i);
	mdyn_destroy (&p);
}
END_TEST

/* LIVE rows set at the same frames, with other blocks between. */
START_TEST (changes_fall_on_the_same_frame)
{
	const mdyn_class *cls = mdyn_class_get (_i / 8);
	fill (2);
	for (int pass = 0; pass < 2; pass++) {
		seed = 77u + (unsigned) _i;
		mdyn_proc *p = make (cls, MDYN_F64, 48000, 2);
		double *out = pass ? b64 : a64;
		for (size_t at = 0; at < FRAMES;) {
			size_t stretch = 1 + (size_t) (rnd () * 1500), end = at + stretch < FRAMES ? at + stretch : FRAMES;
			for (size_t n; at < end; at += n) {
				n = pass ? 13 : 10000;
				n = n < end - at ? n : end - at;
				void *o[2] = { out + at, out + FRAMES + at };
				const void *i[2] = { in64 + at, in64 + FRAMES + at };
				EXPECT (mdyn_process (p, o, i, NULL, n) == 0, "process failed");
			}
			const mdyn_param *r = &cls->params[(size_t) (rnd () * (double) cls->n_params)];
			double u = rnd ();
			if (r->flags & MDYN_LIVE)
				ck_assert_int_eq (mdyn_set (p, r->id, r->type != MDYN_REAL ? floor (u * (r->max + 1)) : isinf (r->max) ? 1 + 9 * u : r->min + u * (r->max - r->min)), 0);
		}
		mdyn_destroy (&p);
	}
	for (size_t i = 0; i < 2 * FRAMES; i++)
		EXPECT (a64[i] == b64[i], "%s: differs at %zu", cls->name, i);
}
END_TEST

/* The compressor's and the gate's channels part and join, _i with auto-release: wherever the caller's blocks end. */
START_TEST (channels_join_on_the_same_frame)
{
	const mdyn_kind kinds[] = { MDYN_GATE, MDYN_COMP, MDYN_COMP };
	const mdyn_class *cls = mdyn_class_get (kinds[_i]);
	fill (2);
	for (int pass = 0; pass < 2; pass++) {
		mdyn_proc *p = make (cls, MDYN_F64, 48000, 2);
		if (_i == 2)
			ck_assert_int_eq (mdyn_set (p, MDYN_COMP_auto_release, 1), 0);
		double *out = pass ? b64 : a64;
		for (size_t at = 0, n; at < FRAMES; at += n) {
			n = 4003 - at % 4003;
			n = pass && n > 13 ? 13 : n;
			n = n < FRAMES - at ? n : FRAMES - at;
			if (at % 4003 == 0)
				ck_assert_int_eq (mdyn_set (p, mdyn_class_find (cls, "link")->id, at / 4003 % 2 ? 40 : 100), 0);
			void *o[2] = { out + at, out + FRAMES + at };
			const void *i[2] = { in64 + at, in64 + FRAMES + at };
			EXPECT (mdyn_process (p, o, i, NULL, n) == 0, "process failed");
		}
		mdyn_destroy (&p);
	}
	for (size_t i = 0; i < 2 * FRAMES; i++)
		EXPECT (a64[i] == b64[i], "%s: differs at %zu", cls->name, i);
}
END_TEST

/* Rows that leave a processor nothing to do; found by what the row means, listed here since "neutral" is no property of a table. */
static void
neutral (mdyn_proc *p, mdyn_kind kind)
{
	int err = 0;
	if (kind == MDYN_COMP)
		err = mdyn_set (p, MDYN_COMP_ratio, 1);
	if (kind == MDYN_LIMIT)
		err = mdyn_set (p, MDYN_LIMIT_ceiling, 0);
	if (kind == MDYN_GATE)
		err = mdyn_set (p, MDYN_GATE_ratio, 1);
	if (kind == MDYN_NORM)
		err = mdyn_set (p, MDYN_NORM_mode, MDYN_NORM_mode_measure);
	ck_assert_int_eq (err, 0);
}

START_TEST (idle_keeps_every_bit)
{
	mdyn_kind kind = _i / 8;
	seed = 5u + (unsigned) _i;
	fill (2);
	for (size_t i = 0; i < 2 * FRAMES; i++) {
		in64[i] = in64[i] / 4; /* under the ceiling between the samples too */
		if (i % 997 == 0)
			in64[i] = i % 2 ? 4e-320 : -0.0; /* denormal, negative zero */
		in32[i] = i % 997 ? in32[i] / 4 : i % 2 ? 1e-41f : -0.0f;
	}
	for (int bypass = 0; bypass < 2; bypass++) {
		mdyn_proc *p = make (mdyn_class_get (kind), MDYN_F64, 48000, 2), *q = make (mdyn_class_get (kind), MDYN_F32, 48000, 2);
		if (bypass) {
			ck_assert_int_eq (mdyn_set (p, 0, 1), 0);
			ck_assert_int_eq (mdyn_set (q, 0, 1), 0);
		} else {
			neutral (p, kind);
			neutral (q, kind);
		}
		run (p, MDYN_F64, 2, a64, in64, 0);
		run (q, MDYN_F32, 2, a32, in32, 0);
		size_t n = mdyn_latency (p);
		ck_assert_int_eq (n, mdyn_latency (q));
		for (unsigned c = 0; c < 2 && n < FRAMES; c++) {
			ck_assert (!memcmp (a64 + c * FRAMES + n, in64 + c * FRAMES, (FRAMES - n) * 8));
			ck_assert (!memcmp (a32 + c * FRAMES + n, in32 + c * FRAMES, (FRAMES - n) * 4));
		}
		mdyn_destroy (&p);
		mdyn_destroy (&q);
	}
}
END_TEST

/* A poisoned stream ends with the same state as one in which the poison was silence. */
START_TEST (nonfinite_leaves_no_trace)
{
	const mdyn_class *cls = mdyn_class_get (_i / 8);
	seed = 31u + (unsigned) _i;
	fill (2);
	const double poison[] = { NAN, INFINITY, -INFINITY, 0x1p60, -0x1p61, 1e300 };
	const float poison32[] = { NAN, INFINITY, -INFINITY, 0x1p60f, -0x1p61f, 3e38f };
	size_t count = 0;
	mdyn_proc *p = make (cls, MDYN_F64, 48000, 2), *q = make (cls, MDYN_F64, 48000, 2), *r = make (cls, MDYN_F32, 48000, 2), *s = make (cls, MDYN_F32, 48000, 2);
	random_rows (p, cls);
	same_rows (q, p, cls);
	same_rows (r, p, cls);
	same_rows (s, p, cls);
	static size_t where[2 * FRAMES];
	for (size_t i = 300; i < FRAMES; i += 1 + (size_t) (rnd () * 900))
		where[count++] = i + (rnd () < 0.5 ? FRAMES : 0);
	for (size_t i = 0; i < count; i++) {
		in64[where[i]] = 0;
		in32[where[i]] = 0;
	}
	run (q, MDYN_F64, 2, b64, in64, 0);
	run (s, MDYN_F32, 2, b32, in32, 0);
	for (size_t i = 0; i < count; i++) {
		in64[where[i]] = poison[i % 6];
		in32[where[i]] = poison32[i % 6];
	}
	run (p, MDYN_F64, 2, a64, in64, 0);
	run (r, MDYN_F32, 2, a32, in32, 0);
	ck_assert (!memcmp (a64, b64, 2 * FRAMES * 8));
	ck_assert (!memcmp (a32, b32, 2 * FRAMES * 4));
	ck_assert (mdyn_get (p, mdyn_class_find (cls, "nonfinite")->id) == (double) count);
	for (size_t i = 0; i < 2 * FRAMES; i++)
		EXPECT (isfinite (a64[i]) && isfinite (a32[i]), "%s: not finite at %zu", cls->name, i);
	mdyn_destroy (&p);
	mdyn_destroy (&q);
	mdyn_destroy (&r);
	mdyn_destroy (&s);
}
END_TEST

/* Every corner of every range: finite, and no louder than the rows can make it. */
START_TEST (corners_stay_finite)
{
	const mdyn_class *cls = mdyn_class_get (_i / 8);
	unsigned rate = _i % 2 ? 384000 : 8000;
	seed = 9u;
	fill (2);
	for (size_t row = 2; row < cls->n_params; row++) {
		const mdyn_param *r = &cls->params[row];
		if (r->type == MDYN_TEXT || r->flags & MDYN_READOUT)
			continue;
		for (int top = 0; top < 2; top++) {
			mdyn_proc *p = make (cls, MDYN_F32, rate, 2);
			ck_assert_int_eq (mdyn_set (p, r->id, top ? r->max : r->min), 0);
			run (p, MDYN_F32, 2, a32, in32, 1000);
			for (size_t i = 0; i < 2 * FRAMES; i++)
				EXPECT (isfinite (a32[i]) && fabsf (a32[i]) < 2 * 1001, "%s %s at its %s gives %g", cls->name, r->name, top ? "max" : "min", a32[i]);
			mdyn_destroy (&p);
		}
	}
}
END_TEST

/* 64 channels of the same signal come out the same. */
START_TEST (many_channels)
{
	const mdyn_class *cls = mdyn_class_get (_i / 8);
	static float x[64][4096];
	seed = 3;
	mdyn_proc *p = make (cls, MDYN_F32, 48000, 64);
	void *io[64];
	for (int c = 0; c < 64; c++)
		io[c] = x[c];
	for (int i = 0; i < 4096; i++) {
		float v = (float) (rnd () * 3 - 1.5);
		for (int c = 0; c < 64; c++)
			x[c][i] = v;
	}
	ck_assert_int_eq (mdyn_process (p, io, (const void *const *) io, NULL, 4096), 0);
	for (int c = 1; c < 64; c++)
		ck_assert (!memcmp (x[0], x[c], sizeof x[0]));
	mdyn_destroy (&p);
}
END_TEST

START_TEST (bad_calls_are_refused)
{
	const mdyn_class *cls = mdyn_class_get (_i / 8);
	mdyn_proc *p = make (cls, MDYN_F32, 48000, 2), *none = NULL;
	float x[4] = { 0 };
	ck_assert_int_eq (mdyn_process (p, NULL, NULL, NULL, 2), -EINVAL);
	ck_assert_int_eq (mdyn_process_interleaved (p, x, NULL, NULL, 2), -EINVAL);
	ck_assert_int_eq (mdyn_process (p, NULL, NULL, NULL, 0), 0);
	ck_assert_int_eq (mdyn_set (p, -1, 0), -EINVAL);
	ck_assert_int_eq (mdyn_set (p, (int) cls->n_params, 0), -EINVAL);
	ck_assert (isnan (mdyn_get (p, 999)));
	ck_assert_int_eq (mdyn_set_text (p, "no-such-row", "1", NULL, 0), -ENOENT);
	ck_assert_int_eq (mdyn_create (NULL, cls, NULL), -EINVAL);
	mdyn_destroy (&p);
	ck_assert_ptr_null (p);
	mdyn_destroy (&p);
	mdyn_destroy (&none);
	mdyn_destroy (NULL);
}
END_TEST

/* A denormal and a negative zero have bits, too: those of the input, whatever key-listen is. */
START_TEST (bypass_keeps_every_bit_beside_key_listen)
{
	float x[1000], y[1000];
	for (size_t i = 0; i < 1000; i++)
		x[i] = i % 3 ? -0.0f : 0x1p-140f;
	for (int kind = MDYN_COMP; kind <= MDYN_GATE; kind += MDYN_GATE - MDYN_COMP) {
		mdyn_proc *p = make (mdyn_class_get (kind), MDYN_F32, 48000, 1);
		const char *const rows[] = { "bypass", "key-listen" };
		for (int i = 0; i < 2; i++)
			ck_assert_int_eq (mdyn_set_text (p, rows[i], "on", NULL, 0), 0);
		ck_assert_int_eq (mdyn_process_interleaved (p, y, x, NULL, 1000), 0);
		size_t late = mdyn_latency (p);
		ck_assert_mem_eq (y + late, x, (1000 - late) * sizeof *x);
		mdyn_destroy (&p);
	}
}
END_TEST

int
main (void)
{
	Suite *s = suite_create ("invariants");
	TCase *t = tcase_create ("invariants");
	tcase_set_timeout (t, 120);
	tcase_add_loop_test (t, blocks_do_not_matter, 0, MDYN_KINDS * 8);
	tcase_add_loop_test (t, changes_fall_on_the_same_frame, 0, MDYN_KINDS * 8);
	tcase_add_test (t, bypass_keeps_every_bit_beside_key_listen);
	tcase_add_loop_test (t, channels_join_on_the_same_frame, 0, 3);
	for (int k = 0; k < MDYN_KINDS; k++) {
		tcase_add_loop_test (t, idle_keeps_every_bit, k * 8, k * 8 + 1);
		tcase_add_loop_test (t, nonfinite_leaves_no_trace, k * 8, k * 8 + 4);
		tcase_add_loop_test (t, corners_stay_finite, k * 8, k * 8 + 2);
		tcase_add_loop_test (t, many_channels, k * 8, k * 8 + 1);
		tcase_add_loop_test (t, bad_calls_are_refused, k * 8, k * 8 + 1);
	}
	suite_add_tcase (s, t);
	return run_tap (s);
}
