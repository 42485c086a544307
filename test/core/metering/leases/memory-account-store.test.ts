import { createMemoryAccountStore } from "../../../../core/metering/leases/memory-account-store.ts";
import { accountStoreSuite } from "../../../contract/account-store.suite.ts";

const store = createMemoryAccountStore();

accountStoreSuite(() => store);
