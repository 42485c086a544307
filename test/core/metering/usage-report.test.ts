import { gzipSync } from "node:zlib";
import { NO_COUNTS } from "../../../core/metering/usage-counts.ts";
import { usageCsv } from "../../../core/metering/usage-csv.ts";
import { readUsageDelivery } from "../../../core/metering/usage-delivery.ts";
import { readUsageQuestion } from "../../../core/metering/usage-report.ts";
import { usageLine } from "./usage-lines.ts";

const NOW = Date.parse("2026-11-24T23:59:00Z");

test.each([
  [{}, { from: "2026-11-24", to: "2026-11-24", groupBy: ["day", "model"] }],
  [{ from: "2026-11-01" }, { from: "2026-11-01", to: "2026-11-24", groupBy: ["day", "model"] }],
  [{ groupBy: "key" }, { from: "2026-11-24", to: "2026-11-24", groupBy: ["key"] }],
  [{ groupBy: "key,day" }, { from: "2026-11-24", to: "2026-11-24", groupBy: ["day", "key"] }],
  [{ groupBy: "" }, { from: "2026-11-24", to: "2026-11-24", groupBy: [] }],
  [{ from: "1795478400" }, { from: "2026-11-24", to: "2026-11-24", groupBy: ["day", "model"] }],
  [{ from: "2026-11-23T22:30:00-05:00" }, { from: "2026-11-24", to: "2026-11-24", groupBy: ["day", "model"] }],
])("%j asks for %j", (asked, question) => {
  expect(readUsageQuestion(asked, NOW)).toEqual(question);
});

test.each([
  [{ from: "yesterday" }, "from", 'from: "yesterday" is no day such as 2026-11-24'],
  [{ from: "2026-13-01" }, "from", "is no day"],
  [{ from: "2026-11-25" }, "to", "to: 2026-11-24 is before from, which is 2026-11-25"],
  [{ from: "2026-01-01" }, "from", "is 328 days; at most 93"],
  [{ groupBy: "tenant" }, "group_by", 'group_by: "tenant" is none of day, model, key'],
])("%j is refused by its field", (asked, field, message) => {
  expect(() => readUsageQuestion(asked, NOW)).toThrow(expect.objectContaining({ code: "invalid_field", field }));
  expect(() => readUsageQuestion(asked, NOW)).toThrow(message);
});

test("a bill is exact, and no cell is a formula", () => {
  const rows = [
    {
      ...NO_COUNTS,
      day: "2026-11-24",
      model: "digits",
      key: "fk_aaaa",
      requests: 3,
      pricePicodollars: 4_500_001n,
      costPicodollars: 12n,
    },
    { ...NO_COUNTS, day: "2026-11-24", model: '=HYPERLINK("x","y")', key: "fk_bbbb" },
  ];
  expect(usageCsv("acme", rows)).toEqual([
    "tenant,day,model,key,requests,errors,cache_hits,input_tokens,output_tokens,price_usd,own_cost_usd",
    "acme,2026-11-24,digits,fk_aaaa,3,0,0,0,0,0.000004500001,0.000000000012",
    `acme,2026-11-24,"'=HYPERLINK(""x"",""y"")",fk_bbbb,0,0,0,0,0,0,0`,
  ]);
});

describe("a delivery of CloudWatch Logs", () => {
  const delivery = (messages: readonly string[], messageType = "DATA_MESSAGE") => ({
    awslogs: {
      data: gzipSync(
        JSON.stringify({
          messageType,
          owner: "123456789012",
          logGroup: "/farthing/prod/router",
          logStream: "2026/11/24/[$LATEST]abc",
          subscriptionFilters: ["usage"],
          logEvents: messages.map((message, index) => ({ id: String(index), timestamp: 1, message })),
        }),
      ).toString("base64"),
    },
  });

  test("brings usage lines; others are not meant, damaged ones are told without their content", () => {
    const line = usageLine();
    const read = readUsageDelivery(
      delivery([
        `{"_aws":{},"faults":0,${JSON.stringify(line).slice(1)}`,
        '{"message":"model loaded"}',
        JSON.stringify({ ...line, priceUsd: -1 }),
        JSON.stringify({ ...line, usage: "farthing.usage/9" }),
        '{"usage":"farthing.usage/1","requestId":"secret',
      ]),
    );
    expect(read.lines).toMatchObject([line]);
    expect(read.problems).toHaveLength(3);
    expect(read.problems.join()).not.toMatch("secret");
    expect(read).toMatchObject({ logGroup: "/farthing/prod/router", logStream: "2026/11/24/[$LATEST]abc" });
  });

  test("a control message brings nothing, and another event is refused", () => {
    expect(readUsageDelivery(delivery([JSON.stringify(usageLine())], "CONTROL_MESSAGE")).lines).toEqual([]);
    expect(() => readUsageDelivery({ Records: [] })).toThrow();
  });
});
