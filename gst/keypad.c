/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */
#include "element.h"

#define AHEAD GST_SECOND /* of the audio that the queue holds */

GstPad *
mdyngst_keypad_ref (MdynElement *self)
{
	MdynKey *key = &self->key;
	g_mutex_lock (&key->lock);
	GstPad *pad = key->linked ? gst_object_ref (key->pad) : NULL;
	g_mutex_unlock (&key->lock);
	return pad;
}

gboolean
mdyngst_keypad_latency (MdynElement *self, gboolean *live, GstClockTime *min, GstClockTime *max)
{
	GstPad *pad = mdyngst_keypad_ref (self);
	GstQuery *query = gst_query_new_latency ();
	if (pad && gst_pad_peer_query (pad, query)) {
		gboolean key_live;
		GstClockTime key_min, key_max;
		gst_query_parse_latency (query, &key_live, &key_min, &key_max);
		*live |= key_live;
		*min = MAX (*min, key_min);
		if (GST_CLOCK_TIME_IS_VALID (key_max))
			*max = MIN (*max, key_max + AHEAD); /* GST_CLOCK_TIME_NONE is the largest */
	}
	gboolean is_linked = pad != NULL;
	gst_query_unref (query);
	gst_clear_object (&pad);
	return is_linked;
}

/* Whether p must wait for the audio; a live key never does. Lock held. */
static gboolean
too_early (const MdynKey *key, const MdynKeyPiece *p)
{
	const MdynKeyPiece *head = gst_queue_array_peek_head_struct (key->pieces);
	GstClockTime from = mdyngst_key_time_of (p->first, (guint) p->info.rate), audio = from;
	if (key->at >= 0 && key->rate)
		audio = MAX (mdyngst_key_time_of (key->at, key->rate), key->need);
	else if (head)
		audio = mdyngst_key_time_of (head->first, (guint) head->info.rate);
	return from >= audio + AHEAD;
}

/* The first buffer gives the audio a while to negotiate: of a key of another rate no more than this buffer is lost. Lock held. */
static void
await_audio (MdynElement *self)
{
	MdynKey *key = &self->key;
	gint64 until = g_get_monotonic_time () + G_USEC_PER_SEC;
	if (!key->latency_known)
		mdyngst_key_ask_latency (self);
	while (key->linked && !key->flushing && !key->audio_ended && !key->rate && !key->key_live)
		if (!g_cond_wait_until (&key->moved, &key->lock, until))
			break;
}

/* Lock held. */
static GstFlowReturn
enqueue (MdynElement *self, MdynKeyPiece *p)
{
	MdynKey *key = &self->key;
	GstFlowReturn ret = GST_FLOW_OK;
	if (key->next < 0 && !key->rate)
		await_audio (self);
	while (key->linked && !key->flushing && !key->audio_ended && too_early (key, p)) {
		if (key->latency_known && key->key_live) {
			MdynKeyPiece *oldest = gst_queue_array_pop_head_struct (key->pieces);
			if (!oldest)
				break;
			gst_buffer_unref (oldest->buf);
		} else {
			g_cond_wait (&key->moved, &key->lock);
		}
	}
	if (key->flushing)
		ret = GST_FLOW_FLUSHING;
	if (ret != GST_FLOW_OK || !key->linked || key->audio_ended || key->segment.rate < 0) {
		gst_buffer_unref (p->buf);
		return ret;
	}
	key->next = p->end;
	key->changing = FALSE;
	key->until = MAX (key->until, mdyngst_key_time_of (p->end, (guint) p->info.rate));
	gst_queue_array_push_tail_struct (key->pieces, p);
	g_cond_broadcast (&key->moved);
	return ret;
}

