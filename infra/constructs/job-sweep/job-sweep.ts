/**
 * Once a minute the router looks for jobs that nobody works on: whose time has come, whose start was lost, whose process died; and ends
 * streams with an Idempotency-Key of processes that died, so that what they delivered is charged.
 * 43,200 short invocations a month, about two cents.
 */
import { Rule, RuleTargetInput, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { Duration } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import { SWEEP_EVENT } from "../../../core/jobs/job-event.ts";

export interface JobSweepProps {
  readonly function: IFunction;
}

export class JobSweep extends Construct {
  constructor(scope: Construct, id: string, props: JobSweepProps) {
    super(scope, id);
    new Rule(this, "Rule", {
      description: "Starts jobs that nobody works on",
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new LambdaFunction(props.function, { event: RuleTargetInput.fromObject(SWEEP_EVENT) })],
    });
  }
}
