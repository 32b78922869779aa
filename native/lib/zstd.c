// One block of zstd, straight into memory that the caller has.
#include <errno.h>
#include <zstd.h>

#include "gantry.h"

int gantry_zstd_decompress(void *out, uint32_t capacity, const void *packed, uint32_t size) {
  size_t length = ZSTD_decompress(out, capacity, packed, size);
  return ZSTD_isError(length) ? -EBADMSG : (int)length;
}
