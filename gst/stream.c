/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */
#include "stream.h"

#include "actions.h"
#include "meter.h"
#include "report.h"

#define JUMP (40 * GST_MSECOND)          /* less is jitter of the timestamps, not missing audio */
#define CUE GST_SECOND                   /* a jump this far leads to another programme; less is what a network loses on the way */
#define GAP_MAX (10 * GST_SECOND)        /* a longer gap is no work for the core */
#define CONTROL 64                       /* frames from one control point to the next */

#define SRC(self) GST_BASE_TRANSFORM_SRC_PAD (self)

static GstClockTime
pts_from (const MdynElement *self, const MdynAnchor *a, guint64 frame)
{
	if (!a || !GST_CLOCK_TIME_IS_VALID (a->pts))
		return GST_CLOCK_TIME_NONE;
	return a->pts + gst_util_uint64_scale (frame - a->frame, GST_SECOND, (guint64) self->info.rate);
}

static guint64
offset_from (const MdynAnchor *a, guint64 frame)
{
	return a && a->offset != GST_BUFFER_OFFSET_NONE ? a->offset + (frame - a->frame) : GST_BUFFER_OFFSET_NONE;
}

/* The anchor in force at an output frame; those before it are dropped. */
static const MdynAnchor *
anchor_at (MdynElement *self, guint64 frame)
{
	while (gst_queue_array_get_length (self->anchors) > 1) {
		const MdynAnchor *next = gst_queue_array_peek_nth_struct (self->anchors, 1);
		if (next->frame > frame)
			break;
		gst_queue_array_pop_head_struct (self->anchors);
	}
	return gst_queue_array_peek_head_struct (self->anchors);
}

GstClockTime
mdyngst_stream_pts (MdynElement *self, guint64 frame)
{
	return pts_from (self, anchor_at (self, frame), frame);
}

/* Where the input's own times stop to follow from those before. */
static void
push_anchor (MdynElement *self, GstClockTime pts, guint64 offset)
{
	const MdynAnchor *last = gst_queue_array_peek_tail_struct (self->anchors);
	MdynAnchor a = { self->in, pts, offset };
	if (last) {
		GstClockTime expected = pts_from (self, last, self->in);
		guint64 expected_offset = offset_from (last, self->in);
		a.pts = GST_CLOCK_TIME_IS_VALID (pts) ? pts : expected;
		a.offset = offset != GST_BUFFER_OFFSET_NONE ? offset : expected_offset;
		if (a.pts == expected && a.offset == expected_offset)
			return;
	}
	gst_queue_array_push_tail_struct (self->anchors, &a);
}

/* Automation is timed by the output: what a value at this frame does is heard `delay` later. */
static void
control (MdynElement *self)
{
	const GstSegment *segment = &GST_BASE_TRANSFORM (self)->segment;
	GstClockTime t = mdyngst_stream_pts (self, self->in > self->delay ? self->in - self->delay : 0);
	if (GST_CLOCK_TIME_IS_VALID (t) && segment->format == GST_FORMAT_TIME)
		t = gst_segment_to_stream_time (segment, GST_FORMAT_TIME, t);
	if (GST_CLOCK_TIME_IS_VALID (t))
		gst_object_sync_values (GST_OBJECT (self), t);
}

/* Frames through the core in place. Control points lie on the core's own blocks, so that buffer sizes do not move them. */
static void
run (MdynElement *self, GstAudioBuffer *a)
{
	gsize bpf = (gsize) self->info.bpf, bps = (gsize) self->info.finfo->width / 8;
	gboolean planar = self->info.layout == GST_AUDIO_LAYOUT_NON_INTERLEAVED;
	gboolean controlled = gst_object_has_active_control_bindings (GST_OBJECT (self));
	for (gsize done = 0, n; done < a->n_samples; done += n) {
		n = a->n_samples - done;
		if (controlled) {
			gsize at = self->fed % CONTROL;
			if (at == 0)
				control (self);
			n = MIN (n, CONTROL - at);
		}
		n = mdyngst_meter_until (self, n);
		const void *planes[MDYN_CHANNELS_MAX], *const *key = NULL;
		if (self->key.channels && !self->keyless) {
			n = MIN (n, MDYNGST_KEY_CHUNK);
			key = mdyngst_key_take (self, planes, n);
		}
		g_mutex_lock (&self->busy);
		if (planar) {
			void *plane[MDYN_CHANNELS_MAX];
			for (gint c = 0; c < a->n_planes; c++)
				plane[c] = (guint8 *) a->planes[c] + done * bps;
			mdyn_process (self->core, plane, (const void *const *) plane, key, n);
		} else {
			void *x = (guint8 *) a->planes[0] + done * bpf;
			mdyn_process_interleaved (self->core, x, x, key ? key[0] : NULL, n);
		}
		self->in += n;
		self->fed += n;
		g_mutex_unlock (&self->busy);
		mdyngst_report_due (self);
		mdyngst_meter_advance (self);
	}
}

