/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* A property for each row of the class, and two of the element's own: post-messages and interval. */
#ifndef MDYNGST_PROPS_H
#define MDYNGST_PROPS_H

#include "element.h"

void mdyngst_props_install (GObjectClass *klass, const mdyn_class *cls);

/* Defaults into a new element; and their end. */
void mdyngst_props_init (MdynElement *self);
void mdyngst_props_free (MdynElement *self);

/* FALSE, with an error on the bus, if a value out of its range was set since the last good one of that row. */
gboolean mdyngst_props_good (MdynElement *self);

/* A core with the values as set, NULL with one line in why if there can be none. With `prepare` it is ready for the first sample; without it no
 * file is read. Clears `dirty` when it prepares. */
mdyn_proc *mdyngst_props_build (MdynElement *self, const mdyn_format *format, gboolean prepare, gchar *why, gsize size);

/* Brings the LIVE rows of a core up to date. Object lock held. */
void mdyngst_props_refresh (MdynElement *self, mdyn_proc *core);

/* preset.c: the GstPreset interface. */
void mdyngst_preset_init (gpointer interface, gpointer data);
#endif
