/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* All classes as LADSPA 1.1 plugins, for the stock ffmpeg (-af ladspa=f=mdyn:p=masterlimit:l=1) and every other host. Knows no processor: ports are
 * made from the core's tables.
 *
 * Ports, in this order: audio in, key in, audio out; an input control for each row but TEXT and READOUT, an output control for each READOUT, in the
 * tables' order; `latency`, by which ffmpeg takes the delay out again.
 *
 * Labels and IDs: the class's name and ID_BASE + 10 x kind for stereo; `_mono` + 1, `_key` + 2 and `_mono_key` + 3 for the others. They stay.
 *
 * Numbers. LADSPA's are float32, the tables' are double: what a host means by 0.3f is 0.3, so a value is read as the shortest decimal near it, and the
 * audio has the bits that the same settings give elsewhere. LADSPA knows few defaults (0, 1, 100, 440 and five points of the range); for any other, a
 * bound is moved outward until one of those points is the default. What lies beyond the row's own bound counts as that; at the top of a row that has
 * none stands infinity.
 *
 * Time. LIVE rows are taken at every run. SETUP rows are taken at the first run after activate(), which then allocates; otherwise run() is
 * real-time. Settings that mdyn_prepare() refuses leave the audio as it is: LADSPA has no way to say more. */
#include <ladspa.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "mdyn/mdyn.h"

#define ID_BASE 7169100
#define TOP 100.0 /* bound of a row without one; from there on infinity */
#define NEAR 1e-6 /* relative; float32 has 6e-8 */

enum { VARIANTS = 4, PORTS_MAX = 80, NAME_SIZE = 96 };

static const struct variant {
	const char *suffix, *text;
	unsigned channels, keys;
} variants[VARIANTS] = {
	{ "", "stereo", 2, 0 },
	{ "_mono", "mono", 1, 0 },
	{ "_key", "stereo, stereo key", 2, 2 },
	{ "_mono_key", "mono, mono key", 1, 1 },
};

typedef struct plugin {
	LADSPA_Descriptor descriptor;
	const mdyn_class *cls;
	unsigned channels, keys;
	unsigned first;                           /* port of the first control; before it lie audio in, key, audio out */
	char label[NAME_SIZE], title[NAME_SIZE], text[PORTS_MAX][NAME_SIZE];
	const char *names[PORTS_MAX];
	LADSPA_PortDescriptor kinds[PORTS_MAX];
	LADSPA_PortRangeHint hints[PORTS_MAX];
	int row[PORTS_MAX];                       /* of a control; -1: latency */
} plugin;

typedef struct instance {
	const plugin *of;
	mdyn_proc *proc;
	LADSPA_Data *port[PORTS_MAX];
	float seen[PORTS_MAX];                    /* what a control was when it was taken */
	bool started;                             /* since activate() */
} instance;

_Static_assert ((int) MDYN_COMP_PARAMS + 7 <= PORTS_MAX && (int) MDYN_LIMIT_PARAMS + 7 <= PORTS_MAX && (int) MDYN_GATE_PARAMS + 7 <= PORTS_MAX &&
                        (int) MDYN_NORM_PARAMS + 7 <= PORTS_MAX,
                "PORTS_MAX holds every table, six audio ports and latency");

static plugin plugins[MDYN_KINDS * VARIANTS];
static unsigned n_plugins;

