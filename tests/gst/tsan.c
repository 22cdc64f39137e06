/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Tells the thread sanitizer of GLib's locks: they are futexes in a library that is not instrumented, so it sees the data they guard and not them. Linked into
 * a test program, these stand before GLib's own for all that calls them through the linker. */
#include <dlfcn.h>
#include <glib.h>

void __tsan_acquire (void *address);
void __tsan_release (void *address);

#define REAL(name) \
	static __typeof__ (name) *_Atomic real; \
	if (!real) \
	real = (__typeof__ (name) *) dlsym (RTLD_NEXT, #name)

#define LOCKS(prefix, type) \
	void prefix##_lock (type *m) \
	{ \
		REAL (prefix##_lock); \
		real (m); \
		__tsan_acquire (m); \
	} \
	gboolean prefix##_trylock (type *m) \
	{ \
		REAL (prefix##_trylock); \
		gboolean got = real (m); \
		if (got) \
			__tsan_acquire (m); \
		return got; \
	} \
	void prefix##_unlock (type *m) \
	{ \
		REAL (prefix##_unlock); \
		__tsan_release (m); \
		real (m); \
	}

LOCKS (g_mutex, GMutex)
LOCKS (g_rec_mutex, GRecMutex)

void
g_cond_wait (GCond *cond, GMutex *m)
{
	REAL (g_cond_wait);
	__tsan_release (m);
	real (cond, m);
	__tsan_acquire (m);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *m, gint64 until)
{
	REAL (g_cond_wait_until);
	__tsan_release (m);
	gboolean woken = real (cond, m, until);
	__tsan_acquire (m);
	return woken;
}

typedef struct Start {
	GThreadFunc func;
	gpointer data;
} Start;

static gpointer
begin (gpointer data)
{
	Start start = *(Start *) data;
	__tsan_acquire (data);
	g_free (data);
	return start.func (start.data);
}

GThread *
g_thread_new (const gchar *name, GThreadFunc func, gpointer data)
{
	REAL (g_thread_new);
	Start *start = g_new (Start, 1);
	*start = (Start) { func, data };
	__tsan_release (start);
	return real (name, begin, start);
}
