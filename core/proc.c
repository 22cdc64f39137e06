/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The handle: what is claimed and given back, rows set and read, meters. frame.c runs it. */
#include "proc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "dsp/dsp.h"

static const mdyn_ops *const ops_of[MDYN_KINDS] = { &mdyn_comp_ops, &mdyn_limit_ops, &mdyn_gate_ops, &mdyn_norm_ops };

int
mdyn_why (char *why, size_t size, int err, const char *format, ...)
{
	if (why && size) {
		va_list args;
		va_start (args, format);
		vsnprintf (why, size, format, args);
		va_end (args);
		for (char *c = why; *c; c++) /* names and values are the user's: one line stays one line */
			if ((unsigned char) *c < ' ' || *c == 127)
				*c = '?';
	}
	return err;
}

void *
mdyn_carve (mdyn_arena *a, size_t n, size_t size)
{
	void *place = a->base ? a->base + a->used : NULL;
	a->used += (n * size + 63) & ~(size_t) 63;
	return place;
}

int
mdyn_format_check (const mdyn_class *cls, const mdyn_format *f, char *why, size_t size)
{
	if (!cls || !f)
		return mdyn_why (why, size, -EINVAL, "no class or no format given");
	if (f->sample != MDYN_F32 && f->sample != MDYN_F64)
		return mdyn_why (why, size, -EINVAL, "%s: sample type %d: float32 or float64 is allowed", cls->name, (int) f->sample);
	if (f->rate < MDYN_RATE_MIN || f->rate > MDYN_RATE_MAX)
		return mdyn_why (why, size, -EINVAL, "%s: rate %u Hz: %d .. %d Hz is allowed", cls->name, f->rate, MDYN_RATE_MIN, MDYN_RATE_MAX);
	if (f->channels < 1 || f->channels > MDYN_CHANNELS_MAX)
		return mdyn_why (why, size, -EINVAL, "%s: %u channels: 1 .. %d are allowed", cls->name, f->channels, MDYN_CHANNELS_MAX);
	if (f->key_channels && !cls->has_sidechain)
		return mdyn_why (why, size, -EINVAL, "%s: %u key channels: it takes no key", cls->name, f->key_channels);
	if (f->key_channels > MDYN_CHANNELS_MAX)
		return mdyn_why (why, size, -EINVAL, "%s: %u key channels: 0 .. %d are allowed", cls->name, f->key_channels, MDYN_CHANNELS_MAX);
	for (unsigned c = 0; c < f->channels; c++)
		if ((unsigned) f->position[c] >= MDYN_POSITIONS)
			return mdyn_why (why, size, -EINVAL, "%s: channel %u has no known position", cls->name, c);
	return 0;
}

/* The frame's own buffers and the processor's, in the same two passes. */
static void
lay (mdyn_proc *p, mdyn_arena *a)
{
	unsigned channels = p->format.channels, det = p->format.key_channels > channels ? p->format.key_channels : channels;
	size_t size = mdyn_sample_size (p);
	p->m.ring = mdyn_carve (a, p->m.ring_size * channels, size);
	p->m.det = mdyn_carve (a, p->m.det_size * det, sizeof (float));
	p->m.mixed = mdyn_carve (a, (size_t) QUANTUM * channels, sizeof (float));
	p->m.raw_key = NULL;
	if (p->format.key_channels)
		p->m.raw_key = mdyn_carve (a, p->m.span * det, size);
	p->ops->lay (p, a);
}

static void
release (mdyn_proc *p)
{
	if (p->m.arena && p->ops->close)
		p->ops->close (p);
	free (p->m.arena);
	p->m.arena = NULL;
}

void
mdyn_take_values (mdyn_proc *p)
{
	p->seen = atomic_load_explicit (&p->generation, memory_order_acquire);
	for (size_t i = 0; i < p->cls->n_params; i++)
		p->v[i] = atomic_load_explicit (&p->set[i], memory_order_relaxed);
}

static void
clear_readouts (mdyn_proc *p)
{
	for (size_t i = 0; i < p->cls->n_params; i++)
		atomic_store_explicit (&p->readout[i], p->cls->params[i].id == p->row_gain_reduction || p->cls->params[i].id == p->row_nonfinite ? 0 : NAN,
		                       memory_order_relaxed);
	p->nonfinite = 0;
}

/* The stream starts over: everything but the rows is as after build. */
static void
rewind_stream (mdyn_proc *p)
{
	p->running = false;
	p->at = p->ring_at = p->det_at = 0;
	atomic_store_explicit (&p->triggered, 0, memory_order_relaxed);
	clear_readouts (p);
}

