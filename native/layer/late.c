#include "late.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ROOM = 1 << 20 };

struct record {
  struct timespec times[2];
  size_t length; /* of the path that follows, with its final NUL */
};

static int write_out(struct late *late, int root) {
  if (late->file == 0) {
    int file = openat(root, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file < 0) file = memfd_create("late", MFD_CLOEXEC);
    if (file < 0) return -errno;
    late->file = file;
  }
  for (size_t at = 0; at < late->used;) {
    ssize_t written = pwrite(late->file, late->bytes + at, late->used - at, late->filed);
    if (written < 0 && errno != EINTR) return -errno;
    if (written < 0) continue;
    at += (size_t)written;
    late->filed += written;
  }
  late->used = 0;
  return 0;
}

int late_add(struct late *late, int root, const char *path, const struct timespec times[2]) {
  struct record record = {{times[0], times[1]}, strlen(path) + 1};
  if (record.length > PATH_MAX) return -ENAMETOOLONG;
  if (!late->bytes && !(late->bytes = malloc(ROOM))) return -ENOMEM;
  if (late->used + sizeof record + record.length > ROOM) {
    int result = write_out(late, root);
    if (result < 0) return result;
  }
  memcpy(late->bytes + late->used, &record, sizeof record);
  memcpy(late->bytes + late->used + sizeof record, path, record.length);
  late->used += sizeof record + record.length;
  return 0;
}

/* How many of these bytes are whole records, each of which `set` is called with. */
static size_t set_whole(const char *bytes, size_t size, void (*set)(void *, const char *, const struct timespec *), void *context) {
  size_t at = 0;
  struct record record;
  while (size - at >= sizeof record) {
    memcpy(&record, bytes + at, sizeof record);
    if (size - at - sizeof record < record.length) break;
    set(context, bytes + at + sizeof record, record.times);
    at += sizeof record + record.length;
  }
  return at;
}

static void each_in_file(struct late *late, char *block, void (*set)(void *, const char *, const struct timespec *), void *context) {
  for (off_t at = 0; at < late->filed;) {
    ssize_t got = pread(late->file, block, ROOM, at);
    if (got < 0 && errno == EINTR) continue;
    size_t whole = got <= 0 ? 0 : set_whole(block, (size_t)got, set, context);
    if (whole == 0) return;
    at += (off_t)whole;
  }
}

void late_each(struct late *late, void (*set)(void *context, const char *path, const struct timespec times[2]), void *context) {
  char *block = late->file > 0 ? malloc(ROOM) : NULL;
  if (block) each_in_file(late, block, set, context);
  free(block);
  set_whole(late->bytes, late->used, set, context);
}

void late_free(struct late *late) {
  if (late->file > 0) close(late->file);
  free(late->bytes);
  *late = (struct late){0};
}
