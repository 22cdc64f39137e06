/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* What the tests of mastercomp and mastergate share. The gain is read as output over input. */
#ifndef DYNAMICS_H
#define DYNAMICS_H

#include <math.h>
#include <string.h>

#include "mdyn/mdyn.h"
#include "tap.h"

#define RATE 48000
#define PI 3.14159265358979323846

/* Check writes to a pipe at every assertion that it passes; in inner loops only a failure may speak. */
#define EXPECT(good, ...)                                                                                                                            \
	do                                                                                                                                           \
		if (!(good))                                                                                                                         \
			ck_abort_msg (__VA_ARGS__);                                                                                                  \
	while (0)

typedef struct row {
	int id;
	double value;
} row;

static inline mdyn_proc *
make_at (mdyn_kind kind, unsigned rate, unsigned channels, unsigned key_channels, const row *rows, size_t n)
{
	mdyn_proc *p = NULL;
	mdyn_format f = { .sample = MDYN_F64, .rate = rate, .channels = channels, .key_channels = key_channels };
	EXPECT (mdyn_create (&p, mdyn_class_get (kind), &f) == 0, "not created");
	for (size_t i = 0; i < n; i++)
		EXPECT (mdyn_set (p, rows[i].id, rows[i].value) == 0, "row %d refuses %g", rows[i].id, rows[i].value);
	return p;
}
#define MAKE_AT(kind, rate, channels, key, ...)                                                                                                      \
	make_at (kind, rate, channels, key, (const row[]){ __VA_ARGS__ }, sizeof ((const row[]){ __VA_ARGS__ }) / sizeof (row))
#define MAKE(kind, channels, key, ...) MAKE_AT (kind, RATE, channels, key, __VA_ARGS__)

static inline double
amp (double db)
{
	return pow (10, db / 20);
}

static inline double
decibel (double x)
{
	return 20 * log10 (fabs (x));
}

/* Mono through p in place; x becomes the output. */
static inline void
through (mdyn_proc *p, double *x, size_t n)
{
	void *io[1] = { x };
	EXPECT (mdyn_process (p, io, (const void *const *)io, NULL, n) == 0, "process failed");
}

static inline void
tone (double *x, double hz, double rate, double amplitude, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] = amplitude * sin (2 * PI * hz * (double)i / rate);
}

/* Gain in dB after `frames` frames of a constant. */
static inline double
settled (mdyn_proc *p, double db, size_t frames)
{
	static double x[RATE * 4];
	for (size_t i = 0; i < frames; i++)
		x[i] = amp (db);
	through (p, x, frames);
	return decibel (x[frames - 1] / amp (db));
}

/* When the gain has made 1-1/e of the way from one settled dB value to another, looked at where the input is not near a zero. */
static inline double
time_ms (const double *out, const double *in, size_t from, size_t n, double before, double after)
{
	for (size_t i = from; i < n; i++) {
		double g = decibel (out[i] / in[i]), way = (g - before) / (after - before);
		if (in[i] != 0 && way >= 1 - exp (-1))
			return (double)(i + 1 - from) * 1000 / RATE;
	}
	return -1;
}

/* Largest magnitude of x[from..n) beyond a Butterworth edge of the 12th order: 216 dB down at three octaves. */
static inline double
beyond (const double *x, size_t from, size_t n, double hz, bool above)
{
	double z[6][2] = { { 0 } }, c[6][5], g = tan (PI * hz / RATE), peak = 0;
	for (int k = 0; k < 6; k++) {
		double q = 2 * sin ((2 * k + 1) * PI / 24), a = 1 + q * g + g * g, b = above ? 1 / a : g * g / a;
		c[k][0] = c[k][2] = b;
		c[k][1] = above ? -2 * b : 2 * b;
		c[k][3] = 2 * (g * g - 1) / a;
		c[k][4] = (1 - q * g + g * g) / a;
	}
	for (size_t i = 0; i < n; i++) {
		double v = x[i];
		for (int k = 0; k < 6; k++) {
			double y = c[k][0] * v + z[k][0];
			z[k][0] = c[k][1] * v - c[k][3] * y + z[k][1];
			z[k][1] = c[k][2] * v - c[k][4] * y;
			v = y;
		}
		if (i >= from)
			peak = fmax (peak, fabs (v));
	}
	return peak;
}