static GstFlowReturn
chain (GstPad *pad, GstObject *parent, GstBuffer *buf)
{
	MdynElement *self = (MdynElement *) parent;
	MdynKey *key = &self->key;
	GstFlowReturn ret = GST_FLOW_OK;
	(void) pad;
	g_mutex_lock (&key->lock);
	MdynKeyPiece p = { .info = key->info };
	gsize bpf = (gsize) p.info.bpf;
	if (key->refused && (guint) p.info.rate == key->rate) { /* mended by whoever read the error */
		mdyngst_key_clear (key);
		key->refused = FALSE;
	}
	key->thread = g_thread_self ();
	gboolean whole =
	    bpf && gst_buffer_get_size (buf) % bpf == 0 && (p.info.layout == GST_AUDIO_LAYOUT_INTERLEAVED || gst_buffer_get_audio_meta (buf));
	if (whole && key->segment.format == GST_FORMAT_TIME)
		buf = gst_audio_buffer_clip (buf, &key->segment, p.info.rate, p.info.bpf);
	if (whole && buf && gst_buffer_get_size (buf)) {
		const GstAudioMeta *meta = gst_buffer_get_audio_meta (buf);
		GstClockTime t = mdyngst_key_time (&key->segment, GST_BUFFER_PTS (buf));
		p.buf = buf;
		p.first = mdyngst_key_place (key->next, t, GST_BUFFER_IS_DISCONT (buf), (guint) p.info.rate);
		p.end = p.first + (gint64) (meta ? meta->samples : gst_buffer_get_size (buf) / bpf);
		ret = enqueue (self, &p);
		buf = NULL;
	}
	g_mutex_unlock (&key->lock);
	if (!whole)
		GST_ELEMENT_ERROR (self, STREAM, FORMAT,
		                   ("%s: key pad: a buffer of %" G_GSIZE_FORMAT " bytes is not whole frames of its caps", self->cls->name,
		                    gst_buffer_get_size (buf)),
		                   (NULL));
	if (buf)
		gst_buffer_unref (buf);
	return whole ? ret : GST_FLOW_ERROR;
}

/* Lock held. */
static gboolean
take_event (MdynKey *key, GstEvent *event)
{
	GstClockTime pts, duration;
	GstCaps *caps;
	guint before = (guint) key->info.rate;
	switch (GST_EVENT_TYPE (event)) {
	case GST_EVENT_STREAM_START:
		if (key->ended) {
			key->until = 0;
			key->next = -1;
		}
		key->ended = FALSE;
		break;
	case GST_EVENT_CAPS:
		gst_event_parse_caps (event, &caps);
		if (!gst_audio_info_from_caps (&key->info, caps))
			return FALSE;
		if (before && before != (guint) key->info.rate) {
			key->next = -1;
			key->changing = TRUE;
		}
		break;
	case GST_EVENT_SEGMENT:
		gst_event_copy_segment (event, &key->segment);
		key->next = -1; /* as the audio: a frame more or less on the one side would be one to wait for */
		key->ended = FALSE;
		break;
	case GST_EVENT_GAP:
		gst_event_parse_gap (event, &pts, &duration);
		pts = mdyngst_key_time (&key->segment, pts);
		if (GST_CLOCK_TIME_IS_VALID (pts))
			key->until = MAX (key->until, pts + (GST_CLOCK_TIME_IS_VALID (duration) ? duration : 0));
		break;
	case GST_EVENT_EOS:
	case GST_EVENT_SEGMENT_DONE:
		key->ended = TRUE;
		break;
	case GST_EVENT_FLUSH_START:
		key->flushing = TRUE;
		mdyngst_key_clear (key);
		break;
	case GST_EVENT_FLUSH_STOP:
		key->flushing = key->ended = FALSE;
		mdyngst_key_clear (key);
		gst_segment_init (&key->segment, GST_FORMAT_TIME);
		break;
	default:
		break;
	}
	return TRUE;
}

/* The key's events say nothing about the audio: none goes on. */
static gboolean
event_func (GstPad *pad, GstObject *parent, GstEvent *event)
{
	MdynKey *key = &((MdynElement *) parent)->key;
	g_mutex_lock (&key->lock);
	key->linked = gst_pad_is_linked (pad); /* an event may come before the signal */
	if (GST_EVENT_IS_SERIALIZED (event))
		key->thread = g_thread_self ();
	gboolean ret = take_event (key, event);
	g_cond_broadcast (&key->moved);
	g_mutex_unlock (&key->lock);
	gst_event_unref (event);
	return ret;
}

/* The caps of a key that fits: of the audio's rate or, before it has one, of those that it may come to. */
static GstCaps *
fitting (MdynElement *self, GstPad *pad, GstCaps *template)
{
	GstCaps *caps = gst_caps_copy (template);
	g_mutex_lock (&self->key.lock);
	guint rate = self->key.rate;
	g_mutex_unlock (&self->key.lock);
	if (rate) {
		gst_caps_set_simple (caps, "rate", G_TYPE_INT, (gint) rate, NULL);
	} else if (gst_pad_is_active (pad)) {
		GstCaps *audio = gst_pad_peer_query_caps (GST_BASE_TRANSFORM_SINK_PAD (self), template);
		if (gst_caps_get_size (audio) == 1)
			gst_caps_set_value (caps, "rate", gst_structure_get_value (gst_caps_get_structure (audio, 0), "rate"));
		gst_caps_unref (audio);
	}
	return caps;
}

