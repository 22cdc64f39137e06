/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */
#include "element.h"

#include "actions.h"
#include "layout.h"
#include "props.h"
#include "report.h"
#include "stream.h"

GST_DEBUG_CATEGORY (mdyngst_debug);

static GstAudioFilterClass *parent_class; /* GstAudioFilter's, the parent of all four */

void
mdyngst_debug_init (void)
{
	GST_DEBUG_CATEGORY_INIT (mdyngst_debug, "mdyn", 0, "mastering dynamics");
}

/* Stands in until there are caps. */
static const mdyn_format common_format = { .sample = MDYN_F32, .rate = 48000, .channels = 1 };

static void
swap (MdynElement *self, mdyn_proc *core, GstClockTime latency)
{
	g_mutex_lock (&self->busy);
	GST_OBJECT_LOCK (self);
	mdyn_proc *old = self->core;
	if (core)
		mdyngst_props_refresh (self, core);
	self->core = core;
	self->latency = latency;
	GST_OBJECT_UNLOCK (self);
	g_mutex_unlock (&self->busy);
	mdyn_destroy (&old);
}

gboolean
mdyngst_element_rebuild (MdynElement *self, const GstAudioInfo *info)
{
	gchar why[600] = "";
	mdyn_format f = mdyngst_layout_format (info);
	GstClockTime before = self->latency;
	f.key_channels = mdyngst_key_setup (self, info);
	mdyn_proc *core = mdyngst_props_build (self, &f, TRUE, why, sizeof why);
	if (!core) {
		if (!self->refused) /* the base class tries again with every buffer */
			GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS, ("%s", why), (NULL));
		self->refused = TRUE;
		return FALSE;
	}
	self->refused = FALSE;
	if (*why)
		GST_ELEMENT_WARNING (self, STREAM, FORMAT, ("%s", why), (NULL));
	mdyngst_stream_restart (self);
	self->info = *info;
	self->delay = mdyn_latency (core);
	swap (self, core, gst_util_uint64_scale_ceil (self->delay, GST_SECOND, (guint64) info->rate));
	if (self->latency != before)
		gst_element_post_message (GST_ELEMENT (self), gst_message_new_latency (GST_OBJECT (self)));
	return TRUE;
}

static gboolean
is_dirty (MdynElement *self)
{
	GST_OBJECT_LOCK (self);
	gboolean dirty = self->dirty;
	GST_OBJECT_UNLOCK (self);
	return dirty || mdyngst_key_changed (self);
}

GstFlowReturn
mdyngst_element_renew (MdynElement *self)
{
	if (!is_dirty (self))
		return GST_FLOW_OK;
	GstFlowReturn ret = mdyngst_stream_drain (self);
	if (ret == GST_FLOW_OK && !mdyngst_element_rebuild (self, &GST_AUDIO_FILTER (self)->info))
		ret = GST_FLOW_ERROR;
	return ret;
}

static gboolean
setup (GstAudioFilter *filter, const GstAudioInfo *info)
{
	MdynElement *self = (MdynElement *) filter;
	if (self->core && !is_dirty (self) && gst_audio_info_is_equal (info, &self->info))
		return TRUE;
	return mdyngst_element_rebuild (self, info);
}

static gboolean
start (GstBaseTransform *trans)
{
	MdynElement *self = (MdynElement *) trans;
	GST_OBJECT_LOCK (self);
	self->meters.n = 0;
	GST_OBJECT_UNLOCK (self);
	g_mutex_lock (&self->busy);
	g_clear_pointer (&self->last_stats, g_free);
	g_mutex_unlock (&self->busy);
	self->nonfinite = 0;
	self->told_nonfinite = self->refused = FALSE;
	if (!mdyngst_props_good (self))
		return FALSE;
	/* What is wrong with the settings together is told here, before any data, by a core for a common format. */
	gchar why[600] = "";
	mdyn_proc *core = mdyngst_props_build (self, &common_format, TRUE, why, sizeof why);
	if (!core)
		GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS, ("%s", why), (NULL));
	gboolean good = core != NULL;
	mdyn_destroy (&core);
	return good;
}

