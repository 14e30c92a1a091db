"""What editors do now and then: strange addresses, files that go while they are open, folders that come whole, arguments."""

import asyncio
import re

import pytest
from editor import units
from lsprotocol import types as lsp
from test_protocol import Raw


class Plain(Raw):
    """The pipe itself, for addresses that no client would make of a path."""

    def open(self, uri, text, version=1):
        self.send(method="textDocument/didOpen", params={"textDocument": {"uri": uri, "languageId": "bake", "version": version, "text": text}})

    async def at(self, method, uri, line, character):
        self.asked = getattr(self, "asked", 100) + 1
        params = {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}
        answer = await self.ask(self.asked, f"textDocument/{method}", params)
        assert "error" not in answer, answer
        return answer["result"]

    async def told(self, uri):
        while True:
            message = await self.read()
            if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri:
                return message["params"]["diagnostics"]


@pytest.mark.parametrize("folder", ["a[b] c", "50%", "#ä 🦀{x}", "%41?"])
async def test_files_that_are_not_open_have_addresses_too(tmp_path, folder):
    place = tmp_path / folder
    place.mkdir()
    (place / "lib.bake").write_text("let a = nowhere\n")
    raw = await Plain.start()
    await raw.begin()
    main, lib = (place / "main.bake").as_uri(), (place / "lib.bake").as_uri()
    raw.open(main, 'import "lib.bake"\nlet b = lib.a\n')
    assert [d["code"] for d in await raw.told(lib)] == ["bake::name::unknown"]
    (found,) = await raw.at("definition", main, 1, 13)
    assert found["uri"] == lib
    raw.process.stdin.close()
    await raw.ended()


@pytest.mark.parametrize("uri", [
    "untitled:Untitled-1", "file:///C%3A/x/main.bake", "file:///c:/x/y.bake", "file://host/share/x.bake", "inmemory://model/1",
    "git:/a/b.bake?x#y", "file:///%FF.bake", "file:", "x", "vscode-remote://ssh-remote%2Bhost/x/a.bake",
])  # fmt: skip
async def test_any_address_is_a_document(uri):
    raw = await Plain.start()
    await raw.begin()
    raw.open(uri, "let a = nowhere\n")
    assert len(await raw.told(uri)) == 1
    assert "let a" in (await raw.at("hover", uri, 0, 4))["contents"]["value"]
    raw.send(method="textDocument/didClose", params={"textDocument": {"uri": uri}})
    assert await raw.told(uri) == []
    assert await raw.at("hover", uri, 0, 4) is None
    raw.process.stdin.close()
    await raw.ended()


async def test_texts_that_are_no_files_find_each_other():
    raw = await Plain.start()
    await raw.begin()
    raw.open("vscode-remote://host/x/lib.bake", "let a = 1\n")
    raw.open("vscode-remote://host/x/main.bake", 'import "lib.bake"\nlet b = lib.a\n')
    (found,) = await raw.at("definition", "vscode-remote://host/x/main.bake", 1, 13)
    assert found["uri"] == "vscode-remote://host/x/lib.bake"
    # Standard input is where the client speaks.
    raw.open("untitled:a", 'import "-" as x\nlet a = 1\n')
    assert len(await raw.told("untitled:a")) == 1
    assert await raw.at("hover", "untitled:a", 1, 4)
    raw.process.stdin.close()
    await raw.ended()


async def test_odd_versions_and_ranges():
    raw = await Plain.start()
    await raw.begin()
    uri = "file:///q/a.bake"
    raw.open(uri, "let a = 1\n")
    raw.open(uri, "let b = 1\n", 5)

    def change(version, text, *places):
        change = {"text": text}
        if places:
            start, end = ({"line": line, "character": character} for line, character in places)
            change["range"] = {"start": start, "end": end}
        raw.send(method="textDocument/didChange", params={"textDocument": {"uri": uri, "version": version}, "contentChanges": [change]})

    change(2, "let c = 1\n")
    change(2, "// end", (900, 4_000_000_000), (4_294_967_295, 4_294_967_295))
    # From its end to its beginning.
    change(1, "name", (0, 5), (0, 4))
    assert "let name" in (await raw.at("hover", uri, 0, 4))["contents"]["value"]
    for _ in range(2):
        raw.send(method="textDocument/didClose", params={"textDocument": {"uri": uri}})
    change(9, "zz")
    assert await raw.at("hover", uri, 0, 4) is None
    raw.process.stdin.close()
    await raw.ended()


