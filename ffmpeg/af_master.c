/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* mastercomp, masterlimit, mastergate and masternorm: one adapter between libavfilter and the mdyn core, which knows no processor. What a
 * filter can do stands in the core's tables.
 *
 * Time. The core's output lies mdyn_latency() frames behind its input. The input frames themselves are held; what the core gives is written into
 * them from the oldest on, and each goes on when it is full. So every frame leaves with its own pts, size, duration and side data, over gaps
 * as well, and the output is as long as the input.
 *
 * Options. `preset` is applied first, then the aliases, then every row that is not at its default: a row at its default follows the preset. */
#include <stdbool.h>

#include <mdyn/mdyn.h>

#include "af_master_compat.h"
#include "af_master_key.h"
#include "af_master_layout.h"

enum { ROW_BYPASS, ROW_PRESET, ROWS_MAX = 64, ALIASES_MAX = 32, DRAIN_FRAMES = 4096, WHY_SIZE = 1024 };

_Static_assert ((int) MDYN_COMP_bypass == ROW_BYPASS && (int) MDYN_COMP_preset == ROW_PRESET, "the first two rows of every class");
_Static_assert ((int) MDYN_COMP_PARAMS <= ROWS_MAX && (int) MDYN_LIMIT_PARAMS <= ROWS_MAX && (int) MDYN_GATE_PARAMS <= ROWS_MAX &&
                        (int) MDYN_NORM_PARAMS <= ROWS_MAX,
                "ROWS_MAX holds every table");

/* An option's place; which member is meant is told by the row's type. */
typedef union MasterValue {
	double real;
	int whole;
	char *text;
} MasterValue;

/* A frame whose samples were given to the core and whose output is not complete. */
typedef struct MasterHeld {
	AVFrame *frame;
	bool disabled; /* by the timeline (enable=) */
} MasterHeld;

typedef struct MasterContext {
	const AVClass *class;
	MasterValue value[ROWS_MAX];
	char *alias[ALIASES_MAX];
	int metadata, sidechain;

	const mdyn_class *cls;
	mdyn_proc *proc;
	AVFifo *held;  /* of MasterHeld, oldest first */
	int filled;    /* samples of the oldest that are output already */
	size_t skip;   /* output still to be dropped: the latency at the start */
	MasterKey key; /* with `sidechain` */
	int64_t heard; /* samples taken in */
	int rate, channels;
	bool finished; /* mdyn_finish was called */
} MasterContext;

#include "af_master_options.h"

/* Logs the core's reason for err, a negative errno. */
static int
refuse (AVFilterContext *ctx, int err, const char *why)
{
	av_log (ctx, AV_LOG_ERROR, "%s\n", *why ? why : av_err2str (AVERROR (-err)));
	return AVERROR (-err);
}

/* The option's value; 0, or what the core's parser says of a choice that there is not. */
static int
get_option (const MasterContext *m, const mdyn_param *row, double *value, char *why)
{
	if (row->type == MDYN_CHOICE)
		return mdyn_param_parse (m->cls, row, m->value[row->id].text, value, why, WHY_SIZE);
	*value = row->type == MDYN_REAL ? m->value[row->id].real : m->value[row->id].whole;
	return 0;
}

/* The option as the core has it now, for whoever reads it. */
static int
put_option (MasterContext *m, const mdyn_param *row, double value)
{
	MasterValue *option = &m->value[row->id];
	if (row->type == MDYN_REAL) {
		option->real = value;
	} else if (row->type == MDYN_BOOL) {
		option->whole = (int) value;
	} else if (row->type == MDYN_CHOICE) {
		char nick[MASTER_NICK_SIZE];
		mdyn_param_format (row, value, nick, sizeof nick);
		char *text = av_strdup (nick);
		if (!text)
			return AVERROR (ENOMEM);
		av_free (option->text);
		option->text = text;
	}
	return 0;
}

/* Gives one option to the core. A number that the core refuses (NaN, set by av_opt_set_double, passes FFmpeg's own check) is
 * explained by its parser. */
