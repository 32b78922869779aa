#include "unpack.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arrival.h"
#include "cleanup.h"
#include "plain.h"
#include "usage.h"

enum { LAYER = 3 };

static int enter(const struct mount_value *mount, struct layer_place *place, struct failure *failure) {
  if (strcmp(mount->type, "apart") == 0) return enter_apart(mount->source, place, failure);
  return enter_layer(mount, place, failure);
}

/* What goes wrong with the blob shows up as a broken archive; the blob's own failure says more. */
static int blame(struct plain *plain, struct failure *failure) {
  const struct failure *source = plain_failure(plain);
  if (source) *failure = *source;
  return -1;
}

int unpack(const struct mount_value *mount, struct apply_options *options, struct failure *failure) {
  static struct arrival arrival;
  struct layer_place place;
  struct usage usage;
  char hex[65];
  uint64_t bytes;
  if (enter(mount, &place, failure) < 0) return -1;
  AUTO_FD root = place.root;
  AUTO_FD lower = place.lower;
  if (arrival_start(&arrival, failure) < 0) return -1;
  options->plain = plain_start(LAYER, &arrival, &options->proportion, failure);
  if (!options->plain) return -1;
  if (apply(&place, options, failure) < 0) return blame(options->plain, failure);
  if (measure(root, ".", &usage, failure) < 0) return -1;
  plain_sum(options->plain, hex, &bytes);
  printf("done %s %" PRIu64 " %d %" PRIu64 " %" PRIu64 "\n", hex, bytes, options->found_root, usage.bytes, usage.inodes);
  return fflush(stdout) == 0 ? 0 : fail_errno(failure, "", "cannot answer");
}