/* Allocates for the present SETUP rows. On failure p is as it was. */
static int
build (mdyn_proc *p)
{
	struct mdyn_memory was = p->m, now = { 0 };
	void *was_state = p->state;
	mdyn_arena a = { NULL, 0 };
	mdyn_take_values (p);
	p->m = now;
	p->m.latency = p->ops->latency (p);
	p->m.span = mdyn_span (p);
	size_t late = (p->m.latency + QUANTUM - 1) / QUANTUM, heard = p->ops->heard ? p->ops->heard (p) + 1 : 0;
	size_t listened = p->row_listen >= 0 ? late : 0;
	p->m.ring_size = late * QUANTUM + p->m.span;
	p->m.det_size = (heard > listened ? heard : listened) * QUANTUM + p->m.span;
	lay (p, &a);
	int err = posix_memalign (&p->m.arena, 64, a.used) ? -ENOMEM : 0;
	if (!err) {
		memset (p->m.arena, 0, a.used);
		a = (mdyn_arena) { p->m.arena, 0 };
		lay (p, &a);
		err = p->ops->open ? p->ops->open (p) : 0;
	}
	if (err < 0) {
		free (p->m.arena);
		p->m = was;
		p->state = was_state;
		return err;
	}
	now = p->m;
	void *now_state = p->state;
	p->m = was;
	p->state = was_state;
	release (p);
	p->m = now;
	p->state = now_state;
	rewind_stream (p);
	return 0;
}

int
mdyn_create (mdyn_proc **out, const mdyn_class *cls, const mdyn_format *format)
{
	if (!out)
		return -EINVAL;
	*out = NULL;
	int err = mdyn_format_check (cls, format, NULL, 0);
	if (err < 0)
		return err;
	mdyn_proc *p = calloc (1, sizeof *p);
	if (!p)
		return -ENOMEM;
	p->cls = cls;
	p->ops = ops_of[cls->kind];
	p->format = *format;
	for (size_t i = 0; i < cls->n_params; i++)
		atomic_init (&p->set[i], cls->params[i].def);
	p->row_gain_reduction = mdyn_class_find (cls, "gain-reduction")->id;
	p->row_nonfinite = mdyn_class_find (cls, "nonfinite")->id;
	const mdyn_param *listen = mdyn_class_find (cls, "key-listen");
	p->row_listen = listen ? listen->id : -1;
	mdyn_dsp_choose ();
	err = build (p);
	if (err < 0) {
		free (p);
		return err;
	}
	*out = p;
	return 0;
}

void
mdyn_destroy (mdyn_proc **pp)
{
	if (!pp || !*pp)
		return;
	mdyn_proc *p = *pp;
	release (p);
	for (size_t i = 0; i < p->cls->n_params; i++)
		free (p->text[i]);
	free (p);
	*pp = NULL;
}

void
mdyn_reset (mdyn_proc *p)
{
	memset (p->m.ring, 0, p->m.ring_size * p->format.channels * mdyn_sample_size (p));
	memset (p->m.det, 0, p->m.det_size * mdyn_det_channels (p) * sizeof (float));
	p->ops->reset (p);
	rewind_stream (p);
}

static void
store (mdyn_proc *p, int id, double value)
{
	atomic_store_explicit (&p->set[id], value, memory_order_relaxed);
	atomic_fetch_add_explicit (&p->generation, 1, memory_order_release);
}

int
mdyn_set (mdyn_proc *p, int id, double value)
{
	if (id < 0 || (size_t) id >= p->cls->n_params)
		return -EINVAL;
	const mdyn_param *row = &p->cls->params[id];
	if (row->type == MDYN_TEXT || row->flags & MDYN_READOUT)
		return -EINVAL;
	if (!(value >= row->min && value <= row->max) || (row->type != MDYN_REAL && value != rint (value)))
		return -ERANGE;
	double old = atomic_load_explicit (&p->set[id], memory_order_relaxed);
	if (!(row->flags & MDYN_SETUP)) {
		if (value != old)
			store (p, id, value);
		return 0;
	}
	if (p->running)
		return -EBUSY;
	if (value == old)
		return 0;
	store (p, id, value);
	int err = build (p);
	if (err < 0)
		store (p, id, old);
	return err;
}

int
mdyn_trigger (mdyn_proc *p, int event)
{
	if (event < 0 || (size_t) event >= p->cls->n_events)
		return -EINVAL;
	atomic_fetch_or_explicit (&p->triggered, 1u << event, memory_order_relaxed);
	return 0;
}

double
mdyn_get (const mdyn_proc *p, int id)
{
	if (id < 0 || (size_t) id >= p->cls->n_params || p->cls->params[id].type == MDYN_TEXT)
		return NAN;
	const _Atomic double *from = p->cls->params[id].flags & MDYN_READOUT ? p->readout : p->set;
	return atomic_load_explicit (&from[id], memory_order_relaxed);
}

/* "row=value:row=value", of a table. */
static int
set_rows (mdyn_proc *p, const char *rows, char *why, size_t size)
{
	char settings[512], *save = NULL;
	snprintf (settings, sizeof settings, "%s", rows);
	for (char *s = strtok_r (settings, ":", &save); s; s = strtok_r (NULL, ":", &save)) {
		char *value = strchr (s, '=');
		*value++ = 0;
		int err = mdyn_set_text (p, s, value, why, size);
		if (err < 0)
			return err;
	}
	return 0;
}

