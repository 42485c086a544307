import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAiEmbeddings, openInference, plainJson } from "../../../bench/peers/call.ts";
import { writeRequests } from "../../../bench/peers/load/wrk.ts";
import { bestWithinBound, type ServedLoad } from "../../../bench/peers/round.ts";
import { WORKLOADS, type Workload } from "../../../bench/peers/workload.ts";

const load = (concurrency: number, requestsPerSecond: number, p99Millis: number, errors = 0): ServedLoad => ({
  concurrency,
  requestsPerSecond,
  p50Millis: p99Millis / 2,
  p99Millis,
  errors,
  cpuMicrosPerRequest: 1,
  otherCores: 0,
});

describe("the figure of a round", () => {
  const tiny = WORKLOADS.find(({ name }) => name === "tiny-text") as Workload;
  const bound = tiny.p99BoundMillis;

  test("is the fastest load whose slowest percent is in time", () => {
    const loads = [load(1, 500, 2), load(8, 900, bound), load(32, 1200, bound + 0.1)];
    expect(bestWithinBound({ loads }, tiny)?.concurrency).toBe(8);
  });

  test("does not come from a load that lost a request", () => {
    expect(bestWithinBound({ loads: [load(1, 500, 2), load(8, 900, 3, 1)] }, tiny)?.concurrency).toBe(1);
  });

  test("is missing when every load is late", () => {
    expect(bestWithinBound({ loads: [load(1, 500, bound * 2)] }, tiny)).toBeUndefined();
  });
});

describe("the file that wrk replays", () => {
  const directory = mkdtempSync(join(tmpdir(), "requests-"));
  afterAll(() => rmSync(directory, { recursive: true }));

  test("holds each request with its length in bytes, texts beyond ASCII included", () => {
    const file = join(directory, "requests");
    const calls = [
      plainJson.call("/predict", "naïve 🙂"),
      openAiEmbeddings.call("minilm", "ok", { authorization: "Bearer k" }),
    ];
    writeRequests(file, "http://127.0.0.1:8080", calls);
    let rest = readFileSync(file);
    const requests: string[] = [];
    while (rest.length > 0) {
      const end = rest.indexOf(10);
      const length = Number(rest.subarray(0, end).toString());
      requests.push(rest.subarray(end + 1, end + 1 + length).toString());
      rest = rest.subarray(end + 1 + length);
    }
    expect(requests).toHaveLength(2);
    for (const [index, request] of requests.entries()) {
      const [head = "", body = ""] = request.split("\r\n\r\n");
      expect(head).toMatch(/^POST \/\S+ HTTP\/1\.1\r\nhost: 127\.0\.0\.1:8080\r\n/);
      expect(head).toContain(`content-length: ${Buffer.byteLength(body)}`);
      expect(body).toBe(calls[index]?.body);
    }
    expect(requests[1]).toContain("authorization: Bearer k\r\n");
  });
});

test("each protocol reads its own form of an answer", () => {
  expect(plainJson.answer('{"output":[1,2]}')).toEqual([1, 2]);
  expect(openInference.answer('{"outputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":[1,2]}]}')).toEqual([
    1, 2,
  ]);
  expect(openAiEmbeddings.answer('{"data":[{"index":0,"embedding":[1,2]}]}')).toEqual([1, 2]);
});
