"""Questions about a document as a whole: its outline, the colours of its words, its folds, its form, words between its lines."""

import subprocess
import os
from pathlib import Path

import pytest
from editor import covered, index, line_starts, replaced, units
from lsprotocol import types as lsp

EXAMPLES = Path(__file__).parents[3] / "examples"
ALL = sorted(path for path in EXAMPLES.rglob("*.bake"))


async def symbols(editor, name):
    return await editor.client.text_document_document_symbol_async(lsp.DocumentSymbolParams(editor.document(name)))


def within(inner, outer):
    place = lambda p: (p.line, p.character)
    return place(outer.start) <= place(inner.start) and place(inner.end) <= place(outer.end)


async def test_the_outline_is_a_tree(editor):
    editor.open("main.bake")
    text = editor.text("main.bake")
    found = await symbols(editor, "main.bake")
    assert [s.name for s in found if s.kind != lsp.SymbolKind.Module] == ["suffix", "upstream", "server", "amis.json"]
    server = next(s for s in found if s.name == "server")
    assert {"region", "release", "virt"} <= {child.name for child in server.children} | {
        grandchild.name for child in server.children for grandchild in child.children or []
    }
    upstream = next(s for s in found if s.name == "upstream")
    assert [child.name for child in upstream.children] == ["region", "release", "pv", "hvm"]

    def sane(symbol):
        assert within(symbol.selection_range, symbol.range), symbol.name
        assert symbol.name.strip(), "a symbol without a name"
        for child in symbol.children or []:
            assert within(child.range, symbol.range), (child.name, symbol.name)
            sane(child)

    for symbol in found:
        sane(symbol)
    assert covered(text, server.selection_range) == "server"


async def test_the_outline_is_flat_for_those_who_know_no_trees(start):
    def flat(capabilities):
        capabilities.text_document.document_symbol.hierarchical_document_symbol_support = False

    editor = await start(change=flat)
    editor.open("main.bake")
    found = await symbols(editor, "main.bake")
    assert all(isinstance(symbol, lsp.SymbolInformation) for symbol in found)
    assert ("virt", "server") in {(s.name, s.container_name) for s in found}


async def tokens(editor, name):
    """The tokens of a document, unpacked: `(line, character, length, type, modifiers)`."""
    legend = editor.answer.capabilities.semantic_tokens_provider.legend
    params = lsp.SemanticTokensParams(editor.document(name))
    data = (await editor.client.text_document_semantic_tokens_full_async(params)).data
    assert len(data) % 5 == 0
    found, line, character = [], 0, 0
    for i in range(0, len(data), 5):
        down, right, length, kind, bits = data[i : i + 5]
        line, character = (line + down, right) if down else (line, character + right)
        assert kind < len(legend.token_types) and bits < 1 << len(legend.token_modifiers)
        modifiers = {m for bit, m in enumerate(legend.token_modifiers) if bits >> bit & 1}
        found.append((line, character, length, legend.token_types[kind], modifiers))
    return found


def words_of(text, found):
    """The tokens with the words they cover; none is empty, reaches over its line's end, or into the next one."""
    starts = line_starts(text) + [len(text)]
    words, end = [], (0, 0)
    for line, character, length, kind, modifiers in found:
        assert (line, character) >= end, f"tokens overlap at {line}:{character}"
        assert length > 0
        end = (line, character + length)
        whole = text[starts[line] : starts[line + 1]].rstrip("\r\n")
        assert character + length <= units(whole), f"a token reaches over the end of line {line}"
        at = index(text, lsp.Position(line, character))
        words.append((text[at : index(text, lsp.Position(line, character + length))], kind, modifiers))
    return words