static int
apply_option (MasterContext *m, const mdyn_param *row, char *why)
{
	if (row->type == MDYN_TEXT)
		return m->value[row->id].text ? mdyn_set_text (m->proc, row->name, m->value[row->id].text, why, WHY_SIZE) : 0;
	double value;
	int err = get_option (m, row, &value, why);
	if (err < 0 || value == row->def)
		return err;
	err = mdyn_set (m->proc, row->id, value);
	if (err < 0) {
		char text[64];
		mdyn_param_format (row, value, text, sizeof text);
		if (!mdyn_param_parse (m->cls, row, text, &value, why, WHY_SIZE))
			*why = 0;
	}
	return err;
}

/* What was asked for under another program's names. */
static int
apply_aliases (MasterContext *m, char *why)
{
	int err = 0;
	for (size_t i = 0; !err && i < m->cls->n_aliases; i++)
		if (m->alias[i])
			err = mdyn_set_text (m->proc, m->cls->aliases[i].name, m->alias[i], why, WHY_SIZE);
	return err;
}

/* A processor for this format with the options' values, ready to run. warn: whether the core's warnings are about the stream that comes. */
static int
build (AVFilterContext *ctx, const mdyn_format *format, bool warn)
{
	MasterContext *m = ctx->priv;
	char why[WHY_SIZE] = "";
	int err = mdyn_format_check (m->cls, format, why, sizeof why);
	if (err < 0)
		return refuse (ctx, err, why);
	mdyn_destroy (&m->proc);
	err = mdyn_create (&m->proc, m->cls, format);
	if (!err)
		err = apply_option (m, &m->cls->params[ROW_PRESET], why);
	if (!err)
		err = apply_aliases (m, why);
	for (size_t i = 0; !err && i < m->cls->n_params; i++)
		if (i != ROW_PRESET && !(m->cls->params[i].flags & MDYN_READOUT))
			err = apply_option (m, &m->cls->params[i], why);
	if (!err)
		err = mdyn_prepare (m->proc, why, sizeof why);
	if (err < 0)
		return refuse (ctx, err, why);
	if (*why && warn)
		av_log (ctx, AV_LOG_WARNING, "%s\n", why);
	return 0;
}

/* Options that are taken for a script's sake and do nothing are named. */
static void
tell_unused (AVFilterContext *ctx)
{
	const MasterContext *m = ctx->priv;
	for (size_t i = 0; i < m->cls->n_aliases; i++)
		if (m->alias[i] && m->cls->aliases[i].row < 0)
			av_log (ctx, AV_LOG_INFO, "%s: %s=%s is not used. %s\n", m->cls->name, m->cls->aliases[i].name, m->alias[i],
			        m->cls->aliases[i].help);
}

/* Bad options are refused here, before any input is read. The format is not known yet: an ordinary one stands in. */
static av_cold int
init (AVFilterContext *ctx)
{
	MasterContext *m = ctx->priv;
	for (int kind = 0; kind < MDYN_KINDS && !m->cls; kind++)
		if (!strcmp (mdyn_class_get (kind)->name, ctx->filter->name))
			m->cls = mdyn_class_get (kind);
	if (!m->cls)
		return AVERROR_BUG;
	m->held = av_fifo_alloc2 (16, sizeof (MasterHeld), AV_FIFO_FLAG_AUTO_GROW);
	if (!m->held)
		return AVERROR (ENOMEM);
	av_fifo_auto_grow_limit (m->held, INT_MAX); /* seconds of lookahead in frames of one sample */
	int err = build (ctx, &(mdyn_format) { .sample = MDYN_F32, .rate = 48000, .channels = 2, .key_channels = m->sidechain }, false);
	if (err < 0)
		return err;
	tell_unused (ctx);
	if (!m->sidechain)
		return 0;
	err = master_key_open (&m->key);
	return err < 0 ? err : ff_append_inpad (ctx, &(AVFilterPad) { .name = "key", .type = AVMEDIA_TYPE_AUDIO });
}

/* Rate and sample type are common to all links, the layout of main and output is one, that of the key its own.
 *
 * Double only: from a list with float in it FFmpeg takes float for 32-bit integers, which rounds them. A float source loses nothing in double and
 * comes back with the bits that float processing gives: a product of two floats is exact in double. (But where float processing makes 0 of what is
 * below 2^-126, double keeps it.) Rates and layouts: all that come, the core refuses what it cannot do. */
