/*
 * gantry-layer: tar from and to directory trees, for the engine.
 *
 *   apply TYPE SOURCE OPTIONS              layer tar on stdin onto the tree, deletions included
 *   unpack TYPE SOURCE OPTIONS             layer blob in descriptor 3, which may be growing, onto the tree (unpack.h)
 *   unpack apart DIRECTORY ""              the same onto an overlay's upper directory by itself
 *   extract TYPE SOURCE OPTIONS DIRECTORY  ordinary tar on stdin below DIRECTORY of the tree
 *   pack TYPE SOURCE OPTIONS PATH NAME     PATH of the tree to stdout, called NAME there
 *   diff UPPER                             overlay upper directory to stdout as a layer
 *   diff OLDER NEWER                       difference of two trees to stdout as a layer
 *   decompress                             stdin (bzip2, xz, lzma) to stdout
 *   sync DIRECTORY                         writes the file system of DIRECTORY to its disk
 *   inventory DIRECTORY                    what stands in it, see inventory.h
 *   usage DIRECTORY                        "<bytes> <inodes>" of what lies below, each inode once
 *
 * TYPE SOURCE OPTIONS is one mount. Options: --entries N, --bytes N (limits), --keep-kinds, --owner U:G,
 * --free N --ratio N (what N compressed bytes may unpack to); of extract and pack: --over SOURCE --at TARGET, with
 * --over-read-only in place of --over for what must not be written to (over.h).
 * Exits 0, or 1 with one JSON line on stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "apply.h"
#include "cleanup.h"
#include "inventory.h"
#include "mounts.h"
#include "reader.h"
#include "scan.h"
#include "unpack.h"
#include "usage.h"

enum { ENTRIES = 256, BYTES, KEEP_KINDS, OWNER, FREE, RATIO, OVER, OVER_READ_ONLY, AT };

static struct overs overs;

static const uint64_t MOST_MEMORY = 2ull << 30;

static int run_apply(char **words, struct apply_options *options, struct failure *failure) {
  struct mount_value mount = {words[0], words[1], words[2]};
  struct layer_place place;
  options->layer = true;
  options->write.replace_xattrs = true;
  options->directory = "";
  if (enter_layer(&mount, &place, failure) < 0) return -1;
  int result = apply(&place, options, failure);
  if (place.lower >= 0) close(place.lower);
  close(place.root);
  return result;
}

static int run_unpack(char **words, struct apply_options *options, struct failure *failure) {
  struct mount_value mount = {words[0], words[1], words[2]};
  options->layer = true;
  options->write.replace_xattrs = true;
  options->directory = "";
  return unpack(&mount, options, failure);
}

static int run_extract(char **words, struct apply_options *options, struct failure *failure) {
  struct mount_value mount = {words[0], words[1], words[2]};
  options->directory = words[3];
  options->write.keep_root = true;
  AUTO_FD root = enter_tree_with(&mount, &overs, failure);
  if (root < 0) return -1;
  struct layer_place place = {.root = root, .lower = -1};
  return apply(&place, options, failure);
}

static int run_pack(char **words, struct failure *failure) {
  struct mount_value mount = {words[0], words[1], words[2]};
  AUTO_FD root = enter_tree_with(&mount, &overs, failure);
  return root < 0 ? -1 : write_tree(root, words[3], words[4], failure);
}

static int run_diff(char **words, int count, struct failure *failure) {
  AUTO_FD older = -1;
  if (count == 1) {
    AUTO_FD upper = enter_directory(words[0], failure);
    return upper < 0 ? -1 : write_upper(upper, failure);
  }
  older = open(words[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (older < 0) return fail_errno(failure, words[0], "cannot open the directory");
  AUTO_FD newer = enter_directory(words[1], failure);
  return newer < 0 ? -1 : write_difference(older, newer, failure);
}

static int run_sync(const char *path, struct failure *failure) {
  AUTO_FD fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || syncfs(fd) < 0) return fail_errno(failure, path, "cannot sync");
  return 0;
}

static int run(int count, char **words, struct apply_options *options, struct failure *failure) {
  const char *mode = count > 0 ? words[0] : "";
  if (strcmp(mode, "apply") == 0 && count == 4) return run_apply(words + 1, options, failure);
  if (strcmp(mode, "unpack") == 0 && count == 4) return run_unpack(words + 1, options, failure);
  if (strcmp(mode, "extract") == 0 && count == 5) return run_extract(words + 1, options, failure);
  if (strcmp(mode, "pack") == 0 && count == 6) return run_pack(words + 1, failure);
  if (strcmp(mode, "diff") == 0 && (count == 2 || count == 3)) return run_diff(words + 1, count - 1, failure);
  if (strcmp(mode, "decompress") == 0 && count == 1) return decompress(failure);
  if (strcmp(mode, "sync") == 0 && count == 2) return run_sync(words[1], failure);
  if (strcmp(mode, "inventory") == 0 && count == 2) return print_inventory(words[1], failure);
  if (strcmp(mode, "usage") == 0 && count == 2) return print_usage(words[1], failure);
  return fail(failure, FAILURE_INVALID, mode, "unknown mode or wrong number of arguments");
}

static int read_number(const char *text, uint64_t *number, struct failure *failure) {
  char *end;
  errno = 0;
  *number = strtoull(text, &end, 10);
  return errno || *end || end == text ? fail(failure, FAILURE_INVALID, text, "not a number") : 0;
}

static int read_owner(const char *text, struct write_options *write, struct failure *failure) {
  if (sscanf(text, "%u:%u", &write->owner, &write->group) != 2) return fail(failure, FAILURE_INVALID, text, "not an owner");
  write->set_owner = true;
  return 0;
}

static int begin_over(const char *source, bool read_only, struct failure *failure) {
  if (overs.count == MOST_OVERS) return fail(failure, FAILURE_INVALID, source, "too many mounts");
  overs.list[overs.count] = (struct over){.source = source, .target = NULL, .read_only = read_only};
  return 0;
}

static int end_over(const char *target, struct failure *failure) {
  struct over *over = overs.count < MOST_OVERS ? &overs.list[overs.count] : NULL;
  if (!over || !over->source || over->target) return fail(failure, FAILURE_INVALID, target, "--at without --over");
  over->target = target;
  overs.count += 1;
  return 0;
}

static int read_options(int count, char **words, struct apply_options *options, struct failure *failure) {
  static const struct option known[] = {{"entries", required_argument, NULL, ENTRIES},
                                        {"bytes", required_argument, NULL, BYTES},
                                        {"keep-kinds", no_argument, NULL, KEEP_KINDS},
                                        {"owner", required_argument, NULL, OWNER},
                                        {"free", required_argument, NULL, FREE},
                                        {"ratio", required_argument, NULL, RATIO},
                                        {"over", required_argument, NULL, OVER},
                                        {"over-read-only", required_argument, NULL, OVER_READ_ONLY},
                                        {"at", required_argument, NULL, AT},
                                        {NULL, 0, NULL, 0}};
  int one;
  int result = 0;
  opterr = 0;
  while (result == 0 && (one = getopt_long(count, words, "+", known, NULL)) != -1) switch (one) {
      case ENTRIES: result = read_number(optarg, &options->most_entries, failure); break;
      case BYTES: result = read_number(optarg, &options->write.most_bytes, failure); break;
      case KEEP_KINDS: options->write.keep_kinds = true; break;
      case FREE: result = read_number(optarg, &options->proportion.free, failure); break;
      case RATIO: result = read_number(optarg, &options->proportion.ratio, failure); break;
      case OVER:
      case OVER_READ_ONLY: result = begin_over(optarg, one == OVER_READ_ONLY, failure); break;
      case AT: result = end_over(optarg, failure); break;
      case OWNER: result = read_owner(optarg, &options->write, failure); break;
      default: result = fail(failure, FAILURE_INVALID, "", "unknown option");
    }
  return result;
}

/* Each level of a deep tree holds a descriptor. */
static void allow_descriptors(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/* An archive that makes its reader ask for more is refused; that is better than a machine without memory. */
static void bound_memory(void) {
#ifndef __SANITIZE_ADDRESS__
  const struct rlimit limit = {(rlim_t)MOST_MEMORY, (rlim_t)MOST_MEMORY};
  setrlimit(RLIMIT_AS, &limit);
#endif
}

int main(int count, char **words) {
  struct failure failure = {0};
  struct apply_options options = {0};
  umask(0);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  allow_descriptors();
  bound_memory();
  if (read_options(count, words, &options, &failure) == 0 && run(count - optind, words + optind, &options, &failure) == 0) return 0;
  failure_print(&failure);
  return 1;
}
