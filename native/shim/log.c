#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

void frame_header(char *out, enum stream_number stream, size_t size) {
  memset(out, 0, FRAME_HEADER);
  out[0] = (char)stream;
  out[4] = (char)(size >> 24);
  out[5] = (char)(size >> 16);
  out[6] = (char)(size >> 8);
  out[7] = (char)size;
}

int log_open(struct log *log, const char *directory, bool framed, uint64_t max_bytes, unsigned max_files) {
  *log = (struct log){.directory = -1, .data = -1, .index = -1, .framed = framed, .max_bytes = max_bytes};
  log->max_files = max_files == 0 ? 1 : max_files;
  if (mkdir(directory, 0710) < 0 && errno != EEXIST) return -errno;
  log->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (log->directory < 0) return -errno;
  return log_repair(log);
}

// Renames data before index and creates index before data: a reader that sees the same index before and
// after it opened the data has a matching pair.
static int rotate(struct log *log) {
  char data[40], index[40];
  log_name(data, sizeof data, log->generation, false);
  log_name(index, sizeof index, log->generation, true);
  if (renameat(log->directory, "log", log->directory, data) < 0) return -errno;
  if (renameat(log->directory, "log.idx", log->directory, index) < 0) return -errno;
  close(log->data);
  close(log->index);
  log->data = log->index = -1;
  log->generation += 1;
  int result = log_create_files(log);
  log_remove_old(log);
  return result;
}

static int pwrite_whole(int fd, const void *data, size_t size, uint64_t offset) {
  const char *at = data;
  while (size > 0) {
    ssize_t count = pwrite(fd, at, size, (off_t)offset);
    if (count < 0) {
      if (errno == EINTR) continue;
      return -errno;
    }
    at += count;
    offset += (uint64_t)count;
    size -= (size_t)count;
  }
  return 0;
}

int log_append(struct log *log, enum stream_number stream, char *chunk, size_t size) {
  char *start = chunk;
  size_t whole = size;
  if (log->framed) {
    start -= FRAME_HEADER;
    whole += FRAME_HEADER;
    frame_header(start, stream, size);
  }
  // The index counts: a container that writes single bytes makes it larger than the data.
  uint64_t used = log->size + log->index_size + INDEX_RECORD;
  if (log->max_bytes > 0 && log->size > 0 && used + whole > log->max_bytes) {
    int result = rotate(log);
    if (result < 0 && log->data < 0) return result;
  }
  int result = pwrite_whole(log->data, start, whole, log->size);
  struct log_record record = {.time = now_ns(), .offset = log->size};
  if (result == 0) result = pwrite_whole(log->index, &record, sizeof record, log->index_size);
  if (result < 0) {
    // A full disk: half a frame must not stay.
    if (ftruncate(log->data, (off_t)log->size) < 0 || ftruncate(log->index, (off_t)log->index_size) < 0)
      return -errno;
    return result;
  }
  log->size += whole;
  log->index_size += sizeof record;
  return 0;
}

int log_open_generation(const struct log *log, uint64_t *generation) {
  char name[40];
  for (; *generation < log->generation; *generation += 1) {
    log_name(name, sizeof name, *generation, false);
    int fd = openat(log->directory, name, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 || errno != ENOENT) return fd >= 0 ? fd : -errno;
  }
  *generation = log->generation;
  int fd = openat(log->directory, "log", O_RDONLY | O_CLOEXEC);
  return fd < 0 ? -errno : fd;
}
