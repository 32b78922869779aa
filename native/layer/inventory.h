/* What stands in a tree, without the contents. */
#pragma once

#include "failure.h"

/*
 * Prints one entry after the other, directories before what lies in them, siblings in the order of their bytes:
 *
 *   <kind> <mode> <uid> <gid> <size> <seconds> <nanoseconds> <inode> <links> <device>\0<path>\0<target>\0
 *
 * Numbers are decimal. The kind is a letter: f file, d directory, D directory that hides those below it, l link,
 * c and b devices, p pipe, s socket, w deletion. The target is that of a link, else empty.
 */
int print_inventory(const char *path, struct failure *failure);
