/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

#include "proc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "dsp/dsp.h"

static const mdyn_ops *const ops_of[MDYN_KINDS] = { &mdyn_comp_ops, &mdyn_limit_ops, &mdyn_gate_ops, &mdyn_norm_ops };

enum { ROW_BYPASS = 0, ROW_PRESET = 1 };

static size_t
sample_size (const mdyn_proc *p)
{
	return p->format.sample == MDYN_F64 ? sizeof (double) : sizeof (float);
}

static unsigned
det_channels (const mdyn_proc *p)
{
	return p->format.key_channels ? p->format.key_channels : p->format.channels;
}

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
	size_t size = sample_size (p);
	p->m.ring = mdyn_carve (a, p->m.ring_size * channels, size);
	p->m.det = mdyn_carve (a, (size_t) QUANTUM * det, sizeof (float));
	p->m.mixed = mdyn_carve (a, (size_t) QUANTUM * channels, sizeof (float));
	p->m.listened = NULL;
	p->m.raw_key = NULL;
	if (p->row_listen >= 0)
		p->m.listened = mdyn_carve (a, p->m.ring_size * det, sizeof (float));
	if (p->format.key_channels)
		p->m.raw_key = mdyn_carve (a, (size_t) QUANTUM * det, size);
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

/* What the audio thread sees becomes what was set. */
static void
take_values (mdyn_proc *p)
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
	p->at = p->ring_at = 0;
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
	take_values (p);
	p->m = now;
	p->m.latency = p->ops->latency (p);
	p->m.ring_size = (p->m.latency + QUANTUM - 1) / QUANTUM * QUANTUM + QUANTUM; /* what comes in lies in one piece */
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
	memset (p->m.ring, 0, p->m.ring_size * p->format.channels * sample_size (p));
	if (p->m.listened)
		memset (p->m.listened, 0, p->m.ring_size * det_channels (p) * sizeof (float));
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

/* Once a call: a reading since the last call starts the largest reduction anew. */
static void
begin_call (mdyn_proc *p)
{
	p->running = true;
	unsigned readings = atomic_load_explicit (&p->readings, memory_order_relaxed);
	if (readings != p->readings_seen) {
		p->readings_seen = readings;
		mdyn_publish (p, p->row_gain_reduction, 0);
	}
}

/* The first block of a stream takes the rows at once. */
static void
take_rows (mdyn_proc *p, bool first)
{
	take_values (p);
	double frames = MDYN_RAMP_MS / 1000 * p->format.rate;
	mdyn_ramp_to (&p->active, !p->v[ROW_BYPASS], frames, first);
	mdyn_ramp_to (&p->listen, p->row_listen >= 0 && p->v[p->row_listen], frames, first);
	p->ops->update (p, first);
}

/* Rows that changed and events that came since the last block. */
static void
begin_block (mdyn_proc *p, bool first)
{
	if (first || atomic_load_explicit (&p->generation, memory_order_acquire) != p->seen)
		take_rows (p, first);
	if (!atomic_load_explicit (&p->triggered, memory_order_relaxed))
		return;
	unsigned events = atomic_exchange_explicit (&p->triggered, 0, memory_order_relaxed);
	for (int i = 0; events; i++, events >>= 1)
		if (events & 1)
			p->ops->event (p, i);
}

/* Bypass: factors on their way to or at 1; key-listen: to or at 0, and share[i] of the key. Returns whether any of the key is heard. */
static bool
fade (mdyn_proc *p, mdyn_block *b, float *share)
{
	bool listening = p->listen.now > 0 || p->listen.step != 0;
	if (p->active.now == 1 && p->active.step == 0 && !listening)
		return false;
	double w[QUANTUM], l[QUANTUM];
	for (size_t i = 0; i < b->n; i++) {
		w[i] = mdyn_ramp_next (&p->active);
		l[i] = mdyn_ramp_next (&p->listen);
		share[i] = (float) (w[i] * l[i]);
	}
	for (unsigned c = 0; c < p->format.channels; c++) {
		float *m = p->m.mixed + c * QUANTUM;
		for (size_t i = 0; i < b->n; i++) {
			double g = l[i] > 0 ? (1 - l[i]) * b->gain[c][i] : b->gain[c][i];
			m[i] = w[i] >= 1 ? (float) g : (float) (1 + w[i] * (g - 1));
		}
		b->gain[c] = m;
	}
	return listening;
}

/* Where a caller's buffers lie: planes, or one with all channels. */
typedef struct planes {
	const void *const *plane;
	const void *one;
} planes;

static const char *
plane_at (const planes *b, unsigned c, unsigned channels, size_t frame, size_t size)
{
	return b->plane ? (const char *) b->plane[c] + frame * size : (const char *) b->one + (frame * channels + c) * size;
}

/* n frames in, sanitised, to dst[channel]; returns how many samples were not finite. */
static size_t
take (const mdyn_proc *p, void *const *dst, const planes *in, unsigned channels, size_t frame, size_t n)
{
	unsigned together = in->plane ? 1 : channels;
	size_t bad = 0;
	for (unsigned c = 0; c < channels; c += together) {
		const void *src = plane_at (in, c, channels, frame, sample_size (p));
		bad += p->format.sample == MDYN_F64 ? mdyn_dsp->take_f64 ((double *const *) dst + c, src, together, n)
		                                    : mdyn_dsp->take_f32 ((float *const *) dst + c, src, together, n);
	}
	return bad;
}

/* The same samples for the detector. */
static void
detect (const mdyn_proc *p, void *const *x, unsigned channels, size_t n)
{
	for (unsigned c = 0; c < channels; c++)
		if (p->format.sample == MDYN_F64)
			mdyn_dsp->narrow (p->det_of[c], x[c], n);
		else
			memcpy (p->det_of[c], x[c], n * sizeof (float));
}

