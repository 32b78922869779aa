/** The one entry: the engine and the command line are loaded only when they are asked for. */
async function main(argv: readonly string[]): Promise<number> {
  const [noun, verb] = argv;
  if (noun === "daemon") {
    const { runDaemon } = await import("./api/index.ts");
    return await runDaemon(argv.slice(1));
  }
  if (noun === "system" && verb === "reset") {
    const { runReset } = await import("./engine/index.ts");
    return await runReset(argv.slice(2));
  }
  const { runCli } = await import("./cli/index.ts");
  return await runCli(argv);
}

process.exit(await main(process.argv.slice(2)));
