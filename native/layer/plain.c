#include "plain.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decode.h"

enum { BLOCK = 1 << 18, BLOCKS = 4, INPUT = 1 << 18, TELL = 1 << 21 };

struct plain {
  int file;
  struct arrival *arrival;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  unsigned char *blocks[BLOCKS];
  size_t sizes[BLOCKS];
  unsigned made, used; /* blocks ever made and ever handed out; the last one handed out is in use */
  bool done, failed;
  struct failure failure;
  off_t at, told; /* bytes of the file that have been read; and those that the engine knows of */
  struct sha256_ctx hash;
  uint64_t bytes;
  struct proportion proportion;
};

/* The engine shows it as progress. */
static void tell(struct plain *plain) {
  if (plain->at - plain->told < TELL) return;
  plain->told = plain->at;
  dprintf(STDOUT_FILENO, "at %jd\n", (intmax_t)plain->at);
}

static int read_more(struct plain *plain, unsigned char *buffer, struct input *input, struct failure *failure) {
  memmove(buffer, input->bytes, input->size);
  input->bytes = buffer;
  off_t there = arrival_wait(plain->arrival, plain->at);
  if (there < 0) return fail(failure, FAILURE_INTERNAL, "", "the rest of the layer does not come");
  if (there <= plain->at) {
    input->last = true;
    return 0;
  }
  size_t want = INPUT - input->size;
  if ((off_t)want > there - plain->at) want = (size_t)(there - plain->at);
  ssize_t size = pread(plain->file, buffer + input->size, want, plain->at);
  if (size < 0) return fail_errno(failure, "", "cannot read the layer");
  if (size == 0) return fail(failure, FAILURE_INTERNAL, "", "the layer has been cut short");
  input->size += (size_t)size;
  plain->at += size;
  tell(plain);
  return 0;
}

/* Waits for a block that nobody uses. */
static unsigned char *free_block(struct plain *plain) {
  pthread_mutex_lock(&plain->lock);
  while (plain->made - plain->used >= BLOCKS - 1) pthread_cond_wait(&plain->changed, &plain->lock);
  unsigned char *block = plain->blocks[plain->made % BLOCKS];
  pthread_mutex_unlock(&plain->lock);
  return block;
}

static void hand_out(struct plain *plain, size_t size) {
  pthread_mutex_lock(&plain->lock);
  plain->sizes[plain->made++ % BLOCKS] = size;
  pthread_cond_broadcast(&plain->changed);
  pthread_mutex_unlock(&plain->lock);
}

static int check_proportion(struct plain *plain) {
  uint64_t most = plain->proportion.free + plain->proportion.ratio * (uint64_t)plain->at;
  if (plain->proportion.ratio == 0 || plain->bytes <= most) return 0;
  return fail(&plain->failure, FAILURE_INVALID, "", "%jd compressed bytes unpack to more than %ju", (intmax_t)plain->at, (uintmax_t)most);
}

static int fill_block(struct plain *plain, struct decoder *decoder, unsigned char *buffer, struct input *input, bool *done) {
  unsigned char *block = free_block(plain);
  size_t size = 0;
  while (!*done && size < BLOCK) {
    size_t made = 0;
    if (decoder_run(decoder, input, block + size, BLOCK - size, &made, done, &plain->failure) < 0) return -1;
    size += made;
    if (*done || size == BLOCK) break;
    if (!input->last && read_more(plain, buffer, input, &plain->failure) < 0) return -1;
  }
  sha256_update(&plain->hash, size, block);
  plain->bytes += size;
  if (check_proportion(plain) < 0) return -1;
  if (size > 0) hand_out(plain, size);
  return 0;
}

static int decode(struct plain *plain) {
  static unsigned char buffer[INPUT];
  struct input input = {buffer, 0, false};
  bool done = false;
  while (input.size < 6 && !input.last)
    if (read_more(plain, buffer, &input, &plain->failure) < 0) return -1;
  struct decoder *decoder = decoder_open(&input, &plain->failure);
  int result = decoder ? 0 : -1;
  while (result == 0 && !done) result = fill_block(plain, decoder, buffer, &input, &done);
  decoder_close(decoder);
  /* What follows the end of the compressed data belongs to the blob all the same. */
  while (result == 0 && !input.last) {
    input.size = 0;
    result = read_more(plain, buffer, &input, &plain->failure);
  }
  return result;
}

static void *work(void *argument) {
  struct plain *plain = argument;
  int result = decode(plain);
  pthread_mutex_lock(&plain->lock);
  plain->done = true;
  plain->failed = result < 0;
  pthread_cond_broadcast(&plain->changed);
  pthread_mutex_unlock(&plain->lock);
  return NULL;
}

struct plain *plain_start(int file, struct arrival *arrival, const struct proportion *proportion, struct failure *failure) {
  pthread_t thread;
  struct plain *plain = calloc(1, sizeof *plain);
  unsigned char *memory = malloc((size_t)BLOCK * BLOCKS);
  errno = ENOMEM;
  if (plain && memory) {
    plain->file = file;
    plain->proportion = *proportion;
    plain->arrival = arrival;
    pthread_mutex_init(&plain->lock, NULL);
    pthread_cond_init(&plain->changed, NULL);
    sha256_init(&plain->hash);
    for (int i = 0; i < BLOCKS; i++) plain->blocks[i] = memory + (size_t)i * BLOCK;
    errno = pthread_create(&thread, NULL, work, plain);
    if (errno == 0) {
      pthread_detach(thread);
      return plain;
    }
  }
  fail_errno(failure, "", "cannot start to decompress");
  free(memory);
  free(plain);
  return NULL;
}

ssize_t plain_next(struct plain *plain, const void **block) {
  pthread_mutex_lock(&plain->lock);
  while (plain->used == plain->made && !plain->done) pthread_cond_wait(&plain->changed, &plain->lock);
  ssize_t size = plain->failed ? -1 : 0;
  if (plain->used < plain->made) {
    *block = plain->blocks[plain->used % BLOCKS];
    size = (ssize_t)plain->sizes[plain->used++ % BLOCKS];
    pthread_cond_broadcast(&plain->changed);
  }
  pthread_mutex_unlock(&plain->lock);
  return size;
}

const struct failure *plain_failure(struct plain *plain) {
  pthread_mutex_lock(&plain->lock);
  bool failed = plain->failed;
  pthread_mutex_unlock(&plain->lock);
  return failed ? &plain->failure : NULL;
}

void plain_sum(const struct plain *plain, char *hex, uint64_t *bytes) {
  struct sha256_ctx hash = plain->hash;
  unsigned char digest[SHA256_DIGEST_SIZE];
  sha256_digest(&hash, sizeof digest, digest);
  for (size_t i = 0; i < sizeof digest; i++) sprintf(hex + 2 * i, "%02x", digest[i]);
  *bytes = plain->bytes;
}
