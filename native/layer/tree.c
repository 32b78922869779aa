#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "cleanup.h"
#include "made.h"
#include "metadata.h"

enum { MOST_LINKS = 40, LONGEST_PATH = 1 << 16 };

bool is_whiteout(const struct stat *status) { return S_ISCHR(status->st_mode) && status->st_rdev == makedev(0, 0); }

bool is_opaque(int fd) {
  char value;
  return fgetxattr(fd, "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
}

int make_opaque(int fd, const char *entry, struct failure *failure) {
  if (fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) == 0) return 0;
  return fail_errno(failure, entry, "cannot hide the directory below");
}

int clean_name(const char *raw, char **name, struct failure *failure) {
  char *out = malloc(strlen(raw) + 1);
  size_t used = 0;
  if (!out) return fail_errno(failure, raw, "cannot read the name");
  for (const char *at = raw; *at;) {
    size_t length = strcspn(at, "/");
    bool dot = length == 1 && at[0] == '.';
    if (length == 2 && at[0] == '.' && at[1] == '.') {
      free(out);
      return fail(failure, FAILURE_INVALID, raw, "name holds \"..\"");
    }
    if (length > 0 && !dot) {
      if (used > 0) out[used++] = '/';
      memcpy(out + used, at, length);
      used += length;
    }
    at += length + (at[length] == '/');
  }
  out[used] = '\0';
  if (used >= PATH_MAX) {
    free(out);
    return fail(failure, FAILURE_INVALID, raw, "name is longer than %d bytes", PATH_MAX - 1);
  }
  *name = out;
  return 0;
}

void spot_close(struct spot *spot) {
  if (spot->fd >= 0) close(spot->fd);
  if (spot->lower >= 0) close(spot->lower);
  free(spot->path);
  *spot = (struct spot){-1, -1, NULL};
}

void tree_forget(struct tree *tree) {
  if (!tree->near_name) return;
  spot_close(&tree->near);
  free(tree->near_name);
  tree->near_name = NULL;
}

int tree_made(struct tree *tree, int fd, const char *name, struct failure *failure) {
  struct stat status;
  if (!tree->track) return 0;
  int found = name ? fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) : fstat(fd, &status);
  if (found < 0 || made_add(tree->made, status.st_ino) < 0) return fail_errno(failure, name, "cannot note the file");
  return 0;
}

static int note(struct made *made, int fd, struct failure *failure) {
  struct stat status;
  if (fstat(fd, &status) < 0 || made_add(made, status.st_ino) < 0) return fail_errno(failure, "", "cannot note the directory");
  return 0;
}

/* An inode number may come back, so whatever is no borrowed parent says so. */
int tree_told(struct tree *tree, int fd, struct failure *failure) {
  if (tree->borrowed.count == 0) return 0;
  return note(&tree->told, fd, failure);
}

bool tree_borrowed(const struct tree *tree, ino_t inode) {
  return made_has(&tree->borrowed, inode) && !made_has(&tree->told, inode);
}

int tree_late_times(struct tree *tree, const char *directory, const char *name, const struct timespec times[2], struct failure *failure) {
  AUTO_FREE char *path = NULL;
  if (asprintf(&path, "%s%s%s", directory, *directory && *name ? "/" : "", name) < 0)
    return fail_errno(failure, name, "cannot note the times");
  int result = late_add(&tree->late, tree->place.root, path, times);
  if (result == 0) return 0;
  errno = -result;
  return fail_errno(failure, name, "cannot note the times");
}

/* A directory that has been replaced since keeps the times it has. */
static void set_late(void *context, const char *path, const struct timespec times[2]) {
  struct failure ignored;
  struct spot spot = {-1, -1, NULL};
  if (tree_walk(context, path, false, &spot, &ignored) < 0) return;
  if (strcmp(spot.path, path) == 0) futimens(spot.fd, times);
  spot_close(&spot);
}

void tree_finish(struct tree *tree) { late_each(&tree->late, set_late, tree); }

struct walk {
  struct tree *tree;
  bool create;
  const char *wanted; /* for messages */
  struct spot at;
  char *rest; /* what is still to be walked */
  int links;
};

static int walk_from_root(struct walk *walk, struct failure *failure) {
  spot_close(&walk->at);
  walk->at.path = strdup("");
  walk->at.fd = fcntl(walk->tree->place.root, F_DUPFD_CLOEXEC, 0);
  walk->at.lower = walk->tree->place.lower < 0 ? -1 : fcntl(walk->tree->place.lower, F_DUPFD_CLOEXEC, 0);
  if (!walk->at.path || walk->at.fd < 0) return fail_errno(failure, walk->wanted, "cannot open the root");
  return 0;
}