/* Once a stream, at its end. */
static void
tell_nonfinite (MdynElement *self)
{
	if (self->nonfinite > 0 && !self->told_nonfinite) {
		GST_ELEMENT_WARNING (self, STREAM, FORMAT, ("%.0f samples were NaN, infinite or absurdly large and became silence.", self->nonfinite), (NULL));
		self->told_nonfinite = TRUE;
	}
}

static gboolean
stop (GstBaseTransform *trans)
{
	MdynElement *self = (MdynElement *) trans;
	mdyngst_stream_restart (self);
	tell_nonfinite (self);
	swap (self, NULL, 0);
	return TRUE;
}

static void
end_of_stream (MdynElement *self)
{
	mdyngst_stream_drain (self);
	if (self->core)
		mdyngst_report_end (self);
	mdyngst_stream_restart (self);
	mdyngst_key_audio_ends (self);
	tell_nonfinite (self);
}

/* Never called; without it the base class takes the element for a passthrough. */
static GstFlowReturn
transform_ip (GstBaseTransform *trans, GstBuffer *buf)
{
	(void) trans;
	(void) buf;
	return GST_FLOW_NOT_SUPPORTED;
}

static GstFlowReturn
generate_output (GstBaseTransform *trans, GstBuffer **out)
{
	MdynElement *self = (MdynElement *) trans;
	GstBuffer *buf = trans->queued_buf;
	*out = NULL;
	trans->queued_buf = NULL;
	return buf ? mdyngst_stream_take (self, buf, out) : GST_FLOW_OK;
}

static gboolean
caps_differ (MdynElement *self, GstEvent *event)
{
	GstCaps *caps, *now = gst_pad_get_current_caps (GST_BASE_TRANSFORM_SINK_PAD (self));
	gst_event_parse_caps (event, &caps);
	gboolean differ = !now || !gst_caps_is_equal (caps, now);
	gst_clear_caps (&now);
	return differ;
}

static gboolean
segment_differs (MdynElement *self, GstEvent *event)
{
	const GstSegment *segment;
	GstSegment now = GST_BASE_TRANSFORM (self)->segment;
	gst_event_parse_segment (event, &segment);
	now.position = segment->position; /* moves with the buffers */
	return !gst_segment_is_equal (&now, segment);
}

/* What ends or moves the stream's time must not overtake the audio that the core holds. */
static gboolean
sink_event (GstBaseTransform *trans, GstEvent *event)
{
	MdynElement *self = (MdynElement *) trans;
	GstClockTime pts, duration;
	switch (GST_EVENT_TYPE (event)) {
	case GST_EVENT_CAPS:
		if (caps_differ (self, event))
			mdyngst_stream_drain (self);
		break;
	case GST_EVENT_SEGMENT:
		if (segment_differs (self, event)) {
			mdyngst_stream_drain (self);
			mdyngst_key_audio_moves (self);
		}
		break;
	case GST_EVENT_STREAM_START:
		mdyngst_stream_drain (self);
		mdyngst_key_audio_begins (self);
		mdyngst_actions_cue (self);
		break;
	case GST_EVENT_SEGMENT_DONE:
		mdyngst_stream_drain (self);
		mdyngst_key_audio_ends (self);
		break;
	case GST_EVENT_EOS:
		end_of_stream (self);
		break;
	case GST_EVENT_FLUSH_START:
		mdyngst_key_flush (self, TRUE);
		break;
	case GST_EVENT_FLUSH_STOP:
		mdyngst_key_flush (self, FALSE);
		mdyngst_stream_restart (self);
		break;
	case GST_EVENT_GAP:
		gst_event_parse_gap (event, &pts, &duration);
		if (mdyngst_stream_gap (self, pts, duration)) {
			gst_event_unref (event);
			return TRUE;
		}
		mdyngst_stream_drain (self);
		break;
	default:
		break;
	}
	return GST_BASE_TRANSFORM_CLASS (parent_class)->sink_event (trans, event);
}

