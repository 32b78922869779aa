import { checkSuites, finish, runSuites } from "./suites.ts";

finish(await runSuites(checkSuites));
