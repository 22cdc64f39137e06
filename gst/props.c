/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */
#include "props.h"

#include <string.h>

#include "report.h"

enum { ROW_PRESET = 1 };         /* the same in every class, says the core */
enum { FIRST_ROW = 1 };          /* property ids start at 1: row i is property i + 1 */
enum { POST_MESSAGES, INTERVAL, STATS, OWN }; /* after the rows */

#define EACH_ROW(cls, row) for (const mdyn_param *row = (cls)->params; row < (cls)->params + (cls)->n_params; row++)

/* "mastercomp", "rms-window" -> "GstMastercompRmsWindow" */
static gchar *
type_name (const mdyn_class *cls, const mdyn_param *row)
{
	GString *s = g_string_new ("Gst");
	const gchar *parts[] = { cls->name, row->name };
	for (gsize i = 0; i < G_N_ELEMENTS (parts); i++) {
		gboolean upper = TRUE;
		for (const gchar *p = parts[i]; *p; p++) {
			if (*p != '-')
				g_string_append_c (s, upper ? g_ascii_toupper (*p) : *p);
			upper = *p == '-';
		}
	}
	return g_string_free (s, FALSE);
}

static GType
enum_type (const mdyn_class *cls, const mdyn_param *row)
{
	gchar *name = type_name (cls, row);
	GType type = g_type_from_name (name);
	if (!type) {
		gsize n;
		const mdyn_choice *choice = mdyn_class_choices (cls, row, &n);
		GEnumValue *values = g_new0 (GEnumValue, n + 1); /* the type keeps them for ever */
		for (gsize i = 0; i < n; i++)
			values[i] = (GEnumValue) { choice[i].value, choice[i].help, choice[i].nick };
		type = g_enum_register_static (name, values);
		gst_type_mark_as_plugin_api (type, 0);
	}
	g_free (name);
	return type;
}

/* Help, with the unit or the presets' names behind it. */
static gchar *
blurb_of (const mdyn_class *cls, const mdyn_param *row)
{
	GString *s = g_string_new (row->help);
	if (row->id == ROW_PRESET) {
		g_string_append (s, " (none");
		for (gsize i = 0; i < cls->n_presets; i++)
			g_string_append_printf (s, ", %s", cls->presets[i].nick);
		g_string_append_c (s, ')');
	} else if (*mdyn_unit_name (row->unit)) {
		g_string_append_printf (s, " (%s)", mdyn_unit_name (row->unit));
	}
	return g_string_free (s, FALSE);
}

static GParamFlags
flags_of (const mdyn_param *row)
{
	GParamFlags f = G_PARAM_STATIC_NAME | G_PARAM_STATIC_NICK | G_PARAM_READABLE;
	if (row->flags & MDYN_LIVE)
		f |= G_PARAM_WRITABLE | GST_PARAM_CONTROLLABLE | GST_PARAM_MUTABLE_PLAYING;
	if (row->flags & MDYN_SETUP)
		f |= G_PARAM_WRITABLE | GST_PARAM_MUTABLE_READY;
	return f;
}

/* GLib would answer a number out of range with a warning and go on with the default. Such a number must reach set_property, which refuses it
 * by the core's word: so a double's spec that shows its range and lets all pass. */
static gboolean
pass (GParamSpec *spec, GValue *value)
{
	(void) spec;
	(void) value;
	return FALSE; /* nothing was changed */
}

static void
real_spec_class_init (gpointer klass, gpointer data)
{
	(void) data;
	((GParamSpecClass *) klass)->value_validate = pass;
}

static GType
real_spec_type (void)
{
	GType type = g_type_from_name ("GstMdynParamReal");
	if (!type) {
		const GTypeInfo info = {
			.class_size = sizeof (GParamSpecClass), .class_init = real_spec_class_init, .instance_size = sizeof (GParamSpecDouble)
		};
		type = g_type_register_static (G_TYPE_PARAM_DOUBLE, "GstMdynParamReal", &info, 0);
	}
	return type;
}

