import { INSTANCE_TYPES } from "../../core/planner/accelerators.ts";

/** What a copy's requirements are held against. Memory is the host's, not the accelerators'. */
export interface InstanceCapacity {
  readonly accelerators: number;
  readonly vCpus: number;
  readonly memoryMb: number;
}

const MB_PER_GIB = 1_024;
const capacity = (accelerators: number, vCpus: number, memoryGib: number): InstanceCapacity => ({
  accelerators,
  vCpus,
  memoryMb: memoryGib * MB_PER_GIB,
});

/** Those that the planner never chooses: https://docs.aws.amazon.com/ec2/latest/instancetypes/gp.html, co.html and ac.html */
const WITHOUT_NVIDIA: Readonly<Record<string, InstanceCapacity>> = {
  "ml.c5.large": capacity(0, 2, 4),
  "ml.c5.xlarge": capacity(0, 4, 8),
  "ml.c5.2xlarge": capacity(0, 8, 16),
  "ml.c7i.large": capacity(0, 2, 4),
  "ml.c7i.xlarge": capacity(0, 4, 8),
  "ml.c7i.2xlarge": capacity(0, 8, 16),
  "ml.c7i.4xlarge": capacity(0, 16, 32),
  "ml.m5.large": capacity(0, 2, 8),
  "ml.m5.xlarge": capacity(0, 4, 16),
  "ml.m5.2xlarge": capacity(0, 8, 32),
  "ml.m7i.large": capacity(0, 2, 8),
  "ml.m7i.xlarge": capacity(0, 4, 16),
  "ml.m7i.2xlarge": capacity(0, 8, 32),
  "ml.inf2.xlarge": capacity(1, 4, 16),
  "ml.inf2.8xlarge": capacity(1, 32, 128),
  "ml.inf2.24xlarge": capacity(6, 96, 384),
  "ml.inf2.48xlarge": capacity(12, 192, 768),
  "ml.trn1.2xlarge": capacity(1, 8, 32),
  "ml.trn1.32xlarge": capacity(16, 128, 512),
};

/** Sizes as EC2 has them: what SageMaker keeps for itself is not documented, and not taken off. */
const CAPACITIES: ReadonlyMap<string, InstanceCapacity> = new Map([
  ...Object.entries(WITHOUT_NVIDIA),
  ...INSTANCE_TYPES.map(
    ({ name, accelerators, vcpus, memoryGib }) => [name, capacity(accelerators, vcpus, memoryGib)] as const,
  ),
]);

/** Undefined for types that are not in the table. */
export const instanceCapacity = (name: string): InstanceCapacity | undefined => CAPACITIES.get(name);

export const KNOWN_INSTANCE_TYPES = [...CAPACITIES.keys()].join(", ");
