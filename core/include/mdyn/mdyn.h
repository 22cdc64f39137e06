/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* mdyn: mastering dynamics. A compressor, a true-peak limiter, a gate and a loudness normaliser behind one API.
 *
 * The life of a processor
 *
 *   mdyn_proc *p;
 *   mdyn_format f = { .sample = MDYN_F32, .rate = 48000, .channels = 2 };
 *   int err = mdyn_create (&p, mdyn_class_get (MDYN_LIMIT), &f);      // 0 or a negative errno
 *   err = mdyn_set (p, MDYN_LIMIT_ceiling, -1.0);                     // dBTP
 *   while (...) err = mdyn_process (p, out, in, NULL, frames);        // planar, any number of frames, in place allowed
 *   mdyn_destroy (&p);                                                // p is NULL now
 *
 * Time.      n frames in give n frames out. Output sample k is input sample k - mdyn_latency(): the caller drops the first
 *            mdyn_latency() frames and feeds as many zeros at the end.
 * Bits.      However a stream is cut into calls, the output has the same bits. With nothing to do (below the threshold, below the
 *            ceiling, gain 0 dB) the output has the bits of the input.
 * Real time. mdyn_process*, mdyn_reset, mdyn_trigger, mdyn_set of a LIVE row, mdyn_get and mdyn_read_meters never allocate, lock, log or call the
 *            system. All else may.
 * Threads.   mdyn_trigger, mdyn_set of a LIVE row, mdyn_get and mdyn_read_meters may be called from any thread at any time. Every other call on one
 *            processor belongs to one thread at a time; different processors are independent.
 * Samples.   Non-finite samples, and those of 2^60 and more, become silence, are counted, and leave nothing behind.
 * Errors.    Functions that can fail return 0 or a negative errno. The library never prints.
 */
#ifndef MDYN_H
#define MDYN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MDYN_API __attribute__ ((visibility ("default")))
#define MDYN_MUST_CHECK __attribute__ ((warn_unused_result))
#else
#define MDYN_API
#define MDYN_MUST_CHECK
#endif

#define MDYN_RATE_MIN 8000
#define MDYN_RATE_MAX 384000
#define MDYN_CHANNELS_MAX 64
#define MDYN_READOUTS_MAX 32

typedef enum mdyn_kind { MDYN_COMP, MDYN_LIMIT, MDYN_GATE, MDYN_NORM, MDYN_KINDS } mdyn_kind;

typedef enum mdyn_sample { MDYN_F32, MDYN_F64 } mdyn_sample;

/* Where a channel's loudspeaker stands (ITU-R BS.2051 terms). Only loudness needs it. A stream of which every position is UNKNOWN is
 * taken as mono (1) or stereo (2). Any other UNKNOWN counts with weight 1, and mdyn_prepare warns. */
typedef enum mdyn_position {
	MDYN_POS_UNKNOWN,
	MDYN_POS_FL, MDYN_POS_FR, MDYN_POS_FC, MDYN_POS_LFE,             /* front, 30 degrees (in 22.2 60); low frequency effects */
	MDYN_POS_BL, MDYN_POS_BR, MDYN_POS_BC,                           /* back, 135 and 180 degrees */
	MDYN_POS_FLC, MDYN_POS_FRC,                                      /* between front left or right and centre */
	MDYN_POS_SL, MDYN_POS_SR,                                        /* side, 90 degrees */
	MDYN_POS_WL, MDYN_POS_WR,                                        /* wide, 60 degrees */
	MDYN_POS_TFL, MDYN_POS_TFR, MDYN_POS_TFC, MDYN_POS_TC,           /* top */
	MDYN_POS_TBL, MDYN_POS_TBR, MDYN_POS_TBC, MDYN_POS_TSL, MDYN_POS_TSR,
	MDYN_POS_BFL, MDYN_POS_BFR, MDYN_POS_BFC,                        /* bottom front */
	MDYN_POS_LS, MDYN_POS_RS,                                        /* surround, 110 degrees */
	MDYN_POS_LFE2,
	MDYN_POSITIONS
} mdyn_position;

