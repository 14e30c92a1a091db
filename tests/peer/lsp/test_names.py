"""Where names come from, where they are used, and what another name changes: over all files of the folder."""

import pytest
from editor import covered
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException


def shown(editor, locations):
    """Places as `(file, line, words)`, lines from 1."""
    found = []
    for location in locations or []:
        name = editor.name(location.uri)
        found.append((name, location.range.start.line + 1, covered(editor.text(name), location.range)))
    return sorted(found)


async def definition(editor, name, words, behind=0):
    params = lsp.DefinitionParams(**editor.at(name, words, behind))
    found = await editor.client.text_document_definition_async(params)
    return shown(editor, found if isinstance(found, (list, tuple)) else found and [found])


async def references(editor, name, words, behind=0, declaration=True):
    params = lsp.ReferenceParams(context=lsp.ReferenceContext(declaration), **editor.at(name, words, behind))
    return shown(editor, await editor.client.text_document_references_async(params))


async def rename(editor, name, words, behind, new):
    params = lsp.RenameParams(new_name=new, **editor.at(name, words, behind))
    return await editor.client.text_document_rename_async(params)


def line(editor, name, words):
    text = editor.text(name)
    return text[: text.index(words)].count("\n") + 1


async def test_definitions_in_the_file_and_in_others(editor):
    editor.open("main.bake")
    assert await definition(editor, "main.bake", "${suffix}", 3) == [("main.bake", 4, "suffix")]
    assert await definition(editor, "main.bake", "upstream[region", 3) == [("main.bake", 7, "upstream")]
    fn = line(editor, "lib.bake", "fn virtualization")
    assert await definition(editor, "main.bake", "lib.virtualization", 6) == [("lib.bake", fn, "virtualization")]
    assert await definition(editor, "main.bake", "= ssh_user", 3) == [("lib.bake", line(editor, "lib.bake", "param ssh_user"), "ssh_user")]
    assert await definition(editor, "main.bake", "lib.Release", 5) == [("lib.bake", line(editor, "lib.bake", "type Release"), "Release")]
    assert await definition(editor, "main.bake", "lib.base", 5) == [("lib.bake", line(editor, "lib.bake", "group base"), "base")]
    # An argument leads to its parameter, an axis's use to the axis, the axis to the column.
    assert await definition(editor, "main.bake", "(level = 2)", 2) == [("lib.bake", line(editor, "lib.bake", "group base"), "level")]
    axis = line(editor, "main.bake", "axis { region")
    assert ("main.bake", axis, "region") in await definition(editor, "main.bake", "${region}-", 3)
    # What is bakec's own leads nowhere.
    assert await definition(editor, "main.bake", "ami_name  ", 2) == []
    # A file's name leads to the file.
    found = await definition(editor, "main.bake", "lib.base", 1)
    assert [(name, number) for name, number, _ in found] == [("lib.bake", 1)]


async def test_references_across_files(editor):
    editor.open("lib.bake")
    places = await references(editor, "lib.bake", "param ssh_user", 8)
    assert [(name, words) for name, _, words in places] == [("lib.bake", "ssh_user"), ("main.bake", "ssh_user")]
    assert [name for name, _, _ in await references(editor, "lib.bake", "param ssh_user", 8, declaration=False)] == ["main.bake"]
    places = await references(editor, "lib.bake", "fn virtualization", 5)
    assert [(name, words) for name, _, words in places] == [("lib.bake", "virtualization"), ("main.bake", "virtualization")]


async def test_references_of_an_axis(editor):
    editor.open("main.bake")
    places = await references(editor, "main.bake", "axis virt", 6)
    text = editor.text("main.bake")
    # Its declaration, and all that says `virt`, but for the parameter of the function in the other file.
    assert len(places) == text.count("virt") - text.count("virtualization")
    assert {(name, words) for name, _, words in places} == {("main.bake", "virt")}


async def test_the_same_name_of_two_things_is_told_apart(editor):
    editor.open("a.bake", 'fn f(x: int) -> int = x + 1\nfn g(x: int) -> int = x + 2\nlet x = f(1) + g(2)\n')
    assert await references(editor, "a.bake", "fn f(x", 5) == [("a.bake", 1, "x"), ("a.bake", 1, "x")]
    assert await references(editor, "a.bake", "let x", 4) == [("a.bake", 3, "x")]


async def test_highlights(editor):
    editor.open("main.bake")
    params = lsp.DocumentHighlightParams(**editor.at("main.bake", "${suffix}", 3))
    found = await editor.client.text_document_document_highlight_async(params)
    assert [covered(editor.text("main.bake"), h.range) for h in found] == ["suffix", "suffix"]
    assert {h.kind for h in found} == {lsp.DocumentHighlightKind.Write, lsp.DocumentHighlightKind.Read}


