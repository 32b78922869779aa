// Trees of mounts: taken from another namespace, narrowed to a part, kept from the host. For rootfs.c, in the child
// that has a mount namespace of its own.
#pragma once

#include "util.h"

// Mounts what stands at `path` in the mount namespace `space` (a file of /proc) on `target` as well.
int tree_from(const char *space, const char *path, const char *target);
// Mounts the directory `part` of the tree on `target` over it. Links in the tree lead nowhere outside of it.
int tree_narrow(const char *target, const char *part);
// What is mounted on the mount that holds `path` is from now on seen in this namespace alone.
int tree_keep(const char *path);
