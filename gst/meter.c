/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */
#include "meter.h"

#include <math.h>

#include "stream.h"

/* The output frame at which the present interval ends. Counted from `base`, so that rounding does not add up. */
static guint64
due (MdynElement *self)
{
	GST_OBJECT_LOCK (self);
	guint64 interval = self->interval;
	GST_OBJECT_UNLOCK (self);
	if (interval != self->meter.interval) {
		self->meter.interval = interval;
		self->meter.base = self->meter.from;
		self->meter.count = 0;
	}
	guint64 after = gst_util_uint64_scale_round (interval, (self->meter.count + 1) * (guint64) self->info.rate, GST_SECOND);
	return MAX (self->meter.base + MIN (after, G_MAXUINT64 / 4), self->meter.from + 1);
}

gsize
mdyngst_meter_until (MdynElement *self, gsize n)
{
	self->meter.due = due (self);
	guint64 at = self->meter.due + self->delay; /* the input frame that brings it out */
	return at > self->in && at - self->in < n ? (gsize) (at - self->in) : n;
}

static void
post (MdynElement *self, const mdyn_meters *m, GstClockTime end)
{
	const GstSegment *segment = &GST_BASE_TRANSFORM (self)->segment;
	GstClockTime from = self->meter.from_pts, stream = GST_CLOCK_TIME_NONE, running = GST_CLOCK_TIME_NONE, duration = GST_CLOCK_TIME_NONE;
	if (GST_CLOCK_TIME_IS_VALID (from) && segment->format == GST_FORMAT_TIME) {
		stream = gst_segment_to_stream_time (segment, GST_FORMAT_TIME, from);
		running = gst_segment_to_running_time (segment, GST_FORMAT_TIME, from);
	}
	if (GST_CLOCK_TIME_IS_VALID (from) && GST_CLOCK_TIME_IS_VALID (end) && end > from)
		duration = end - from;
	GstStructure *s = gst_structure_new (self->cls->name, "timestamp", GST_TYPE_CLOCK_TIME, from, "stream-time", GST_TYPE_CLOCK_TIME, stream,
	                                     "running-time", GST_TYPE_CLOCK_TIME, running, "duration", GST_TYPE_CLOCK_TIME, duration, "endtime",
	                                     GST_TYPE_CLOCK_TIME, end, NULL);
	gsize i = 0;
	for (const mdyn_param *row = self->cls->params; row < self->cls->params + self->cls->n_params && i < m->n; row++)
		if (row->flags & MDYN_READOUT) {
			if (!isnan (m->v[i]))
				gst_structure_set (s, row->name, G_TYPE_DOUBLE, m->v[i], NULL);
			i++;
		}
	gst_element_post_message (GST_ELEMENT (self), gst_message_new_element (GST_OBJECT (self), s));
}

static void
reading (MdynElement *self, guint64 at)
{
	mdyn_meters m;
	if (mdyn_read_meters (self->core, &m) < 0)
		return;
	GST_OBJECT_LOCK (self);
	self->meters = m;
	gboolean wanted = self->post_messages;
	GST_OBJECT_UNLOCK (self);
	GstClockTime end = mdyngst_stream_pts (self, at);
	if (wanted)
		post (self, &m, end);
	self->meter.from = at;
	self->meter.from_pts = end;
	self->meter.count++;
}

void
mdyngst_meter_advance (MdynElement *self)
{
	guint64 out = self->in > self->delay ? self->in - self->delay : 0;
	if (out && self->meter.from == 0 && self->meter.count == 0 && !GST_CLOCK_TIME_IS_VALID (self->meter.from_pts))
		self->meter.from_pts = mdyngst_stream_pts (self, 0);
	if (out >= self->meter.due)
		reading (self, out);
}

void
mdyngst_meter_end (MdynElement *self)
{
	guint64 out = self->in > self->delay ? self->in - self->delay : 0;
	if (self->core && out > self->meter.from)
		reading (self, out);
	self->meter.from = self->meter.base = self->meter.count = 0;
	self->meter.from_pts = GST_CLOCK_TIME_NONE;
}
