// Removal of whole trees in threads beside whatever else goes on.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "gantry.h"
#include "thread.h"

enum {
  // Removals that go on at the same time.
  JOBS = 16,
  // A directory deeper than this is moved up to the top first: neither stack nor descriptors grow with the tree.
  DEEPEST = 32,
  ROUNDS = 8,
};

enum job_state { JOB_FREE, JOB_BUSY, JOB_DONE };

static struct job {
  atomic_int state;
  int result;
  char *path;
} jobs[JOBS];

struct walk {
  int top;
  unsigned moved;
  // The first thing that could not be removed; the rest goes all the same.
  int error;
};

static void note(struct walk *walk, int error) {
  if (walk->error == 0 && error != ENOENT) walk->error = error;
}

// What is mounted below is somebody else's: it stays, and so does what leads to it.
static int open_directory(int parent, const char *name) {
  struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                         .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS};
  return (int)syscall(SYS_openat2, parent, name, &how, sizeof how);
}

static void move_up(struct walk *walk, int parent, const char *name) {
  char place[32];
  do {
    snprintf(place, sizeof place, ".deep-%u", walk->moved++);
    if (renameat2(parent, name, walk->top, place, RENAME_NOREPLACE) == 0) return;
  } while (errno == EEXIST);
  note(walk, errno);
}

static void clear(struct walk *walk, int directory, int depth);

static void remove_one(struct walk *walk, int parent, const struct dirent *entry, int depth) {
  const char *name = entry->d_name;
  if (entry->d_type != DT_DIR) {
    if (unlinkat(parent, name, 0) == 0) return;
    if (errno != EISDIR) return note(walk, errno);
  }
  if (unlinkat(parent, name, AT_REMOVEDIR) == 0) return;
  if (errno != ENOTEMPTY && errno != EEXIST) return note(walk, errno);
  if (depth >= DEEPEST) return move_up(walk, parent, name);
  int inner = open_directory(parent, name);
  if (inner < 0) return note(walk, errno);
  clear(walk, inner, depth + 1);
  if (unlinkat(parent, name, AT_REMOVEDIR) < 0) note(walk, errno);
}

// Takes the descriptor.
static void clear(struct walk *walk, int directory, int depth) {
  DIR *list = fdopendir(directory);
  if (list == NULL) {
    note(walk, errno);
    close(directory);
    return;
  }
  for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    remove_one(walk, directory, entry, depth);
  }
  closedir(list);
}

static int remove_once(const char *path) {
  if (unlink(path) == 0 || errno == ENOENT) return 0;
  if (errno != EISDIR) return -errno;
  cleanup_close int top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (top < 0) return errno == ENOENT ? 0 : -errno;
  struct walk walk = {.top = top};
  unsigned moved;
  do {
    moved = walk.moved;
    int directory = open_directory(top, ".");
    if (directory < 0) return -errno;
    clear(&walk, directory, 0);
    // What could not be removed stays behind; each round takes the rest one piece further up.
  } while (walk.moved > moved);
  if (walk.error != 0) return -walk.error;
  return rmdir(path) < 0 && errno != ENOENT ? -errno : 0;
}

// Where somebody still makes things in there, as one does who has not noticed yet, a few more rounds get them too.
static int remove_tree(const char *path) {
  int result;
  for (int round = 0; round < ROUNDS; round++) {
    result = remove_once(path);
    if (result != -ENOTEMPTY) break;
  }
  return result;
}

static void *work(void *argument) {
  struct job *job = argument;
  job->result = remove_tree(job->path);
  free(job->path);
  atomic_store(&job->state, JOB_DONE);
  return NULL;
}

// Begins to remove a tree, or whatever is at `path`; absent is a success. Symbolic links are not followed, mounts not
// entered. Returns a ticket for gantry_remove_result, or -EAGAIN while too many removals go on.
int gantry_remove_begin(const char *path) {
  for (int ticket = 0; ticket < JOBS; ticket++) {
    struct job *job = &jobs[ticket];
    int free_slot = JOB_FREE;
    if (!atomic_compare_exchange_strong(&job->state, &free_slot, JOB_BUSY)) continue;
    job->path = strdup(path);
    int result = job->path == NULL ? -ENOMEM : thread_start(work, job);
    if (result == 0) return ticket;
    free(job->path);
    atomic_store(&job->state, JOB_FREE);
    return result;
  }
  return -EAGAIN;
}

// 1 while it goes on; then once, and the ticket is void: 0, or the -errno of the first thing that stayed.
int gantry_remove_result(int ticket) {
  if (ticket < 0 || ticket >= JOBS) return -EINVAL;
  struct job *job = &jobs[ticket];
  switch (atomic_load(&job->state)) {
    case JOB_FREE: return -EINVAL;
    case JOB_BUSY: return 1;
  }
  int result = job->result;
  atomic_store(&job->state, JOB_FREE);
  return result;
}