static gboolean
src_event (GstBaseTransform *trans, GstEvent *event)
{
	MdynElement *self = (MdynElement *) trans;
	gboolean seek = GST_EVENT_TYPE (event) == GST_EVENT_SEEK;
	if (seek)
		mdyngst_key_seek (self, event);
	gboolean ret = GST_BASE_TRANSFORM_CLASS (parent_class)->src_event (trans, event);
	if (seek)
		mdyngst_key_seek_done (self);
	return ret;
}

static GstStateChangeReturn
change_state (GstElement *element, GstStateChange change)
{
	mdyngst_key_change_state ((MdynElement *) element, change);
	return GST_ELEMENT_CLASS (parent_class)->change_state (element, change);
}

/* Before the rate is known, a core at a common one tells. */
static GstClockTime
latency_of (MdynElement *self)
{
	gchar why[600];
	GST_OBJECT_LOCK (self);
	gboolean known = self->core != NULL;
	GstClockTime latency = self->latency;
	GST_OBJECT_UNLOCK (self);
	if (known)
		return latency;
	mdyn_proc *core = mdyngst_props_build (self, &common_format, FALSE, why, sizeof why);
	latency = core ? gst_util_uint64_scale_ceil (mdyn_latency (core), GST_SECOND, common_format.rate) : 0;
	mdyn_destroy (&core);
	return latency;
}

static gboolean
query_latency (MdynElement *self, GstQuery *query)
{
	gboolean live;
	GstClockTime min, max, own = latency_of (self);
	if (!gst_pad_peer_query (GST_BASE_TRANSFORM_SINK_PAD (self), query))
		return FALSE;
	gst_query_parse_latency (query, &live, &min, &max);
	if (mdyngst_keypad_latency (self, &live, &min, &max) && live)
		own += MDYNGST_KEY_GRACE;
	gst_query_set_latency (query, live, min + own, GST_CLOCK_TIME_IS_VALID (max) ? max + own : max);
	return TRUE;
}

static void
log_refusal (MdynElement *self, GstQuery *query)
{
	gboolean accepted;
	GstCaps *caps;
	gchar why[600] = "";
	gst_query_parse_accept_caps_result (query, &accepted);
	if (accepted)
		return;
	gst_query_parse_accept_caps (query, &caps);
	/* A sample format is tried and converted; a rate or channel count beyond the limits is what will end the stream, so its user is told. */
	if (mdyngst_layout_why (self->cls, caps, why, sizeof why))
		GST_ELEMENT_WARNING (self, STREAM, FORMAT, ("%s", why), (NULL));
	else
		GST_WARNING_OBJECT (self, "%s", why);
}

static gboolean
query_func (GstBaseTransform *trans, GstPadDirection direction, GstQuery *query)
{
	MdynElement *self = (MdynElement *) trans;
	switch (GST_QUERY_TYPE (query)) {
	case GST_QUERY_LATENCY:
		if (direction == GST_PAD_SRC)
			return query_latency (self, query);
		break;
	case GST_QUERY_SCHEDULING: /* pulled, offsets in and out would differ by the latency */
		if (direction == GST_PAD_SRC) {
			gst_query_set_scheduling (query, GST_SCHEDULING_FLAG_SEQUENTIAL, 1, -1, 0);
			gst_query_add_scheduling_mode (query, GST_PAD_MODE_PUSH);
			return TRUE;
		}
		break;
	case GST_QUERY_DRAIN:
		if (direction == GST_PAD_SINK)
			mdyngst_stream_drain (self);
		break;
	default:
		break;
	}
	gboolean ret = GST_BASE_TRANSFORM_CLASS (parent_class)->query (trans, direction, query);
	if (ret && direction == GST_PAD_SINK && GST_QUERY_TYPE (query) == GST_QUERY_ACCEPT_CAPS)
		log_refusal (self, query);
	return ret;
}

