/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Buffers through the core: output sample k lies where input sample k lay, and there are as many of them.
 *
 * The core answers input frame k with output frame k - delay. So the first `delay` frames that it gives are cut off, and at an end as many zeros
 * push the rest out (drain). After a drain the core holds nothing but those zeros, which the next cut takes away: it is not reset, and envelopes,
 * learned gains and measurements go on across a jump of time or a new segment. Only a flush or the end of a stream forgets them. */
#ifndef MDYNGST_STREAM_H
#define MDYNGST_STREAM_H

#include "element.h"

/* The time of a frame, no older than those asked for since the last drain; GST_CLOCK_TIME_NONE if unknown. */
GstClockTime mdyngst_stream_pts (MdynElement *self, guint64 frame);

/* Takes a buffer; *out is what comes for it, NULL if nothing does. May push the tail of what was before. */
GstFlowReturn mdyngst_stream_take (MdynElement *self, GstBuffer *buf, GstBuffer **out);

/* Silence in place of a GAP event; FALSE: it is too long or of unknown length, drain and let the event through. */
gboolean mdyngst_stream_gap (MdynElement *self, GstClockTime pts, GstClockTime duration);

/* Pushes all that the core still holds. */
GstFlowReturn mdyngst_stream_drain (MdynElement *self);

/* Forgets all audio, times and measurements; there may be no core. */
void mdyngst_stream_restart (MdynElement *self);

/* The times alone, for a core that is new. */
void mdyngst_stream_forget (MdynElement *self);
#endif
