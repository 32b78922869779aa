#include "entry.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "cleanup.h"
#include "copyup.h"
#include "metadata.h"
#include "remove.h"

enum { HOLE = 1 << 14 };

/* What ext4 takes. */
static const off_t LARGEST = (off_t)1 << 44;

struct writing {
  struct tree *tree;
  struct archive *archive;
  struct archive_entry *entry;
  const char *name; /* in the archive */
  struct write_options *options;
  struct stat status; /* what the entry says: mode with type, owner, device */
  struct timespec times[2];
};

static int read_status(struct writing *writing, struct failure *failure) {
  struct archive_entry *entry = writing->entry;
  int64_t uid = archive_entry_uid(entry);
  int64_t gid = archive_entry_gid(entry);
  if (uid < 0 || gid < 0 || uid > UINT32_MAX - 1 || gid > UINT32_MAX - 1)
    return fail(failure, FAILURE_INVALID, writing->name, "owner %lld:%lld is out of range", (long long)uid, (long long)gid);
  writing->status = (struct stat){
      .st_mode = archive_entry_filetype(entry) | (archive_entry_perm(entry) & 07777),
      .st_uid = writing->options->set_owner ? writing->options->owner : (uid_t)uid,
      .st_gid = writing->options->set_owner ? writing->options->group : (gid_t)gid,
      .st_size = archive_entry_size(entry),
  };
  if (S_ISCHR(writing->status.st_mode) || S_ISBLK(writing->status.st_mode))
    writing->status.st_rdev = makedev(archive_entry_rdevmajor(entry), archive_entry_rdevminor(entry));
  writing->times[1] = (struct timespec){archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)};
  writing->times[0] = writing->times[1];
  if (archive_entry_atime_is_set(entry))
    writing->times[0] = (struct timespec){archive_entry_atime(entry), archive_entry_atime_nsec(entry)};
  return 0;
}

static int put_xattrs(struct writing *writing, int fd, const char *last, struct failure *failure) {
  const char *key;
  const void *value;
  size_t size;
  archive_entry_xattr_reset(writing->entry);
  while (archive_entry_xattr_next(writing->entry, &key, &value, &size) == ARCHIVE_OK)
    if (!is_private_xattr(key) && put_xattr(fd, last, key, value, size, failure) < 0) return -1;
  return 0;
}

enum found { FOUND_NOTHING, FOUND_DELETION, FOUND_DIRECTORY };

