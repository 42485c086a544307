/**
 * GPUs of SageMaker's endpoints, as NVIDIA's data sheets state them (compiled 2026-11-24). Memory in GB of 10^9 bytes: what
 * EC2's DescribeInstanceTypes reports (24 GB as 22,888 MiB), a little below what nvidia-smi shows.
 */
export interface Accelerator {
  readonly memoryGb: number;
  /** Of the memory, in 10^9 bytes a second; it bounds how fast tokens are generated one after the other. */
  readonly bandwidthGbPerSecond: number;
  /** Dense, at 16 bits, in 10^12 a second; it bounds how fast prompts are read. */
  readonly teraflops: number;
  /** CUDA compute capability: from 8.0 on bfloat16, from 8.9 on fp8. */
  readonly computeCapability: number;
}

export const ACCELERATORS = {
  // https://www.nvidia.com/en-us/data-center/tesla-t4/
  T4: { memoryGb: 16, bandwidthGbPerSecond: 320, teraflops: 65, computeCapability: 7.5 },
  // https://www.nvidia.com/en-us/data-center/products/a10-gpu/ ; AWS's A10G has 70 dense teraflops of the A10's 125
  A10G: { memoryGb: 24, bandwidthGbPerSecond: 600, teraflops: 70, computeCapability: 8.6 },
  // https://www.nvidia.com/en-us/data-center/l4/
  L4: { memoryGb: 24, bandwidthGbPerSecond: 300, teraflops: 121, computeCapability: 8.9 },
  // https://www.nvidia.com/en-us/data-center/l40s/
  L40S: { memoryGb: 48, bandwidthGbPerSecond: 864, teraflops: 362, computeCapability: 8.9 },
  // https://www.nvidia.com/en-us/data-center/rtx-pro-6000-blackwell-server-edition/
  RTXPRO6000: { memoryGb: 96, bandwidthGbPerSecond: 1597, teraflops: 500, computeCapability: 12 },
  // https://www.nvidia.com/en-us/data-center/a100/
  A100: { memoryGb: 40, bandwidthGbPerSecond: 1555, teraflops: 312, computeCapability: 8 },
  A100_80: { memoryGb: 80, bandwidthGbPerSecond: 2039, teraflops: 312, computeCapability: 8 },
  // https://www.nvidia.com/en-us/data-center/h100/
  H100: { memoryGb: 80, bandwidthGbPerSecond: 3350, teraflops: 989, computeCapability: 9 },
} as const satisfies Readonly<Record<string, Accelerator>>;

export type AcceleratorName = keyof typeof ACCELERATORS;

export interface InstanceType {
  readonly name: string;
  readonly accelerator: AcceleratorName;
  readonly accelerators: number;
  readonly vcpus: number;
  /** Of the host. */
  readonly memoryGib: number;
}

type Row = readonly [size: string, accelerators: number, vcpus: number, memoryGib: number];

const family = (name: string, accelerator: AcceleratorName, rows: readonly Row[]): readonly InstanceType[] =>
  rows.map(([size, accelerators, vcpus, memoryGib]) => ({
    name: `ml.${name}.${size}`,
    accelerator,
    accelerators,
    vcpus,
    memoryGib,
  }));

/** Those of g6 are the same. */
const G5_SIZES: readonly Row[] = [
  ["xlarge", 1, 4, 16],
  ["2xlarge", 1, 8, 32],
  ["4xlarge", 1, 16, 64],
  ["8xlarge", 1, 32, 128],
  ["12xlarge", 4, 48, 192],
  ["16xlarge", 1, 64, 256],
  ["24xlarge", 4, 96, 384],
  ["48xlarge", 8, 192, 768],
];

/**
 * https://aws.amazon.com/ec2/instance-types/ under "Accelerated computing". All have local NVMe disks, so SageMaker encrypts
 * them by hardware and refuses a key of ours for them:
 * https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html#sagemaker-CreateEndpointConfig-request-KmsKeyId
 */
export const INSTANCE_TYPES: readonly InstanceType[] = [
  ...family("g4dn", "T4", [
    ["xlarge", 1, 4, 16],
    ["2xlarge", 1, 8, 32],
    ["4xlarge", 1, 16, 64],
    ["8xlarge", 1, 32, 128],
    ["12xlarge", 4, 48, 192],
    ["16xlarge", 1, 64, 256],
  ]),
  ...family("g5", "A10G", G5_SIZES),
  ...family("g6", "L4", G5_SIZES),
  ...family("g6e", "L40S", [
    ["xlarge", 1, 4, 32],
    ["2xlarge", 1, 8, 64],
    ["4xlarge", 1, 16, 128],
    ["8xlarge", 1, 32, 256],
    ["12xlarge", 4, 48, 384],
    ["16xlarge", 1, 64, 512],
    ["24xlarge", 4, 96, 768],
    ["48xlarge", 8, 192, 1536],
  ]),
  ...family("g7e", "RTXPRO6000", [
    ["2xlarge", 1, 8, 64],
    ["4xlarge", 1, 16, 128],
    ["8xlarge", 1, 32, 256],
    ["12xlarge", 2, 48, 512],
    ["24xlarge", 4, 96, 1024],
    ["48xlarge", 8, 192, 2048],
  ]),
  ...family("p4d", "A100", [["24xlarge", 8, 96, 1152]]),
  ...family("p4de", "A100_80", [["24xlarge", 8, 96, 1152]]),
  ...family("p5", "H100", [
    ["4xlarge", 1, 16, 256],
    ["48xlarge", 8, 192, 2048],
  ]),
];
