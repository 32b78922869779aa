#include <signal.h>
#include <string.h>

#include "shim.h"

static bool goes_to_log(const struct process *process) {
  return process == &shim.init && shim.config.log.driver != LOG_NONE;
}

static bool goes_to_journal(const struct process *process) {
  return process == &shim.init && shim.config.log.journal != NULL;
}

// A full disk loses output; it never stops the container.
static void append_to_log(struct output *output, char *chunk, size_t size) {
  struct log *log = &shim.log;
  uint64_t generation = log->generation, lost = log->lost;
  if (log_append(log, output->stream, chunk, size) == 0) attach_log_grew();
  if (lost == 0 && log->lost > 0) event_send("event log-lost error=%s\n", strerrorname_np(-log->lost_for));
  if (log->generation != generation) log_compress(log, attach_oldest_needed());
}

void output_deliver(struct output *output, char *chunk, size_t size) {
  if (goes_to_journal(output->process)) journal_append(&shim.journal, output->stream, chunk, size);
  if (goes_to_log(output->process) && shim.config.log.driver == LOG_LOCAL) {
    append_to_log(output, chunk, size);
    return;
  }
  if (goes_to_log(output->process)) json_log_append(&shim.json, output->stream, chunk, size);
  attach_output(output->process, output->stream, chunk, size);
}

bool output_has_room(const struct process *process) {
  bool waits = goes_to_journal(process) && process->state != PROCESS_EXITED && !journal_has_room(&shim.journal);
  return !waits && attach_has_room(process);
}

void output_finish(const struct process *process) {
  if (goes_to_journal(process)) journal_finish(&shim.journal);
  if (goes_to_log(process) && shim.config.log.driver == LOG_JSON) json_log_finish(&shim.json);
  // What a child is still compressing stays as it is until the next start.
  if (process == &shim.init && shim.log.compressor > 0) kill(shim.log.compressor, SIGKILL);
  if (process == &shim.init && shim.json.compressor > 0) kill(shim.json.compressor, SIGKILL);
}

bool output_compressed(pid_t pid, int status) {
  if (json_log_compressed(&shim.json, pid, status)) return true;
  if (shim.log.compressor <= 0 || pid != shim.log.compressor) return false;
  shim.log.compressor = 0;
  log_remove_old(&shim.log);
  // One that failed is tried again at the next rotation.
  if (status == 0 && shim.init.state != PROCESS_EXITED) log_compress(&shim.log, attach_oldest_needed());
  return true;
}
