/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Judges a measurement by a delivery specification of mdyn/delivery.def.
 *
 * A verdict is read as one reads a meter, to a tenth (EBU Tech 3341 shows loudness and true peak with one decimal): measured values are rounded
 * to .1 before they are compared. So -1.04 dBTP, -1.00 and, what a limiter set to the ceiling may leave to another meter, -0.96 pass a ceiling of -1; -0.94 does
 * not. */
#ifndef MDYN_CORE_DELIVERY_H
#define MDYN_CORE_DELIVERY_H

#include "loudness.h"

#define MDYN_CRITERIA_MAX 6
#define MDYN_DELIVERY_SPEECH 15.0                 /* %: less dialogue is none (Netflix) */

typedef enum mdyn_judgement { MDYN_FAIL, MDYN_PASS, MDYN_UNJUDGED } mdyn_judgement;

typedef struct mdyn_criterion {
	const char *name, *source;                /* name: the measure's field in the stats */
	double measured, limit, below, above;     /* at least limit - below and at most limit + above; infinite: no bound there */
	bool required;
	mdyn_judgement pass;                      /* UNJUDGED: not measured, or for a programme with (without) dialogue, which this is not known to be */
} mdyn_criterion;

/* Whether there is a delivery of that name; NULL is none. */
bool mdyn_delivery_known (const char *nick);

/* Whether it counts one channel as two loudspeakers; false for none. */
bool mdyn_delivery_dual_mono (const char *nick);

/* Whether its verdict stands on where dialogue is. */
bool mdyn_delivery_needs_dialogue (const char *nick);

/* Its source; NULL for none. */
const char *mdyn_delivery_source (const char *nick);

/* The criteria that apply, to c[MDYN_CRITERIA_MAX]; returns how many. *pass: FAIL if a required one fails or the programme has no loudness, UNJUDGED if one could
 * not be judged, else PASS. */
size_t mdyn_delivery_judge (const char *nick, bool live, const mdyn_loudness_result *r, mdyn_criterion *c, mdyn_judgement *pass);

#endif
