/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Tables from the .def files; text to value and back. */
#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "proc.h"

#define N(a) (sizeof (a) / sizeof (a)[0])
#define ROW(id, name, type, unit, min, max, def, flags, help) { id, name, MDYN_##type, MDYN_##unit, min, max, def, MDYN_##flags, help },

#define P(id, ...) ROW (MDYN_COMP_##id, __VA_ARGS__)
static const mdyn_param comp_params[] = {
#include "mdyn/comp.def"
};
#define P(id, ...) ROW (MDYN_LIMIT_##id, __VA_ARGS__)
static const mdyn_param limit_params[] = {
#include "mdyn/limit.def"
};
#define P(id, ...) ROW (MDYN_GATE_##id, __VA_ARGS__)
static const mdyn_param gate_params[] = {
#include "mdyn/gate.def"
};
#define P(id, ...) ROW (MDYN_NORM_##id, __VA_ARGS__)
static const mdyn_param norm_params[] = {
#include "mdyn/norm.def"
};

#define CHOICE(row, id, value, nick, help) { MDYN_COMP_##row, value, nick, help },
static const mdyn_choice comp_choices[] = {
#include "mdyn/comp.def"
};
#define CHOICE(row, id, value, nick, help) { MDYN_NORM_##row, value, nick, help },
static const mdyn_choice norm_choices[] = {
#include "mdyn/norm.def"
};

#define PRESET(nick, settings, help) { nick, settings, help },
static const mdyn_preset comp_presets[] = {
#include "mdyn/comp.def"
};
#define PRESET(nick, settings, help) { nick, settings, help },
static const mdyn_preset limit_presets[] = {
#include "mdyn/limit.def"
};
#define PRESET(nick, settings, help) { nick, settings, help },
static const mdyn_preset gate_presets[] = {
#include "mdyn/gate.def"
};
#define PRESET(nick, settings, help) { nick, settings, help },
static const mdyn_preset norm_presets[] = {
#include "mdyn/norm.def"
};

#define EVENT(id, name, help) { MDYN_NORM_##id##_event, name, help },
static const mdyn_event norm_events[] = {
#include "mdyn/norm.def"
};

#define ALIAS(name, row, also, help) { #name, MDYN_COMP_##row, false, NULL, NULL, also, help },
static const mdyn_alias comp_aliases[] = {
#include "mdyn/comp.def"
};
#define ALIAS(name, row, also, help) { #name, MDYN_LIMIT_##row, false, NULL, NULL, also, help },
static const mdyn_alias limit_aliases[] = {
#include "mdyn/limit.def"
};
#define ALIAS(name, row, also, help) { #name, MDYN_NORM_##row, false, NULL, NULL, also, help },
#define SWITCH(name, row, off, on, help) { #name, MDYN_NORM_##row, true, off, on, NULL, help },
#define UNUSED(name, help) { #name, -1, false, NULL, NULL, NULL, help },
static const mdyn_alias norm_aliases[] = {
#include "mdyn/norm.def"
};

_Static_assert (N (comp_params) <= ROWS_MAX && N (limit_params) <= ROWS_MAX && N (gate_params) <= ROWS_MAX && N (norm_params) <= ROWS_MAX,
                "ROWS_MAX holds every table");

static const mdyn_class classes[MDYN_KINDS] = {
	{ MDYN_COMP, "mastercomp", "Mastering compressor", "Reduces the dynamic range above a threshold", comp_params, N (comp_params), comp_choices,
	  N (comp_choices), comp_presets, N (comp_presets), NULL, 0, comp_aliases, N (comp_aliases), true },
	{ MDYN_LIMIT, "masterlimit", "Mastering true-peak limiter", "Holds a ceiling in dBTP at the stream's own rate", limit_params, N (limit_params),
	  NULL, 0, limit_presets, N (limit_presets), NULL, 0, limit_aliases, N (limit_aliases), false },
	{ MDYN_GATE, "mastergate", "Mastering gate", "Gate and downward expander", gate_params, N (gate_params), NULL, 0, gate_presets,
	  N (gate_presets), NULL, 0, NULL, 0, true },
	{ MDYN_NORM, "masternorm", "Mastering loudness normaliser", "Brings a programme to a loudness after EBU R 128, or measures it", norm_params,
	  N (norm_params), norm_choices, N (norm_choices), norm_presets, N (norm_presets), norm_events, N (norm_events), norm_aliases,
	  N (norm_aliases), false },
};

