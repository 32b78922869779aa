#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "compress.h"
#include "log.h"

void log_name(char *out, size_t size, uint64_t generation, bool index) {
  snprintf(out, size, "log.%llu%s", (unsigned long long)generation, index ? ".idx" : "");
}

int log_create_files(struct log *log) {
  struct log_record header = {.time = LOG_MAGIC, .offset = log->generation};
  log->index = openat(log->directory, "log.idx", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (log->index < 0) return -errno;
  int result = write_all(log->index, &header, sizeof header);
  if (result < 0) return result;
  log->data = openat(log->directory, "log", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (log->data < 0) return -errno;
  log->size = 0;
  log->index_size = sizeof header;
  return 0;
}

// The generation in the name of a rotated file, or 0.
static uint64_t rotated_generation(const char *name, const char **ending) {
  if (strncmp(name, "log.", 4) != 0) return 0;
  char *end;
  unsigned long long number = strtoull(name + 4, &end, 10);
  *ending = end;
  const char *endings[] = {"", ".idx", ".zst", ".idx.zst"};
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    if (strcmp(end, endings[i]) == 0) return number;
  }
  return 0;
}

static DIR *list(int directory) {
  int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *stream = fd < 0 ? NULL : fdopendir(fd);
  if (stream == NULL && fd >= 0) close(fd);
  return stream;
}

uint64_t log_newest_rotated(int directory) {
  uint64_t newest = 0;
  const char *ending;
  DIR *stream = list(directory);
  if (stream == NULL) return 0;
  for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
    uint64_t generation = rotated_generation(entry->d_name, &ending);
    if (generation > newest) newest = generation;
  }
  closedir(stream);
  return newest;
}

void log_remove_old(const struct log *log) {
  const char *ending;
  DIR *stream = list(log->directory);
  if (stream == NULL) return;
  for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
    uint64_t generation = rotated_generation(entry->d_name, &ending);
    if (generation > 0 && generation + log->max_files <= log->generation)
      unlinkat(log->directory, entry->d_name, 0);
  }
  closedir(stream);
}

static uint64_t oldest_plain(const struct log *log) {
  uint64_t oldest = 0;
  const char *ending;
  DIR *stream = list(log->directory);
  if (stream == NULL) return 0;
  for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
    uint64_t generation = rotated_generation(entry->d_name, &ending);
    if (generation > 0 && *ending == '\0' && (oldest == 0 || generation < oldest)) oldest = generation;
  }
  closedir(stream);
  return oldest;
}

void log_compress(struct log *log, uint64_t needed) {
  char data[40], index[40];
  if (!log->compress || log->compressor > 0 || log->generation < 2) return;
  uint64_t generation = oldest_plain(log);
  if (generation == 0 || generation >= needed || generation >= log->generation) return;
  log_name(data, sizeof data, generation, false);
  log_name(index, sizeof index, generation, true);
  pid_t pid = compress_pair(log->directory, data, index);
  log->compressor = pid > 0 ? pid : 0;
}
