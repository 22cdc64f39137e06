/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Where does another section of a programme begin? The leveller's ear for changes of level.
 *
 * What is heard is a row of blocks of 100 ms. A section is what lies between two changes; it knows its level and, at three scales of time, how far
 * its own .4, 1 and 3 s stand over and under that level. A window of the last blocks, .2 to 10 s long, is another section where it is further off
 * than this section's own ups and downs of that length explain: 2.7 of their standard deviation, and .9 LU. So steady speech is followed in half a
 * second, and music that swells and sinks is left alone. One block is enough where it is 16 LU over a section of which more than 1 s is known, which
 * after a silence is not so.
 *
 * Upwards that is all. Downwards the gain rises, which is soon undone where it was wrong, so from 3 s on a third of a standard deviation is enough,
 * and in a programme on target nothing shorter counts; and a section not 4 s old, which has learned much of its level from the window itself, is taken
 * without that. But much else looks like a change:
 *  a pause    its noise stands still as neither speech nor music does, or did until the last block
 *  a dip      the last block is far under the window, or the window is ending in something louder, as when the section comes back; one that went
 *             away again makes this section patient: one as deep must last longer than twice as long
 *  a fade     the window still falls, from 3 s on the loudest of it too; or it was not left in a step but by a slope; or a fall came not long ago,
 *             and what follows it has not been flat for 4 s
 *
 * Levels in LUFS, lengths in blocks unless said otherwise. No function allocates. */
#ifndef MDYN_CORE_CHANGE_H
#define MDYN_CORE_CHANGE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MDYN_BLOCK 0.1                            /* s */
#define MDYN_PAST 128                             /* blocks remembered: the longest window, the look-ahead, and some */
#define MDYN_SCALES 3
#define MDYN_WIDE 30                              /* blocks: a window as long is known as well as a section */

typedef struct mdyn_past {
	uint64_t heard;                           /* blocks */
	double energy[MDYN_PAST], loudness[MDYN_PAST]; /* of block k at k % MDYN_PAST */
	unsigned still;                           /* blocks for which the loudness has not moved; 0: it moves */
} mdyn_past;

typedef struct mdyn_section {
	uint64_t since;                           /* its first block */
	uint64_t search;                          /* no window reaches back past it */
	double level;                             /* energy */
	double evidence;                          /* s behind `level` */
	double over[MDYN_SCALES], under[MDYN_SCALES]; /* LU, root mean squares */
	double seen;                              /* s behind these */
	size_t patience;                          /* a fall must last as long, unless it is 3 LU deeper than */
	double dip;                               /* LU: the last that was none */
	double out, played;                       /* energy that came of it, and the s it is the mean of */
} mdyn_section;

/* What makes a change likelier: within `cue` blocks of a break; near the level of a former section (recalled, NaN: none). And unlikelier: a programme
 * that is on target. fell: the block when the last fall was found, 0 none. */
#define MDYN_RECALLED 3
typedef struct mdyn_expectation {
	unsigned cue;
	double recalled[MDYN_RECALLED];
	bool on_target;
	uint64_t fell;
} mdyn_expectation;

typedef struct mdyn_change {
	uint64_t from;                            /* the first block of the new section */
	size_t n;
	double level;
	int recalled;                             /* -1: none of them */
} mdyn_change;

static inline size_t
mdyn_at (uint64_t k)
{
	return (size_t) (k % MDYN_PAST);
}

/* LUFS of an energy, -120 for silence. */
double mdyn_level (double energy);

/* Hears a block. */
void mdyn_past_hear (mdyn_past *p, double energy);

/* Mean energy of the blocks from .. to - 1; the gated one without those 10 LU and more below that. */
double mdyn_past_mean (const mdyn_past *p, uint64_t from, uint64_t to);
double mdyn_past_gated (const mdyn_past *p, uint64_t from, uint64_t to);

/* Whether the source is going down now: below its section, or below what it was a second ago. */
bool mdyn_past_falls (const mdyn_past *p, const mdyn_section *s);

/* Whether the source broke off lately, having sounded, as talk does and music hardly. */
bool mdyn_past_breaks (const mdyn_past *p, const mdyn_section *s);

/* Whether it is speech that goes on: it breaks off, and its phrases are as loud as they were. Such a source goes down all the time,
 * at the end of each phrase, and none of that is a fade. */
bool mdyn_past_talks (const mdyn_past *p, const mdyn_section *s);

/* Whether a fall was found not long ago: what falls again may be a fade. */
bool mdyn_fell_lately (const mdyn_expectation *e, const mdyn_past *p);

void mdyn_section_begin (mdyn_section *s, uint64_t from, double energy, double evidence);

/* Learns the section's own ups and downs, 3 s late: by then a change would have been found. */
void mdyn_section_learn (mdyn_section *s, const mdyn_past *p);

/* The shortest window that ends now and is another section. */
bool mdyn_change_find (const mdyn_past *p, const mdyn_section *s, const mdyn_expectation *e, mdyn_change *found);

#endif
