/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* True peak (ITU-R BS.1770-5, annex 2: the magnitude of the signal between its samples), for a limiter and for a meter.
 *
 *   1. half-band interpolation to 2x: 60 taps between the samples (30 symmetric pairs), flat to 0.475 of the rate
 *   2. half-band interpolation to 4x: 8 taps; the octave above is empty after 1
 *   3. at each local extreme s of the 4x signal, with neighbours l and r, the amplitude of the sine through the three: l, r = A cos (p -+ w), s = A cos p, so
 *      l + r = 2 s cos w and r - l = -2 A sin p sin w, and A^2 = s^2 + s^2 (r-l)^2 / (4 s^2 - (l+r)^2); bounded by what an extreme at most half a step away
 *      from the top can hide
 *   4. above 0.475 of the rate 1 loses level: where the signal alternates from sample to sample, the level of that alternation is added
 *      (at most 20 %: a clipped sine of 1/6 of the rate has a third of its level there). A meter does not want this, so it shows in the groups only, not in the maximum.
 * Tones up to 0.4 of the rate read within 0.02 dB, up to 0.46 within 0.04 dB, whatever their phase.
 *
 * Use, in the stream's quanta (see proc.h):
 *
 *   mdyn_truepeak_put (t, x, at, n);                   // any 1 .. 64 frames that do not cross the end of a quantum
 *   if (at + n == QUANTUM)                             // other work between the two hides what the second waits for of the first
 *       mdyn_truepeak_tell (t, 0);
 *   for each channel: mdyn_truepeak_groups (t, c)      // peaks of the 64 frames that end 32 frames before the end of this quantum
 *   mdyn_truepeak_max (t, c)                           // at any time
 *
 * A meter passes its own maximum as `floor`: tell (t, mdyn_truepeak_max_all (t)) is exact for the maximum of all channels and spends nearly
 * nothing on what cannot reach it.
 *
 * All levels are linear magnitudes, 1 = full scale. No function but lay does more than arithmetic: all may be called while audio runs. */
#ifndef MDYN_TRUEPEAK_H
#define MDYN_TRUEPEAK_H

#include "proc.h"

#define MDYN_TRUEPEAK_DELAY 32 /* frames from a peak's place to the end of the quantum that tells it, at least */

typedef struct mdyn_truepeak mdyn_truepeak;

/* Frames in a group: 8, from 64 kHz up 16, from 128 kHz up 32; it divides MDYN_TRUEPEAK_DELAY and QUANTUM. */
size_t mdyn_truepeak_group (unsigned rate);

/* Carves from the arena in both passes; returns NULL while counting. Reset is not needed after it. groups: whether they will be
 * asked for; a meter needs none. */
mdyn_truepeak *mdyn_truepeak_lay (mdyn_arena *a, unsigned rate, unsigned channels, bool groups);

/* Forgets the audio and the maximum. */
void mdyn_truepeak_reset (mdyn_truepeak *t);

/* Takes n frames of x[channel], places at .. at + n - 1 of the quantum; finite, |x| < 2^72. Returns the largest |x|. */
float mdyn_truepeak_put (mdyn_truepeak *t, const float *const *x, size_t at, size_t n);

/* Once a quantum is complete, before the next frame comes in: groups and maximum of it. floor: peaks below it do not matter, groups that stay below may
 * read as 0; 0 to know all. */
void mdyn_truepeak_tell (mdyn_truepeak *t, float floor);

/* The peaks of a channel in the last complete quantum q: QUANTUM / group values, of frames 64 q - 32 on. Alive until the next tell. */
const float *mdyn_truepeak_groups (const mdyn_truepeak *t, unsigned channel);

/* False where all of them, of all channels, are 0. */
bool mdyn_truepeak_any (const mdyn_truepeak *t);

/* The largest peak of a channel, or of all, of every complete quantum since reset; without the addition of step 4. */
float mdyn_truepeak_max (const mdyn_truepeak *t, unsigned channel);
float mdyn_truepeak_max_all (const mdyn_truepeak *t);

/* Forgets the maxima, not the audio. */
void mdyn_truepeak_clear (mdyn_truepeak *t);

/* At the end of a programme: brings what is still on its way into the maximum, as if silence followed. Only reset may come after it. */
void mdyn_truepeak_flush (mdyn_truepeak *t);

#endif
