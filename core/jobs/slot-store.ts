/** What counts against a limit of what may be open at once, from before it is taken until it is final. */
export interface Slot {
  readonly tenant: string;
  /** Of what has it: a job, a batch. */
  readonly id: string;
  /** Of the key that asked. */
  readonly keyHash: string;
}

/** The slots of one kind of thing. */
export interface SlotStore {
  putSlot(slot: Slot): Promise<void>;
  removeSlot(tenant: string, id: string): Promise<void>;
  /** Those of a tenant: every slot whose `putSlot` has resolved. */
  slots(tenant: string): Promise<readonly Slot[]>;
}
