/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* A true-peak meter that shares nothing with the library's: 16 times oversampling in double by a windowed sinc of 192 taps a phase (Kaiser, beta 8:
 * flat within 0.001 dB to 0.486 of the rate). Silence is taken to lie before and after the signal, and the whole support of the sinc is read there. */
#ifndef METER_H
#define METER_H

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define METER_PHASES 16
#define METER_TAPS 192
#define METER_BLOCK 256

static inline double
meter_bessel (double x)
{
	double sum = 1, term = 1;
	for (int k = 1; k < 60; k++) {
		term *= x * x / 4 / k / k;
		sum += term;
	}
	return sum;
}

/* Linear true peak of x[n]. */
static inline double
meter_true_peak (const double *x, size_t n)
{
	static double taps[METER_PHASES][METER_TAPS];
	if (!taps[0][METER_TAPS / 2 - 1])
		for (int p = 0; p < METER_PHASES; p++) {
			double sum = 0;
			for (int k = 0; k < METER_TAPS; k++) {
				double t = k - (METER_TAPS / 2 - 1) - (double) p / METER_PHASES, w = 1 - t * t / (METER_TAPS / 2) / (METER_TAPS / 2);
				taps[p][k] = w < 0 ? 0 : (t == 0 ? 1 : sin (M_PI * t) / (M_PI * t)) * meter_bessel (8 * sqrt (w)) / meter_bessel (8);
				sum += taps[p][k];
			}
			for (int k = 0; k < METER_TAPS; k++)
				taps[p][k] /= sum;
		}
	size_t length = n + 2 * METER_TAPS + METER_BLOCK;
	double *padded = calloc (length, sizeof *padded), peak = 0;
	memcpy (padded + METER_TAPS, x, n * sizeof *x);
	for (size_t from = 0; from < n + METER_TAPS; from += METER_BLOCK)
		for (int p = 0; p < METER_PHASES; p++) {
			double y[METER_BLOCK] = { 0 };
			for (int k = 0; k < METER_TAPS && from + METER_BLOCK + METER_TAPS <= length; k++)
				for (int i = 0; i < METER_BLOCK; i++)
					y[i] += taps[p][k] * padded[from + (size_t) k + (size_t) i];
			for (int i = 0; i < METER_BLOCK; i++)
				peak = fabs (y[i]) > peak ? fabs (y[i]) : peak;
		}
	free (padded);
	return peak;
}

static inline double
meter_sample_peak (const double *x, size_t n)
{
	double peak = 0;
	for (size_t i = 0; i < n; i++)
		peak = fabs (x[i]) > peak ? fabs (x[i]) : peak;
	return peak;
}

/* Solves a[n][n + 1] in place by Gauss's elimination; the solution is in column n. */
static inline void
meter_solve (double a[3][4])
{
	for (int i = 0; i < 3; i++) {
		int best = i;
		for (int r = i; r < 3; r++)
			best = fabs (a[r][i]) > fabs (a[best][i]) ? r : best;
		for (int k = 0; k < 4; k++) {
			double swap = a[i][k];
			a[i][k] = a[best][k];
			a[best][k] = swap;
		}
		for (int r = 0; r < 3; r++) {
			double f = r == i ? 0 : a[r][i] / a[i][i];
			for (int k = 0; k < 4; k++)
				a[r][k] -= f * a[i][k];
		}
	}
	for (int i = 0; i < 3; i++)
		a[i][3] /= a[i][i];
}

/* THD+N in dB: what is left of x when the least squares fit of a constant and a sine of w radians a sample is taken away, against the sine. */
static inline double
meter_thdn (const double *x, size_t n, double w)
{
	double a[3][4] = { { 0 } }, rest = 0;
	for (size_t i = 0; i < n; i++) {
		double v[4] = { 1, cos (w * (double) i), sin (w * (double) i), x[i] };
		for (int r = 0; r < 3; r++)
			for (int k = 0; k < 4; k++)
				a[r][k] += v[r] * v[k];
	}
	meter_solve (a);
	for (size_t i = 0; i < n; i++) {
		double e = x[i] - a[0][3] - a[1][3] * cos (w * (double) i) - a[2][3] * sin (w * (double) i);
		rest += e * e;
	}
	double tone = (a[1][3] * a[1][3] + a[2][3] * a[2][3]) / 2 * (double) n;
	return 10 * log10 (rest / tone);
}

#endif
