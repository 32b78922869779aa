/* Bringing a file of the layers below into this layer. */
#pragma once

#include "tree.h"

/* Copies `name` (no directory) of `spot->lower` to `spot->fd` with data and metadata. `entry` is for messages. */
int copy_up(struct tree *tree, const struct spot *spot, const char *name, const char *entry, struct failure *failure);
