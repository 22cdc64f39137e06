/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */
#include "actions.h"

#include <string.h>

/* What is asked of an element that does not run has no stream to happen in. */
static void
trigger (MdynElement *self, const mdyn_event *event)
{
	GST_OBJECT_LOCK (self);
	if (self->core)
		mdyn_trigger (self->core, event->id);
	GST_OBJECT_UNLOCK (self);
}

void
mdyngst_actions_install (GObjectClass *klass, const mdyn_class *cls)
{
	for (gsize i = 0; i < cls->n_events; i++)
		g_signal_newv (cls->events[i].name, G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
		               g_cclosure_new (G_CALLBACK (trigger), (gpointer) &cls->events[i], NULL), NULL, NULL, NULL, G_TYPE_NONE, 0, NULL);
}

void
mdyngst_actions_cue (MdynElement *self)
{
	for (gsize i = 0; i < self->cls->n_events; i++)
		if (!strcmp (self->cls->events[i].name, "cue"))
			trigger (self, &self->cls->events[i]);
}
