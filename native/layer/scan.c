#include "scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#include "cleanup.h"
#include "compare.h"
#include "kernelfs.h"
#include "links.h"
#include "listing.h"
#include "tarwrite.h"
#include "tree.h"

struct scan {
  bool upper; /* the tree is an overlay's upper directory */
  bool layer; /* the archive is a layer: names that mean deletion are refused */
  struct links links;
};

/* A directory at work: where it is, what it is called in the archive, what stood there before. */
struct level {
  int fd;
  int older;        /* the same directory in the older tree, or -1 */
  const char *name; /* "" or ending with a slash */
};

static int put_marker(const char *directory, const char *prefix, const char *name, struct failure *failure) {
  AUTO_FREE char *path = NULL;
  if (asprintf(&path, "%s%s%s", directory, prefix, name) < 0) return fail_errno(failure, name, "cannot name a deletion");
  struct tar_entry entry = {.name = path, .fd = -1, .directory = -1, .status = {.st_mode = S_IFREG}};
  return tar_put(&entry, failure);
}

static int refuse_redirect(int fd, const char *path, struct failure *failure) {
  static const char *const keys[] = {"trusted.overlay.redirect", "trusted.overlay.metacopy"};
  for (size_t i = 0; i < 2; i++)
    if (fgetxattr(fd, keys[i], NULL, 0) >= 0)
      return fail(failure, FAILURE_INVALID, path, "it was written through a mount with redirect_dir or metacopy and cannot be read alone");
  return 0;
}

static int scan_directory(struct scan *scan, const struct level *level, struct failure *failure);

static int open_entry(int directory, const char *name, const struct stat *status) {
  if (S_ISDIR(status->st_mode)) return openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (S_ISREG(status->st_mode)) return openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  return -1;
}

