import type { Job } from "../../../core/jobs/job.ts";
import type { JobStore, OpenJob } from "../../../core/jobs/job-store.ts";
import type { Slot } from "../../../core/jobs/slot-store.ts";

/** As the table does it: conditional writes, nothing kept between two readers. `lose`: the next write is taken, its reply lost. */
export function memoryJobStore() {
  const jobs = new Map<string, Job>();
  const bodies = new Map<string, Uint8Array>();
  const open = new Map<string, OpenJob>();
  const slots = new Map<string, Slot>();
  const store: JobStore = {
    find: async (tenant, id) => structuredClone(jobs.get(`${tenant}/${id}`)),
    latest: async (tenant, limit, before) =>
      [...jobs.values()]
        .filter((job) => job.tenant === tenant && (before === undefined || job.id < before))
        .sort((a, b) => (a.id < b.id ? 1 : -1))
        .slice(0, limit),
    async put(job) {
      const name = `${job.tenant}/${job.id}`;
      if ((jobs.get(name)?.revision ?? 0) !== job.revision - 1) return "refused";
      jobs.set(name, structuredClone(job));
      return "written";
    },
    putBody: async (name, bytes) => void bodies.set(name, bytes),
    body: async (name) => bodies.get(name),
    putOpen: async (entry) => void open.set(entry.id, entry),
    removeOpen: async (id) => void open.delete(id),
    listOpen: async () => [...open.values()],
    putSlot: async (slot) => void slots.set(slot.id, slot),
    removeSlot: async (_, id) => void slots.delete(id),
    slots: async (tenant) => [...slots.values()].filter((slot) => slot.tenant === tenant),
  };
  return { store, jobs, open, slots };
}
