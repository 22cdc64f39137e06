/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The level rider of masternorm's live mode: from the loudness of the source, block by block, to the gain that brings it to a target.
 *
 * A running mean alone is always late and lifts every pause. So the gain comes from looking for changes of level (core/change.h): within a section
 * the level is learned ever more slowly; where a window of blocks shows that another section has begun, the level jumps and the change is dated back
 * to the start of that window. What has not been played yet, thanks to the look-ahead, then has the right gain from the start.
 *
 * A block is 100 ms, its energy the mean square after K weighting (core/loudness.h). On each block:
 *  1. gate     on: 400 ms mean above the gate and the block above -70 LUFS. active: also above the level - 10 LU. Else all stands still.
 *  2. seed     the level is the mean of the first 3 blocks above the gate, of more if they are known before the first is played, and the gain is
 *              that from the start of the stream, or from the cue; at most 15 dB up for 2 s; 0 where less than 2 LU are missing, and see 6
 *  3. level    a growing mean that becomes a forgetting one, over `memory` seconds, and forgets faster where the last 9.5 s all disagree with it
 *  4. change   up or down; a level that was there lately is recognised sooner, and so is any after a silence, unless silences are frequent. A fall
 *              that is over within 3 s was a dip, one to what then stands still was a pause: the section before it goes on
 *  5. re-date  the plan is rewritten from the start of the section
 *  6. wanted   target - level, with what this section and the last half minute came out short of (1.6 dB at most); held back by strength and by the
 *              noise of the pauses (lifted to 13 LU under the target at most), within max_boost and max_cut. 0 dB is kept while the level is on target
 *              within its own doubt, or half a dB; or near it in a programme that is on target as a whole: 6.6 LU while the level stands on no more
 *              than 3 s, as after a silence, then 2.5, or up to 4.25 in one that has rested for 2 min. That is one that was left alone for 7 s and whose last minute is within 1.4 LU after 22 s of sound, .4 later, and
 *              again 1.4 once it has rested for 2 min; or what may be the intro of one, the first 22 s of sound in a stream, within 3.6 LU (talk 2)
 *              and, from 8 s on, without a change. `initial` off target says that it is none, and at the target that changes do not matter. A cue
 *              ends it
 *  7. follow   the gain nears what is wanted once that is dead_band away
 *  8. play     falls end before the loud block begins; a rise begins with the quiet one, waits while the source pauses, or falls and is not talk, and
 *              ends a block before a pause. A section that may be a fade yet is lifted by 1.5 dB only, until the source has stood its ground for .9 s
 *              (talk .2 s), longer with each fall after the first; one known from before, or 12 LU deep in one step, is none
 * Gains are in dB, levels in LUFS, times in s unless said otherwise. Pure arithmetic: no function allocates. */
#ifndef MDYN_CORE_LEVELLER_H
#define MDYN_CORE_LEVELLER_H

#include "change.h"

typedef struct mdyn_leveller_rows {
	double target, gate, initial;             /* LUFS; initial -70: unknown */
	double strength;                          /* 0..1 */
	double max_boost, max_cut, dead_band, memory;
	double rise, fall;                        /* dB/s */
} mdyn_leveller_rows;

typedef struct mdyn_leveller {
	mdyn_leveller_rows rows;
	mdyn_past past;
	uint64_t played;                          /* blocks */
	double plan[MDYN_PAST];                   /* of block k at k % MDYN_PAST */
	bool on[MDYN_PAST], hold[MDYN_PAST];      /* hold: the source falls or pauses there, no time to rise */
	uint64_t item;                            /* the block of the last cue, 0: the start */
	bool seeded, audible;                     /* of the item: its level is known; a block of it above the gate has been played */
	mdyn_section section, before;             /* before.level 0: not to be returned to */
	mdyn_expectation expected;
	struct {
		unsigned stairs;                  /* falls found one after the other, none of them sure; 0: what was found last is sure */
		unsigned steady;                  /* blocks since the last of them in which the source did not fall */
		double gain;                      /* played when the first was found */
	} fall;                                   /* that may be a fade */
	unsigned next_recalled;
	double age;                               /* s of active blocks since the seed */
	bool talk;                                /* it broke off as talk does */
	bool restless;                            /* no intro of what is on target: after a cue, by `initial`, by a change */
	double rested;                            /* s at 0 dB, less half of those elsewhere since */
	double average;                           /* energy of the last minute, gated */
	double out, out_age;                      /* of the output, the last half minute; s behind it */
	double gain;                              /* at the newest block */
	double now;                               /* played, at the end of the last block */
	bool following, holding;
	bool told;                                /* another target in this section: it is not left alone */
	double changed;                           /* s since the last change */
	unsigned quiet;                           /* blocks below -65 LUFS */
	uint64_t broke;                           /* the block of the last break in the sound; the start is one */
	bool often;                               /* and the one before it was not long ago */
	double boost_cap;                         /* what the noise of the pauses allows */
} mdyn_leveller;

void mdyn_leveller_reset (mdyn_leveller *l);

/* Takes new rows. first: the stream starts. A new target moves the gain by as much, at the speed of `rise` and `fall`. */
void mdyn_leveller_update (mdyn_leveller *l, const mdyn_leveller_rows *rows, bool first);

/* Another item begins with the block that is heard next: its level is taken from its own first blocks, as at the start of a stream,
 * but not as those of an intro. */
void mdyn_leveller_cue (mdyn_leveller *l);

/* Hears one block. */
void mdyn_leveller_hear (mdyn_leveller *l, double energy);

/* The gain at the end of the next block to be played; from where it stood it goes there in a straight line. Called once for each block of the
 * source in turn, as far behind mdyn_leveller_hear() as the look-ahead is long. *start: the gain at its start. */
double mdyn_leveller_play (mdyn_leveller *l, double *start);

#endif