async def test_a_file_goes_while_it_is_open_and_comes_back_with_its_folder(editor):
    part = editor.folder / "part"
    part.mkdir()
    (part / "lib.bake").write_text("let a = 1\n")
    editor.open("m.bake", 'import "part/lib.bake"\nlet b = lib.a\n')
    editor.open("part/lib.bake")
    assert not await editor.diagnostics("m.bake")
    (part / "lib.bake").unlink()
    part.rmdir()

    def happened(name, what):
        change = lsp.FileEvent(editor.uri(name), what)
        editor.client.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams([change]))

    happened("part", lsp.FileChangeType.Deleted)
    assert "let a" in await editor.hover("part/lib.bake", "a", 0)
    editor.close("part/lib.bake")
    # Once and no more: that `lib` means nothing follows from it.
    (missing,) = (await editor.told("m.bake", lambda p: p.diagnostics)).diagnostics
    assert missing.code == "bake::load::read"
    part.mkdir()
    (part / "lib.bake").write_text("let a = 1\n")
    happened("part", lsp.FileChangeType.Created)
    await editor.told("m.bake", lambda p: not p.diagnostics)


async def test_a_path_that_is_nearly_right_is_mended(editor):
    editor.open("m.bake", 'import "lbi.bake" as lib\nlet a = lib.virtualization(\"pv\")\n')
    (missing,) = await editor.diagnostics("m.bake")
    assert "did you mean `lib.bake`?" in missing.message
    actions = await editor.actions("m.bake", "lbi.bake")
    editor.apply(actions['Change to `"lib.bake"`'].edit)
    assert not await editor.diagnostics("m.bake")


async def test_a_folder_that_is_left_is_forgotten(editor, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "user.bake").write_text(f'import "{editor.folder}/shared.bake"\nlet q = shared.v\n')
    folder = lsp.WorkspaceFolder(other.as_uri(), "other")

    def folders(**change):
        event = lsp.WorkspaceFoldersChangeEvent(**{"added": [], "removed": [], **change})
        editor.client.workspace_did_change_workspace_folders(lsp.DidChangeWorkspaceFoldersParams(event))

    async def uses():
        params = lsp.ReferenceParams(lsp.ReferenceContext(True), **editor.at("shared.bake", "v"))
        return [place.uri for place in await editor.client.text_document_references_async(params)]

    editor.open("shared.bake", "let v = 1\n")
    assert len(await uses()) == 1
    folders(added=[folder])
    assert (other / "user.bake").as_uri() in await uses()
    folders(removed=[folder])
    assert len(await uses()) == 1


@pytest.mark.parametrize("arguments, words", [
    (["--params", "not there.json"], "not there.json`: no such file"), (["--set", "nobody=1"], "in `--set`: `nobody`"),
])  # fmt: skip
async def test_an_argument_that_does_not_fit_is_told_at_the_top(start, arguments, words):
    editor = await start(arguments=arguments)
    editor.open("main.bake")
    (found,) = await editor.diagnostics("main.bake")
    assert found.range == lsp.Range(lsp.Position(0, 0), lsp.Position(0, 0)) and words in found.message


async def test_a_file_that_is_no_text(editor):
    (editor.folder / "bad.bake").write_bytes(b'let a = "\xff"\n')
    editor.open("m.bake", 'import "bad.bake"\nlet b = bad.a\n')
    (found,) = await editor.diagnostics("m.bake")
    assert "not UTF-8" in found.message


