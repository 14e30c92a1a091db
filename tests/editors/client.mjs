// The client of the VS Code extension beside a stand-in of VS Code's module: what it starts by which settings, what it says where
// nothing starts, and what it answers the server's code lens. How a real client and a real editor do is not known here.
//
// Usage: node client.mjs
import assert from "node:assert/strict";
import Module from "node:module";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";

const extension = path.join(path.dirname(fileURLToPath(import.meta.url)), "../../grammar/vscode/extension.js");

/** A VS Code that remembers, with these settings, and a client that starts unless the command is `missing`. */
function load(settings, answers = {}) {
    const seen = { started: [], asked: [], disposed: 0, errors: [], log: [], picked: [], clipboard: [], executed: [], commands: {}, changed: undefined };
    const vscode = {
        workspace: {
            workspaceFolders: [{ uri: { fsPath: "/home/someone/images" } }],
            getConfiguration: () => ({ get: (key, otherwise) => settings[key] ?? otherwise }),
            onDidChangeConfiguration: (call) => ((seen.changed = call), { dispose() {} }),
        },
        window: {
            createOutputChannel: (_name, options) => {
                assert.deepEqual(options, { log: true }, "the client wants a channel with levels");
                const note = (line) => seen.log.push(line);
                return { info: note, warn: note, error: note, show() {}, dispose() {} };
            },
            showErrorMessage: async (message) => (seen.errors.push(message), answers.error?.shift()),
            showQuickPick: async (items, options) => (seen.picked.push({ items, options }), answers.pick),
            setStatusBarMessage() {},
        },
        commands: {
            registerCommand: (name, call) => ((seen.commands[name] = call), { dispose() {} }),
            executeCommand: async (...call) => seen.executed.push(call),
        },
        env: { clipboard: { writeText: async (text) => seen.clipboard.push(text) } },
    };
    class LanguageClient {
        constructor(_id, _name, server, options) {
            Object.assign(this, { server, options });
        }
        async start() {
            if (this.server.command === "missing") throw new Error("spawn missing ENOENT");
            seen.started.push(this.server);
            seen.selector = this.options.documentSelector;
        }
        async sendRequest(method, params) {
            seen.asked.push([method, params]);
            return answers[method]?.(params);
        }
        async dispose() {
            seen.disposed++;
        }
    }
    const stand = { vscode, "vscode-languageclient/node": { LanguageClient } };
    const before = Module._load;
    Module._load = (name, ...rest) => stand[name] ?? before(name, ...rest);
    try {
        const require = Module.createRequire(import.meta.url);
        delete require.cache[extension];
        return { module: require(extension), seen };
    } finally {
        Module._load = before;
    }
}

async function activated(settings, answers) {
    const { module, seen } = load(settings, answers);
    const context = { subscriptions: [] };
    await module.activate(context);
    return { module, seen, context };
}

test("the program is the one on the path, and its files are those of the language", async () => {
    const { seen, context } = await activated({});
    assert.deepEqual(seen.started, [{ command: "bakec", args: ["lsp"] }]);
    assert.ok(seen.selector.every((of) => of.language === "bake"));
    assert.ok(context.subscriptions.length >= 5);
});

test("the setting names the program", async () => {
    for (const [set, command] of [
        ["/opt/bakec", "/opt/bakec"],
        ["~/bin/bakec", `${os.homedir()}/bin/bakec`],
        ["${workspaceFolder}/target/debug/bakec", "/home/someone/images/target/debug/bakec"],
        [" ", "bakec"],
    ]) {
        const { seen } = await activated({ path: set });
        assert.equal(seen.started[0].command, command);
    }
});

test("without the server nothing starts", async () => {
    const { seen } = await activated({ server: false });
    assert.deepEqual(seen.started, []);
    assert.deepEqual(seen.errors, []);
});

test("a program that is missing is named, and the settings can be opened", async () => {
    const { seen } = await activated({ path: "missing" }, { error: ["Open settings"] });
    await new Promise(setImmediate);
    assert.match(seen.errors[0], /`missing lsp`/);
    assert.match(seen.log[0], /ENOENT/);
    assert.deepEqual(seen.executed, [["workbench.action.openSettings", "bakec.path"]]);
    assert.equal(seen.disposed, 1);
});

test("a changed path starts another server, a changed trace does not", async () => {
    const settings = {};
    const { module, seen } = await activated(settings);
    seen.changed({ affectsConfiguration: (key) => key === "bakec.trace.server" });
    settings.path = "/opt/bakec";
    seen.changed({ affectsConfiguration: (key) => key === "bakec.path" });
    await module.deactivate();
    assert.deepEqual(seen.started.map((server) => server.command), ["bakec", "/opt/bakec"]);
    assert.equal(seen.disposed, 2);
});

test("the builds of an image are listed, and the chosen one is copied", async () => {
    const builds = { web: ["web-a", "web-b"], none: [] };
    const { seen } = await activated({}, { pick: "web-b", "bakec/builds": ({ image }) => builds[image] });
    await seen.commands["bakec.showBuilds"]("file:///web.bake", "web");
    assert.deepEqual(seen.asked, [["bakec/builds", { uri: "file:///web.bake", image: "web" }]]);
    assert.equal(seen.picked[0].options.title, "2 builds of web");
    assert.deepEqual(seen.clipboard, ["web-b"]);
    await seen.commands["bakec.showBuilds"]("file:///web.bake", "none");
    await seen.commands["bakec.showBuilds"]();
    assert.equal(seen.picked.length, 1);
});
