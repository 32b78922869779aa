import { hostname } from "node:os";
import { page } from "./page.ts";
import { addMessage, listMessages } from "./store.ts";

// What visitors see. Keeps nothing itself: every replica asks the service called "store".
const replica = hostname();
const headers = { "x-replica": replica };

const server = Bun.serve({
  port: 3000,
  routes: {
    "/": async () => {
      const html = page(await listMessages(), replica);
      return new Response(html, { headers: { ...headers, "content-type": "text/html; charset=utf-8" } });
    },
    "/messages": {
      POST: async (request) => {
        const form = await request.formData();
        await addMessage(String(form.get("author") ?? ""), String(form.get("text") ?? ""));
        return new Response(null, { status: 303, headers: { ...headers, location: "/" } });
      },
    },
    "/api/messages": {
      GET: async () => Response.json({ replica, messages: await listMessages() }, { headers }),
      POST: async (request) => {
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
