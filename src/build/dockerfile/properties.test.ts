import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DockerfileError, lower, outline, parseDockerfile, parseProgram } from "./index.ts";
import { ExpansionError, expandText, expandWords } from "./shell/index.ts";

const platform = { os: "linux", architecture: "amd64" };
const values = { buildArgs: {}, platform, buildPlatform: platform, targetStage: "default" };

/** Text that looks enough like a Dockerfile to get somewhere. */
const line = fc
  .tuple(
    fc.constantFrom(
      "FROM scratch",
      "RUN",
      "COPY",
      "ENV",
      "ARG",
      "LABEL",
      "ONBUILD",
      "CMD",
      "EXPOSE",
      "# escape=`",
      "",
    ),
    fc.stringMatching(/^[ -~\t]{0,20}$/),
    fc.constantFrom("", "\\", " \\", " <<EOF", "\r"),
  )
  .map(([name, rest, end]) => `${name} ${rest}${end}`);

describe("any text", () => {
  test("is understood or refused with its place, never anything else", () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        const text = ["FROM scratch", ...lines].join("\n");
        try {
          const program = parseProgram(parseDockerfile(new TextEncoder().encode(text), "Dockerfile"));
          lower(outline(program, { values }), { values, images: new Map(), labels: {} });
        } catch (error) {
          expect(error).toBeInstanceOf(DockerfileError);
          if (!(error instanceof DockerfileError)) return;
          expect(error.position.line).toBeGreaterThan(0);
          expect(error.position.line).toBeLessThanOrEqual(text.split("\n").length);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("is expanded or refused, and stays as it is without special characters", () => {
    const variables = new Map([["a", "b c"]]);
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~]{0,40}$/), (text) => {
        try {
          const whole = expandText(text, { variables, escape: "\\" });
          const words = expandWords(text, { variables, escape: "\\" });
          if (!/[\\$'"]/.test(text)) {
            expect(whole).toBe(text);
            expect(words).toEqual(text.split(/\s+/).filter((word) => word !== ""));
          }
        } catch (error) {
          expect(error).toBeInstanceOf(ExpansionError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
