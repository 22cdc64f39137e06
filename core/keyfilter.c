/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

#include "keyfilter.h"

#define PI 3.14159265358979323846
#define DAMPING 1.4142135623730951 /* Butterworth */

void
mdyn_keyfilter_update (mdyn_keyfilter *f, double highpass, double lowpass, double rate, bool jump)
{
	const double hz[2] = { highpass, lowpass };
	double frames = MDYN_RAMP_MS / 1000 * rate;
	for (int i = 0; i < 2; i++) {
		struct mdyn_keyfilter_band *b = &f->band[i];
		bool silent = b->share.now == 0 && b->share.step == 0;
		if (hz[i] > 0)
			mdyn_ramp_to (&b->pitch, log2 (fmin (fmax (hz[i], 1), 0.49 * rate)), frames, jump || silent);
		mdyn_ramp_to (&b->share, hz[i] > 0, frames, jump);
	}
}

void
mdyn_keyfilter_next (mdyn_keyfilter *f, double rate, size_t n)
{
	for (int k = 0; k < 2; k++) {
		struct mdyn_keyfilter_band *b = &f->band[k];
		b->still = b->pitch.step == 0 && b->share.step == 0;
		b->off = b->still && b->share.now == 0;
		if (b->off)
			continue;
		bool moves = b->pitch.step != 0;
		double g = tan (PI * exp2 (b->pitch.now) / rate);
		for (size_t i = 0; i < n; i++) {
			b->wet[i] = mdyn_ramp_next (&b->share);
			double pitch = mdyn_ramp_next (&b->pitch);
			b->g[i] = moves ? tan (PI * exp2 (pitch) / rate) : g;
		}
	}
}

/* Of the trapezoidal state-variable filter: the bilinear biquad, whose states stay what they mean while g moves. Its two integrators
 * v1 = a z0 + ag (x - z1) and v2 = z1 + g v1 make z0' = 2 v1 - z0 and z1' = 2 v2 - z1, written out so that a state waits for one product only. */
typedef struct coef {
	double a, ag, agg;
} coef;

static inline coef
coef_of (double g)
{
	double a = 1 / (1 + g * (g + DAMPING));
	return (coef) { a, a * g, a * g * g };
}

static inline double
step (double *z, coef c, double x, bool low)
{
	double e = x - z[1], v1 = c.a * z[0] + c.ag * e, v2 = z[1] + (c.ag * z[0] + c.agg * e);
	double z0 = (2 * c.a - 1) * z[0] + 2 * c.ag * e;
	z[1] = z[1] + 2 * c.ag * z[0] + 2 * c.agg * e;
	z[0] = z0;
	return low ? v2 : x - DAMPING * v1 - v2;
}

void
mdyn_keyfilter_run (const mdyn_keyfilter *f, mdyn_keyfilter_state *s, float *x, size_t n)
{
	if (f->band[0].off && f->band[1].off) {
		memset (s, 0, sizeof *s);
		return;
	}
	double v[QUANTUM];
	for (size_t i = 0; i < n; i++)
		v[i] = x[i];
	for (int k = 0; k < 2; k++) {
		const struct mdyn_keyfilter_band *b = &f->band[k];
		double z[2] = { s->z[2 * k], s->z[2 * k + 1] };
		if (b->off) {
			z[0] = z[1] = 0;
		} else if (b->still) {
			coef c = coef_of (b->g[0]);
			for (size_t i = 0; i < n; i++)
				v[i] = step (z, c, v[i], k == 1);
		} else {
			for (size_t i = 0; i < n; i++) {
				double y = step (z, coef_of (b->g[i]), v[i], k == 1);
				v[i] = b->wet[i] == 1 ? y : v[i] + b->wet[i] * (y - v[i]);
				if (b->wet[i] == 0)
					z[0] = z[1] = 0; /* here and not at the block's end: the caller cuts the blocks */
			}
		}
		s->z[2 * k] = z[0];
		s->z[2 * k + 1] = z[1];
	}
	for (size_t i = 0; i < n; i++)
		x[i] = (float) v[i];
}
