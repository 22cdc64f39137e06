/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* High-pass and low-pass of the key: Butterworth, 12 dB per octave each, in that order; 0 Hz is off. */
#ifndef MDYN_KEYFILTER_H
#define MDYN_KEYFILTER_H

#include "proc.h"

/* Of one channel: two states of the high-pass, two of the low-pass. */
typedef struct mdyn_keyfilter_state {
	double z[4];
} mdyn_keyfilter_state;

/* Of all channels. */
typedef struct mdyn_keyfilter {
	struct mdyn_keyfilter_band {
		mdyn_ramp pitch, share;           /* log2 of Hz; 0 unfiltered .. 1 filtered */
		double g[QUANTUM], wet[QUANTUM];  /* of this block: tan (pi f / rate), share */
		bool still, off;                  /* the whole block has g[0] and wet[0] 1; it has wet 0 */
	} band[2];
} mdyn_keyfilter;

/* highpass, lowpass in Hz, limited to 1 Hz .. 0.49 rate. jump: at once, else within frames of MDYN_RAMP_MS. */
void mdyn_keyfilter_update (mdyn_keyfilter *f, double highpass, double lowpass, double rate, bool jump);

/* Once a block, before its channels. */
void mdyn_keyfilter_next (mdyn_keyfilter *f, double rate, size_t n);

/* x in place. */
void mdyn_keyfilter_run (const mdyn_keyfilter *f, mdyn_keyfilter_state *s, float *x, size_t n);

#endif