/* Where a frame that is the first behind a buffer begins. A segment may begin and end within frames; the stream's end is then where its
 * last buffer said. */
static GstClockTime
end_at (const MdynElement *self, const MdynAnchor *a, guint64 frame)
{
	GstClockTime end = pts_from (self, a, frame);
	if (frame != self->last || !GST_CLOCK_TIME_IS_VALID (end) || !GST_CLOCK_TIME_IS_VALID (self->last_end))
		return end;
	return (guint64) ABS (GST_CLOCK_DIFF (end, self->last_end)) * (guint64) self->info.rate < 2 * GST_SECOND ? self->last_end : end;
}

/* Takes buf through the core, cuts off what lies before the start, stamps the rest. NULL: nothing is left, or *ret says why. */
static GstBuffer *
advance (MdynElement *self, GstBuffer *buf, gsize frames, GstFlowReturn *ret)
{
	gsize before = self->in < self->delay ? (gsize) (self->delay - self->in) : 0, skip = MIN (before, frames), n = frames - skip;
	guint64 first = self->in + skip - MIN (self->in + skip, self->delay);
	const MdynAnchor *a = anchor_at (self, first);
	GstClockTime pts = pts_from (self, a, first), end = end_at (self, a, first + n);
	guint64 offset = offset_from (a, first);
	GstAudioBuffer audio;

	self->gap_run = GST_BUFFER_FLAG_IS_SET (buf, GST_BUFFER_FLAG_GAP) ? self->gap_run + frames : 0;
	buf = gst_buffer_make_writable (buf);
	if (!gst_audio_buffer_map (&audio, &self->info, buf, GST_MAP_READWRITE)) {
		GST_ELEMENT_ERROR (self, RESOURCE, READ, ("A buffer cannot be mapped."), (NULL));
		gst_buffer_unref (buf);
		*ret = GST_FLOW_ERROR;
		return NULL;
	}
	run (self, &audio);
	gst_audio_buffer_unmap (&audio);
	if (n == 0) {
		gst_buffer_unref (buf);
		return NULL;
	}
	if (skip)
		buf = gst_audio_buffer_truncate (buf, self->info.bpf, skip, n);
	GST_BUFFER_DTS (buf) = GST_CLOCK_TIME_NONE;
	GST_BUFFER_PTS (buf) = pts;
	if (self->delay || !GST_BUFFER_DURATION_IS_VALID (buf)) /* else the input's own is as good and may be rounded otherwise */
		GST_BUFFER_DURATION (buf) = GST_CLOCK_TIME_IS_VALID (pts) ? end - pts : gst_util_uint64_scale (n, GST_SECOND, (guint64) self->info.rate);
	GST_BUFFER_OFFSET (buf) = offset;
	GST_BUFFER_OFFSET_END (buf) = offset == GST_BUFFER_OFFSET_NONE ? offset : offset + n;
	if (self->gap_run >= self->delay + n)
		GST_BUFFER_FLAG_SET (buf, GST_BUFFER_FLAG_GAP);
	else
		GST_BUFFER_FLAG_UNSET (buf, GST_BUFFER_FLAG_GAP);
	if (self->discont)
		GST_BUFFER_FLAG_SET (buf, GST_BUFFER_FLAG_DISCONT);
	self->discont = FALSE;
	return buf;
}

static GstBuffer *
silence (const MdynElement *self, gsize frames)
{
	gsize size = frames * (gsize) self->info.bpf;
	GstBuffer *buf = gst_buffer_new_allocate (NULL, size, NULL);
	gst_buffer_memset (buf, 0, 0, size);
	if (self->info.layout == GST_AUDIO_LAYOUT_NON_INTERLEAVED)
		gst_buffer_add_audio_meta (buf, &self->info, frames, NULL);
	GST_BUFFER_FLAG_SET (buf, GST_BUFFER_FLAG_GAP);
	return buf;
}

