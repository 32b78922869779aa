#include "remove.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"

enum { DEEPEST = 4096 };

static int remove_at(int directory, const char *name, const struct made *made, int depth, struct failure *failure);

static int remove_children(int directory, const struct made *made, int depth, struct failure *failure) {
  int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  AUTO_DIR list = copy < 0 ? NULL : fdopendir(copy);
  if (!list) {
    if (copy >= 0) close(copy);
    return fail_errno(failure, "", "cannot read a directory");
  }
  struct dirent *one;
  while ((one = readdir(list))) {
    if (strcmp(one->d_name, ".") == 0 || strcmp(one->d_name, "..") == 0) continue;
    if (remove_at(directory, one->d_name, made, depth, failure) < 0) return -1;
  }
  return 0;
}

static int remove_directory(int directory, const char *name, const struct made *made, int depth, struct failure *failure) {
  if (depth >= DEEPEST) return fail(failure, FAILURE_INVALID, name, "directories are nested too deeply");
  AUTO_FD inner = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (inner < 0) return fail_errno(failure, name, "cannot open a directory");
  return remove_children(inner, made, depth + 1, failure);
}

static int remove_at(int directory, const char *name, const struct made *made, int depth, struct failure *failure) {
  struct stat status;
  if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
    return errno == ENOENT ? 0 : fail_errno(failure, name, "cannot look up what to remove");
  bool is_directory = S_ISDIR(status.st_mode);
  bool kept = made && made_has(made, status.st_ino);
  if (is_directory && remove_directory(directory, name, made, depth, failure) < 0) return -1;
  if (kept) return 0;
  if (unlinkat(directory, name, is_directory ? AT_REMOVEDIR : 0) == 0 || errno == ENOENT) return 0;
  if (made && errno == ENOTEMPTY) return 0;
  return fail_errno(failure, name, "cannot remove");
}

int remove_tree(int directory, const char *name, struct failure *failure) {
  return remove_at(directory, name, NULL, 0, failure);
}

int remove_older(int directory, const char *name, const struct made *made, struct failure *failure) {
  return remove_at(directory, name, made, 0, failure);
}

int remove_older_children(int directory, const struct made *made, struct failure *failure) {
  return remove_children(directory, made, 0, failure);
}
