// Unmounting.
#include <errno.h>
#include <sys/mount.h>

#include "gantry.h"

int gantry_umount(const char *target, int flags) {
  return umount2(target, flags) < 0 ? -errno : 0;
}
