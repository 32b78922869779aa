// The container's cgroups, as directories: one on a v2 host, one a hierarchy on v1.
#pragma once

#include "config.h"

// How often the kernel killed a process of the container for lack of memory.
uint64_t cgroup_oom_kills(const struct config *config);
// Thaws and kills every process; returns how many were still there.
unsigned cgroup_kill(const struct config *config);
// Removes the directories, those that the container made below included. -EBUSY while a process is left.
int cgroup_remove(const struct config *config);
