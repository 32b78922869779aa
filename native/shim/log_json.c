#include "log_json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { FLUSH_SIZE = 65536, LONGEST_ESCAPE = 6 };

static int reserve(struct json_log *log, size_t size) {
  if (log->capacity - log->used >= size) return 0;
  char *grown = realloc(log->out, log->used + size + FLUSH_SIZE);
  if (grown == NULL) return -ENOMEM;
  log->out = grown;
  log->capacity = log->used + size + FLUSH_SIZE;
  return 0;
}

static char *put(char *out, const char *text) {
  size_t size = strlen(text);
  memcpy(out, text, size);
  return out + size;
}

// Length of the well-formed UTF-8 sequence at `at`, or 0.
static size_t sequence(const unsigned char *at, size_t left) {
  static const struct {
    unsigned char first, last, low, high;
    size_t length;
  } forms[] = {{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
               {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
               {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    if (at[0] < forms[i].first || at[0] > forms[i].last) continue;
    if (left < forms[i].length || at[1] < forms[i].low || at[1] > forms[i].high) return 0;
    for (size_t next = 2; next < forms[i].length; next++) {
      if (at[next] < 0x80 || at[next] > 0xbf) return 0;
    }
    return forms[i].length;
  }
  return 0;
}

// As Go does it: control characters, `<`, `>` and `&` escaped, what is no UTF-8 replaced.
static char *escape_byte(char *out, unsigned char byte) {
  const char *shorts = "\"\"\\\\\nn\rr\tt";
  for (const char *pair = shorts; *pair != '\0'; pair += 2) {
    if ((unsigned char)pair[0] != byte) continue;
    *out++ = '\\';
    *out++ = pair[1];
    return out;
  }
  if (byte >= 0x80) return put(out, "\\ufffd");
  static const char digits[] = "0123456789abcdef";
  out = put(out, "\\u00");
  *out++ = digits[byte >> 4];
  *out++ = digits[byte & 15];
  return out;
}

static bool is_plain(unsigned char byte) {
  return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\' && byte != '<' && byte != '>' && byte != '&';
}

static char *put_escaped(char *out, const char *text, size_t size) {
  const unsigned char *at = (const unsigned char *)text, *end = at + size;
  while (at < end) {
    const unsigned char *plain = at;
    while (plain < end && is_plain(*plain)) plain++;
    memcpy(out, at, (size_t)(plain - at));
    out += plain - at;
    at = plain;
    if (at == end) break;
    size_t length = *at < 0x80 ? 0 : sequence(at, (size_t)(end - at));
    if (length == 0) {
      out = escape_byte(out, *at++);
      continue;
    }
    memcpy(out, at, length);
    out += length;
    at += length;
  }
  return out;
}

// All or nothing: half a line would spoil the next one.
static int flush(struct json_log *log) {
  struct stat status;
  if (log->used == 0) return 0;
  if (fstat(log->file, &status) < 0 || status.st_nlink == 0) {
    // Somebody removed it.
    if (log->file >= 0) close(log->file);
    int result = json_log_create(log);
    if (result < 0) return result;
    status.st_size = 0;
  }
  int result = write_all(log->file, log->out, log->used);
  if (result < 0 && ftruncate(log->file, status.st_size) < 0) result = -errno;
  log->size = (uint64_t)status.st_size + (result < 0 ? 0 : log->used);
  log->used = 0;
  return result;
}

static void note_problem(struct json_log *log, int result) {
  if (result < 0) log->problem = result;
}

static void take_line(void *context, enum stream_number stream, const char *bytes, size_t size, bool whole) {
  struct json_log *log = context;
  const char *attributes = log->config->attributes;
  size_t before = log->used, most = size * LONGEST_ESCAPE + 128 + (attributes == NULL ? 0 : strlen(attributes));
  if (reserve(log, most) < 0) {
    note_problem(log, -ENOMEM);
    return;
  }
  char *out = put(log->out + before, "{\"log\":\"");
  out = put_escaped(out, bytes, size);
  if (whole) out = put(out, "\\n");
  out = put(out, stream == STREAM_OUT ? "\",\"stream\":\"stdout\"" : "\",\"stream\":\"stderr\"");
  if (attributes != NULL) out = put(put(out, ",\"attrs\":"), attributes);
  out = put(put(put(out, ",\"time\":\""), log->time), "\"}\n");
  size_t line = (size_t)(out - log->out) - before;
  uint64_t limit = log->config->max_bytes;
  if (limit > 0 && log->size + before > 0 && log->size + before + line > limit) {
    note_problem(log, flush(log));
    if (json_log_rotate(log) == 0) log->size = 0;
    memmove(log->out, log->out + before, line);
    before = 0;
  }
  log->used = before + line;
  if (log->used >= FLUSH_SIZE) note_problem(log, flush(log));
}

int json_log_open(struct json_log *log, const struct log_config *config) {
  struct stat status;
  *log = (struct json_log){.config = config, .file = -1, .compressing = -1};
  log->directory = open(config->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (log->directory < 0) return -errno;
  int result = json_log_create(log);
  if (result < 0 || fstat(log->file, &status) < 0) return result < 0 ? result : -errno;
  log->size = (uint64_t)status.st_size;
  // A writer before us was killed in the middle of a line.
  char last = '\n';
  if (log->size > 0 && pread(log->file, &last, 1, status.st_size - 1) == 1 && last != '\n') {
    return write_all(log->file, "\n", 1);
  }
  return 0;
}

static int end_of_chunk(struct json_log *log) {
  note_problem(log, flush(log));
  int problem = log->problem;
  log->problem = 0;
  return problem;
}

int json_log_append(struct json_log *log, enum stream_number stream, const char *chunk, size_t size) {
  format_time(now_ns(), log->time, sizeof log->time);
  lines_feed(&log->lines, stream, chunk, size, take_line, log);
  return end_of_chunk(log);
}

int json_log_finish(struct json_log *log) {
  lines_flush(&log->lines, take_line, log);
  return end_of_chunk(log);
}