static double
clamp (double v, double lo, double hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

/* The shortest decimal near a float. */
static double
decimal (float v)
{
	for (double scale = 1; scale <= 1e6; scale *= 10) {
		double r = rint (v * scale) / scale;
		if (fabs (r - v) <= NEAR * fabs (v))
			return r;
	}
	return v;
}

/* A control's value in the row's unit. */
static double
value_of (const mdyn_param *row, float v)
{
	if (row->type == MDYN_BOOL)
		return v > 0;
	if (row->type == MDYN_CHOICE)
		return clamp (rint (v), row->min, row->max);
	if (isinf (row->max) && v >= (float) TOP)
		return row->max;
	return clamp (decimal (v), row->min, row->max);
}

/* Bounds and default of a number; positive ranges (times, ratios) are logarithmic. */
static LADSPA_PortRangeHint
range_of (const mdyn_param *row)
{
	static const struct point {
		double at;
		int hint;
	} points[] = { { 0.25, LADSPA_HINT_DEFAULT_LOW }, { 0.5, LADSPA_HINT_DEFAULT_MIDDLE }, { 0.75, LADSPA_HINT_DEFAULT_HIGH } },
	  numbers[] = { { 0, LADSPA_HINT_DEFAULT_0 }, { 1, LADSPA_HINT_DEFAULT_1 }, { 100, LADSPA_HINT_DEFAULT_100 }, { 440, LADSPA_HINT_DEFAULT_440 } };
	const bool logs = row->min > 0;
	double lo = row->min, hi = isinf (row->max) ? TOP : row->max, def = fmin (row->def, hi), moved = INFINITY;
	int hint = LADSPA_HINT_BOUNDED_BELOW | LADSPA_HINT_BOUNDED_ABOVE | (logs ? LADSPA_HINT_LOGARITHMIC : 0), known = 0;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		known = def == numbers[i].at ? numbers[i].hint : known;
	if (def == lo || def == hi)
		known = def == lo ? LADSPA_HINT_DEFAULT_MINIMUM : LADSPA_HINT_DEFAULT_MAXIMUM;
	const bool expressed = known != 0;
	const double a = logs ? log (lo) : lo, b = logs ? log (hi) : hi, d = logs ? log (def) : def;
	for (size_t i = 0; i < sizeof points / sizeof *points && !expressed; i++) {
		double w = points[i].at, middle = a * (1 - w) + b * w;
		double low = d < middle ? (d - b * w) / (1 - w) : a, high = d > middle ? (d - a * (1 - w)) / w : b;
		if (a - low + high - b < moved) {
			moved = a - low + high - b;
			known = points[i].hint;
			lo = logs ? exp (low) : low;
			hi = logs ? exp (high) : high;
		}
	}
	return (LADSPA_PortRangeHint) { hint | known, (float) lo, (float) hi };
}

static LADSPA_PortRangeHint
hints_of (const mdyn_param *row)
{
	if (row->flags & MDYN_READOUT)
		return (LADSPA_PortRangeHint) { 0, 0, 0 };
	if (row->type == MDYN_BOOL)
		return (LADSPA_PortRangeHint) { LADSPA_HINT_TOGGLED | (row->def ? LADSPA_HINT_DEFAULT_1 : LADSPA_HINT_DEFAULT_0), 0, 1 };
	LADSPA_PortRangeHint hints = range_of (row);
	if (row->type == MDYN_CHOICE)
		hints.HintDescriptor |= LADSPA_HINT_INTEGER;
	return hints;
}

/* "threshold (dB)", "detector (0 peak, 1 rms, 2 loudness)" */
static void
name_port (const mdyn_class *cls, const mdyn_param *row, char *text)
{
	size_t n;
	const mdyn_choice *choice = mdyn_class_choices (cls, row, &n);
	const char *unit = mdyn_unit_name (row->unit);
	int used = snprintf (text, NAME_SIZE, *unit ? "%s (%s)" : "%s", row->name, unit);
	for (size_t i = 0; i < n && used < NAME_SIZE; i++)
		used += snprintf (text + used, (size_t) (NAME_SIZE - used), "%s%d %s%s", i ? ", " : " (", choice[i].value, choice[i].nick, i + 1 < n ? "" : ")");
}

static void
add_port (plugin *g, int row, LADSPA_PortDescriptor kind)
{
	unsigned at = (unsigned) g->descriptor.PortCount++;
	g->row[at] = row;
	g->kinds[at] = kind;
	g->names[at] = g->text[at];
	if (row < 0)
		return;
	g->hints[at] = hints_of (&g->cls->params[row]);
	name_port (g->cls, &g->cls->params[row], g->text[at]);
}

static void
add_audio (plugin *g, const char *what, unsigned channels, LADSPA_PortDescriptor direction)
{
	static const char *const side[] = { "", " left", " right" };
	for (unsigned c = 0; c < channels; c++) {
		add_port (g, -1, direction | LADSPA_PORT_AUDIO);
		snprintf (g->text[g->descriptor.PortCount - 1], NAME_SIZE, "%s%s", what, side[channels > 1 ? c + 1 : 0]);
	}
}

static LADSPA_Handle
instantiate (const LADSPA_Descriptor *d, unsigned long rate)
{
	const plugin *g = d->ImplementationData;
	instance *i = calloc (1, sizeof *i);
	mdyn_format format = { .sample = MDYN_F32, .rate = (unsigned) rate, .channels = g->channels, .key_channels = g->keys };
	if (!i || rate > MDYN_RATE_MAX || mdyn_create (&i->proc, g->cls, &format) < 0) {
		free (i);
		return NULL;
	}
	i->of = g;
	return i;
}

static void
connect_port (LADSPA_Handle handle, unsigned long port, LADSPA_Data *where)
{
	instance *i = handle;
	i->port[port] = where;
}

static void
activate (LADSPA_Handle handle)
{
	instance *i = handle;
	mdyn_reset (i->proc);
	i->started = false;
}

/* Controls that moved. */
static void
take_controls (instance *i)
{
	const plugin *g = i->of;
	for (unsigned at = g->first; at < g->descriptor.PortCount; at++) {
		if (!LADSPA_IS_PORT_INPUT (g->kinds[at]))
			continue;
		const mdyn_param *row = &g->cls->params[g->row[at]];
		float v = *i->port[at];
		if (i->started && (v == i->seen[at] || row->flags & MDYN_SETUP))
			continue;
		i->seen[at] = v;
		mdyn_set (i->proc, row->id, value_of (row, v)); /* NaN is refused, the old value stays */
	}
}

/* A readout without a value is the least of its range. */
static void
give_controls (instance *i)
{
	const plugin *g = i->of;
	mdyn_meters meters;
	mdyn_read_meters (i->proc, &meters);
	for (unsigned at = g->first, k = 0; at < g->descriptor.PortCount; at++) {
		if (LADSPA_IS_PORT_INPUT (g->kinds[at]))
			continue;
		double v = g->row[at] < 0 ? (double) mdyn_latency (i->proc) : meters.v[k++];
		*i->port[at] = (float) (isnan (v) ? g->cls->params[g->row[at]].min : v);
	}
}

static void
run (LADSPA_Handle handle, unsigned long frames)
{
	instance *i = handle;
	const plugin *g = i->of;
	take_controls (i);
	if (!i->started) {
		char why[256];
		if (mdyn_prepare (i->proc, why, sizeof why) < 0)
			mdyn_set (i->proc, mdyn_class_find (g->cls, "bypass")->id, 1);
		i->started = true;
	}
	LADSPA_Data **in = i->port, **key = in + g->channels, **out = key + g->keys;
	mdyn_process (i->proc, (void *const *) out, (const void *const *) in, g->keys ? (const void *const *) key : NULL, frames);
	give_controls (i);
}

static void
cleanup (LADSPA_Handle handle)
{
	instance *i = handle;
	mdyn_destroy (&i->proc);
	free (i);
}

static void
make (plugin *g, const mdyn_class *cls, unsigned variant)
{
	const struct variant *v = &variants[variant];
	g->cls = cls;
	g->channels = v->channels;
	g->keys = v->keys;
	snprintf (g->label, NAME_SIZE, "%s%s", cls->name, v->suffix);
	snprintf (g->title, NAME_SIZE, "%s (%s)", cls->long_name, v->text);
	g->descriptor = (LADSPA_Descriptor) {
		.UniqueID = ID_BASE + 10 * (unsigned long) cls->kind + variant, .Label = g->label, .Properties = 0 /* the first run after activate may allocate */,
		.Name = g->title, .Maker = "mdyn contributors", .Copyright = "LGPL-2.1-or-later", .PortDescriptors = g->kinds, .PortNames = g->names,
		.PortRangeHints = g->hints, .ImplementationData = g, .instantiate = instantiate, .connect_port = connect_port, .activate = activate,
		.run = run, .cleanup = cleanup,
	};
	add_audio (g, "in", v->channels, LADSPA_PORT_INPUT);
	add_audio (g, "key", v->keys, LADSPA_PORT_INPUT);
	add_audio (g, "out", v->channels, LADSPA_PORT_OUTPUT);
	g->first = (unsigned) g->descriptor.PortCount;
	for (int readout = 0; readout < 2; readout++)
		for (size_t i = 0; i < cls->n_params; i++)
			if (cls->params[i].type != MDYN_TEXT && !(cls->params[i].flags & MDYN_READOUT) == !readout)
				add_port (g, (int) i, LADSPA_PORT_CONTROL | (readout ? LADSPA_PORT_OUTPUT : LADSPA_PORT_INPUT));
	add_port (g, -1, LADSPA_PORT_CONTROL | LADSPA_PORT_OUTPUT);
	snprintf (g->text[g->descriptor.PortCount - 1], NAME_SIZE, "latency");
}

static void __attribute__ ((constructor))
make_all (void)
{
	for (int kind = 0; kind < MDYN_KINDS; kind++)
		for (unsigned v = 0; v < VARIANTS; v++)
			if (!variants[v].keys || mdyn_class_get (kind)->has_sidechain)
				make (&plugins[n_plugins++], mdyn_class_get (kind), v);
}

__attribute__ ((visibility ("default"))) const LADSPA_Descriptor *
ladspa_descriptor (unsigned long index)
{
	return index < n_plugins ? &plugins[index].descriptor : NULL;
}
