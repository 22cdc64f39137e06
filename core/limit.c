/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */
#include "limit.h"
static size_t latency (const mdyn_proc *p) { (void) p; return 0; }
static void lay (mdyn_proc *p, mdyn_arena *a) { p->state = mdyn_carve (a, QUANTUM, 4); }
static void reset (mdyn_proc *p) { (void) p; }
static void update (mdyn_proc *p, bool jump) { (void) p; (void) jump; }
static void gain (mdyn_proc *p, mdyn_block *b) { float *g = p->state; for (int i = 0; i < QUANTUM; i++) g[i] = 1; for (unsigned c = 0; c < p->format.channels; c++) b->gain[c] = g; }
const mdyn_ops mdyn_limit_ops = { .latency = latency, .lay = lay, .reset = reset, .update = update, .gain = gain };