static int
query_formats MASTER_QUERY_ARGS
{
	static const int formats[] = { AV_SAMPLE_FMT_DBLP, AV_SAMPLE_FMT_DBL, AV_SAMPLE_FMT_NONE };
	int err = ctx->nb_inputs > 1 ? ff_channel_layouts_ref (ff_all_channel_counts (), MASTER_QUERY_LAYOUTS (1)) : 0;
	if (err >= 0)
		err = MASTER_QUERY (ff_set_common_all_channel_counts);
	if (err >= 0)
		err = MASTER_QUERY (ff_set_common_all_samplerates);
	return err < 0 ? err : MASTER_QUERY (ff_set_common_formats_from_list, formats);
}

/* Returns the number of samples lost by it. */
static int64_t
drop_held (MasterContext *m)
{
	int64_t lost = 0;
	MasterHeld held;
	while (m->held && av_fifo_read (m->held, &held, 1) >= 0) {
		lost += held.frame->nb_samples;
		av_frame_free (&held.frame);
	}
	m->filled = 0;
	return lost;
}

/* libavfilter configures a link once: where the rate or the layout changes in mid-stream, ffmpeg frees the graph without an end of input, and a
 * new one begins. The new filter cannot know of the old one, so the old one tells. */
static void
warn_if_cut (AVFilterContext *ctx, int64_t lost)
{
	MasterContext *m = ctx->priv;
	if (m->heard && !m->finished)
		av_log (ctx, AV_LOG_WARNING,
		        "%s: closed before the end of its input, after %.3f s at %d Hz with %d channel%s: the last %.0f ms were not output; "
		        "where the format changed, measurement and state start anew\n",
		        m->cls->name, (double) m->heard / m->rate, m->rate, m->channels, m->channels == 1 ? "" : "s", 1000.0 * lost / m->rate);
}

/* What a row asks to be printed is the last that is logged, as that of the filters whose words it has: scripts read it from the end. */
static void
print_summary (AVFilterContext *ctx)
{
	MasterContext *m = ctx->priv;
	char text[4096];
	int n = mdyn_summary (m->proc, text, sizeof text);
	if (n < 0)
		refuse (ctx, n, "");
	else if (n > 0)
		av_log (ctx, AV_LOG_INFO, "\n%s", text);
}

static av_cold void
uninit (AVFilterContext *ctx)
{
	MasterContext *m = ctx->priv;
	warn_if_cut (ctx, drop_held (m));
	if (m->proc && m->rate)
		print_summary (ctx);
	if (m->proc) {
		double bad = mdyn_get (m->proc, mdyn_class_find (m->cls, "nonfinite")->id);
		if (bad > 0)
			av_log (ctx, AV_LOG_WARNING, "%.0f samples were NaN, infinite or absurdly large and were silenced\n", bad);
	}
	mdyn_destroy (&m->proc);
	av_fifo_freep2 (&m->held);
	master_key_close (&m->key);
}

static int
config_input (AVFilterLink *in)
{
	AVFilterContext *ctx = in->dst;
	MasterContext *m = ctx->priv;
	mdyn_format format = { .rate = in->sample_rate, .channels = in->ch_layout.nb_channels };
	format.sample = av_get_packed_sample_fmt (in->format) == AV_SAMPLE_FMT_DBL ? MDYN_F64 : MDYN_F32;
	if (m->sidechain)
		format.key_channels = ctx->inputs[1]->ch_layout.nb_channels;
	for (unsigned c = 0; c < format.channels && c < MDYN_CHANNELS_MAX; c++)
		format.position[c] = master_position (av_channel_layout_channel_from_index (&in->ch_layout, c));
	int err = build (ctx, &format, true);
	if (err < 0)
		return err;
	m->rate = format.rate;
	m->channels = format.channels;
	m->skip = mdyn_latency (m->proc);
	return 0;
}

/* FFmpeg does it where there is one input. */
static int
config_output (AVFilterLink *out)
{
	out->time_base = out->src->inputs[0]->time_base;
	return 0;
}

