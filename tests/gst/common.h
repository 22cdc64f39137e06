/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* A signal in, a signal out: buffers are made from and turned back into interleaved doubles, which hold float32 and float64 exactly. */
#ifndef COMMON_H
#define COMMON_H

#include <gst/audio/audio.h>
#include <gst/check/gstharness.h>
#include <math.h>
#include <string.h>

#include "mdyn/mdyn.h"
#include "tap.h"

typedef struct Shape {
	guint rate, channels;
	gboolean f64, planar;
} Shape;

typedef struct Test {
	GstHarness *h;
	GstElement *e;
	GstBus *bus;
	Shape shape;
	GstAudioInfo info;
	guint64 at;              /* frames pushed by push () */
	GstClockTime base;       /* time of frame 0 */
} Test;

/* What came out. */
typedef struct Got {
	GArray *x;               /* doubles, interleaved */
	guint64 frames;
	guint buffers, disconts, gaps;
	GstClockTime pts, end;   /* of the first and behind the last */
	GstClockTime worst;      /* largest hole or overlap between buffers, ns */
	guint64 offset;          /* of the first */
	gboolean offsets_follow;
} Got;

static const Shape STEREO = { 48000, 2, FALSE, FALSE };

static inline double *
noise (const Shape *s, gsize frames, double level, guint32 seed)
{
	double *x = g_new (double, frames *s->channels);
	for (gsize i = 0; i < frames * s->channels; i++) {
		seed = seed * 1664525u + 1013904223u;
		x[i] = level * ((double) seed / 2147483648.0 - 1);
		if (!s->f64)
			x[i] = (float) x[i];
	}
	return x;
}

static inline GstClockTime
time_of (const Shape *s, guint64 frames)
{
	return gst_util_uint64_scale (frames, GST_SECOND, s->rate);
}

static inline GstCaps *
caps_of (const Shape *s, GstAudioInfo *info)
{
	GstAudioChannelPosition none[64];
	for (int c = 0; c < 64; c++)
		none[c] = GST_AUDIO_CHANNEL_POSITION_NONE;
	gst_audio_info_set_format (info, s->f64 ? GST_AUDIO_FORMAT_F64 : GST_AUDIO_FORMAT_F32, (gint) s->rate, (gint) s->channels,
	                           s->channels > 2 ? none : NULL);
	info->layout = s->planar ? GST_AUDIO_LAYOUT_NON_INTERLEAVED : GST_AUDIO_LAYOUT_INTERLEAVED;
	return gst_audio_info_to_caps (info);
}

static inline void
shape_test (Test *t, const Shape *s)
{
	t->shape = *s;
	gst_harness_set_src_caps (t->h, caps_of (s, &t->info));
	t->at = 0;
}

/* rows: "row=value:row=value", NULL for none. */
static inline void
set_rows (GstElement *e, const char *rows)
{
	gchar **all = g_strsplit (rows ? rows : "", ":", -1);
	for (gchar **r = all; *r; r++) {
		gchar **pair = g_strsplit (*r, "=", 2);
		if (pair[0])
			gst_util_set_object_arg (G_OBJECT (e), pair[0], pair[1]);
		g_strfreev (pair);
	}
	g_strfreev (all);
}

static inline Test
open_test (const char *name, const char *rows, const Shape *s)
{
	Test t = { .e = gst_element_factory_make (name, NULL), .bus = gst_bus_new () };
	ck_assert_msg (t.e != NULL, "no element %s", name);
	gst_element_set_bus (t.e, t.bus);
	set_rows (t.e, rows);
	t.h = gst_harness_new_with_element (t.e, "sink", "src");
	if (s)
		shape_test (&t, s);
	return t;
}

static inline void
close_test (Test *t)
{
	gst_harness_teardown (t->h);
	gst_element_set_bus (t->e, NULL);
	gst_object_unref (t->e);
	gst_object_unref (t->bus);
}

