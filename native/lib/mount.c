// Mounting and unmounting.
#include <errno.h>
#include <sys/mount.h>

#include "gantry.h"

int gantry_mount(const char *source, const char *target, const char *type, uint32_t flags, const char *data) {
  return mount(source, target, type, flags, data) < 0 ? -errno : 0;
}

int gantry_umount(const char *target, int flags) {
  return umount2(target, flags) < 0 ? -errno : 0;
}
