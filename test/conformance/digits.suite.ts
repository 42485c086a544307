import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describeWithData } from "../shared-data.ts";
import { call, type Deployment } from "./deployment.ts";

const IMAGE_BYTES = 28 * 28;
/** http://yann.lecun.com/exdb/mnist: 16 bytes before the images, 8 before the labels. */
const IMAGES_HEADER = 16;
const LABELS_HEADER = 8;
/** What training did not see, as the card says. */
const FIRST_HELD_OUT = 8_000;
const END = 10_000;
const BATCH = 100;

export function digitsSuite(deployment: () => Deployment): void {
  describeWithData("eval/mnist", "the digit model, through the API", (folder) => {
    test("recognises the held-out images of MNIST as well as its card claims", async () => {
      const images = gunzipSync(readFileSync(join(folder, "t10k-images-idx3-ubyte.gz"))).subarray(IMAGES_HEADER);
      const labels = gunzipSync(readFileSync(join(folder, "t10k-labels-idx1-ubyte.gz"))).subarray(LABELS_HEADER);
      let right = 0;
      for (let first = FIRST_HELD_OUT; first < END; first += BATCH) {
        const pixels = [...images.subarray(first * IMAGE_BYTES, (first + BATCH) * IMAGE_BYTES)];
        const answer = await call(deployment(), "/v2/models/digits/infer", {
          body: { inputs: [{ name: "image", datatype: "FP32", shape: [BATCH, 1, 28, 28], data: pixels }] },
        });
        expect(answer.status).toBe(200);
        const scores = answer.body.outputs[0].data as number[];
        for (let i = 0; i < BATCH; i++) {
          const row = scores.slice(i * 10, (i + 1) * 10);
          if (row.indexOf(Math.max(...row)) === labels[first + i]) right++;
        }
      }
      const card = JSON.parse(readFileSync("models/digits/model.json", "utf8"));
      expect(right / (END - FIRST_HELD_OUT)).toBeCloseTo(card.quality.value, 3);
    });
  });
}
