#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "cleanup.h"

/*
 * A tmpfs over this directory, in our namespace only, holds the mount point and short links to the lower
 * directories: mount(2) takes one page of options, too little for many full paths. No tree lies below /proc, so
 * nothing that is needed gets hidden.
 */
#define SCRATCH "/proc"

static int private_scratch(struct failure *failure) {
  if (unshare(CLONE_NEWNS) < 0) return fail_errno(failure, "", "cannot make a mount namespace");
  if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0) return fail_errno(failure, "/", "cannot detach mounts");
  if (mount("tmpfs", SCRATCH, "tmpfs", MS_NOSUID | MS_NODEV, "mode=700") < 0)
    return fail_errno(failure, SCRATCH, "cannot mount a scratch directory");
  if (chdir(SCRATCH) < 0 || mkdir("tree", 0700) < 0) return fail_errno(failure, SCRATCH, "cannot use the scratch directory");
  return 0;
}

static int append(char *options, size_t size, const char *text, struct failure *failure) {
  size_t used = strlen(options);
  size_t more = strlen(text) + (used > 0);
  if (used + more + 1 > size) return fail(failure, FAILURE_INVALID, text, "too many layers for one mount");
  if (used > 0) strcat(options, ",");
  strcat(options, text);
  return 0;
}

/* Replaces the colon separated directories of `list` by links `0`, `1`, … in the working directory. */
static int link_lowers(char *list, char *out, size_t size, int *count, struct failure *failure) {
  char *rest = list;
  char *path;
  size_t used = 0;
  *count = 0;
  out[0] = '\0';
  while ((path = strsep(&rest, ":"))) {
    char name[16];
    snprintf(name, sizeof name, "%d", *count);
    if (symlink(path, name) < 0) return fail_errno(failure, path, "cannot link a layer");
    int more = snprintf(out + used, size - used, "%s%s", used ? ":" : "", name);
    if (more < 0 || (size_t)more >= size - used) return fail(failure, FAILURE_INVALID, path, "too many layers for one mount");
    used += (size_t)more;
    *count += 1;
  }
  return 0;
}

struct overlay_parts {
  char *lower; /* as written, or NULL */
  char *upper;
  char *work;
  bool read_only;
  char rest[1024]; /* all other options */
};

/* Takes `options` apart; the parts point into it. */
static int split_overlay(char *options, struct overlay_parts *parts, struct failure *failure) {
  char *rest = options;
  char *word;
  *parts = (struct overlay_parts){0};
  while ((word = strsep(&rest, ","))) {
    if (strncmp(word, "lowerdir=", 9) == 0) parts->lower = word + 9;
    else if (strncmp(word, "upperdir=", 9) == 0) parts->upper = word + 9;
    else if (strncmp(word, "workdir=", 8) == 0) parts->work = word + 8;
    else if (strcmp(word, "ro") == 0) parts->read_only = true;
    else if (*word && strcmp(word, "rw") != 0 && append(parts->rest, sizeof parts->rest, word, failure) < 0) return -1;
  }
  if (!parts->lower || !*parts->lower) return fail(failure, FAILURE_INVALID, "", "an overlay mount without lowerdir");
  if (!parts->upper != !parts->work) return fail(failure, FAILURE_INVALID, "", "an overlay mount needs both upperdir and workdir");
  return 0;
}

/* Without an upper directory of its own a stack gets one in the scratch directory: what is made in it is forgotten. */
static int link_upper(const struct overlay_parts *parts) {
  if (parts->upper) return symlink(parts->upper, "u") < 0 || symlink(parts->work, "w") < 0 ? -1 : 0;
  return mkdir("u", 0755) < 0 || mkdir("w", 0700) < 0 ? -1 : 0;
}

/* Mounts the overlay on ./tree; one lower directory alone is bound there, as overlay wants two. */
static int mount_overlay(struct overlay_parts *parts, bool with_upper, struct failure *failure) {
  char lowers[4096];
  char options[8192] = "";
  int count = 0;
  unsigned long flags = parts->read_only || !with_upper ? MS_RDONLY : 0;
  if (link_lowers(parts->lower, lowers, sizeof lowers, &count, failure) < 0) return -1;
  if (!with_upper && count == 1) {
    if (mount("0", "tree", NULL, MS_BIND, NULL) < 0) return fail_errno(failure, parts->lower, "cannot mount the layer");
    return 0;
  }
  snprintf(options, sizeof options, "lowerdir=%s", lowers);
  if (with_upper) {
    if (link_upper(parts) < 0) return fail_errno(failure, parts->upper, "cannot link the layer");
    if (append(options, sizeof options, "upperdir=u,workdir=w", failure) < 0) return -1;
  }
  if (*parts->rest && append(options, sizeof options, parts->rest, failure) < 0) return -1;
  if (mount("overlay", "tree", "overlay", flags, options) < 0) return fail_errno(failure, parts->upper ? parts->upper : "", "cannot mount the layers");
  return 0;
}