async def test_what_each_word_is(editor):
    editor.open("main.bake")
    words = words_of(editor.text("main.bake"), await tokens(editor, "main.bake"))
    held = {(word, kind) for word, kind, _ in words}
    right = {
        ("import", "keyword"), ("param", "keyword"), ("table", "keyword"), ("image", "keyword"), ("matrix", "keyword"),
        ("axis", "keyword"), ("exclude", "keyword"), ("when", "keyword"), ("because", "keyword"), ("builder", "keyword"),
        ("provision", "keyword"), ("use", "keyword"), ("output", "keyword"), ("for", "keyword"), ("in", "keyword"),
        ("suffix", "variable"), ("server", "class"), ("amazon-ebs", "class"), ("ami_name", "property"), ("lib", "namespace"),
        ("virtualization", "function"), ("base", "function"), ("virt", "parameter"), ("{{timestamp}}", "macro"),
        ("2", "number"), ("false", "keyword"), ("/// Upstream images.", "comment"), ("==", "operator"), ("Release", "type"),
        ("string", "type"), ("upstream", "variable"),
    }
    assert not right - held, [p for p in held if p[0] in {word for word, _ in right - held}]
    suffix = [m for word, kind, m in words if word == "suffix"]
    assert suffix[0] == {"declaration", "readonly"} and suffix[1] == {"readonly"}
    assert all("defaultLibrary" in m for word, kind, m in words if word == "ami_name")


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(EXAMPLES)))
async def test_every_example(start, path):
    """Tokens, folds, outline and form of each example are sane, and the same with other ends of lines."""
    editor = await start(roots=False)
    text = path.read_text()
    answers = []
    for name, ends in [("lf.bake", "\n"), ("crlf.bake", "\r\n")]:
        editor.folder = path.parent
        editor.open(path.name, text.replace("\n", ends))
        here = editor.text(path.name)
        await editor.diagnostics(path.name)
        found = await tokens(editor, path.name)
        words = words_of(here, found)
        params = lsp.FoldingRangeParams(editor.document(path.name))
        folds = await editor.client.text_document_folding_range_async(params)
        count = len(line_starts(here))
        for fold in folds:
            assert 0 <= fold.start_line < fold.end_line < count
        assert len({(f.start_line, f.end_line) for f in folds}) == len(folds)
        answers.append((found, words, [(f.start_line, f.end_line, f.kind) for f in folds], [s.name for s in await symbols(editor, path.name)]))
        editor.close(path.name)
    assert answers[0] == answers[1]
    assert answers[0][0]


async def test_folds(editor):
    editor.open("main.bake")
    params = lsp.FoldingRangeParams(editor.document("main.bake"))
    folds = await editor.client.text_document_folding_range_async(params)
    lines = editor.text("main.bake").splitlines()
    first = {lines[fold.start_line].strip() for fold in folds}
    assert {"matrix {", "image server {", "builder amazon-ebs {", "table upstream key (region, release) {"} <= first
    for fold in folds:
        assert lines[fold.end_line].strip() or lines[fold.end_line + 1].strip()
    editor.open("a.bake", "// one\n// two\n// three\nlet a = 1\n")
    folds = await editor.client.text_document_folding_range_async(lsp.FoldingRangeParams(editor.document("a.bake")))
    assert [(f.start_line, f.end_line, f.kind) for f in folds] == [(0, 2, lsp.FoldingRangeKind.Comment)]


UGLY = 'param   a:string="ä🦀"   // 日本\n\n\n\nimage x{\nbuilder amazon-ebs{\nregion="us-east-1"\nami_name   =  "x ${a} {{timestamp}}"\n}\n}\n'


async def formatted(editor, name):
    options = lsp.FormattingOptions(tab_size=4, insert_spaces=True)
    params = lsp.DocumentFormattingParams(editor.document(name), options)
    return await editor.client.text_document_formatting_async(params)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
async def test_formatting_is_that_of_the_command(editor, ends):
    text = UGLY.replace("\n", ends)
    editor.open("a.bake", text)
    right = subprocess.run([os.environ["BAKEC"], "fmt", "-"], input=text.encode(), capture_output=True, check=True).stdout.decode()
    assert replaced(text, await formatted(editor, "a.bake")) == right
    editor.rewrite("a.bake", right)
    assert not await formatted(editor, "a.bake")