const mdyn_class *
mdyn_class_get (mdyn_kind kind)
{
	return (unsigned) kind < MDYN_KINDS ? &classes[kind] : NULL;
}

const mdyn_param *
mdyn_class_find (const mdyn_class *cls, const char *name)
{
	for (size_t i = 0; name && i < cls->n_params; i++) {
		const char *a = cls->params[i].name, *b = name;
		while (*a && (*a == *b || (*a == '-' && *b == '_')))
			a++, b++;
		if (!*a && !*b)
			return &cls->params[i];
	}
	return NULL;
}

const mdyn_alias *
mdyn_class_alias (const mdyn_class *cls, const char *name)
{
	for (size_t i = 0; name && i < cls->n_aliases; i++)
		if (!strcmp (cls->aliases[i].name, name))
			return &cls->aliases[i];
	return NULL;
}

const mdyn_choice *
mdyn_class_choices (const mdyn_class *cls, const mdyn_param *row, size_t *n)
{
	const mdyn_choice *first = NULL;
	*n = 0;
	for (size_t i = 0; i < cls->n_choices; i++)
		if (cls->choices[i].row == row->id && (*n)++ == 0)
			first = &cls->choices[i];
	return first;
}

const char *
mdyn_unit_name (mdyn_unit unit)
{
	static const char *const name[] = { "", "dB", "dBTP", "LUFS", "LU", "ms", "s", "Hz", "to 1", "%", "dB/s" };
	return (unsigned) unit < N (name) ? name[unit] : "";
}

/* "mastercomp: ratio=0.5 is out of range: 1 .. inf" and the like: one line that says what is allowed. */
static int
refuse (const mdyn_class *cls, const mdyn_param *row, const char *text, int err, char *why, size_t size)
{
	char allowed[512];
	size_t used = 0, n;
	const mdyn_choice *choice = mdyn_class_choices (cls, row, &n);
	allowed[0] = 0;
#define ADD(...) used += used < sizeof allowed ? (size_t) snprintf (allowed + used, sizeof allowed - used, __VA_ARGS__) : 0
	if (row->flags & MDYN_READOUT) {
		ADD ("it is measured and cannot be set");
	} else if (row->type == MDYN_REAL) {
		char min[32], max[32];
		mdyn_param_format (row, row->min, min, sizeof min);
		mdyn_param_format (row, row->max, max, sizeof max);
		const char *unit = row->unit == MDYN_RATIO ? "" : mdyn_unit_name (row->unit); /* "1 .. inf to 1" reads badly */
		ADD ("%s .. %s%s%s is allowed", min, max, *unit ? " " : "", unit);
	} else if (row->type == MDYN_BOOL) {
		ADD ("true or false is allowed");
	} else if (row->type == MDYN_CHOICE) {
		for (size_t i = 0; i < n; i++)
			ADD ("%s%s", choice[i].nick, i + 1 < n ? ", " : " are allowed");
	} else {
		ADD ("none");
		for (size_t i = 0; i < cls->n_presets; i++)
			ADD (", %s", cls->presets[i].nick);
		ADD (" are allowed");
	}
#undef ADD
	return mdyn_why (why, size, err, "%s: %s=%s: %s", cls->name, row->name, text ? text : "", allowed);
}

/* strtod in the C locale whatever the program's locale is; *end == text if there is no number. */
static double
number (const char *text, char **end)
{
	locale_t c = newlocale (LC_ALL_MASK, "C", (locale_t) 0);
	if (!c) {
		*end = (char *) text;
		return 0;
	}
	locale_t old = uselocale (c);
	double value = strtod (text, end);
	uselocale (old);
	freelocale (c);
	return value;
}

