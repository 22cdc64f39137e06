/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* masternorm.
 *
 *   input -> loudness meter -> leveller (live) ----.
 *     |                                            | gain, dB
 *     `-> delay: lookahead (live) -> x gain -> limiter (live; linear with peak-policy limit) -> factor = gain x limiter's x budget's (live)
 *
 * The frame applies the factor to its own delayed copy at full precision. What the limiter hears and what the output meter reads are float32 copies
 * in `line`. The output is measured only where a stats file or a delivery asks for it, and from the first frame of the programme on; the input up to
 * its last, see `tail` in loudness.h. */
#ifndef MDYN_CORE_NORM_H
#define MDYN_CORE_NORM_H

#include "budget.h"
#include "leveller.h"
#include "limit.h"
#include "loudness.h"
#include "measured.h"
#include "voice.h"

typedef struct mdyn_norm {
	mdyn_loudness *in, *out;                  /* out: NULL in mode measure */
	mdyn_limiter *limiter;                    /* NULL: none */
	mdyn_voice *voice;                        /* NULL: dialogue=auto was not prepared */
	mdyn_leveller leveller;
	size_t lookahead, behind;                 /* frames: of the leveller, of the limiter */
	size_t block;                             /* frames of 100 ms */
	size_t line_size, line_at, gains_at;
	float *line;                              /* [channels][line_size]: the input, a ring */
	float *gains;                             /* [behind + QUANTUM]: the gain on its way past the limiter, a ring */
	float *x;                                 /* [channels][QUANTUM] in work */
	float *factor;                            /* [QUANTUM], of all channels */

	/* live: the gain goes from .. to in `block` frames, `into` of them are done; `wait` frames until the next block is played */
	double from, to;
	size_t into, wait;
	mdyn_budget budget;
	uint64_t slices;                          /* that went into the limiter */
	size_t slice;                             /* frames until the next has */
	double top;                               /* the largest gain of it so far */

	/* linear */
	bool prepared;                            /* measured_* hold; outlives reset */
	mdyn_measured measured;
	mdyn_ramp gain;                           /* dB */
	double for_target, for_ceiling;            /* what it was found for */
	double wanted;                            /* dB, before the peaks had their say */

	size_t skip;                              /* frames until the programme's first leaves the delay */
	size_t restart;                           /* frames until the place of the last restart leaves it; 0: it has */
	size_t unreported;                        /* frames since the last report */
	bool measure_out, dual_mono, detects, finished;
	double reduction;                         /* the limiter's largest, dB */
} mdyn_norm;

static inline bool
mdyn_norm_is_live (const mdyn_proc *p)
{
	return p->v[MDYN_NORM_mode] == MDYN_NORM_mode_live;
}

static inline bool
mdyn_norm_is_linear (const mdyn_proc *p)
{
	return p->v[MDYN_NORM_mode] == MDYN_NORM_mode_linear;
}

/* Whether the one channel counts as two loudspeakers. */
bool mdyn_norm_counts_double (const mdyn_proc *p);

/* Publishes the peaks of the input. */
void mdyn_norm_hear_peaks (mdyn_proc *p);

/* What mdyn_ops asks for outside of the sound (normstats.c). */
int mdyn_norm_prepare (mdyn_proc *p, char *why, size_t why_size);
int mdyn_norm_stats (mdyn_proc *p, char *text, size_t size);
int mdyn_norm_summary (mdyn_proc *p, char *text, size_t size);
int mdyn_norm_report (mdyn_proc *p, char *why, size_t why_size);
int mdyn_norm_finish (mdyn_proc *p, char *why, size_t why_size);

#endif
