/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Holds momentary and short-term loudness under limits, whatever comes and without looking ahead.
 *
 * A limit on the mean energy of 400 ms or 3 s is a budget: what the slices already played have left of it is what the next may spend. Held by those
 * two windows alone, a loud second would spend all and leave silence to the rest. So shorter windows are held as well, of 10 ms on, and between 400 ms
 * and 3 s; the shorter, the more power: 3 dB for a fourth of the time below 400 ms, from there on so that the momentary limit is 3 dB over the
 * short-term one. What is loud at once is so reduced at once, by little.
 *
 * Slices are those of the loudness meter (10 ms at all common rates). A meter may begin its window anywhere, within a slice too: the two windows that
 * count are summed over one slice more than they are long. The reduction goes down before its slice begins and comes back within slices, 1.5 dB/s or
 * as much again as it is deep; at once where the gain in front of it falls. Each slice may have half of what its window allows it for ever, whatever was
 * before. Where slices are longer than the delay behind them (100 ms at rates that are no multiple of 20 Hz) the limits are met by less.
 *
 * The energies are those of the source times the largest gain of the slice: a limiter behind it makes it only less. Gains in dB. */
#ifndef MDYN_CORE_BUDGET_H
#define MDYN_CORE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MDYN_BUDGET_SLICES 302
#define MDYN_BUDGET_WINDOWS 9

typedef struct mdyn_budget {
	double rate;                              /* slices a second */
	unsigned ms;                              /* of a slice */
	size_t slice, lead;                       /* frames: of a slice; from when a slice is heard to when it is played */
	size_t n[MDYN_BUDGET_WINDOWS];            /* slices of each window */
	double most[MDYN_BUDGET_WINDOWS];         /* energy it may sum up to, INFINITY: any */
	double least;                             /* energy that a slice may have in any case, see mdyn_budget_update */
	unsigned lenient;                         /* slices for which that counts */
	bool on;
	double played[MDYN_BUDGET_SLICES];        /* energies of slice k at k % MDYN_BUDGET_SLICES */
	uint64_t heard;
	double gain, reduced;                     /* of the last slice heard; reduced <= 0 */
	double now, step, to, next;               /* at the frame that is played; on its way to, in `left` frames; what follows then */
	size_t left;
} mdyn_budget;

/* ms: length of a slice of so many frames. behind: frames from a slice's end being heard to its end being played. */
void mdyn_budget_setup (mdyn_budget *b, unsigned rate, unsigned ms, size_t frames, size_t behind);

void mdyn_budget_reset (mdyn_budget *b);

/* Limits in LUFS, INFINITY for none. first: before anything is heard. Where they come down later, what was played before may be over them: for 3 s the
 * reduction grows by 50 dB/s at most, and a slice may in any case be as loud as 10 LU under the limit. */
void mdyn_budget_update (mdyn_budget *b, double max_momentary, double max_short_term, bool first);

/* Whether there is anything to play. Slices are heard all the same: what was played counts once a limit is set. */
bool mdyn_budget_active (const mdyn_budget *b);

/* Hears a slice. gain: the largest that it has before the reduction. */
void mdyn_budget_hear (mdyn_budget *b, double energy, double gain);

/* The next n frames' reduction; false if that is 0 dB and nothing was written. */
bool mdyn_budget_play (mdyn_budget *b, float *db, size_t n);

#endif