/* Frames [from, from + n) of x as a buffer without times. */
static inline GstBuffer *
buffer_of (const Test *t, const double *x, gsize from, gsize n)
{
	GstBuffer *b = gst_buffer_new_allocate (NULL, n * (gsize) t->info.bpf, NULL);
	guint channels = t->shape.channels;
	GstMapInfo m;
	if (t->shape.planar)
		gst_buffer_add_audio_meta (b, &t->info, n, NULL);
	gst_buffer_map (b, &m, GST_MAP_WRITE);
	for (gsize i = 0; i < n; i++)
		for (guint c = 0; c < channels; c++) {
			gsize to = t->shape.planar ? c * n + i : i * channels + c;
			if (t->shape.f64)
				((double *) m.data)[to] = x[(from + i) * channels + c];
			else
				((float *) m.data)[to] = (float) x[(from + i) * channels + c];
		}
	gst_buffer_unmap (b, &m);
	return b;
}

static inline GstBuffer *
stamp (GstBuffer *b, GstClockTime pts, GstClockTime duration, guint64 offset, gsize n)
{
	GST_BUFFER_PTS (b) = pts;
	GST_BUFFER_DURATION (b) = duration;
	GST_BUFFER_OFFSET (b) = offset;
	GST_BUFFER_OFFSET_END (b) = offset + n;
	return b;
}

/* The next n frames of x (x[0] is frame 0 of the stream) with the times they have. */
static inline GstFlowReturn
push (Test *t, const double *x, gsize n)
{
	GstClockTime from = t->base + time_of (&t->shape, t->at), to = t->base + time_of (&t->shape, t->at + n);
	GstBuffer *b = stamp (buffer_of (t, x, t->at, n), from, to - from, t->at, n);
	t->at += n;
	return gst_harness_push (t->h, b);
}

static inline void
push_all (Test *t, const double *x, gsize frames, gsize size)
{
	for (gsize i = 0; i < frames; i += size)
		ck_assert_int_eq (push (t, x, MIN (size, frames - i)), GST_FLOW_OK);
}

static inline void
eos (Test *t)
{
	ck_assert (gst_harness_push_event (t->h, gst_event_new_eos ()));
}

static inline void
take (const Test *t, Got *g, GstBuffer *b)
{
	GstAudioBuffer a;
	ck_assert (gst_audio_buffer_map (&a, &t->info, b, GST_MAP_READ));
	for (gsize i = 0; i < a.n_samples; i++)
		for (guint c = 0; c < t->shape.channels; c++) {
			gsize at = t->shape.planar ? i : i * t->shape.channels + c;
			gpointer plane = a.planes[t->shape.planar ? c : 0];
			double v = t->shape.f64 ? ((double *) plane)[at] : ((float *) plane)[at];
			g_array_append_val (g->x, v);
		}
	GstClockTime pts = GST_BUFFER_PTS (b);
	if (g->buffers == 0) {
		g->pts = g->end = pts;
		g->offset = GST_BUFFER_OFFSET (b);
	}
	g->worst = MAX (g->worst, pts > g->end ? pts - g->end : g->end - pts);
	g->offsets_follow &= GST_BUFFER_OFFSET (b) == g->offset + g->frames && GST_BUFFER_OFFSET_END (b) == GST_BUFFER_OFFSET (b) + a.n_samples;
	g->end = pts + GST_BUFFER_DURATION (b);
	g->frames += a.n_samples;
	g->buffers++;
	g->disconts += GST_BUFFER_IS_DISCONT (b);
	g->gaps += GST_BUFFER_FLAG_IS_SET (b, GST_BUFFER_FLAG_GAP);
	gst_audio_buffer_unmap (&a);
}

/* What has come out so far, `most` buffers of it. */
static inline Got
pull_some (const Test *t, guint most)
{
	Got g = { .x = g_array_new (FALSE, FALSE, sizeof (double)), .offsets_follow = TRUE, .pts = GST_CLOCK_TIME_NONE };
	GstBuffer *b;
	while (g.buffers < most && (b = gst_harness_try_pull (t->h))) {
		take (t, &g, b);
		gst_buffer_unref (b);
	}
	return g;
}

/* FALSE, and nothing to drop: there is none. */
static inline gboolean
pull_one (const Test *t, Got *g)
{
	*g = pull_some (t, 1);
	if (!g->buffers)
		g_array_free (g->x, TRUE);
	return g->buffers > 0;
}

static inline Got
pull (const Test *t)
{
	return pull_some (t, G_MAXUINT);
}

