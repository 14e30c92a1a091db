// The least of a language server, for editors to talk to: a file that is opened gets one diagnostic, which says as what it was opened.
let held = Buffer.alloc(0);
const send = (message) => {
    const text = JSON.stringify({ jsonrpc: "2.0", ...message });
    process.stdout.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
};
const answer = {
    initialize: () => ({ capabilities: { textDocumentSync: 1 } }),
    shutdown: () => null,
};

function receive(message) {
    if (message.method === "exit") process.exit(0);
    if (message.method === "textDocument/didOpen") {
        const { uri, languageId } = message.params.textDocument;
        const at = { line: 0, character: 0 };
        send({
            method: "textDocument/publishDiagnostics",
            params: { uri, diagnostics: [{ range: { start: at, end: at }, severity: 1, message: `opened as ${languageId}` }] },
        });
    } else if (message.id !== undefined && message.method in answer) {
        send({ id: message.id, result: answer[message.method]() });
    } else if (message.id !== undefined && message.method) {
        send({ id: message.id, error: { code: -32601, message: "not known here" } });
    }
}

process.stdin.on("data", (chunk) => {
    held = Buffer.concat([held, chunk]);
    for (;;) {
        const head = held.indexOf("\r\n\r\n");
        const length = Number(/Content-Length: (\d+)/i.exec(held.subarray(0, Math.max(head, 0)).toString())?.[1]);
        if (head < 0 || held.length < head + 4 + length) return;
        const body = held.subarray(head + 4, head + 4 + length).toString();
        held = held.subarray(head + 4 + length);
        receive(JSON.parse(body));
    }
});