/* Where sample `from` of a frame lies: of each channel, or of all if they are interleaved. */
static void
locate (const AVFrame *frame, int from, void **plane)
{
	size_t size = av_get_bytes_per_sample (frame->format);
	bool planar = av_sample_fmt_is_planar (frame->format);
	for (int c = 0; c < (planar ? frame->ch_layout.nb_channels : 1); c++)
		plane[c] = frame->extended_data[c] + from * size * (planar ? 1 : frame->ch_layout.nb_channels);
}

/* n samples of a frame, to `to`; key: the frame beside it, NULL is silence. */
static int
run (AVFilterContext *ctx, AVFrame *frame, const AVFrame *key, int from, AVFrame *to, int at, int n)
{
	MasterContext *m = ctx->priv;
	void *plane[MDYN_CHANNELS_MAX], *beside[MDYN_CHANNELS_MAX], *out[MDYN_CHANNELS_MAX];
	locate (frame, from, plane);
	locate (to, at, out);
	if (key)
		locate (key, from, beside);
	int err = av_sample_fmt_is_planar (frame->format)
	                  ? mdyn_process (m->proc, out, (const void *const *) plane, key ? (const void *const *) beside : NULL, n)
	                  : mdyn_process_interleaved (m->proc, out[0], plane[0], key ? beside[0] : NULL, n);
	char why[WHY_SIZE];
	*why = 0; /* it comes with every frame */
	if (!err && mdyn_report (m->proc, why, sizeof why) < 0)
		av_log (ctx, AV_LOG_WARNING, "%s\n", why);
	return err;
}

/* The values measured while this frame was output: options to read, and metadata in the C locale. A value that does not exist has no key. */
static void
publish (AVFilterContext *ctx, AVFrame *frame)
{
	MasterContext *m = ctx->priv;
	mdyn_meters meters;
	mdyn_read_meters (m->proc, &meters);
	for (size_t i = 0, k = 0; i < m->cls->n_params && k < meters.n; i++) {
		const mdyn_param *row = &m->cls->params[i];
		if (!(row->flags & MDYN_READOUT))
			continue;
		double value = meters.v[k++];
		put_option (m, row, value);
		if (!m->metadata || isnan (value))
			continue;
		char key[128], text[64];
		snprintf (key, sizeof key, "lavfi.%s.%s", m->cls->name, row->name);
		for (char *c = key; *c; c++)
			if (*c == '-')
				*c = '_';
		mdyn_param_format (row, value, text, sizeof text);
		av_dict_set (&frame->metadata, key, text, 0);
	}
}

/* Gives a frame's samples to the core and what comes out to the frames it belongs to; those that are full go on, *sent of them. The calls are cut
 * where an output frame ends, so that the measured values and the timeline's state are those of a frame. The frame may itself be the one that is filled, from
 * its beginning: the core then overwrites what it has read. */
static int
feed (AVFilterContext *ctx, AVFrame *in, const AVFrame *key, int *sent)
{
	MasterContext *m = ctx->priv;
	const int total = in->nb_samples; /* `in` may be gone after the last ff_filter_frame */
	for (int done = 0, n; done < total; done += n) {
		MasterHeld oldest;
		if (av_fifo_peek (m->held, &oldest, 1, 0) < 0)
			return AVERROR_BUG;
		n = total - done;
		n = m->skip ? FFMIN (n, m->skip) : FFMIN (n, oldest.frame->nb_samples - m->filled);
		int err = mdyn_set (m->proc, ROW_BYPASS, m->value[ROW_BYPASS].whole || oldest.disabled);
		bool own = m->skip || oldest.frame == in;
		if (!err)
			err = run (ctx, in, key, done, own ? in : oldest.frame, own ? done : m->filled, n);
		if (err < 0)
			return AVERROR (-err);
		if (m->skip) {
			m->skip -= n;
			continue;
		}
		if (in == oldest.frame && done != m->filled)
			av_samples_copy (oldest.frame->extended_data, in->extended_data, m->filled, done, n, in->ch_layout.nb_channels, in->format);
		m->filled += n;
		if (m->filled < oldest.frame->nb_samples)
			continue;
		av_fifo_drain2 (m->held, 1);
		m->filled = 0;
		publish (ctx, oldest.frame);
		++*sent;
		err = ff_filter_frame (ctx->outputs[0], oldest.frame);
		if (err < 0)
			return err;
	}
	return 0;
}

