#include "applet.h"

#include <string.h>

/* The rows come from the configuration (PROCTOOL_APPLETS), sorted: APPLET(ps_tree) and so on. Each
 * applet's main file defines `const struct pt_applet pt_applet_ps_tree`. */
#define APPLET(name) extern const struct pt_applet pt_applet_##name;
#include "applet_rows.h"
#undef APPLET

#define APPLET(name) &pt_applet_##name,
const struct pt_applet *const pt_applets[] = {
#include "applet_rows.h"
    NULL,
};

const struct pt_applet *pt_applet_find(const char *name)
{
    for (size_t i = 0; pt_applets[i] != NULL; i++) {
        if (strcmp(pt_applets[i]->options->name, name) == 0)
            return pt_applets[i];
    }
    return NULL;
}
