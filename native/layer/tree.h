/*
 * A directory tree that entries are written to. All access is by descriptor and single name, symbolic links are
 * resolved here and never by the kernel: what an archive names cannot lie outside the tree.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "failure.h"
#include "late.h"
#include "made.h"
#include "mounts.h"

/* A directory found by walking. */
struct spot {
  int fd;
  int lower;  /* the same directory in the layers below, or -1 when none shows through */
  char *path; /* from the root, no links and no dots in it; "" is the root */
};

struct tree {
  struct layer_place place;
  char *base;        /* directory that entry names are relative to; "" is the root */
  bool track;        /* remember what this archive made, to tell it from what was there */
  struct made *made; /* see made.h */
  struct made borrowed; /* in an overlay: parents that were copied from below, as only their content was given */
  struct made told;     /* of those, the ones that got an entry of their own after all */
  struct late late;
  uint64_t parents;  /* made without an entry of their own */
  char *near_name; /* the name that `near` was found by, or NULL */
  struct spot near;
};

/*
 * The cleaned name (no leading slash, no dots, no doubled slash) for the caller to free; refuses `..` and
 * what no path can hold.
 */
int clean_name(const char *raw, char **name, struct failure *failure);

/*
 * Finds the directory `name` (clean, below the base), making what is missing: a directory that only lower layers
 * have is copied with its metadata, any other is 0755 root. The spot stays the tree's and holds until the next call.
 */
int tree_directory(struct tree *tree, const char *name, const struct spot **spot, struct failure *failure);

/* The directory that `name` lies in; `last` points to the last component within `name`. */
int tree_parent(struct tree *tree, const char *name, const struct spot **spot, const char **last, struct failure *failure);

/* Walks like tree_directory but from the root, into a spot of the caller's. Without `create` a missing one fails. */
int tree_walk(struct tree *tree, const char *path, bool create, struct spot *spot, struct failure *failure);

/* To be called after anything was replaced or hidden: the next lookup starts at the root. */
void tree_forget(struct tree *tree);
void spot_close(struct spot *spot);

/* Notes times for the end; `tree_finish` sets them all. */
int tree_late_times(struct tree *tree, const char *directory, const char *name, const struct timespec times[2], struct failure *failure);
void tree_finish(struct tree *tree);

/* Remembers the inode as made by this archive, when the tree keeps track. */
int tree_made(struct tree *tree, int fd, const char *name, struct failure *failure);

/* To be called for a directory that has an entry: it is no mere parent. */
int tree_told(struct tree *tree, int fd, struct failure *failure);

/* True for a directory that this archive said nothing of. */
bool tree_borrowed(const struct tree *tree, ino_t inode);

bool is_whiteout(const struct stat *status);
bool is_opaque(int fd);
int make_opaque(int fd, const char *entry, struct failure *failure);
