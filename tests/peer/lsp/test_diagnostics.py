"""Mistakes as they are typed: of each phase, of other files, gone with what they were about."""

import pytest
from editor import covered
from lsprotocol import types as lsp


async def test_a_sound_program_has_none(editor):
    editor.open("main.bake")
    assert not await editor.diagnostics("main.bake")


IMAGE = """image a {
    builder amazon-ebs {
        region        = "us-east-1"
        source_ami    = "ami-2aa0ba42"
        instance_type = "m3.medium"
        ssh_username  = "ubuntu"
        ami_name      = "a {{timestamp}}"
    }
}
"""

# One mistake a phase: the text, the start of its code, what is underlined.
PHASES = [
    ("image a {", "bake::syntax::", None),
    ('import "nowhere.bake"\n' + IMAGE, "bake::load::", '"nowhere.bake"'),
    (IMAGE.replace('"ubuntu"', "usr"), "bake::name::", "usr"),
    (IMAGE.replace('"ubuntu"', "7"), "bake::type::", "7"),
    (IMAGE.replace('"us-east-1"', '"us-esat-1"'), "bake::facts::", '"us-esat-1"'),
    (IMAGE.replace('        ami_name      = "a {{timestamp}}"\n', ""), "bake::option::", "builder amazon-ebs"),
    (IMAGE.replace("{{timestamp}}", "{{timestmp}}"), "bake::template::", "timestmp"),
    ("let z = 1 / 0\n" + IMAGE.replace('"a {{', '"a ${z} {{'), "bake::value::", "0"),
    (IMAGE + 'policy p for b in builds {\n    require b.name == "z", "no"\n}\n', "bake::policy::", None),
]


@pytest.mark.parametrize("text, code, underlined", PHASES, ids=[code + str(n) for n, (_, code, _) in enumerate(PHASES)])
async def test_each_phase_is_heard(editor, text, code, underlined):
    editor.open("a.bake", text)
    found = await editor.diagnostics("a.bake")
    mistakes = [d for d in found if d.code.startswith(code)]
    assert mistakes, found
    assert mistakes[0].severity == lsp.DiagnosticSeverity.Error
    assert mistakes[0].source == "bakec"
    if underlined:
        assert covered(text, mistakes[0].range) == underlined
    # The mistake is mended, and is gone.
    editor.rewrite("a.bake", IMAGE)
    assert [d for d in await editor.diagnostics("a.bake") if d.severity == lsp.DiagnosticSeverity.Error] == []


async def test_a_mistake_comes_and_goes_with_a_letter(editor):
    editor.open("main.bake")
    assert await editor.codes("main.bake") == []
    editor.replace("main.bake", '"m3.medium"', '"m3.mediun"')
    assert len(await editor.codes("main.bake")) > 0
    editor.replace("main.bake", '"m3.mediun"', '"m3.medium"')
    assert await editor.codes("main.bake") == []


async def test_the_mistakes_of_an_imported_file_are_shown_in_it(editor):
    lib = (editor.folder / "lib.bake").read_text()
    (editor.folder / "lib.bake").write_text(lib.replace('"ubuntu"', "usr"))
    editor.open("main.bake")
    found = (await editor.told("lib.bake", lambda p: p.diagnostics)).diagnostics
    assert covered(lib.replace('"ubuntu"', "usr"), found[0].range) == "usr"
    assert all(d.message != found[0].message for d in await editor.diagnostics("main.bake"))
    # Mended in the editor, not yet on the disk.
    editor.open("lib.bake", lib)
    assert await editor.codes("lib.bake") == []
    # Closed without having been saved: the disk counts again.
    editor.close("lib.bake")
    await editor.told("lib.bake", lambda p: p.diagnostics)
    (editor.folder / "lib.bake").write_text(lib)
    changes = [lsp.FileEvent(editor.uri("lib.bake"), lsp.FileChangeType.Changed)]
    editor.client.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams(changes))
    await editor.told("lib.bake", lambda p: not p.diagnostics)


async def test_what_an_imported_file_breaks_elsewhere_is_shown_there(editor):
    editor.open("main.bake")
    editor.open("lib.bake")
    assert await editor.codes("main.bake") == []
    editor.replace("lib.bake", "fn virtualization(virt", "fn virtualisation(virt")
    await editor.told("main.bake", lambda p: any(d.code.startswith("bake::name") for d in p.diagnostics))
    editor.replace("lib.bake", "fn virtualisation(virt", "fn virtualization(virt")
    await editor.told("main.bake", lambda p: not p.diagnostics)


async def test_a_file_is_judged_as_part_of_the_programs_that_import_it(editor):
    # Alone it would be wrong: only `main.bake` says the value.
    (editor.folder / "part.bake").write_text("let z = suffix\n")
    main = (editor.folder / "main.bake").read_text()
    (editor.folder / "main.bake").write_text('import "part.bake"\n' + main)
    changes = [lsp.FileEvent(editor.uri("main.bake"), lsp.FileChangeType.Changed)]
    editor.client.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams(changes))
    editor.open("part.bake")
    assert await editor.codes("part.bake") == []


async def test_closing_takes_the_diagnostics_away(editor):
    editor.open("main.bake")
    editor.replace("main.bake", "= ssh_user", "= ssh_usr")
    assert await editor.codes("main.bake") != []
    editor.close("main.bake")
    await editor.told("main.bake", lambda p: not p.diagnostics)


async def test_another_place_that_matters_is_related(editor):
    editor.open("main.bake", 'param a: string = "x"\nparam a: string = "y"\n')
    found = await editor.diagnostics("main.bake")
    related = [r for d in found for r in d.related_information or []]
    assert related and related[0].location.uri == editor.uri("main.bake")
    assert related[0].location.range.start.line != next(d for d in found if d.related_information).range.start.line


async def test_a_deprecated_option_is_struck_through(editor):
    editor.open("a.bake", IMAGE.replace("ssh_username ", 'ssh_wait_timeout = "5m"\n        ssh_username '))
    found = await editor.diagnostics("a.bake")
    old = next(d for d in found if lsp.DiagnosticTag.Deprecated in (d.tags or []))
    assert old.severity == lsp.DiagnosticSeverity.Warning
    assert "ssh_wait_timeout" in old.message


async def test_a_file_without_a_folder_and_one_never_saved(start):
    editor = await start(roots=False)
    editor.open("alone.bake", IMAGE.replace('"ubuntu"', "usr"))
    assert "bake::name::" in (await editor.codes("alone.bake"))[0]
    document = lsp.TextDocumentItem("untitled:Untitled-1", "bake", 1, "let x = y\n")
    editor.client.text_document_did_open(lsp.DidOpenTextDocumentParams(document))
    editor.folder, known = type("Nowhere", (), {"__truediv__": lambda s, n: s, "as_uri": lambda s: document.uri})(), editor.folder
    found = await editor.told("", lambda p: p.version == 1)
    editor.folder = known
    assert [d.code for d in found.diagnostics][0].startswith("bake::name::")


async def test_the_flags_of_the_command_count(start):
    editor = await start(arguments=["--set", "suffix=b"])
    editor.open("main.bake")
    await editor.diagnostics("main.bake")
    assert '"b"' in await editor.hover("main.bake", "${suffix}", 3)
