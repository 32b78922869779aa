#include "copyup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <linux/fs.h>
#include <sys/sendfile.h>

#include "cleanup.h"
#include "metadata.h"

/* From where both files stand. */
static int copy_range(int from, int to, off_t size, const char *entry, struct failure *failure) {
  while (size > 0) {
    ssize_t copied = copy_file_range(from, NULL, to, NULL, (size_t)size, 0);
    if (copied < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP))
      copied = sendfile(to, from, NULL, (size_t)size);
    if (copied < 0) return fail_errno(failure, entry, "cannot copy the file it links to");
    if (copied == 0) return 0;
    size -= copied;
  }
  return 0;
}

/* Holes stay holes. */
static int copy_bytes(int from, int to, off_t size, const char *entry, struct failure *failure) {
  if (ioctl(to, FICLONE, from) == 0) return 0;
  for (off_t at = 0; at < size;) {
    off_t data = lseek(from, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;
    off_t hole = data < 0 ? size : lseek(from, data, SEEK_HOLE);
    if (data < 0) data = at;
    if (hole < 0) hole = size;
    if (lseek(from, data, SEEK_SET) < 0 || lseek(to, data, SEEK_SET) < 0) return fail_errno(failure, entry, "cannot copy the file it links to");
    if (copy_range(from, to, hole - data, entry, failure) < 0) return -1;
    at = hole;
  }
  return ftruncate(to, size) < 0 ? fail_errno(failure, entry, "cannot copy the file it links to") : 0;
}

static int copy_file(const struct spot *spot, const char *name, const struct stat *status, const char *entry, struct failure *failure) {
  const struct timespec times[2] = {status->st_atim, status->st_mtim};
  AUTO_FD from = openat(spot->lower, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  AUTO_FD to = openat(spot->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (from < 0 || to < 0) return fail_errno(failure, entry, "cannot copy the file it links to");
  if (copy_bytes(from, to, status->st_size, entry, failure) < 0) return -1;
  if (put_owner_and_mode(to, status, entry, failure) < 0 || copy_xattrs(from, to, entry, failure) < 0) return -1;
  if (futimens(to, times) < 0) return fail_errno(failure, entry, "cannot set the times");
  return 0;
}

static int copy_special(const struct spot *spot, const char *name, const struct stat *status, const char *entry, struct failure *failure) {
  const struct timespec times[2] = {status->st_atim, status->st_mtim};
  int made;
  if (S_ISLNK(status->st_mode)) {
    char target[4097];
    ssize_t length = readlinkat(spot->lower, name, target, sizeof target - 1);
    if (length < 0) return fail_errno(failure, entry, "cannot read the link it links to");
    target[length] = '\0';
    made = symlinkat(target, spot->fd, name);
  } else {
    made = mknodat(spot->fd, name, status->st_mode, status->st_rdev);
  }
  if (made < 0 || fchownat(spot->fd, name, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
      utimensat(spot->fd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
    return fail_errno(failure, entry, "cannot copy the file it links to");
  return 0;
}

int copy_up(struct tree *tree, const struct spot *spot, const char *name, const char *entry, struct failure *failure) {
  struct stat status;
  if (tree->place.apart) return fail(failure, FAILURE_NOT_APART, entry, "what it links to lies below");
  if (spot->lower < 0 || fstatat(spot->lower, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
    return fail(failure, FAILURE_INVALID, entry, "it links to a file that does not exist");
  if (S_ISDIR(status.st_mode)) return fail(failure, FAILURE_INVALID, entry, "it is a hard link to a directory");
  if (S_ISREG(status.st_mode)) return copy_file(spot, name, &status, entry, failure);
  return copy_special(spot, name, &status, entry, failure);
}