/* What a processor is built for; none of it changes while it lives.
 * rate: MDYN_RATE_MIN .. MDYN_RATE_MAX Hz. channels: 1 .. MDYN_CHANNELS_MAX. key_channels: 0 = the input is its own key, else the number of
 * channels of the key given to mdyn_process; only classes with has_sidechain take one. */
typedef struct mdyn_format {
	mdyn_sample sample;
	unsigned rate;
	unsigned channels;
	unsigned key_channels;
	mdyn_position position[MDYN_CHANNELS_MAX];
} mdyn_format;

typedef enum mdyn_type { MDYN_REAL, MDYN_BOOL, MDYN_CHOICE, MDYN_TEXT } mdyn_type;

typedef enum mdyn_unit {
	MDYN_NONE, MDYN_DB, MDYN_DBTP, MDYN_LUFS, MDYN_LU, MDYN_MS, MDYN_S, MDYN_HZ, MDYN_RATIO, MDYN_PERCENT, MDYN_DB_PER_S
} mdyn_unit;

/* LIVE: may change while playing. SETUP: changes latency or memory, only before the first mdyn_process (or after mdyn_reset).
 * READOUT: measured, cannot be set. Each row has exactly one. */
typedef enum mdyn_flags { MDYN_LIVE = 1, MDYN_SETUP = 2, MDYN_READOUT = 4 } mdyn_flags;

typedef struct mdyn_choice {
	int row;                                 /* the id of the CHOICE row it belongs to */
	int value;
	const char *nick, *help;
} mdyn_choice;

/* One row of a .def file. min, max and def are in the row's unit; a CHOICE ranges over its choices, a BOOL over 0 and 1; a TEXT has no
 * range and no default. */
typedef struct mdyn_param {
	int id;                                  /* its index in mdyn_class.params */
	const char *name;                        /* with '-', as in GStreamer and JSON */
	mdyn_type type;
	mdyn_unit unit;
	double min, max, def;
	mdyn_flags flags;
	const char *help;
} mdyn_param;

/* Something that happens once, at a place of the stream: mdyn_trigger. */
typedef struct mdyn_event {
	int id;                                  /* its index in mdyn_class.events */
	const char *name, *help;
} mdyn_event;

/* Another program's name for a row, or for what no row does; for names that people have in their scripts. FFmpeg's options have them. */
typedef struct mdyn_alias {
	const char *name;
	int row;                                 /* -1: takes a number and does nothing, help says why */
	bool is_switch;                          /* its values are a BOOL's, the row gets `on` or `off` for them, "" leaves it alone */
	const char *off, *on;
	const char *also;                        /* settings that come with it, as those of a preset */
	const char *help;
} mdyn_alias;

/* A named set of values: settings is "row=value:row=value", applied in that order. */
typedef struct mdyn_preset {
	const char *nick, *settings, *help;
} mdyn_preset;

typedef struct mdyn_class {
	mdyn_kind kind;
	const char *name, *long_name, *description;
	const mdyn_param *params;
	size_t n_params;
	const mdyn_choice *choices;              /* of all CHOICE rows, in their order; see mdyn_class_choices */
	size_t n_choices;
	const mdyn_preset *presets;
	size_t n_presets;
	const mdyn_event *events;
	size_t n_events;
	const mdyn_alias *aliases;
	size_t n_aliases;
	bool has_sidechain;
} mdyn_class;

typedef struct mdyn_proc mdyn_proc;

/* The rows' ids: MDYN_COMP_threshold, MDYN_LIMIT_ceiling ... and the choices' values: MDYN_COMP_detector_rms ...
 * Rows 0 and 1 are `bypass` and `preset` in every class. */
