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

static int open_directory(struct log *log) {
  if (mkdir(log->path, 0710) < 0 && errno != EEXIST) return -errno;
  int fd = open(log->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return -errno;
  if (log->directory >= 0) close(log->directory);
  log->directory = fd;
  return 0;
}

int log_open(struct log *log, const struct log_config *config, bool framed) {
  *log = (struct log){.directory = -1, .data = -1, .index = -1, .framed = framed};
  log->path = config->directory;
  log->max_bytes = config->max_bytes;
  log->max_files = config->max_files == 0 ? 1 : config->max_files;
  log->compress = config->compress;
  int result = open_directory(log);
  return result < 0 ? result : log_repair(log);
}

// Renames data before index and creates index before data: a reader that sees the same index before and
// after it opened the data has a matching pair.
static int rotate(struct log *log) {
  char data[40], index[40];
  log_name(data, sizeof data, log->generation, false);
  log_name(index, sizeof index, log->generation, true);
  if (renameat(log->directory, "log", log->directory, data) < 0) return -errno;
  if (renameat(log->directory, "log.idx", log->directory, index) < 0) return -errno;
  int result = log_start_next(log);
  if (result == 0) return 0;
  renameat(log->directory, index, log->directory, "log.idx");
  renameat(log->directory, data, log->directory, "log");
  return result;
}

int log_start_next(struct log *log) {
  int data = log->data, index = log->index;
  log->data = log->index = -1;
  log->generation += 1;
  int result = log_create_files(log);
  if (result < 0) {
    // Go on in the old file rather than nowhere.
    log->generation -= 1;
    if (log->data >= 0) close(log->data);
    if (log->index >= 0) close(log->index);
    log->data = data;
    log->index = index;
    return result;
  }
  if (data >= 0) close(data);
  if (index >= 0) close(index);
  log_remove_old(log);
  return 0;
}

// Somebody removed the file under us: begins a new one, in a new directory where that is gone too.
static int replace_removed(struct log *log) {
  struct stat status;
  if (log->data >= 0 && fstat(log->data, &status) == 0 && status.st_nlink > 0) return 0;
  int result = open_directory(log);
  return result < 0 ? result : log_start_next(log);
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

static int append(struct log *log, enum stream_number stream, char *chunk, size_t size) {
  char *start = chunk;
  size_t whole = size;
  if (log->framed) {
    start -= FRAME_HEADER;
    whole += FRAME_HEADER;
    frame_header(start, stream, size);
  }
  int result = replace_removed(log);
  if (result < 0) return result;
  // The index counts: a container that writes single bytes makes it larger than the data.
  uint64_t used = log->size + log->index_size + INDEX_RECORD;
  if (log->max_bytes > 0 && log->size > 0 && used + whole > log->max_bytes) rotate(log);
  result = pwrite_whole(log->data, start, whole, log->size);
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
  log->mid_line[stream - 1] = chunk[size - 1] != '\n';
  return 0;
}

static int tell_lost(struct log *log) {
  char text[FRAME_HEADER + 200];
  enum stream_number stream = log->framed ? STREAM_ERR : STREAM_OUT;
  const char *end = log->framed ? "\n" : "\r\n";
  int size = snprintf(text + FRAME_HEADER, sizeof text - FRAME_HEADER,
                      "%sgantry: %llu bytes of output were lost here, they could not be written: %s%s",
                      log->mid_line[stream - 1] ? end : "", (unsigned long long)log->lost,
                      strerrordesc_np(-log->lost_for), end);
  int result = append(log, stream, text + FRAME_HEADER, (size_t)size);
  if (result == 0) log->lost = 0;
  return result;
}

int log_append(struct log *log, enum stream_number stream, char *chunk, size_t size) {
  int result = log->lost > 0 ? tell_lost(log) : 0;
  if (result == 0) result = append(log, stream, chunk, size);
  if (result < 0) {
    log->lost += size;
    log->lost_for = result;
  }
  return result;
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
