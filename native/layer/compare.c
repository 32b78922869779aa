#include "compare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "cleanup.h"

static bool same_status(const struct stat *a, const struct stat *b) {
  bool same = a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid && a->st_rdev == b->st_rdev;
  if (S_ISDIR(a->st_mode)) return same && a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
  return same && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool same_target(int older, int newer, const char *name) {
  char a[4097], b[4097];
  ssize_t one = readlinkat(older, name, a, sizeof a);
  ssize_t two = readlinkat(newer, name, b, sizeof b);
  return one >= 0 && one == two && memcmp(a, b, (size_t)one) == 0;
}

/* File capabilities are the attribute that a step may change without touching anything else. */
static bool same_capability(int older, int newer, const char *name) {
  char a[64], b[64];
  AUTO_FD one = openat(older, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  AUTO_FD two = openat(newer, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  ssize_t first = fgetxattr(one, "security.capability", a, sizeof a);
  ssize_t second = fgetxattr(two, "security.capability", b, sizeof b);
  return first == second && (first <= 0 || memcmp(a, b, (size_t)first) == 0);
}

int differs(int older, int newer, const char *name, struct failure *failure) {
  struct stat a, b;
  if (fstatat(older, name, &a, AT_SYMLINK_NOFOLLOW) < 0) return errno == ENOENT ? 1 : fail_errno(failure, name, "cannot look up");
  if (fstatat(newer, name, &b, AT_SYMLINK_NOFOLLOW) < 0) return errno == ENOENT ? 0 : fail_errno(failure, name, "cannot look up");
  if (!same_status(&a, &b)) return 1;
  if (S_ISLNK(a.st_mode)) return !same_target(older, newer, name);
  return S_ISREG(a.st_mode) && !same_capability(older, newer, name);
}
