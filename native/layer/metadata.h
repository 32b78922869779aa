/* Owner, mode, times and extended attributes, from one place onto another. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "failure.h"

/* Overlayfs keeps its own state in these: they describe one mount, not the file. */
bool is_private_xattr(const char *name);

/*
 * Sets one attribute on `fd`, or on `name` in the working directory when `fd` is -1. What the file system or the
 * kind of file cannot hold is left out, as Docker does.
 */
int put_xattr(int fd, const char *name, const char *key, const void *value, size_t size, struct failure *failure);

/* Removes all attributes but private ones. */
int drop_xattrs(int fd, const char *entry, struct failure *failure);

/* Copies all attributes of `from` onto `to`. */
int copy_xattrs(int from, int to, const char *entry, struct failure *failure);

/* Owner first, as a change of owner drops setuid bits and capabilities; then mode. `fd` is a file or directory. */
int put_owner_and_mode(int fd, const struct stat *status, const char *entry, struct failure *failure);
