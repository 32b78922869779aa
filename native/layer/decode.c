#include "decode.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum kind { PLAIN, GZIP, ZSTD };

struct decoder {
  enum kind kind;
  bool open; /* within a gzip member or a zstd frame */
  struct inflate_state gzip;
  ZSTD_DStream *zstd;
};

static bool begins(const struct input *input, const char *magic, size_t size) {
  return input->size >= size && memcmp(input->bytes, magic, size) == 0;
}

static bool is_zstd(const struct input *input) {
  if (begins(input, "\x28\xb5\x2f\xfd", 4)) return true;
  return input->size >= 4 && (input->bytes[0] & 0xf0) == 0x50 && memcmp(input->bytes + 1, "\x2a\x4d\x18", 3) == 0;
}

static void start_gzip(struct decoder *decoder) {
  isal_inflate_init(&decoder->gzip);
  decoder->gzip.crc_flag = ISAL_GZIP;
  decoder->open = true;
}

struct decoder *decoder_open(const struct input *start, struct failure *failure) {
  if (begins(start, "BZh", 3) || begins(start, "\xfd" "7zXZ\0", 6)) {
    fail(failure, FAILURE_INVALID, "", "a layer that is compressed so cannot be read from a file");
    return NULL;
  }
  struct decoder *decoder = calloc(1, sizeof *decoder);
  if (decoder && is_zstd(start)) {
    decoder->kind = ZSTD;
    decoder->zstd = ZSTD_createDStream();
  } else if (decoder && begins(start, "\x1f\x8b", 2)) {
    decoder->kind = GZIP;
    start_gzip(decoder);
  }
  if (!decoder || (decoder->kind == ZSTD && !decoder->zstd)) {
    errno = ENOMEM;
    fail_errno(failure, "", "cannot decompress");
    free(decoder);
    return NULL;
  }
  return decoder;
}

void decoder_close(struct decoder *decoder) {
  if (!decoder) return;
  ZSTD_freeDStream(decoder->zstd);
  free(decoder);
}

static int broken(const char *format, const char *why, struct failure *failure) {
  return fail(failure, FAILURE_INVALID, "", "cannot decompress %s data: %s", format, why);
}

static void take(struct input *input, size_t size) {
  input->bytes += size;
  input->size -= size;
}

static int copy(struct input *input, unsigned char *out, size_t room, size_t *made, bool *done) {
  *made = input->size < room ? input->size : room;
  memcpy(out, input->bytes, *made);
  take(input, *made);
  *done = input->last && input->size == 0;
  return 0;
}

static const char *gzip_error(int code) {
  if (code == ISAL_INCORRECT_CHECKSUM) return "incorrect data check";
  if (code == ISAL_INVALID_WRAPPER || code == ISAL_UNSUPPORTED_METHOD) return "incorrect header check";
  return "invalid compressed data";
}

/* After one member another may follow; anything else is ignored, as gzip does. False when the data ends here. */
static bool next_member(struct decoder *decoder, struct input *input, bool *wait) {
  *wait = input->size < 2 && !input->last;
  if (*wait) return true;
  if (!begins(input, "\x1f\x8b", 2)) {
    take(input, input->size);
    return false;
  }
  start_gzip(decoder);
  return true;
}

static int inflate_more(struct decoder *decoder, struct input *input, unsigned char *out, size_t room, size_t *made, bool *done,
                        struct failure *failure) {
  struct inflate_state *state = &decoder->gzip;
  *made = 0;
  while (*made < room) {
    bool wait;
    if (!decoder->open && !next_member(decoder, input, &wait)) {
      *done = true;
      return 0;
    }
    if (!decoder->open) return 0;
    state->next_in = (uint8_t *)input->bytes;
    state->avail_in = (uint32_t)input->size;
    state->next_out = out + *made;
    state->avail_out = (uint32_t)(room - *made);
    int code = isal_inflate(state);
    size_t output = room - *made - state->avail_out;
    size_t used = input->size - state->avail_in;
    *made += output;
    take(input, used);
    if (code < 0) return broken("gzip", gzip_error(code), failure);
    if (state->block_state == ISAL_BLOCK_FINISH) decoder->open = false;
    else if (output == 0 && used == 0) return input->last && input->size == 0 ? broken("gzip", "unexpected end of file", failure) : 0;
  }
  return 0;
}

static int zstd_more(struct decoder *decoder, struct input *input, unsigned char *out, size_t room, size_t *made, bool *done,
                     struct failure *failure) {
  ZSTD_inBuffer in = {input->bytes, input->size, 0};
  ZSTD_outBuffer to = {out, room, 0};
  size_t before;
  do {
    before = in.pos + to.pos;
    size_t left = ZSTD_decompressStream(decoder->zstd, &to, &in);
    if (ZSTD_isError(left)) return broken("zstd", ZSTD_getErrorName(left), failure);
    if (in.pos + to.pos > before) decoder->open = left > 0;
  } while (to.pos < room && in.pos + to.pos > before && (in.pos < in.size || decoder->open));
  *made = to.pos;
  take(input, in.pos);
  if (!input->last || input->size > 0 || to.pos == room) return 0;
  if (decoder->open) return broken("zstd", "unexpected end of file", failure);
  *done = true;
  return 0;
}

int decoder_run(struct decoder *decoder, struct input *input, unsigned char *out, size_t room, size_t *made, bool *done,
                struct failure *failure) {
  switch (decoder->kind) {
    case GZIP: return inflate_more(decoder, input, out, room, made, done, failure);
    case ZSTD: return zstd_more(decoder, input, out, room, made, done, failure);
    default: return copy(input, out, room, made, done);
  }
}
