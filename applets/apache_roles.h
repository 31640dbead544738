/* One story in two files: apache_listeners.c sees what each child listens on, apache_roles.c
 * decides what that makes of it. */
#ifndef APACHE_ROLES_H
#define APACHE_ROLES_H

#include "apache_mem.h"

/* What one child's descriptors and argv say. */
struct apache_child {
    struct apache_worker *worker;
    bool refused; /* its descriptors may not be read */
    bool gone;
    bool helper;
    bool infant; /* nothing yet */
    struct pt_descriptors descriptors;
    bool partial; /* only those that a sibling has, too */
    size_t tcp, unixes, cgid;
    size_t wsgi;
    struct pt_bytes wsgi_id;  /* of the last one */
    bool has_cgid, has_fcgid; /* these modules, where that matters */
};

/* The children of one instance while they are told apart. */
struct apache_sorting {
    struct apache_world *world;
    struct apache_instance *instance;
    const struct pt_process *master;
    struct apache_child *children;
    size_t count;
};

static inline const struct pt_process *apache_child_record(const struct apache_sorting *sorting,
                                                           const struct apache_child *child)
{
    return &sorting->world->snapshot.processes[child->worker->index];
}

/* Reads the descriptors of master and children, and counts what they listen on. 0 or -errno; who is
 * gone, or may not be looked at, is marked. */
int apache_read_listeners(struct apache_sorting *sorting);

#endif
