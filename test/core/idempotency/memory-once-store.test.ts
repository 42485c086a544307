import { createMemoryOnceStore } from "../../../core/idempotency/memory-once-store.ts";
import { onceStoreSuite } from "../../contract/once-store.suite.ts";

const store = createMemoryOnceStore();
onceStoreSuite(
  () => store,
  () => store,
);
