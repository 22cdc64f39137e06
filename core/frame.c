/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The frame around a processor's gain: the stream cut into blocks, samples in, delayed, multiplied and out. */
#include "proc.h"

#include <errno.h>

#include "dsp/dsp.h"

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
	mdyn_take_values (p);
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

/* Bypass and key-listen are at rest, and nothing but the gain is heard. */
static bool
is_plain (const mdyn_proc *p)
{
	return p->active.now == 1 && p->active.step == 0 && p->listen.now == 0 && p->listen.step == 0;
}

/* Bypass: factors on their way to or at 1; key-listen: to or at 0, and share[i] of the key. Returns whether any of the key is heard. */
static bool
fade (mdyn_proc *p, mdyn_block *b, float *share)
{
	if (is_plain (p))
		return false;
	bool listening = p->listen.now > 0 || p->listen.step != 0;
	double w[QUANTUM], l[QUANTUM];
	for (size_t i = 0; i < b->n; i++) {
		w[i] = mdyn_ramp_next (&p->active);
		l[i] = mdyn_ramp_next (&p->listen);
		share[i] = (float) (w[i] * l[i]);
	}
	for (unsigned c = 0; c < p->format.channels; c++) {
		float *m = p->m.mixed + c * QUANTUM;
		for (size_t i = 0; i < b->n; i++) {
			double g = b->gain[c] ? (double) b->gain[c][i] : 1;
			g = l[i] > 0 ? (1 - l[i]) * g : g;
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
		const void *src = plane_at (in, c, channels, frame, mdyn_sample_size (p));
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

/* Whether all factors are 1. */
static bool
is_one (const mdyn_block *b, unsigned channels)
{
	for (unsigned c = 0; c < channels; c++) {
		const float *g = b->gain[c];
		if (!g)
			return true;
		if (*g != 1 || ((!c || g != b->gain[c - 1]) && memcmp (g, g + 1, (b->n - 1) * sizeof *g)))
			return false;
	}
	return true;
}

/* n frames of the ring, from place `from`, times b->gain[channel][at ..], out; one: these are all 1. */
static void
give (const mdyn_proc *p, const planes *out, const mdyn_block *b, bool one, size_t from, size_t at, size_t frame, size_t n)
{
	unsigned channels = p->format.channels, together = out->plane ? 1 : channels;
	size_t size = mdyn_sample_size (p);
	const void *src[MDYN_CHANNELS_MAX];
	const float *g[MDYN_CHANNELS_MAX];
	for (unsigned c = 0; c < channels; c++) {
		src[c] = p->m.ring + (c * p->m.ring_size + from) * size;
		g[c] = one ? NULL : b->gain[c] + at;
	}
	for (unsigned c = 0; c < channels; c += together) {
		void *dst = (void *) plane_at (out, c, channels, frame, size);
		if (one && together == 1)
			memcpy (dst, src[c], n * size);
		else if (one && p->format.sample == MDYN_F64)
			mdyn_dsp->weave_f64 (dst, (const double *const *) src + c, together, n);
		else if (one)
			mdyn_dsp->weave (dst, (const float *const *) src + c, together, n);
		else if (p->format.sample == MDYN_F64)
			mdyn_dsp->give_f64 (dst, (const double *const *) src + c, g + c, together, n);
		else
			mdyn_dsp->give_f32 (dst, (const float *const *) src + c, g + c, together, n);
	}
}

/* Adds share[i] of the key to what went out, as late: channel to channel if they are as many, else the mean of all. Where that is none the bits stay: a sum with 0
 * takes the sign from -0, and denormals. */
static void
hear (const mdyn_proc *p, const planes *out, const float *share, size_t frame, size_t n)
{
	unsigned keys = mdyn_det_channels (p), channels = p->format.channels, mixed = keys == channels ? 1 : keys;
	size_t size = mdyn_sample_size (p), stride = out->plane ? 1 : channels, from = p->det_at + p->m.det_size - p->m.latency;
	for (unsigned c = 0; c < channels; c++) {
		void *dst = (void *) plane_at (out, c, channels, frame, size);
		const float *key = p->m.det + (mixed == 1 ? c : 0) * p->m.det_size;
		for (size_t i = 0; i < n; i++) {
			if (share[i] == 0)
				continue;
			size_t at = (from + i) % p->m.det_size;
			float sum = 0;
			for (unsigned k = 0; k < mixed; k++)
				sum += key[k * p->m.det_size + at];
			if (p->format.sample == MDYN_F64)
				((double *) dst)[i * stride] += share[i] / (float) mixed * sum;
			else
				((float *) dst)[i * stride] += share[i] / (float) mixed * sum;
		}
	}
}

/* Frames of the next block: to a quantum's end, where the caller's buffer does not end before; in one piece of either ring. Where bypass or key-listen fade, one
 * quantum. */
static size_t
block_size (const mdyn_proc *p, size_t left)
{
	size_t n = (is_plain (p) ? p->m.span : QUANTUM) - p->at;
	n = n < p->m.ring_size - p->ring_at ? n : p->m.ring_size - p->ring_at;
	n = n < p->m.det_size - p->det_at ? n : p->m.det_size - p->det_at;
	return n < left ? n : left;
}

/* n frames, see block_size. key: NULL where there is none, or where it is silent. */
static void
process_block (mdyn_proc *p, const planes *out, const planes *in, const planes *key, size_t frame, size_t n)
{
	unsigned channels = p->format.channels, keys = p->format.key_channels, dets = mdyn_det_channels (p);
	size_t size = mdyn_sample_size (p);
	mdyn_block b;
	b.n = n;
	b.at = p->at;
	b.det_channels = dets;
	b.det = p->det_of;
	void *x[MDYN_CHANNELS_MAX], *k[MDYN_CHANNELS_MAX];
	for (unsigned c = 0; c < channels; c++)
		x[c] = p->m.ring + (c * p->m.ring_size + p->ring_at) * size;
	for (unsigned c = 0; c < keys; c++)
		k[c] = p->m.raw_key + c * p->m.span * size;
	for (unsigned c = 0; c < dets; c++)
		p->det_of[c] = p->m.det + c * p->m.det_size + p->det_at;
	size_t bad = take (p, x, in, channels, frame, n);
	if (keys && key)
		bad += take (p, k, key, keys, frame, n);
	for (unsigned c = 0; c < keys && !key; c++)
		memset (p->det_of[c], 0, n * sizeof (float));
	if (!keys || key)
		detect (p, keys ? k : x, dets, n);
	if (bad)
		mdyn_publish (p, p->row_nonfinite, p->nonfinite += (double) bad);

	p->ops->gain (p, &b);
	float share[QUANTUM];
	bool heard = fade (p, &b, share);

	size_t from = p->ring_at < p->m.latency ? p->ring_at + p->m.ring_size - p->m.latency : p->ring_at - p->m.latency, to_end = p->m.ring_size - from;
	size_t part = n < to_end ? n : to_end;
	bool one = is_one (&b, channels);
	give (p, out, &b, one, from, 0, frame, part);
	if (part < n)
		give (p, out, &b, one, 0, part, frame + part, n - part);
	if (heard)
		hear (p, out, share, frame, n);
	p->at = (p->at + n) % QUANTUM;
	p->ring_at = p->m.latency && p->ring_at + n < p->m.ring_size ? p->ring_at + n : 0;
	p->det_at = p->m.det_size > p->m.span && p->det_at + n < p->m.det_size ? p->det_at + n : 0;
}

static void
process (mdyn_proc *p, const planes *out, const planes *in, const planes *key, size_t frames)
{
	uint64_t denormals = mdyn_denormals_flush ();
	bool first = !p->running;
	begin_call (p);
	for (size_t done = 0, n; done < frames; done += n, first = false) {
		begin_block (p, first);
		n = block_size (p, frames - done);
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
