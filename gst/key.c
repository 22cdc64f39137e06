/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */
#include "key.h"

#include "element.h"

#define ROUNDED (2 * GST_MSECOND)     /* timestamps of many containers are no finer than a millisecond: no reason to cut a hole */
#define PATIENCE (3 * G_USEC_PER_SEC) /* then the user is told what is waited for */
#define WITHHELD (40 * GST_MSECOND)   /* more than a resampler holds of its input */
#define BRIEF (G_USEC_PER_SEC / 2)    /* to wait for that */

gint64
mdyngst_key_place (gint64 next, GstClockTime t, gboolean discont, guint rate)
{
	if (!GST_CLOCK_TIME_IS_VALID (t))
		return MAX (next, 0);
	gint64 at = (gint64) gst_util_uint64_scale_round (t, rate, GST_SECOND);
	gint64 slack = discont ? 1 : (gint64) gst_util_uint64_scale (ROUNDED, rate, GST_SECOND);
	return next >= 0 && ABS (at - next) <= slack ? next : at;
}

GstClockTime
mdyngst_key_time (const GstSegment *segment, GstClockTime pts)
{
	if (segment->format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID (pts))
		return GST_CLOCK_TIME_NONE;
	GstClockTime t = gst_segment_to_running_time (segment, GST_FORMAT_TIME, pts);
	gdouble rate = ABS (segment->rate);
	return rate == 1 || !GST_CLOCK_TIME_IS_VALID (t) ? t : (GstClockTime) ((gdouble) t * rate);
}

GstClockTime
mdyngst_key_time_of (gint64 frame, guint rate)
{
	return gst_util_uint64_scale ((guint64) frame, GST_SECOND, rate);
}

static void
drop_first (MdynKey *key)
{
	MdynKeyPiece *p = gst_queue_array_pop_head_struct (key->pieces);
	gst_buffer_unref (p->buf);
}

void
mdyngst_key_clear (MdynKey *key)
{
	while (!gst_queue_array_is_empty (key->pieces))
		drop_first (key);
	key->next = -1;
	key->until = 0;
	key->changing = FALSE;
	key->thread = NULL;
}

void
mdyngst_key_forget_rate (MdynKey *key)
{
	gst_audio_info_init (&key->info);
	key->fitted = key->asked = key->refused = FALSE;
	key->foreign = 0;
}

void
mdyngst_key_init (MdynElement *self)
{
	MdynKey *key = &self->key;
	g_mutex_init (&key->lock);
	g_cond_init (&key->moved);
	key->pieces = gst_queue_array_new_for_struct (sizeof (MdynKeyPiece), 16);
	key->at = key->next = -1;
	gst_audio_info_init (&key->info);
	gst_segment_init (&key->segment, GST_FORMAT_TIME);
}

void
mdyngst_key_free (MdynElement *self)
{
	MdynKey *key = &self->key;
	mdyngst_key_clear (key);
	gst_queue_array_free (key->pieces);
	g_free (key->chunk);
	g_mutex_clear (&key->lock);
	g_cond_clear (&key->moved);
}

gboolean
mdyngst_key_changed (const MdynElement *self)
{
	return self->key.wanted != self->key.channels;
}

/* The channels of what is to come next; of a key that is nowhere yet, one. Lock held. */
static void
count_channels (MdynKey *key, gint64 end)
{
	const MdynKeyPiece *p = gst_queue_array_peek_head_struct (key->pieces);
	if (!key->linked)
		key->wanted = 0;
	else if (p && (key->wanted == 0 || p->first < end))
		key->wanted = (guint) p->info.channels;
	else if (key->wanted == 0)
		key->wanted = key->info.rate ? (guint) key->info.channels : 1;
}

guint
mdyngst_key_setup (MdynElement *self, const GstAudioInfo *info)
{
	MdynKey *key = &self->key;
	if (!self->cls->has_sidechain)
		return 0;
	g_mutex_lock (&key->lock);
	if (key->rate != (guint) info->rate) {
		key->at = -1;
		key->asked = key->refused = FALSE;
		key->foreign = 0;
	}
	key->rate = (guint) info->rate;
	count_channels (key, 0);
	key->channels = key->wanted;
	g_cond_broadcast (&key->moved);
	g_mutex_unlock (&key->lock);
	g_free (key->chunk);
	key->chunk = g_new0 (gdouble, MAX (key->channels, 1) * MDYNGST_KEY_CHUNK);
	return key->channels;
}

