/** Scheduled rules. README.md says what they do here. */
import { randomUUID } from "node:crypto";
import * as z from "zod";
import type { FunctionPolicies } from "../lambda/simulator.ts";
import { physicalName } from "../physical-name.ts";
import { readProperties } from "../resource-properties.ts";
import type { FunctionInvoker, Simulator, SimulatorContext } from "../simulator.ts";
import { rateMillis } from "./schedule.ts";

const MAX_NAME_LENGTH = 64;

const properties = z.object({
  Name: z.string().max(MAX_NAME_LENGTH).optional(),
  Description: z.string().optional(),
  ScheduleExpression: z.string(),
  State: z.enum(["ENABLED", "DISABLED"]).default("ENABLED"),
  Targets: z
    .array(z.strictObject({ Id: z.string(), Arn: z.string(), Input: z.string().optional() }))
    .max(5)
    .default([]),
});

interface Rule {
  readonly arn: string;
  readonly everyMillis: number;
  readonly targets: z.infer<typeof properties>["Targets"];
}

export interface EventsDependencies {
  readonly functions: FunctionInvoker & FunctionPolicies;
}

export function createEventsSimulator(
  { region, accountId, clock, emit }: Pick<SimulatorContext, "region" | "accountId" | "clock" | "emit">,
  { functions }: EventsDependencies,
): Simulator {
  const rules: Rule[] = [];
  const timers: NodeJS.Timeout[] = [];

  async function fire(rule: Rule, { Arn: functionArn, Input }: Rule["targets"][number]): Promise<void> {
    const invocation = { principal: "events.amazonaws.com", sourceArn: rule.arn, sourceAccount: accountId };
    if (!functions.allowsInvocation(functionArn, invocation)) {
      emit({
        type: "warning",
        message: `${rule.arn} may not call ${functionArn}: no permission of the function says so`,
      });
      return;
    }
    try {
      const payload = Buffer.from(Input ?? JSON.stringify(scheduledEvent(rule)));
      const { body } = await functions.invoke({ functionArn, payload, responseMode: "buffered" });
      for await (const _ of body);
    } catch (error) {
      emit({ type: "warning", message: `${rule.arn}: ${error instanceof Error ? error.message : String(error)}` });
    }
  }

  const scheduledEvent = ({ arn }: Rule) => ({
    version: "0",
    id: randomUUID(),
    "detail-type": "Scheduled Event",
    source: "aws.events",
    account: accountId,
    time: new Date(clock()).toISOString().replace(/\.\d+Z$/, "Z"),
    region,
    resources: [arn],
    detail: {},
  });

  return {
    resources: {
      "AWS::Events::Rule": {
        honoured: Object.keys(properties.shape),
        ignored: { Tags: "no policy here compares tags" },
        async create(resource) {
          const { Name, ScheduleExpression, State, Targets } = readProperties(resource, properties);
          const name = Name ?? physicalName(resource, { maxLength: MAX_NAME_LENGTH });
          const arn = `arn:aws:events:${region}:${accountId}:rule/${name}`;
          const everyMillis = rateMillis(ScheduleExpression);
          if (State === "ENABLED") rules.push({ arn, everyMillis, targets: Targets });
          return { ref: name, attributes: { Arn: arn } };
        },
      },
    },
    async start() {
      for (const rule of rules) {
        const fireAll = (): void => {
          for (const target of rule.targets) void fire(rule, target);
        };
        timers.push(setInterval(fireAll, rule.everyMillis));
      }
    },
    async stop() {
      for (const timer of timers) clearInterval(timer);
    },
  };
}
