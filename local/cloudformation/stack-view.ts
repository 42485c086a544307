/** The stacks of the running platform, as CloudFormation's API tells of them. Filled by whoever loads the templates. */
export interface StackView {
  /** Looked at for every call: stacks and their outputs may come while the platform starts. */
  stacks(): readonly StackDescription[];
}

export interface StackDescription {
  readonly name: string;
  readonly description?: string;
  readonly createdAtMillis: number;
  readonly status:
    | "CREATE_IN_PROGRESS"
    | "CREATE_COMPLETE"
    | "UPDATE_IN_PROGRESS"
    | "UPDATE_COMPLETE"
    | "CREATE_FAILED";
  readonly outputs: readonly StackOutput[];
  readonly parameters?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  readonly resources: readonly StackResource[];
  /** As it was deployed. */
  readonly template?: unknown;
}

export interface StackOutput {
  readonly key: string;
  readonly value: string;
  readonly description?: string;
  readonly exportName?: string;
}

export interface StackResource {
  readonly logicalId: string;
  /** What `Ref` answers. */
  readonly physicalId: string;
  readonly type: string;
}
