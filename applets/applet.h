/* What the dispatcher knows of an applet: its options (with its name and summary) and its run. */
#ifndef PT_APPLET_H
#define PT_APPLET_H

#include <stddef.h>

#include "options.h"

struct pt_applet {
    const struct pt_options *options;
    /* argv[0] is the applet's name, however it was called. Returns the exit status; the dispatcher
     * then checks stdout (see pt_report_end). */
    int (*run)(int argc, char **argv);
};

/* Every applet of this build, sorted by name; ends with NULL. */
extern const struct pt_applet *const pt_applets[];

/* The applet of that name, or NULL. */
const struct pt_applet *pt_applet_find(const char *name);

#endif