/* Asked before the first wait and not overheard: a sink forwards the query only when it has its preroll, which waits for this. */
void
mdyngst_key_ask_latency (MdynElement *self)
{
	MdynKey *key = &self->key;
	gboolean live = FALSE, key_live = FALSE;
	GstClockTime min = 0, max = GST_CLOCK_TIME_NONE;
	key->latency_known = TRUE;
	g_mutex_unlock (&key->lock);
	mdyngst_keypad_latency (self, &key_live, &min, &max);
	GstQuery *query = gst_query_new_latency ();
	if (gst_pad_peer_query (GST_BASE_TRANSFORM_SINK_PAD (self), query)) {
		GstClockTime min_audio;
		gst_query_parse_latency (query, &live, &min_audio, NULL);
		min = MAX (min, min_audio);
	}
	gst_query_unref (query);
	g_mutex_lock (&key->lock);
	key->live = live || key_live;
	key->key_live = key_live;
	key->latency = min;
}

/* How long the clock lets a live pipeline wait, in microseconds; G_MAXINT64: as long as it takes. Lock held. */
static gint64
remaining (MdynElement *self, GstClockTime running)
{
	MdynKey *key = &self->key;
	GstClock *clock = key->live && key->playing ? gst_element_get_clock (GST_ELEMENT (self)) : NULL;
	if (!clock)
		return G_MAXINT64;
	GstClockTime due = gst_element_get_base_time (GST_ELEMENT (self)) + running + key->latency + MDYNGST_KEY_GRACE;
	GstClockTime now = gst_clock_get_time (clock);
	gst_object_unref (clock);
	return due > now ? (gint64) ((due - now) / GST_USECOND) + 1 : 0;
}

/* The frame at one rate that is nearest to a frame at another. */
static gint64
nearest (gint64 frame, guint rate, guint other)
{
	return rate == other ? frame : (gint64) gst_util_uint64_scale_round ((guint64) frame, other, rate);
}

/* A frame of p among those of the audio. */
static gint64
among (const MdynKey *key, const MdynKeyPiece *p, gint64 frame)
{
	return nearest (frame, (guint) p->info.rate, key->rate);
}

/* Drops what lies behind the audio. Lock held. */
static void
prune (MdynKey *key)
{
	const MdynKeyPiece *p;
	while ((p = gst_queue_array_peek_head_struct (key->pieces)) && among (key, p, p->end) <= key->at)
		drop_first (key);
	g_cond_broadcast (&key->moved);
}

/* The rate of the key where the audio is, if it is another; else 0. Lock held. */
static guint
foreign_rate (const MdynKey *key)
{
	const MdynKeyPiece *p = gst_queue_array_peek_head_struct (key->pieces);
	gint64 end = (gint64) gst_util_uint64_scale_round (key->need, key->rate, GST_SECOND);
	return p && (guint) p->info.rate != key->rate && among (key, p, p->first) < end ? (guint) p->info.rate : 0;
}

/* Asks for the audio's rate; returns whether there can be such a key. Lock held, let go meanwhile. */
static gboolean
ask (MdynElement *self)
{
	MdynKey *key = &self->key;
	GstCaps *wanted = gst_caps_new_simple ("audio/x-raw", "rate", G_TYPE_INT, (gint) key->rate, NULL);
	key->asked = TRUE;
	g_mutex_unlock (&key->lock);
	GstPad *pad = mdyngst_keypad_ref (self);
	GstCaps *can = pad ? gst_pad_peer_query_caps (pad, wanted) : gst_caps_ref (wanted);
	gboolean good = !gst_caps_is_empty (can);
	if (pad && good)
		gst_pad_push_event (pad, gst_event_new_reconfigure ());
	gst_caps_unref (can);
	gst_caps_unref (wanted);
	gst_clear_object (&pad);
	g_mutex_lock (&key->lock);
	return good;
}

