/** A line in the guestbook. */
export interface Message {
  readonly author: string;
  readonly text: string;
  readonly written: string;
}

const url = `${process.env.STORE_URL ?? "http://localhost:4000"}/messages`;

/** The latest messages, newest first. */
export async function listMessages(): Promise<Message[]> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`The store answered ${response.status}`);
  const body: unknown = await response.json();
  return Array.isArray(body) ? body.filter(isMessage) : [];
}

/** Writes a message; throws when the store refuses it. */
export async function addMessage(author: string, text: string): Promise<void> {
  const response = await fetch(url, { method: "POST", body: JSON.stringify({ author, text }) });
  if (!response.ok) throw new Error((await response.text()).trim());
}

function isMessage(value: unknown): value is Message {
  return (
    typeof value === "object" && value !== null && "author" in value && "text" in value && "written" in value
  );
}
