/** The clients, in a process of their own: `{ url, requests, clients, seconds }` over IPC, the result back. */
import { steadyLoad } from "./steady-load.ts";

process.once("message", async ({ url, requests, clients, seconds }) => {
  const { errors, ...result } = await steadyLoad(url, requests, { clients, seconds });
  process.send({ ...result, errors: [...errors] }, () => process.exit(0));
});