async def test_circles(editor):
    editor.open("a.bake", 'import "b.bake"\nlet x = 1\n')
    editor.open("b.bake", 'import "a.bake"\nlet y = 1\n')
    editor.open("s.bake", 'import "s.bake"\nlet z = 1\n')
    for name in ["a.bake", "b.bake", "s.bake"]:
        assert await editor.hover(name, "let ", 4)
    assert "bake::load::cycle" in await editor.codes("s.bake")


@pytest.mark.parametrize("opening, closing", [("(", ")"), ("[", "]"), ("{ a = ", " }"), ('"${', '}"')])
async def test_depth(editor, opening, closing):
    editor.open("a.bake", f"let x = {opening * 3000}1{closing * 3000}\n")
    assert await editor.diagnostics("a.bake")
    document = editor.document("a.bake")
    await editor.client.text_document_semantic_tokens_full_async(lsp.SemanticTokensParams(document))
    await editor.client.text_document_folding_range_async(lsp.FoldingRangeParams(document))
    place = lsp.Position(0, 8 + 1500 * len(opening))
    await editor.client.text_document_completion_async(lsp.CompletionParams(document, place))


PLACES = [
    'let a = "👩‍👩‍👧e\u0301🦀" // 🦀\r\nimage x { name = "${a}🦀{{timestamp}}"\rbuilder null { communicator = "none" } }',
    '\ufefflet x = "🦀\n"""🦀${',
    'table t key (k) {\n | k: string | ä: int |\n | "🦀" | 1 |\n}\nlet z = t["🦀"].ä',
    "match 🦀 { 'a' => 1 }\nimport \"🦀\nuse 🦀 \"{{ `🦀`",
    'extern builder b { a: string = "🦀" }\nimage i { builder b { a = "🦀${"🦀"}" } }\n',
]
QUESTIONS = [
    "hover", "completion", "definition", "references", "documentHighlight", "prepareRename", "rename", "codeAction", "inlayHint",
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(PLACES)))
async def test_every_question_at_every_unit_of_every_line(number):
    """Also inside a pair of surrogates, inside the end of a line and behind it."""
    raw = await Plain.start()
    await raw.begin()
    uri, text = "file:///f/a.bake", PLACES[number]
    raw.open(uri, text)
    asked = 0
    for line, words in enumerate(re.split(r"\r\n|\n|\r", text)):
        for unit in range(units(words) + 2):
            here, behind = {"line": line, "character": unit}, {"line": line, "character": unit + 1}
            context = {"includeDeclaration": True, "diagnostics": [], "triggerKind": 1}
            params = {"textDocument": {"uri": uri}, "position": here, "range": {"start": here, "end": behind}, "context": context, "newName": "zz"}
            for question in QUESTIONS:
                asked += 1
                answer = await raw.ask(asked, f"textDocument/{question}", params)
                # What cannot be renamed is refused, and nothing else.
                assert answer.get("error", {}).get("code") in (None, -32803), (question, here, answer)
    assert asked > 100
    raw.process.stdin.close()
    await raw.ended()


async def test_one_line_may_hold_everything(editor):
    """Nothing is walked from its beginning for each word of it: that took half an hour."""
    many = ", ".join(f'"ä🦀{n}"' for n in range(20_000))
    text = f"let x = [{many}]\nlet y = nowhere\n"
    editor.open("a.bake", text)
    (found,) = await editor.diagnostics("a.bake")
    assert found.range.start == lsp.Position(1, 8)
    document = editor.document("a.bake")
    tokens = editor.client.text_document_semantic_tokens_full_async(lsp.SemanticTokensParams(document))
    assert len((await asyncio.wait_for(tokens, 30)).data) > 5 * 20_000
    folds = editor.client.text_document_folding_range_async(lsp.FoldingRangeParams(document))
    assert not await asyncio.wait_for(folds, 30)
