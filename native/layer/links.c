#include "links.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static struct links_slot *slot_of(const struct links *links, dev_t device, ino_t inode) {
  size_t at = (size_t)((inode ^ (device << 32)) * 0x9e3779b97f4a7c15u) & (links->room - 1);
  while (links->slots[at].name && (links->slots[at].inode != inode || links->slots[at].device != device)) at = (at + 1) & (links->room - 1);
  return &links->slots[at];
}

static int grow(struct links *links) {
  struct links larger = {.room = links->room ? links->room * 2 : 256, .count = links->count};
  larger.slots = calloc(larger.room, sizeof *larger.slots);
  if (!larger.slots) return -1;
  for (size_t i = 0; i < links->room; i++)
    if (links->slots[i].name) *slot_of(&larger, links->slots[i].device, links->slots[i].inode) = links->slots[i];
  free(links->slots);
  *links = larger;
  return 0;
}

const char *links_first(struct links *links, const struct stat *status, const char *name) {
  if (links->count * 2 >= links->room && grow(links) < 0) return NULL;
  struct links_slot *slot = slot_of(links, status->st_dev, status->st_ino);
  if (slot->name) return slot->name;
  *slot = (struct links_slot){status->st_dev, status->st_ino, strdup(name)};
  if (slot->name) links->count += 1;
  return NULL;
}

void links_free(struct links *links) {
  for (size_t i = 0; i < links->room; i++) free(links->slots[i].name);
  free(links->slots);
  *links = (struct links){0};
}
