#include "kernelfs.h"

#include <linux/magic.h>
#include <stddef.h>
#include <sys/vfs.h>

bool is_made_up(int fd) {
  static const unsigned long kinds[] = {
    PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC, SECURITYFS_MAGIC, BPF_FS_MAGIC,
  };
  struct statfs found;
  if (fstatfs(fd, &found) < 0) return false;
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if ((unsigned long)found.f_type == kinds[i]) return true;
  return false;
}
