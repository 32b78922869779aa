#include "made.h"

#include <stdlib.h>

static size_t place_of(const struct made *made, uint64_t inode) {
  size_t at = (size_t)(inode * 0x9e3779b97f4a7c15u) & (made->room - 1);
  while (made->slots[at] != 0 && made->slots[at] != inode) at = (at + 1) & (made->room - 1);
  return at;
}

static int grow(struct made *made) {
  struct made larger = {.room = made->room ? made->room * 2 : 1024, .count = made->count};
  larger.slots = calloc(larger.room, sizeof *larger.slots);
  if (!larger.slots) return -1;
  for (size_t i = 0; i < made->room; i++)
    if (made->slots[i]) larger.slots[place_of(&larger, made->slots[i])] = made->slots[i];
  free(made->slots);
  *made = larger;
  return 0;
}

int made_add(struct made *made, uint64_t inode) {
  if (made->count * 2 >= made->room && grow(made) < 0) return -1;
  size_t at = place_of(made, inode);
  if (made->slots[at] == 0) made->count += 1;
  made->slots[at] = inode;
  return 0;
}

bool made_has(const struct made *made, uint64_t inode) {
  return made->room > 0 && made->slots[place_of(made, inode)] == inode;
}
