/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The plugin: one element for each class of the core. */
#include "element.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
	const mdyn_class *cls;
	mdyngst_debug_init ();
	for (int kind = 0; (cls = mdyn_class_get (kind)); kind++)
		if (!gst_element_register (plugin, cls->name, GST_RANK_NONE, mdyngst_element_type (cls)))
			return FALSE;
	return TRUE;
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, mdyn, "Mastering dynamics: compressor, true-peak limiter, gate, loudness normaliser",
                   plugin_init, VERSION, "LGPL", "mdyn", "mdyn")
