// The client of `bakec lsp` in VS Code: it starts the server that the settings name, and answers the one command that the
// server's code lenses carry. Everything else is the protocol's.
"use strict";

const os = require("node:os");
const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

/** The running client, if any. */
let client;
/** Starts and stops follow each other, however fast settings change. */
let turn = Promise.resolve();
/** One channel for all clients of a session. */
let output;

/** The program that the setting names. */
function program(setting, folder) {
    const path = setting.trim() || "bakec";
    if (path === "~" || path.startsWith("~/") || path.startsWith("~\\")) {
        return os.homedir() + path.slice(1);
    }
    return path.replace(/^\$\{workspaceFolder\}/, () => folder ?? ".");
}

async function stop() {
    const running = client;
    client = undefined;
    try {
        await running?.dispose();
    } catch (error) {
        // A server that has died already cannot say that it stops.
        output.warn(`the former server did not stop by itself: ${error.message ?? error}`);
    }
}

async function start() {
    await stop();
    const settings = vscode.workspace.getConfiguration("bakec");
    if (!settings.get("server", true)) {
        return;
    }
    const command = program(settings.get("path", "bakec"), vscode.workspace.workspaceFolders?.[0]?.uri.fsPath);
    const starting = new LanguageClient(
        "bakec",
        "bakec",
        { command, args: ["lsp"] },
        {
            documentSelector: [{ scheme: "file", language: "bake" }, { scheme: "untitled", language: "bake" }],
            outputChannel: output,
            // Then the server does not offer the command as its own, which would be registered twice.
            initializationOptions: { commands: ["bakec.showBuilds"] },
        },
    );
    client = starting;
    try {
        await starting.start();
    } catch (error) {
        output.error(`\`${command} lsp\` did not start: ${error.message ?? error}`);
        await stop();
        // Not awaited: the message stays until someone answers it.
        complain(command);
    }
}

async function complain(command) {
    const settings = "Open settings";
    const again = "Try again";
    const chosen = await vscode.window.showErrorMessage(
        `The language server \`${command} lsp\` did not start. Is bakec installed, and the setting \`bakec.path\` right?`,
        settings,
        again,
    );
    if (chosen === settings) {
        await vscode.commands.executeCommand("workbench.action.openSettings", "bakec.path");
    } else if (chosen === again) {
        await restart();
    }
}

function restart() {
    turn = turn.then(start, start);
    return turn;
}

/** Lists the builds of an image, which a code lens names; the chosen one goes to the clipboard, for `--only`. */
async function showBuilds(uri, image) {
    const builds = await client?.sendRequest("bakec/builds", { uri, image });
    if (!Array.isArray(builds) || builds.length === 0) {
        return;
    }
    const chosen = await vscode.window.showQuickPick(builds, {
        title: builds.length === 1 ? `1 build of ${image}` : `${builds.length} builds of ${image}`,
        placeHolder: "Choose one to copy its name, for --only",
    });
    if (chosen !== undefined) {
        await vscode.env.clipboard.writeText(chosen);
        vscode.window.setStatusBarMessage(`Copied ${chosen}`, 3000);
    }
}

/** Called by VS Code when the first file of the language is opened. */
function activate(context) {
    output = vscode.window.createOutputChannel("bakec", { log: true });
    context.subscriptions.push(
        output,
        vscode.commands.registerCommand("bakec.restart", restart),
        vscode.commands.registerCommand("bakec.output", () => output.show()),
        vscode.commands.registerCommand("bakec.showBuilds", showBuilds),
        vscode.workspace.onDidChangeConfiguration((change) => {
            // The trace is followed by the client itself.
            if (change.affectsConfiguration("bakec.path") || change.affectsConfiguration("bakec.server")) {
                restart();
            }
        }),
    );
    return restart();
}

/** Called by VS Code when it ends. */
function deactivate() {
    turn = turn.then(stop, stop);
    return turn;
}

module.exports = { activate, deactivate };