/* Silence of any length, in buffers of 100 ms, out to the source pad. */
static GstFlowReturn
push_silence (MdynElement *self, guint64 frames)
{
	GstFlowReturn ret = GST_FLOW_OK;
	for (guint64 n; frames && ret == GST_FLOW_OK; frames -= n) {
		n = MIN (frames, (guint64) self->info.rate / 10);
		GstBuffer *out = advance (self, silence (self, n), n, &ret);
		if (out)
			ret = gst_pad_push (SRC (self), out);
	}
	return ret;
}

void
mdyngst_stream_forget (MdynElement *self)
{
	self->in = self->last = self->gap_run = 0;
	self->discont = TRUE;
	gst_queue_array_clear (self->anchors);
}

void
mdyngst_stream_restart (MdynElement *self)
{
	if (self->core) {
		const mdyn_param *row = mdyn_class_find (self->cls, "nonfinite");
		self->nonfinite += row ? mdyn_get (self->core, row->id) : 0;
		g_mutex_lock (&self->busy);
		mdyn_reset (self->core);
		self->fed = 0;
		g_mutex_unlock (&self->busy);
	}
	mdyngst_stream_forget (self);
	mdyngst_meter_end (self);
}

GstFlowReturn
mdyngst_stream_drain (MdynElement *self)
{
	GstFlowReturn ret = GST_FLOW_OK;
	if (!self->core || !self->in)
		return ret;
	self->keyless = TRUE;
	ret = push_silence (self, self->delay);
	self->keyless = FALSE;
	gboolean pending = self->discont;
	mdyngst_meter_end (self);
	mdyngst_stream_forget (self);
	self->discont = pending;
	if (ret != GST_FLOW_OK) /* some of the zeros are missing, so the core holds old audio */
		mdyngst_stream_restart (self);
	return ret;
}

/* How far pts is from where it would follow; 0 if that cannot be said. */
static GstClockTime
distance (const MdynElement *self, GstClockTime pts)
{
	GstClockTime expected = pts_from (self, gst_queue_array_peek_tail_struct (self->anchors), self->in);
	if (!self->in || !GST_CLOCK_TIME_IS_VALID (pts) || !GST_CLOCK_TIME_IS_VALID (expected))
		return 0;
	return pts > expected ? pts - expected : expected - pts;
}

static gboolean
jumps (const MdynElement *self, GstClockTime pts, gboolean discont)
{
	return distance (self, pts) > (discont ? gst_util_uint64_scale_ceil (1, GST_SECOND, (guint64) self->info.rate) : JUMP);
}

/* Waits for the key of `frames` frames at pts, drains before a jump; then input frame `in` lies at pts. */
static GstFlowReturn
arrive (MdynElement *self, GstClockTime pts, guint64 offset, gboolean discont, gsize frames)
{
	GstFlowReturn ret = mdyngst_key_wait (self, pts, discont, frames);
	if (ret == GST_FLOW_OK)
		ret = mdyngst_element_renew (self);
	if (ret != GST_FLOW_OK)
		return ret;
	if (jumps (self, pts, discont)) {
		GST_DEBUG_OBJECT (self, "time jumps to %" GST_TIME_FORMAT, GST_TIME_ARGS (pts));
		gboolean cue = distance (self, pts) >= CUE;
		ret = mdyngst_stream_drain (self);
		self->discont = TRUE;
		if (cue)
			mdyngst_actions_cue (self);
	}
	push_anchor (self, pts, offset);
	return ret;
}

/* The number of whole frames in a buffer, FALSE if that is no answer. */
static gboolean
frames_of (MdynElement *self, GstBuffer *buf, gsize *frames)
{
	const GstAudioMeta *meta = gst_buffer_get_audio_meta (buf);
	gsize size = gst_buffer_get_size (buf), bpf = (gsize) self->info.bpf;
	const gchar *why = NULL;
	*frames = meta ? meta->samples : size / bpf;
	if (size == 0)
		*frames = 0;
	else if (meta && (meta->info.layout != self->info.layout || meta->info.channels != self->info.channels || meta->info.bpf != self->info.bpf))
		why = "whose audio meta contradicts its caps";
	else if (!meta && self->info.layout == GST_AUDIO_LAYOUT_NON_INTERLEAVED)
		why = "of planes without an audio meta";
	else if (self->info.layout == GST_AUDIO_LAYOUT_INTERLEAVED && (size % bpf || *frames > size / bpf))
		why = "that ends within a frame";
	if (why)
		GST_ELEMENT_ERROR (self, STREAM, FORMAT, ("A buffer came %s.", why), ("%" G_GSIZE_FORMAT " bytes, %d a frame", size, self->info.bpf));
	return !why;
}

