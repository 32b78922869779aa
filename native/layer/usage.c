#include "usage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "links.h"
#include "tree.h"

struct sum {
  uint64_t bytes, inodes;
  struct links links;
};

static int add_directory(int parent, const char *name, struct sum *sum, struct failure *failure);

/* What vanishes meanwhile does not count; nor do an overlay's records of deletions. */
static int add_entry(int directory, const char *name, struct sum *sum, struct failure *failure) {
  struct stat status;
  if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0) return errno == ENOENT ? 0 : fail_errno(failure, name, "cannot look up");
  if (is_whiteout(&status)) return 0;
  if (S_ISDIR(status.st_mode)) return add_directory(directory, name, sum, failure);
  if (status.st_nlink > 1 && links_first(&sum->links, &status, name)) return 0;
  sum->bytes += (uint64_t)status.st_size;
  sum->inodes += 1;
  return 0;
}

static int add_directory(int parent, const char *name, struct sum *sum, struct failure *failure) {
  int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  AUTO_DIR list = fd < 0 ? NULL : fdopendir(fd);
  if (!list) {
    if (fd >= 0) close(fd);
    return errno == ENOENT ? 0 : fail_errno(failure, name, "cannot read the directory");
  }
  sum->inodes += 1;
  for (struct dirent *one; (one = readdir(list));) {
    if (strcmp(one->d_name, ".") == 0 || strcmp(one->d_name, "..") == 0) continue;
    if (add_entry(fd, one->d_name, sum, failure) < 0) return -1;
  }
  return 0;
}

int measure(int directory, const char *path, struct usage *usage, struct failure *failure) {
  struct sum sum = {0};
  int result = add_directory(directory, path, &sum, failure);
  links_free(&sum.links);
  *usage = (struct usage){sum.bytes, sum.inodes};
  return result;
}

int print_usage(const char *path, struct failure *failure) {
  struct usage usage;
  if (measure(AT_FDCWD, path, &usage, failure) < 0) return -1;
  if (printf("%ju %ju\n", (uintmax_t)usage.bytes, (uintmax_t)usage.inodes) < 0) return fail_errno(failure, path, "cannot write");
  return 0;
}