/* n frames of the ring, from place `from`, times b->gain[channel][at ..], out. */
static void
give (const mdyn_proc *p, const planes *out, const mdyn_block *b, size_t from, size_t at, size_t frame, size_t n)
{
	unsigned channels = p->format.channels, together = out->plane ? 1 : channels;
	size_t size = sample_size (p);
	const void *src[MDYN_CHANNELS_MAX];
	const float *g[MDYN_CHANNELS_MAX];
	for (unsigned c = 0; c < channels; c++) {
		src[c] = p->m.ring + (c * p->m.ring_size + from) * size;
		g[c] = b->gain[c] + at;
	}
	for (unsigned c = 0; c < channels; c += together) {
		void *dst = (void *) plane_at (out, c, channels, frame, size);
		if (p->format.sample == MDYN_F64)
			mdyn_dsp->give_f64 (dst, (const double *const *) src + c, g + c, together, n);
		else
			mdyn_dsp->give_f32 (dst, (const float *const *) src + c, g + c, together, n);
	}
}

/* Adds share[i] of the key to what went out, as late: channel to channel if they are as many, else the mean of all. */
static void
hear (const mdyn_proc *p, const planes *out, const float *share, size_t frame, size_t n)
{
	unsigned keys = det_channels (p), channels = p->format.channels, mixed = keys == channels ? 1 : keys;
	size_t size = sample_size (p), stride = out->plane ? 1 : channels, from = p->ring_at + p->m.ring_size - p->m.latency;
	for (unsigned c = 0; c < channels; c++) {
		void *dst = (void *) plane_at (out, c, channels, frame, size);
		const float *key = p->m.listened + (mixed == 1 ? c : 0) * p->m.ring_size;
		for (size_t i = 0; i < n; i++) {
			size_t at = (from + i) % p->m.ring_size;
			float sum = 0;
			for (unsigned k = 0; k < mixed; k++)
				sum += key[k * p->m.ring_size + at];
			if (p->format.sample == MDYN_F64)
				((double *) dst)[i * stride] += share[i] / (float) mixed * sum;
			else
				((float *) dst)[i * stride] += share[i] / (float) mixed * sum;
		}
	}
}

/* n frames that do not cross a multiple of QUANTUM. key: NULL where there is none, or where it is silent. */
static void
process_block (mdyn_proc *p, const planes *out, const planes *in, const planes *key, size_t frame, size_t n)
{
	unsigned channels = p->format.channels, keys = p->format.key_channels, dets = det_channels (p);
	size_t size = sample_size (p);
	mdyn_block b;
	b.n = n;
	b.at = p->at;
	b.det_channels = dets;
	b.det = p->det_of;
	void *x[MDYN_CHANNELS_MAX], *k[MDYN_CHANNELS_MAX];
	for (unsigned c = 0; c < channels; c++)
		x[c] = p->m.ring + (c * p->m.ring_size + p->ring_at) * size;
	for (unsigned c = 0; c < keys; c++)
		k[c] = p->m.raw_key + c * QUANTUM * size;
	for (unsigned c = 0; c < dets; c++)
		p->det_of[c] = p->m.det + c * QUANTUM;
	size_t bad = take (p, x, in, channels, frame, n);
	if (keys && key)
		bad += take (p, k, key, keys, frame, n);
	if (keys && !key)
		memset (p->m.det, 0, (size_t) QUANTUM * keys * sizeof (float));
	else
		detect (p, keys ? k : x, dets, n);
	if (bad)
		mdyn_publish (p, p->row_nonfinite, p->nonfinite += (double) bad);

	p->ops->gain (p, &b);
	float share[QUANTUM];
	bool heard = fade (p, &b, share);
	for (unsigned c = 0; c < dets && p->m.listened; c++)
		memcpy (p->m.listened + c * p->m.ring_size + p->ring_at, p->det_of[c], n * sizeof (float));

	size_t from = p->ring_at < p->m.latency ? p->ring_at + p->m.ring_size - p->m.latency : p->ring_at - p->m.latency, to_end = p->m.ring_size - from;
	size_t part = n < to_end ? n : to_end;
	give (p, out, &b, from, 0, frame, part);
	if (part < n)
		give (p, out, &b, 0, part, frame + part, n - part);
	if (heard)
		hear (p, out, share, frame, n);
	p->at = (p->at + n) % QUANTUM;
	p->ring_at = p->ring_at + n < p->m.ring_size ? p->ring_at + n : 0;
}

static void
process (mdyn_proc *p, const planes *out, const planes *in, const planes *key, size_t frames)
{
	uint64_t denormals = mdyn_denormals_flush ();
	bool first = !p->running;
	begin_call (p);
	for (size_t done = 0, n; done < frames; done += n, first = false) {
		n = QUANTUM - p->at < frames - done ? QUANTUM - p->at : frames - done;
		begin_block (p, first);
		process_block (p, out, in, key, done, n);
	}
	mdyn_denormals_restore (denormals);
}

int
mdyn_process (mdyn_proc *p, void *const *out, const void *const *in, const void *const *key, size_t frames)
{
	if (!frames)
		return 0;
	if (!out || !in)
		return -EINVAL;
	planes o = { (const void *const *) out, NULL }, i = { in, NULL }, k = { key, NULL };
	process (p, &o, &i, key ? &k : NULL, frames);
	return 0;
}

int
mdyn_process_interleaved (mdyn_proc *p, void *out, const void *in, const void *key, size_t frames)
{
	if (!frames)
		return 0;
	if (!out || !in)
		return -EINVAL;
	planes o = { NULL, out }, i = { NULL, in }, k = { NULL, key };
	process (p, &o, &i, key ? &k : NULL, frames);
	return 0;
}
