import type { HttpResponse } from "../spec/http.ts";

export const jsonResponse = (body: unknown): HttpResponse => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
