#include "metadata.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cleanup.h"

bool is_private_xattr(const char *name) {
  return strncmp(name, "trusted.overlay.", 16) == 0 || strncmp(name, "user.overlay.", 13) == 0;
}

/* File systems say so of a value that is larger than they keep, too. */
static bool is_full(int fd) {
  struct statvfs status;
  return (fd >= 0 ? fstatvfs(fd, &status) : statvfs(".", &status)) == 0 && status.f_bavail < 16;
}

int drop_xattrs(int fd, const char *entry, struct failure *failure) {
  ssize_t size = flistxattr(fd, NULL, 0);
  if (size == 0 || (size < 0 && errno == ENOTSUP)) return 0;
  AUTO_FREE char *keys = size < 0 ? NULL : malloc((size_t)size);
  if (keys) size = flistxattr(fd, keys, (size_t)size);
  if (!keys || size < 0) return fail_errno(failure, entry, "cannot list extended attributes");
  for (const char *key = keys; key < keys + size; key += strlen(key) + 1)
    if (!is_private_xattr(key) && fremovexattr(fd, key) < 0 && errno != ENODATA && errno != ENOTSUP && errno != EPERM)
      return fail_errno(failure, entry, "cannot remove an extended attribute");
  return 0;
}

int put_xattr(int fd, const char *name, const char *key, const void *value, size_t size, struct failure *failure) {
  int result = fd >= 0 ? fsetxattr(fd, key, value, size, 0) : lsetxattr(name, key, value, size, 0);
  if (result == 0 || errno == ENOTSUP || errno == EPERM) return 0;
  if (errno == ENOSPC && !is_full(fd)) return fail(failure, FAILURE_INVALID, name, "the extended attribute %.255s is larger than the file system takes", key);
  return fail_errno(failure, name, "cannot set an extended attribute");
}

static int copy_one(int from, int to, const char *key, const char *entry, struct failure *failure) {
  ssize_t size = fgetxattr(from, key, NULL, 0);
  if (size < 0) return errno == ENODATA || errno == ENOTSUP ? 0 : fail_errno(failure, entry, "cannot read an extended attribute");
  AUTO_FREE char *value = malloc((size_t)size + 1);
  if (!value) return fail_errno(failure, entry, "cannot read an extended attribute");
  size = fgetxattr(from, key, value, (size_t)size);
  if (size < 0) return fail_errno(failure, entry, "cannot read an extended attribute");
  return put_xattr(to, entry, key, value, (size_t)size, failure);
}

int copy_xattrs(int from, int to, const char *entry, struct failure *failure) {
  ssize_t size = flistxattr(from, NULL, 0);
  if (size == 0 || (size < 0 && errno == ENOTSUP)) return 0;
  if (size < 0) return fail_errno(failure, entry, "cannot list extended attributes");
  AUTO_FREE char *keys = malloc((size_t)size);
  if (!keys) return fail_errno(failure, entry, "cannot list extended attributes");
  size = flistxattr(from, keys, (size_t)size);
  if (size < 0) return fail_errno(failure, entry, "cannot list extended attributes");
  for (const char *key = keys; key < keys + size; key += strlen(key) + 1)
    if (!is_private_xattr(key) && copy_one(from, to, key, entry, failure) < 0) return -1;
  return 0;
}

int put_owner_and_mode(int fd, const struct stat *status, const char *entry, struct failure *failure) {
  if (fchown(fd, status->st_uid, status->st_gid) < 0) return fail_errno(failure, entry, "cannot set the owner");
  if (fchmod(fd, status->st_mode & 07777) < 0) return fail_errno(failure, entry, "cannot set the mode");
  return 0;
}
