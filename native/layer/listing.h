/* The names in a directory, sorted. */
#pragma once

#include <stddef.h>

#include "failure.h"

struct listing {
  char **names;
  size_t count;
};

int listing_read(int directory, const char *entry, struct listing *listing, struct failure *failure);
void listing_free(struct listing *listing);
