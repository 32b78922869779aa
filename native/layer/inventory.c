#include "inventory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "listing.h"
#include "output.h"
#include "tree.h"

static int list_directory(int fd, const char *path, struct failure *failure);

static char kind_of(const struct stat *status, int fd) {
  switch (status->st_mode & S_IFMT) {
    case S_IFREG: return 'f';
    case S_IFDIR: return is_opaque(fd) ? 'D' : 'd';
    case S_IFLNK: return 'l';
    case S_IFCHR: return is_whiteout(status) ? 'w' : 'c';
    case S_IFBLK: return 'b';
    case S_IFIFO: return 'p';
    default: return 's';
  }
}

static int put_entry(const struct stat *status, char kind, const char *path, const char *target, struct failure *failure) {
  char numbers[256];
  int length = snprintf(numbers, sizeof numbers, "%c %u %u %u %jd %jd %ld %ju %ju %ju", kind, status->st_mode & 07777, status->st_uid,
                        status->st_gid, (intmax_t)status->st_size, (intmax_t)status->st_mtim.tv_sec, status->st_mtim.tv_nsec,
                        (uintmax_t)status->st_ino, (uintmax_t)status->st_nlink, (uintmax_t)status->st_rdev);
  if (put_bytes(numbers, (size_t)length + 1, failure) < 0) return -1;
  if (put_bytes(path, strlen(path) + 1, failure) < 0) return -1;
  return put_bytes(target, strlen(target) + 1, failure);
}

static int list_entry(int directory, const char *name, const char *path, struct failure *failure) {
  struct stat status;
  char target[PATH_MAX] = "";
  AUTO_FD fd = -1;
  if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0) return fail_errno(failure, path, "cannot look up");
  if (S_ISLNK(status.st_mode)) {
    ssize_t length = readlinkat(directory, name, target, sizeof target - 1);
    if (length < 0) return fail_errno(failure, path, "cannot read the link");
    target[length] = '\0';
  }
  if (S_ISDIR(status.st_mode)) {
    fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return fail_errno(failure, path, "cannot read the directory");
  }
  if (put_entry(&status, kind_of(&status, fd), path, target, failure) < 0) return -1;
  return fd < 0 ? 0 : list_directory(fd, path, failure);
}

static int list_directory(int fd, const char *path, struct failure *failure) {
  struct listing listing;
  if (listing_read(fd, path, &listing, failure) < 0) return -1;
  int result = 0;
  for (size_t i = 0; result == 0 && i < listing.count; i++) {
    AUTO_FREE char *inner = NULL;
    if (asprintf(&inner, "%s%s%s", path, *path ? "/" : "", listing.names[i]) < 0) result = fail_errno(failure, path, "cannot list");
    else result = list_entry(fd, listing.names[i], inner, failure);
  }
  listing_free(&listing);
  return result;
}

int print_inventory(const char *path, struct failure *failure) {
  AUTO_FD root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) return fail_errno(failure, path, "cannot open the directory");
  if (list_directory(root, "", failure) < 0) return -1;
  return put_flush(failure);
}
