export { atomicWrite, syncDirectory } from "./atomic-write.ts";
export { type Digest, digestOf, hexOf, isDigest, parseDigest } from "./digest.ts";
export { Emitter } from "./emitter.ts";
export { codeOf, EngineError, type ErrorKind, isKind, messageOf } from "./errors.ts";
export { Holds } from "./holds.ts";
export { newID, shortID } from "./ids.ts";
export { ipVersion } from "./ip.ts";
export { KeyedMutex } from "./keyed-mutex.ts";
export { Limiter } from "./limiter.ts";
export { createLogger, type Logger, type LogLevel, silentLogger } from "./log.ts";
export type { LogPosition } from "./log-position.ts";
export {
  cleanPath,
  createIgnoreMatcher,
  createPathMatcher,
  type IgnoreMatcher,
  readIgnoreFile,
} from "./pattern-matcher.ts";
export { settleAll } from "./settle-all.ts";
export { SharedWork } from "./shared-work.ts";
export { parseSignal } from "./signals.ts";
export { noStep, openSteps, type Step } from "./steps.ts";
export { formatBytes, formatSpan, parseBytes, parseDuration } from "./units.ts";