/* Reverse playback brings buffers last first, each in forward order. Each is taken whole, with the zeros that bring its own end out, so that one
 * buffer gives one buffer. The state goes on from the buffer that lies behind it in time. */
static GstBuffer *
backwards (MdynElement *self, GstBuffer *buf, gsize frames, GstFlowReturn *ret)
{
	GstAudioBuffer from, to;
	GstBuffer *whole = silence (self, frames + self->delay);
	gboolean ok = FALSE;
	if (gst_audio_buffer_map (&from, &self->info, buf, GST_MAP_READ)) {
		if (gst_audio_buffer_map (&to, &self->info, whole, GST_MAP_WRITE)) {
			for (gint p = 0; p < from.n_planes; p++)
				memcpy (to.planes[p], from.planes[p], GST_AUDIO_BUFFER_PLANE_SIZE (&from));
			gst_audio_buffer_unmap (&to);
			ok = TRUE;
		}
		gst_audio_buffer_unmap (&from);
	}
	mdyngst_stream_forget (self);
	push_anchor (self, GST_BUFFER_PTS (buf), GST_BUFFER_OFFSET (buf));
	GST_BUFFER_FLAG_UNSET (whole, GST_BUFFER_FLAG_GAP);
	if (GST_BUFFER_IS_DISCONT (buf))
		GST_BUFFER_FLAG_SET (whole, GST_BUFFER_FLAG_DISCONT);
	self->discont = FALSE;
	gst_buffer_unref (buf);
	if (!ok) {
		gst_buffer_unref (whole);
		*ret = GST_FLOW_ERROR;
		return NULL;
	}
	self->keyless = TRUE;
	whole = advance (self, whole, frames + self->delay, ret);
	self->keyless = FALSE;
	mdyngst_meter_end (self);
	mdyngst_stream_forget (self);
	return whole;
}

GstFlowReturn
mdyngst_stream_take (MdynElement *self, GstBuffer *buf, GstBuffer **out)
{
	GstFlowReturn ret = GST_FLOW_OK;
	gsize frames;
	*out = NULL;
	if (!frames_of (self, buf, &frames)) {
		gst_buffer_unref (buf);
		return GST_FLOW_ERROR;
	}
	if (frames == 0) {
		gst_buffer_unref (buf);
		return GST_FLOW_OK;
	}
	if (GST_BASE_TRANSFORM (self)->segment.rate < 0) {
		ret = mdyngst_element_renew (self);
		if (ret == GST_FLOW_OK)
			*out = backwards (self, buf, frames, &ret);
		else
			gst_buffer_unref (buf);
		return ret;
	}
	ret = arrive (self, GST_BUFFER_PTS (buf), GST_BUFFER_OFFSET (buf), GST_BUFFER_IS_DISCONT (buf), frames);
	if (ret != GST_FLOW_OK) {
		gst_buffer_unref (buf);
		return ret;
	}
	self->last = self->in + frames;
	self->last_end = GST_BUFFER_PTS_IS_VALID (buf) && GST_BUFFER_DURATION_IS_VALID (buf) ? GST_BUFFER_PTS (buf) + GST_BUFFER_DURATION (buf) : GST_CLOCK_TIME_NONE;
	*out = advance (self, buf, frames, &ret);
	return ret;
}

gboolean
mdyngst_stream_gap (MdynElement *self, GstClockTime pts, GstClockTime duration)
{
	const GstSegment *segment = &GST_BASE_TRANSFORM (self)->segment;
	guint64 start = pts, stop;
	if (!self->core || segment->rate < 0 || segment->format != GST_FORMAT_TIME)
		return FALSE;
	if (!GST_CLOCK_TIME_IS_VALID (pts) || !GST_CLOCK_TIME_IS_VALID (duration) || duration > GAP_MAX)
		return FALSE;
	if (!gst_segment_clip (segment, GST_FORMAT_TIME, pts, pts + duration, &start, &stop))
		return TRUE;
	if (self->in && !jumps (self, start, FALSE)) { /* goes on where the audio ended, so that rounding does not add up over many gaps */
		GstClockTime expected = pts_from (self, gst_queue_array_peek_tail_struct (self->anchors), self->in);
		start = GST_CLOCK_TIME_IS_VALID (expected) ? expected : start;
	}
	if (stop > start) {
		guint64 frames = gst_util_uint64_scale_round (stop - start, (guint64) self->info.rate, GST_SECOND);
		if (arrive (self, start, GST_BUFFER_OFFSET_NONE, FALSE, frames) == GST_FLOW_OK)
			push_silence (self, frames);
	}
	return TRUE;
}
