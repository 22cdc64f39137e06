/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* What compressor and gate share: the level of a block, and ballistics in the log domain.
 *
 * Levels and reductions are in log2 units, 6.02 dB each. */
#ifndef MDYN_DETECTOR_H
#define MDYN_DETECTOR_H

#include "window.h"

typedef enum mdyn_detector_kind { DETECT_PEAK, DETECT_RMS, DETECT_LOUDNESS } mdyn_detector_kind;

/* Of one channel. */
typedef struct mdyn_detector {
	double z[4];                              /* K weighting: two states of the shelf, two of the high-pass */
	double mean_square;
} mdyn_detector;

/* Of all channels. */
typedef struct mdyn_detector_coef {
	mdyn_detector_kind kind;
	size_t window;                            /* of the peak, frames */
	double k;                                 /* share of a new square in the mean */
	double shelf[5], highpass[5];             /* b0 b1 b2 a1 a2 */
} mdyn_detector_coef;

/* The K weighting of ITU-R BS.1770-5 at any rate, from the analogue prototype (f0, G, Q) through the bilinear transform. */
void mdyn_detector_setup (mdyn_detector_coef *coef, double rate);

/* level[i] = root of the exponential mean square with the time constant 1 / k, of x[i]. n <= QUANTUM. The peak is the window's. */
void mdyn_detector_run (const mdyn_detector_coef *coef, mdyn_detector *d, float *level, const float *x, size_t n);

/* Attack and release of a reduction. One state a channel, or one for all. */
typedef struct mdyn_ballistics {
	double s;                                 /* the smoothed reduction */
	double from;                              /* s where the present d began to stand still, or this quantum began; */
	size_t since;                             /* frames moved since */
	float before;                             /* the last d: a target that moves is not snapped to, however slow */
	size_t held;                              /* frames for which a fall is still held */
} mdyn_ballistics;

typedef struct mdyn_ballistics_coef {
	double rise, fall;                        /* share of the way made in a frame */
	size_t hold;                              /* frames */
	double risen[QUANTUM], fallen[QUANTUM];   /* share left after 1, 2 .. frames */
} mdyn_ballistics_coef;

void mdyn_ballistics_setup (mdyn_ballistics_coef *coef, double rise, double fall, size_t hold);

/* To be called where the coefficients change. */
void mdyn_ballistics_anchor (mdyn_ballistics *b);

/* How many of d[0 .. n - 1] are equal, from the first on; n >= 1. */
size_t mdyn_run_length (const float *d, size_t n);

#define MDYN_NEAR 1e-7

/* Share of the way made in a frame so that 1-1/e is made in ms. */
double mdyn_time_constant (double ms, double rate);

/* d[i] -> the smoothed reduction, in place: s += rise (d - s) upwards; downwards s stays for `hold` frames, then s += fall (d - s). Settles at exactly
 * a value that stands still once within MDYN_NEAR. fall: one for each frame instead of coef's, or NULL. n frames from place `at` of the quantum on.
 * (Giannoulis, Massberg, Reiss: Digital Dynamic Range Compressor Design, JAES 60/6 2012: the smooth branching detector in the log domain, after the gain
 * computer.)
 *
 * Where d stands still s is known in advance, d + (from - d) (1 - rate)^since, and need not wait for itself. */
void mdyn_ballistics_run (const mdyn_ballistics_coef *coef, mdyn_ballistics *b, float *d, const double *fall, size_t at, size_t n);

/* The same of a staircase, without `fall`. */
void mdyn_ballistics_climb (const mdyn_ballistics_coef *coef, mdyn_ballistics *b, float *d, const mdyn_steps *steps, size_t at);

/* Reduction of channel c = link[i] x the largest (or smallest) of all + (1 - link[i]) x its own, in place. link 0..1 */
void mdyn_link (float *const *d, unsigned channels, const float *link, bool smallest, size_t n);

#endif
