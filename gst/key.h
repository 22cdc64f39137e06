/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The request pad `key` of classes with a sidechain: its audio steers the gain in place of the element's input.
 *
 * Key and audio meet by running time, at the nearest frame. keypad.c puts what arrives on the pad into a queue; the streaming thread of the audio
 * waits for it and takes it from there (key.c). Where the key has nothing (before its first buffer, in a gap, behind its end, or in a live pipeline
 * not yet there when it is due) it is silence. The queue holds up to a second ahead of the audio: then the key's thread waits, or, where the key is
 * live, the oldest goes. While the pad is not linked the element is as without it.
 *
 * Each buffer in the queue has the rate that it came at. One that is not that of the audio where it lies is the exception: behind one tee, where both
 * change, there is none; a key that is resampled to the audio's rate, or that came before the audio had one, has some until it has changed. It is told to,
 * and until then its nearest frames are taken: silence would let the gain go. What came is never waited for again: the tee may bring no more of it
 * before the audio has gone on.
 *
 * Time here is running time times the magnitude of the segment's rate, so that it moves as the frames do. */
#ifndef MDYNGST_KEY_H
#define MDYNGST_KEY_H

#include <gst/audio/audio.h>
#include <gst/base/base.h>
#include <gst/gst.h>

typedef struct MdynElement MdynElement;

#define MDYNGST_KEY_CHUNK 1024 /* most frames that mdyngst_key_take gives at once */

/* A live source gives a buffer when its latency is over, the other one no earlier: without more time than that, which of the two threads is first would decide
 * whether there is a key. Part of the latency of a live pipeline with a key. */
#define MDYNGST_KEY_GRACE (10 * GST_MSECOND)

/* A buffer in the queue. */
typedef struct MdynKeyPiece {
	GstBuffer *buf;
	GstAudioInfo info;
	gint64 first, end; /* frames at its own rate since time 0 */
} MdynKeyPiece;

typedef struct MdynKey {
	/* The streaming thread's own. */
	guint wanted;   /* channels that the core should be built for, 0: none */
	guint channels; /* that it is built for */
	gpointer chunk; /* [channels * MDYNGST_KEY_CHUNK] samples of the core's type */
	gboolean told_thread, told_wait;

	GMutex lock; /* for all below; the object lock may be taken under it, not the other way round */
	GCond moved; /* broadcast whenever something below changes that somebody may wait for */
	GstPad *pad; /* NULL: not requested */
	gboolean linked;

	/* What has come. */
	GstQueueArray *pieces; /* MdynKeyPiece, in their order */
	GstAudioInfo info;     /* of the newest caps; rate 0: none yet */
	GstSegment segment;
	gint64 next;        /* the frame at which the next buffer follows the last, -1: none before in this segment and at this rate */
	gboolean changing;  /* none has come yet at its new rate */
	GstClockTime until; /* all that the key has before this is here */
	gboolean ended, flushing;
	GThread *thread; /* that brought the last of it */

	/* Where the audio is. */
	guint rate;        /* 0: not negotiated */
	gint64 at;         /* the next frame that it takes, -1: unknown */
	GstClockTime need; /* it waits for all before this */
	gboolean audio_ended, audio_flushing;
	gboolean held; /* a flushing seek is on its way to both pads: nothing may be taken */
	gboolean playing;

	/* Of a key at another rate. */
	gboolean fitted;  /* some of it was at the audio's */
	gboolean asked;   /* to change, since the audio has its rate; frames of the audio that lay beside it since, and how many may do so: */
	guint64 foreign, patience;
	gboolean refused; /* it is an error: told, silence, and nothing to wait for */

	/* Of both peers together, and whether the key itself is live. */
	gboolean latency_known, live, key_live;
	GstClockTime latency;
} MdynKey;

/* key.c: the audio's side; down to mdyngst_key_take of its streaming thread, the others of any. */
void mdyngst_key_init (MdynElement *self);
void mdyngst_key_free (MdynElement *self);

/* A core is to be built for audio of this format: returns for how many key channels, 0: none. From now on mdyngst_key_take gives what it needs. */
guint mdyngst_key_setup (MdynElement *self, const GstAudioInfo *info);

/* Whether that number is no longer right. */
gboolean mdyngst_key_changed (const MdynElement *self);

/* Waits until the key of `frames` frames is there that lie at pts, as long as it may. GST_FLOW_OK or GST_FLOW_FLUSHING. */
GstFlowReturn mdyngst_key_wait (MdynElement *self, GstClockTime pts, gboolean discont, gsize frames);

/* The key of the next n <= MDYNGST_KEY_CHUNK frames as the core takes it, for mdyn_process in planes[channels], for mdyn_process_interleaved in
 * planes[0]; NULL: silence. Valid until the next call. */
const void *const *mdyngst_key_take (MdynElement *self, const void **planes, gsize n);

/* The audio's stream is over: what still comes on the key pad is dropped. */
void mdyngst_key_audio_ends (MdynElement *self);
/* Another stream of it begins: after an end without a flush the key is awaited anew. */
void mdyngst_key_audio_begins (MdynElement *self);
/* Its time goes on from elsewhere: as the key's then, from where its timestamps say and not from the last frame. */
void mdyngst_key_audio_moves (MdynElement *self);
void mdyngst_key_flush (MdynElement *self, gboolean start);
void mdyngst_key_change_state (MdynElement *self, GstStateChange change);
/* Brings a seek to the key pad, and until mdyngst_key_seek_done nothing is taken from it if the seek flushes. */
void mdyngst_key_seek (MdynElement *self, GstEvent *seek);
void mdyngst_key_seek_done (MdynElement *self);

/* keypad.c */
void mdyngst_keypad_class_init (GstElementClass *klass, GstCaps *caps);

/* The pad with a reference, NULL if it is not linked. */
GstPad *mdyngst_keypad_ref (MdynElement *self);

/* Asks both peers for their latency. Lock held, let go meanwhile. */
void mdyngst_key_ask_latency (MdynElement *self);

/* Adds what is behind the pad to an answer to a latency query; FALSE: it is not linked. */
gboolean mdyngst_keypad_latency (MdynElement *self, gboolean *live, GstClockTime *min, GstClockTime *max);

/* Where a buffer lies that is stamped t and would follow at frame `next` (-1: nothing before it). */
gint64 mdyngst_key_place (gint64 next, GstClockTime t, gboolean discont, guint rate);

/* Empties the queue and forgets where the key was. Lock held. */
void mdyngst_key_clear (MdynKey *key);

/* Nothing is known of its rate. Lock held. */
void mdyngst_key_forget_rate (MdynKey *key);

/* pts as time (see above), GST_CLOCK_TIME_NONE if it has none. */
GstClockTime mdyngst_key_time (const GstSegment *segment, GstClockTime pts);

/* The time of a frame. */
GstClockTime mdyngst_key_time_of (gint64 frame, guint rate);
#endif
