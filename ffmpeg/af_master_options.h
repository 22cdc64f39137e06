/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The .def files as AVOption tables. A row's id is the option's name; range, default and help are the row's. Each option is stored in
 * MasterContext.value at the row's id, so that code reaches it through the core's table and names no row.
 *
 * A CHOICE is a string option, which the core's parser reads in init: it names the row and the nicks that are allowed. FFmpeg's own numeric
 * options with named constants take 1.5 for a choice and call a bad nick an undefined constant. The nicks are still listed as constants of
 * the option's unit, for the help.
 *
 * Include after MasterContext is defined. */
#ifndef AVFILTER_AF_MASTER_OPTIONS_H
#define AVFILTER_AF_MASTER_OPTIONS_H

#include <math.h>
#include <stddef.h>

#include <mdyn/mdyn.h>

#include "af_master_compat.h"

#define MASTER_SETUP (AV_OPT_FLAG_AUDIO_PARAM | AV_OPT_FLAG_FILTERING_PARAM)
#define MASTER_LIVE (MASTER_SETUP | AV_OPT_FLAG_RUNTIME_PARAM)
#define MASTER_READOUT (MASTER_SETUP | AV_OPT_FLAG_EXPORT | AV_OPT_FLAG_READONLY)

/* The help ends with the unit as mdyn_unit_name says it. */
#define MASTER_UNIT_NONE ""
#define MASTER_UNIT_DB " [dB]"
#define MASTER_UNIT_DBTP " [dBTP]"
#define MASTER_UNIT_LUFS " [LUFS]"
#define MASTER_UNIT_LU " [LU]"
#define MASTER_UNIT_MS " [ms]"
#define MASTER_UNIT_S " [s]"
#define MASTER_UNIT_HZ " [Hz]"
#define MASTER_UNIT_RATIO " [to 1]"
#define MASTER_UNIT_PERCENT " [%]"
#define MASTER_UNIT_DB_PER_S " [dB/s]"

#define MASTER_AT(row) (offsetof (MasterContext, value) + (row) * sizeof (MasterValue))

/* The nicks of a table's choices at [row][value]: an element's address is a constant, as an AVOption's default has to be. */
#define MASTER_NICK(prefix, row, number, nick) [prefix##row][number] = nick,
enum { MASTER_CHOICES_MAX = 8, MASTER_NICK_SIZE = 32 };

#define MASTER_ROW_REAL(opt, row, nicks, unit, lo, hi, preset, how, text) \
	{ opt, text unit, MASTER_AT (row), AV_OPT_TYPE_DOUBLE, { .dbl = preset }, lo, hi, how, NULL },
#define MASTER_ROW_BOOL(opt, row, nicks, unit, lo, hi, preset, how, text) \
	{ opt, text unit, MASTER_AT (row), AV_OPT_TYPE_BOOL, { .i64 = preset }, lo, hi, how, NULL },
#define MASTER_ROW_CHOICE(opt, row, nicks, unit, lo, hi, preset, how, text) \
	{ opt, text unit, MASTER_AT (row), AV_OPT_TYPE_STRING, { .str = nicks[row][preset] }, 0, 0, how, opt },
#define MASTER_ROW_TEXT(opt, row, nicks, unit, lo, hi, preset, how, text) \
	{ opt, text unit, MASTER_AT (row), AV_OPT_TYPE_STRING, { .str = NULL }, 0, 0, how, opt },
#define MASTER_CONST(of, nick, text) { nick, text, 0, AV_OPT_TYPE_CONST, { .i64 = 0 }, 0, 0, MASTER_SETUP, of },

/* One table: MASTER_P with the class's prefix, MASTER_CHOICES and MASTER_PRESETS, then the .def. The presets are listed under the option
 * `preset` for the reader of the help; the core knows what they mean. */
#define MASTER_P(prefix, nicks, id, type, unit, lo, hi, preset, how, text) \
	MASTER_ROW_##type (#id, prefix##id, nicks, MASTER_UNIT_##unit, lo, hi, preset, MASTER_##how, text)
#define MASTER_CHOICES(row, id, number, nick, text) MASTER_CONST (#row, nick, text)
#define MASTER_PRESETS(nick, settings, text) MASTER_CONST ("preset", nick, text)

/* An alias is a text that the core reads: only a name that was given may bring along what the table says. */
#define MASTER_ALIAS(id, opt, text) { opt, text, offsetof (MasterContext, alias) + (id) * sizeof (char *), AV_OPT_TYPE_STRING, { .str = NULL }, 0, 0, MASTER_SETUP, NULL },

