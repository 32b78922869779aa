// Mounts the root file system. Runs in the short-lived child that execs the runtime, inside its own mount namespace.
#pragma once

#include "config.h"

// Leaves the host's view: a private mount namespace that still receives the host's mounts, without the mounts
// that the runtime must not see.
int rootfs_enter_namespace(const struct config *config, struct failure *failure);
// Mounts everything the configuration lists onto `config->rootfs`.
int rootfs_mount(const struct config *config, struct failure *failure);
