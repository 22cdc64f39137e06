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
static void
biquad (const double c[5], double z[2], float *x, size_t n)
{
	double z0 = z[0], z1 = z[1];
	for (size_t i = 0; i < n; i++) {
		double in = x[i], y = c[0] * in + z0;
		z0 = c[1] * in - c[3] * y + z1;
		z1 = c[2] * in - c[4] * y;
		x[i] = (float) y;
	}
	z[0] = z0;
	z[1] = z1;
}

void
mdyn_detector_run (const mdyn_detector_coef *coef, mdyn_detector *d, float *level, float *x, size_t n)
{
	if (coef->kind == DETECT_PEAK) {
		memset (level, 0, n * sizeof *level);
		mdyn_abs_max (level, x, n);
		return;
	}
	if (coef->kind == DETECT_LOUDNESS) {
		biquad (coef->shelf, d->z, x, n);
		biquad (coef->highpass, d->z + 2, x, n);
	}
	double m = d->mean_square;
	for (size_t i = 0; i < n; i++) {
		m += coef->k * ((double) x[i] * x[i] - m);
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
mdyn_ballistics_run (const mdyn_ballistics_coef *coef, mdyn_ballistics *b, float *d, size_t n)
{
	double s = b->s;
	size_t held = b->held;
	for (size_t i = 0; i < n; i++) {
		double e = d[i] - s;
		if (e >= 0) {
			s += coef->rise * e;
			held = coef->hold;
		} else if (held) {
			held--;
		} else {
			s += coef->fall * e;
		}
		s = fabs (e) < 1e-7 ? d[i] : s;
		d[i] = (float) s;
	}
	b->s = s;
	b->held = held;
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
