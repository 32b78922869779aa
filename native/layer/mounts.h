/* From a mount value to directory descriptors, all in a private mount namespace. */
#pragma once

#include <stdbool.h>

#include "failure.h"
#include "over.h"

/* A mount as the engine describes it; nothing is mounted by having one. */
struct mount_value {
  const char *type;    /* overlay or bind */
  const char *source;  /* the directory of a bind */
  const char *options; /* comma separated; overlay: lowerdir=a:b,upperdir=…,workdir=… */
};

/* Where a layer is applied. */
struct layer_place {
  int root;     /* the directory written to: an overlay's upper directory, or the tree itself */
  int lower;    /* the merged layers below it, or -1 */
  bool overlay; /* deletions are written as overlay whiteouts */
  bool apart;   /* there are layers below it, which are not to be seen yet */
};

/* Mounts the tree where nobody else sees it, makes it the root of this process and returns its descriptor. */
int enter_tree(const struct mount_value *mount, struct failure *failure);

/* The same with other mounts over it. */
int enter_tree_with(const struct mount_value *mount, const struct overs *overs, struct failure *failure);

/*
 * Opens the directory that the layer of `mount` is kept in and, for an overlay, what lies below it; makes the
 * former the root of this process.
 */
int enter_layer(const struct mount_value *mount, struct layer_place *place, struct failure *failure);

/* The same for the layer alone, kept in the directory `path`, before it is known what lies below it. */
int enter_apart(const char *path, struct layer_place *place, struct failure *failure);

/* Makes `path` the root of this process and returns its descriptor. */
int enter_directory(const char *path, struct failure *failure);
