/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

#include "delivery.h"

typedef struct delivery {
	const char *nick;
	bool dual_mono;
	const char *source;
} delivery;

typedef enum when { ALWAYS, OFFLINE, LIVE, ADVISED, SPEECH, NO_SPEECH } when;

typedef struct limit {
	const char *nick, *name;
	size_t measure;                           /* its place in mdyn_loudness_result */
	double at, below, above;
	when when;
	const char *source;
} limit;

#define DELIVERY(nick, settings, dual_mono, source) { nick, dual_mono, source },
static const delivery deliveries[] = {
#include "mdyn/delivery.def"
};

#define LIMIT(nick, measure, at, below, above, when, source) { nick, #measure, offsetof (mdyn_loudness_result, measure), at, below, above, when, source },
static const limit limits[] = {
#include "mdyn/delivery.def"
};

static const delivery *
find (const char *nick)
{
	for (size_t i = 0; nick && i < sizeof deliveries / sizeof *deliveries; i++)
		if (!strcmp (deliveries[i].nick, nick))
			return &deliveries[i];
	return NULL;
}

bool
mdyn_delivery_known (const char *nick)
{
	return find (nick) != NULL;
}

bool
mdyn_delivery_dual_mono (const char *nick)
{
	const delivery *d = find (nick);
	return d && d->dual_mono;
}

bool
mdyn_delivery_needs_dialogue (const char *nick)
{
	for (const limit *l = limits; nick && l < limits + sizeof limits / sizeof *limits; l++)
		if (!strcmp (l->nick, nick) && l->measure == offsetof (mdyn_loudness_result, dialogue))
			return true;
	return false;
}

const char *
mdyn_delivery_source (const char *nick)
{
	const delivery *d = find (nick);
	return d ? d->source : NULL;
}

static bool
applies (const limit *l, bool live, const mdyn_loudness_result *r)
{
	bool unknown = isnan (r->dialogue_share), speech = r->dialogue_share >= MDYN_DELIVERY_SPEECH;
	switch (l->when) {
	case OFFLINE:
		return !live;
	case LIVE:
		return live;
	case SPEECH:
		return unknown || speech;
	case NO_SPEECH:
		return unknown || !speech;
	default:
		return true;
	}
}

static mdyn_judgement
judge (const limit *l, const mdyn_loudness_result *r, double measured)
{
	double shown = round (measured * 10) / 10;
	if (isnan (measured) || ((l->when == SPEECH || l->when == NO_SPEECH) && isnan (r->dialogue_share)))
		return MDYN_UNJUDGED;
	return shown >= l->at - l->below - 1e-9 && shown <= l->at + l->above + 1e-9 ? MDYN_PASS : MDYN_FAIL; /* the 1e-9 is for sums like -23 + .2 */
}

size_t
mdyn_delivery_judge (const char *nick, bool live, const mdyn_loudness_result *r, mdyn_criterion *c, mdyn_judgement *pass)
{
	size_t n = 0;
	*pass = MDYN_PASS;
	for (const limit *l = limits; l < limits + sizeof limits / sizeof *limits && n < MDYN_CRITERIA_MAX; l++) {
		if (strcmp (l->nick, nick) || !applies (l, live, r))
			continue;
		double measured = *(const double *) ((const char *) r + l->measure);
		c[n] = (mdyn_criterion) { .name = l->name, .source = l->source, .measured = measured, .limit = l->at, .below = l->below, .above = l->above,
			                  .required = l->when != ADVISED, .pass = judge (l, r, measured) };
		if (c[n].required && c[n].pass != MDYN_PASS && *pass != MDYN_FAIL)
			*pass = c[n].pass;
		n++;
	}
	if (isnan (r->integrated))
		*pass = MDYN_FAIL;
	return n;
}
