/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* What a class has to tell beyond numbers: the property `stats`, files and words due while it runs and at the end. */
#ifndef MDYNGST_REPORT_H
#define MDYNGST_REPORT_H

#include "element.h"

/* Whether the class has a measurement to tell as text. */
gboolean mdyngst_report_has_stats (const mdyn_class *cls);

/* The measurement of the present stream or, between two, of the last one; NULL: none yet. Any thread, the caller frees it. */
gchar *mdyngst_report_stats (MdynElement *self);

/* Streaming thread: between two stretches of frames; and at the end of a stream, before the core forgets it. */
void mdyngst_report_due (MdynElement *self);
void mdyngst_report_end (MdynElement *self);
#endif
