// A session in a real VS Code with the extension and the real server: a mistake is seen, mended by its code action, a value looked
// at, the builds listed; and the pictures of it.
//
// VS Code runs in a browser: `code-server` (npm) with the packed extension installed, the setting `bakec.path` naming the program, and
// `--auth none`. A Chromium drives it by `puppeteer-core` (npm). Nothing of both is installed by the tests, for their size.
//
// Usage: CODE=http://127.0.0.1:8080 WORKSPACE=folder [CHROMIUM=/usr/bin/chromium] node vscode.mjs [folder for pictures]
// WORKSPACE holds a copy of tests/peer/lsp/screens/web.bake.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import puppeteer from "puppeteer-core";

const { CODE, WORKSPACE, CHROMIUM = "/usr/bin/chromium" } = process.env;
const pictures = process.argv[2];
const file = path.join(path.resolve(WORKSPACE), "web.bake");
const browser = await puppeteer.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu"],
    defaultViewport: { width: 860, height: 620, deviceScaleFactor: 1 },
});
const page = await browser.newPage();
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
/** The words in all elements of a kind; VS Code writes blanks that do not break. */
const words = (selector) => page.$$eval(selector, (all) => all.map((one) => one.textContent.replaceAll("\u00a0", " ")));

/** Waits until something is there, and gives it. */
async function until(what, look) {
    for (let tries = 0; tries < 300; tries++) {
        const found = await look();
        if (found) return found;
        await pause(200);
    }
    await page.screenshot({ path: "vscode-failed.png" });
    throw new Error(`not seen: ${what}; the screen is vscode-failed.png`);
}

async function chord(...keys) {
    for (const key of keys.slice(0, -1)) await page.keyboard.down(key);
    await page.keyboard.press(keys.at(-1));
    for (const key of keys.slice(0, -1).reverse()) await page.keyboard.up(key);
}

/** Puts the cursor at a line and column. */
async function go(line, column) {
    await chord("Control", "g");
    await until("the prompt for a line", async () => (await page.$$(".quick-input-widget input")).length);
    await page.keyboard.type(`${line}:${column}`);
    await page.keyboard.press("Enter");
    await pause(500);
}

async function picture(name) {
    if (!pictures) return;
    await pause(1200);
    const clip = await page.$eval(".editor-group-container", (group) => {
        const { x, y, width, height } = group.getBoundingClientRect();
        return { x, y, width, height };
    });
    // A window of another size would close its menus.
    await page.screenshot({ path: path.join(pictures, `vscode-${name}.png`), clip, captureBeyondViewport: false });
}

const text = async () => (await words(".view-line")).join("\n");
const folder = path.dirname(file);
const open = JSON.stringify([["openFile", `vscode-remote://${new URL(CODE).host}${file}`]]);
await page.goto(`${CODE}/?folder=${encodeURIComponent(folder)}&payload=${encodeURIComponent(open)}`, { waitUntil: "domcontentloaded" });

await until("the file", async () => (await text()).includes("image web"));
const sidebar = () => page.$$eval(".part.sidebar", (all) => all.some((part) => part.offsetWidth > 0));
if (await sidebar()) {
    await chord("Control", "b");
    await until("the whole window", async () => !(await sidebar()));
}
await until("a squiggle", async () => (await page.$$(".squiggly-error")).length === 1);
const start = fs.readFileSync(file, "utf8").split("\n").findIndex((line) => line.includes("us-esat-1")) + 1;
await go(start, 28);
await chord("Control", "k");
await chord("Control", "i");
const said = await until("the words of the mistake", async () => (await words(".monaco-hover")).find((hover) => hover.includes("did you mean")));
assert.match(said, /there is no region `us-esat-1`/);
assert.match(said, /did you mean `us-east-1`\?/);
await picture("error");
await page.keyboard.press("Escape");

await chord("Control", ".");
const actions = await until("the code actions", async () => {
    const all = await words(".action-widget .action-list-item, .action-widget .monaco-list-row");
    return all.length && all;
});
assert.ok(actions.some((action) => action.includes("Change to `\"us-east-1\"`")), `${actions}`);
await picture("action");
await page.keyboard.press("Enter");
await until("the mended region", async () => (await text()).includes('["us-east-1", "eu-west-1"]'));
await until("no squiggle", async () => !(await page.$$(".squiggly-error")).length);
const lens = await until("the lens", async () => (await words(".codelens-decoration a")).find((title) => title.includes("list")));
assert.equal(lens, "4 builds · list");
await until("the number of builds", async () => (await text()).match(/matrix\s?4 builds\s?\{/));

const name = fs.readFileSync(file, "utf8").split("\n").findIndex((line) => line.includes("name = ")) + 1;
await go(name, 20);
await chord("Control", "k");
await chord("Control", "i");
const values = await until("the values", async () => (await words(".monaco-hover li")).length >= 2 && words(".monaco-hover li"));
assert.deepEqual(values, [
    '"us-east-1" in 2 of 4 builds: web-us-east-1-small, web-us-east-1-large',
    '"eu-west-1" in 2 of 4 builds: web-eu-west-1-small, web-eu-west-1-large',
]);
await picture("hover");
await page.keyboard.press("Escape");

await (await page.$(".codelens-decoration a")).click();
const builds = await until("the list of builds", async () => {
    const rows = await words(".quick-input-list .monaco-list-row .label-name");
    return rows.length >= 4 && rows;
});
assert.deepEqual(builds, ["web-us-east-1-small", "web-us-east-1-large", "web-eu-west-1-small", "web-eu-west-1-large"]);
assert.deepEqual(await words(".quick-input-title"), ["4 builds of web"]);
await picture("builds");
await page.keyboard.press("Enter");
await until("the name in the status bar", async () => (await words(".statusbar-item")).some((item) => item.includes("Copied web-us-east-1-small")));
console.log([said, ...actions, lens, ...values, ...builds].join("\n"));
await browser.close();
