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

mdyn_window *
mdyn_window_carve (mdyn_arena *a, unsigned channels, size_t frames)
{
	uint32_t size = 4 * QUANTUM;
	while (size < frames + 2 * QUANTUM)
		size *= 2;
	mdyn_window *w = mdyn_carve (a, channels, sizeof *w);
	for (unsigned c = 0; c < channels; c++) {
		float *x = mdyn_carve (a, size, sizeof *x), *most = mdyn_carve (a, size / QUANTUM, sizeof *most);
		if (w)
			w[c] = (mdyn_window) { .x = x, .most = most, .mask = size - 1, .suffix_of = UINT32_MAX };
	}
	return w;
}

void
mdyn_window_clear (mdyn_window *w)
{
	memset (w->x, 0, (w->mask + (size_t) 1) * sizeof *w->x);
	memset (w->most, 0, (w->mask + (size_t) 1) / QUANTUM * sizeof *w->most);
	w->now = 0;
	w->prefix = 0;
	w->suffix_of = UINT32_MAX;
}

static inline float
larger (float a, float b)
{
	return a > b ? a : b;
}

/* Of quantum q, which is complete. */
static void
find_suffix (mdyn_window *w, uint32_t q)
{
	const float *x = w->x + (q * QUANTUM & w->mask);
	float most = 0;
	for (int i = QUANTUM - 1; i >= 0; i--)
		w->suffix[i] = most = larger (most, x[i]);
	w->suffix_of = q;
}

/* The largest of the quanta from .. here - 1. */
static float
quanta_max (const mdyn_window *w, uint32_t from, uint32_t here)
{
	uint32_t quanta = (w->mask + 1) / QUANTUM, n = (here - from) & (quanta - 1), at = from & (quanta - 1), part = n < quanta - at ? n : quanta - at;
	float most = mdyn_dsp->largest (w->most + at, part);
	return part < n ? larger (most, mdyn_dsp->largest (w->most, n - part)) : most;
}

/* Levels of the n frames that come next in this quantum, magnitudes a, where the largest comes or goes; frames >= QUANTUM. */
static void
search (mdyn_window *w, float *level, const float *a, float newest, uint32_t frames, uint32_t n)
{
	uint32_t here = w->now / QUANTUM, quanta = w->mask / QUANTUM;
	for (uint32_t done = 0, part; done < n; done += part) {
		uint32_t oldest = w->now + done - frames, q = oldest / QUANTUM, at = oldest % QUANTUM;
		float between = quanta_max (w, q + 1, here);
		part = n - done < QUANTUM - at ? n - done : QUANTUM - at;
		for (uint32_t i = done; i < done + part; i++)
			level[i] = between;
		if (w->most[q & quanta] <= between)
			continue;
		if (q != w->suffix_of)
			find_suffix (w, q);
		for (uint32_t i = 0; i < part; i++)
			level[done + i] = larger (between, w->suffix[at + i]);
	}
	float running = w->prefix;
	for (uint32_t i = 0; i < n && newest > level[n - 1]; i++) {
		running = larger (running, a[i]);
		level[i] = larger (level[i], running);
	}
}

/* The same within one quantum: n <= QUANTUM - now % QUANTUM. Mostly the largest lies in a quantum that the window covers whole, all the time. */
static bool
window_part (mdyn_window *w, float *level, const float *x, uint32_t frames, uint32_t n)
{
	uint32_t here = w->now / QUANTUM, mask = w->mask, quanta = mask / QUANTUM;
	float *a = w->x + (w->now & mask), newest = larger (w->prefix, mdyn_dsp->magnitude (a, x, n));
	bool flat = false;
	if (frames >= QUANTUM) {
		uint32_t first = (w->now - frames) / QUANTUM, last = (w->now + n - 1 - frames) / QUANTUM;
		float covered = quanta_max (w, last + 1, here);
		flat = covered >= newest && covered >= w->most[first & quanta] && covered >= w->most[last & quanta];
		if (flat)
			for (uint32_t i = 0; i < n; i++)
				level[i] = covered;
		else
			search (w, level, a, newest, frames, n);
	}
	for (uint32_t i = 0; i < n && frames < QUANTUM; i++) {
		level[i] = 0;
		for (uint32_t k = 0; k <= frames; k++)
			level[i] = larger (level[i], w->x[(w->now + i - k) & mask]);
	}
	w->prefix = newest;
	w->now += n;
	if (w->now % QUANTUM == 0) {
		w->most[here & quanta] = newest;
		w->prefix = 0;
	}
	return flat;
}

bool
mdyn_window_run (mdyn_window *w, float *level, const float *x, size_t frames, size_t n)
{
	size_t left = QUANTUM - w->now % QUANTUM, part = n < left ? n : left;
	bool flat = window_part (w, level, x, (uint32_t) frames, (uint32_t) part);
	if (part == n)
		return flat;
	flat &= window_part (w, level + part, x + part, (uint32_t) frames, (uint32_t) (n - part));
	return flat && level[part] == level[0];
}

/* From one kind to another the level goes on where it stood, as far as the new kind can. */
static void
change_kind (mdyn_detector *d, mdyn_window *w, mdyn_detector_kind kind)
{
	if (kind == DETECT_PEAK)
		mdyn_window_clear (w);
	else if (d->kind == DETECT_PEAK)
		d->mean_square = (double) d->level * d->level;
	memset (d->z, 0, sizeof d->z);
	d->kind = kind;
}

bool
mdyn_detector_run (const mdyn_detector_coef *coef, mdyn_detector *d, mdyn_window *w, float *level, const float *x, size_t n)
{
	if (d->kind != coef->kind)
		change_kind (d, w, coef->kind);
	if (coef->kind == DETECT_PEAK) {
		bool flat = mdyn_window_run (w, level, x, coef->window, n);
		d->level = level[n - 1];
		return flat;
	}
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
	return false;
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

void
mdyn_ballistics_run (const mdyn_ballistics_coef *coef, mdyn_ballistics *b, float *d, const double *fall, size_t at, size_t n)
{
	if (at == 0)
		mdyn_ballistics_anchor (b);
	for (size_t i = 0, m; i < n; i += m) {
		float x = d[i];
		bool still = x == b->before;
		m = still && !fall ? mdyn_run_length (d + i, n - i) : 1;
		b->before = x;
		if (!still || fall)
			mdyn_ballistics_anchor (b);
		double off = b->from - x;
		if (off <= 0 || b->s == x)
			b->held = coef->hold;
		if (b->s == x || (off > 0 && b->held)) {
			if (b->s != x) {
				m = m < b->held ? m : b->held;
				b->held -= m;
			}
			for (size_t k = 0; k < m; k++)
				d[i + k] = (float) b->s;
			continue;
		}
		double left = fall ? 1 - fall[i] : coef->fallen[0];
		const double *p = off < 0 ? coef->risen + b->since : fall ? &left : coef->fallen + b->since;
		if (m > 1)
			mdyn_dsp->settle (d + i, x, off, p, MDYN_NEAR, m - 1);
		b->s = still && fabs (off * p[m - 1]) < MDYN_NEAR ? x : x + off * p[m - 1];
		d[i + m - 1] = (float) b->s;
		b->since += m;
		if (b->s == x)
			b->held = coef->hold;
	}
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
