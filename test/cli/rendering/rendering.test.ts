import { eventLine } from "../../../cli/rendering/event-line.ts";
import { modelDetails, modelTable } from "../../../cli/rendering/models.ts";
import { bytesText, table } from "../../../cli/rendering/table.ts";
import { styles } from "../../../cli/terminal.ts";
import { type ModelRecord, versionId } from "../../../core/models/registry.ts";
import { publishVersion, rollBack } from "../../../core/models/transitions.ts";
import { versionOf } from "../../core/models/fixture-version.ts";

const plain = styles(false);

test("columns are as wide as their widest cell", () => {
  expect(
    table([
      ["A", "LONG HEAD", "C"],
      ["wide cell", "x", ""],
      ["", "y", "z"],
    ]),
  ).toEqual(["A          LONG HEAD  C", "wide cell  x", "           y          z"]);
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1_000, "1.0 kB"],
  [340_747, "340.7 kB"],
  [90_359_607, "90.4 MB"],
])("%d bytes are %s", (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

describe("models", () => {
  const at = (n: number) => `2026-11-24T12:00:0${n}.000Z`;
  const publish = (record: ModelRecord | undefined, n: number) =>
    publishVersion(record, { name: "m", group: "small", version: versionOf(n), at: at(n) });
  const record = rollBack(publish(publish(undefined, 1), 2), at(3));
  const [one, two] = [versionId(versionOf(1).digest), versionId(versionOf(2).digest)];

  test("one line each: what is live, and since when", () => {
    expect(modelTable([record])).toEqual([
      "NAME  TASK    LIVE          VERSIONS  GROUP  SIZE   LIVE SINCE",
      `m     tensor  ${one}  2         small  101 B  ${at(3)}`,
    ]);
  });

  test("none yet: what to do", () => {
    expect(modelTable([]).join()).toMatch(/farthing model add/);
  });

  test("details: versions and history", () => {
    expect(modelDetails(record)).toEqual([
      "m  (group small, revision 3)",
      "",
      "VERSION       PUBLISHED                 SIZE",
      `${two}  1970-01-01T00:00:02.000Z  102 B`,
      `${one}  1970-01-01T00:00:01.000Z  101 B  live`,
      "",
      "AT                        ACTION    FROM          TO",
      `${at(3)}  rollback  ${two}  ${one}`,
      `${at(2)}  publish   ${one}  ${two}`,
      `${at(1)}  publish                 ${one}`,
    ]);
  });
});

describe("log events", () => {
  const line = (message: string) => eventLine({ timestamp: 0, logGroup: "/farthing/prod/small", message }, plain);
  const usage = {
    usage: "farthing.usage/1",
    route: "/v2/models/{name}/infer",
    model: "digits",
    version: "4587c9533b6682d9",
    status: 200,
    durationMillis: 1.25,
    coldStart: false,
    priceUsd: 0.000002,
    tenant: "demo",
    key: "fk_zjAG",
  };

  test.each<[string, string, string]>([
    [
      "a usage line",
      JSON.stringify(usage),
      "200  /v2/models/{name}/infer  digits 4587c9533b66  1.3 ms  0.000002 USD  demo/fk_zjAG",
    ],
    [
      "a failed request",
      JSON.stringify({
        ...usage,
        status: 404,
        error: "unknown_model",
        model: "nothing",
        version: "",
        priceUsd: 0,
        coldStart: true,
      }),
      "404  /v2/models/{name}/infer  nothing  1.3 ms (cold)  0 USD  demo/fk_zjAG  unknown_model",
    ],
    [
      "an access line",
      JSON.stringify({ id: "x", method: "POST", path: "/v1/embeddings", status: "200", ms: "12", detail: "-" }),
      "200  POST /v1/embeddings  12 ms",
    ],
    [
      "an access line with the gateway's reason",
      JSON.stringify({ method: "POST", path: "/", status: "502", ms: "12", detail: "the function timed out" }),
      "502  POST /  12 ms  the function timed out",
    ],
    [
      "a line of the service's own log",
      JSON.stringify({
        level: "INFO",
        message: "model loaded",
        timestamp: "t",
        service: "farthing-small",
        deployment: "small",
        model: "digits",
      }),
      'INFO  model loaded  {"model":"digits"}',
    ],
    ["anything else", "plain words\n", "plain words"],
    ["JSON that is cut off", '{"level":', '{"level":'],
    ["other JSON", '{"a":1}', '{"a":1}'],
  ])("%s", (_what, message, expected) => {
    expect(line(message)).toBe(`00:00:00.000  small  ${expected}`);
  });
});
