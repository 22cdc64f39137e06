/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */
#ifndef MDYNGST_LAYOUT_H
#define MDYNGST_LAYOUT_H

#include "element.h"

/* Every format that a core can be built for. The caller owns it. */
GstCaps *mdyngst_layout_caps (void);

/* What a core is built for, from what was negotiated. */
mdyn_format mdyngst_layout_format (const GstAudioInfo *info);

/* Writes one line that says why caps are not accepted. TRUE if it is their rate or channel count, which no core takes. */
gboolean mdyngst_layout_why (const mdyn_class *cls, const GstCaps *caps, gchar *why, gsize size);
#endif