/* Who can make a key that fits is offered nothing else: a resampler would rather leave the rate as it is. Who cannot is taken as he is: behind one tee
 * that is the rate to which the audio is about to change, and whether it fits shows where the two meet (key.c). */
static GstCaps *
offer (MdynElement *self, GstPad *pad, GstCaps *filter)
{
	GstCaps *template = gst_pad_get_pad_template_caps (pad), *caps = fitting (self, pad, template);
	if (!filter)
		return gst_caps_merge (caps, template);
	GstCaps *both = gst_caps_intersect_full (filter, caps, GST_CAPS_INTERSECT_FIRST);
	if (gst_caps_is_empty (both)) {
		gst_caps_unref (both);
		both = gst_caps_intersect_full (filter, template, GST_CAPS_INTERSECT_FIRST);
	}
	gst_caps_unref (caps);
	gst_caps_unref (template);
	return both;
}

static gboolean
query_func (GstPad *pad, GstObject *parent, GstQuery *query)
{
	GstCaps *caps, *template;
	switch (GST_QUERY_TYPE (query)) {
	case GST_QUERY_CAPS:
		gst_query_parse_caps (query, &caps);
		caps = offer ((MdynElement *) parent, pad, caps);
		gst_query_set_caps_result (query, caps);
		gst_caps_unref (caps);
		return TRUE;
	case GST_QUERY_ACCEPT_CAPS: /* any rate: a tee may bring that of the next piece before the audio is there */
		gst_query_parse_accept_caps (query, &caps);
		template = gst_pad_get_pad_template_caps (pad);
		gst_query_set_accept_caps_result (query, gst_caps_is_subset (caps, template));
		gst_caps_unref (template);
		return TRUE;
	case GST_QUERY_DRAIN:
		return TRUE;
	default:
		return FALSE;
	}
}

static void
link_changed (MdynElement *self, gboolean linked)
{
	MdynKey *key = &self->key;
	g_mutex_lock (&key->lock);
	key->linked = linked;
	key->latency_known = FALSE;
	if (!linked) {
		mdyngst_key_clear (key);
		mdyngst_key_forget_rate (key);
		key->ended = FALSE;
	}
	g_cond_broadcast (&key->moved);
	g_mutex_unlock (&key->lock);
	gst_element_post_message (GST_ELEMENT (self), gst_message_new_latency (GST_OBJECT (self)));
}

static void
linked (GstPad *pad, GstPad *peer, MdynElement *self)
{
	(void) pad;
	(void) peer;
	link_changed (self, TRUE);
}

static void
unlinked (GstPad *pad, GstPad *peer, MdynElement *self)
{
	(void) pad;
	(void) peer;
	link_changed (self, FALSE);
}

static GstPad *
request_new_pad (GstElement *element, GstPadTemplate *template, const gchar *name, const GstCaps *caps)
{
	MdynElement *self = (MdynElement *) element;
	MdynKey *key = &self->key;
	(void) name;
	(void) caps;
	g_mutex_lock (&key->lock);
	gboolean taken = key->pad != NULL;
	GstPad *pad = taken ? NULL : gst_pad_new_from_template (template, "key");
	key->pad = taken ? key->pad : pad;
	key->flushing = FALSE;
	g_mutex_unlock (&key->lock);
	if (taken) {
		GST_WARNING_OBJECT (self, "there is one key pad only");
		return NULL;
	}
	gst_pad_set_chain_function (pad, chain);
	gst_pad_set_event_function (pad, event_func);
	gst_pad_set_query_function (pad, query_func);
	g_signal_connect (pad, "linked", G_CALLBACK (linked), self);
	g_signal_connect (pad, "unlinked", G_CALLBACK (unlinked), self);
	gst_element_add_pad (element, pad); /* and sets it active as the element's state asks */
	return pad;
}

static void
release_pad (GstElement *element, GstPad *pad)
{
	MdynKey *key = &((MdynElement *) element)->key;
	g_mutex_lock (&key->lock);
	key->flushing = TRUE;
	g_cond_broadcast (&key->moved);
	g_mutex_unlock (&key->lock);
	gst_pad_set_active (pad, FALSE);
	gst_element_remove_pad (element, pad); /* unlinks it */
	g_mutex_lock (&key->lock);
	key->pad = NULL;
	g_mutex_unlock (&key->lock);
}

void
mdyngst_keypad_class_init (GstElementClass *klass, GstCaps *caps)
{
	gst_element_class_add_pad_template (klass, gst_pad_template_new ("key", GST_PAD_SINK, GST_PAD_REQUEST, caps));
	klass->request_new_pad = request_new_pad;
	klass->release_pad = release_pad;
}