static int
set_preset (mdyn_proc *p, const char *nick, char *why, size_t size)
{
	p->preset = NULL;
	for (size_t i = 0; i < p->cls->n_presets; i++)
		if (!strcmp (p->cls->presets[i].nick, nick))
			p->preset = &p->cls->presets[i];
	return p->preset ? set_rows (p, p->preset->settings, why, size) : 0; /* "none": anything else was refused by the parser */
}

static int
set_alias (mdyn_proc *p, const mdyn_alias *alias, const char *text, char *why, size_t size)
{
	double value = 0;
	int err = mdyn_alias_parse (p->cls, alias, text, &value, why, size);
	if (err < 0 || alias->row < 0)
		return err;
	const char *row = p->cls->params[alias->row].name;
	if (alias->is_switch) {
		text = value ? alias->on : alias->off;
		return *text ? mdyn_set_text (p, row, text, why, size) : 0;
	}
	err = mdyn_set_text (p, row, text, why, size);
	if (!err)
		return set_rows (p, alias->also, why, size);
	if (why && strlen (why) < size)
		snprintf (why + strlen (why), size - strlen (why), " (given as %s)", alias->name);
	return err;
}

static int
unknown (const mdyn_class *cls, const char *name, char *why, size_t size)
{
	char rows[1024] = "";
	for (size_t i = 0, used = 0; i < cls->n_params && used < sizeof rows; i++)
		if (!(cls->params[i].flags & MDYN_READOUT))
			used += (size_t) snprintf (rows + used, sizeof rows - used, "%s%s", i ? ", " : "", cls->params[i].name);
	return mdyn_why (why, size, -ENOENT, "%s has no parameter %s: %s are allowed", cls->name, name ? name : "", rows);
}

int
mdyn_set_text (mdyn_proc *p, const char *name, const char *text, char *why, size_t size)
{
	const mdyn_param *row = mdyn_class_find (p->cls, name);
	if (!row) {
		const mdyn_alias *alias = mdyn_class_alias (p->cls, name);
		return alias ? set_alias (p, alias, text, why, size) : unknown (p->cls, name, why, size);
	}
	double value = 0;
	int err = mdyn_param_parse (p->cls, row, text, &value, why, size);
	if (err < 0)
		return err;
	if (row->type != MDYN_TEXT) {
		err = mdyn_set (p, row->id, value);
	} else if (p->running) {
		err = -EBUSY;
	} else {
		char *copy = text && *text ? strdup (text) : NULL;
		if (text && *text && !copy)
			err = -ENOMEM;
		else {
			free (p->text[row->id]);
			p->text[row->id] = copy;
			if (row->id == ROW_PRESET)
				err = set_preset (p, copy ? copy : "none", why, size);
		}
	}
	if (err == -EBUSY)
		return mdyn_why (why, size, err, "%s: %s can be set before the start only", p->cls->name, row->name);
	if (err == -ENOMEM)
		return mdyn_why (why, size, err, "%s: no memory for %s=%s", p->cls->name, row->name, text);
	return err;
}

const char *
mdyn_get_text (const mdyn_proc *p, int id)
{
	return id >= 0 && (size_t) id < p->cls->n_params && p->text[id] ? p->text[id] : "";
}

size_t
mdyn_latency (const mdyn_proc *p)
{
	return p->m.latency;
}

int
mdyn_prepare (mdyn_proc *p, char *why, size_t size)
{
	if (why && size)
		*why = 0;
	return p->ops->prepare ? p->ops->prepare (p, why, size) : 0;
}

int
mdyn_stats (mdyn_proc *p, char *text, size_t size)
{
	return p->ops->stats ? p->ops->stats (p, text, size) : -ENOTSUP;
}

int
mdyn_summary (mdyn_proc *p, char *text, size_t size)
{
	if (text && size)
		*text = 0;
	return p->ops->summary ? p->ops->summary (p, text, size) : 0;
}

int
mdyn_report (mdyn_proc *p, char *why, size_t size)
{
	return p->ops->report ? p->ops->report (p, why, size) : 0;
}

int
mdyn_finish (mdyn_proc *p, char *why, size_t size)
{
	return p->ops->finish ? p->ops->finish (p, why, size) : 0;
}

void
mdyn_publish (mdyn_proc *p, int id, double value)
{
	atomic_store_explicit (&p->readout[id], value, memory_order_relaxed);
}

void
mdyn_publish_largest (mdyn_proc *p, int id, double value)
{
	if (value > atomic_load_explicit (&p->readout[id], memory_order_relaxed))
		mdyn_publish (p, id, value);
}

int
mdyn_read_meters (mdyn_proc *p, mdyn_meters *m)
{
	m->n = 0;
	for (size_t i = 0; i < p->cls->n_params && m->n < MDYN_READOUTS_MAX; i++)
		if (p->cls->params[i].flags & MDYN_READOUT)
			m->v[m->n++] = atomic_load_explicit (&p->readout[i], memory_order_relaxed);
	atomic_fetch_add_explicit (&p->readings, 1, memory_order_relaxed);
	return 0;
}
