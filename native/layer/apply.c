#include "apply.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "listing.h"
#include "made.h"
#include "reader.h"
#include "remove.h"
#include "tree.h"

/*
 * Deletions only concern what lower layers brought: a file of the layer itself stays, wherever in the archive its
 * deletion stands. In an overlay's upper directory all there is comes from this layer. In a plain tree the inodes
 * that this archive made are remembered to tell them apart.
 */
static const char deletion[] = ".wh.";
static const char opaque[] = ".wh..wh..opq";
static const char reserved[] = ".wh..wh.";

static bool starts(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

/* True when a component before the last is a deletion name. */
static bool below_deletion(const char *name) {
  for (const char *at = name; (at = strchr(at, '/')); at++) {
    const char *first = at;
    while (first > name && first[-1] != '/') first--;
    if (starts(first, deletion)) return true;
  }
  return false;
}

static int show_whole(const struct tree *tree, int directory, const char *entry, int depth, struct failure *failure);

/* Removes a parent that was only borrowed once nothing is in it; 1 when that is done. */
static int give_back(const struct tree *tree, int directory, const char *name, ino_t inode, const char *entry, struct failure *failure) {
  if (!tree_borrowed(tree, inode)) return 0;
  if (unlinkat(directory, name, AT_REMOVEDIR) == 0) return 1;
  return errno == ENOTEMPTY ? 0 : fail_errno(failure, entry, "cannot remove a parent directory");
}

/* In a directory that hides all below it, marks of deletion would be seen: they go. */
static int show_entry(const struct tree *tree, int directory, const char *name, const char *entry, int depth, struct failure *failure) {
  struct stat status;
  if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0) return fail_errno(failure, entry, "cannot look up what is hidden");
  if (is_whiteout(&status) && unlinkat(directory, name, 0) < 0) return fail_errno(failure, entry, "cannot remove a deletion");
  if (!S_ISDIR(status.st_mode)) return 0;
  AUTO_FD inner = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (inner < 0) return fail_errno(failure, entry, "cannot open what is hidden");
  if (!is_opaque(inner) && show_whole(tree, inner, entry, depth + 1, failure) < 0) return -1;
  return give_back(tree, directory, name, status.st_ino, entry, failure) < 0 ? -1 : 0;
}

static int show_whole(const struct tree *tree, int directory, const char *entry, int depth, struct failure *failure) {
  struct listing listing;
  if (depth > PATH_MAX / 2) return fail(failure, FAILURE_INVALID, entry, "directories are nested too deeply");
  if (listing_read(directory, entry, &listing, failure) < 0) return -1;
  int result = 0;
  for (size_t i = 0; i < listing.count && result == 0; i++) result = show_entry(tree, directory, listing.names[i], entry, depth, failure);
  listing_free(&listing);
  return result;
}

static int hide_below(const struct tree *tree, int directory, const char *entry, struct failure *failure) {
  if (is_opaque(directory)) return 0;
  if (make_opaque(directory, entry, failure) < 0) return -1;
  return show_whole(tree, directory, entry, 0, failure);
}

/* True when lower layers have that name, or may have it. In a directory that they do not have the mark would be seen. */
static bool shows_through(const struct tree *tree, const struct spot *spot, const char *name) {
  struct stat lower;
  return tree->place.apart || (spot->lower >= 0 && fstatat(spot->lower, name, &lower, AT_SYMLINK_NOFOLLOW) == 0);
}

static int put_whiteout(const struct tree *tree, const struct spot *spot, const char *name, const char *entry, struct failure *failure) {
  if (!shows_through(tree, spot, name) || mknodat(spot->fd, name, S_IFCHR, 0) == 0) return 0;
  return fail_errno(failure, entry, "cannot record the deletion");
}

