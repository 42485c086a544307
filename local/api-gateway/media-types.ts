/**
 * Which bodies travel as base64: those whose media type is on the API's list. `*` + `/*` takes everything, also a body
 * without a content type.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings-workflow.html
 */
export function isBinary(contentType: string | undefined, binaryMediaTypes: readonly string[]): boolean {
  if (binaryMediaTypes.includes("*/*")) return true;
  const mediaType = contentType?.split(";")[0]?.trim().toLowerCase();
  if (!mediaType) return false;
  return binaryMediaTypes.some((binary) => {
    const wanted = binary.toLowerCase();
    return wanted === mediaType || (wanted.endsWith("/*") && mediaType.startsWith(wanted.slice(0, -1)));
  });
}
