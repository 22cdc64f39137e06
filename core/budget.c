/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

#include "budget.h"

#include <math.h>
#include <string.h>

#include "loudness.h"

/* ms */
static const unsigned window[MDYN_BUDGET_WINDOWS] = { 10, 20, 50, 100, 200, 400, 800, 1500, 3000 };
#define MOMENTARY 5
#define SHORT_TERM 8

#define SLOPE_SHORT 0.5                           /* power goes with the window's length to the minus this */
#define SLOPE_LONG 0.344                          /* 7.5^.344 = 3 dB */
#define KEEP 0.5                                  /* 3 dB less than what could go on for ever */
#define RELEASE 1.5                               /* dB/s at least */
#define LENIENT_FALL 0.5                          /* dB a slice at most, where it is the limit that came down */

void
mdyn_budget_setup (mdyn_budget *b, unsigned rate, unsigned ms, size_t frames, size_t behind)
{
	memset (b, 0, sizeof *b);
	b->rate = (double) rate / (double) frames;
	b->slice = frames;
	b->ms = ms;
	size_t lead = behind > frames ? behind - frames : 0, least = rate / 250;
	b->lead = lead > frames ? frames : lead < least ? least : lead;
	for (int i = 0; i < MDYN_BUDGET_WINDOWS; i++)
		b->n[i] = window[i] < ms ? 1 : window[i] / ms + (i == MOMENTARY || i == SHORT_TERM);
	mdyn_budget_reset (b);
}

void
mdyn_budget_reset (mdyn_budget *b)
{
	memset (b->played, 0, sizeof b->played);
	b->heard = 0;
	b->gain = b->reduced = b->now = b->step = b->to = b->next = 0;
	b->left = 0;
	b->lenient = 0;
	b->on = false;
}

void
mdyn_budget_update (mdyn_budget *b, double max_momentary, double max_short_term, bool first)
{
	double momentary = mdyn_energy (fmin (max_momentary, max_short_term + 3)), short_term = mdyn_energy (max_short_term);
	bool lowered = false;
	for (int i = 0; i < MDYN_BUDGET_WINDOWS; i++) {
		double s = window[i] / 1000.0, power = momentary * pow (0.4 / s, SLOPE_SHORT);
		if (i > MOMENTARY)
			power = isinf (max_short_term) ? INFINITY : fmin (momentary, short_term * pow (3 / s, SLOPE_LONG));
		double most = window[i] < b->ms ? INFINITY : power * s * b->rate;
		lowered |= most < b->most[i];
		b->most[i] = most;
	}
	b->lenient = lowered && !first ? (unsigned) (3 * b->rate) : b->lenient;
	b->least = 0.1 * fmin (momentary, short_term);
	b->on = !isinf (momentary);
}

bool
mdyn_budget_active (const mdyn_budget *b)
{
	return b->on || b->now < 0 || b->to < 0 || b->next < 0;
}

/* What the next slice may spend, so that each after it may spend the KEEP of its share whatever was before. */
static double
left (const mdyn_budget *b)
{
	double least = INFINITY, sum = 0;
	int shortest = 0;
	for (size_t n = 1; n <= b->n[MDYN_BUDGET_WINDOWS - 1]; n++) {
		while (n > b->n[shortest])
			shortest++;
		for (int i = shortest; i < MDYN_BUDGET_WINDOWS; i++)
			least = fmin (least, b->most[i] * (1 - KEEP * (double) (b->n[i] - n) / (double) b->n[i]) - sum);
		sum += n <= b->heard ? b->played[(b->heard - n) % MDYN_BUDGET_SLICES] : 0;
	}
	return least;
}

void
mdyn_budget_hear (mdyn_budget *b, double energy, double gain)
{
	double spent = energy * pow (10, gain / 10), may = b->on ? left (b) : INFINITY;
	if (b->lenient)
		may = fmax (may, b->least);
	double back = fmax (RELEASE, -b->reduced) / b->rate + fmax (0, b->gain - gain), reduced = fmin (0, b->reduced + back);
	if (spent * pow (10, reduced / 10) > may)
		reduced = fmin (reduced, 10 * log10 (fmax (may, 1e-9 * b->least) / spent));
	if (b->lenient)
		reduced = fmax (reduced, b->reduced - LENIENT_FALL);
	b->lenient -= b->lenient > 0;
	b->played[b->heard++ % MDYN_BUDGET_SLICES] = spent * pow (10, reduced / 10);

	/* A fall is there when the slice begins; a rise begins there and takes all of it. */
	b->to = reduced < b->reduced ? reduced : b->reduced;
	b->step = (b->to - b->now) / (double) b->lead;
	b->left = b->lead;
	b->next = reduced;
	b->reduced = reduced;
	b->gain = gain;
}

bool
mdyn_budget_play (mdyn_budget *b, float *db, size_t n)
{
	if (b->now == 0 && b->to == 0 && b->next == 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (b->left == 0) {
			b->to = b->next;
			b->step = (b->to - b->now) / (double) b->slice;
			b->left = b->slice;
		}
		b->now = --b->left ? b->now + b->step : b->to;
		db[i] = (float) b->now;
	}
	return true;
}
