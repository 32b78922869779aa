// Quotas of projects, by the calls that ext4 and xfs both answer. A file system is named by a directory on it; before
// Linux 5.14 by its block device too.
#include <errno.h>
#include <fcntl.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "gantry.h"

#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif

#define BASIC_BLOCK 512

// An empty name of a device: by the directory alone.
static int quota(const char *directory, const char *device, int command, uint32_t project, void *about) {
  unsigned int what = QCMD(command, PRJQUOTA);
  long result;
  if (*device != '\0') {
    result = syscall(SYS_quotactl, what, device, project, about);
  } else {
    cleanup_close int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -errno;
    result = syscall(SYS_quotactl_fd, fd, what, project, about);
  }
  return result < 0 ? -errno : 0;
}

int gantry_project_set(const char *directory, uint32_t project) {
  cleanup_close int fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return -errno;
  struct fsxattr attributes = {0};
  if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0) return -errno;
  attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
  attributes.fsx_projid = project;
  return ioctl(fd, FS_IOC_FSSETXATTR, &attributes) < 0 ? -errno : 0;
}

int gantry_quota_enforced(const char *directory, const char *device) {
  struct fs_quota_statv state = {.qs_version = FS_QSTATV_VERSION1};
  int result = quota(directory, device, Q_XGETQSTATV, 0, &state);
  if (result < 0) return result;
  return (state.qs_flags & FS_QUOTA_PDQ_ENFD) != 0;
}

int gantry_quota_in_use(const char *directory, const char *device, uint32_t project) {
  struct fs_disk_quota usage = {.d_version = FS_DQUOT_VERSION};
  int result = quota(directory, device, Q_XGETQUOTA, project, &usage);
  if (result == -ENOENT) return 0;
  if (result < 0) return result;
  return (usage.d_bcount | usage.d_icount | usage.d_blk_hardlimit | usage.d_blk_softlimit | usage.d_ino_hardlimit |
          usage.d_ino_softlimit) != 0;
}

int gantry_quota_limit(const char *directory, const char *device, uint32_t project, uint64_t bytes) {
  struct fs_disk_quota limit = {
      .d_version = FS_DQUOT_VERSION,
      .d_flags = FS_PROJ_QUOTA,
      .d_id = project,
      .d_fieldmask = FS_DQ_BHARD,
      .d_blk_hardlimit = bytes / BASIC_BLOCK + (bytes % BASIC_BLOCK != 0),
  };
  return quota(directory, device, Q_XSETQLIM, project, &limit);
}
