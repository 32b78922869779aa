export { pathAt, readPieces, writeTar, writeWhole } from "./files.ts";