/* -1: no word of a switch. */
static int
word (const char *text)
{
	static const char *const words[] = { "false", "true", "off", "on", "no", "yes", "0", "1" };
	for (size_t i = 0; i < N (words); i++)
		if (!strcasecmp (words[i], text))
			return i % 2;
	return -1;
}

int
mdyn_alias_parse (const mdyn_class *cls, const mdyn_alias *alias, const char *text, double *value, char *why, size_t size)
{
	text = text ? text : "";
	if (alias->is_switch) {
		*value = word (text);
		return *value < 0 ? mdyn_why (why, size, -EINVAL, "%s: %s=%s: true or false is allowed", cls->name, alias->name, text) : 0;
	}
	char *end;
	if (alias->row >= 0)
		return 0;
	*value = number (text, &end);
	return end == text || *end ? mdyn_why (why, size, -EINVAL, "%s: %s=%s: a number is allowed", cls->name, alias->name, text) : 0;
}

int
mdyn_param_parse (const mdyn_class *cls, const mdyn_param *row, const char *text, double *value, char *why, size_t size)
{
	size_t n;
	const mdyn_choice *choice = mdyn_class_choices (cls, row, &n);
	if (row->flags & MDYN_READOUT)
		return refuse (cls, row, text, -EINVAL, why, size);
	if (row->type == MDYN_TEXT) {
		if (strcmp (row->name, "preset") || !text || !*text || !strcmp (text, "none"))
			return 0;
		for (size_t i = 0; i < cls->n_presets; i++)
			if (!strcmp (cls->presets[i].nick, text))
				return 0;
		return refuse (cls, row, text, -EINVAL, why, size);
	}
	if (!text)
		return refuse (cls, row, text, -EINVAL, why, size);
	if (row->type == MDYN_CHOICE) {
		int on = word (text);
		for (size_t i = 0; i < n; i++)
			if (!strcmp (choice[i].nick, text) || (on >= 0 && !strcmp (choice[i].nick, on ? "on" : "off"))) {
				*value = choice[i].value;
				return 0;
			}
		return refuse (cls, row, text, -EINVAL, why, size);
	}
	if (row->type == MDYN_BOOL) {
		int on = word (text);
		if (on < 0)
			return refuse (cls, row, text, -EINVAL, why, size);
		*value = on;
		return 0;
	}
	char *end;
	double v = number (text, &end);
	if (end == text)
		return refuse (cls, row, text, -EINVAL, why, size);
	while (isspace ((unsigned char) *end))
		end++;
	if (*end && strcasecmp (end, mdyn_unit_name (row->unit)))
		return refuse (cls, row, text, -EINVAL, why, size);
	if (!(v >= row->min && v <= row->max))
		return refuse (cls, row, text, -ERANGE, why, size);
	*value = v;
	return 0;
}

int
mdyn_param_format (const mdyn_param *row, double value, char *text, size_t size)
{
	if (row->type == MDYN_BOOL)
		return snprintf (text, size, "%s", value ? "true" : "false");
	if (row->type == MDYN_CHOICE) {
		for (int k = 0; k < MDYN_KINDS; k++) /* the row knows no class: its address does */
			for (size_t i = 0; row >= classes[k].params && row < classes[k].params + classes[k].n_params && i < classes[k].n_choices; i++)
				if (classes[k].choices[i].row == row->id && classes[k].choices[i].value == value)
					return snprintf (text, size, "%s", classes[k].choices[i].nick);
		return snprintf (text, size, "%d", (int) value);
	}
	locale_t c = newlocale (LC_ALL_MASK, "C", (locale_t) 0), old = c ? uselocale (c) : (locale_t) 0;
	int n = 0;
	for (int digits = 6; digits <= 17; digits++) { /* the shortest that reads back */
		n = snprintf (text, size, "%.*g", digits, value);
		if (strtod (text, NULL) == value || isnan (value))
			break;
	}
	if (c) {
		uselocale (old);
		freelocale (c);
	}
	return n;
}
