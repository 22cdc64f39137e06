/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Loudness after ITU-R BS.1770-5 and EBU Tech 3341 / 3342, and the peaks beside it.
 *
 * libebur128 (1.2.6) does the K weighting and sums the squares over the channels; loudness.c is the only file that knows it. What it is not used
 * for, and why:
 *  - Momentary and short-term loudness are means of its energies over slices of 10 ms (20, 50 or 100 ms where the rate asks for it), which lie next
 *    to each other in the stream, wherever the caller cut it. Its own queries would read 400 ms and 3 s anew each time: a burst of work every 100 ms,
 *    and 3 s of every channel in memory.
 *  - Gating: core/gating.h. Its list of blocks allocates while audio runs, its histogram is .1 LU coarse.
 *  - True peak: core/truepeak.h is faster and reads closer.
 * ebur128_init() writes tables that all its users share, so mdyn_loudness_open() holds a lock around it.
 *
 * Channels count by position: 1.41 (BS.1770-5) from 60 to 120 degrees to the side below 30 degrees of elevation, LFE not at all, all else 1. A
 * back pair without a side or surround pair is what 5.1 and quadraphonic layouts call their surrounds, at 110 degrees, and counts 1.41. The front pair of 22.2
 * (BS.2051 system H) stands at 60 degrees and counts 1.41.
 *
 * Momentary loudness for its maximum is taken at every slice, for the gates every 100 ms, as short-term loudness always is.
 *
 * Units: energies are mean squares after K weighting and channel weights, loudness is -0.691 + 10 log10 (energy) LUFS, peaks are dBFS and dBTP.
 * "No value yet", silence among it, is NaN. */
#ifndef MDYN_CORE_LOUDNESS_H
#define MDYN_CORE_LOUDNESS_H

#include "dialogue.h"

typedef struct mdyn_loudness mdyn_loudness;

/* Of what has been counted since the restart. duration in s; integrated, threshold (the gate in force, at least -70), max_* in LUFS; range in LU; psr, the
 * least ratio of the true peak of 3 s to their loudness, in dB. integrated needs 400 ms, range and psr 3 s. rms, noise_floor: root mean square of all
 * channels' samples, unweighted, of all blocks of 100 ms and of the quietest 500 ms, dB against full scale (a full sine is -3.01), -infinity for zeros.
 * dialogue (LUFS), dialogue_share (%) and dialogue_range (LU): core/dialogue.h, NaN where nothing was told. */
typedef struct mdyn_loudness_result {
	double duration, integrated, threshold, range, max_momentary, max_short_term, true_peak, sample_peak, psr, rms, noise_floor;
	double dialogue, dialogue_share, dialogue_range;
} mdyn_loudness_result;

/* Carves from the arena in both passes; returns NULL while counting. tail: frames of silence with which the caller will push out what lies in its
 * delay lines; the last `tail` frames heard are never counted, so that they do not dilute the measurement of a short clip. */
mdyn_loudness *mdyn_loudness_lay (mdyn_arena *a, const mdyn_format *format, size_t tail);

/* Allocates what libebur128 needs: 0 or -ENOMEM. close takes a meter that was never opened, too. Not in real time. */
int mdyn_loudness_open (mdyn_loudness *l, const mdyn_format *format);
void mdyn_loudness_close (mdyn_loudness *l);

/* Forgets all audio. libebur128 has no reset, and to make a new one would allocate: it gets a second of silence instead, by which what was before
 * has decayed out of the reach of any bit of a result. That takes .5 ms for stereo at 48 kHz, 50 ms for 64 channels at 96 kHz. */
void mdyn_loudness_reset (mdyn_loudness *l);

/* The programme starts here: results, maxima and duration begin anew, the filters, momentary and short-term loudness go on. In real time. Loudness counts from
 * the next whole slice on (10 ms), the sample peak from the next frame, the true peak between samples after at most 64 more, so that nothing
 * from before can show. */
void mdyn_loudness_restart (mdyn_loudness *l);

/* Whether what is heard from now on is dialogue, at blocks of 100 ms; in real time. An output meter follows the input's, of which it hears the same audio, by at
 * most `tail` frames of that one later. */
void mdyn_loudness_tell (mdyn_loudness *l, mdyn_dialogue_state state);
void mdyn_loudness_follow (mdyn_loudness *l, const mdyn_loudness *input);
const mdyn_dialogue *mdyn_loudness_dialogue (const mdyn_loudness *l);

/* Channels of which the position, hence the weight, is not known; 0 for mono and stereo without any position. */
unsigned mdyn_loudness_unplaced (const mdyn_format *format);

/* Whether one channel counts as two loudspeakers. Before the first frame. */
void mdyn_loudness_dual_mono (mdyn_loudness *l, const mdyn_format *format, bool on);

/* Frames until the current block of 100 ms is whole, at least 1. */
size_t mdyn_loudness_room (const mdyn_loudness *l);

/* Hears n frames of x[channel], finite; n <= QUANTUM, n <= mdyn_loudness_room(). True when a block of 100 ms is whole. */
bool mdyn_loudness_run (mdyn_loudness *l, const float *const *x, size_t n);

/* Energy of the last whole block of 100 ms. */
double mdyn_loudness_energy (const mdyn_loudness *l);

/* Slices: what a block is whole of, of so many frames and ms; the energy of slice k, counted from the first frame, no longer ago than `tail` and 3 s. */
size_t mdyn_loudness_slice_frames (const mdyn_loudness *l, unsigned *ms);
double mdyn_loudness_slice (const mdyn_loudness *l, uint64_t k);

/* LUFS of the last 400 ms and 3 s heard, at whole blocks; NaN before as much was heard, and below -120. */
double mdyn_loudness_momentary (const mdyn_loudness *l);
double mdyn_loudness_short_term (const mdyn_loudness *l);

/* Each some 300 steps: fit for every block of 100 ms. */
double mdyn_loudness_integrated (const mdyn_loudness *l);
double mdyn_loudness_range (const mdyn_loudness *l);
double mdyn_loudness_true_peak (const mdyn_loudness *l);
double mdyn_loudness_sample_peak (const mdyn_loudness *l);
double mdyn_loudness_max_momentary (const mdyn_loudness *l);
double mdyn_loudness_max_short_term (const mdyn_loudness *l);

/* Of the last 3 s heard, at whole blocks, dB; NaN where short-term loudness is. */
double mdyn_loudness_psr (const mdyn_loudness *l);

/* End of the programme: the true peak of the last frames is told. Only reset may come after it. */
void mdyn_loudness_finish (mdyn_loudness *l);

void mdyn_loudness_get (const mdyn_loudness *l, mdyn_loudness_result *r);

/* The momentary loudness of every block that counts towards the gates, and of those below the gate down to the floor: to bin[MDYN_LOUDNESS_BINS]. */
void mdyn_loudness_blocks (const mdyn_loudness *l, mdyn_loudness_bin *bin);

#endif
