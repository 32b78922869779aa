// Compressing rotated files, in a child of its own: the container's output does not wait for it, and its memory goes.
#pragma once

#include "util.h"

// Start a child; its pid or -errno. It ends with 0 when all is written.
// Reads `input` from its start and writes gzip to `output` below `directory`.
pid_t compress_gzip(int directory, int input, const char *output);
// Writes `NAME.zst` for both names in zstd's seekable format, by way of `zst.tmp`, and then removes the originals.
pid_t compress_pair(int directory, const char *data, const char *index);
