import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { HUB_PREFIX } from "../../adapters/hub/hub-model.ts";
import { type AddOptions, addModel, DEFAULT_GROUP } from "../../adapters/model-folder/add-model.ts";
import { CARD_FILE, readAnyCard } from "../../adapters/model-folder/read-model-folder.ts";
import { TASK_NAMES } from "../../core/models/card.ts";
import { rollBackModel } from "../../core/models/publish.ts";
import { versionId } from "../../core/models/registry.ts";
import { fetchFromHub } from "../add-from-hub.ts";
import { openDeployment } from "../deployment.ts";
import { publishFolder } from "../publish-folder.ts";
import { modelDetails, modelTable } from "../rendering/models.ts";
import { publishLine } from "../rendering/publish-line.ts";
import { tensorsText } from "../rendering/tensors.ts";
import type { Terminal } from "../terminal.ts";
import { clientSettings, type Where, withWhere } from "../where.ts";

const MODELS_FOLDER = "models";

export function addModelCommands(program: Command, terminal: Terminal, root: string): void {
  const model = program.command("model").description("models: add, publish, list, show, roll back");
  const open = (where: Where) => openDeployment(where.env, clientSettings(where, root));
  const now = () => new Date().toISOString();
  const fromHub = (reference: string, file: string | undefined) =>
    fetchFromHub({ reference, file, settings: process.env, folder: join(root, ".farthing", "hub") }, terminal);

  model
    .command("add")
    .argument(
      "<source>",
      "a folder with an ONNX model (Hugging Face layout welcome), one .onnx file, or hf:<org>/<name>[@<revision>] of the Hub",
    )
    .description("take a model into the project, with a card: checked if there is one, drafted if not")
    .option("--name <name>", "name of the model (default: the card's, or the folder's)")
    .addOption(
      new Option("--task <task>", "what it does (default: the card's, or told by the files)").choices(TASK_NAMES),
    )
    .option("--group <group>", `deployment that holds it (default: the card's, or ${DEFAULT_GROUP})`)
    .option("--file <path>", "the .onnx file to use, as its path in the model (default: the usual one)")
    .option("--to <dir>", "folder of the project's models", MODELS_FOLDER)
    .option("--force", "replace a model of that name")
    .addHelpText(
      "after",
      "\nExamples:\n  npx farthing model add ~/all-MiniLM-L6-v2 --name minilm\n  npx farthing model add ~/silero_vad.onnx && npx farthing model publish silero_vad\n" +
        "  npx farthing model add hf:Xenova/all-MiniLM-L6-v2 --file onnx/model_quantized.onnx\n\n" +
        "HF_ENDPOINT: another Hub than huggingface.co. HF_TOKEN: for models that are not public.",
    )
    .action(async (source: string, { to, force, ...options }: AddFlags) => {
      const flags = { models: to, force: force ?? false, ...options };
      const fetched = source.startsWith(HUB_PREFIX) ? await fromHub(source, options.file) : undefined;
      const added = await addModel(
        fetched ? { ...flags, ...fetched.options, name: options.name ?? fetched.options.name } : { source, ...flags },
      );
      await fetched?.done();
      const { name } = added.card;
      const { inputs, outputs } = added.signature;
      for (const line of added.open) terminal.note(`${terminal.style.yellow("open")}  ${line}`);
      terminal.out(`${name} (${added.card.task}): ${tensorsText(inputs)} → ${tensorsText(outputs)}`);
      terminal.out(`Its card: ${join(added.folder, CARD_FILE)}`);
      const place = added.folder === resolve(MODELS_FOLDER, name) ? "" : ` ${added.folder}`;
      terminal.out(`Next: npx farthing model publish ${name}${place}`);
    });

  withWhere(model.command("publish"))
    .argument("<name>", "name of the model")
    .argument("[dir]", `its folder (default: ${MODELS_FOLDER}/<name>)`)
    .description("inspect, upload what is missing, and make live: callers meet the new version within 5 seconds")
    .addHelpText(
      "after",
      "\nExamples:\n  npx farthing model publish minilm\n  npx farthing model publish minilm ./build --env staging",
    )
    .action(async (name: string, directory: string | undefined, where: Where) => {
      const folder = resolve(directory ?? join(MODELS_FOLDER, name));
      const card = await readAnyCard(folder);
      if (card.name !== name) {
        throw new Error(
          `${join(folder, CARD_FILE)} is the card of "${card.name}": npx farthing model publish ${card.name} ${folder}`,
        );
      }
      const note = (line: string) => terminal.note(line);
      const { digest, changed } = await publishFolder(folder, card, await open(where), (event) =>
        note(publishLine(event)),
      );
      terminal.out(
        changed
          ? `${name} ${versionId(digest)} is live in ${where.env}; every function serves it within 5 s`
          : `${name} ${versionId(digest)} was live in ${where.env} already: nothing changed`,
      );
    });

  withWhere(model.command("list"))
    .description("all models of an environment")
    .option("--json", "the registry's records, one JSON object per line")
    .action(async ({ json, ...where }: Where & { readonly json?: boolean }) => {
      const records = await (await open(where)).registry.list();
      for (const line of json ? records.map((record) => JSON.stringify(record)) : modelTable(records))
        terminal.out(line);
    });

  withWhere(model.command("show"))
    .argument("<name>", "name of the model")
    .description("versions and history of one model")
    .action(async (name: string, where: Where) => {
      const record = await (await open(where)).registry.get(name);
      if (record === undefined)
        throw new Error(`no model "${name}" is published in ${where.env}: npx farthing model list`);
      for (const line of modelDetails(record)) terminal.out(line);
    });

  withWhere(model.command("rollback"))
    .argument("<name>", "name of the model")
    .description("make live what was live before the last publish, or a named version")
    .option("--to <version>", "version (its first characters are enough)")
    .addHelpText(
      "after",
      "\nExamples:\n  npx farthing model rollback minilm\n  npx farthing model rollback minilm --to 4ae37bc73d78 --env prod",
    )
    .action(async (name: string, { to, ...where }: Where & { readonly to?: string }) => {
      const { registry } = await open(where);
      const emit = (event: Parameters<typeof publishLine>[0]) => terminal.note(publishLine(event));
      const record = await rollBackModel(name, to, { registry, now, emit });
      terminal.out(`${name} ${versionId(record.live)} is live in ${where.env}; every function serves it within 5 s`);
    });
}

type AddFlags = Omit<AddOptions, "source" | "models" | "force"> & { readonly to: string; readonly force?: boolean };
