/**
 * Requests to a bucket, counted by kind. Under the name that the console gives them.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/configure-request-metrics-bucket.html
 */
export const WHOLE_BUCKET_METRICS = { metrics: [{ id: "EntireBucket" }] };
