/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* What was measured before, and the gain that follows from it.
 *
 * A gain does not move the loudness of a programme by as many LU where blocks cross the absolute gate: what lay under -70 LUFS and is lifted over it counts from
 * then on, and pulls the relative gate down as well. So the gain is found from the blocks themselves (of 400 ms, in bins of .1 LU with their mean):
 *  1. for every set of blocks that an absolute gate can leave, all from the k-th loudness up, the gated loudness I_k after BS.1770-5
 *  2. gain k = target - I_k, valid where it leaves just that set above -70 LUFS
 *  3. the valid one nearest to target - integrated; if none is, what comes nearest to the target
 *
 * Several files are a group, one gain for all: members keep their levels to each other. Together, the loudness is that of all their blocks, as if they were
 * measured in one go; loudest, that of the loudest member (albums, AES TD1008). Their peak is the highest of all.
 *
 * A mono file measured as one loudspeaker serves a run that counts it as two, and the other way round: 3.01 LU are added or taken. */
#ifndef MDYN_CORE_MEASURED_H
#define MDYN_CORE_MEASURED_H

#include "loudness.h"

#define MDYN_MEASURED_FILE_MAX 65536              /* bytes of a stats file that is read */

typedef struct mdyn_measured {
	unsigned files;                           /* 0: numbers given by hand */
	double loudness, peak;                    /* LUFS, dBTP; NaN: never over the gate, silence */
	size_t n;                                 /* bins, rising in loudness; 0: only `loudness` is known */
	mdyn_loudness_bin bin[MDYN_LOUDNESS_BINS];
	char partial[64], silent[64];             /* the last file, or the end of its name, that tells of a programme that had not ended, that never rose over
	                                           * the gate; "": none */
} mdyn_measured;

/* Reads the stats files named in `names`, '|' between them. dual_mono: how the run counts one channel, of `channels` it has. 0, or a negative errno and one
 * line that names file and field. */
int mdyn_measured_read (mdyn_measured *m, const char *names, bool loudest, unsigned channels, bool dual_mono, char *why, size_t why_size);

/* dB to the target; NaN if nothing rises over the gate. *missed: LU by which no gain can meet it, where blocks that enter would pull it past. No
 * allocation, but up to .2 ms of search where thousands of bins are filled: for a change of target, not for every block. */
double mdyn_measured_gain (const mdyn_measured *m, double target, double *missed);

#endif
