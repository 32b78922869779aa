/* What is mounted over a tree before it becomes the root: the volumes and binds of a container that is not running. */
#pragma once

#include <stdbool.h>

#include "failure.h"

enum { MOST_OVERS = 1024 };

struct over {
  const char *source; /* directory or file of the host */
  const char *target; /* path in the tree; links in it resolve inside of the tree */
  bool read_only;
};

struct overs {
  struct over list[MOST_OVERS];
  int count;
};

/*
 * Mounts each over `root`, in order, in this mount namespace. Directories that are missing for directories are made.
 * One that has no place in the tree is left out: nothing can be seen or written through it.
 */
int put_overs(int root, const struct overs *overs, struct failure *failure);
