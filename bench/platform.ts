/**
 * What the local platform adds to a function's own time: a keep-alive client through API Gateway, Lambda's Runtime API and
 * back, against the duration that the function reports of itself. And how long `farthing up` takes.
 */
import { Agent } from "node:http";
import { CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { platformClient } from "./deployed-function.ts";
import { type LocalPlatform, startPlatform } from "./local-platform.ts";
import { type ApiRequest, measuredModels } from "./measured-models.ts";
import { median, quantile } from "./measurement.ts";
import type { Report } from "./report.ts";
import { roundTrip } from "./round-trip.ts";

const REQUESTS = 2_000;
const WARMUPS = 200;

export async function run(): Promise<Report> {
  const platform = await startPlatform();
  try {
    const [digits] = await measuredModels(platform, ["digits"]);
    const request = digits?.requests.binary as ApiRequest;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let i = 0; i < WARMUPS; i++) await roundTrip(agent, platform, request);
    const since = Date.now();
    const totals: number[] = [];
    for (let i = 0; i < REQUESTS; i++) totals.push(await roundTrip(agent, platform, request));
    agent.destroy();
    const own = await ownDurations(platform, since);
    const added = median(totals) - median(own);
    const figure = (values: readonly number[], share: number) => quantile(values, share).toFixed(2);
    return {
      title: "platform: what API Gateway and Lambda add on this machine (ms)",
      columns: ["", "p50", "p99"],
      rows: [
        ["client, round trip", figure(totals, 0.5), figure(totals, 0.99)],
        ["function, by its usage lines", figure(own, 0.5), figure(own, 0.99)],
      ],
      notes: [`${REQUESTS} requests, one after the other, on one connection; ${own.length} usage lines found.`],
      figures: {
        bench: "platform",
        platform_added_p50_ms: Number(added.toFixed(3)),
        start_to_ready_s: Number((platform.startMillis / 1_000).toFixed(2)),
      },
    };
  } finally {
    await platform.stop();
  }
}

async function ownDurations(platform: LocalPlatform, since: number): Promise<readonly number[]> {
  const client = new CloudWatchLogsClient(platformClient(platform));
  const durations: number[] = [];
  let nextToken: string | undefined;
  do {
    const page = await client.send(
      new FilterLogEventsCommand({
        logGroupName: "/farthing/local/small",
        startTime: since,
        nextToken,
        filterPattern: '{ $.usage = "farthing.usage/1" }',
      }),
    );
    for (const { message = "" } of page.events ?? [])
      durations.push((JSON.parse(message) as { durationMillis: number }).durationMillis);
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  client.destroy();
  return durations;
}