@pytest.mark.parametrize(
    "name, words, behind, new, files",
    [
        ("main.bake", "param suffix", 8, "ending", {"main.bake"}),
        ("main.bake", "axis virt", 6, "kind_of", {"main.bake"}),
        ("main.bake", "table upstream", 8, "bases", {"main.bake"}),
        ("main.bake", "image server", 8, "machine", {"main.bake"}),
        ("lib.bake", "param ssh_user", 8, "login", {"lib.bake", "main.bake"}),
        ("lib.bake", "fn virtualization", 5, "virt_of", {"lib.bake", "main.bake"}),
        ("lib.bake", "group base", 8, "ground", {"lib.bake", "main.bake"}),
        ("lib.bake", "level: int", 2, "depth", {"lib.bake", "main.bake"}),
        ("lib.bake", "type Release", 6, "Ubuntu", {"lib.bake", "main.bake"}),
        ("lib.bake", "fn virtualization(virt", 19, "v", {"lib.bake"}),
        ("main.bake", "= ssh_user", 3, "login", {"lib.bake", "main.bake"}),
        ("main.bake", "(level = 2)", 2, "depth", {"lib.bake", "main.bake"}),
        # The column is an axis too.
        ("main.bake", "| release:", 3, "ubuntu", {"main.bake"}),
    ],
)
async def test_a_new_name_changes_all_places_and_breaks_nothing(editor, name, words, behind, new, files):
    editor.open("main.bake")
    editor.open("lib.bake")
    assert await editor.codes("main.bake") == []
    changed = editor.apply(await rename(editor, name, words, behind, new))
    assert changed == files
    assert not await editor.diagnostics("main.bake") and not await editor.diagnostics("lib.bake")


async def test_a_file_that_is_not_open_is_changed_too(editor):
    editor.open("lib.bake")
    changed = editor.apply(await rename(editor, "lib.bake", "param ssh_user", 8, "login"))
    assert changed == {"lib.bake", "main.bake"}
    assert "= login" in (editor.folder / "main.bake").read_text()


@pytest.mark.parametrize(
    "words, behind, new",
    [
        ("ami_name  ", 2, "image_name"),
        ("builder amazon-ebs", 10, "other"),
        ("b.name", 3, "title"),
        ("${suffix}", 3, "no name"),
        ("${suffix}", 3, ""),
        ("${suffix}", 3, "1st"),
        ("${suffix}", 3, "ä"),
        ("${suffix}", 3, "if"),
        ("${suffix}", 3, "null"),
        ("matrix {", 2, "other"),
        ("lib.base", 1, "library"),
        ("nobody wants it", 2, "other"),
    ],
)
async def test_what_cannot_be_renamed_is_refused(editor, words, behind, new):
    editor.open("main.bake")
    with pytest.raises(JsonRpcException) as refused:
        edit = await rename(editor, "main.bake", words, behind, new)
        assert edit is not None, "no answer is no refusal"
    assert refused.value.code == lsp.LSPErrorCodes.RequestFailed.value
    assert refused.value.message and not refused.value.message.endswith(".")


@pytest.mark.parametrize(
    "name, words, behind, new",
    [
        ("main.bake", "param suffix", 8, "ssh_user"),
        ("main.bake", "param suffix", 8, "upstream"),
        # The places that use it are where the new name is an axis.
        ("main.bake", "param suffix", 8, "region"),
        ("main.bake", "param suffix", 8, "virt"),
        ("main.bake", "axis virt", 6, "region"),
        # The image uses the item that the axis would hide.
        ("main.bake", "axis virt", 6, "suffix"),
        ("main.bake", "axis virt", 6, "lib"),
        ("lib.bake", "param ssh_user", 8, "suffix"),
        ("lib.bake", "param ssh_user", 8, "virt"),
        ("main.bake", "pv: ami_id", 1, "hvm"),
        # An axis reads the column by its name: `virt in ["pv", "hvm"]` would find nothing.
        ("main.bake", "pv: ami_id", 1, "old_pv"),
    ],
)
async def test_a_name_that_is_taken_is_refused(editor, name, words, behind, new):
    editor.open("main.bake")
    editor.open("lib.bake")
    with pytest.raises(JsonRpcException) as refused:
        await rename(editor, name, words, behind, new)
    assert refused.value.code == lsp.LSPErrorCodes.RequestFailed.value


async def test_whether_a_name_can_be_renamed_is_said_before(editor):
    editor.open("main.bake")
    params = lsp.PrepareRenameParams(**editor.at("main.bake", "${suffix}", 3))
    found = await editor.client.text_document_prepare_rename_async(params)
    assert found.placeholder == "suffix" and covered(editor.text("main.bake"), found.range) == "suffix"
    params = lsp.PrepareRenameParams(**editor.at("main.bake", "nobody wants", 2))
    assert await editor.client.text_document_prepare_rename_async(params) is None
    with pytest.raises(JsonRpcException):
        await editor.client.text_document_prepare_rename_async(lsp.PrepareRenameParams(**editor.at("main.bake", "ami_name  ", 2)))


async def test_symbols_of_the_folder(editor):
    async def named(query):
        found = await editor.client.workspace_symbol_async(lsp.WorkspaceSymbolParams(query))
        return {(symbol.name, editor.name(symbol.location.uri)) for symbol in found}

    assert ("virtualization", "lib.bake") in await named("virtualiz")
    assert ("upstream", "main.bake") in await named("UPST")
    assert {("server", "main.bake"), ("base", "lib.bake")} <= await named("")
    assert await named("zzzzzz") == set()
    # What is typed counts before it is saved.
    editor.open("main.bake")
    editor.replace("main.bake", "image server", "image machine")
    found = {name for name, _ in await named("")}
    assert "machine" in found and "server" not in found
