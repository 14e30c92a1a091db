"""The conversation itself: changes piece by piece, requests that are taken back or make no sense, the beginning and the end."""

import asyncio
import json
import os
import random

import pytest
from editor import PATIENCE, position
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException


async def test_what_the_server_says_it_can(editor):
    can = editor.answer.capabilities
    assert can.text_document_sync.open_close and can.text_document_sync.change == lsp.TextDocumentSyncKind.Incremental
    assert can.position_encoding == lsp.PositionEncodingKind.Utf16
    for provider in [
        can.hover_provider, can.completion_provider, can.definition_provider, can.references_provider, can.rename_provider,
        can.document_symbol_provider, can.workspace_symbol_provider, can.semantic_tokens_provider, can.folding_range_provider,
        can.document_formatting_provider, can.code_action_provider, can.inlay_hint_provider, can.code_lens_provider,
    ]:
        assert provider
    assert can.rename_provider.prepare_provider
    assert editor.answer.server_info.name == "bakec" and editor.answer.server_info.version


async def test_files_are_watched_where_the_client_can(editor, start):
    editor.open("main.bake")
    await editor.diagnostics("main.bake")
    assert [r.method for r in editor.registered] == ["workspace/didChangeWatchedFiles"]

    def blind(capabilities):
        capabilities.workspace.did_change_watched_files = None

    other = await start(change=blind)
    other.open("main.bake")
    await other.diagnostics("main.bake")
    assert other.registered == []


@pytest.mark.parametrize("like", ["neovim", "emacs"])
async def test_other_editors(start, like):
    try:
        editor = await start(like=like)
    except ValueError:
        pytest.skip(f"pytest-lsp does not know {like}")
    editor.open("main.bake")
    assert not await editor.diagnostics("main.bake")
    assert "Suffix of the names." in await editor.hover("main.bake", "${suffix}", 3)


# ---- changes piece by piece

LETTERS = ["a", " ", '"', "{", "}", "${", "\n", "\r\n", "\r", "ä", "日本", "🦀", "👩‍👩‍👧", "e\u0301", "let x = 1\n", "\u2028", "\t", "/*", "//", "|"]


async def seen(editor, name):
    """All that the server says of a document, as plain data."""
    editor.client.protocol  # The converter makes dictionaries of what came.
    plain = editor.client.protocol._converter.unstructure
    document = editor.document(name)
    ask = editor.client
    answers = [
        await ask.text_document_document_symbol_async(lsp.DocumentSymbolParams(document)),
        await ask.text_document_semantic_tokens_full_async(lsp.SemanticTokensParams(document)),
        await ask.text_document_folding_range_async(lsp.FoldingRangeParams(document)),
        await ask.text_document_hover_async(lsp.HoverParams(document, lsp.Position(3, 8))),
    ]
    return json.dumps([plain(await editor.diagnostics(name)), *map(plain, answers)], sort_keys=True)


@pytest.mark.parametrize("seed", range(6))
async def test_edits_piece_by_piece_leave_the_same_as_the_text_at_once(editor, start, seed):
    chance = random.Random(seed)
    text = (editor.folder / "main.bake").read_text()
    if seed % 3:
        text = text.replace("\n", ["\r\n", "\r"][seed % 3 - 1])
    editor.open("main.bake", text)
    for _ in range(40):
        changes = []
        for _ in range(chance.randint(1, 3)):
            # Between two characters of the text as it will be then; the end of a line is one character.
            length = len(editor.texts["main.bake"]) if not changes else None
            if length is None:
                break
            start_at = chance.randint(0, length)
            end_at = min(length, start_at + chance.choice([0, 0, 0, 1, 3, 40]))
            here = editor.texts["main.bake"]
            inside = lambda at: 0 < at < len(here) and here[at - 1 : at + 1] == "\r\n"
            if inside(start_at) or inside(end_at):
                continue
            changes.append((start_at, end_at, chance.choice(LETTERS)))
        if changes:
            editor.type("main.bake", *changes)
    after = editor.texts["main.bake"]
    fresh = await start()
    fresh.open("main.bake", after)
    # Versions differ, and are not told in diagnostics.
    assert await seen(editor, "main.bake") == await seen(fresh, "main.bake"), after