async def test_formatting_leaves_alone_what_has_its_form_and_what_does_not_parse(editor):
    editor.open("main.bake")
    assert not await formatted(editor, "main.bake")
    # One line is out of form: no other is touched.
    editor.replace("main.bake", "    use lib.base(level = 2)", "  use lib.base(level=2)")
    edits = await formatted(editor, "main.bake")
    line = editor.text("main.bake").splitlines().index("  use lib.base(level=2)")
    assert {(e.range.start.line, e.range.end.line) for e in edits} <= {(line, line), (line, line + 1)}
    editor.replace("main.bake", "image server {", "image server {{")
    assert not await formatted(editor, "main.bake")


async def hints(editor, name, first=0, last=10_000):
    range = lsp.Range(lsp.Position(first, 0), lsp.Position(last, 0))
    found = await editor.client.text_document_inlay_hint_async(lsp.InlayHintParams(editor.document(name), range))
    return {(hint.position.line, hint.position.character, hint.label) for hint in found}


async def test_hints(editor):
    editor.open("main.bake")
    lines = editor.text("main.bake").splitlines()
    matrix = lines.index("    matrix {")
    found = await hints(editor, "main.bake")
    assert (matrix, len("    matrix"), "6 builds") in found
    when = next(n for n, line in enumerate(lines) if "provision shell when" in line)
    assert (when, len('    provision shell when virt == "hvm"'), "4 of 6 builds") in found
    assert await hints(editor, "main.bake", matrix, matrix + 1) == {h for h in found if h[0] == matrix}
    # One cell more is left out.
    editor.replace("main.bake", "        exclude when", '        exclude when region == "eu-west-1" because "far"\n        exclude when')
    assert "3 builds" in {label for _, _, label in await hints(editor, "main.bake")}


async def lenses(editor, name):
    return await editor.client.text_document_code_lens_async(lsp.CodeLensParams(editor.document(name)))


BUILDS = [f"{region}-{cell}" for region in ["us-east-1", "eu-west-1"] for cell in ["1204-hvm", "1404-pv", "1404-hvm"]]


async def test_a_lens_tells_the_builds_and_lists_them(editor):
    editor.open("main.bake")
    (lens,) = await lenses(editor, "main.bake")
    assert lens.command.title == "6 builds · list"
    assert covered(editor.text("main.bake"), lens.range) == "server"
    assert lens.command.command in editor.answer.capabilities.execute_command_provider.commands
    params = lsp.ExecuteCommandParams(lens.command.command, arguments=lens.command.arguments)
    await editor.client.workspace_execute_command_async(params)
    assert sorted(editor.client.messages[-1].message.split("\n")) == sorted(BUILDS)


async def test_a_client_with_a_list_of_its_own_gets_the_builds_with_the_lens(start):
    editor = await start(options={"commands": ["bakec.showBuilds"]})
    # It would register the command twice.
    assert editor.answer.capabilities.execute_command_provider is None
    editor.open("main.bake")
    (lens,) = await lenses(editor, "main.bake")
    uri, image = lens.command.arguments
    assert (uri, image) == (editor.uri("main.bake"), "server")
    ask = editor.client.protocol.send_request_async
    assert sorted(await ask("bakec/builds", {"uri": uri, "image": image})) == sorted(BUILDS)
    assert await ask("bakec/builds", {"uri": uri, "image": "nobody"}) == []
    assert await ask("bakec/builds", {"uri": editor.uri("lib.bake"), "image": image}) == []


async def test_a_lens_says_what_is_missing(editor):
    editor.open("main.bake")
    editor.replace("main.bake", 'param suffix: string = "a"', "param suffix: string")
    (lens,) = await lenses(editor, "main.bake")
    assert "suffix" in lens.command.title and "without a value" in lens.command.title
