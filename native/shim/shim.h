// The supervisor: one container's init, its execs, its clients.
#pragma once

#include <sys/ioctl.h>

#include "config.h"
#include "journal.h"
#include "log.h"
#include "log_json.h"
#include "loop.h"

enum process_state { PROCESS_CREATED, PROCESS_STARTING, PROCESS_RUNNING, PROCESS_EXITED };
enum { CHUNK_SIZE = 65536, ID_SIZE = 72, LINE_SIZE = 1024 };

struct process;

// One descriptor that the process writes to: a pipe, or the terminal.
struct output {
  struct source source;
  struct process *process;
  enum stream_number stream;
};

// The process's standard input. `pending` holds what it did not take yet; while it does, no client is read.
struct input {
  struct source source;
  struct process *process;
  char *pending;
  size_t pending_start;
  size_t pending_end;
  bool close_when_written;
};

// Init (`shim.init`) or one exec.
struct process {
  struct process *next;
  char id[ID_SIZE];
  bool tty;
  enum process_state state;
  pid_t pid;
  int code;
  struct output out;
  struct output err;
  struct input in;
  struct winsize size;
  bool size_known;
  // Stdin closes with the first client that offered some.
  bool stdin_once;
  bool stdin_offered;
  struct launch *launch;
  // Exited, and everything it wrote before that has been read.
  bool complete;
};

// A connection. It starts with request lines and may turn into a stream of one process.
struct client {
  struct source source;
  struct client *next;
  char line[LINE_SIZE];
  size_t line_length;
  bool subscribed;
  // Bytes that the socket did not take: replies of a control connection, output of a buffered stream.
  char *buffer;
  size_t buffer_start;
  size_t buffer_end;
  // Stream part.
  struct process *process;
  bool reads_log;
  bool offers_stdin;
  bool stdin_open;
  // The socket was full: wait until it takes more.
  bool waits_to_write;
  // The other end is closed; what it sent before is still to be read.
  bool hung_up;
  bool closes_stdin;
  int log_data;
  uint64_t generation;
  uint64_t offset;
};

struct shim {
  struct config config;
  int bundle;
  struct log log;
  struct json_log json;
  struct journal journal;
  struct process init;
  struct process *execs;
  struct client *clients;
  struct source listener;
  struct source signals;
  // The root file system, kept until the shim itself ends; -1: not known.
  int root;
  bool destroying;
  bool finished;
  pid_t deleter;
  bool oom_killed;
  uint64_t exited_at;
};
extern struct shim shim;

// process.c: the life of a process's streams.
void process_prepare(struct process *process, const char *id, bool tty);
// Starts pumping: the runtime said that it runs.
void process_running(struct process *process, pid_t pid);
// After the exit: reads what is left in pipes and terminal, and ends the streams once all of it is delivered.
// Where a slow client leaves no room it returns early; `output_resume` calls it again.
void process_settle(struct process *process);
void process_close(struct process *process);
void process_resize(struct process *process, unsigned height, unsigned width);
void output_resume(struct process *process);
struct process *process_find(const char *id);

// stdin.c: clients' bytes into a process.
void stdin_prepare(struct process *process);
void stdin_write(struct process *process, const char *data, size_t size);
void stdin_close(struct process *process);
void stdin_read_client(struct client *client);
// Lets the clients of a process be read again.
void stdin_resume(struct process *process);
void stdin_client_ended(struct client *client);

// launch.c: running the OCI runtime for init and execs.
int launch_start(struct process *process, struct client *asker, uint64_t tag, bool with_stdin,
                 struct failure *failure);
// The runtime has ended: the process runs, or the asker hears why not.
void launch_finished(struct launch *launch, int status);
struct launch *launch_find(pid_t pid);
bool launch_any(void);
void launch_forget_client(const struct client *client);

// spawn.c: one child that execs the runtime in a mount namespace of its own.
struct command {
  // Follows the runtime's path; the last entry is NULL.
  const char *const *arguments;
  const char *log;
  int in;
  int out;
  int err;
  // Takes the root file system once it is mounted; -1: nobody wants it.
  int root;
  bool mount_rootfs;
};
pid_t spawn_runtime(const struct config *config, const struct command *command);

// reap.c: children that ended.
void children_reap(struct source *source, uint32_t events);
// Takes the status of a child that ended before the runtime told us who it is.
bool children_take(pid_t pid, int *status);

// exit.c: what follows from the end of init or an exec.
void process_exited(struct process *process, int status);
void init_failed(void);
void exec_failed(struct process *process);
// Frees an exec that is over, whose streams are closed and which nobody watches.
void exec_release(struct process *process);
// Asked to go: kills what runs; the end follows as ever.
void shim_destroy(void);
void remains_removed(void);
// Ends the loop once nobody waits for anything.
void finish_when_drained(void);

// remains.c: what a container leaves behind in the runtime and the kernel.
// 0 when all is gone, 1 when the runtime was started to do it (its pid in `*deleter`), -errno.
int remains_remove(const struct config *config, pid_t *deleter);
// The same by a process of its own, for a container whose shim is dead; waits.
void remains_end_runtime(const struct config *config, int attempts);
int remains_remove_orphan(const struct config *config, const char *bundle);

// client.c: connections.
int client_listen(int bundle);
void client_accept(struct source *source, uint32_t events);
void client_send(struct client *client, const char *text);
// Queues what the socket does not take.
void client_write(struct client *client, const void *data, size_t size);
bool client_flush(struct client *client);
void client_close(struct client *client);
void client_watch(struct client *client);
void event_send(const char *format, ...) __attribute__((format(printf, 1, 2)));

// control.c: request lines.
void control_ready(struct client *client);
void reply_failure(struct client *client, uint64_t tag, const char *text);

// attach.c: streams.
int attach_log(struct client *client, const char *from);
void attach_start(struct client *client, struct process *process);
void attach_ready(struct client *client, uint32_t events);
void attach_push(struct client *client);
// New output for the clients of init that follow the log.
void attach_log_grew(void);
// True when every client without a log cursor has taken what it was given.
bool attach_has_room(const struct process *process);
void attach_output(struct process *process, enum stream_number stream, char *chunk, size_t size);
// The process's output is complete: its streams end once delivered.
void attach_finish(struct process *process);
// The oldest generation that a client still has to be sent.
uint64_t attach_oldest_needed(void);

// output.c: from a chunk of output to where it goes.
void output_deliver(struct output *output, char *chunk, size_t size);
// False while somebody must take something first.
bool output_has_room(const struct process *process);
// Nothing more will come: writes what the drivers kept back.
void output_finish(const struct process *process);
// True when the child that ended compressed a part of the log.
bool output_compressed(pid_t pid, int status);
