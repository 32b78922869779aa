/*
 * A layer blob, read from descriptor 3 while it arrives (arrival.h), onto a tree. On standard output: lines
 * `at BYTES` on the way, and at the end `done SHA256 TARBYTES ROOT BYTES INODES`: of the plain tar, whether it had an
 * entry for the root, and what lies in the tree.
 */
#pragma once

#include "apply.h"
#include "failure.h"
#include "mounts.h"

/* `mount` may also be of type `apart`: its source is an upper directory whose lower ones are not known yet. */
int unpack(const struct mount_value *mount, struct apply_options *options, struct failure *failure);
