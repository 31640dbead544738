#include "members.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "waitset.h"

void pt_members_init(struct pt_members *members, const struct pt_procfs *procfs)
{
    *members = (struct pt_members){.procfs = procfs};
    pt_arena_init(&members->arena);
}

void pt_members_done(struct pt_members *members)
{
    for (size_t i = 0; i < members->count; i++)
        pt_handle_close(&members->list[i]->handle);
    free(members->list);
    free(members->slots);
    pt_arena_done(&members->arena);
    *members = (struct pt_members){.procfs = members->procfs};
}

/* --- by pid: open addressing, at most half full --- */

static size_t slot_of(const struct pt_members *members, pid_t pid)
{
    size_t mask = members->slot_count - 1;
    size_t slot = ((size_t)pid * UINT32_C(2654435761)) & mask;

    while (members->slots[slot] != 0 && members->list[members->slots[slot] - 1]->handle.pid != pid)
        slot = (slot + 1) & mask;
    return slot;
}

static int grow_slots(struct pt_members *members)
{
    size_t count = members->slot_count != 0 ? members->slot_count * 2 : 64;
    uint32_t *slots = calloc(count, sizeof *slots);

    if (slots == NULL)
        return -ENOMEM;
    free(members->slots);
    members->slots = slots;
    members->slot_count = count;
    for (size_t i = 0; i < members->count; i++)
        slots[slot_of(members, members->list[i]->handle.pid)] = (uint32_t)i + 1;
    return 0;
}

static int reserve(struct pt_members *members)
{
    struct pt_member **list =
        pt_grow(members->list, members->count, &members->capacity, sizeof(struct pt_member *));

    if (list == NULL)
        return -ENOMEM;
    members->list = list;
    return members->count * 2 < members->slot_count ? 0 : grow_slots(members);
}

uint32_t pt_members_find(const struct pt_members *members, pid_t pid)
{
    size_t slot;

    if (members->slot_count == 0)
        return PT_NO_MEMBER;
    slot = slot_of(members, pid);
    return members->slots[slot] != 0 ? members->slots[slot] - 1 : PT_NO_MEMBER;
}

/* --- adding --- */

/* Stands before the caller's verifier, to keep what the record says. */
struct nomination {
    struct pt_members *members;
    const struct pt_verifier *inner;
    const char *comm;
    uint32_t comm_length;
    pid_t tpgid;
    char state;
};

static int verify_nominee(const struct pt_verifier *verifier, const struct pt_handle *handle,
                          struct pt_process *now, struct pt_arena *arena)
{
    struct nomination *nomination = verifier->data;
    const struct pt_verifier *inner = nomination->inner;
    int answer = PT_ROLE_TARGET;

    if (inner->verify != NULL)
        answer = inner->verify(inner, handle, now, arena);
    if (answer <= 0)
        return answer;
    nomination->tpgid = now->stat.tpgid;
    nomination->state = now->stat.state;
    nomination->comm_length = now->stat.comm_length;
    nomination->comm =
        pt_arena_strndup(&nomination->members->arena, now->stat.comm, now->stat.comm_length);
    return nomination->comm != NULL ? answer : -ENOMEM;
}

static int append(struct pt_members *members, const struct pt_handle *handle, uint32_t *ret_index)
{
    struct pt_member *member;

    if (reserve(members) != 0)
        return -ENOMEM;
    member = pt_arena_alloc(&members->arena, sizeof *member, PT_ALIGN_OF(struct pt_member));
    if (member == NULL)
        return -ENOMEM;
    *member = (struct pt_member){.handle = *handle, .parent = PT_NO_MEMBER, .comm = ""};
    *ret_index = (uint32_t)members->count;
    members->list[members->count++] = member;
    members->slots[slot_of(members, handle->pid)] = *ret_index + 1;
    return 0;
}

/* Remembers a zombie; one that is gone altogether needs no memory. */
static int append_dead(struct pt_members *members, pid_t pid)
{
    struct pt_handle handle = {.pid = pid, .fd = -1, .ended = true};
    struct pt_process process;
    struct pt_arena arena;
    uint32_t index;
    int error;

    pt_arena_init(&arena);
    error = pt_process_read(members->procfs, pid, PT_SOURCE_BIT(PT_SOURCE_STAT), &arena, &process);
    if (error == 0 && pt_process_has_ended(&process)) {
        handle.starttime = process.stat.starttime;
        error = append(members, &handle, &index);
        if (error == 0)
            members->list[index]->role = PT_ROLE_DEAD;
    }
    pt_arena_done(&arena);
    return error == -ENOMEM ? error : -ESRCH;
}

int pt_members_add(struct pt_members *members, pid_t pid, const struct pt_verifier *verifier,
                   uint32_t parent, uint32_t *ret_index)
{
    struct nomination nomination = {.members = members, .inner = verifier};
    struct pt_verifier outer = {
        .procfs = members->procfs, .verify = verify_nominee, .data = &nomination};
    uint32_t known = pt_members_find(members, pid);
    struct pt_handle handle;
    struct pt_member *member;
    int answer = pt_handle_open(&handle, &outer, pid);

    if (answer == -ESRCH)
        return append_dead(members, pid);
    if (answer <= 0)
        return answer;
    if (known != PT_NO_MEMBER && pt_member_lives(members->list[known]) &&
        pt_handle_is_same(&members->list[known]->handle, &handle)) {
        pt_handle_close(&handle);
        if (answer == PT_ROLE_TARGET)
            members->list[known]->role = PT_ROLE_TARGET;
        *ret_index = known;
        return 1;
    }
    if (append(members, &handle, ret_index) != 0) {
        pt_handle_close(&handle);
        return -ENOMEM;
    }
    member = members->list[*ret_index];
    member->verifier = verifier;
    member->parent = parent;
    member->role = (enum pt_role)answer;
    member->comm = nomination.comm;
    member->comm_length = nomination.comm_length;
    member->tpgid = nomination.tpgid;
    member->state = nomination.state;
    return 1;
}

int pt_member_signal(struct pt_member *member, const struct pt_procfs *procfs, int signal)
{
    const struct pt_verifier anyone = {.procfs = procfs};
    int error = pt_handle_signal(&member->handle,
                                 member->verifier != NULL ? member->verifier : &anyone, signal);

    /* SIGCONT may be sent to anybody of our own session: that it could be says nothing. */
    if (signal != SIGCONT || error == -EPERM)
        member->refused = error == -EPERM;
    return error;
}

size_t pt_members_living(const struct pt_members *members)
{
    size_t living = 0;

    for (size_t i = 0; i < members->count; i++)
        living += members->list[i]->role == PT_ROLE_TARGET && pt_member_lives(members->list[i]);
    return living;
}

int pt_member_note_sent(struct pt_members *members, struct pt_member *member, int signal)
{
    struct pt_sent *sent =
        pt_arena_alloc(&members->arena, sizeof *sent, PT_ALIGN_OF(struct pt_sent));

    if (sent == NULL)
        return -ENOMEM;
    *sent = (struct pt_sent){.signal = signal, .at = pt_monotonic()};
    if (member->last_sent != NULL)
        member->last_sent->next = sent;
    else
        member->sent = sent;
    member->last_sent = sent;
    if (signal == SIGKILL)
        member->forced = true;
    return 0;
}
