/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* What differs between FFmpeg 5.1 and 9, so that af_master.c has no version in it. */
#ifndef AVFILTER_AF_MASTER_COMPAT_H
#define AVFILTER_AF_MASTER_COMPAT_H

/* FFmpeg 5.1 compiles as C99 and warns about declarations between statements; the core's style has them. */
#pragma GCC diagnostic ignored "-Wdeclaration-after-statement"

#include "libavutil/channel_layout.h"
#include "libavutil/fifo.h"
#include "libavutil/internal.h"
#include "libavutil/mem.h"
#include "libavutil/opt.h"
#include "libavutil/samplefmt.h"
#include "libavutil/version.h"

#include "audio.h"
#include "avfilter.h"
#include "filters.h"
#include "formats.h"
#include "version.h"

#if LIBAVFILTER_VERSION_INT < AV_VERSION_INT (10, 4, 100)
#include "internal.h"
#endif

/* From 8.0 a filter's public part is a member of its own. */
#if LIBAVFILTER_VERSION_MAJOR >= 11
#define MASTER_FILTER FFFilter
#define MASTER_PUBLIC(...) .p = { __VA_ARGS__ }
#else
#define MASTER_FILTER AVFilter
#define MASTER_PUBLIC(...) __VA_ARGS__
#endif

/* From 7.1 the lists that a filter offers are handed to it instead of lying on its links. */
#ifdef FILTER_QUERY_FUNC2
#define MASTER_QUERY_FUNC FILTER_QUERY_FUNC2
#define MASTER_QUERY_ARGS (const AVFilterContext *ctx, AVFilterFormatsConfig **in, AVFilterFormatsConfig **out)
#define MASTER_QUERY_LAYOUTS(i) (&in[i]->channel_layouts)
#define MASTER_QUERY(set, ...) set##2 (ctx, in, out, ##__VA_ARGS__)
#else
#define MASTER_QUERY_FUNC FILTER_QUERY_FUNC
#define MASTER_QUERY_ARGS (AVFilterContext * ctx)
#define MASTER_QUERY_LAYOUTS(i) (&ctx->inputs[i]->outcfg.channel_layouts)
#define MASTER_QUERY(set, ...) set (ctx, ##__VA_ARGS__)
#endif

#define MASTER_HAS_SIDE_SURROUND (LIBAVUTIL_VERSION_INT >= AV_VERSION_INT (59, 21, 100))
#define MASTER_HAS_BINAURAL (LIBAVUTIL_VERSION_INT >= AV_VERSION_INT (59, 47, 100))

#endif
