// Opens what an earlier shim wrote. It may have been killed, or the machine may have lost power, at any byte.
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "log.h"

static bool read_record(int fd, uint64_t offset, struct log_record *record) {
  return pread(fd, record, sizeof *record, (off_t)offset) == (ssize_t)sizeof *record;
}

// A rotation that was cut short after the data file was renamed: rename the index too.
static bool finish_rotation(struct log *log, uint64_t generation) {
  char data[40], index[40];
  struct stat status;
  log_name(data, sizeof data, generation, false);
  if (fstatat(log->directory, data, &status, 0) < 0) return false;
  log_name(index, sizeof index, generation, true);
  renameat(log->directory, "log.idx", log->directory, index);
  return true;
}

static int start_new(struct log *log) {
  log->generation = log_newest_rotated(log->directory) + 1;
  return log_create_files(log);
}

// Cuts the index back to records that lie within the data; `*offset` is where the last frame they know begins.
static int trim_index(struct log *log, uint64_t *offset) {
  struct log_record record;
  struct stat status;
  if (fstat(log->index, &status) < 0) return -errno;
  uint64_t size = (uint64_t)status.st_size / INDEX_RECORD * INDEX_RECORD;
  *offset = 0;
  for (; size > INDEX_RECORD; size -= INDEX_RECORD) {
    if (!read_record(log->index, size - INDEX_RECORD, &record)) return -EIO;
    if (record.offset >= log->size) continue;
    *offset = record.offset;
    break;
  }
  if (ftruncate(log->index, (off_t)size) < 0) return -errno;
  log->index_size = size;
  return 0;
}

static int add_record(struct log *log, uint64_t time, uint64_t offset) {
  struct log_record record = {.time = time, .offset = offset};
  if (pwrite(log->index, &record, sizeof record, (off_t)log->index_size) != (ssize_t)sizeof record) return -EIO;
  log->index_size += sizeof record;
  return 0;
}

// Walks the frames from `offset` to the end, adds what the index lacks and cuts off an incomplete one.
static int check_tail(struct log *log, uint64_t offset, uint64_t time) {
  bool known = log->index_size > INDEX_RECORD;
  if (!log->framed) return known || log->size == 0 ? 0 : add_record(log, time, 0);
  while (offset < log->size) {
    unsigned char header[FRAME_HEADER];
    uint32_t length;
    bool whole = pread(log->data, header, sizeof header, (off_t)offset) == (ssize_t)sizeof header;
    memcpy(&length, header + 4, sizeof length);
    uint64_t next = offset + FRAME_HEADER + be32toh(length);
    if (!whole || (header[0] != STREAM_OUT && header[0] != STREAM_ERR) || next > log->size) {
      if (ftruncate(log->data, (off_t)offset) < 0) return -errno;
      log->size = offset;
      if (known) log->index_size -= INDEX_RECORD;
      return ftruncate(log->index, (off_t)log->index_size) < 0 ? -errno : 0;
    }
    if (!known && add_record(log, time, offset) < 0) return -EIO;
    known = false;
    offset = next;
  }
  return 0;
}

int log_repair(struct log *log) {
  struct log_record header;
  struct stat status;
  log->index = openat(log->directory, "log.idx", O_RDWR | O_CLOEXEC);
  if (log->index < 0) return errno == ENOENT ? start_new(log) : -errno;
  bool readable = read_record(log->index, 0, &header) && header.time == LOG_MAGIC;
  if (!readable || finish_rotation(log, header.offset)) {
    close(log->index);
    return start_new(log);
  }
  log->generation = header.offset;
  log->data = openat(log->directory, "log", O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (log->data < 0) return -errno;
  if (fstat(log->data, &status) < 0) return -errno;
  log->size = (uint64_t)status.st_size;
  uint64_t offset = 0;
  int result = trim_index(log, &offset);
  if (result == 0) {
    result = check_tail(log, offset, (uint64_t)status.st_mtim.tv_sec * 1000000000ull);
  }
  log_remove_old(log);
  return result;
}