/* A key of another rate is asked once to change. What queues hold of it by then is let pass, five seconds at most. If it cannot change but did fit before, it may be
 * that of one tee, shifted against the audio, whose turn to change is next; that is given a second. Then it is an error. Lock held, let go meanwhile. */
static void
negotiate (MdynElement *self, guint found)
{
	MdynKey *key = &self->key;
	if (!key->asked) {
		guint seconds = ask (self) ? 5 : key->fitted ? 1 : 0;
		key->patience = (guint64) seconds * key->rate;
	}
	if (key->foreign < key->patience || key->refused || !key->linked)
		return;
	guint right = key->rate;
	key->refused = TRUE;
	g_mutex_unlock (&key->lock);
	GST_ELEMENT_ERROR (self, STREAM, FORMAT,
	                   ("%s: key pad: rate %u: %u is allowed, that of the audio; audioresample before the pad makes it", self->cls->name, found, right),
	                   (NULL));
	g_mutex_lock (&key->lock);
}

/* The lock, held, is let go meanwhile. */
static void
tell (MdynElement *self, gboolean *told, const gchar *what)
{
	if (*told)
		return;
	*told = TRUE;
	g_mutex_unlock (&self->key.lock);
	GST_ELEMENT_WARNING (self, STREAM, FAILED, ("%s: key pad: %s", self->cls->name, what), (NULL));
	g_mutex_lock (&self->key.lock);
}

/* A tee may itself wait until the audio has gone on, with a query that the audio's queue answers when it is empty. What a resampler or a lookahead before
 * the pad holds back then never comes. Both with the lock held. */

/* Whether a resampler holds or lost all that is missing, which is no more than `most`, since it is to change its rate or has. */
static gboolean
held_by_change (const MdynKey *key, GstClockTime most)
{
	gboolean changes = (guint) key->info.rate != key->rate || key->changing;
	return changes && key->until > 0 && key->need <= key->until + most;
}

/* Whether the latency of what is before the pad, or rounding, explains the rest. The lock is let go meanwhile. */
static gboolean
held_by_latency (MdynElement *self)
{
	MdynKey *key = &self->key;
	gboolean live = FALSE;
	GstClockTime min = 0, max = GST_CLOCK_TIME_NONE;
	g_mutex_unlock (&key->lock);
	mdyngst_keypad_latency (self, &live, &min, &max);
	g_mutex_lock (&key->lock);
	return !live && key->until > 0 && key->need <= key->until + min + ROUNDED;
}

/* One look at whether there is something to wait for, or to wait for any longer than since `began`: what wakes the thread again is a change or the time
 * `until` (monotonic, in microseconds). Lock held. */
static gboolean
is_there (MdynElement *self, GstClockTime running, gint64 began, gint64 *until)
{
	MdynKey *key = &self->key;
	if (key->audio_flushing || !key->linked)
		return TRUE;
	if (key->held)
		return FALSE;
	prune (key);
	guint found = foreign_rate (key);
	if (found)
		negotiate (self, found);
	if (key->audio_flushing || !key->linked || key->refused || key->ended || key->until >= key->need || held_by_change (key, 2 * GST_SECOND / key->rate))
		return TRUE;
	if (key->thread == g_thread_self ()) {
		tell (self, &key->told_thread,
		      "comes behind the audio in the same thread and is taken for silence; a queue belongs before the sink pad");
		return TRUE;
	}
	if (!key->latency_known) {
		mdyngst_key_ask_latency (self);
		*until = 0; /* something may have come meanwhile: look again */
		return FALSE;
	}
	gint64 left = GST_CLOCK_TIME_IS_VALID (running) ? remaining (self, running) : G_MAXINT64, now = g_get_monotonic_time ();
	if (left == G_MAXINT64 && held_by_change (key, WITHHELD))
		left = MAX (began + BRIEF - now, 0);
	*until = MIN (*until, now + MIN (left, PATIENCE));
	if (left == 0)
		GST_DEBUG_OBJECT (self, "the key is at %" GST_TIME_FORMAT ", due is %" GST_TIME_FORMAT, GST_TIME_ARGS (key->until), GST_TIME_ARGS (key->need));
	return left == 0;
}

