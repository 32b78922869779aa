#include "output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { ROOM = 1 << 18 };
static char buffer[ROOM];
static size_t used;

int put_flush(struct failure *failure) {
  size_t at = 0;
  while (at < used) {
    ssize_t written = write(STDOUT_FILENO, buffer + at, used - at);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno(failure, "", "cannot write the archive");
    at += (size_t)written;
  }
  used = 0;
  return 0;
}

int put_bytes(const void *bytes, size_t size, struct failure *failure) {
  const char *at = bytes;
  while (size > 0) {
    size_t part = size < ROOM - used ? size : ROOM - used;
    memcpy(buffer + used, at, part);
    used += part;
    at += part;
    size -= part;
    if (used == ROOM && put_flush(failure) < 0) return -1;
  }
  return 0;
}

int put_zeros(size_t size, struct failure *failure) {
  static const char zeros[4096];
  while (size > 0) {
    size_t part = size < sizeof zeros ? size : sizeof zeros;
    if (put_bytes(zeros, part, failure) < 0) return -1;
    size -= part;
  }
  return 0;
}

/* The next bytes of the file from where it stands; zeros where it has become shorter. */
static int put_range(int fd, off_t left, const char *name, struct failure *failure) {
  while (left > 0) {
    size_t room = ROOM - used;
    size_t part = left < (off_t)room ? (size_t)left : room;
    ssize_t got = read(fd, buffer + used, part);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(failure, name, "cannot read");
    if (got == 0) return put_zeros((size_t)left, failure);
    used += (size_t)got;
    left -= got;
    if (used == ROOM && put_flush(failure) < 0) return -1;
  }
  return 0;
}

int put_file(int fd, off_t size, bool holes, const char *name, struct failure *failure) {
  if (!holes) return put_range(fd, size, name, failure);
  for (off_t at = 0; at < size;) {
    off_t data = lseek(fd, at, SEEK_DATA);
    if (data < 0 && errno != ENXIO) data = at;
    if (data < 0 || data > size) data = size;
    if (put_zeros((size_t)(data - at), failure) < 0) return -1;
    off_t hole = data < size ? lseek(fd, data, SEEK_HOLE) : size;
    if (hole < 0 || hole > size) hole = size;
    if (data < hole && lseek(fd, data, SEEK_SET) < 0) return fail_errno(failure, name, "cannot read");
    if (put_range(fd, hole - data, name, failure) < 0) return -1;
    at = hole;
  }
  return 0;
}
