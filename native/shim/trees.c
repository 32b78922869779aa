#include "trees.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

int tree_from(const char *space, const char *path, const char *target) {
  autofd there = open(space, O_RDONLY | O_CLOEXEC);
  if (there < 0) return -errno;
  autofd here = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
  if (here < 0) return -errno;
  // Entering a namespace changes the working directory, below which the runtime's files are named.
  autofd directory = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return -errno;
  if (setns(there, CLONE_NEWNS) < 0) return -errno;
  autofd tree = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  int result = tree < 0 ? -errno : 0;
  if (setns(here, CLONE_NEWNS) < 0 || fchdir(directory) < 0) return -errno;
  if (result < 0) return result;
  if (syscall(SYS_move_mount, tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) < 0) return -errno;
  return 0;
}

int tree_narrow(const char *target, const char *part) {
  autofd root = open(target, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) return -errno;
  struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                         .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
  autofd found = (int)syscall(SYS_openat2, root, part, &how, sizeof how);
  if (found < 0) return -errno;
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", found);
  return mount(path, target, NULL, MS_BIND | MS_REC, NULL) < 0 ? -errno : 0;
}

static int is_mount_point(const char *path) {
  struct statx status;
  if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &status) < 0) return -errno;
  return (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

int tree_keep(const char *path) {
  char at[PATH_MAX];
  if (realpath(path, at) == NULL) return -errno;
  int found = is_mount_point(at);
  while (found == 0 && strcmp(at, "/") != 0) {
    char *last = strrchr(at, '/');
    last[last == at ? 1 : 0] = '\0';
    found = is_mount_point(at);
  }
  if (found < 0) return found;
  return mount(NULL, at, NULL, MS_SLAVE, NULL) < 0 ? -errno : 0;
}