/* A directory of this layer under that name only loses what lower layers would add to it. */
static int hide_in_overlay(const struct tree *tree, const struct spot *spot, const char *name, const char *entry, struct failure *failure) {
  struct stat status;
  if (fstatat(spot->fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
    if (errno != ENOENT) return fail_errno(failure, entry, "cannot look up what is deleted");
    return put_whiteout(tree, spot, name, entry, failure);
  }
  if (!S_ISDIR(status.st_mode)) return 0;
  AUTO_FD fd = openat(spot->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return fail_errno(failure, entry, "cannot open what is deleted");
  if (hide_below(tree, fd, entry, failure) < 0) return -1;
  int gone = give_back(tree, spot->fd, name, status.st_ino, entry, failure);
  return gone > 0 ? put_whiteout(tree, spot, name, entry, failure) : gone;
}

/* Overlayfs never takes the root for opaque: what lower layers have there is hidden by name. */
static int hide_root(const struct tree *tree, const struct spot *spot, const char *entry, struct failure *failure) {
  struct listing listing;
  if (tree->place.apart) return fail(failure, FAILURE_NOT_APART, entry, "what it hides lies below");
  if (spot->lower < 0) return 0;
  if (listing_read(spot->lower, entry, &listing, failure) < 0) return -1;
  int result = 0;
  for (size_t i = 0; i < listing.count && result == 0; i++) result = hide_in_overlay(tree, spot, listing.names[i], entry, failure);
  listing_free(&listing);
  return result;
}

static int hide_all(struct tree *tree, const struct spot *spot, const char *entry, struct failure *failure) {
  int result = 0;
  if (tree->place.overlay && !*spot->path) result = hide_root(tree, spot, entry, failure);
  else if (tree->place.overlay) result = hide_below(tree, spot->fd, entry, failure);
  else if (tree->track) result = remove_older_children(spot->fd, tree->made, failure);
  tree_forget(tree);
  return result;
}

static int hide_one(struct tree *tree, const struct spot *spot, const char *name, const char *entry, struct failure *failure) {
  if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
    return fail(failure, FAILURE_INVALID, entry, "it deletes no name");
  if (tree->place.overlay) return hide_in_overlay(tree, spot, name, entry, failure);
  return tree->track ? remove_older(spot->fd, name, tree->made, failure) : 0;
}

/* 1 when `name` was a deletion and is dealt with. */
static int apply_deletion(struct tree *tree, const char *name, struct failure *failure) {
  const struct spot *spot;
  const char *last = strrchr(name, '/');
  last = last ? last + 1 : name;
  if (below_deletion(name)) {
    if (starts(name, reserved)) return 1;
    return fail(failure, FAILURE_INVALID, name, "it lies below a deletion");
  }
  if (!starts(last, deletion)) return 0;
  if (starts(last, reserved) && strcmp(last, opaque) != 0) return 1;
  if (tree_parent(tree, name, &spot, &last, failure) < 0) return -1;
  int result = strcmp(last, opaque) == 0 ? hide_all(tree, spot, name, failure) : hide_one(tree, spot, last + strlen(deletion), name, failure);
  return result < 0 ? -1 : 1;
}

static int apply_one(struct tree *tree, struct archive *archive, struct archive_entry *entry, struct apply_options *options, struct failure *failure) {
  AUTO_FREE char *name = NULL;
  const char *raw = archive_entry_pathname(entry);
  if (!raw) return fail(failure, FAILURE_INVALID, "", "an entry has no name");
  if (clean_name(raw, &name, failure) < 0) return -1;
  int deleted = options->layer ? apply_deletion(tree, name, failure) : 0;
  if (deleted != 0) return deleted < 0 ? -1 : 0;
  if (!*name) options->found_root = true;
  return write_entry(tree, archive, entry, name, &options->write, failure);
}

static int apply_all(struct tree *tree, struct apply_options *options, struct failure *failure) {
  struct archive_entry *entry;
  uint64_t entries = 0;
  struct archive *archive = open_tar(options->plain, failure);
  if (!archive) return -1;
  int result;
  while ((result = next_entry(archive, &entry, failure)) > 0) {
    if (options->most_entries > 0 && ++entries + tree->parents > options->most_entries)
      result = fail(failure, FAILURE_INVALID, "", "the archive has more than %llu entries", (unsigned long long)options->most_entries);
    else result = apply_one(tree, archive, entry, options, failure);
    if (result < 0) break;
  }
  archive_read_free(archive);
  return result < 0 ? -1 : drain_input(options->plain, failure);
}

static bool is_empty(int directory) {
  int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  AUTO_DIR list = copy < 0 ? NULL : fdopendir(copy);
  int count = 0;
  while (list && count < 3 && readdir(list)) count++;
  return count < 3;
}

/* The directory to write to, links in it followed, made where it is missing. */
static int find_base(struct tree *tree, const char *directory, struct failure *failure) {
  struct spot spot = {-1, -1, NULL};
  if (tree_walk(tree, directory, true, &spot, failure) < 0) return -1;
  tree->base = spot.path;
  spot.path = NULL;
  spot_close(&spot);
  return 0;
}

int apply(const struct layer_place *place, struct apply_options *options, struct failure *failure) {
  struct made made = {0};
  struct tree tree = {.place = *place, .made = &made, .near = {-1, -1, NULL}};
  tree.track = options->layer && !place->overlay && !is_empty(place->root);
  int result = find_base(&tree, options->directory, failure);
  if (result == 0) result = apply_all(&tree, options, failure);
  tree_forget(&tree);
  if (result == 0) tree_finish(&tree);
  late_free(&tree.late);
  free(tree.base);
  free(made.slots);
  free(tree.borrowed.slots);
  free(tree.told.slots);
  return result;
}
