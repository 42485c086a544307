/**
 * GPU endpoints: instances are billed from their start to their end, so the time in which nobody asked is shared by those
 * who did, in proportion to the time that the model worked for them. An hour without requests is nobody's.
 */
import type { Component } from "../component.ts";
import { costOf } from "../exact.ts";

const SECONDS_PER_HOUR = 3_600n;

export const gpu: Component = ({ lines, measured }, { sagemakerHour }) =>
  (measured.endpoints ?? []).map(({ instanceType, instanceSeconds, models }) => {
    const hourly = sagemakerHour[instanceType];
    if (typeof hourly !== "number")
      throw new RangeError(`the price book has no SageMaker instance ${JSON.stringify(instanceType)} in sagemakerHour`);
    return {
      item: `${instanceType} for ${models.join(", ")}`,
      quantity: instanceSeconds / 3_600,
      unit: "instance hours",
      picodollars: costOf(BigInt(Math.round(instanceSeconds)), hourly, SECONDS_PER_HOUR),
      weights: lines.map((line) =>
        models.includes(line.model) && line.target !== "none" ? Math.ceil(line.inferenceMillis * 1_000) : 0,
      ),
    };
  });