/* True when lower layers have, or may have, a directory there, which a file of this layer has hidden. */
static bool hides_directory(const struct tree *tree, const struct spot *spot, const char *last) {
  struct stat lower;
  if (tree->place.apart) return true;
  return spot->lower >= 0 && fstatat(spot->lower, last, &lower, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(lower.st_mode);
}

/* Clears the place for the entry. A directory that stays one is kept and merged with. */
static int clear_place(struct writing *writing, const struct spot *spot, const char *last, enum found *found, struct failure *failure) {
  struct tree *tree = writing->tree;
  bool directory = S_ISDIR(writing->status.st_mode);
  struct stat old;
  *found = FOUND_NOTHING;
  if (fstatat(spot->fd, last, &old, AT_SYMLINK_NOFOLLOW) < 0)
    return errno == ENOENT ? 0 : fail_errno(failure, writing->name, "cannot look up the place");
  if (S_ISDIR(old.st_mode) && directory) {
    *found = FOUND_DIRECTORY;
    return 0;
  }
  if (tree->place.overlay && (is_whiteout(&old) || hides_directory(tree, spot, last))) *found = FOUND_DELETION;
  if (writing->options->keep_kinds && directory)
    return fail(failure, FAILURE_INVALID, writing->name, "cannot overwrite non-directory \"%s\" with directory \"%s\"", writing->name, writing->name);
  if (writing->options->keep_kinds && S_ISDIR(old.st_mode))
    return fail(failure, FAILURE_INVALID, writing->name, "cannot overwrite directory \"%s\" with non-directory \"%s\"", writing->name, writing->name);
  return remove_tree(spot->fd, last, failure);
}

/* What a layer says of a directory takes the place of all that was said before. */
static int finish_directory(struct writing *writing, int fd, struct failure *failure) {
  if (writing->options->replace_xattrs && drop_xattrs(fd, writing->name, failure) < 0) return -1;
  if (put_owner_and_mode(fd, &writing->status, writing->name, failure) < 0) return -1;
  if (put_xattrs(writing, fd, writing->name, failure) < 0 || tree_told(writing->tree, fd, failure) < 0) return -1;
  return tree_made(writing->tree, fd, NULL, failure);
}

static int write_directory(struct writing *writing, const struct spot *spot, const char *last, enum found found, struct failure *failure) {
  if (found != FOUND_DIRECTORY && mkdirat(spot->fd, last, 0700) < 0) return fail_errno(failure, writing->name, "cannot make the directory");
  AUTO_FD fd = openat(spot->fd, last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return fail_errno(failure, writing->name, "cannot open the directory");
  if (found == FOUND_DELETION && make_opaque(fd, writing->name, failure) < 0) return -1;
  if (finish_directory(writing, fd, failure) < 0) return -1;
  return tree_late_times(writing->tree, spot->path, last, writing->times, failure);
}

static int write_root(struct writing *writing, struct failure *failure) {
  const struct spot *spot;
  if (!S_ISDIR(writing->status.st_mode)) return fail(failure, FAILURE_INVALID, writing->name, "the root is not a directory");
  if (writing->options->keep_root) return 0;
  if (tree_directory(writing->tree, "", &spot, failure) < 0 || finish_directory(writing, spot->fd, failure) < 0) return -1;
  return tree_late_times(writing->tree, spot->path, "", writing->times, failure);
}

static int write_all(int fd, const char *bytes, size_t size, off_t offset, const char *name, struct failure *failure) {
  while (size > 0) {
    ssize_t written = pwrite(fd, bytes, size, offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno(failure, name, "cannot write");
    bytes += written;
    size -= (size_t)written;
    offset += written;
  }
  return 0;
}

static bool is_zero(const char *bytes, size_t size) { return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0; }

/* The part of a block that lies in the same stretch of HOLE bytes of the file. */
static size_t stretch(size_t size, off_t offset) {
  size_t room = HOLE - (size_t)(offset % HOLE);
  return size < room ? size : room;
}

/* Writes a block; long stretches of zeros in it become holes. */
static int write_block(int fd, const char *bytes, size_t size, off_t offset, const char *name, struct failure *failure) {
  size_t from = 0;
  for (size_t at = 0; at < size;) {
    size_t part = stretch(size - at, offset + (off_t)at);
    if (part == HOLE && is_zero(bytes + at, part)) {
      if (write_all(fd, bytes + from, at - from, offset + (off_t)from, name, failure) < 0) return -1;
      from = at + part;
    }
    at += part;
  }
  return write_all(fd, bytes + from, size - from, offset + (off_t)from, name, failure);
}

/* A hole takes no room, but whoever reads the file reads it. */
static int check_size(const struct writing *writing, off_t size, struct failure *failure) {
  uint64_t most = writing->options->most_bytes;
  if (size > LARGEST) return fail(failure, FAILURE_INVALID, writing->name, "it is larger than any file");
  if (most > 0 && (uint64_t)size > most)
    return fail(failure, FAILURE_INVALID, writing->name, "the archive unpacks to more than %llu bytes", (unsigned long long)most);
  return 0;
}

/* Gaps between the blocks stay holes. */
static int write_data(struct writing *writing, int fd, struct failure *failure) {
  const void *bytes;
  size_t size;
  la_int64_t offset;
  off_t end = 0;
  if (check_size(writing, writing->status.st_size, failure) < 0) return -1;
  for (;;) {
    int result = archive_read_data_block(writing->archive, &bytes, &size, &offset);
    if (result == ARCHIVE_EOF) break;
    if (result < ARCHIVE_WARN) return fail(failure, FAILURE_INVALID, writing->name, "%s", archive_error_string(writing->archive));
    writing->options->bytes += size;
    if (writing->options->most_bytes > 0 && writing->options->bytes > writing->options->most_bytes)
      return fail(failure, FAILURE_INVALID, writing->name, "the archive unpacks to more than %llu bytes", (unsigned long long)writing->options->most_bytes);
    if (offset < 0 || offset > INT64_MAX - (la_int64_t)size) return fail(failure, FAILURE_INVALID, writing->name, "its data lies beyond all sizes");
    if (check_size(writing, offset + (off_t)size, failure) < 0) return -1;
    if (write_block(fd, bytes, size, offset, writing->name, failure) < 0) return -1;
    if (end < offset + (off_t)size) end = offset + (off_t)size;
  }
  if (end < writing->status.st_size) end = writing->status.st_size;
  if (ftruncate(fd, end) < 0) return fail_errno(failure, writing->name, "cannot set the size");
  return 0;
}

static int write_file(struct writing *writing, const struct spot *spot, const char *last, struct failure *failure) {
  AUTO_FD fd = openat(spot->fd, last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return fail_errno(failure, writing->name, "cannot make the file");
  if (write_data(writing, fd, failure) < 0) return -1;
  if (put_owner_and_mode(fd, &writing->status, writing->name, failure) < 0) return -1;
  if (put_xattrs(writing, fd, last, failure) < 0) return -1;
  if (futimens(fd, writing->times) < 0) return fail_errno(failure, writing->name, "cannot set the times");
  return tree_made(writing->tree, fd, NULL, failure);
}

static int make_special(struct writing *writing, const struct spot *spot, const char *last, struct failure *failure) {
  const struct stat *status = &writing->status;
  if (S_ISLNK(status->st_mode)) {
    const char *target = archive_entry_symlink(writing->entry);
    if (!target || !*target) return fail(failure, FAILURE_INVALID, writing->name, "symbolic link without target");
    if (symlinkat(target, spot->fd, last) == 0) return 0;
    return fail_errno(failure, writing->name, "cannot make the symbolic link");
  }
  if (is_whiteout(status)) return fail(failure, FAILURE_INVALID, writing->name, "device 0:0 stands for a deleted file and cannot be stored");
  if (mknodat(spot->fd, last, status->st_mode, status->st_rdev) == 0) return 0;
  return fail_errno(failure, writing->name, "cannot make the device or pipe");
}

static int write_special(struct writing *writing, const struct spot *spot, const char *last, struct failure *failure) {
  if (make_special(writing, spot, last, failure) < 0) return -1;
  if (fchownat(spot->fd, last, writing->status.st_uid, writing->status.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
    return fail_errno(failure, writing->name, "cannot set the owner");
  if (archive_entry_xattr_count(writing->entry) > 0) {
    if (fchdir(spot->fd) < 0) return fail_errno(failure, writing->name, "cannot set extended attributes");
    if (put_xattrs(writing, -1, last, failure) < 0) return -1;
  }
  if (utimensat(spot->fd, last, writing->times, AT_SYMLINK_NOFOLLOW) < 0) return fail_errno(failure, writing->name, "cannot set the times");
  return tree_made(writing->tree, spot->fd, last, failure);
}

/* Finds what a hard link points to, copying it up from lower layers; `fd` and `last` say where it is. */
static int link_target(struct writing *writing, const char *target, int *fd, const char **last, struct failure *failure) {
  const struct spot *spot;
  struct stat status;
  if (!*target) return fail(failure, FAILURE_INVALID, writing->name, "it is a hard link to the root");
  if (tree_parent(writing->tree, target, &spot, last, failure) < 0) return -1;
  int found = fstatat(spot->fd, *last, &status, AT_SYMLINK_NOFOLLOW);
  if (found < 0 && errno != ENOENT) return fail_errno(failure, writing->name, "cannot look up what it links to");
  if (found < 0 && copy_up(writing->tree, spot, *last, writing->name, failure) < 0) return -1;
  if (found == 0 && writing->tree->place.overlay && is_whiteout(&status))
    return fail(failure, FAILURE_INVALID, writing->name, "it links to a file that does not exist");
  if (found == 0 && S_ISDIR(status.st_mode)) return fail(failure, FAILURE_INVALID, writing->name, "it is a hard link to a directory");
  *fd = fcntl(spot->fd, F_DUPFD_CLOEXEC, 0);
  return *fd < 0 ? fail_errno(failure, writing->name, "cannot look up what it links to") : 0;
}

static int write_link(struct writing *writing, const char *raw_target, struct failure *failure) {
  AUTO_FREE char *target = NULL;
  AUTO_FD from = -1;
  const struct spot *spot;
  const char *last;
  const char *target_last;
  enum found found;
  struct stat old, new;
  if (strlen(raw_target) >= PATH_MAX) return fail(failure, FAILURE_INVALID, writing->name, "it links to a name that is too long");
  if (clean_name(raw_target, &target, failure) < 0) return fail(failure, FAILURE_INVALID, writing->name, "it links to a name with \"..\"");
  if (link_target(writing, target, &from, &target_last, failure) < 0) return -1;
  if (tree_parent(writing->tree, writing->name, &spot, &last, failure) < 0) return -1;
  if (fstatat(from, target_last, &old, AT_SYMLINK_NOFOLLOW) < 0) return fail_errno(failure, writing->name, "cannot look up what it links to");
  if (fstatat(spot->fd, last, &new, AT_SYMLINK_NOFOLLOW) == 0 && new.st_ino == old.st_ino && new.st_dev == old.st_dev) return 0;
  if (clear_place(writing, spot, last, &found, failure) < 0) return -1;
  if (linkat(from, target_last, spot->fd, last, 0) < 0) {
    if (errno == ENOENT) return fail(failure, FAILURE_INVALID, writing->name, "it takes the place of what it links to");
    return fail_errno(failure, writing->name, "cannot make the hard link");
  }
  return tree_made(writing->tree, spot->fd, last, failure);
}

int write_entry(struct tree *tree, struct archive *archive, struct archive_entry *entry, const char *name,
                struct write_options *options, struct failure *failure) {
  struct writing writing = {.tree = tree, .archive = archive, .entry = entry, .name = name, .options = options};
  const char *hard_link = archive_entry_hardlink(entry);
  const struct spot *spot;
  const char *last;
  enum found found;
  if (read_status(&writing, failure) < 0) return -1;
  if (hard_link && *name) {
    writing.status.st_mode = S_IFREG;
    return write_link(&writing, hard_link, failure);
  }
  if (!*name) return write_root(&writing, failure);
  if (tree_parent(tree, name, &spot, &last, failure) < 0) return -1;
  if (clear_place(&writing, spot, last, &found, failure) < 0) return -1;
  switch (writing.status.st_mode & S_IFMT) {
    case S_IFDIR: return write_directory(&writing, spot, last, found, failure);
    case S_IFREG: return write_file(&writing, spot, last, failure);
    case S_IFLNK:
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO: return write_special(&writing, spot, last, failure);
    default: return fail(failure, FAILURE_INVALID, name, "entries of this kind cannot be stored");
  }
}
