/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

#include "gating.h"

#define BINS_PER_LU 100
#define LU_OF_BINS 100                            /* -70 .. +30 LUFS; what is louder counts in the last bin */
#define BINS (BINS_PER_LU * LU_OF_BINS)
#define QUIET_BINS 500                            /* of .1 LU from the floor to the gate */

typedef mdyn_loudness_bin bin;

struct mdyn_gating {
	bin fine[BINS], coarse[LU_OF_BINS], all;  /* from the gate up: in bins of .01 LU, of 1 LU, and all */
	bin quiet[QUIET_BINS];
};

double
mdyn_lufs (double energy)
{
	double l = -0.691 + 10 * log10 (energy);
	return l >= MDYN_LOUDNESS_FLOOR ? l : NAN;
}

double
mdyn_energy (double lufs)
{
	return pow (10, (lufs + 0.691) / 10);
}

mdyn_gating *
mdyn_gating_lay (mdyn_arena *a)
{
	return mdyn_carve (a, 1, sizeof (mdyn_gating));
}

void
mdyn_gating_clear (mdyn_gating *h)
{
	memset (h, 0, sizeof *h);
}

static void
add (bin *b, double energy)
{
	b->sum += energy;
	b->n++;
}

static size_t
bin_of (double energy)
{
	double i = (-0.691 + 10 * log10 (energy) - MDYN_LOUDNESS_GATE) * BINS_PER_LU;
	return i < 0 ? 0 : i >= BINS ? BINS - 1 : (size_t) i;
}

void
mdyn_gating_enter (mdyn_gating *h, double energy)
{
	if (energy >= mdyn_energy (MDYN_LOUDNESS_GATE)) {
		size_t i = bin_of (energy);
		add (&h->fine[i], energy);
		add (&h->coarse[i / BINS_PER_LU], energy);
		add (&h->all, energy);
	} else if (energy >= mdyn_energy (MDYN_LOUDNESS_FLOOR)) {
		size_t i = (size_t) ((mdyn_lufs (energy) - MDYN_LOUDNESS_FLOOR) * 10);
		add (&h->quiet[i < QUIET_BINS ? i : QUIET_BINS - 1], energy);
	}
}

/* Everything from the gate on, which is this factor below the mean of all. *from is the first bin of it. */
static bin
gated (const mdyn_gating *h, double factor, size_t *from)
{
	bin r = { 0, 0 };
	double gate = factor * h->all.sum / (double) h->all.n;
	size_t i = gate < mdyn_energy (MDYN_LOUDNESS_GATE) ? 0 : bin_of (gate);
	if (h->fine[i].sum < gate * (double) h->fine[i].n)
		i++; /* the gate falls within this bin: it goes with its mean */
	*from = i;
	for (; i < BINS && i % BINS_PER_LU; i++) {
		r.sum += h->fine[i].sum;
		r.n += h->fine[i].n;
	}
	for (size_t k = i / BINS_PER_LU; k < LU_OF_BINS; k++) {
		r.sum += h->coarse[k].sum;
		r.n += h->coarse[k].n;
	}
	return r;
}

/* Loudness of the value with `below` values before it, counted from bin i. */
static double
ranked (const mdyn_gating *h, size_t i, uint64_t below)
{
	while (i < BINS) {
		bool lu = i % BINS_PER_LU == 0;
		const bin *b = lu ? &h->coarse[i / BINS_PER_LU] : &h->fine[i];
		if (b->n > below && (!lu || h->fine[i].n > below)) {
			b = &h->fine[i];
			break;
		}
		if (lu && b->n > below) {
			below -= h->fine[i++].n;
			continue;
		}
		below -= b->n;
		i += lu ? BINS_PER_LU : 1;
	}
	return i < BINS ? mdyn_lufs (h->fine[i].sum / (double) h->fine[i].n) : NAN;
}

double
mdyn_gating_integrated (const mdyn_gating *h)
{
	if (!h->all.n)
		return NAN;
	size_t from;
	bin r = gated (h, 0.1, &from);
	return mdyn_lufs (r.sum / (double) r.n);
}

double
mdyn_gating_range (const mdyn_gating *h)
{
	if (!h->all.n)
		return NAN;
	size_t from;
	double last = (double) gated (h, 0.01, &from).n - 1;
	return ranked (h, from, (uint64_t) (0.95 * last + 0.5)) - ranked (h, from, (uint64_t) (0.1 * last + 0.5));
}

double
mdyn_gating_threshold (const mdyn_gating *h)
{
	return h->all.n ? fmax (MDYN_LOUDNESS_GATE, mdyn_lufs (0.1 * h->all.sum / (double) h->all.n)) : NAN;
}

void
mdyn_gating_blocks (const mdyn_gating *h, mdyn_loudness_bin *to)
{
	memset (to, 0, MDYN_LOUDNESS_BINS * sizeof *to);
	memcpy (to, h->quiet, sizeof h->quiet);
	for (size_t i = 0; i < BINS; i++) {
		to[QUIET_BINS + i / (BINS_PER_LU / 10)].sum += h->fine[i].sum;
		to[QUIET_BINS + i / (BINS_PER_LU / 10)].n += h->fine[i].n;
	}
}
