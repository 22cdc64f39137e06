/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */
#include "props.h"

/* What a preset of the user's keeps: all that can be set, in the table's order, so that `preset` comes before the rows that differ from it. */
static gchar **
property_names (GstPreset *preset)
{
	const mdyn_class *cls = ((MdynElement *) preset)->cls;
	GPtrArray *names = g_ptr_array_new ();
	for (gsize i = 0; i < cls->n_params; i++)
		if (!(cls->params[i].flags & MDYN_READOUT))
			g_ptr_array_add (names, g_strdup (cls->params[i].name));
	g_ptr_array_add (names, NULL);
	return (gchar **) g_ptr_array_free (names, FALSE);
}

void
mdyngst_preset_init (gpointer interface, gpointer data)
{
	(void) data;
	((GstPresetInterface *) interface)->get_property_names = property_names;
}
