/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The one element behind mastercomp, masterlimit, mastergate and masternorm. It knows no processor: what it is called, what properties it has
 * and what it reads out comes from the mdyn_class its type was registered with.
 *
 *   element.c   type, negotiation, events, queries
 *   stream.c    buffers through the core, on time
 *   meter.c     readings and their messages
 *   key.c       the audio of the key pad, at the time it belongs to
 *   keypad.c    the pad itself
 *   props.c     rows as properties, values for a new core
 *   preset.c    GstPreset; prs.c prints the files with the table's presets
 *   actions.c   events as action signals
 *   report.c    the measurement as text
 *   layout.c    formats and channel positions
 *
 * Threads. "Streaming thread" is whoever holds the stream lock of the sink pad. It alone replaces the core, under the object lock, so it may use
 * the core without that lock; every other thread takes it. What another thread may do only while the core is at rest it does under `busy`. */
#ifndef MDYNGST_ELEMENT_H
#define MDYNGST_ELEMENT_H

#include <gst/audio/audio.h>
#include <gst/audio/gstaudiofilter.h>
#include <gst/base/base.h>
#include <gst/gst.h>

#include "key.h"
#include "mdyn/mdyn.h"

GST_DEBUG_CATEGORY_EXTERN (mdyngst_debug);
#define GST_CAT_DEFAULT mdyngst_debug

/* From this frame on (counted as `in` is), time and offset run from here; GST_CLOCK_TIME_NONE and GST_BUFFER_OFFSET_NONE: unknown. */
typedef struct MdynAnchor {
	guint64 frame;
	GstClockTime pts;
	guint64 offset;
} MdynAnchor;

struct MdynElement {
	GstAudioFilter parent;
	const mdyn_class *cls;

	/* Under the object lock. */
	mdyn_proc *core;                 /* from negotiation to stop */
	gdouble *value;                  /* [cls->n_params] as the user set them, whether there is a core or not */
	gchar **text;                    /* [cls->n_params] TEXT rows, NULL unset */
	gchar **refused_value;           /* [cls->n_params] why the last value set was not taken, NULL: it was */
	gboolean dirty;                  /* a SETUP row differs from what the core was built with */
	mdyn_meters meters;              /* the newest reading; n = 0: none yet */
	GstClockTime latency;            /* of the core */
	gboolean post_messages;
	guint64 interval;                /* ns between readings */

	GMutex busy;                     /* while the core works; taken before the object lock */
	gchar *last_stats;               /* of the last stream that ended, NULL: none. Under busy */

	/* Streaming thread. A frame number counts from the last start of the stream's time: start, flush, jump, drain. */
	GstAudioInfo info;
	gsize delay;                     /* mdyn_latency of the core */
	guint64 in;                      /* frames taken; output frame k comes with input frame k + delay */
	guint64 fed;                     /* frames since the core was new or reset: places the blocks of control */
	guint64 last;                    /* frames that came in buffers, and where the last of these said that it ends */
	GstClockTime last_end;
	guint64 gap_run;                 /* frames of GAP at the end of what was taken */
	gboolean discont;                /* the next output does not follow the last one */
	gboolean keyless;                /* what is processed now is no audio that a key belongs to */
	GstQueueArray *anchors;          /* MdynAnchor, oldest that an output can still need first */
	gdouble nonfinite;               /* counted by cores before the present one */
	gboolean told_nonfinite;
	gboolean refused;                /* the error about the settings is posted */
	struct {
		guint64 interval;        /* the one in force */
		guint64 base, count;     /* readings are due at base + i * interval, count of them are done; output frames */
		guint64 from, due;       /* where the present reading began and where it ends */
		GstClockTime from_pts;
	} meter;

	MdynKey key;                     /* of use if cls->has_sidechain */
};

typedef struct MdynElementClass {
	GstAudioFilterClass parent;
	const mdyn_class *cls;
} MdynElementClass;

void mdyngst_debug_init (void);

/* The type of a class's element, registered at the first call. */
GType mdyngst_element_type (const mdyn_class *cls);

/* Where the core is not what is asked for (a SETUP row was set while playing, the key has other channels): drains it and builds another.
 * Streaming thread. */
GstFlowReturn mdyngst_element_renew (MdynElement *self);

/* Replaces the core by one for info with the values as they are now; posts an error and returns FALSE if that cannot be. Streaming thread. */
gboolean mdyngst_element_rebuild (MdynElement *self, const GstAudioInfo *info);
#endif
