/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The key input: for each frame of the main input the samples of the key at the same time, silence where the key has none.
 *
 * Frames are placed on a line of samples by their pts. In a time base coarser than the sample rate a pts is off by up to a tick, so a frame that
 * begins within a tick of its predecessor's end follows it, without a gap. Key frames are kept until main has passed them; what comes for a time
 * that main has passed is not heard. */
#ifndef AVFILTER_AF_MASTER_KEY_H
#define AVFILTER_AF_MASTER_KEY_H

#include <limits.h>
#include <stdbool.h>

#include "af_master_compat.h"

typedef struct MasterKeyFrame {
	AVFrame *frame;
	int64_t at; /* place of its first sample */
} MasterKeyFrame;

typedef struct MasterKey {
	AVFifo *frames;    /* of MasterKeyFrame, in the order they came */
	int64_t next;      /* end of the last frame; AV_NOPTS_VALUE before the first */
	int64_t cover;     /* all that lies before it has come; INT64_MAX once the key has ended */
	int64_t main_next; /* as next, of the main input */
} MasterKey;

/* Place of a frame's first sample. */
static int64_t
master_place (const AVFrame *frame, AVRational base, int rate, int64_t next)
{
	const AVRational sample = { 1, rate };
	const int64_t tick = av_rescale_q_rnd (1, base, sample, AV_ROUND_UP);
	if (frame->pts == AV_NOPTS_VALUE)
		return next == AV_NOPTS_VALUE ? 0 : next;
	const int64_t at = av_rescale_q (frame->pts, base, sample);
	return next != AV_NOPTS_VALUE && tick > 1 && FFABS (at - next) <= tick ? next : at;
}

static int
master_key_open (MasterKey *key)
{
	key->next = key->main_next = AV_NOPTS_VALUE;
	key->cover = INT64_MIN;
	key->frames = av_fifo_alloc2 (16, sizeof (MasterKeyFrame), AV_FIFO_FLAG_AUTO_GROW);
	if (!key->frames)
		return AVERROR (ENOMEM);
	av_fifo_auto_grow_limit (key->frames, INT_MAX);
	return 0;
}

static void
master_key_close (MasterKey *key)
{
	MasterKeyFrame k;
	while (key->frames && av_fifo_read (key->frames, &k, 1) >= 0)
		av_frame_free (&k.frame);
	av_fifo_freep2 (&key->frames);
}

/* Takes the frame over. */
static int
master_key_take (MasterKey *key, AVFilterLink *link, AVFrame *frame)
{
	const int64_t at = master_place (frame, link->time_base, link->sample_rate, key->next);
	int err = av_fifo_write (key->frames, &(MasterKeyFrame) { frame, at }, 1);
	if (err < 0) {
		av_frame_free (&frame);
		return err;
	}
	key->next = at + frame->nb_samples;
	key->cover = FFMAX (key->cover, key->next);
	return 0;
}

/* Fills a frame of the key's format with the key's samples from a place on, and forgets what ends no later. */
static void
master_key_fill (MasterKey *key, AVFrame *to, int64_t at)
{
	const int channels = to->ch_layout.nb_channels;
	const int64_t end = at + to->nb_samples;
	MasterKeyFrame k;
	av_samples_set_silence (to->extended_data, 0, to->nb_samples, channels, to->format);
	for (size_t i = 0; av_fifo_peek (key->frames, &k, 1, i) >= 0; i++) {
		const int64_t from = FFMAX (at, k.at), n = FFMIN (end, k.at + k.frame->nb_samples) - from;
		if (n > 0)
			av_samples_copy (to->extended_data, k.frame->extended_data, from - at, from - k.at, n, channels, to->format);
	}
	while (av_fifo_peek (key->frames, &k, 1, 0) >= 0 && k.at + k.frame->nb_samples <= end) {
		av_fifo_drain2 (key->frames, 1);
		av_frame_free (&k.frame);
	}
}

#endif
