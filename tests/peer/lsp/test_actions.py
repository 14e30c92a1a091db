"""What can be done about a mistake: applied, the mistake is gone and nothing else has come."""

import pytest
from editor import replaced

BUILDER = """image a {
    builder amazon-ebs {
        region        = "us-east-1"
        source_ami    = "ami-2aa0ba42"
        instance_type = "m3.medium"
        ssh_username  = "ubuntu"
        ami_name      = "a {{timestamp}}"
    }
}
"""
MATCH = """fn f(x: "a" | "b" | "c") -> int = match x {
    "a" => 1
}
let z = f("a")
"""

# Before; the words that the cursor is on; the title of the action; what stands there afterwards, and no diagnostic.
CASES = {
    "a region": (BUILDER.replace("us-east-1", "us-esat-1"), '"us-esat-1"', 'Change to `"us-east-1"`', '= "us-east-1"'),
    "an option": (BUILDER.replace("instance_type", "instance_tipe"), "instance_tipe", "Change to `instance_type`", "instance_type ="),
    "a kind": (BUILDER.replace("amazon-ebs", "amazn-ebs"), "amazn-ebs", "Change to `amazon-ebs`", "builder amazon-ebs {"),
    "an instance type": (BUILDER.replace("m3.medium", "m3.mediun"), '"m3.mediun"', 'Change to `"m3.medium"`', '= "m3.medium"'),
    "a function": (BUILDER.replace('= "ubuntu"', '= repalce("a", "b", "c")'), "repalce", "Change to `replace`", "= replace("),
    "a name": ("let login = 1\n" + "let other = lgoin\n", "lgoin", "Change to `login`", "other = login"),
    "a type": ("param a: strnig = \"x\"\n", "strnig", "Change to `string`", "a: string"),
    "a function of a text": (BUILDER.replace("{{timestamp}}", "{{timestmp}}"), "timestmp", "Change to `timestamp`", '"a {{timestamp}}"'),
    "an enum": (BUILDER.replace("ssh_username ", 'ami_virtualization_type = "hmv"\n        ena_support = false\n        ssh_username '), '"hmv"', 'Change to `"hvm"`', '= "hvm"'),
    "a renamed option": (BUILDER.replace("ssh_username ", "enhanced_networking = false\n        ssh_username "), "enhanced_networking", "Change to `ena_support`", "ena_support = false"),
    "a deprecated option": (BUILDER.replace("ssh_username ", 'ssh_wait_timeout = 5m\n        ssh_username '), "ssh_wait_timeout", "Change to `ssh_timeout`", "ssh_timeout = 5m"),
}


async def only(editor, name, words, title):
    """The action with this title, the only one preferred."""
    actions = await editor.actions(name, words)
    assert title in actions, list(actions)
    action = actions[title]
    assert action.kind == "quickfix" and action.diagnostics
    assert [a.title for a in actions.values() if a.is_preferred] == [title]
    return action


@pytest.mark.parametrize("case", CASES)
async def test_one_key_mends_it(editor, case):
    text, words, title, after = CASES[case]
    editor.open("a.bake", text)
    before = await editor.diagnostics("a.bake")
    assert before
    action = await only(editor, "a.bake", words, title)
    # It answers a diagnostic that was told, as it was told.
    assert action.diagnostics[0] in before
    editor.apply(action.edit)
    assert after in editor.text("a.bake")
    assert not await editor.diagnostics("a.bake"), editor.text("a.bake")


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
async def test_missing_options_are_added(editor, ends):
    text = "image a {\n    builder amazon-ebs {\n        source_ami = \"ami-2aa0ba42\"\n    }\n}\n".replace("\n", ends)
    editor.open("a.bake", text)
    assert any(code.startswith("bake::option::") for code in await editor.codes("a.bake"))
    actions = await editor.actions("a.bake", "builder amazon-ebs")
    (title,) = [title for title in actions if title.startswith("Add the")]
    editor.apply(actions[title].edit)
    after = editor.text("a.bake")
    assert "        ami_name = " in after and '        source_ami = "ami-2aa0ba42"' in after
    assert not any("missing" in code for code in await editor.codes("a.bake")), after
    if ends == "\r\n":
        assert after.count("\n") == after.count("\r\n"), "ends of lines are mixed"


