// Threads of ours in a process whose own threads handle the signals.
#pragma once

// Starts `run` in a thread that nobody waits for and that no signal reaches. Returns 0 or -errno.
int thread_start(void *(*run)(void *), void *argument);
