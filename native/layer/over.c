#include "over.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "tree.h"

/* A copy of the mount at `source` that is not attached anywhere yet. */
static int clone_mount(const struct over *over, struct failure *failure) {
  struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
  AUTO_FD clone = open_tree(AT_FDCWD, over->source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
  if (clone < 0) return fail_errno(failure, over->source, "cannot copy the mount");
  if (over->read_only && mount_setattr(clone, "", AT_EMPTY_PATH | AT_RECURSIVE, &read_only, sizeof read_only) < 0)
    return fail_errno(failure, over->source, "cannot make the mount read-only");
  return take_fd(&clone);
}

/* The place for a directory or a file in the tree, or -1 when there is none. */
static int open_place(int root, const struct over *over, bool directory) {
  struct tree tree = {.place = {.root = root, .lower = -1}, .near = {-1, -1, NULL}};
  struct spot spot = {-1, -1, NULL};
  struct failure ignored = {0};
  const char *slash = strrchr(over->target, '/');
  AUTO_FREE char *path = strndup(over->target, directory || !slash ? strlen(over->target) : (size_t)(slash - over->target));
  if (!path || tree_walk(&tree, path, directory, &spot, &ignored) < 0) return -1;
  int place = directory ? fcntl(spot.fd, F_DUPFD_CLOEXEC, 0)
                        : openat(spot.fd, slash ? slash + 1 : over->target, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  spot_close(&spot);
  return place;
}

static int put_over(int root, const struct over *over, struct failure *failure) {
  struct stat status;
  if (stat(over->source, &status) < 0) return errno == ENOENT ? 0 : fail_errno(failure, over->source, "cannot look up");
  AUTO_FD place = open_place(root, over, S_ISDIR(status.st_mode));
  if (place < 0) return 0;
  AUTO_FD clone = clone_mount(over, failure);
  if (clone < 0) return -1;
  if (move_mount(clone, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0) return 0;
  return fail_errno(failure, over->target, "cannot mount");
}

int put_overs(int root, const struct overs *overs, struct failure *failure) {
  for (int i = 0; i < overs->count; i++)
    if (put_over(root, &overs->list[i], failure) < 0) return -1;
  return 0;
}
