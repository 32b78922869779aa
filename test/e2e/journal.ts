import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./process.ts";

/** Receives datagrams and writes each with its length in front: neither Bun nor busybox has a door to such sockets. */
const receiver = `
use IO::Socket::UNIX; use Socket;
my ($path, $out) = @ARGV;
my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $path) or die $!;
open(my $file, '>', $out) or die $!;
$file->autoflush(1);
syswrite($file, '');
while (defined $socket->recv(my $bytes, 1 << 20)) { syswrite($file, pack('N', length $bytes) . $bytes); }
`;

/** A stand-in for systemd's journal: takes messages in its native protocol on a socket of its own. */
export class Journal implements AsyncDisposable {
  readonly path: string;
  readonly #directory: string;
  readonly #child: Bun.Subprocess;

  private constructor(directory: string) {
    this.#directory = directory;
    this.path = join(directory, "socket");
    this.#child = Bun.spawn(["perl", "-e", receiver, this.path, join(directory, "messages")], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "inherit",
    });
  }

  static async listen(): Promise<Journal> {
    const journal = new Journal(mkdtempSync(join(tmpdir(), "gantry-journal-")));
    await eventually("the journal to listen", () => {
      if (journal.#child.exitCode !== null) throw new Error("The journal's stand-in ended");
      return Bun.file(join(journal.#directory, "messages")).size === 0 || undefined;
    });
    return journal;
  }

  /** It takes nothing from here on. */
  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  resume(): void {
    this.#child.kill("SIGCONT");
  }

  /** What it got so far, each message by its fields. */
  messages(): Record<string, string>[] {
    const bytes = readFileSync(join(this.#directory, "messages"));
    const messages: Record<string, string>[] = [];
    for (let at = 0; at + 4 <= bytes.length; ) {
      const size = bytes.readUInt32BE(at);
      messages.push(parseMessage(bytes.subarray(at + 4, at + 4 + size)));
      at += 4 + size;
    }
    return messages;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    rmSync(this.#directory, { recursive: true });
  }
}

/** `KEY=value` lines, or `KEY`, the value's length in 8 bytes, and the value. */
function parseMessage(bytes: Buffer): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf("\n", at);
    const line = bytes.toString("utf8", at, end);
    const cut = line.indexOf("=");
    if (cut >= 0) {
      fields[line.slice(0, cut)] = line.slice(cut + 1);
      at = end + 1;
      continue;
    }
    const size = Number(bytes.readBigUInt64LE(end + 1));
    fields[line] = bytes.toString("utf8", end + 9, end + 9 + size);
    at = end + 9 + size + 1;
  }
  return fields;
}
