import type { HttpResponse } from "../protocols/spec/http.ts";
import { isStream } from "../serving/counted-body.ts";

export async function bodyBytes({ body }: HttpResponse): Promise<Uint8Array> {
  if (typeof body === "string") return Buffer.from(body);
  if (!isStream(body)) return body;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
