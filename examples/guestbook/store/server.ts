import { Database } from "bun:sqlite";

// Keeps the messages: the only one who touches the database, so that any number of web replicas may come and go.
const database = new Database(process.env.DATABASE ?? "messages.sqlite", { create: true });
database.run("PRAGMA journal_mode = WAL");
database.run(
  "CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, author TEXT, text TEXT, written TEXT)",
);

const insert = database.query("INSERT INTO messages (author, text, written) VALUES (?, ?, ?)");
const latest = database.query("SELECT author, text, written FROM messages ORDER BY id DESC LIMIT 50");

const server = Bun.serve({
  port: 4000,
  routes: {
    "/health": () => new Response("ok\n"),
    "/messages": {
      GET: () => Response.json(latest.all()),
      POST: async (request) => {
        const message = readMessage(await request.json().catch(() => undefined));
        if (message === undefined)
          return new Response("A message needs an author and a text\n", { status: 400 });
        insert.run(message.author, message.text, new Date().toISOString());
        return new Response(null, { status: 201 });
      },
    },
  },
});
console.log(`store: listening on ${server.url}`);

process.on("SIGTERM", async () => {
  await server.stop();
  database.close();
  process.exit(0);
});

function readMessage(body: unknown): { author: string; text: string } | undefined {
  if (typeof body !== "object" || body === null || !("author" in body) || !("text" in body)) return undefined;
  const { author, text } = body;
  if (typeof author !== "string" || typeof text !== "string" || text.trim() === "") return undefined;
  return { author: author.trim().slice(0, 80) || "somebody", text: text.trim().slice(0, 1000) };
}
