/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

#include "detector.h"

#include "dsp/dsp.h"

#define PI 3.14159265358979323846

void
mdyn_detector_setup (mdyn_detector_coef *coef, double rate)
{
	/* Constants: BS.1770-5 at 48 kHz traced back to the analogue prototype. The exponent .4996667741545416 makes the band gain of the shelf. */
	double k = tan (PI * 1681.974450955533 / rate), q = 0.7071752369554196;
	double vh = pow (10, 3.999843853973347 / 20), vb = pow (vh, 0.4996667741545416), a0 = 1 + k / q + k * k;
	double shelf[5] = { (vh + vb * k / q + k * k) / a0, 2 * (k * k - vh) / a0, (vh - vb * k / q + k * k) / a0, 2 * (k * k - 1) / a0,
		            (1 - k / q + k * k) / a0 };
	k = tan (PI * 38.13547087602444 / rate);
	q = 0.5003270373238773;
	a0 = 1 + k / q + k * k;
	double highpass[5] = { 1, -2, 1, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0 };
	memcpy (coef->shelf, shelf, sizeof shelf);
	memcpy (coef->highpass, highpass, sizeof highpass);
}

/* Transposed direct form II. */
static inline double
biquad (const double c[5], double *z0, double *z1, double in)
{
	double y = c[0] * in + *z0;
	*z0 = c[1] * in - c[3] * y + *z1;
	*z1 = c[2] * in - c[4] * y;
	return y;
}

void
mdyn_detector_run (const mdyn_detector_coef *coef, mdyn_detector *d, float *level, const float *x, size_t n)
{
	double square[QUANTUM], m = d->mean_square;
	if (coef->kind == DETECT_LOUDNESS) {
		double z[4] = { d->z[0], d->z[1], d->z[2], d->z[3] };
		for (size_t i = 0; i < n; i++) {
			double y = biquad (coef->highpass, &z[2], &z[3], biquad (coef->shelf, &z[0], &z[1], x[i]));
			square[i] = y * y;
		}
		memcpy (d->z, z, sizeof z);
	} else {
		for (size_t i = 0; i < n; i++)
			square[i] = (double) x[i] * x[i];
	}
	for (size_t i = 0; i < n; i++) {
		m += coef->k * (square[i] - m);
		level[i] = (float) sqrt (m);
	}
	d->mean_square = m;
}

double
mdyn_time_constant (double ms, double rate)
{
	return 1 - exp (-1000 / (ms * rate));
}

void
mdyn_ballistics_setup (mdyn_ballistics_coef *coef, double rise, double fall, size_t hold)
{
	coef->rise = rise;
	coef->fall = fall;
	coef->hold = hold;
	double risen = 1, fallen = 1;
	for (int i = 0; i < QUANTUM; i++) {
		coef->risen[i] = risen *= 1 - rise;
		coef->fallen[i] = fallen *= 1 - fall;
	}
}

size_t
mdyn_run_length (const float *d, size_t n)
{
	uint32_t differ = 0, first, u;
	memcpy (&first, d, sizeof first);
	for (size_t i = 0; i < n; i++) {
		memcpy (&u, d + i, sizeof u);
		differ |= u ^ first;
	}
	if (!differ)
		return n;
	size_t m = 1;
	while (d[m] == d[0])
		m++;
	return m;
}

void
mdyn_ballistics_anchor (mdyn_ballistics *b)
{
	b->from = b->s;
	b->since = 0;
}

/* d[0 .. n - 1] of the target x, that stands still after the first; fall: for the first, n is 1 then. Returns how many of them were made: the end of a hold
 * is an end. */
static size_t
approach (const mdyn_ballistics_coef *coef, mdyn_ballistics *b, float *d, float x, const double *fall, size_t n)
{
	bool still = x == b->before;
	if (!still || fall) {
		mdyn_ballistics_anchor (b);
		n = 1;
	}
	b->before = x;
	double off = b->from - x;
	if (off <= 0 || b->s == x)
		b->held = coef->hold;
	if (b->s == x || (off > 0 && b->held)) {
		if (b->s != x) {
			n = n < b->held ? n : b->held;
			b->held -= n;
		}
		for (size_t k = 0; k < n; k++)
			d[k] = (float) b->s;
		return n;
	}
	double left = fall ? 1 - *fall : coef->fallen[0];
	const double *p = off < 0 ? coef->risen + b->since : fall ? &left : coef->fallen + b->since;
	if (n > 1)
		mdyn_dsp->settle (d, x, off, p, MDYN_NEAR, n - 1);
	b->s = still && fabs (off * p[n - 1]) < MDYN_NEAR ? x : x + off * p[n - 1];
	d[n - 1] = (float) b->s;
	b->since += n;
	if (b->s == x)
		b->held = coef->hold;
	return n;
}

void
mdyn_ballistics_run (const mdyn_ballistics_coef *coef, mdyn_ballistics *b, float *d, const double *fall, size_t at, size_t n)
{
	if (at == 0)
		mdyn_ballistics_anchor (b);
	for (size_t i = 0; i < n;)
		i += approach (coef, b, d + i, d[i], fall ? fall + i : NULL, d[i] == b->before && !fall ? mdyn_run_length (d + i, n - i) : 1);
}

void
mdyn_ballistics_climb (const mdyn_ballistics_coef *coef, mdyn_ballistics *b, float *d, const mdyn_steps *steps, size_t at)
{
	if (at == 0)
		mdyn_ballistics_anchor (b);
	for (size_t k = 0; k < steps->n; k++)
		for (size_t i = steps->from[k], end = steps->from[k + 1]; i < end;)
			i += approach (coef, b, d + i, steps->value[k], NULL, end - i);
}

void
mdyn_link (float *const *d, unsigned channels, const float *link, bool smallest, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float most = d[0][i];
		for (unsigned c = 1; c < channels; c++)
			most = (d[c][i] > most) != smallest ? d[c][i] : most;
		for (unsigned c = 0; c < channels; c++)
			d[c][i] = link[i] * most + (1 - link[i]) * d[c][i];
	}
}