/* Starts over with `first/second/rest`. */
static int walk_again(struct walk *walk, const char *first, const char *second, const char *rest, struct failure *failure) {
  char *path;
  if (asprintf(&path, "%s/%s/%s", first, second, rest) < 0) return fail_errno(failure, walk->wanted, "cannot walk");
  free(walk->rest);
  walk->rest = path;
  if (strlen(path) > LONGEST_PATH || ++walk->links > MOST_LINKS)
    return fail(failure, FAILURE_INVALID, walk->wanted, "too many symbolic links");
  return walk_from_root(walk, failure);
}

static int walk_link(struct walk *walk, int directory, const char *name, const char *rest, struct failure *failure) {
  char target[4097];
  ssize_t length = readlinkat(directory, name, target, sizeof target - 1);
  if (length < 0) return fail_errno(failure, walk->wanted, "cannot read a symbolic link");
  target[length] = '\0';
  return walk_again(walk, target[0] == '/' ? "" : walk->at.path, target, rest, failure);
}

static int walk_up(struct walk *walk, const char *rest, struct failure *failure) {
  AUTO_FREE char *parent = strdup(walk->at.path);
  if (!parent) return fail_errno(failure, walk->wanted, "cannot walk");
  char *slash = strrchr(parent, '/');
  *(slash ? slash : parent) = '\0';
  return walk_again(walk, parent, "", rest, failure);
}

