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
	p->m.x = mdyn_carve (a, (size_t) QUANTUM * channels, size);
	p->m.det = mdyn_carve (a, (size_t) QUANTUM * det, sizeof (float));
	p->m.mixed = mdyn_carve (a, (size_t) QUANTUM * channels, sizeof (float));
	p->m.key = NULL;
	if (p->row_listen >= 0)
		p->m.key = mdyn_carve (a, p->m.ring_size * det, sizeof (float));
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
	p->m.ring_size = p->m.latency + QUANTUM;
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
	if (p->m.key)
		memset (p->m.key, 0, p->m.ring_size * det_channels (p) * sizeof (float));
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
	if (!(row->flags & MDYN_SETUP)) {
		store (p, id, value);
		return 0;
	}
	if (p->running)
		return -EBUSY;
	double old = atomic_load_explicit (&p->set[id], memory_order_relaxed);
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

static int
set_preset (mdyn_proc *p, const char *nick, char *why, size_t size)
{
	p->preset = NULL;
	for (size_t i = 0; i < p->cls->n_presets; i++)
		if (!strcmp (p->cls->presets[i].nick, nick))
			p->preset = &p->cls->presets[i];
	if (!p->preset)
		return 0; /* "none": anything else was refused by the parser */
	char settings[512], *save = NULL;
	snprintf (settings, sizeof settings, "%s", p->preset->settings);
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
	if (!row)
		return unknown (p->cls, name, why, size);
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

/* n frames of x go into the ring, those of `latency` ago come out into x. */
static void
swap (const mdyn_proc *p, char *ring, char *x, size_t size, size_t n)
{
	size_t from = (p->ring_at + p->m.ring_size - p->m.latency) % p->m.ring_size;
	size_t to_end = p->m.ring_size - p->ring_at, k = n < to_end ? n : to_end;
	memcpy (ring + p->ring_at * size, x, k * size);
	memcpy (ring, x + k * size, (n - k) * size);
	to_end = p->m.ring_size - from;
	k = n < to_end ? n : to_end;
	memcpy (x, ring + from * size, k * size);
	memcpy (x + k * size, ring, (n - k) * size);
}

/* Audio, and the key if it can be heard, through the delay line. */
static void
delay (mdyn_proc *p, size_t n)
{
	if (!p->m.latency)
		return;
	size_t size = sample_size (p);
	for (unsigned c = 0; c < p->format.channels; c++)
		swap (p, p->m.ring + c * p->m.ring_size * size, p->m.x + c * QUANTUM * size, size, n);
	for (unsigned c = 0; c < det_channels (p) && p->m.key; c++)
		swap (p, (char *) (p->m.key + c * p->m.ring_size), (char *) p->det_of[c], sizeof (float), n);
	p->ring_at = (p->ring_at + n) % p->m.ring_size;
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

/* Adds the key, delayed already: channel to channel if they are as many, else the mean of all. */
static void
hear (mdyn_proc *p, const float *share, size_t n)
{
	unsigned keys = det_channels (p), channels = p->format.channels;
	for (unsigned c = 1; c < keys && keys != channels; c++)
		for (size_t i = 0; i < n; i++)
			p->det_of[0][i] += p->det_of[c][i];
	for (unsigned c = 0; c < channels; c++) {
		const float *key = p->det_of[keys == channels ? c : 0];
		float scale = keys == channels ? 1 : 1 / (float) keys;
		for (size_t i = 0; i < n; i++)
			if (p->format.sample == MDYN_F64)
				((double *) p->m.x)[c * QUANTUM + i] += share[i] * scale * key[i];
			else
				((float *) p->m.x)[c * QUANTUM + i] += share[i] * scale * key[i];
	}
}

static void
apply (mdyn_proc *p, const mdyn_block *b)
{
	bool unity = false;
	for (unsigned c = 0; c < p->format.channels; c++) {
		const float *g = b->gain[c];
		if (c == 0 || g != b->gain[c - 1]) {
			unity = true;
			for (size_t i = 0; i < b->n; i++)
				unity &= g[i] == 1.0f;
		}
		if (unity)
			continue;
		if (p->format.sample == MDYN_F64)
			mdyn_apply_f64 ((double *) p->m.x + c * QUANTUM, g, b->n);
		else
			mdyn_apply_f32 ((float *) p->m.x + c * QUANTUM, g, b->n);
	}
}

/* One channel in: sanitised into x (NULL: not needed, a key) and, as float, into det (NULL: not needed). */
static size_t
take (mdyn_sample sample, void *x, float *det, const void *src, size_t stride, size_t n)
{
	size_t bad;
	if (sample == MDYN_F64) {
		double own[QUANTUM], *to = x ? x : own;
		bad = mdyn_take_f64 (to, src, stride, n);
		if (det)
			mdyn_narrow (det, to, n);
	} else {
		float *to = x ? x : det;
		bad = mdyn_take_f32 (to, src, stride, n);
		if (det && det != to)
			memcpy (det, to, n * sizeof (float));
	}
	return bad;
}

/* Where a caller's buffers lie: planes, each with its stride in samples. */
typedef struct planes {
	const void *const *plane;
	size_t stride;
	const void *one;
} planes;

static const char *
plane_at (const planes *b, unsigned c, size_t frame, size_t size)
{
	const char *base = b->plane ? (const char *) b->plane[c] : (const char *) b->one + c * size;
	return base + frame * b->stride * size;
}

static void
process (mdyn_proc *p, const planes *out, const planes *in, const planes *key, size_t frames)
{
	unsigned channels = p->format.channels, keys = p->format.key_channels;
	size_t size = sample_size (p);
	uint64_t denormals = mdyn_denormals_flush ();
	bool first = !p->running;
	begin_call (p);
	for (size_t done = 0, n; done < frames; done += n) {
		n = QUANTUM - p->at < frames - done ? QUANTUM - p->at : frames - done;
		begin_block (p, first);
		first = false;
		mdyn_block b = { .n = n, .at = p->at, .det_channels = keys ? keys : channels, .det = p->det_of };
		for (unsigned c = 0; c < b.det_channels; c++)
			p->det_of[c] = p->m.det + c * QUANTUM;
		size_t bad = 0;
		for (unsigned c = 0; c < channels; c++)
			bad += take (p->format.sample, p->m.x + c * QUANTUM * size, keys ? NULL : p->det_of[c], plane_at (in, c, done, size), in->stride, n);
		for (unsigned c = 0; c < keys; c++) {
			if (key)
				bad += take (p->format.sample, NULL, p->det_of[c], plane_at (key, c, done, size), key->stride, n);
			else
				memset (p->det_of[c], 0, n * sizeof (float));
		}
		if (bad)
			mdyn_publish (p, p->row_nonfinite, p->nonfinite += (double) bad);
		p->ops->gain (p, &b);
		float share[QUANTUM];
		bool heard = fade (p, &b, share);
		delay (p, n);
		apply (p, &b);
		if (heard)
			hear (p, share, n);
		for (unsigned c = 0; c < channels; c++) {
			void *dst = (void *) plane_at (out, c, done, size);
			if (p->format.sample == MDYN_F64)
				mdyn_give_f64 (dst, (double *) p->m.x + c * QUANTUM, out->stride, n);
			else
				mdyn_give_f32 (dst, (float *) p->m.x + c * QUANTUM, out->stride, n);
		}
		p->at = (p->at + n) % QUANTUM;
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
	planes o = { (const void *const *) out, 1, NULL }, i = { in, 1, NULL }, k = { key, 1, NULL };
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
	planes o = { NULL, p->format.channels, out }, i = { NULL, p->format.channels, in }, k = { NULL, p->format.key_channels, key };
	process (p, &o, &i, key ? &k : NULL, frames);
	return 0;
}
