/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Loudness of the dialogue alone, of which somebody else says where it is.
 *
 * In blocks of 100 ms. Loudness is that of all dialogue blocks without a gate (BS.1770-1, as the dialogue-anchored deliveries ask), share their part of the blocks
 * of which it is known whether they are dialogue, range that of EBU Tech 3342 over the dialogue blocks put together. */
#ifndef MDYN_CORE_DIALOGUE_H
#define MDYN_CORE_DIALOGUE_H

#include "gating.h"

typedef enum mdyn_dialogue_state { MDYN_DIALOGUE_UNKNOWN, MDYN_DIALOGUE_NO, MDYN_DIALOGUE_YES } mdyn_dialogue_state;

typedef struct mdyn_dialogue mdyn_dialogue;

/* Carves from the arena in both passes; NULL while counting. Clear is not needed after it. */
mdyn_dialogue *mdyn_dialogue_lay (mdyn_arena *a);
void mdyn_dialogue_clear (mdyn_dialogue *d);

/* One block's energy. Arithmetic only, as all below. */
void mdyn_dialogue_enter (mdyn_dialogue *d, mdyn_dialogue_state state, double energy);

/* LUFS, percent, LU; NaN: no dialogue, nothing known, less than 3 s of dialogue. */
double mdyn_dialogue_loudness (const mdyn_dialogue *d);
double mdyn_dialogue_share (const mdyn_dialogue *d);
double mdyn_dialogue_range (const mdyn_dialogue *d);

#endif
