import type { Scope } from "../../../local/assembly/intrinsics.ts";
import type { Template } from "../../../local/assembly/template.ts";

/** A stack in which `Bucket` exists (Ref `the-bucket`, attributes Arn and Domain.Name), and one export. */
export const scopeOf = (template: Template = {}): Scope => ({
  template,
  pseudo: { "AWS::Region": "us-east-1", "AWS::AccountId": "123456789012", "AWS::Partition": "aws" },
  ref: (logicalId) => (logicalId === "Bucket" ? "the-bucket" : undefined),
  attribute: (logicalId, name) =>
    logicalId === "Bucket" ? { Arn: "arn:aws:s3:::the-bucket", "Domain.Name": "the-bucket.s3" }[name] : undefined,
  importedValue: (name) => (name === "exported" ? "from another stack" : undefined),
});
