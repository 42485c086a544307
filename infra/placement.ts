/** Where a model group's function runs: on demand, one request to an environment, or on instances, many. */
import * as z from "zod";

/** Defaults of `managed-instances`. */
export const MANAGED_INSTANCES = {
  instanceTypes: { x86_64: ["c7i.xlarge"], arm64: ["c7g.xlarge"] },
  memoryGibPerVcpu: 2,
  /** AWS's own: one environment in each of three zones. */
  minEnvironments: 3,
  concurrency: 64,
  workers: "vcpus",
  modelCacheMb: 400,
} as const;

/** Least memory of a function there. https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances.html */
export const MIN_INSTANCE_MEMORY_MB = 2048;

const networkSchema = z.strictObject({
  /** Subnets of the instances, 1 to 16; from there S3 and DynamoDB must be reached (gateway endpoints cost nothing). */
  subnetIds: z
    .array(z.string().regex(/^subnet-([0-9a-f]{8}|[0-9a-f]{17})$/, "the id of a subnet"))
    .min(1)
    .max(16),
  /** 1 to 5. */
  securityGroupIds: z
    .array(z.string().regex(/^sg-([0-9a-f]{8}|[0-9a-f]{17})$/, "the id of a security group"))
    .min(1)
    .max(5),
});

const managedInstancesSchema = z.strictObject({
  kind: z.literal("managed-instances"),
  /** Types that AWS may take, the one that is priced first. Default: c7i.xlarge, or c7g.xlarge for arm64. */
  instanceTypes: z
    .array(z.string().regex(/^[a-z][a-z0-9-]*\.[a-z0-9]+$/, "an EC2 instance type, such as c7g.xlarge"))
    .min(1)
    .optional(),
  /** Memory in GiB for each vCPU of an environment: 2, 4 or 8. With `memoryMb` it sets the number of vCPUs. */
  memoryGibPerVcpu: z.literal([2, 4, 8]).default(MANAGED_INSTANCES.memoryGibPerVcpu),
  /** Execution environments that always run, 0 to 15000. */
  minEnvironments: z.int().min(0).max(15_000).default(MANAGED_INSTANCES.minEnvironments),
  /** Default: no limit. */
  maxEnvironments: z.int().min(1).max(15_000).optional(),
  /** Requests that one environment holds at once, 1 to 64 for each of its vCPUs; with `workers: "host"`, 1 to 1600. */
  concurrency: z.int().min(1).max(1600).default(MANAGED_INSTANCES.concurrency),
  /**
   * Threads of an environment. Each loads the models for itself and computes on one processor. `vcpus`: one for each vCPU;
   * `host`: one for each processor of the machine that synthesises, only where that also runs the functions.
   */
  workers: z.union([z.int().min(1).max(128), z.enum(["vcpus", "host"])]).default(MANAGED_INSTANCES.workers),
  /**
   * Disk in MB for models' files, kept as long as the environment (on one machine: as the state directory), 1 to 1000000. Packed
   * weights lie there, which all threads map: about three times the bytes of a model. AWS gives 512 MB of temporary storage.
   */
  modelCacheMb: z.int().min(1).max(1_000_000).default(MANAGED_INSTANCES.modelCacheMb),
  /** Use of the processors in percent that the number of instances is scaled to, 1 to 100. Default: AWS chooses. */
  targetUtilization: z.number().min(1).max(100).optional(),
  /** Most vCPUs of all instances together, 2 to 15000. Default: AWS's 400. */
  maxVcpus: z.int().min(2).max(15_000).optional(),
  /** Required where it is deployed; meaningless on one machine. */
  network: networkSchema.optional(),
});

export const placementSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("on-demand") }),
  managedInstancesSchema,
]);

export type Placement = z.infer<typeof placementSchema>;
export type ManagedInstances = z.infer<typeof managedInstancesSchema>;

export function vcpusOf({ memoryGibPerVcpu }: ManagedInstances, memoryMb: number): number {
  return Math.max(1, Math.floor(memoryMb / 1024 / memoryGibPerVcpu));
}

export function workersOf(placement: ManagedInstances, memoryMb: number, hostCores: number): number {
  switch (placement.workers) {
    case "vcpus":
      return vcpusOf(placement, memoryMb);
    case "host":
      return hostCores;
    default:
      return placement.workers;
  }
}