#define P(id, name, type, unit, min, max, def, flags, help) MDYN_COMP_##id,
enum mdyn_comp_param {
#include "comp.def"
	MDYN_COMP_PARAMS
};
#define P(id, name, type, unit, min, max, def, flags, help) MDYN_LIMIT_##id,
enum mdyn_limit_param {
#include "limit.def"
	MDYN_LIMIT_PARAMS
};
#define P(id, name, type, unit, min, max, def, flags, help) MDYN_GATE_##id,
enum mdyn_gate_param {
#include "gate.def"
	MDYN_GATE_PARAMS
};
#define P(id, name, type, unit, min, max, def, flags, help) MDYN_NORM_##id,
enum mdyn_norm_param {
#include "norm.def"
	MDYN_NORM_PARAMS
};
#define CHOICE(parent, id, value, nick, help) MDYN_COMP_##parent##_##id = value,
enum mdyn_comp_choice {
#include "comp.def"
};
#define CHOICE(parent, id, value, nick, help) MDYN_NORM_##parent##_##id = value,
enum mdyn_norm_choice {
#include "norm.def"
};

#define EVENT(id, name, help) MDYN_NORM_##id##_event,
enum mdyn_norm_event {
#include "norm.def"
	MDYN_NORM_EVENTS
};

/* The class of a kind; NULL if there is no such kind. Static, never freed. */
MDYN_API const mdyn_class *mdyn_class_get (mdyn_kind kind);

/* The row of that name ('-' and '_' are the same), or NULL. */
MDYN_API const mdyn_param *mdyn_class_find (const mdyn_class *cls, const char *name);

/* The alias of exactly that name, or NULL. */
MDYN_API const mdyn_alias *mdyn_class_alias (const mdyn_class *cls, const char *name);

/* The choices of a row, *n of them side by side; NULL and 0 if it has none. */
MDYN_API const mdyn_choice *mdyn_class_choices (const mdyn_class *cls, const mdyn_param *row, size_t *n);

/* "dB", "LUFS", "ms" ...; "" for none. */
MDYN_API const char *mdyn_unit_name (mdyn_unit unit);

/* Reads text as a value of a row: a number with or without its unit ("-18", "-18dB", "inf"), true/false/on/off/yes/no/1/0, a choice's nick;
 * for a choice of `on` and `off` the words of a switch as well. A TEXT row takes any text, `preset` a preset's nick or "none", and *value is left alone. Returns 0; -EINVAL (not a value) or -ERANGE, and then
 * `why`, if given, holds one line that names the row and what is allowed. */
MDYN_API MDYN_MUST_CHECK int mdyn_param_parse (const mdyn_class *cls, const mdyn_param *row, const char *text, double *value, char *why,
                                               size_t why_size);

/* The value as text that mdyn_param_parse reads back to the same value: C locale, no unit. Returns what snprintf returns. */
MDYN_API int mdyn_param_format (const mdyn_param *row, double value, char *text, size_t size);

/* Whether a processor can be built for this format: 0 or -EINVAL, and then one line in `why` that names what is wrong and allowed. */
MDYN_API MDYN_MUST_CHECK int mdyn_format_check (const mdyn_class *cls, const mdyn_format *format, char *why, size_t why_size);

/* Builds a processor with every row at its default. -EINVAL: bad format; -ENOMEM. On error *out is NULL. */
MDYN_API MDYN_MUST_CHECK int mdyn_create (mdyn_proc **out, const mdyn_class *cls, const mdyn_format *format);

/* Frees *p and sets it NULL; NULL and a NULL in it are allowed. */
MDYN_API void mdyn_destroy (mdyn_proc **p);

/* Sets a REAL, BOOL or CHOICE row, in its unit. The value given is kept as given; a derived limit (say, an attack longer than the lookahead)
 * shows in the sound, never in mdyn_get. -EINVAL: no such row, a TEXT or READOUT row; -ERANGE: NaN or outside min .. max; -EBUSY: a SETUP row
 * while running; -ENOMEM: a SETUP row, the old value still holds. */
MDYN_API int mdyn_set (mdyn_proc *p, int id, double value);

/* The value set, or the newest of a READOUT row (NaN: no value yet, and for a bad id or a TEXT row). */
MDYN_API double mdyn_get (const mdyn_proc *p, int id);

/* Sets any row from text, by name or alias. Errors as mdyn_set and mdyn_param_parse, -ENOENT for an unknown name; `why` as there. Setting `preset`
 * sets the preset's rows; "none" changes nothing else. A TEXT row is SETUP: NULL or "" clears it. */