async def test_several_changes_in_one_message(editor):
    editor.open("a.bake", 'let a = "🦀"\nlet b = 1\n')
    editor.type("a.bake", (4, 5, "first🦀"), (0, 0, "// 日本\r"), (None, None, "let c = a_name\n"), (8, 14, '"🦀" + d'))
    assert editor.text("a.bake") == 'let c = "🦀" + d\n'
    (found,) = await editor.diagnostics("a.bake")
    assert found.range == lsp.Range(lsp.Position(0, 15), lsp.Position(0, 16))


async def test_a_place_behind_the_end_of_a_line_is_its_end(editor):
    editor.open("a.bake", "let a = 1\r\nlet b = 2")
    change = lsp.TextDocumentContentChangePartial(lsp.Range(lsp.Position(0, 99), lsp.Position(0, 999)), " + zz")
    document = lsp.VersionedTextDocumentIdentifier(2, editor.uri("a.bake"))
    editor.client.text_document_did_change(lsp.DidChangeTextDocumentParams(document, [change]))
    editor.versions["a.bake"], editor.texts["a.bake"] = 2, "let a = 1 + zz\r\nlet b = 2"
    (found,) = await editor.diagnostics("a.bake")
    assert (found.range.start, found.range.end) == (lsp.Position(0, 12), lsp.Position(0, 14))
    change = lsp.TextDocumentContentChangePartial(lsp.Range(lsp.Position(99, 0), lsp.Position(99, 7)), " + yy")
    document = lsp.VersionedTextDocumentIdentifier(3, editor.uri("a.bake"))
    editor.client.text_document_did_change(lsp.DidChangeTextDocumentParams(document, [change]))
    editor.versions["a.bake"], editor.texts["a.bake"] = 3, "let a = 1 + zz\r\nlet b = 2 + yy"
    assert [d.range.start.line for d in await editor.diagnostics("a.bake")] == [0, 1]


async def test_lines_end_as_the_protocol_says(editor):
    editor.open("a.bake", "// one\rlet a = 1\r\nlet b = zz\nlet c = 3")
    assert {d.range.start.line for d in await editor.diagnostics("a.bake") if "zz" in d.message} == {2}


async def test_a_burst_of_keys_ends_with_the_right_answer(editor):
    editor.open("main.bake")
    line = "\nlet zz = 1 + 2 + 3 + nowhere"
    at = len(editor.texts["main.bake"])
    for n, letter in enumerate(line):
        editor.type("main.bake", (at + n, at + n, letter))
    found = await editor.diagnostics("main.bake")
    assert [d.message.splitlines()[0] for d in found] == [d.message.splitlines()[0] for d in found if "nowhere" in d.message] != []


# ---- requests that are taken back, and such as make no sense


async def test_a_request_is_taken_back(editor):
    """Its answer is that it was taken back, or what it had asked for; and then the next one is answered."""
    editor.open("main.bake")
    protocol = editor.client.protocol
    codes = []
    for n in range(20):
        params = lsp.HoverParams(**editor.at("main.bake", "${region}", 3))
        answer = asyncio.ensure_future(editor.client.protocol.send_request_async(lsp.TEXT_DOCUMENT_HOVER, params, msg_id=f"taken-{n}"))
        await asyncio.sleep(0)
        editor.client.cancel_request(lsp.CancelParams(f"taken-{n}"))
        try:
            assert (await asyncio.wait_for(answer, PATIENCE)).contents
        except JsonRpcException as refused:
            codes.append(refused.code)
    assert set(codes) <= {lsp.LSPErrorCodes.RequestCancelled.value}
    editor.client.cancel_request(lsp.CancelParams("never asked"))
    assert "Suffix" in await editor.hover("main.bake", "${suffix}", 3)


async def test_a_question_about_a_text_that_changes_meanwhile(editor):
    """Answered for the text as it was, or refused as out of date; never for another text, and never as a failure."""
    editor.open("main.bake")
    waiting = []
    for n in range(30):
        params = lsp.HoverParams(**editor.at("main.bake", "${suffix}", 3))
        waiting.append(asyncio.ensure_future(editor.client.text_document_hover_async(params)))
        await asyncio.sleep(0)
        editor.type("main.bake", (0, 0, "// more\n"))
    for answer in waiting:
        try:
            assert "Suffix of the names." in (await asyncio.wait_for(answer, PATIENCE)).contents.value
        except JsonRpcException as refused:
            assert refused.code == lsp.LSPErrorCodes.ContentModified.value
    assert "Suffix of the names." in await editor.hover("main.bake", "${suffix}", 3)


