// Docker's json-file: one JSON object a line, for log shippers that read such files in passing.
#pragma once

#include "config.h"
#include "lines.h"

struct json_log {
  const struct log_config *config;
  int directory;
  int file;
  uint64_t size;
  struct lines lines;
  char *out;
  size_t used;
  size_t capacity;
  char time[40];
  int problem;
  pid_t compressor;
  int compressing;
};

int json_log_open(struct json_log *log, const struct log_config *config);
// 0, or -errno when some of the chunk was lost.
int json_log_append(struct json_log *log, enum stream_number stream, const char *chunk, size_t size);
// Writes what stands behind the last newline.
int json_log_finish(struct json_log *log);

// json_rotate.c
int json_log_rotate(struct json_log *log);
int json_log_create(struct json_log *log);
// True when the child that ended was compressing a file; the next one may be started.
bool json_log_compressed(struct json_log *log, pid_t pid, int status);
