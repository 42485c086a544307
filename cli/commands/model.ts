import { cp, mkdir, stat, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import type { Command } from "commander";
import { draftCard } from "../../adapters/model-folder/draft-card.ts";
import { CARD_FILE, readCard } from "../../adapters/model-folder/read-model-folder.ts";
import { inspectModel } from "../../adapters/onnx/inspect-model.ts";
import { type ModelCard, parseModelCard } from "../../core/models/card.ts";
import { rollBackModel } from "../../core/models/publish.ts";
import { type ModelRecord, versionId } from "../../core/models/registry.ts";
import { openDeployment } from "../deployment.ts";
import { type FolderEvent, publishFolder } from "../publish-folder.ts";
import { bytesText, table } from "../table.ts";
import type { Terminal } from "../terminal.ts";

interface Where {
  readonly env: string;
  readonly state?: string;
}

export function addModelCommands(program: Command, terminal: Terminal): void {
  const model = program.command("model").description("models: add, publish, list, show, roll back");
  const where = (command: Command) =>
    command
      .option("--env <name>", "environment", "local")
      .option("--state <dir>", "state of a platform on this machine (default: .farthing/<env>)");

  model
    .command("add")
    .argument("<path>", "a folder with an ONNX model (Hugging Face layout welcome), or one .onnx file")
    .description("take a model into the project's models/ folder, with a card: checked if there is one, drafted if not")
    .option("--name <name>", "name of the model (default: the folder's)")
    .option("--task <task>", "tensor, text-classification, embedding or text-generation (default: told by the files)")
    .option("--group <group>", "deployment that holds it", "small")
    .option("--to <dir>", "folder that holds the project's models", "models")
    .option("--force", "replace a model of that name")
    .addHelpText(
      "after",
      "\nExample:\n  farthing model add ~/all-MiniLM-L6-v2 --name minilm && farthing model publish minilm",
    )
    .action((path: string, options: AddOptions) => add(path, options, terminal));

  where(model.command("publish"))
    .argument("<name>", "name of the model")
    .argument("[dir]", "its folder (default: models/<name>)")
    .description("inspect, upload, and make live: callers meet the new version within 5 seconds")
    .addHelpText("after", "\nExample:\n  farthing model publish minilm --env staging")
    .action(async (name: string, directory: string | undefined, options: Where) => {
      const folder = resolve(directory ?? join("models", name));
      const card = await readCard(folder);
      if (card.name !== name)
        throw new Error(`${join(folder, CARD_FILE)} is the card of "${card.name}", not of "${name}"`);
      const deployment = await openDeployment(options.env, options.state);
      const published = await publishFolder(folder, card, deployment, (event) => terminal.note(publishLine(event)));
      terminal.out(
        published.changed
          ? `${name} ${versionId(published.digest)} is live in ${options.env} (seen everywhere within 5 s)`
          : `${name} ${versionId(published.digest)} was live in ${options.env} already: nothing changed`,
      );
    });

  where(model.command("list"))
    .description("all models of an environment")
    .option("--json", "one JSON object per line")
    .action(async (options: Where & { readonly json?: boolean }) => {
      const records = await (await openDeployment(options.env, options.state)).registry.list();
      if (options.json) for (const record of records) terminal.out(JSON.stringify(summary(record)));
      else
        for (const line of table([HEAD, ...records.map((record) => Object.values(summary(record)).map(String))]))
          terminal.out(line);
    });

  where(model.command("show"))
    .argument("<name>")
    .description("versions and history of one model")
    .action(async (name: string, options: Where) => {
      const record = await (await openDeployment(options.env, options.state)).registry.get(name);
      if (record === undefined) throw new Error(`no model "${name}" is published in ${options.env}`);
      for (const line of describe(record)) terminal.out(line);
    });

  where(model.command("rollback"))
    .argument("<name>")
    .description("make the version before the live one live again, or a named one")
    .option("--to <version>", "version (at least its first characters)")
    .action(async (name: string, options: Where & { readonly to?: string }) => {
      const { registry } = await openDeployment(options.env, options.state);
      const now = () => new Date().toISOString();
      const record = await rollBackModel(name, options.to, {
        registry,
        now,
        emit: (event) => terminal.note(publishLine(event)),
      });
      terminal.out(`${name} ${versionId(record.live)} is live in ${options.env} (seen everywhere within 5 s)`);
    });
}

interface AddOptions {
  readonly name?: string;
  readonly task?: ModelCard["task"];
  readonly group: string;
  readonly to: string;
  readonly force?: boolean;
}

async function add(path: string, options: AddOptions, terminal: Terminal): Promise<void> {
  const source = resolve(path);
  const isFile = (await stat(source).catch(() => undefined))?.isFile() ?? false;
  const folder = isFile ? dirname(source) : source;
  const existing = isFile ? undefined : await existingCard(folder);
  const name = options.name ?? existing?.name ?? basename(source, isFile ? extname(source) : "").toLowerCase();
  const target = resolve(options.to, name);
  if (!options.force && (await stat(target).catch(() => undefined)) !== undefined) {
    throw new Error(`${target} is there already; --force replaces it, --name chooses another name`);
  }
  await mkdir(target, { recursive: true });
  if (isFile) await cp(source, join(target, "model.onnx"));
  else if (resolve(folder) !== target) await cp(folder, target, { recursive: true, dereference: true });
  const { card, open } = existing
    ? { card: { ...existing, name }, open: [] }
    : draftCard(target, { name, group: options.group, ...(options.task && { task: options.task }) });
  parseModelCard(JSON.parse(JSON.stringify(card)), join(target, CARD_FILE));
  const signature = await inspectModel(target, card);
  await writeFile(join(target, CARD_FILE), `${JSON.stringify(card, undefined, 2)}\n`);
  for (const line of open) terminal.note(terminal.style.yellow(`open  ${line}`));
  const tensors = (specs: typeof signature.inputs) =>
    specs.map(({ name: tensor, dataType, shape }) => `${tensor} ${dataType}[${shape}]`).join(", ");
  terminal.out(`${name}: ${tensors(signature.inputs)} → ${tensors(signature.outputs)}`);
  terminal.out(`Next: farthing model publish ${name} ${target === resolve("models", name) ? "" : target}`.trimEnd());
}

async function existingCard(folder: string): Promise<ModelCard | undefined> {
  return (await stat(join(folder, CARD_FILE)).catch(() => undefined)) === undefined ? undefined : readCard(folder);
}

function publishLine(event: FolderEvent): string {
  switch (event.type) {
    case "prepared":
      return `${event.optimized ? "optimised" : "kept as it is"}: ${event.detail}`;
    case "inspected":
      return "loads, and matches its card";
    case "blob-upload":
      return `upload   ${event.path} (${bytesText(event.bytes)})`;
    case "blob-present":
      return `present  ${event.path} (${bytesText(event.bytes)})`;
    case "conflict-retry":
      return `somebody else changed the model meanwhile; deciding again (${event.attempt})`;
  }
}

const HEAD = ["name", "task", "live", "versions", "group", "size", "since"];

function summary(record: ModelRecord): Readonly<Record<string, string | number>> {
  const live = record.versions.find(({ digest }) => digest === record.live);
  return {
    name: record.name,
    task: live?.task ?? "",
    live: versionId(record.live),
    versions: record.versions.length,
    group: record.group,
    size: bytesText(live?.bytes ?? 0),
    since: record.history[0]?.at ?? "",
  };
}

function describe(record: ModelRecord): readonly string[] {
  const versions = record.versions.map(({ digest, createdAt, bytes }) => [
    digest === record.live ? "live" : "",
    versionId(digest),
    createdAt,
    bytesText(bytes),
  ]);
  const history = record.history.map(({ at, action, from, to }) => [
    at,
    action,
    from ? versionId(from) : "",
    versionId(to),
  ]);
  return [
    `${record.name} (group ${record.group}, revision ${record.revision})`,
    "",
    ...table([["", "version", "published", "size"], ...versions]),
    "",
    ...table([["at", "action", "from", "to"], ...history]),
  ];
}
