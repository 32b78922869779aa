import type { Message } from "./store.ts";

const title = "Guestbook";

/** The page: a form and the messages, and which replica made it. */
export function page(messages: readonly Message[], replica: string): string {
  const list = messages.map(
    ({ author, text, written }) =>
      `<li><p>${escapeHtml(text)}</p><small>${escapeHtml(author)}, ${escapeHtml(written.slice(0, 16).replace("T", " "))}</small></li>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>
  body { font: 17px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 3rem auto; padding: 0 1rem; color: #222 }
  form { display: grid; gap: .6rem; margin-bottom: 2rem }
  input, textarea, button { font: inherit; padding: .5rem .7rem; border: 1px solid #bbb; border-radius: 6px }
  button { background: #1f5f8b; border-color: #1f5f8b; color: white; cursor: pointer }
  ul { list-style: none; padding: 0 }
  li { border-top: 1px solid #ddd; padding: .6rem 0 }
  p { margin: 0 }
  small, footer { color: #777 }
</style>
<h1>${title}</h1>
<form method="post" action="/messages">
  <input name="author" placeholder="Your name" maxlength="80">
  <textarea name="text" placeholder="Your message" rows="3" required maxlength="1000"></textarea>
  <button>Write</button>
</form>
<ul>${list.join("\n")}</ul>
<footer>Answered by replica ${escapeHtml(replica)}</footer>
</html>
`;
}

function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
  };
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}
