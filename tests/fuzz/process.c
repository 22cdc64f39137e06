/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Any rows, events and sample bits, in any order: what comes out is finite, and the same however the stream is cut. */
#include "fuzz.h"

#define FRAMES 300

typedef struct twin {
	mdyn_proc *p;
	unsigned cut;                             /* frames a call, 0: all at once */
} twin;

static void
process (const twin *t, const mdyn_format *f, void *out, const void *in, const void *key, size_t frames)
{
	size_t size = f->sample == MDYN_F64 ? 8 : 4;
	for (size_t done = 0, n; done < frames; done += n) {
		n = t->cut && t->cut < frames - done ? t->cut : frames - done;
		const char *k = key ? (const char *) key + done * f->key_channels * size : NULL;
		MUST (mdyn_process_interleaved (t->p, (char *) out + done * f->channels * size, (const char *) in + done * f->channels * size, k, n) == 0);
	}
}

/* Bits of a byte, mostly audio, at times anything. */
static void
samples (bytes *b, const mdyn_format *f, void *to, size_t n)
{
	unsigned kind = take (b);
	for (size_t i = 0; i < n; i++) {
		unsigned v = take (b);
		double x = ((int) v - 128) / 64.0;
		if (kind & 1)
			x = v == 0 ? NAN : v == 1 ? INFINITY : v == 2 ? -INFINITY : v == 3 ? 1e30 : v == 4 ? 1e-310 : x;
		if (kind & 2)
			x = ldexp (x, -(int) (kind >> 2));
		if (f->sample == MDYN_F64)
			((double *) to)[i] = x;
		else
			((float *) to)[i] = (float) x;
	}
}

static double
value_of (bytes *b, const mdyn_param *row)
{
	double share = take (b) / 255.0, max = isfinite (row->max) ? row->max : 1e6, v = row->min + share * (max - row->min);
	if (!strcmp (row->name, "lookahead"))
		v = row->min + share * fmin (max - row->min, 100); /* 3 s of it are memory, not another way through the code */
	return row->type == MDYN_REAL ? v : rint (v);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
	static const unsigned rates[] = { 8000, 11025, 22050, 44100, 48000, 96000, 384000 };
	static double in[FRAMES * 3], key[FRAMES * 3], out[2][FRAMES * 3];
	bytes b = { data, data + size };
	const mdyn_class *cls = mdyn_class_get (take (&b) % MDYN_KINDS);
	mdyn_format f = { .sample = take (&b) % 2 ? MDYN_F64 : MDYN_F32, .rate = rates[take (&b) % 7], .channels = 1 + take (&b) % 3 };
	f.key_channels = cls->has_sidechain ? take (&b) % 4 : 0;
	twin t[2] = { { NULL, 0 }, { NULL, 1 + take (&b) } };
	for (int i = 0; i < 2; i++)
		MUST (mdyn_create (&t[i].p, cls, &f) == 0);
	while (b.at < b.end) {
		unsigned what = take (&b), which = take (&b);
		if (what < 64) {
			const mdyn_param *row = &cls->params[which % cls->n_params];
			double v = value_of (&b, row);
			int err[2];
			for (int i = 0; i < 2; i++)
				err[i] = mdyn_set (t[i].p, row->id, v);
			MUST (err[0] == err[1]);
		} else if (what < 72) {
			for (int i = 0; i < 2; i++)
				mdyn_reset (t[i].p);
		} else if (what < 80) {
			for (int i = 0; i < 2 && cls->n_events; i++)
				MUST (mdyn_trigger (t[i].p, (int) (which % cls->n_events)) == 0);
		} else if (what < 88 && cls->n_presets) {
			for (int i = 0; i < 2; i++) {
				char why[300];
				(void) !mdyn_set_text (t[i].p, "preset", cls->presets[which % cls->n_presets].nick, why, sizeof why);
			}
		} else {
			size_t n = 1 + which % FRAMES;
			samples (&b, &f, in, n * f.channels);
			samples (&b, &f, key, n * f.key_channels);
			for (int i = 0; i < 2; i++)
				process (&t[i], &f, out[i], in, f.key_channels && what < 200 ? key : NULL, n);
			MUST (!memcmp (out[0], out[1], n * f.channels * (f.sample == MDYN_F64 ? 8 : 4)));
			for (size_t i = 0; i < n * f.channels; i++)
				MUST (isfinite (f.sample == MDYN_F64 ? out[0][i] : ((float *) out[0])[i]));
		}
	}
	mdyn_meters m[2];
	for (int i = 0; i < 2; i++) {
		char why[300] = "";
		MUST (mdyn_finish (t[i].p, why, sizeof why) == 0);
		mdyn_read_meters (t[i].p, &m[i]);
		mdyn_destroy (&t[i].p);
	}
	for (size_t i = 0; i < m[0].n; i++)
		MUST (m[0].v[i] == m[1].v[i] || (isnan (m[0].v[i]) && isnan (m[1].v[i])));
	return 0;
}
