// The TextMate grammar on whole programs, with the engine of VS Code: nothing in them is marked as invalid, and what follows
// them is an item again. With --tokens it prints the tokens of the programs.
//
// Usage: node textmate.mjs [--tokens] TOOLS FILE… — TOOLS is the folder of node_modules.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const [how, ...rest] = process.argv[2].startsWith("--") ? process.argv.slice(2) : ["", ...process.argv.slice(2)];
const [tools, ...files] = rest;
const require = createRequire(path.join(path.resolve(tools), "package.json"));
const textmate = require("vscode-textmate");
const oniguruma = require("vscode-oniguruma");

const here = path.dirname(fileURLToPath(import.meta.url));
const grammarFile = path.join(here, "../../grammar/vscode/syntaxes/bake.tmLanguage.json");
const wasm = fs.readFileSync(path.join(path.dirname(require.resolve("vscode-oniguruma")), "onig.wasm"));
await oniguruma.loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength));
const registry = new textmate.Registry({
    onigLib: Promise.resolve({
        createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
        createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => textmate.parseRawGrammar(fs.readFileSync(grammarFile, "utf8"), grammarFile),
});
const grammar = await registry.loadGrammar("source.bake");

/** The tokens of a program, line by line, and whether an item behind it would be one. */
function tokenize(text) {
    let stack = textmate.INITIAL;
    const lines = text.split(/\r?\n/).map((line) => {
        const result = grammar.tokenizeLine(line, stack);
        stack = result.ruleStack;
        return { line, tokens: result.tokens };
    });
    // A type ends with the next item, so it is one more item that shows whether all is closed.
    const next = grammar.tokenizeLine("let behind = 1", stack);
    const whole = next.ruleStack.depth === 1 && next.tokens[0].scopes.includes("storage.type.bake");
    return { lines, whole };
}

let mistakes = 0;
for (const file of files) {
    const { lines, whole } = tokenize(fs.readFileSync(file, "utf8"));
    lines.forEach(({ line, tokens }, number) => {
        for (const token of tokens) {
            const said = line.slice(token.startIndex, token.endIndex);
            if (how === "--tokens") console.log(`${number + 1}\t${said}\t${token.scopes.slice(1).join(" ")}`);
            if (token.scopes.some((scope) => scope.startsWith("invalid."))) {
                console.log(`${file}:${number + 1}: \`${said}\` is marked as invalid`);
                mistakes++;
            }
        }
    });
    if (!whole) {
        console.log(`${file}: something is left open at its end`);
        mistakes++;
    }
}
if (how === "") console.log(`${files.length} programs, ${mistakes} mistakes`);
process.exitCode = mistakes === 0 ? 0 : 1;
