import { createMemoryOnceStore } from "../../../core/idempotency/memory-once-store.ts";
import { onceStoreSuite } from "../../contract/once-store.suite.ts";

onceStoreSuite(createMemoryOnceStore);
