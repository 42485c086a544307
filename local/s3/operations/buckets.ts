import { bucketArn, bucketOf, isoDate, type S3Operation, sendEmpty, sendXml } from "../operation.ts";

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html */
export const listBuckets: S3Operation = {
  name: "ListBuckets",
  method: "GET",
  on: "service",
  permissions: () => [{ action: "s3:ListAllMyBuckets", resourceArn: bucketArn("*") }],
  async handle(_request, store, response) {
    const buckets = [...store.buckets()].sort((a, b) => (a.name < b.name ? -1 : 1));
    sendXml(response, "ListAllMyBucketsResult", {
      Buckets: {
        Bucket: buckets.map(({ name, createdAtMillis }) => ({ Name: name, CreationDate: isoDate(createdAtMillis) })),
      },
      Owner: { ID: "local" },
    });
  },
};

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html */
export const headBucket: S3Operation = {
  name: "HeadBucket",
  method: "HEAD",
  on: "bucket",
  permissions: ({ bucket }) => [{ action: "s3:ListBucket", resourceArn: bucketArn(bucket) }],
  async handle(request, store, response) {
    bucketOf(request, store);
    sendEmpty(response, 200, { "x-amz-bucket-region": store.region });
  },
};

/** us-east-1 answers an empty element. https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html */
export const getBucketLocation: S3Operation = {
  name: "GetBucketLocation",
  method: "GET",
  on: "bucket",
  marker: { query: "location" },
  permissions: ({ bucket }) => [{ action: "s3:GetBucketLocation", resourceArn: bucketArn(bucket) }],
  async handle(request, store, response) {
    bucketOf(request, store);
    const body = Buffer.from(
      `<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${
        store.region === "us-east-1" ? "" : store.region
      }</LocationConstraint>`,
    );
    response.writeHead(200, { "content-type": "application/xml", "content-length": body.length });
    response.end(body);
  },
};