@pytest.mark.parametrize("text", ["image a { builder amazon-ebs { } }\n", "image a { builder amazon-ebs {} }\n", "image a { builder amazon-ebs { source_ami = \"ami-2aa0ba42\" } }\n", "image a { builder amazon-ebs { // }\n} }\n"])
async def test_missing_options_of_a_block_on_one_line(editor, text):
    editor.open("a.bake", text)
    await editor.diagnostics("a.bake")
    actions = await editor.actions("a.bake", "builder amazon-ebs")
    (title,) = [title for title in actions if title.startswith("Add the")]
    editor.apply(actions[title].edit)
    codes = await editor.codes("a.bake")
    assert not any("missing" in code or "syntax" in code for code in codes), editor.text("a.bake")


@pytest.mark.parametrize(
    "text",
    [
        MATCH,
        MATCH.replace("\n", "\r\n"),
        'fn f(x: "a" | "b" | "c") -> int = match x { "a" => 1 }\nlet z = f("a")\n',
        'fn f(x: "a" | "b" | "c") -> int = match x { "a" => 1, }\nlet z = f("a")\n',
        'fn f(x: "a" | "b" | "c") -> int = match x { }\nlet z = f("a")\n',
        'fn f(x: int) -> int = match x {\n    1 => 2\n}\nlet z = f(1)\n',
        'fn f(x: "a" | "b" | null) -> string = match x {\n    "a" => "}"\n}\nlet z = f("a")\n',
        'fn f(x: bool) -> int = match x {\n    true => 1\n    // }\n}\nlet z = f(true)\n',
        "fn f(x: \"a\" | \"b\") -> int = match x {\n    'a' => 1\n}\nlet z = f(\"a\")\n",
    ],
)
async def test_missing_arms_are_added(editor, text):
    editor.open("a.bake", text)
    before = await editor.codes("a.bake")
    assert "bake::type::not-exhaustive" in before or any("exhaust" in code for code in before), before
    actions = await editor.actions("a.bake", "match x")
    (title,) = [title for title in actions if title.startswith("Add the")]
    editor.apply(actions[title].edit)
    assert not [code for code in await editor.codes("a.bake") if "exhaust" in code or "syntax" in code or "unreach" in code], editor.text("a.bake")


async def test_the_mistake_of_an_imported_file_is_mended_in_it(editor):
    editor.open("lib.bake")
    editor.open("main.bake")
    editor.replace("lib.bake", "\"hvm\" => \"hvm\"", "\"hvm\" => \"hmv\"")
    assert await editor.codes("lib.bake")
    action = await only(editor, "lib.bake", '"hmv"', 'Change to `"hvm"`')
    assert editor.apply(action.edit) == {"lib.bake"}
    assert not await editor.diagnostics("lib.bake")


async def test_there_is_nothing_to_do_where_nothing_is_wrong(editor):
    editor.open("main.bake")
    assert await editor.actions("main.bake", "image server") == {}
    # Nor elsewhere than at the mistake.
    editor.replace("main.bake", '"m3.medium"', '"m3.mediun"')
    assert await editor.actions("main.bake", "param suffix") == {}


async def test_other_kinds_of_actions_are_none(editor):
    from editor import position
    from lsprotocol import types as lsp

    editor.open("a.bake", CASES["a region"][0])
    range = lsp.Range(lsp.Position(0, 0), lsp.Position(20, 0))
    for only, count in [(["refactor"], 0), (["source.organizeImports"], 0), (["quickfix"], 1), ([""], 1)]:
        context = lsp.CodeActionContext([], only=only)
        found = await editor.client.text_document_code_action_async(lsp.CodeActionParams(editor.document("a.bake"), range, context))
        assert len(found) == count, only


async def test_all_of_several_mistakes_can_be_mended_one_after_the_other(editor):
    text = BUILDER.replace("us-east-1", "us-esat-1").replace("instance_type", "instance_tipe").replace("m3.medium", "m3.mediun")
    editor.open("a.bake", text)
    for _ in range(8):
        if not await editor.diagnostics("a.bake"):
            break
        actions = await editor.actions("a.bake", editor.text("a.bake"))
        preferred = [a for a in actions.values() if a.is_preferred][0]
        editor.apply(preferred.edit)
    assert editor.text("a.bake") == BUILDER
