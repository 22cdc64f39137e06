/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The sliding largest magnitude against its definition, at every length, over signals that stand still, fall, rise and scatter, however they are cut. */
#include <math.h>
#include <stdlib.h>

#include "tap.h"
#include "window.h"

#define FRAMES 6000
#define LONGEST 700
#define CHANNELS 3

static uint32_t state = 20261128;

static uint32_t
next (void)
{
	state ^= state << 13;
	state ^= state >> 17;
	return state ^= state << 5;
}

/* Noise under an envelope that rises and falls, a part that stands still, and lone peaks. */
static float
signal (size_t i, unsigned channel)
{
	float noise = (float) next () / 4294967296.0f - 0.5f;
	if (i / 500 % 4 == channel)
		return channel % 2 ? -0.25f : 0.25f;
	if (next () % 150 == 0)
		return noise * 4;
	return noise * (float) (1 + sin ((double) i / 90)) * (i / 1000 % 2 ? 1e-3f : 1);
}

static float x[CHANNELS][FRAMES];

static float
by_definition (size_t i, size_t frames, unsigned first, unsigned channels)
{
	float most = 0;
	for (size_t j = i > frames ? i - frames : 0; j <= i; j++)
		for (unsigned c = first; c < first + channels; c++)
			most = fmaxf (most, fabsf (x[c][j]));
	return most;
}

static mdyn_window *
claim (mdyn_arena *a, unsigned windows)
{
	mdyn_window_carve (a, windows, LONGEST);
	a->base = calloc (1, a->used);
	ck_assert (a->base != NULL);
	a->used = 0;
	return mdyn_window_carve (a, windows, LONGEST);
}

/* One call, checked. The cut is drawn. */
static size_t
hear (mdyn_window *w, size_t at, size_t frames, unsigned first, unsigned channels, size_t most)
{
	mdyn_steps level;
	const float *now[CHANNELS];
	size_t left = QUANTUM - at % QUANTUM, n = most < left ? most : left;
	for (unsigned c = 0; c < channels; c++)
		now[c] = x[first + c] + at;
	mdyn_window_run (w, &level, now, channels, frames, n);
	ck_assert (level.n >= 1 && level.from[0] == 0 && level.from[level.n] == n);
	for (size_t k = 0; k < level.n; k++) {
		ck_assert (level.from[k] < level.from[k + 1] && (!k || level.value[k] != level.value[k - 1]));
		for (size_t i = level.from[k]; i < level.from[k + 1]; i++) {
			float want = by_definition (at + i, frames, first, channels);
			ck_assert_msg (level.value[k] == want, "frame %zu of a window of %zu: %g, not %g", at + i, frames, (double) level.value[k], (double) want);
		}
	}
	return n;
}

static void
fill (void)
{
	for (unsigned c = 0; c < CHANNELS; c++)
		for (size_t i = 0; i < FRAMES; i++)
			x[c][i] = signal (i, c);
}

START_TEST (largest_by_definition)
{
	static const size_t lengths[] = { 0, 1, 40, 63, 64, 65, 100, 127, 128, 200, 600, LONGEST };
	mdyn_arena a = { 0 };
	mdyn_window *w = claim (&a, 1);
	for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++)
		for (unsigned channels = 1; channels <= CHANNELS; channels++) {
			fill ();
			mdyn_window_clear (w, 0);
			for (size_t at = 0; at < FRAMES - QUANTUM;)
				at += hear (w, at, lengths[k], 0, channels, k % 2 ? QUANTUM : 1 + next () % QUANTUM);
		}
	free (a.base);
}
END_TEST

/* The length may change from call to call: what is asked is the same. */
START_TEST (length_changes)
{
	mdyn_arena a = { 0 };
	mdyn_window *w = claim (&a, 1);
	size_t frames = 0;
	fill ();
	for (size_t at = 0; at < FRAMES - QUANTUM;) {
		if (next () % 8 == 0)
			frames = next () % LONGEST;
		at += hear (w, at, frames, 0, 2, 1 + next () % QUANTUM);
	}
	free (a.base);
}
END_TEST

/* Recalled, a window of all channels becomes that of one; joined, they become one again. */
START_TEST (part_and_join)
{
	mdyn_arena a = { 0 };
	mdyn_window *w = claim (&a, CHANNELS);
	size_t at = 0, quanta = mdyn_window_quanta (LONGEST), size = (quanta + 1) * QUANTUM;
	float *ring = calloc (CHANNELS * size, sizeof *ring);
	static mdyn_proc p;
	fill ();
	for (size_t part = 2345; part < 2345 + 2 * QUANTUM; part += 13) {
		mdyn_window_clear (&w[0], 0);
		for (at = 0; at < part;) {
			size_t left = part - at;
			at += hear (&w[0], at, 500, 0, CHANNELS, left < QUANTUM ? left : QUANTUM);
		}
		for (unsigned c = 0; c < CHANNELS; c++)
			for (size_t i = part - part % size; i < part + size; i++)
				ring[c * size + i % size] = i < part ? x[c][i] : i < size ? 0 : x[c][i - size];
		p.m.det = ring;
		p.m.det_size = size;
		p.det_at = part % size;
		for (unsigned c = 0; c < CHANNELS; c++)
			mdyn_window_recall (&w[c], &w[0], &p, c, 0, quanta);
		for (size_t n; at < 4000; at += n) {
			n = 1 + next () % QUANTUM;
			for (unsigned c = 0; c < CHANNELS; c++)
				n = hear (&w[c], at, 500 + part % 200, c, 1, n);
		}
		for (unsigned c = 1; c < CHANNELS; c++)
			mdyn_window_join (&w[0], &w[c]);
		while (at < FRAMES - QUANTUM)
			at += hear (&w[0], at, 500, 0, CHANNELS, 1 + next () % QUANTUM);
	}
	free (ring);
	free (a.base);
}
END_TEST

int
main (void)
{
	Suite *s = suite_create ("window");
	TCase *t = tcase_create ("window");
	suite_add_tcase (s, t);
	tcase_add_test (t, largest_by_definition);
	tcase_add_test (t, length_changes);
	tcase_add_test (t, part_and_join);
	return run_tap (s);
}
