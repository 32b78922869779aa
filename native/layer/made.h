/* A set of inode numbers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct made {
  uint64_t *slots; /* 0 is free */
  size_t room, count;
};

/* Returns -1 when memory is short. */
int made_add(struct made *made, uint64_t inode);
bool made_has(const struct made *made, uint64_t inode);
