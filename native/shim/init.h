// The first process inside a container that was asked to have one (`--init`).
#pragma once

// Runs a command, passes signals on, reaps orphans; returns the command's exit code.
int init_main(int count, char **arguments);
