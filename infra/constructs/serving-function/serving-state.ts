/** Names and ARNs of what lasts, as functions are told of it. */

/** What the data stack exports. */
export interface ServingState {
  readonly registryTable: ImportedResource;
  readonly tenantsTable: ImportedResource;
  readonly usageTable: ImportedResource;
  readonly jobsTable: ImportedResource;
  readonly requestsTable: ImportedResource;
  readonly answerBucket: ImportedResource;
  readonly modelBucket: ImportedResource;
  readonly fileBucket: ImportedResource;
}

export interface ImportedResource {
  readonly name: string;
  readonly arn: string;
  /** Name of the export that `arn` stands for. */
  readonly arnExport: string;
}
