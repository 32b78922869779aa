// The container's output on disk, in the form in which it is streamed back. Layout: native/protocol.md.
#pragma once

#include "config.h"

enum { FRAME_HEADER = 8, INDEX_RECORD = 16 };
enum stream_number { STREAM_OUT = 1, STREAM_ERR = 2 };

struct log {
  int directory;
  int data;
  int index;
  // Framed: every chunk has an 8-byte header. Otherwise (terminal) the bytes lie as they came.
  bool framed;
  uint64_t generation;
  uint64_t size;
  uint64_t index_size;
  uint64_t max_bytes;
  unsigned max_files;
  bool compress;
  // The child that compresses a rotated generation; 0: none.
  pid_t compressor;
  const char *path;
  // Output that could not be kept, to be told of in the log once it can be.
  uint64_t lost;
  int lost_for;
  // The last byte kept of a stream was not a newline.
  bool mid_line[2];
};

// One index record; the first of a file holds LOG_MAGIC and the generation instead.
struct log_record {
  uint64_t time;
  uint64_t offset;
};
#define LOG_MAGIC 0x31584449474f4c47ull  // "GLOGIDX1", little-endian

// Continues the log in `directory`, repairing what a crash left half written.
int log_open(struct log *log, const struct log_config *config, bool framed);
// Appends one chunk. `chunk` has FRAME_HEADER writable bytes in front of it. On failure nothing of it is kept, and
// the log says so as soon as it can be written again.
int log_append(struct log *log, enum stream_number stream, char *chunk, size_t size);
// Opens a generation for reading. Sets `*generation` to the oldest one kept when the wanted one is gone.
int log_open_generation(const struct log *log, uint64_t *generation);

// Fills the header of a frame.
void frame_header(char *out, enum stream_number stream, size_t size);

// log.c: begins the next generation; on failure the current one stays.
int log_start_next(struct log *log);
// log_files.c
void log_name(char *out, size_t size, uint64_t generation, bool index);
int log_create_files(struct log *log);
uint64_t log_newest_rotated(int directory);
void log_remove_old(const struct log *log);
// Compresses the oldest generation that is neither compressed nor at or behind `needed`, unless a child is at it.
void log_compress(struct log *log, uint64_t needed);
// log_repair.c
int log_repair(struct log *log);