static int put_directory(struct scan *scan, const struct level *level, const char *last, const char *path, struct tar_entry *entry, bool changed, struct failure *failure) {
  AUTO_FREE char *name = NULL;
  if (asprintf(&name, "%s/", path) < 0) return fail_errno(failure, path, "cannot name a directory");
  entry->name = name;
  if (changed && tar_put(entry, failure) < 0) return -1;
  if (scan->upper && is_opaque(entry->fd) && put_marker(name, ".wh..wh..opq", "", failure) < 0) return -1;
  AUTO_FD older = level->older < 0 ? -1 : openat(level->older, last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct level inner = {.fd = entry->fd, .older = older, .name = name};
  return scan_directory(scan, &inner, failure);
}

static int put_other(struct scan *scan, const struct level *level, struct tar_entry *entry, struct failure *failure) {
  char target[4097];
  if (!S_ISLNK(entry->status.st_mode) || entry->target) return tar_put(entry, failure);
  ssize_t length = readlinkat(level->fd, entry->last, target, sizeof target - 1);
  if (length < 0) return errno == ENOENT ? 0 : fail_errno(failure, entry->name, "cannot read a symbolic link");
  target[length] = '\0';
  entry->target = target;
  return tar_put(entry, failure);
}

/* A container may change the tree meanwhile: what has vanished is left out. */
static int scan_entry(struct scan *scan, const struct level *level, const char *last, struct failure *failure) {
  struct stat status;
  AUTO_FREE char *path = NULL;
  if (asprintf(&path, "%s%s", level->name, last) < 0) return fail_errno(failure, last, "cannot name a file");
  if (fstatat(level->fd, last, &status, AT_SYMLINK_NOFOLLOW) < 0) return errno == ENOENT ? 0 : fail_errno(failure, path, "cannot look up");
  if (S_ISSOCK(status.st_mode)) return 0;
  if (scan->upper && is_whiteout(&status)) return put_marker(level->name, ".wh.", last, failure);
  if (scan->layer && strncmp(last, ".wh.", 4) == 0) return fail(failure, FAILURE_INVALID, path, "a name that begins with .wh. cannot stand in a layer");
  AUTO_FD fd = open_entry(level->fd, last, &status);
  if (fd < 0 && (S_ISDIR(status.st_mode) || S_ISREG(status.st_mode))) return errno == ENOENT ? 0 : fail_errno(failure, path, "cannot open");
  if (fd >= 0 && scan->upper && refuse_redirect(fd, path, failure) < 0) return -1;
  struct tar_entry entry = {.name = path, .status = status, .fd = fd, .directory = level->fd, .last = last};
  int changed = level->older < 0 ? 1 : differs(level->older, level->fd, last, failure);
  if (changed < 0) return -1;
  if (S_ISDIR(status.st_mode)) return put_directory(scan, level, last, path, &entry, changed > 0, failure);
  if (changed == 0) return 0;
  if (status.st_nlink > 1) entry.target = links_first(&scan->links, &status, path);
  entry.hard_link = entry.target != NULL;
  return put_other(scan, level, &entry, failure);
}

/* Names that only the older directory has are deletions. */
static int scan_deleted(const struct level *level, struct failure *failure) {
  struct listing listing;
  struct stat status;
  int result = 0;
  if (listing_read(level->older, level->name, &listing, failure) < 0) return -1;
  for (size_t i = 0; i < listing.count && result == 0; i++)
    if (fstatat(level->fd, listing.names[i], &status, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
      result = put_marker(level->name, ".wh.", listing.names[i], failure);
  listing_free(&listing);
  return result;
}

static int scan_directory(struct scan *scan, const struct level *level, struct failure *failure) {
  struct listing listing;
  if (!scan->layer && is_made_up(level->fd)) return 0;
  int result = level->older < 0 ? 0 : scan_deleted(level, failure);
  if (result < 0 || listing_read(level->fd, level->name, &listing, failure) < 0) return -1;
  for (size_t i = 0; i < listing.count && result == 0; i++) result = scan_entry(scan, level, listing.names[i], failure);
  listing_free(&listing);
  return result;
}

/* `fd` itself, called `name`, and all below it. */
static int scan_root(struct scan *scan, int fd, int older, const char *name, struct failure *failure) {
  struct tar_entry entry = {.name = *name ? name : "./", .fd = fd, .directory = -1};
  struct level level = {.fd = fd, .older = older, .name = name};
  if (fstat(fd, &entry.status) < 0) return fail_errno(failure, name, "cannot look up the directory");
  if ((*name || scan->layer) && tar_put(&entry, failure) < 0) return -1;
  if (scan->upper && is_opaque(fd) && put_marker(name, ".wh..wh..opq", "", failure) < 0) return -1;
  return scan_directory(scan, &level, failure);
}

static int finish(struct scan *scan, int result, struct failure *failure) {
  links_free(&scan->links);
  return result < 0 ? -1 : tar_end(failure);
}

int write_upper(int directory, struct failure *failure) {
  struct scan scan = {.upper = true, .layer = true};
  return finish(&scan, scan_root(&scan, directory, -1, "", failure), failure);
}

int write_difference(int older, int newer, struct failure *failure) {
  struct scan scan = {.layer = true};
  return finish(&scan, scan_root(&scan, newer, older, "", failure), failure);
}

static int write_one(struct scan *scan, const struct spot *spot, const char *last, const char *name, struct failure *failure) {
  struct stat status;
  if (fstatat(spot->fd, last, &status, AT_SYMLINK_NOFOLLOW) < 0)
    return errno == ENOENT ? fail(failure, FAILURE_NOT_FOUND, last, "no such file or directory") : fail_errno(failure, last, "cannot look up");
  AUTO_FD fd = open_entry(spot->fd, last, &status);
  if (fd < 0 && (S_ISDIR(status.st_mode) || S_ISREG(status.st_mode))) return fail_errno(failure, last, "cannot open");
  if (S_ISDIR(status.st_mode)) {
    AUTO_FREE char *top = NULL;
    if (asprintf(&top, "%s%s", name, *name && name[strlen(name) - 1] != '/' ? "/" : "") < 0) return fail_errno(failure, name, "cannot name the directory");
    return scan_root(scan, fd, -1, top, failure);
  }
  struct level level = {.fd = spot->fd, .older = -1};
  struct tar_entry entry = {.name = name, .status = status, .fd = fd, .directory = spot->fd, .last = last};
  return put_other(scan, &level, &entry, failure);
}

int write_tree(int root, const char *path, const char *name, struct failure *failure) {
  struct scan scan = {0};
  struct tree tree = {.place = {.root = root, .lower = -1}, .near = {-1, -1, NULL}};
  struct spot spot = {-1, -1, NULL};
  const char *slash = strrchr(path, '/');
  const char *last = slash ? slash + 1 : path;
  bool inside = !*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0;
  AUTO_FREE char *directory = strndup(path, inside ? strlen(path) : (size_t)(last - path));
  if (!directory) return fail_errno(failure, path, "cannot walk");
  int result = tree_walk(&tree, directory, false, &spot, failure);
  if (result == 0) result = write_one(&scan, &spot, inside ? "." : last, name, failure);
  spot_close(&spot);
  return finish(&scan, result, failure);
}
