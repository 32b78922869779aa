import { appendFileSync, mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { page } from "./page.ts";
import { addMessage, listMessages } from "./store.ts";

// What visitors see. Keeps no messages itself: every replica asks the service called "store".
const replica = hostname();
const headers = { "x-replica": replica };

// A file of the container's own, in its writable layer: it goes when the container goes.
const requestLog = "/var/log/guestbook.log";
mkdirSync("/var/log", { recursive: true });
const note = (request: Request): void =>
  appendFileSync(requestLog, `${new Date().toISOString()} ${request.method} ${request.url}\n`);

const server = Bun.serve({
  port: 3000,
  routes: {
    "/": async (request) => {
      note(request);
      const html = page(await listMessages(), replica);
      return new Response(html, { headers: { ...headers, "content-type": "text/html; charset=utf-8" } });
    },
    "/health": () => new Response("ok\n"),
    "/messages": {
      POST: async (request) => {
        note(request);
        const form = await request.formData();
        await addMessage(String(form.get("author") ?? ""), String(form.get("text") ?? ""));
        return new Response(null, { status: 303, headers: { ...headers, location: "/" } });
      },
    },
    "/api/messages": {
      GET: async (request) => {
        note(request);
        return Response.json({ replica, messages: await listMessages() }, { headers });
      },
      POST: async (request) => {
        note(request);
        const body: { author?: unknown; text?: unknown } = Object(await request.json());
        await addMessage(String(body.author ?? ""), String(body.text ?? ""));
        return Response.json({ replica }, { status: 201, headers });
      },
    },
  },
  error: (error) => new Response(`${error.message}\n`, { status: 502, headers }),
});
console.log(`web: ${replica} listening on ${server.url}`);

process.on("SIGTERM", async () => {
  await server.stop();
  process.exit(0);
});
