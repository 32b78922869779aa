// File calls without a door in the runtime.
#include <errno.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "gantry.h"

int gantry_openat2(int directory, const char *path, uint32_t flags, uint32_t mode, uint32_t resolve) {
  struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
  long fd = syscall(SYS_openat2, directory, path, &how, sizeof how);
  return fd < 0 ? -errno : (int)fd;
}

int gantry_lgetxattr(const char *path, const char *name, void *value, uint32_t size) {
  ssize_t got = lgetxattr(path, name, value, size);
  return got < 0 ? -errno : (int)got;
}

int gantry_lsetxattr(const char *path, const char *name, const void *value, uint32_t size, int flags) {
  return lsetxattr(path, name, value, size, flags) < 0 ? -errno : 0;
}

int gantry_mknod(const char *path, uint32_t mode, uint32_t major, uint32_t minor) {
  return mknod(path, mode, makedev(major, minor)) < 0 ? -errno : 0;
}

int gantry_close(int fd) {
  return close(fd) < 0 ? -errno : 0;
}