static GParamSpec *
real_spec (const mdyn_param *row, const gchar *blurb, GParamFlags flags)
{
	GParamSpecDouble *spec = g_param_spec_internal (real_spec_type (), row->name, row->name, blurb, flags);
	spec->minimum = row->min;
	spec->maximum = row->max;
	spec->default_value = row->def;
	return G_PARAM_SPEC (spec);
}

static GParamSpec *
spec_of (const mdyn_class *cls, const mdyn_param *row)
{
	gchar *blurb = blurb_of (cls, row);
	GParamFlags flags = flags_of (row);
	GParamSpec *spec = NULL;
	switch (row->type) {
	case MDYN_REAL:
		spec = real_spec (row, blurb, flags);
		break;
	case MDYN_BOOL:
		spec = g_param_spec_boolean (row->name, row->name, blurb, row->def != 0, flags);
		break;
	case MDYN_CHOICE:
		spec = g_param_spec_enum (row->name, row->name, blurb, enum_type (cls, row), (gint) row->def, flags);
		break;
	case MDYN_TEXT:
		spec = g_param_spec_string (row->name, row->name, blurb, NULL, flags);
		break;
	}
	g_free (blurb);
	return spec;
}

/* Object lock held. */
static void
store (MdynElement *self, const mdyn_param *row, gdouble value)
{
	if (self->value[row->id] == value)
		return;
	self->value[row->id] = value;
	if (row->flags & MDYN_SETUP)
		self->dirty = TRUE;
	else if (self->core)
		mdyn_set (self->core, row->id, value);
}

/* Object lock held. */
static void
store_text (MdynElement *self, const mdyn_param *row, const gchar *text)
{
	if (text && !*text)
		text = NULL;
	if (!g_strcmp0 (self->text[row->id], text))
		return;
	g_free (self->text[row->id]);
	self->text[row->id] = g_strdup (text);
	self->dirty = TRUE;
}

/* A preset's values become the element's. back: those that still are the preset's go to their defaults instead. */
static void
take_preset (MdynElement *self, const mdyn_preset *preset, gboolean back)
{
	gchar why[600], **settings = g_strsplit (preset->settings, ":", -1);
	for (gchar **s = settings; *s; s++) {
		gchar **pair = g_strsplit (*s, "=", 2);
		const mdyn_param *target = mdyn_class_find (self->cls, pair[0]);
		gdouble value;
		if (target && pair[1] && mdyn_param_parse (self->cls, target, pair[1], &value, why, sizeof why) == 0) {
			GST_OBJECT_LOCK (self);
			if (!back)
				store (self, target, value);
			else if (self->value[target->id] == value)
				store (self, target, target->def);
			GST_OBJECT_UNLOCK (self);
			g_object_notify (G_OBJECT (self), target->name);
		}
		g_strfreev (pair);
	}
	g_strfreev (settings);
}

static const mdyn_preset *
find_preset (MdynElement *self, const gchar *nick)
{
	for (gsize i = 0; nick && i < self->cls->n_presets; i++)
		if (!strcmp (self->cls->presets[i].nick, nick))
			return &self->cls->presets[i];
	return NULL;
}

/* The preset's values become the element's, as if set one by one: what is set later wins; what the preset before it set, and nobody since, is forgotten.
 * A name that is none is kept before the start, where the core refuses it aloud; while running it would end the stream, so it is not taken. */
static void
set_preset (MdynElement *self, const mdyn_param *row, const gchar *nick)
{
	gchar why[600] = "";
	gdouble value = 0;
	gboolean known = mdyn_param_parse (self->cls, row, nick, &value, why, sizeof why) == 0;
	GST_OBJECT_LOCK (self);
	gboolean running = self->core != NULL;
	const mdyn_preset *before = find_preset (self, self->text[row->id]), *now = find_preset (self, nick);
	if (known || !running)
		store_text (self, row, nick);
	GST_OBJECT_UNLOCK (self);
	if (!known)
		GST_WARNING_OBJECT (self, "%s", why);
	if (!known && running)
		g_warning ("%s", why);
	if (known && before && before != now)
		take_preset (self, before, TRUE);
	if (now)
		take_preset (self, now, FALSE);
}

/* Whether the number is one of the row's. One that is not is refused: before the start by an error when it comes to it, while running by a warning, and
 * the value stays. */
