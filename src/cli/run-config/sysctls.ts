const names: ReadonlySet<string> = new Set([
  "kernel.msgmax",
  "kernel.msgmnb",
  "kernel.msgmni",
  "kernel.sem",
  "kernel.shmall",
  "kernel.shmmax",
  "kernel.shmmni",
  "kernel.shm_rmid_forced",
]);

/** Throws unless the text sets something that a container has of its own. */
export function checkSysctl(text: string): void {
  const [name = ""] = text.split("=", 1);
  const known = names.has(name) || name.startsWith("net.") || name.startsWith("fs.mqueue.");
  if (!known || !text.includes("=")) throw new Error(`sysctl '${text}' is not allowed`);
}