GstFlowReturn
mdyngst_key_wait (MdynElement *self, GstClockTime pts, gboolean discont, gsize frames)
{
	MdynKey *key = &self->key;
	const GstSegment *segment = &GST_BASE_TRANSFORM (self)->segment;
	GstClockTime running = GST_CLOCK_TIME_NONE;
	if (!self->cls->has_sidechain || segment->rate < 0)
		return GST_FLOW_OK;
	if (segment->format == GST_FORMAT_TIME && GST_CLOCK_TIME_IS_VALID (pts))
		running = gst_segment_to_running_time (segment, GST_FORMAT_TIME, pts);
	g_mutex_lock (&key->lock);
	key->at = mdyngst_key_place (key->at, mdyngst_key_time (segment, pts), discont, key->rate);
	key->need = mdyngst_key_time_of (key->at + (gint64) frames, key->rate);
	gint64 began = g_get_monotonic_time (), until = began + PATIENCE;
	while (!is_there (self, running, began, &until)) {
		g_cond_wait_until (&key->moved, &key->lock, until);
		until = g_get_monotonic_time () + PATIENCE;
		if (key->live || g_get_monotonic_time () < began + PATIENCE)
			continue;
		tell (self, &key->told_wait,
		      "nothing comes, the audio waits; a key that has nothing to give sends gaps or EOS; if both come from one tee, a queue belongs before the sink pad");
		if (!key->held && held_by_latency (self))
			break;
	}
	count_channels (key, key->at + (gint64) frames);
	GstFlowReturn ret = key->audio_flushing ? GST_FLOW_FLUSHING : GST_FLOW_OK;
	g_mutex_unlock (&key->lock);
	return ret;
}

/* p into the frames [from, to) of the chunk of n frames that begins at key->at. A key of another number of channels than the core is built for, as it
 * may be for the rest of a buffer, is folded onto those. */
static void
copy (MdynElement *self, const MdynKeyPiece *p, gint64 from, gint64 to, gsize n)
{
	MdynKey *key = &self->key;
	gboolean planar = self->info.layout == GST_AUDIO_LAYOUT_NON_INTERLEAVED, wide = self->info.finfo->width == 64;
	gboolean from_planar = p->info.layout == GST_AUDIO_LAYOUT_NON_INTERLEAVED, from_wide = p->info.finfo->width == 64;
	guint channels = (guint) p->info.channels, rate = (guint) p->info.rate;
	GstAudioBuffer a;
	if (!gst_audio_buffer_map (&a, &p->info, p->buf, GST_MAP_READ))
		return;
	for (guint c = 0; c < key->channels; c++) {
		gconstpointer plane = a.planes[from_planar ? c % channels : 0];
		for (gint64 f = from; f < to; f++) {
			gint64 own = CLAMP (nearest (f, key->rate, rate), p->first, p->end - 1);
			gsize i = (gsize) (own - p->first), k = (gsize) (f - key->at);
			gsize src = from_planar ? i : i * channels + c % channels, dst = planar ? c * n + k : k * key->channels + c;
			gdouble v = from_wide ? ((const gdouble *) plane)[src] : (gdouble) ((const gfloat *) plane)[src];
			if (wide)
				((gdouble *) key->chunk)[dst] = v;
			else
				((gfloat *) key->chunk)[dst] = (gfloat) v;
		}
	}
	gst_audio_buffer_unmap (&a);
}

