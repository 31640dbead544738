/*
 * What a row prints, as a hash of 64 bits: SipHash-1-3 under a key from getrandom. With a key that
 * is known anybody could name processes so that an unequal subtree folds away.
 */
#ifndef PS_TREE_FOLD_H
#define PS_TREE_FOLD_H

#include "ps_tree.h"

struct ps_tree_fold {
    uint64_t key[2];
};

void ps_tree_fold_init(struct ps_tree_fold *fold);

/* A hash that is being made. */
struct ps_tree_hash {
    uint64_t v[4];
    uint64_t words;
};

void ps_tree_hash_begin(struct ps_tree_hash *hash, const struct ps_tree_fold *fold);
void ps_tree_hash_word(struct ps_tree_hash *hash, uint64_t word);
void ps_tree_hash_bytes(struct ps_tree_hash *hash, const char *bytes, size_t length);
uint64_t ps_tree_hash_end(struct ps_tree_hash *hash);

/* Adds everything that the process's own row shows or was asked to tell apart. */
void ps_tree_hash_process(struct ps_tree_hash *hash, const struct ps_tree_settings *settings,
                          const struct ps_tree_view *view, uint32_t node);

#endif