static void
finalize (GObject *object)
{
	MdynElement *self = (MdynElement *) object;
	mdyn_destroy (&self->core);
	gst_queue_array_free (self->anchors);
	mdyngst_key_free (self);
	g_mutex_clear (&self->busy);
	g_free (self->last_stats);
	mdyngst_props_free (self);
	G_OBJECT_CLASS (parent_class)->finalize (object);
}

static void
class_init (gpointer klass, gpointer data)
{
	const mdyn_class *cls = ((MdynElementClass *) klass)->cls = data;
	GstBaseTransformClass *trans = GST_BASE_TRANSFORM_CLASS (klass);
	GstCaps *caps = mdyngst_layout_caps ();
	parent_class = g_type_class_peek_parent (klass);
	G_OBJECT_CLASS (klass)->finalize = finalize;
	mdyngst_props_install (G_OBJECT_CLASS (klass), cls);
	mdyngst_actions_install (G_OBJECT_CLASS (klass), cls);
	gst_element_class_set_metadata (GST_ELEMENT_CLASS (klass), cls->long_name, "Filter/Effect/Audio", cls->description, "mdyn contributors");
	gst_element_class_add_static_metadata (GST_ELEMENT_CLASS (klass), GST_ELEMENT_METADATA_DOC_URI, DOC_URI);
	gst_audio_filter_class_add_pad_templates (GST_AUDIO_FILTER_CLASS (klass), caps);
	if (cls->has_sidechain)
		mdyngst_keypad_class_init (GST_ELEMENT_CLASS (klass), caps);
	gst_caps_unref (caps);
	GST_ELEMENT_CLASS (klass)->change_state = change_state;
	GST_AUDIO_FILTER_CLASS (klass)->setup = setup;
	trans->start = start;
	trans->stop = stop;
	trans->transform_ip = transform_ip;
	trans->transform_ip_on_passthrough = FALSE;
	trans->generate_output = generate_output;
	trans->sink_event = sink_event;
	trans->src_event = src_event;
	trans->query = query_func;
}

static void
init (GTypeInstance *instance, gpointer klass)
{
	MdynElement *self = (MdynElement *) instance;
	GstBaseTransform *trans = GST_BASE_TRANSFORM (instance);
	self->cls = ((MdynElementClass *) klass)->cls;
	self->anchors = gst_queue_array_new_for_struct (sizeof (MdynAnchor), 16);
	self->meter.from_pts = GST_CLOCK_TIME_NONE;
	self->discont = TRUE;
	gst_audio_info_init (&self->info);
	mdyngst_props_init (self);
	mdyngst_key_init (self);
	g_mutex_init (&self->busy);
	gst_base_transform_set_in_place (trans, TRUE);
	gst_base_transform_set_passthrough (trans, FALSE);
	gst_base_transform_set_qos_enabled (trans, FALSE);
	gst_base_transform_set_gap_aware (trans, TRUE);
}

GType
mdyngst_element_type (const mdyn_class *cls)
{
	gchar *name = g_strdup_printf ("Gst%c%s", g_ascii_toupper (cls->name[0]), cls->name + 1);
	GType type = g_type_from_name (name);
	if (!type) {
		const GTypeInfo info = {
			.class_size = sizeof (MdynElementClass),
			.class_init = class_init,
			.class_data = cls,
			.instance_size = sizeof (MdynElement),
			.instance_init = init,
		};
		const GInterfaceInfo preset = { .interface_init = mdyngst_preset_init };
		type = g_type_register_static (GST_TYPE_AUDIO_FILTER, name, &info, 0);
		g_type_add_interface_static (type, GST_TYPE_PRESET, &preset);
	}
	g_free (name);
	return type;
}
