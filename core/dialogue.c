/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

#include "dialogue.h"

#define WINDOW 30                                 /* blocks of a short-term value */

struct mdyn_dialogue {
	mdyn_gating *short_term;
	mdyn_loudness_bin all;
	uint64_t others;                          /* blocks known to be no dialogue */
	double recent[WINDOW];                    /* energies of dialogue blocks, block k at k % WINDOW */
};

mdyn_dialogue *
mdyn_dialogue_lay (mdyn_arena *a)
{
	mdyn_dialogue *d = mdyn_carve (a, 1, sizeof *d);
	mdyn_gating *short_term = mdyn_gating_lay (a);
	if (d)
		d->short_term = short_term;
	return d;
}

void
mdyn_dialogue_clear (mdyn_dialogue *d)
{
	mdyn_gating_clear (d->short_term);
	d->all = (mdyn_loudness_bin) { 0, 0 };
	d->others = 0;
}

void
mdyn_dialogue_enter (mdyn_dialogue *d, mdyn_dialogue_state state, double energy)
{
	d->others += state == MDYN_DIALOGUE_NO;
	if (state != MDYN_DIALOGUE_YES)
		return;
	d->recent[d->all.n++ % WINDOW] = energy;
	d->all.sum += energy;
	if (d->all.n < WINDOW)
		return;
	double sum = 0;
	for (int i = 0; i < WINDOW; i++)
		sum += d->recent[i];
	mdyn_gating_enter (d->short_term, sum / WINDOW);
}

double
mdyn_dialogue_loudness (const mdyn_dialogue *d)
{
	return d->all.n ? mdyn_lufs (d->all.sum / (double) d->all.n) : NAN;
}

double
mdyn_dialogue_share (const mdyn_dialogue *d)
{
	uint64_t known = d->all.n + d->others;
	return known ? 100 * (double) d->all.n / (double) known : NAN;
}

double
mdyn_dialogue_range (const mdyn_dialogue *d)
{
	return mdyn_gating_range (d->short_term);
}