static gboolean
in_range (MdynElement *self, const mdyn_param *row, gdouble value)
{
	gchar why[600] = "", text[64];
	gboolean good = value >= row->min && value <= row->max;
	if (!good) { /* the core's parser has the words */
		mdyn_param_format (row, value, text, sizeof text);
		good = mdyn_param_parse (self->cls, row, text, &value, why, sizeof why) == 0;
	}
	GST_OBJECT_LOCK (self);
	gboolean running = self->core != NULL;
	g_free (self->refused_value[row->id]);
	self->refused_value[row->id] = good || running ? NULL : g_strdup (why);
	GST_OBJECT_UNLOCK (self);
	if (!good && running)
		g_warning ("%s", why);
	return good;
}

gboolean
mdyngst_props_good (MdynElement *self)
{
	gchar *why = NULL;
	GST_OBJECT_LOCK (self);
	EACH_ROW (self->cls, row)
	if (!why)
		why = g_strdup (self->refused_value[row->id]);
	GST_OBJECT_UNLOCK (self);
	if (why)
		GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS, ("%s", why), (NULL));
	gboolean good = !why;
	g_free (why);
	return good;
}

static void
set_own (MdynElement *self, guint which, const GValue *v)
{
	GST_OBJECT_LOCK (self);
	if (which == POST_MESSAGES)
		self->post_messages = g_value_get_boolean (v);
	else
		self->interval = g_value_get_uint64 (v);
	GST_OBJECT_UNLOCK (self);
}

static void
set_property (GObject *object, guint id, const GValue *v, GParamSpec *spec)
{
	MdynElement *self = (MdynElement *) object;
	guint i = id - FIRST_ROW;
	if (i >= self->cls->n_params + OWN) {
		G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
		return;
	}
	if (i >= self->cls->n_params) {
		set_own (self, i - (guint) self->cls->n_params, v);
		return;
	}
	const mdyn_param *row = &self->cls->params[i];
	if (row->id == ROW_PRESET) {
		set_preset (self, row, g_value_get_string (v));
		return;
	}
	if (row->type == MDYN_REAL && !in_range (self, row, g_value_get_double (v)))
		return;
	GST_OBJECT_LOCK (self);
	switch (row->type) {
	case MDYN_REAL:
		store (self, row, g_value_get_double (v));
		break;
	case MDYN_BOOL:
		store (self, row, g_value_get_boolean (v));
		break;
	case MDYN_CHOICE:
		store (self, row, g_value_get_enum (v));
		break;
	case MDYN_TEXT:
		store_text (self, row, g_value_get_string (v));
		break;
	}
	GST_OBJECT_UNLOCK (self);
}

/* A READOUT row's value in the newest reading, its default before the first. Object lock held. */
static gdouble
readout (const MdynElement *self, const mdyn_param *wanted)
{
	gsize i = 0;
	for (const mdyn_param *row = self->cls->params; row < wanted; row++)
		i += (row->flags & MDYN_READOUT) != 0;
	return i < self->meters.n ? self->meters.v[i] : wanted->def;
}

static void
get_property (GObject *object, guint id, GValue *v, GParamSpec *spec)
{
	MdynElement *self = (MdynElement *) object;
	guint i = id - FIRST_ROW, own = (guint) self->cls->n_params;
	if (i >= own + OWN) {
		G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
		return;
	}
	if (i == own + STATS) {
		g_value_take_string (v, mdyngst_report_stats (self));
		return;
	}
	GST_OBJECT_LOCK (self);
	if (i == own + POST_MESSAGES) {
		g_value_set_boolean (v, self->post_messages);
	} else if (i == own + INTERVAL) {
		g_value_set_uint64 (v, self->interval);
	} else {
		const mdyn_param *row = &self->cls->params[i];
		gdouble value = row->flags & MDYN_READOUT ? readout (self, row) : self->value[i];
		switch (row->type) {
		case MDYN_REAL:
			g_value_set_double (v, value);
			break;
		case MDYN_BOOL:
			g_value_set_boolean (v, value != 0);
			break;
		case MDYN_CHOICE:
			g_value_set_enum (v, (gint) value);
			break;
		case MDYN_TEXT:
			g_value_set_string (v, self->text[i]);
			break;
		}
	}
	GST_OBJECT_UNLOCK (self);
}