METHODS = [
    "textDocument/hover", "textDocument/completion", "textDocument/definition", "textDocument/references",
    "textDocument/documentHighlight", "textDocument/prepareRename", "textDocument/rename", "textDocument/documentSymbol",
    "workspace/symbol", "textDocument/semanticTokens/full", "textDocument/foldingRange", "textDocument/formatting",
    "textDocument/codeAction", "textDocument/inlayHint", "textDocument/codeLens", "workspace/executeCommand",
]


class Raw:
    """The pipe itself, for what no client would say."""

    def __init__(self, process):
        self.process = process

    @classmethod
    async def start(cls, *arguments):
        pipe = asyncio.subprocess.PIPE
        return cls(await asyncio.create_subprocess_exec(os.environ["BAKEC"], "lsp", *arguments, stdin=pipe, stdout=pipe, stderr=pipe))

    def send(self, **message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    async def read(self):
        headers = await asyncio.wait_for(self.process.stdout.readuntil(b"\r\n\r\n"), PATIENCE)
        length = next(int(line.split(b":")[1]) for line in headers.split(b"\r\n") if line.lower().startswith(b"content-length"))
        return json.loads(await self.process.stdout.readexactly(length))

    async def ask(self, id, method, params):
        self.send(id=id, method=method, params=params)
        while True:
            message = await self.read()
            if message.get("id") == id and "method" not in message:
                return message

    async def begin(self):
        answer = await self.ask(0, "initialize", {"processId": None, "rootUri": None, "capabilities": {}})
        self.send(method="initialized", params={})
        return answer

    async def ended(self):
        return await asyncio.wait_for(self.process.wait(), PATIENCE)


async def test_params_that_make_no_sense_are_refused_and_the_server_lives():
    raw = await Raw.start()
    await raw.begin()
    uri = "file:///nowhere/a.bake"
    raw.send(method="textDocument/didOpen", params={"textDocument": {"uri": uri, "languageId": "bake", "version": 1, "text": "let a = 1\n"}})
    nonsense = [{"textDocument": 7}, {"textDocument": {"uri": uri}, "position": {"line": -1, "character": 0}}, [], "text", {"query": 3}]
    for number, method in enumerate(METHODS):
        for n, params in enumerate(nonsense):
            answer = await raw.ask(1000 + number * 10 + n, method, params)
            complete = n == 1 and method in {"textDocument/documentSymbol", "textDocument/semanticTokens/full", "textDocument/foldingRange", "textDocument/codeLens"}
            assert complete or answer["error"]["code"] == -32602, (method, params, answer)
    # A command of others, and ours without what it is about.
    answer = await raw.ask(1, "workspace/executeCommand", {"command": "rm"})
    assert answer["error"]["code"] == -32602
    answer = await raw.ask(2, "workspace/executeCommand", {"command": "bakec.showBuilds"})
    assert answer["error"]["code"] == -32602 and "takes a document" in answer["error"]["message"]
    answer = await raw.ask(5, "workspace/executeCommand", {"command": "bakec.showBuilds", "arguments": [uri, "nobody"]})
    assert answer["result"] is None
    # Notifications have no answer.
    raw.send(method="textDocument/didChange", params={"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"range": 1}]})
    raw.send(method="textDocument/didOpen", params=None)
    raw.send(method="$/whatever", params={"a": 1})
    raw.send(method="textDocument/didChange", params={"textDocument": {"uri": "file:///never/opened.bake", "version": 2}, "contentChanges": [{"text": "x"}]})
    raw.send(method="textDocument/didClose", params={"textDocument": {"uri": "file:///never/opened.bake"}})
    answer = await raw.ask(3, "textDocument/hover", {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 4}})
    assert "let a" in answer["result"]["contents"]["value"]
    assert (await raw.ask(4, "shutdown", None))["result"] is None
    raw.send(method="exit")
    assert await raw.ended() == 0


async def test_what_is_no_message_is_survived():
    raw = await Raw.start()
    await raw.begin()
    uri = "file:///nowhere/a.bake"
    raw.process.stdin.write(b"Content-Length: 3\r\n\r\n{]}")
    # Half of a surrogate pair: JSON can hold it, a text cannot. It is one unit wide all the same.
    text = 'let a = "\ud83d" + nowhere\n'
    raw.send(method="textDocument/didOpen", params={"textDocument": {"uri": uri, "languageId": "bake", "version": 1, "text": text}})
    raw.send(id=1, method="shutdown")
    told = []
    while (message := await raw.read()).get("id") != 1:
        told.append(message)
    assert [m["method"] for m in told][:1] == ["window/logMessage"] and "cannot be read" in told[0]["params"]["message"]
    raw.send(method="exit")
    assert await raw.ended() == 0
    raw = await Raw.start()
    await raw.begin()
    raw.send(method="textDocument/didOpen", params={"textDocument": {"uri": uri, "languageId": "bake", "version": 1, "text": text}})
    while (message := await raw.read()).get("method") != "textDocument/publishDiagnostics":
        pass
    assert message["params"]["diagnostics"][0]["range"]["start"] == {"line": 0, "character": text.index("nowhere")}
    # A client that ends in the middle of a word.
    raw.process.stdin.write(b"Content-Length: 300\r\n\r\n{")
    raw.process.stdin.close()
    assert await raw.ended() == 1


async def test_documents_that_are_not_open_are_asked_about_in_vain():
    raw = await Raw.start()
    await raw.begin()
    for n, uri in enumerate(["file:///never/opened.bake", "untitled:x", "http://a/b.bake", "file:", "x"]):
        for m, method in enumerate(METHODS[:-1]):
            params = {
                "textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}, "newName": "x", "query": "", "options": {"tabSize": 4, "insertSpaces": True},
                "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}, "context": {"diagnostics": [], "includeDeclaration": True},
            }
            answer = await raw.ask(100 * n + m, method, params)
            assert answer.get("error", {}).get("code") != -32603, (method, uri, answer)
            assert answer.get("result") in (None, []) , (method, uri, answer)
    raw.process.stdin.close()
    assert await raw.ended() == 1


async def test_methods_that_no_one_knows():
    raw = await Raw.start()
    await raw.begin()
    assert (await raw.ask(1, "textDocument/dance", {}))["error"]["code"] == -32601
    assert (await raw.ask("word", "workspace/diagnostic", None))["error"]["code"] == -32601
    raw.send(method="$/setTrace", params={"value": "off"})
    assert (await raw.ask(2, "$/unknown", {}))["error"]["code"] == -32601
    raw.process.stdin.close()
    await raw.ended()


async def test_nothing_is_answered_before_the_beginning():
    raw = await Raw.start()
    assert (await raw.ask(1, "textDocument/hover", {}))["error"]["code"] == -32002
    assert "error" in await raw.ask(2, "initialize", {"capabilities": 7})
    raw.send(method="textDocument/didOpen", params={})
    assert "capabilities" in (await raw.begin())["result"]
    # A second beginning is refused.
    assert "error" in await raw.ask(3, "initialize", {"processId": None, "rootUri": None, "capabilities": {}})
    await raw.ask(4, "shutdown", None)
    raw.send(method="exit")
    assert await raw.ended() == 0


async def test_between_shutdown_and_exit_nothing_is_answered():
    raw = await Raw.start()
    await raw.begin()
    assert (await raw.ask(1, "shutdown", None))["result"] is None
    assert (await raw.ask(2, "workspace/symbol", {"query": ""}))["error"]["code"] == -32600
    raw.send(method="exit")
    assert await raw.ended() == 0


async def test_an_end_without_a_shutdown_is_told_by_the_exit_code():
    raw = await Raw.start()
    await raw.begin()
    raw.send(method="exit")
    assert await raw.ended() == 1
    raw = await Raw.start()
    raw.send(method="exit")
    assert await raw.ended() == 1


async def test_a_client_that_is_gone_leaves_no_server():
    raw = await Raw.start("--stdio")
    await raw.begin()
    raw.process.stdin.close()
    assert await raw.ended() == 1


@pytest.mark.parametrize("mess", [b"hello\r\n\r\n", b"Content-Length: x\r\n\r\n{}", b"Content-Length: 5\r\n\r\n{\"a\":", b"Content-Length: 2\r\n\r\n[]", b"\xff\xfe\x00"])
async def test_what_is_no_message_ends_it_and_no_panic_is_printed(mess):
    raw = await Raw.start()
    await raw.begin()
    raw.process.stdin.write(mess)
    raw.process.stdin.close()
    stderr = (await asyncio.wait_for(raw.process.stderr.read(), PATIENCE)).decode()
    assert await raw.ended() == 1
    assert "panick" not in stderr, stderr


async def test_standard_output_has_nothing_but_messages(editor):
    editor.open("main.bake", 'image a { builder amazon-ebs { region = "x" } }\n' * 3)
    await editor.diagnostics("main.bake")
    assert not editor.client.log_messages
