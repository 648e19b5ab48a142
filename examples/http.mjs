// What both services need of HTTP: JSON in, JSON out, and one line of log without what could be secret.

import { createServer } from "node:http";

/** The largest body, in bytes. */
const BODY_BYTES = 16 * 1024;

/** An answer other than success. */
export class HttpError extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

async function read(request) {
  if (!/^application\/json\b/.test(request.headers["content-type"] ?? "")) {
    // Pages of other sites cannot send this type without being asked first.
    throw new HttpError(415, "The body has to be JSON.");
  }
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES) throw new HttpError(413, "The body is too large.");
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  try {
    return { text, body: JSON.parse(text) };
  } catch {
    throw new HttpError(400, "The body is not JSON.");
  }
}

/**
 * Serves routes such as `"POST /invitations/:id/accept"`. A handler gets the request, the parts of its path and its
 * body, also as the text that a signature is about, and returns an object, or `{ html }`, or `{ json, headers }`.
 */
export function serve(name, port, routes) {
  const known = Object.entries(routes).map(([route, handler]) => {
    const [method, path] = route.split(" ");
    const pattern = new RegExp(`^${path.replace(/:(\w+)/g, "(?<$1>[^/]+)")}$`);
    return { method, pattern, handler };
  });
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    let status = 200;
    try {
      const found = known.find(
        ({ method, pattern }) => method === request.method && pattern.test(pathname),
      );
      if (!found) throw new HttpError(404, "There is nothing here.");
      const parts = found.pattern.exec(pathname).groups ?? {};
      const { text, body } = request.method === "POST" ? await read(request) : {};
      const answer = await found.handler({ request, parts, searchParams, text, body });
      if (answer.html) {
        response.setHeader("content-type", "text/html; charset=utf-8");
        response.setHeader("content-security-policy", "default-src 'self' 'unsafe-inline'");
        response.end(answer.html);
      } else {
        for (const [key, value] of Object.entries(answer.headers ?? {})) {
          response.setHeader(key, value);
        }
        response.setHeader("content-type", "application/json");
        response.setHeader("cache-control", "no-store");
        response.end(JSON.stringify(answer.json ?? answer));
      }
    } catch (error) {
      status = error instanceof HttpError ? error.status : 500;
      if (status === 500) console.error(`${name}: ${error.stack}`);
      const sentence = status === 500 ? "Something went wrong." : error.message;
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: sentence }));
    }
    console.log(`${name}: ${request.method} ${pathname} ${status}`);
  });
  server.listen(port, "localhost", () => console.log(`${name}: http://localhost:${port}`));
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(0));
}

/** A variable of the environment. */
export function variable(name) {
  const value = process.env[name];
  if (!value) {
    console.error(`${name} is not set`);
    process.exit(1);
  }
  return value;
}
