/**
 * The time of what a build makes without having it from a file: the same in every build, so that the same
 * instruction gives the same layer. 2020-01-01, as some archive formats know no time before 1980.
 */
export const stillTime = 1_577_836_800n * 1_000_000_000n;
