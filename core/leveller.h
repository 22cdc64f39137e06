/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The level rider of masternorm's live mode: from the loudness of the source, block by block, to the gain that brings it to a target.
 *
 * A running mean alone is always late and lifts every pause. So the gain comes from looking for changes of level: within a section the level is
 * learned ever more slowly; where a window of blocks shows that another section has begun, the level jumps and the change is dated back to the
 * start of that window. What has not been played yet, thanks to the look-ahead, then has the right gain from the start.
 *
 * A block is 100 ms, its energy the mean square after K weighting (core/loudness.h). On each block:
 *  1. gate     on: 400 ms mean above the gate and the block above -70 LUFS. active: also above the level - 10 LU. Else all stands still.
 *  2. seed     the level is the mean of the first 3 blocks above the gate, of more if they are known before the first is played, and the gain is
 *              that from the start of the stream; at most 15 dB up for 2 s; 0 where 2 LU or less are missing
 *  3. level    a growing mean that becomes a forgetting one, over `memory` seconds, and forgets faster where the last 8 s all disagree with it
 *  4. change   up or down, by windows of .2 to 10 s: how far times how long; a pause, a fade, a dip is not a change; a level that was there lately
 *              is recognised sooner, and so is any after a silence (a cue)
 *  5. re-date  the plan is rewritten from the start of the window
 *  6. wanted   target - level, held back by strength and by the noise of the pauses (lifted to -40 LUFS at most), within max_boost and max_cut, 0
 *              where it is next to nothing
 *  7. follow   the gain nears what is wanted once that is dead_band away
 *  8. play     falls end before the loud block begins, rises begin with the quiet one
 * Gains are in dB, levels in LUFS, times in s unless said otherwise. Pure arithmetic: no function allocates. */
#ifndef MDYN_CORE_LEVELLER_H
#define MDYN_CORE_LEVELLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEVELLER_PAST 128                         /* blocks remembered: the longest window, the look-ahead, and some */
#define LEVELLER_LOOKAHEAD_MAX 30                 /* blocks */
#define LEVELLER_RECALL 3

typedef struct mdyn_leveller_rows {
	double target, gate, initial;             /* LUFS; initial -70: unknown */
	double strength;                          /* 0..1 */
	double max_boost, max_cut, dead_band, memory;
	double rise, fall;                        /* dB/s */
} mdyn_leveller_rows;

typedef struct mdyn_leveller {
	mdyn_leveller_rows rows;
	uint64_t heard, played;                   /* blocks */
	double energy[LEVELLER_PAST], loudness[LEVELLER_PAST], plan[LEVELLER_PAST]; /* of block k at k % LEVELLER_PAST */
	bool on[LEVELLER_PAST];
	bool seeded, audible;                     /* audible: a block above the gate has been played */
	uint64_t since;                           /* the block of the last change: nothing before it belongs to this section */
	double level;                             /* energy of the section */
	double evidence;                          /* s behind `level`, most `memory` */
	double age;                               /* s of active blocks since the seed */
	double average;                           /* energy of the last minute, gated */
	double recalled[LEVELLER_RECALL];         /* levels of former sections, LUFS; NaN unused */
	unsigned next_recall;
	double gain;                              /* at the newest block */
	double now;                               /* played, at the end of the last block */
	bool following;
	double changed;                           /* s since the last change */
	double quiet, cue;                        /* s below -65 LUFS; s for which a cue makes changes likely */
	double still;                             /* s for which the loudness has not moved; 0: it moves */
	double boost_cap;                         /* what the noise of the pauses allows */
} mdyn_leveller;

void mdyn_leveller_reset (mdyn_leveller *l);

/* Takes new rows. first: the stream starts. A new target moves the gain by as much, at the speed of `rise` and `fall`. */
void mdyn_leveller_update (mdyn_leveller *l, const mdyn_leveller_rows *rows, bool first);

/* What comes next may be anything: changes are believed sooner and learned faster for a while. */
void mdyn_leveller_cue (mdyn_leveller *l);

/* Hears one block. */
void mdyn_leveller_hear (mdyn_leveller *l, double energy);

/* The gain at the end of the next block to be played; from where it stood it goes there in a straight line. Called once for each block of the
 * source in turn, as far behind mdyn_leveller_hear() as the look-ahead is long. *start: the gain at its start. */
double mdyn_leveller_play (mdyn_leveller *l, double *start);

#endif
