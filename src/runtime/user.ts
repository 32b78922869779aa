import { EngineError } from "../base/index.ts";

export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups; the primary one stands first. */
  readonly additionalGids: readonly number[];
  /** Home directory from the passwd file; empty when it does not know the user. */
  readonly home: string;
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

const largestID = 2 ** 31 - 1;

/**
 * Resolves `[user][:group]`, each a name or a number, with the texts of a tree's passwd and group files. Numbers
 * need no entry. Supplementary groups come with a user without explicit group. Throws `invalid` in Docker's words.
 */
export function resolveUser(text: string, passwd: string, group: string): ResolvedUser {
  const [userText = "", groupText = ""] = text.split(/:(.*)/s, 2);
  const user = findUser(userText, passwd);
  const groups = parseGroups(group);
  const memberships =
    groupText === "" && user.name ? groups.filter(({ members }) => members.includes(user.name)) : [];
  const gid = groupText === "" ? user.gid : findGroup(groupText, groups);
  const additionalGids = [...new Set([gid, ...memberships.map((entry) => entry.gid)])];
  return { uid: user.uid, gid, additionalGids, home: user.home };
}

function findUser(text: string, passwd: string): PasswdEntry {
  const entries = parsePasswd(passwd);
  const id = text === "" ? 0 : numberOf(text);
  const found = entries.find((entry) => (id === undefined ? entry.name === text : entry.uid === id));
  if (found) return found;
  if (id === undefined) throw unknown("user", text, "passwd");
  return { name: "", uid: checkRange(id), gid: 0, home: "" };
}

function findGroup(text: string, groups: readonly GroupEntry[]): number {
  const id = numberOf(text);
  const found = groups.find((entry) => (id === undefined ? entry.name === text : entry.gid === id));
  if (found) return found.gid;
  if (id === undefined) throw unknown("group", text, "group");
  return checkRange(id);
}

function numberOf(text: string): number | undefined {
  return /^-?\d+$/.test(text) ? Number(text) : undefined;
}

function checkRange(id: number): number {
  if (id >= 0 && id <= largestID) return id;
  throw new EngineError("invalid", `uids and gids must be in range 0-${largestID}`, { subject: String(id) });
}

function unknown(kind: string, name: string, file: string): EngineError {
  return new EngineError("invalid", `unable to find ${kind} ${name}: no matching entries in ${file} file`, {
    subject: name,
  });
}

function parsePasswd(text: string): PasswdEntry[] {
  return fieldsOf(text).flatMap(([name = "", , uid = "", gid = "", , home = ""]) =>
    isID(uid) && isID(gid) ? [{ name, uid: Number(uid), gid: Number(gid), home }] : [],
  );
}

function parseGroups(text: string): GroupEntry[] {
  return fieldsOf(text).flatMap(([name = "", , gid = "", members = ""]) =>
    isID(gid)
      ? [{ name, gid: Number(gid), members: members.split(",").filter((member) => member !== "") }]
      : [],
  );
}

/** Files of an image may hold anything: an entry without sound numbers names nobody. */
function isID(text: string): boolean {
  return /^\d+$/.test(text) && Number(text) <= largestID;
}

function fieldsOf(text: string): string[][] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(":"));
}