void
mdyngst_props_install (GObjectClass *klass, const mdyn_class *cls)
{
	const GParamFlags own = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING;
	guint id = FIRST_ROW;
	klass->set_property = set_property;
	klass->get_property = get_property;
	EACH_ROW (cls, row)
	g_object_class_install_property (klass, id++, spec_of (cls, row));
	g_object_class_install_property (klass, id++,
	                                 g_param_spec_boolean ("post-messages", "post-messages", "Post each reading as an element message", FALSE, own));
	g_object_class_install_property (klass, id++,
	                                 g_param_spec_uint64 ("interval", "interval", "Time from one reading of the meters to the next (ns)", 1, G_MAXUINT64,
	                                                      100 * GST_MSECOND, own));
	if (mdyngst_report_has_stats (cls))
		g_object_class_install_property (klass, id++,
		                                 g_param_spec_string ("stats", "stats", "The measurement so far as JSON, as stats-file gets it", NULL,
		                                                      G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

void
mdyngst_props_init (MdynElement *self)
{
	self->value = g_new0 (gdouble, self->cls->n_params);
	self->text = g_new0 (gchar *, self->cls->n_params);
	self->refused_value = g_new0 (gchar *, self->cls->n_params);
	EACH_ROW (self->cls, row)
	self->value[row->id] = row->def;
	self->interval = 100 * GST_MSECOND;
}

void
mdyngst_props_free (MdynElement *self)
{
	EACH_ROW (self->cls, row)
	{
		g_free (self->text[row->id]);
		g_free (self->refused_value[row->id]);
	}
	g_free (self->text);
	g_free (self->refused_value);
	g_free (self->value);
}

void
mdyngst_props_refresh (MdynElement *self, mdyn_proc *core)
{
	EACH_ROW (self->cls, row)
	if (row->flags & MDYN_LIVE)
		mdyn_set (core, row->id, self->value[row->id]);
}

/* Texts first: a preset sets rows, and the values know already what was set after it. */
static int
fill (const mdyn_class *cls, mdyn_proc *core, const gdouble *value, gchar **text, gchar *why, gsize size)
{
	int err = 0;
	EACH_ROW (cls, row)
	if (err == 0 && row->type == MDYN_TEXT && text[row->id])
		err = mdyn_set_text (core, row->name, text[row->id], why, size);
	EACH_ROW (cls, row)
	if (err == 0 && row->type != MDYN_TEXT && !(row->flags & MDYN_READOUT)) {
		err = mdyn_set (core, row->id, value[row->id]);
		if (err < 0)
			g_snprintf (why, size, "%s: %s=%g: %s", cls->name, row->name, value[row->id], g_strerror (-err));
	}
	return err;
}

mdyn_proc *
mdyngst_props_build (MdynElement *self, const mdyn_format *format, gboolean prepare, gchar *why, gsize size)
{
	const mdyn_class *cls = self->cls;
	mdyn_proc *core = NULL;
	gdouble *value = g_new (gdouble, cls->n_params);
	gchar **text = g_new0 (gchar *, cls->n_params);
	GST_OBJECT_LOCK (self);
	memcpy (value, self->value, cls->n_params * sizeof *value);
	EACH_ROW (cls, row)
	text[row->id] = g_strdup (self->text[row->id]);
	if (prepare)
		self->dirty = FALSE;
	GST_OBJECT_UNLOCK (self);
	int err = mdyn_format_check (cls, format, why, size);
	if (err == 0) {
		err = mdyn_create (&core, cls, format);
		if (err < 0)
			g_snprintf (why, size, "%s: %s", cls->name, g_strerror (-err));
	}
	if (err == 0)
		err = fill (cls, core, value, text, why, size);
	if (err == 0 && prepare)
		err = mdyn_prepare (core, why, size);
	if (err < 0)
		mdyn_destroy (&core);
	EACH_ROW (cls, row)
	g_free (text[row->id]);
	g_free (text);
	g_free (value);
	return core;
}