MDYN_API MDYN_MUST_CHECK int mdyn_set_text (mdyn_proc *p, const char *name, const char *text, char *why, size_t why_size);

/* The text of a TEXT row, "" if unset or no such row. Valid until it is set again. */
MDYN_API const char *mdyn_get_text (const mdyn_proc *p, int id);

/* Lets an event happen: before the next frame that is processed. Any thread, at any time, as mdyn_set; the same one twice before that frame is one.
 * -EINVAL: no such event. */
MDYN_API int mdyn_trigger (mdyn_proc *p, int event);

/* Checks what only all rows together can tell (a mode that needs values, a file that must be readable): 0, or a negative errno and one line
 * in `why`. With 0, `why` is empty or one line of warning that the user should see (masternorm: channels without a position). Called by both wrappers before
 * the first sample; processing without it is defined and falls back as the rows' help says. */
MDYN_API MDYN_MUST_CHECK int mdyn_prepare (mdyn_proc *p, char *why, size_t why_size);

/* Frames by which the output lies behind the input; fixed by the SETUP rows. */
MDYN_API size_t mdyn_latency (const mdyn_proc *p);

/* Takes `frames` frames from in[channel][frame] and gives as many in out[channel][frame], in the format's sample type. in and out may be the
 * same buffers channel by channel, not otherwise overlap. key[key_channel][frame] is needed if the format has key channels; NULL is silence.
 * Returns 0 or -EINVAL (NULL buffers). */
MDYN_API int mdyn_process (mdyn_proc *p, void *const *out, const void *const *in, const void *const *key, size_t frames);

/* The same with interleaved buffers: out[frame * channels + channel]. The bits are those of mdyn_process. */
MDYN_API int mdyn_process_interleaved (mdyn_proc *p, void *out, const void *in, const void *key, size_t frames);

/* Forgets all audio and measurements, keeps the rows. With dialogue=auto the voice detector (speexdsp) keeps what it learned of the background. */
MDYN_API void mdyn_reset (mdyn_proc *p);

/* The READOUT rows in table order: n values in v. A reduction is the largest since the last call, NaN is "no value". */
typedef struct mdyn_meters {
	size_t n;
	double v[MDYN_READOUTS_MAX];
} mdyn_meters;
MDYN_API int mdyn_read_meters (mdyn_proc *p, mdyn_meters *meters);

/* The measurement so far as the JSON document that stats-file gets (its fields: docs/loudness.md), for a class that has one: masternorm. Takes size and
 * returns as snprintf does: the length without the final 0, of which size - 1 at most are in text; so (p, NULL, 0) asks for the length. "complete" is false
 * until mdyn_finish. The last mdyn_latency() frames taken are not counted before they have come out. -ENOTSUP: the class has none; -ENOMEM. It allocates and
 * composes some kilobytes: call it between two mdyn_process of the same thread where some 50 us and an allocation are no harm. */
MDYN_API int mdyn_stats (mdyn_proc *p, char *text, size_t size);

/* What a row asks to be printed at the end, in the words of another program (masternorm: print-format); as snprintf, 0 if nothing. It follows mdyn_finish, or
 * stands for as much as was processed. -ENOMEM. It allocates. */
MDYN_API int mdyn_summary (mdyn_proc *p, char *text, size_t size);

/* To be called between two mdyn_process, from the same thread, as often as is convenient: next to free while nothing is due. Where a row asks for a report every
 * so often (masternorm: stats-interval) and that much of the stream has passed, it writes the report (stats-file, whole or not at all) and may block
 * as long as writing a small file does. 0, or a negative errno and one line in `why`; the next one is tried when it is due. */
MDYN_API MDYN_MUST_CHECK int mdyn_report (mdyn_proc *p, char *why, size_t why_size);

/* Call at the end of a stream: writes what a row asks to be written (masternorm: stats-file, whole or not at all). 0, or a negative errno
 * and one line in `why`. mdyn_get, mdyn_read_meters and mdyn_stats may follow, mdyn_process only after mdyn_reset. */
MDYN_API MDYN_MUST_CHECK int mdyn_finish (mdyn_proc *p, char *why, size_t why_size);

#ifdef __cplusplus
}
#endif
#endif
