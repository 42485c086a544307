/**
 * Subscription filters: events of a group that match a pattern go to a function, in batches of one stream. Delivered at least
 * once: what a killed platform had not delivered, the next one reads from the log again.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#LambdaFunctionExample
 */
import { gzipSync } from "node:zlib";
import type { PlatformEvent } from "../simulator.ts";
import { DeliveryPosition } from "./delivery-position.ts";
import { type FilterPattern, matchesFilter } from "./filter-pattern.ts";
import type { LogStore } from "./log-store.ts";
import { readEvents } from "./log-streams.ts";
import { logGroupArn } from "./permissions.ts";
import { EVENT_OVERHEAD_BYTES, type StoredEvent } from "./stored-event.ts";

export interface SubscriptionFilter {
  readonly name: string;
  readonly logGroup: string;
  readonly destinationArn: string;
  readonly pattern: FilterPattern;
}

/** The function behind a destination; implemented by lambda/. */
export interface SubscriptionTarget {
  /**
   * `refused`: no permission of the function's policy lets CloudWatch Logs call it for this group. `throttled`: nobody was free
   * to take it.
   */
  deliver(destinationArn: string, sourceArn: string, event: Uint8Array): Promise<DeliveryOutcome>;
}

export type DeliveryOutcome = "done" | "failed" | "throttled" | "refused";

export interface SubscriptionFacts {
  readonly accountId: string;
  readonly region: string;
  readonly emit: (event: PlatformEvent) => void;
}

/** AWS says "near real time"; one batch a second keeps a busy function from being called for each line. */
const BATCH_MILLIS = 1_000;
/** Before compression; what comes out fits Lambda's 1 MB for an asynchronous event. */
const MAX_BATCH_BYTES = 256 * 1024;
/** As Lambda tries asynchronous events: twice more. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html */
const RETRY_MILLIS = [1_000, 5_000];
/** How long a batch may be on its way when the platform ends. */
const MAX_STOP_MILLIS = 5_000;

interface Batch {
  readonly filter: SubscriptionFilter;
  readonly logStream: string;
  readonly events: StoredEvent[];
  bytes: number;
}

export class SubscriptionFilters {
  readonly #target: SubscriptionTarget;
  readonly #store: LogStore;
  readonly #facts: SubscriptionFacts;
  readonly #position: DeliveryPosition;
  readonly #byGroup = new Map<string, SubscriptionFilter[]>();
  /** All that are not delivered yet, those that wait included. */
  readonly #batches = new Set<Batch>();
  readonly #running = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  #waiting = new Map<string, Batch>();
  #timer: NodeJS.Timeout | undefined;
  #catchingUp = false;
  #sent = 0;

  constructor(target: SubscriptionTarget, store: LogStore, positionFile: string, facts: SubscriptionFacts) {
    this.#target = target;
    this.#store = store;
    this.#facts = facts;
    this.#position = new DeliveryPosition(positionFile);
  }

  /** Two at most for each group: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html */
  add(filter: SubscriptionFilter): void {
    const filters = this.#byGroup.get(filter.logGroup) ?? [];
    if (filters.length >= 2) throw new Error(`Log group ${filter.logGroup} has two subscription filters already.`);
    this.#byGroup.set(filter.logGroup, [...filters, filter]);
  }

  /** Called for every event that is stored, in its turn. */
  offer(logGroup: string, logStream: string, events: readonly StoredEvent[]): void {
    for (const filter of this.#byGroup.get(logGroup) ?? []) {
      for (const event of events) if (matchesFilter(filter.pattern, event.message)) this.#add(filter, logStream, event);
    }
  }

  /** Delivers again what lies in the log and was not known to be delivered when the platform last ran. */
  async start(): Promise<void> {
    const from = this.#position.read();
    if (from === undefined) return;
    this.#catchingUp = true;
    for (const [logGroup, filters] of this.#byGroup) {
      for (const stream of this.#store.group(logGroup)?.streams.values() ?? []) {
        for await (const event of readEvents(stream)) {
          if (event.ingestionTime < from) continue;
          const { timestamp, ingestionTime, message } = event;
          for (const filter of filters) {
            if (matchesFilter(filter.pattern, message)) {
              this.#add(filter, stream.name, { timestamp, ingestionTime, message });
            }
          }
        }
      }
    }
    this.#catchingUp = false;
    this.#mark();
  }

  /** Sends what waits, and lets it arrive; what does not is sent by the next platform. */
  async stop(): Promise<void> {
    this.#send();
    const deadline = setTimeout(() => this.#stopping.abort(), MAX_STOP_MILLIS);
    while (this.#running.size > 0) await Promise.all(this.#running);
    clearTimeout(deadline);
    this.#stopping.abort();
  }

  #add(filter: SubscriptionFilter, logStream: string, event: StoredEvent): void {
    const key = `${filter.logGroup}\n${filter.name}\n${logStream}`;
    let batch = this.#waiting.get(key);
    if (batch === undefined) {
      batch = { filter, logStream, events: [], bytes: 0 };
      this.#waiting.set(key, batch);
      this.#batches.add(batch);
    }
    batch.events.push(event);
    if (this.#batches.size === 1 && batch.events.length === 1) this.#mark();
    batch.bytes += Buffer.byteLength(event.message) + EVENT_OVERHEAD_BYTES;
    if (batch.bytes >= MAX_BATCH_BYTES) {
      this.#waiting.delete(key);
      this.#start(batch);
    }
    this.#timer ??= setTimeout(() => this.#send(), BATCH_MILLIS);
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batches = this.#waiting;
    this.#waiting = new Map();
    for (const batch of batches.values()) this.#start(batch);
  }

  #start(batch: Batch): void {
    const running = this.#deliver(batch).finally(() => {
      this.#running.delete(running);
      // What stopping cut short stays marked.
      if (this.#stopping.signal.aborted) return;
      this.#batches.delete(batch);
      this.#mark();
    });
    this.#running.add(running);
  }

  async #deliver(batch: Batch): Promise<void> {
    const { filter } = batch;
    const source = logGroupArn(this.#facts, filter.logGroup);
    const event = this.#encode(batch);
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      const outcome = await this.#target.deliver(filter.destinationArn, source, event).catch(() => "failed" as const);
      if (outcome === "done") return;
      if (outcome === "failed") failures++;
      const wait = RETRY_MILLIS[Math.max(0, failures - 1)];
      if (outcome === "refused" || wait === undefined) {
        const why =
          outcome === "refused" ? "its policy does not let CloudWatch Logs call it" : `it failed ${failures} times`;
        this.#facts.emit({
          type: "warning",
          message: `${filter.destinationArn} did not get ${batch.events.length} events of ${filter.logGroup}: ${why}`,
        });
        return;
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait);
        this.#stopping.signal.addEventListener("abort", () => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #mark(): void {
    if (this.#catchingUp) return;
    const since = Math.min(...[...this.#batches].map(({ events }) => events[0]?.ingestionTime ?? 0));
    this.#position.write(this.#batches.size === 0 ? undefined : since);
  }

  #encode({ filter, logStream, events }: Batch): Uint8Array {
    const message = {
      messageType: "DATA_MESSAGE",
      owner: this.#facts.accountId,
      logGroup: filter.logGroup,
      logStream,
      subscriptionFilters: [filter.name],
      logEvents: events.map(({ timestamp, message }) => ({
        id: `${timestamp}${String(this.#sent++).padStart(16, "0")}`,
        timestamp,
        message,
      })),
    };
    return Buffer.from(JSON.stringify({ awslogs: { data: gzipSync(JSON.stringify(message)).toString("base64") } }));
  }
}