/* The key's samples beside a frame of main; NULL without memory. */
static AVFrame *
key_beside (AVFilterContext *ctx, const AVFrame *frame)
{
	MasterContext *m = ctx->priv;
	int64_t at = master_place (frame, ctx->inputs[0]->time_base, m->rate, m->key.main_next);
	AVFrame *key = ff_get_audio_buffer (ctx->inputs[1], frame->nb_samples);
	if (key)
		master_key_fill (&m->key, key, at);
	m->key.main_next = at + frame->nb_samples;
	return key;
}

static int
take (AVFilterContext *ctx, AVFrame *frame, int *sent)
{
	MasterContext *m = ctx->priv;
	bool disabled = ctx->is_disabled;
	AVFrame *key = NULL;
	int err = ff_inlink_make_frame_writable (ctx->inputs[0], &frame);
	if (!err && m->sidechain && !(key = key_beside (ctx, frame)))
		err = AVERROR (ENOMEM);
	if (!err)
		err = av_fifo_write (m->held, &(MasterHeld) { frame, disabled }, 1);
	if (err < 0) {
		av_frame_free (&frame);
	} else {
		m->heard += frame->nb_samples;
		err = feed (ctx, frame, key, sent);
	}
	av_frame_free (&key);
	return err;
}

/* Whether all of the key has come that belongs to main's next frame: what is there is taken, what lacks is asked for. An error of the key is its
 * end. 1, 0, or an error. */
static int
await_key (AVFilterContext *ctx, const AVFrame *next)
{
	MasterContext *m = ctx->priv;
	AVFilterLink *link = ctx->inputs[1];
	int64_t end = master_place (next, ctx->inputs[0]->time_base, m->rate, m->key.main_next) + next->nb_samples, pts;
	int err, status;
	while (m->key.cover < end) {
		AVFrame *frame = NULL;
		err = ff_inlink_consume_frame (link, &frame);
		if (err > 0)
			err = master_key_take (&m->key, link, frame);
		else if (!err && ff_inlink_acknowledge_status (link, &status, &pts))
			m->key.cover = INT64_MAX;
		else if (!err) {
			if (ff_outlink_frame_wanted (ctx->outputs[0]))
				ff_inlink_request_frame (link);
			return 0;
		}
		if (err < 0)
			return err;
	}
	return 1;
}

/* The end of the input: silence, in the key as well, pushes out what is held. */
static int
drain (AVFilterContext *ctx)
{
	MasterContext *m = ctx->priv;
	size_t left = av_fifo_can_read (m->held) ? mdyn_latency (m->proc) : 0;
	if (!left)
		return 0;
	AVFrame *zeros = ff_get_audio_buffer (ctx->inputs[0], FFMIN (left, DRAIN_FRAMES));
	if (!zeros)
		return AVERROR (ENOMEM);
	int err = 0, sent = 0;
	for (; left && !err; left -= zeros->nb_samples) {
		zeros->nb_samples = FFMIN (left, DRAIN_FRAMES);
		av_samples_set_silence (zeros->extended_data, 0, zeros->nb_samples, zeros->ch_layout.nb_channels, zeros->format);
		err = feed (ctx, zeros, NULL, &sent);
	}
	av_frame_free (&zeros);
	return err;
}

/* Once a stream, however it ends. */
static int
finish (AVFilterContext *ctx)
{
	MasterContext *m = ctx->priv;
	char why[WHY_SIZE] = "";
	if (m->finished)
		return 0;
	m->finished = true;
	int err = mdyn_finish (m->proc, why, sizeof why);
	return err < 0 ? refuse (ctx, err, why) : 0;
}

