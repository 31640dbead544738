#include "ps_tree_fold.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kernel.h"
#include "ps_tree_label.h"

/* --- SipHash-1-3 (Aumasson and Bernstein, 2012), over whole words --- */

void ps_tree_fold_init(struct ps_tree_fold *fold)
{
    if (pt_getrandom(fold->key, sizeof fold->key) == 0)
        return;
    /* No random numbers yet, early at boot, or no such call: what a stranger would have to guess.
     */
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    fold->key[0] = (uint64_t)now.tv_nsec ^ (uint64_t)(uintptr_t)fold;
    fold->key[1] = (uint64_t)getpid() << 32 ^ (uint64_t)now.tv_sec;
}

static uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32) + v[3];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

void ps_tree_hash_begin(struct ps_tree_hash *hash, const struct ps_tree_fold *fold)
{
    *hash = (struct ps_tree_hash){
        .v = {fold->key[0] ^ UINT64_C(0x736f6d6570736575),
              fold->key[1] ^ UINT64_C(0x646f72616e646f6d),
              fold->key[0] ^ UINT64_C(0x6c7967656e657261),
              fold->key[1] ^ UINT64_C(0x7465646279746573)},
    };
}

void ps_tree_hash_word(struct ps_tree_hash *hash, uint64_t word)
{
    hash->v[3] ^= word;
    sip_round(hash->v);
    hash->v[0] ^= word;
    hash->words++;
}

/* With their length before them, so that no two runs of fields look the same. */
void ps_tree_hash_bytes(struct ps_tree_hash *hash, const char *bytes, size_t length)
{
    ps_tree_hash_word(hash, length);
    while (length > 0) {
        uint64_t word = 0;
        size_t size = length < sizeof word ? length : sizeof word;
        memcpy(&word, bytes, size);
        ps_tree_hash_word(hash, word);
        bytes += size;
        length -= size;
    }
}

uint64_t ps_tree_hash_end(struct ps_tree_hash *hash)
{
    ps_tree_hash_word(hash, hash->words << 56);
    hash->v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(hash->v);
    return hash->v[0] ^ hash->v[1] ^ hash->v[2] ^ hash->v[3];
}

/* --- a process --- */

static void hash_text(struct ps_tree_hash *hash, const struct pt_process *process,
                      enum pt_source source, struct pt_bytes text)
{
    bool known = pt_process_has(process, source);
    ps_tree_hash_word(hash, known);
    if (known)
        ps_tree_hash_bytes(hash, text.bytes, text.length);
}

void ps_tree_hash_process(struct ps_tree_hash *hash, const struct ps_tree_settings *settings,
                          const struct ps_tree_view *view, uint32_t node)
{
    const struct pt_process *process = &view->snapshot->processes[node];
    uint64_t looks =
        (uint64_t)ps_tree_mark_of(process) << 8 | ps_tree_colour_of(settings, view, node);

    ps_tree_hash_bytes(hash, process->stat.comm, process->stat.comm_length);
    ps_tree_hash_word(hash, looks);
    if (settings->pgids)
        ps_tree_hash_word(hash, (uint64_t)process->stat.pgrp);
    if (settings->uid_changes) {
        uid_t uid = 0;
        ps_tree_hash_word(hash, pt_process_euid(process, &uid));
        ps_tree_hash_word(hash, uid);
    }
    if (settings->namespace_changes) {
        bool known = pt_process_has(process, PT_SOURCE_NAMESPACES);
        for (size_t i = 0; i < PT_NS_COUNT; i++)
            ps_tree_hash_word(hash, known ? process->more->namespaces[i] : 0);
    }
    if (settings->paths)
        hash_text(hash, process, PT_SOURCE_EXE,
                  process->more ? process->more->exe : (struct pt_bytes){0});
}
