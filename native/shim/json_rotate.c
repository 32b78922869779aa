// FILE, FILE.1 (the youngest of the old), FILE.2 …; FILE.N.gz where they are to be compressed.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "compress.h"
#include "log_json.h"

enum { NAME_SIZE = 160 };
static const char *const endings[] = {"", ".gz"};

static void rotated_name(const struct json_log *log, char *out, unsigned number, const char *ending) {
  snprintf(out, NAME_SIZE, "%s.%u%s", log->config->file, number, ending);
}

static void temporary_name(const struct json_log *log, char *out) {
  snprintf(out, NAME_SIZE, "%s.tmp", log->config->file);
}

int json_log_create(struct json_log *log) {
  log->file = openat(log->directory, log->config->file, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  return log->file < 0 ? -errno : 0;
}

static unsigned oldest(const struct json_log *log) {
  return log->config->max_files > 1 ? log->config->max_files - 1 : 0;
}

static void shift(const struct json_log *log) {
  char from[NAME_SIZE], to[NAME_SIZE];
  for (size_t i = 0; i < 2; i++) {
    rotated_name(log, from, oldest(log), endings[i]);
    unlinkat(log->directory, from, 0);
    for (unsigned number = oldest(log); number-- > 1;) {
      rotated_name(log, from, number, endings[i]);
      rotated_name(log, to, number + 1, endings[i]);
      renameat(log->directory, from, log->directory, to);
    }
  }
}

static void compress_next(struct json_log *log) {
  char name[NAME_SIZE], temporary[NAME_SIZE];
  if (!log->config->compress || log->compressor > 0) return;
  temporary_name(log, temporary);
  for (unsigned number = oldest(log); number > 0; number--) {
    rotated_name(log, name, number, "");
    log->compressing = openat(log->directory, name, O_RDONLY | O_CLOEXEC);
    if (log->compressing < 0) continue;
    log->compressor = compress_gzip(log->directory, log->compressing, temporary);
    if (log->compressor > 0) return;
    close(log->compressing);
    log->compressing = -1;
    return;
  }
}

int json_log_rotate(struct json_log *log) {
  char name[NAME_SIZE];
  int result = 0;
  if (oldest(log) == 0) {
    unlinkat(log->directory, log->config->file, 0);
  } else {
    shift(log);
    rotated_name(log, name, 1, "");
    if (renameat(log->directory, log->config->file, log->directory, name) < 0) result = -errno;
  }
  int before = log->file;
  if (result == 0) result = json_log_create(log);
  if (result < 0) log->file = before;
  else if (before >= 0) close(before);
  compress_next(log);
  return result;
}

// Rotation may have given the file another number while it was compressed.
static bool find(const struct json_log *log, char *name, unsigned *number) {
  struct stat wanted, named;
  if (fstat(log->compressing, &wanted) < 0) return false;
  for (*number = 1; *number <= oldest(log); *number += 1) {
    rotated_name(log, name, *number, "");
    if (fstatat(log->directory, name, &named, 0) == 0 && named.st_ino == wanted.st_ino) return true;
  }
  return false;
}

bool json_log_compressed(struct json_log *log, pid_t pid, int status) {
  char temporary[NAME_SIZE], name[NAME_SIZE], packed[NAME_SIZE];
  unsigned number;
  if (log->compressor <= 0 || pid != log->compressor) return false;
  log->compressor = 0;
  temporary_name(log, temporary);
  bool done = WIFEXITED(status) && WEXITSTATUS(status) == 0 && find(log, name, &number);
  if (done) {
    rotated_name(log, packed, number, ".gz");
    done = renameat(log->directory, temporary, log->directory, packed) == 0;
  }
  if (done) unlinkat(log->directory, name, 0);
  else unlinkat(log->directory, temporary, 0);
  close(log->compressing);
  log->compressing = -1;
  if (done) compress_next(log);
  return true;
}