static int
activate (AVFilterContext *ctx)
{
	MasterContext *m = ctx->priv;
	AVFilterLink *in = ctx->inputs[0], *out = ctx->outputs[0];
	int status = ff_outlink_get_status (out);
	if (status) {
		for (unsigned i = 0; i < ctx->nb_inputs; i++)
			ff_inlink_set_status (ctx->inputs[i], status);
		return finish (ctx);
	}

	/* The key first: in FFmpeg 5.1 any frame that is consumed decides is_disabled. */
	AVFrame *frame = NULL;
	int err, sent = 0;
	while (!sent && ff_inlink_queued_frames (in)) {
		if (m->sidechain && (err = await_key (ctx, ff_inlink_peek_frame (in, 0))) <= 0)
			return err;
		err = ff_inlink_consume_frame (in, &frame);
		if (err > 0)
			err = take (ctx, frame, &sent);
		if (err < 0)
			return err;
	}
	if (sent)
		return 0;

	int64_t pts;
	if (ff_inlink_acknowledge_status (in, &status, &pts)) {
		err = drain (ctx);
		if (!err)
			err = finish (ctx);
		if (m->sidechain)
			ff_inlink_set_status (ctx->inputs[1], AVERROR_EOF);
		ff_outlink_set_status (out, status, pts);
		return err;
	}
	FF_FILTER_FORWARD_WANTED (out, in);
	return FFERROR_NOT_READY;
}

/* The core reads the text, so that a command may name its unit, and says what is allowed. Everything derived follows at the next block. */
static int
process_command (AVFilterContext *ctx, const char *cmd, const char *arg, char *res, int res_len, int flags)
{
	MasterContext *m = ctx->priv;
	for (size_t i = 0; i < m->cls->n_events; i++)
		if (!strcmp (m->cls->events[i].name, cmd))
			return AVERROR (-mdyn_trigger (m->proc, m->cls->events[i].id));
	const mdyn_alias *alias = mdyn_class_alias (m->cls, cmd);
	const mdyn_param *row = alias && alias->row >= 0 ? &m->cls->params[alias->row] : mdyn_class_find (m->cls, cmd);
	if (!row)
		return AVERROR (ENOSYS);
	if (row->flags & MDYN_SETUP) {
		av_log (ctx, AV_LOG_ERROR, "%s: %s can be set before the start only\n", m->cls->name, row->name);
		return AVERROR (EBUSY);
	}
	char why[WHY_SIZE] = "";
	int err = mdyn_set_text (m->proc, cmd, arg, why, sizeof why);
	if (err < 0)
		return refuse (ctx, err, why);
	return put_option (m, row, mdyn_get (m->proc, row->id));
}

static const AVFilterPad inputs[] = {
	{ .name = "default", .type = AVMEDIA_TYPE_AUDIO, .config_props = config_input },
};

static const AVFilterPad outputs[] = {
	{ .name = "default", .type = AVMEDIA_TYPE_AUDIO, .config_props = config_output },
};

#define MASTER_DEFINE(id, how, text) \
	AVFILTER_DEFINE_CLASS (id); \
	extern const MASTER_FILTER ff_af_##id; \
	const MASTER_FILTER ff_af_##id = { \
		MASTER_PUBLIC (.name = #id, .description = NULL_IF_CONFIG_SMALL (text), .priv_class = &id##_class, \
		               .flags = AVFILTER_FLAG_SUPPORT_TIMELINE_INTERNAL | (how)), \
		.priv_size = sizeof (MasterContext), \
		.init = init, \
		.uninit = uninit, \
		.activate = activate, \
		.process_command = process_command, \
		FILTER_INPUTS (inputs), \
		FILTER_OUTPUTS (outputs), \
		MASTER_QUERY_FUNC (query_formats), \
	}

MASTER_DEFINE (mastercomp, AVFILTER_FLAG_DYNAMIC_INPUTS, "Mastering compressor (values are plain numbers in the unit shown).");
MASTER_DEFINE (masterlimit, 0, "Mastering true-peak limiter (values are plain numbers in the unit shown).");
MASTER_DEFINE (mastergate, AVFILTER_FLAG_DYNAMIC_INPUTS, "Mastering gate (values are plain numbers in the unit shown).");
MASTER_DEFINE (masternorm, 0, "Mastering loudness normaliser (values are plain numbers in the unit shown).");
