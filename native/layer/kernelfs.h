#pragma once

#include <stdbool.h>

/* True where the kernel makes up what a directory shows, so that nothing in it can be copied as files: processes, devices, cgroups. */
bool is_made_up(int fd);
