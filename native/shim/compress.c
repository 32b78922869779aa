#include "compress.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <zlib.h>
#include <zstd.h>

enum { BLOCK = 1 << 18, GZIP_LEVEL = 1, ZSTD_LEVEL = 1, SKIPPABLE = 0x184D2A5E };
#define SEEKABLE_MAGIC 0x8F92EAB1u

// The child keeps one descriptor or two: whatever else it held would keep clients and containers waiting.
static void keep_only(int *one, int *other) {
  int first = fcntl(*one, F_DUPFD, 64), second = other == NULL ? -1 : fcntl(*other, F_DUPFD, 64);
  if (first < 0 || (other != NULL && second < 0)) _exit(1);
  *one = dup2(first, 3);
  if (other != NULL) *other = dup2(second, 4);
  syscall(SYS_close_range, other == NULL ? 4u : 5u, ~0u, 0u);
  // Only on a processor that nobody wants: the container whose output this is would be the first to notice.
  const struct sched_param none = {0};
  if (sched_setscheduler(0, SCHED_IDLE, &none) < 0) setpriority(PRIO_PROCESS, 0, 19);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static ssize_t read_block(int fd, char *out, size_t size) {
  size_t have = 0;
  while (have < size) {
    ssize_t count = read(fd, out + have, size - have);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -errno;
    if (count == 0) break;
    have += (size_t)count;
  }
  return (ssize_t)have;
}

static int gzip(int input, int output) {
  autofree char *plain = malloc(BLOCK), *packed = malloc(BLOCK);
  z_stream stream = {0};
  if (plain == NULL || packed == NULL || lseek(input, 0, SEEK_SET) < 0) return -1;
  // 16: with gzip's header.
  if (deflateInit2(&stream, GZIP_LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return -1;
  // A reader that is in the middle of the plain file finds it again by this.
  struct stat status;
  char number[24];
  if (fstat(input, &status) < 0) return -1;
  snprintf(number, sizeof number, "%llu", (unsigned long long)status.st_ino);
  gz_header header = {.comment = (Bytef *)number, .os = 3};
  if (deflateSetHeader(&stream, &header) != Z_OK) return -1;
  for (int flush = Z_NO_FLUSH; flush != Z_FINISH;) {
    ssize_t size = read_block(input, plain, BLOCK);
    if (size < 0) return -1;
    flush = size < BLOCK ? Z_FINISH : Z_NO_FLUSH;
    stream.next_in = (Bytef *)plain;
    stream.avail_in = (uInt)size;
    do {
      stream.next_out = (Bytef *)packed;
      stream.avail_out = BLOCK;
      deflate(&stream, flush);
      if (write_all(output, packed, BLOCK - stream.avail_out) < 0) return -1;
    } while (stream.avail_out == 0);
  }
  return 0;
}

pid_t compress_gzip(int directory, int input, const char *output) {
  pid_t pid = fork();
  if (pid != 0) return pid < 0 ? -errno : pid;
  keep_only(&directory, &input);
  int file = openat(directory, output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  _exit(file < 0 || gzip(input, file) < 0 ? 1 : 0);
}

struct table {
  uint32_t *entries;
  uint32_t count;
};

static int add_entry(struct table *table, size_t packed, size_t plain) {
  uint32_t *grown = realloc(table->entries, (table->count + 1) * 2 * sizeof *grown);
  if (grown == NULL) return -ENOMEM;
  table->entries = grown;
  grown[2 * table->count] = (uint32_t)packed;
  grown[2 * table->count + 1] = (uint32_t)plain;
  table->count += 1;
  return 0;
}

// The table of blocks at the end, as contrib/seekable_format of zstd has it (all machines here are little-endian).
static int write_table(int output, const struct table *table) {
  uint32_t size = table->count * 8;
  uint32_t head[2] = {SKIPPABLE, size + 9};
  char foot[9] = {0};
  uint32_t magic = SEEKABLE_MAGIC;
  memcpy(foot, &table->count, 4);
  memcpy(foot + 5, &magic, 4);
  if (write_all(output, head, sizeof head) < 0 || write_all(output, table->entries, size) < 0) return -1;
  return write_all(output, foot, sizeof foot);
}

static int zstd(int input, int output) {
  autofree char *plain = malloc(BLOCK), *packed = malloc(ZSTD_compressBound(BLOCK));
  ZSTD_CCtx *context = ZSTD_createCCtx();
  struct table table = {0};
  if (plain == NULL || packed == NULL || context == NULL) return -1;
  for (ssize_t size = BLOCK; size == BLOCK;) {
    size = read_block(input, plain, BLOCK);
    if (size <= 0) break;
    size_t length =
        ZSTD_compressCCtx(context, packed, ZSTD_compressBound(BLOCK), plain, (size_t)size, ZSTD_LEVEL);
    if (ZSTD_isError(length) || write_all(output, packed, length) < 0) return -1;
    if (add_entry(&table, length, (size_t)size) < 0) return -1;
  }
  return write_table(output, &table);
}

static int zstd_file(int directory, const char *name) {
  char packed[64];
  snprintf(packed, sizeof packed, "%s.zst", name);
  autofd input = openat(directory, name, O_RDONLY | O_CLOEXEC);
  autofd output = openat(directory, "zst.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (input < 0 || output < 0 || zstd(input, output) < 0) {
    unlinkat(directory, "zst.tmp", 0);
    return -1;
  }
  return renameat(directory, "zst.tmp", directory, packed);
}

pid_t compress_pair(int directory, const char *data, const char *index) {
  pid_t pid = fork();
  if (pid != 0) return pid < 0 ? -errno : pid;
  keep_only(&directory, NULL);
  if (zstd_file(directory, index) < 0 || zstd_file(directory, data) < 0) _exit(1);
  // A reader finds a file plain or compressed at every moment.
  unlinkat(directory, data, 0);
  unlinkat(directory, index, 0);
  _exit(0);
}
