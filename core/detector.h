/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* What compressor and gate share: the level of a block, and ballistics in the log domain.
 *
 * Levels and reductions are in log2 units, 6.02 dB each. */
#ifndef MDYN_DETECTOR_H
#define MDYN_DETECTOR_H

#include "proc.h"

typedef enum mdyn_detector_kind { DETECT_PEAK, DETECT_RMS, DETECT_LOUDNESS } mdyn_detector_kind;

/* Of one channel. */
typedef struct mdyn_detector {
	double z[4];                              /* K weighting: two states of the shelf, two of the high-pass */
	double mean_square;
} mdyn_detector;

/* Of all channels. */
typedef struct mdyn_detector_coef {
	mdyn_detector_kind kind;
	double k;                                 /* share of a new square in the mean */
	double shelf[5], highpass[5];             /* b0 b1 b2 a1 a2 */
} mdyn_detector_coef;

/* The K weighting of ITU-R BS.1770-5 at any rate, from the analogue prototype (f0, G, Q) through the bilinear transform. */
void mdyn_detector_setup (mdyn_detector_coef *coef, double rate);

/* level[i] = magnitude (peak), or root of the exponential mean square with the time constant 1 / k, of x[i]; x is overwritten by loudness. */
void mdyn_detector_run (const mdyn_detector_coef *coef, mdyn_detector *d, float *level, float *x, size_t n);

/* Attack and release of a reduction. One state a channel, or one for all. */
typedef struct mdyn_ballistics {
	double s;                                 /* the smoothed reduction */
	size_t held;                              /* frames for which a fall is still held */
} mdyn_ballistics;

typedef struct mdyn_ballistics_coef {
	double rise, fall;                        /* share of the way made in a frame */
	size_t hold;                              /* frames */
} mdyn_ballistics_coef;

/* Share of the way made in a frame so that 1-1/e is made in ms. */
double mdyn_time_constant (double ms, double rate);

/* d[i] -> the smoothed reduction, in place: s += rise (d - s) upwards; downwards s stays for `hold` frames, then s += fall (d - s). Settles at exactly
 * the value it approaches once within 1e-7. (Giannoulis, Massberg, Reiss: Digital Dynamic Range Compressor Design, JAES 60/6 2012: the smooth
 * branching detector in the log domain, after the gain computer.) */
void mdyn_ballistics_run (const mdyn_ballistics_coef *coef, mdyn_ballistics *b, float *d, size_t n);

/* Reduction of channel c = link[i] x the largest (or smallest) of all + (1 - link[i]) x its own, in place. link 0..1 */
void mdyn_link (float *const *d, unsigned channels, const float *link, bool smallest, size_t n);

#endif