static inline double
random_of (unsigned *seed) /* 0 .. 1 */
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) / 16777216.0;
}

static inline double
random_value (const mdyn_param *r, unsigned *seed)
{
	double u = random_of (seed), pick = random_of (seed);
	if (r->type != MDYN_REAL)
		return floor (u * (r->max + 1));
	if (isinf (r->max))
		return pick < 0.2 ? r->max : 1 + 20 * u * u;
	return pick < 0.2 ? r->min : pick < 0.4 ? r->max : r->min + (r->max - r->min) * u;
}

/* A row stepped to random values while 1 kHz tones play, one loud, one that a closed gate of its own would shut: how far below each channel's peak
 * all stays that is three octaves away, in dB. */
static inline double
worst_click (mdyn_kind kind, const mdyn_param *r, unsigned seed)
{
	enum { N = RATE * 4 };
	static double x[2][N];
	mdyn_proc *p = make_at (kind, RATE, 2, 0, NULL, 0);
	tone (x[0], 1000, RATE, 0.5, N);
	tone (x[1], 1000, RATE, 0.003, N);
	for (size_t at = 0, n; at < N; at += n) {
		n = 100 + (size_t)(random_of (&seed) * 9000);
		n = n < N - at ? n : N - at;
		void *io[2] = { x[0] + at, x[1] + at };
		EXPECT (mdyn_process (p, io, (const void *const *)io, NULL, n) == 0, "process failed");
		EXPECT (mdyn_set (p, r->id, random_value (r, &seed)) == 0, "%s", r->name);
	}
	mdyn_destroy (&p);
	double worst = -INFINITY;
	for (int c = 0; c < 2; c++) {
		double peak = 0, low = beyond (x[c], RATE / 2, N, 125, false), high = beyond (x[c], RATE / 2, N, 8000, true);
		for (size_t i = 0; i < N; i++)
			peak = fmax (peak, fabs (x[c][i]));
		worst = fmax (worst, decibel (fmax (low, high) / peak));
	}
	return worst;
}

/* All rows at random ends of their ranges at once, over loud, quiet and silent noise: finite, and no louder than `most_db` above the input. */
static inline void
corners (mdyn_kind kind, unsigned rate, unsigned seed, double most_db)
{
	enum { N = 6000 };
	static double x[2][N];
	const mdyn_class *cls = mdyn_class_get (kind);
	for (int round = 0; round < 60; round++) {
		mdyn_proc *p = make_at (kind, rate, 2, 0, NULL, 0);
		for (size_t i = 2; i < cls->n_params; i++)
			if (!(cls->params[i].flags & MDYN_READOUT))
				EXPECT (mdyn_set (p, (int)i, random_of (&seed) < 0.5 ? cls->params[i].min : cls->params[i].max) == 0,
					"corner refused");
		for (size_t i = 0; i < N; i++)
			for (int c = 0; c < 2; c++)
				x[c][i] = (i / 1000 % 3 == 0 ? 4 : i / 1000 % 3 == 1 ? 1e-5 : 0) * (2 * random_of (&seed) - 1);
		void *io[2] = { x[0], x[1] };
		EXPECT (mdyn_process (p, io, (const void *const *)io, NULL, N) == 0, "process failed");
		for (size_t i = 0; i < N; i++)
			EXPECT (fabs (x[0][i]) < 4 * amp (most_db) && fabs (x[1][i]) < 4 * amp (most_db), "round %d: %g, %g at %zu", round, x[0][i],
				x[1][i], i);
		mdyn_destroy (&p);
	}
}
#endif
