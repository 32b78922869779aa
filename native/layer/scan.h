/* A directory tree as tar on standard output, in order of names. */
#pragma once

#include "failure.h"

/* The changes that an overlay's upper directory holds, deletions as OCI whiteouts. */
int write_upper(int directory, struct failure *failure);

/* What differs between the trees `older` and `newer`, deletions as OCI whiteouts. */
int write_difference(int older, int newer, struct failure *failure);

/*
 * All of `path` below the root. `name` is what the top is called in the archive: what lies in it stands below
 * `name`; with "" the top is left out.
 */
int write_tree(int root, const char *path, const char *name, struct failure *failure);