const void *const *
mdyngst_key_take (MdynElement *self, const void **planes, gsize n)
{
	MdynKey *key = &self->key;
	gsize plane = n * (gsize) self->info.finfo->width / 8;
	gboolean heard = FALSE;
	if (key->channels == 0)
		return NULL;
	g_mutex_lock (&key->lock);
	gint64 end = key->at + (gint64) n;
	for (guint i = 0; !key->held && i < gst_queue_array_get_length (key->pieces); i++) {
		const MdynKeyPiece *p = gst_queue_array_peek_nth_struct (key->pieces, i);
		gint64 from = MAX (among (key, p, p->first), key->at), to = MIN (among (key, p, p->end), end);
		gboolean fits = (guint) p->info.rate == key->rate;
		if (from >= to || (!fits && key->refused))
			continue;
		if (!heard)
			memset (key->chunk, 0, key->channels * plane);
		heard = TRUE;
		key->fitted |= fits;
		key->foreign += fits ? 0 : (guint64) (to - from);
		copy (self, p, from, to, n);
	}
	if (!key->held) {
		key->at = end;
		prune (key);
	}
	g_mutex_unlock (&key->lock);
	for (guint c = 0; c < key->channels; c++)
		planes[c] = (const guint8 *) key->chunk + c * plane;
	return heard ? planes : NULL;
}

void
mdyngst_key_audio_ends (MdynElement *self)
{
	g_mutex_lock (&self->key.lock);
	self->key.audio_ended = TRUE;
	g_cond_broadcast (&self->key.moved);
	g_mutex_unlock (&self->key.lock);
}

void
mdyngst_key_audio_begins (MdynElement *self)
{
	g_mutex_lock (&self->key.lock);
	if (self->key.audio_ended)
		self->key.at = -1;
	self->key.audio_ended = FALSE;
	g_mutex_unlock (&self->key.lock);
}

void
mdyngst_key_audio_moves (MdynElement *self)
{
	g_mutex_lock (&self->key.lock);
	self->key.at = -1;
	g_mutex_unlock (&self->key.lock);
}

void
mdyngst_key_flush (MdynElement *self, gboolean start)
{
	MdynKey *key = &self->key;
	g_mutex_lock (&key->lock);
	key->audio_flushing = start;
	key->audio_ended = FALSE;
	if (!start)
		key->at = -1;
	g_cond_broadcast (&key->moved);
	g_mutex_unlock (&key->lock);
}

/* Called before the parent's: from PAUSED to READY both threads must have left their waits before the pads are closed. */
void
mdyngst_key_change_state (MdynElement *self, GstStateChange change)
{
	MdynKey *key = &self->key;
	g_mutex_lock (&key->lock);
	switch (change) {
	case GST_STATE_CHANGE_READY_TO_PAUSED:
		mdyngst_key_clear (key);
		mdyngst_key_forget_rate (key);
		gst_segment_init (&key->segment, GST_FORMAT_TIME);
		key->at = -1;
		key->rate = key->wanted = key->channels = 0;
		key->told_thread = key->told_wait = FALSE;
		key->ended = key->audio_ended = key->latency_known = key->held = FALSE;
		key->flushing = key->audio_flushing = FALSE;
		break;
	case GST_STATE_CHANGE_PAUSED_TO_PLAYING:
		key->playing = TRUE;
		break;
	case GST_STATE_CHANGE_PLAYING_TO_PAUSED:
		key->playing = FALSE;
		break;
	case GST_STATE_CHANGE_PAUSED_TO_READY:
		key->flushing = key->audio_flushing = TRUE;
		break;
	default:
		break;
	}
	g_cond_broadcast (&key->moved);
	g_mutex_unlock (&key->lock);
}

void
mdyngst_key_seek (MdynElement *self, GstEvent *seek)
{
	MdynKey *key = &self->key;
	GstPad *pad = mdyngst_keypad_ref (self);
	GstSeekFlags flags;
	if (!pad)
		return;
	gst_event_parse_seek (seek, NULL, NULL, &flags, NULL, NULL, NULL, NULL);
	g_mutex_lock (&key->lock);
	key->audio_ended = FALSE;
	key->held = (flags & GST_SEEK_FLAG_FLUSH) != 0;
	g_mutex_unlock (&key->lock);
	/* The key first: once the audio flows again, the key is where it should be. */
	if (!gst_pad_push_event (pad, gst_event_ref (seek)))
		GST_INFO_OBJECT (self, "the key does not seek");
	gst_object_unref (pad);
}

void
mdyngst_key_seek_done (MdynElement *self)
{
	g_mutex_lock (&self->key.lock);
	self->key.held = FALSE;
	g_cond_broadcast (&self->key.moved);
	g_mutex_unlock (&self->key.lock);
}
