/* Weak stand-ins until the drawing and the records are there. */
#include "fields.h"
#include "ps_tree.h"
#define WEAK __attribute__((weak))
WEAK int ps_tree_draw(const struct ps_tree_settings *s, struct ps_tree_view *v, FILE *out)
{
    (void)s;
    for (size_t i = 0; i < v->selected_count; i++)
        fprintf(out, "%d\n", (int)v->snapshot->processes[v->selected[i]].stat.pid);
    return 0;
}
WEAK int ps_tree_records(const struct ps_tree_settings *s, struct ps_tree_view *v, FILE *out)
{
    return ps_tree_draw(s, v, out);
}
WEAK const struct pt_field *pt_field_find(const char *n, size_t l)
{
    (void)n;
    (void)l;
    return NULL;
}
WEAK int pt_fields_parse(const char *t, const struct pt_field ***r, struct pt_fault *f)
{
    (void)t;
    (void)r;
    return pt_fault_set(f, 0, "no such field");
}