/* Goes into `fd`, the directory `name`; the lower one goes along unless this one hides it. */
static int enter(struct walk *walk, int fd, const char *name, struct failure *failure) {
  struct spot next = {.fd = fd, .lower = -1};
  if (walk->at.lower >= 0 && !is_opaque(fd))
    next.lower = openat(walk->at.lower, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (asprintf(&next.path, "%s%s%s", walk->at.path, *walk->at.path ? "/" : "", name) < 0) {
    next.path = NULL;
    spot_close(&next);
    return fail_errno(failure, walk->wanted, "cannot walk");
  }
  if (strlen(next.path) >= PATH_MAX) {
    spot_close(&next);
    return fail(failure, FAILURE_INVALID, walk->wanted, "its real path is longer than %d bytes", PATH_MAX - 1);
  }
  spot_close(&walk->at);
  walk->at = next;
  return 0;
}

static int make_parent(struct walk *walk, const char *name, const struct stat *lower, bool opaque, struct failure *failure) {
  static const struct stat plain = {.st_mode = 0755};
  struct tree *tree = walk->tree;
  if (mkdirat(walk->at.fd, name, 0700) < 0) return fail_errno(failure, walk->wanted, "cannot make its parent directory");
  tree->parents += 1;
  AUTO_FD made = openat(walk->at.fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (made < 0) return fail_errno(failure, walk->wanted, "cannot open its parent directory");
  if (put_owner_and_mode(made, lower ? lower : &plain, walk->wanted, failure) < 0) return -1;
  if (opaque && make_opaque(made, walk->wanted, failure) < 0) return -1;
  if (tree_made(tree, made, NULL, failure) < 0) return -1;
  if (tree->place.overlay && (lower ? note(&tree->borrowed, made, failure) : tree_told(tree, made, failure)) < 0) return -1;
  if (lower) {
    const struct timespec times[2] = {lower->st_atim, lower->st_mtim};
    AUTO_FD below = openat(walk->at.lower, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (below < 0) return fail_errno(failure, walk->wanted, "cannot open its parent directory");
    if (copy_xattrs(below, made, walk->wanted, failure) < 0) return -1;
    if (tree_late_times(tree, walk->at.path, name, times, failure) < 0) return -1;
  }
  return enter(walk, take_fd(&made), name, failure);
}

static int missing(struct walk *walk, const char *name, struct failure *failure) {
  return fail(failure, FAILURE_NOT_FOUND, walk->wanted, "\"%s\" does not exist", name);
}

/* `name` is not in this layer: it may be in those below. */
static int step_below(struct walk *walk, const char *name, const char *rest, struct failure *failure) {
  struct stat status;
  if (walk->tree->place.apart) return fail(failure, FAILURE_NOT_APART, walk->wanted, "the parent directory lies below");
  bool found = walk->at.lower >= 0 && fstatat(walk->at.lower, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
  if (found && S_ISLNK(status.st_mode)) return walk_link(walk, walk->at.lower, name, rest, failure);
  if (found && !S_ISDIR(status.st_mode)) return fail(failure, FAILURE_INVALID, walk->wanted, "its parent \"%s\" is not a directory", name);
  if (!found && !walk->create) return missing(walk, name, failure);
  return make_parent(walk, name, found ? &status : NULL, false, failure);
}

static int step(struct walk *walk, const char *name, const char *rest, struct failure *failure) {
  struct stat status;
  if (strcmp(name, ".") == 0) return 0;
  if (strcmp(name, "..") == 0) return walk_up(walk, rest, failure);
  int fd = openat(walk->at.fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd >= 0) return enter(walk, fd, name, failure);
  if (errno == ENOENT) return step_below(walk, name, rest, failure);
  if (errno != ENOTDIR && errno != ELOOP) return fail_errno(failure, walk->wanted, "cannot open its parent directory");
  if (fstatat(walk->at.fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0) return fail_errno(failure, walk->wanted, "cannot look up its parent directory");
  if (S_ISLNK(status.st_mode)) return walk_link(walk, walk->at.fd, name, rest, failure);
  if (!walk->tree->place.overlay || !is_whiteout(&status))
    return fail(failure, FAILURE_INVALID, walk->wanted, "its parent \"%s\" is not a directory", name);
  if (!walk->create) return missing(walk, name, failure);
  if (unlinkat(walk->at.fd, name, 0) < 0) return fail_errno(failure, walk->wanted, "cannot replace a deletion");
  return make_parent(walk, name, NULL, true, failure);
}

static int run(struct walk *walk, struct failure *failure) {
  for (;;) {
    char *rest = walk->rest + strspn(walk->rest, "/");
    if (!*rest) return 0;
    char *end = rest + strcspn(rest, "/");
    AUTO_FREE char *name = strndup(rest, (size_t)(end - rest));
    AUTO_FREE char *tail = strdup(end);
    if (!name || !tail) return fail_errno(failure, walk->wanted, "cannot walk");
    char *before = walk->rest;
    if (step(walk, name, tail, failure) < 0) return -1;
    if (walk->rest == before) memmove(walk->rest, tail, strlen(tail) + 1);
  }
}

int tree_walk(struct tree *tree, const char *path, bool create, struct spot *spot, struct failure *failure) {
  struct walk walk = {.tree = tree, .create = create, .wanted = path, .at = {-1, -1, NULL}, .rest = strdup(path)};
  int result = walk.rest ? walk_from_root(&walk, failure) : fail_errno(failure, path, "cannot walk");
  if (result == 0) result = run(&walk, failure);
  free(walk.rest);
  if (result == 0) *spot = walk.at;
  else spot_close(&walk.at);
  return result;
}

int tree_directory(struct tree *tree, const char *name, const struct spot **spot, struct failure *failure) {
  if (tree->near_name && strcmp(tree->near_name, name) == 0) {
    *spot = &tree->near;
    return 0;
  }
  tree_forget(tree);
  AUTO_FREE char *path = NULL;
  if (asprintf(&path, "%s/%s", tree->base, name) < 0) return fail_errno(failure, name, "cannot walk");
  if (tree_walk(tree, path, true, &tree->near, failure) < 0) {
    snprintf(failure->entry, sizeof failure->entry, "%s", name);
    return -1;
  }
  tree->near_name = strdup(name);
  if (!tree->near_name) {
    spot_close(&tree->near);
    return fail_errno(failure, name, "cannot walk");
  }
  *spot = &tree->near;
  return 0;
}

int tree_parent(struct tree *tree, const char *name, const struct spot **spot, const char **last, struct failure *failure) {
  const char *slash = strrchr(name, '/');
  AUTO_FREE char *directory = strndup(name, slash ? (size_t)(slash - name) : 0);
  *last = slash ? slash + 1 : name;
  if (!directory) return fail_errno(failure, name, "cannot walk");
  if (tree_directory(tree, directory, spot, failure) < 0) {
    snprintf(failure->entry, sizeof failure->entry, "%s", name);
    return -1;
  }
  if (strlen((*spot)->path) + 1 + strlen(*last) >= PATH_MAX)
    return fail(failure, FAILURE_INVALID, name, "its real path is longer than %d bytes", PATH_MAX - 1);
  return 0;
}
