/*
 * Feeds archives to the code of gantry-layer, in one process and with everything watched: that nothing crashes, that
 * nothing outside the tree changes, that an overlay and a plain tree come out the same, and that what is written comes
 * back. Standard input: for each archive a byte for its kind (t, a tar; c, compressed), its size in four bytes, the
 * lowest first, and its bytes. Standard output: for each a letter, `a` when it was taken and `r` when it was refused.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../layer/apply.h"
#include "../layer/cleanup.h"
#include "../layer/decode.h"
#include "../layer/output.h"
#include "../layer/scan.h"
#include "compare-trees.h"
#include "world.h"

enum { MOST_ENTRIES = 2000, MOST_BYTES = 1 << 20 };

static void become(int number, int fd) {
  if (dup2(fd, number) < 0) violated("no descriptor");
}

static int memory(void) {
  int fd = memfd_create("archive", MFD_CLOEXEC);
  if (fd < 0) violated("no memory file");
  return fd;
}

/* Applies the archive in `file` as the helper does; 0, or -1 with the failure. */
static int apply_file(int file, const char *top, const char *lower, struct failure *failure) {
  struct apply_options options = {.layer = true, .directory = "", .most_entries = MOST_ENTRIES};
  options.write.most_bytes = MOST_BYTES;
  options.write.replace_xattrs = true;
  AUTO_FD root = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  AUTO_FD below = lower ? open(lower, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  const struct layer_place place = {.root = root, .lower = below, .overlay = lower != NULL};
  if (lseek(file, 0, SEEK_SET) < 0) violated("cannot rewind");
  become(STDIN_FILENO, file);
  return apply(&place, &options, failure);
}

static void compare(const char *one, const char *other, const char *what) {
  char where[8192];
  AUTO_FD first = open(one, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  AUTO_FD second = open(other, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!same_trees(first, second, where, sizeof where)) violated("%s: %s", what, where);
}

/* What the upper directory holds, written as a layer and applied again, is the same. */
static void round_trip(int output) {
  struct failure failure = {0};
  AUTO_FD upper = open("/upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  AUTO_FD written = memory();
  become(STDOUT_FILENO, written);
  int result = write_upper(upper, &failure);
  if (result < 0) put_flush(&failure);
  become(STDOUT_FILENO, output);
  if (result < 0) violated("cannot be written as a layer: %s: %s", failure.entry, failure.reason);
  if (apply_file(written, "/upper2", "/lower", &failure) < 0) violated("does not come back: %s: %s", failure.entry, failure.reason);
  world_mount("/upper2", "/work2", "/merged2");
  compare("/merged", "/merged2", "comes back differently");
  world_unmount("/merged2");
}

static bool try_tar(int file, int output) {
  struct failure plain = {0}, layered = {0};
  world_renew();
  int one = apply_file(file, "/plain", NULL, &plain);
  int other = apply_file(file, "/upper", "/lower", &layered);
  world_check();
  if (plain.kind == FAILURE_INTERNAL && one < 0) violated("refused as the system's fault: %s: %s", plain.entry, plain.reason);
  if (layered.kind == FAILURE_INTERNAL && other < 0) violated("refused as the system's fault: %s: %s", layered.entry, layered.reason);
  if (one != other) violated("refused by one alone: plain \"%s\" \"%s\", overlay \"%s\" \"%s\"", plain.entry, plain.reason, layered.entry, layered.reason);
  if (one < 0) return false;
  world_mount("/upper", "/work", "/merged");
  compare("/plain", "/merged", "plain and overlay differ");
  round_trip(output);
  world_unmount("/merged");
  return true;
}

static bool try_compressed(const unsigned char *bytes, size_t size) {
  static unsigned char out[1 << 16];
  struct failure failure = {0};
  struct input input = {bytes, size, true};
  struct decoder *decoder = decoder_open(&input, &failure);
  size_t total = 0;
  bool done = false;
  int result = decoder ? 0 : -1;
  while (result == 0 && !done && total < (size_t)64 * MOST_BYTES) {
    size_t made = 0;
    size_t before = input.size;
    result = decoder_run(decoder, &input, out, sizeof out, &made, &done, &failure);
    if (result == 0 && made == 0 && !done && before == input.size) violated("the decoder makes no progress");
    total += made;
  }
  decoder_close(decoder);
  if (result < 0 && failure.kind != FAILURE_INVALID) violated("refused as the system's fault: %s", failure.reason);
  return result == 0;
}

static bool read_all(int fd, void *out, size_t size) {
  char *at = out;
  while (size > 0) {
    ssize_t got = read(fd, at, size);
    if (got <= 0) return false;
    at += got;
    size -= (size_t)got;
  }
  return true;
}

static int lowest_free(void) {
  int fd = dup(STDERR_FILENO);
  close(fd);
  return fd;
}

static bool try_one(int kind, const unsigned char *bytes, size_t size, int output) {
  if (kind == 'c') return try_compressed(bytes, size);
  AUTO_FD file = memory();
  if (write(file, bytes, size) != (ssize_t)size) violated("cannot hand it over");
  return try_tar(file, output);
}

int main(void) {
  int input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
  int output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
  unsigned char head[5];
  world_make();
  int expected = lowest_free();
  while (read_all(input, head, sizeof head)) {
    uint32_t size = head[1] | (uint32_t)head[2] << 8 | (uint32_t)head[3] << 16 | (uint32_t)head[4] << 24;
    AUTO_FREE unsigned char *bytes = malloc(size + 1);
    if (!bytes || !read_all(input, bytes, size)) return 2;
    char verdict = try_one(head[0], bytes, size, output) ? 'a' : 'r';
    if (lowest_free() != expected) violated("a descriptor was left open");
    if (write(output, &verdict, 1) != 1) return 2;
  }
  return 0;
}