/* The adapter's own options, and the end. */
#define MASTER_SIDECHAIN \
	{ "sidechain", "Open a second input, the key: its level is heard instead of the audio's", offsetof (MasterContext, sidechain), AV_OPT_TYPE_BOOL, \
	  { .i64 = 0 }, 0, 1, MASTER_SETUP, NULL },
#define MASTER_END \
	{ "metadata", "Write the measured values into each frame's metadata, as lavfi.<filter>.<option>", offsetof (MasterContext, metadata), \
	  AV_OPT_TYPE_BOOL, { .i64 = 0 }, 0, 1, MASTER_SETUP, NULL }, \
	{ NULL }

static const char mastercomp_nicks[MDYN_COMP_PARAMS][MASTER_CHOICES_MAX][MASTER_NICK_SIZE] = {
#define CHOICE(row, id, number, nick, text) MASTER_NICK (MDYN_COMP_, row, number, nick)
#include <mdyn/comp.def>
};

enum {
#define ALIAS(name, row, also, text) MASTER_COMP_ALIAS_##name,
#include <mdyn/comp.def>
	MASTER_COMP_ALIASES
};

static const AVOption mastercomp_options[] = {
#define P(id, name, type, unit, lo, hi, preset, how, text) MASTER_P (MDYN_COMP_, mastercomp_nicks, id, type, unit, lo, hi, preset, how, text)
#define CHOICE(...) MASTER_CHOICES (__VA_ARGS__)
#define PRESET(...) MASTER_PRESETS (__VA_ARGS__)
#define ALIAS(name, row, also, text) MASTER_ALIAS (MASTER_COMP_ALIAS_##name, #name, text)
#include <mdyn/comp.def>
	MASTER_SIDECHAIN
	MASTER_END
};

enum {
#define ALIAS(name, row, also, text) MASTER_LIMIT_ALIAS_##name,
#include <mdyn/limit.def>
	MASTER_LIMIT_ALIASES
};

static const AVOption masterlimit_options[] = {
#define P(id, name, type, unit, lo, hi, preset, how, text) MASTER_P (MDYN_LIMIT_, no_choices, id, type, unit, lo, hi, preset, how, text)
#define CHOICE(...) MASTER_CHOICES (__VA_ARGS__)
#define PRESET(...) MASTER_PRESETS (__VA_ARGS__)
#define ALIAS(name, row, also, text) MASTER_ALIAS (MASTER_LIMIT_ALIAS_##name, #name, text)
#include <mdyn/limit.def>
	MASTER_END
};

static const AVOption mastergate_options[] = {
#define P(id, name, type, unit, lo, hi, preset, how, text) MASTER_P (MDYN_GATE_, no_choices, id, type, unit, lo, hi, preset, how, text)
#define CHOICE(...) MASTER_CHOICES (__VA_ARGS__)
#define PRESET(...) MASTER_PRESETS (__VA_ARGS__)
#include <mdyn/gate.def>
	MASTER_SIDECHAIN
	MASTER_END
};

static const char masternorm_nicks[MDYN_NORM_PARAMS][MASTER_CHOICES_MAX][MASTER_NICK_SIZE] = {
#define CHOICE(row, id, number, nick, text) MASTER_NICK (MDYN_NORM_, row, number, nick)
#include <mdyn/norm.def>
};

enum {
#define ALIAS(name, row, also, text) MASTER_NORM_ALIAS_##name,
#define SWITCH(name, row, off, on, text) MASTER_NORM_ALIAS_##name,
#define UNUSED(name, text) MASTER_NORM_ALIAS_##name,
#include <mdyn/norm.def>
	MASTER_NORM_ALIASES
};

static const AVOption masternorm_options[] = {
#define P(id, name, type, unit, lo, hi, preset, how, text) MASTER_P (MDYN_NORM_, masternorm_nicks, id, type, unit, lo, hi, preset, how, text)
#define CHOICE(...) MASTER_CHOICES (__VA_ARGS__)
#define PRESET(...) MASTER_PRESETS (__VA_ARGS__)
#define ALIAS(name, row, also, text) MASTER_ALIAS (MASTER_NORM_ALIAS_##name, #name, text)
#define SWITCH(name, row, off, on, text) MASTER_ALIAS (MASTER_NORM_ALIAS_##name, #name, text)
#define UNUSED(name, text) MASTER_ALIAS (MASTER_NORM_ALIAS_##name, #name, text)
#include <mdyn/norm.def>
	MASTER_END
};

_Static_assert ((int) MASTER_COMP_ALIASES <= ALIASES_MAX && (int) MASTER_LIMIT_ALIASES <= ALIASES_MAX && (int) MASTER_NORM_ALIASES <= ALIASES_MAX,
                "ALIASES_MAX holds every table");

#endif
