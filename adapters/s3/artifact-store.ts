import type { S3Client } from "@aws-sdk/client-s3";
import type { ArtifactStore } from "../../core/models/artifact-store.ts";
import { artifactStoreOn } from "./artifacts.ts";
import { sdkBucket } from "./sdk-bucket.ts";

export interface ArtifactStoreOptions {
  readonly client: S3Client;
  readonly bucket: string;
}

/** The store for those who write; serving functions read it without the SDK (artifacts.ts). */
export const createArtifactStore = ({ client, bucket }: ArtifactStoreOptions): ArtifactStore =>
  artifactStoreOn(sdkBucket(client, bucket));
