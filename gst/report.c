/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */
#include "report.h"

#include <errno.h>

gboolean
mdyngst_report_has_stats (const mdyn_class *cls)
{
	const mdyn_format any = { .sample = MDYN_F32, .rate = 48000, .channels = 1 };
	mdyn_proc *core;
	if (mdyn_create (&core, cls, &any) < 0)
		return FALSE;
	gboolean has = mdyn_stats (core, NULL, 0) != -ENOTSUP;
	mdyn_destroy (&core);
	return has;
}

/* `compose` is mdyn_stats or mdyn_summary. The core is at rest. */
static gchar *
text_of (mdyn_proc *core, int (*compose) (mdyn_proc *, char *, size_t))
{
	int n = compose (core, NULL, 0);
	gchar *text = n > 0 ? g_malloc ((gsize) n + 1) : NULL;
	if (text && compose (core, text, (gsize) n + 1) != n)
		g_clear_pointer (&text, g_free);
	return text;
}

gchar *
mdyngst_report_stats (MdynElement *self)
{
	g_mutex_lock (&self->busy);
	gchar *text = self->core && self->fed ? text_of (self->core, mdyn_stats) : g_strdup (self->last_stats);
	g_mutex_unlock (&self->busy);
	return text;
}

void
mdyngst_report_due (MdynElement *self)
{
	gchar why[600];
	*why = 0; /* it comes with every buffer */
	g_mutex_lock (&self->busy);
	int err = mdyn_report (self->core, why, sizeof why);
	g_mutex_unlock (&self->busy);
	if (err < 0)
		GST_ELEMENT_WARNING (self, RESOURCE, WRITE, ("%s", why), (NULL));
}

void
mdyngst_report_end (MdynElement *self)
{
	gchar why[600] = "";
	g_mutex_lock (&self->busy);
	int err = mdyn_finish (self->core, why, sizeof why);
	gchar *summary = text_of (self->core, mdyn_summary);
	if (self->fed) {
		g_free (self->last_stats);
		self->last_stats = text_of (self->core, mdyn_stats);
	}
	g_mutex_unlock (&self->busy);
	if (err < 0)
		GST_ELEMENT_ERROR (self, RESOURCE, WRITE, ("%s", why), (NULL));
	if (summary)
		GST_ELEMENT_INFO (self, STREAM, FORMAT, ("%s", summary), (NULL));
	g_free (summary);
}
