/**
 * Which instance takes a copy: pure arithmetic over what instances have and copies need.
 * https://docs.aws.amazon.com/sagemaker/latest/dg/realtime-endpoints-deploy-models.html
 */
import { type InstanceCapacity, instanceCapacity } from "../instance-types.ts";

export type Requirements =
  | {
      readonly type: "resources";
      readonly accelerators: number;
      readonly vCpus: number;
      readonly memoryMb: number;
    }
  /** A model of a variant, without inference components: one container on each instance. */
  | { readonly type: "whole-instance" };

export interface Room extends InstanceCapacity {
  /** Copies that are there already. */
  readonly copies: number;
}

export function roomOf(instanceType: string, placed: readonly Requirements[]): Room {
  const all = instanceCapacity(instanceType) ?? { accelerators: 0, vCpus: 0, memoryMb: 0 };
  return placed.reduce<Room>(
    (room, needs) =>
      needs.type === "whole-instance"
        ? { accelerators: 0, vCpus: 0, memoryMb: 0, copies: room.copies + 1 }
        : {
            accelerators: room.accelerators - needs.accelerators,
            vCpus: room.vCpus - needs.vCpus,
            memoryMb: room.memoryMb - needs.memoryMb,
            copies: room.copies + 1,
          },
    { ...all, copies: 0 },
  );
}

export const fits = (needs: Requirements, room: Room): boolean =>
  needs.type === "whole-instance"
    ? room.copies === 0
    : needs.accelerators <= room.accelerators && needs.vCpus <= room.vCpus && needs.memoryMb <= room.memoryMb;

export interface Candidate<Instance> {
  readonly instance: Instance;
  readonly needs: Requirements;
  readonly room: Room;
  /** Copies of the same workload on it. */
  readonly sameWorkload: number;
}

/** SPREAD: where fewest copies of the workload are, then fewest of all. BINPACK: where most are. Undefined: nowhere. */
export function choosePlace<Instance>(
  candidates: readonly Candidate<Instance>[],
  strategy: "SPREAD" | "BINPACK",
): Instance | undefined {
  const order = strategy === "SPREAD" ? 1 : -1;
  const fitting = candidates
    .filter(({ needs, room }) => fits(needs, room))
    .sort((a, b) => order * (a.sameWorkload - b.sameWorkload || a.room.copies - b.room.copies));
  return fitting[0]?.instance;
}

/** In words, for a copy that fits on no instance however empty; undefined when it fits. */
export function neverFits(instanceType: string, needs: Requirements): string | undefined {
  const empty = roomOf(instanceType, []);
  if (fits(needs, empty) || needs.type === "whole-instance") return undefined;
  return (
    `${instanceType} has ${empty.accelerators} accelerators, ${empty.vCpus} vCPUs and ${empty.memoryMb} MB; a copy needs ` +
    `${needs.accelerators}, ${needs.vCpus} and ${needs.memoryMb} MB`
  );
}
