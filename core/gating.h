/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The gates of integrated loudness (BS.1770-5: -70 LUFS, then -10 LU) and of loudness range (EBU Tech 3342: -70 LUFS, then -20 LU, 10th to 95th percentile).
 *
 * Values go into bins of .01 LU that also sum the energies exactly: a result is off only by what a gate that falls within a bin can do. Percentiles are
 * those of Tech 3342: the value of rank round ((n - 1) q) among the n sorted ones. Nothing but lay is more than arithmetic. */
#ifndef MDYN_CORE_GATING_H
#define MDYN_CORE_GATING_H

#include "proc.h"

#define MDYN_LOUDNESS_GATE (-70.0)                /* LUFS, absolute */
#define MDYN_LOUDNESS_FLOOR (-120.0)              /* below it: silence */
#define MDYN_LOUDNESS_BINS 2200                   /* of .1 LU from the floor to +100 LUFS */

typedef struct mdyn_loudness_bin {
	double sum;                               /* of energies, exact */
	uint64_t n;
} mdyn_loudness_bin;

typedef struct mdyn_gating mdyn_gating;

/* Carves from the arena in both passes; NULL while counting. Clear is not needed after it. */
mdyn_gating *mdyn_gating_lay (mdyn_arena *a);
void mdyn_gating_clear (mdyn_gating *h);

/* One value: the energy of a block of 400 ms for integrated loudness, of 3 s for range. */
void mdyn_gating_enter (mdyn_gating *h, double energy);

/* LUFS, LU, LUFS (at least the absolute gate); NaN without a value over the gate. Each some 300 steps. */
double mdyn_gating_integrated (const mdyn_gating *h);
double mdyn_gating_range (const mdyn_gating *h);
double mdyn_gating_threshold (const mdyn_gating *h);

/* All values, those below the gate down to the floor too, to bin[MDYN_LOUDNESS_BINS], the first at the floor. */
void mdyn_gating_blocks (const mdyn_gating *h, mdyn_loudness_bin *bin);

/* Energy to LUFS and back; NaN below -120 LUFS. */
double mdyn_lufs (double energy);
double mdyn_energy (double lufs);

#endif
