export { DetachWatch, defaultDetachKeys, parseDetachKeys } from "./detach-keys.ts";
export { askLines } from "./question.ts";
export { inputIsTerminal, rawMode, typedBytes } from "./raw-mode.ts";
export { followResize, terminalSize } from "./resize.ts";