static int become_root(int fd, const char *name, struct failure *failure) {
  if (fchdir(fd) < 0 || chroot(".") < 0) return fail_errno(failure, name, "cannot change the root directory");
  return 0;
}

static int open_root(const char *path, struct failure *failure) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) return fd;
  if (errno == ENOENT) return fail(failure, FAILURE_NOT_FOUND, path, "no such directory");
  return fail_errno(failure, path, "cannot open the directory");
}

int enter_directory(const char *path, struct failure *failure) {
  AUTO_FD root = open_root(path, failure);
  if (root < 0 || become_root(root, path, failure) < 0) return -1;
  return take_fd(&root);
}

/* A bind needs no mount: the directory itself is the tree. */
static bool is_bind(const struct mount_value *value) { return strcmp(value->type, "bind") == 0; }

static int check_type(const struct mount_value *value, struct failure *failure) {
  if (is_bind(value) || strcmp(value->type, "overlay") == 0) return 0;
  return fail(failure, FAILURE_INVALID, value->type, "a mount of this type is no tree");
}

int enter_tree(const struct mount_value *value, struct failure *failure) {
  struct overlay_parts parts;
  if (check_type(value, failure) < 0) return -1;
  if (is_bind(value)) return enter_directory(value->source, failure);
  AUTO_FREE char *options = strdup(value->options);
  if (!options) return fail_errno(failure, "", "cannot read the mount");
  if (split_overlay(options, &parts, failure) < 0 || private_scratch(failure) < 0) return -1;
  if (mount_overlay(&parts, parts.upper != NULL, failure) < 0) return -1;
  return enter_directory("tree", failure);
}

/*
 * Mounts the tree on ./tree of the scratch directory, be it a bind or an overlay. Places for mounts can be made in it
 * whatever it is; those in a read-only stack are forgotten.
 */
static int mount_tree(const struct mount_value *value, struct failure *failure) {
  struct overlay_parts parts;
  if (check_type(value, failure) < 0) return -1;
  AUTO_FREE char *options = strdup(value->options);
  if (!options) return fail_errno(failure, "", "cannot read the mount");
  if (!is_bind(value) && split_overlay(options, &parts, failure) < 0) return -1;
  if (private_scratch(failure) < 0) return -1;
  if (!is_bind(value)) {
    parts.read_only = false;
    return mount_overlay(&parts, true, failure);
  }
  if (mount(value->source, "tree", NULL, MS_BIND | MS_REC, NULL) == 0) return 0;
  return fail_errno(failure, value->source, "cannot mount the directory");
}

int enter_tree_with(const struct mount_value *value, const struct overs *overs, struct failure *failure) {
  if (overs->count == 0) return enter_tree(value, failure);
  if (mount_tree(value, failure) < 0) return -1;
  AUTO_FD root = open_root("tree", failure);
  if (root < 0 || put_overs(root, overs, failure) < 0 || become_root(root, "tree", failure) < 0) return -1;
  return take_fd(&root);
}

int enter_layer(const struct mount_value *value, struct layer_place *place, struct failure *failure) {
  struct overlay_parts parts;
  *place = (struct layer_place){.root = -1, .lower = -1};
  if (check_type(value, failure) < 0) return -1;
  if (is_bind(value)) {
    place->root = enter_directory(value->source, failure);
    return place->root < 0 ? -1 : 0;
  }
  AUTO_FREE char *options = strdup(value->options);
  if (!options) return fail_errno(failure, "", "cannot read the mount");
  if (split_overlay(options, &parts, failure) < 0) return -1;
  if (!parts.upper) return fail(failure, FAILURE_INVALID, "", "the mount is read-only");
  AUTO_FD upper = open_root(parts.upper, failure);
  if (upper < 0 || private_scratch(failure) < 0 || mount_overlay(&parts, false, failure) < 0) return -1;
  AUTO_FD lower = open_root("tree", failure);
  if (lower < 0 || become_root(upper, parts.upper, failure) < 0) return -1;
  *place = (struct layer_place){.root = take_fd(&upper), .lower = take_fd(&lower), .overlay = true};
  return 0;
}

int enter_apart(const char *path, struct layer_place *place, struct failure *failure) {
  *place = (struct layer_place){.root = enter_directory(path, failure), .lower = -1, .overlay = true, .apart = true};
  return place->root < 0 ? -1 : 0;
}
