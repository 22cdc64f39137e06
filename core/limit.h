/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The true-peak limiter as a gain computer: masterlimit is this with rows, masternorm has one behind its gain. */
#ifndef MDYN_LIMIT_H
#define MDYN_LIMIT_H

#include "proc.h"

typedef struct mdyn_limiter mdyn_limiter;

/* What fixes latency and memory. lookahead in ms, .5 .. 20. */
typedef struct mdyn_limiter_setup {
	unsigned rate, channels;
	double lookahead;
	bool true_peak;
} mdyn_limiter_setup;

/* Frames from a sample's arrival to its factor. */
size_t mdyn_limiter_latency (const mdyn_limiter_setup *setup);

/* Carves from the arena in both passes; returns NULL while counting. */
mdyn_limiter *mdyn_limiter_lay (mdyn_arena *a, const mdyn_limiter_setup *setup);

/* Forgets the audio, keeps what was last given to update. */
void mdyn_limiter_reset (mdyn_limiter *l);

/* ceiling in dBTP, release in ms, link 0..1. Call it with jump before the first run, and after reset if they changed meanwhile. A lower ceiling holds for the
 * next frame that comes in, a higher one from the end of its quantum on: the lookahead and the release make both smooth. */
void mdyn_limiter_update (mdyn_limiter *l, double ceiling, double release, bool auto_release, double link, bool jump);

/* n frames (at .. at + n - 1 of the quantum, as in mdyn_block) of x[channel]: the signal to be limited, any gain before it already applied. gain[c] points to
 * n factors <= 1 for the frames mdyn_limiter_latency() earlier; channels may share one. Returns the largest reduction in dB; 0: all factors are 1. */
float mdyn_limiter_run (mdyn_limiter *l, const float *const *x, size_t at, size_t n, const float **gain);

#endif
