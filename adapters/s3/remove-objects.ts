/** For those who delete tenants: everything below a prefix goes. */
import { DeleteObjectsCommand, paginateListObjectsV2, type S3Client } from "@aws-sdk/client-s3";

/** Answers how many there were. Rejects when one of them stays. */
export async function removeObjects(client: S3Client, bucket: string, prefix: string): Promise<number> {
  let removed = 0;
  for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix })) {
    const objects = (page.Contents ?? []).map(({ Key }) => ({ Key }));
    if (objects.length === 0) continue;
    const { Errors = [] } = await client.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: objects, Quiet: true } }),
    );
    const [failed] = Errors;
    if (failed !== undefined)
      throw new Error(`${bucket}/${failed.Key} was not deleted: ${failed.Code} ${failed.Message}`);
    removed += objects.length;
  }
  return removed;
}