static inline double
at (const Got *g, gsize i)
{
	return g_array_index (g->x, double, i);
}

static inline void
drop (Got *g)
{
	g_array_free (g->x, TRUE);
}

/* Same samples, same length, no holes. */
static inline void
assert_same (const Got *g, const double *x, gsize frames, guint channels, const char *what)
{
	ck_assert_msg (g->frames == frames, "%s: %" G_GUINT64_FORMAT " frames instead of %" G_GSIZE_FORMAT, what, g->frames, frames);
	for (gsize i = 0; i < frames * channels; i++)
		ck_assert_msg (at (g, i) == x[i], "%s: sample %" G_GSIZE_FORMAT " is %g instead of %g", what, i, at (g, i), x[i]);
	ck_assert_msg (g->worst <= 1, "%s: times are off by %" G_GUINT64_FORMAT " ns", what, g->worst);
	ck_assert_msg (g->offsets_follow, "%s: offsets do not follow", what);
}

/* The stream ends, and this is all that has come out and not been pulled yet. */
static inline void
expect (Test *t, const double *x, gsize frames, const char *what)
{
	eos (t);
	Got g = pull (t);
	assert_same (&g, x, frames, t->shape.channels, what);
	drop (&g);
}

/* What the core alone makes of it, its latency cut off. key: interleaved, as many frames, NULL for none. */
static inline double *
by_core (const char *name, const char *rows, const Shape *s, const double *x, gsize frames, const double *key, guint key_channels)
{
	const mdyn_class *cls = NULL;
	mdyn_proc *p;
	mdyn_format f = { .sample = MDYN_F64, .rate = s->rate, .channels = s->channels, .key_channels = key_channels };
	char why[600];
	for (int k = 0; k < MDYN_KINDS; k++)
		if (!strcmp (mdyn_class_get (k)->name, name))
			cls = mdyn_class_get (k);
	f.position[0] = s->channels == 1 ? MDYN_POS_FC : MDYN_POS_FL;
	f.position[1] = MDYN_POS_FR;
	ck_assert_int_eq (mdyn_create (&p, cls, &f), 0);
	gchar **all = g_strsplit (rows, ":", -1);
	for (gchar **r = all; *r; r++) {
		gchar **pair = g_strsplit (*r, "=", 2);
		ck_assert_int_eq (mdyn_set_text (p, pair[0], pair[1], why, sizeof why), 0);
		g_strfreev (pair);
	}
	g_strfreev (all);
	ck_assert_int_eq (mdyn_prepare (p, why, sizeof why), 0);
	gsize late = mdyn_latency (p), n = frames + late;
	double *buf = g_new0 (double, n *s->channels), *k = g_new0 (double, n *MAX (key_channels, 1));
	memcpy (buf, x, frames * s->channels * sizeof *x);
	if (key)
		memcpy (k, key, frames * key_channels * sizeof *key);
	ck_assert_int_eq (mdyn_process_interleaved (p, buf, buf, key ? k : NULL, n), 0);
	memmove (buf, buf + late * s->channels, frames * s->channels * sizeof *buf);
	if (!s->f64) /* the gain is the same; it is applied in the format's own precision */
		for (gsize i = 0; i < frames * s->channels; i++)
			buf[i] = (float) buf[i];
	g_free (k);
	mdyn_destroy (&p);
	return buf;
}

/* The text of the first message of a type, NULL if there is none; the caller frees it. */
static inline gchar *
message (Test *t, GstMessageType type)
{
	GstMessage *m = gst_bus_pop_filtered (t->bus, type);
	GError *error = NULL;
	gchar *text = NULL;
	if (!m)
		return NULL;
	if (type == GST_MESSAGE_ERROR)
		gst_message_parse_error (m, &error, NULL);
	else if (type == GST_MESSAGE_WARNING)
		gst_message_parse_warning (m, &error, NULL);
	text = g_strdup (error ? error->message : "");
	g_clear_error (&error);
	gst_message_unref (m);
	return text;
}

static inline guint64
latency_frames (const Test *t)
{
	return gst_util_uint64_scale (gst_harness_query_latency (t->h), t->shape.rate, GST_SECOND);
}
#endif
