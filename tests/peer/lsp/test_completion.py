"""What may be written at a place."""

import json

import pytest
from lsprotocol import types as lsp

BUILDER = """image a {{
    builder amazon-ebs {{
        region        = "eu-north-1"
        instance_type = "t3.micro"
        {0}
    }}
}}
"""


@pytest.fixture
async def ask(editor):
    """Asks for what may be written at `¦` of a file of its own."""
    editor.open("a.bake", "")

    async def ask(text):
        return await editor.complete("a.bake", text)

    ask.editor = editor
    return ask


async def test_items_of_a_file_and_of_an_image(ask):
    top = await ask("¦")
    assert {"import", "param", "variable", "secret", "let", "fn", "type", "table", "image", "group", "policy", "output", "extern"} <= set(top)
    assert "builder" not in top
    image = await ask("image a {\n    ¦\n}\n")
    assert {"matrix", "name", "builder", "provision", "use", "post", "let"} <= set(image) and "param" not in image
    matrix = await ask("image a {\n    matrix {\n        ¦\n    }\n}\n")
    assert {"axis", "exclude", "let"} <= set(matrix) and "builder" not in matrix
    assert "param" in await ask("let a = 1\n\npar¦\n")


async def test_kinds(ask):
    kinds = await ask("image a {\n    builder ¦\n}\n")
    assert {"amazon-ebs", "amazon-instance", "null"} <= set(kinds) and "shell" not in kinds
    kinds = await ask("image a {\n    provision sh¦\n}\n")
    assert "shell" in kinds and "amazon-ebs" not in kinds
    assert kinds["shell"].documentation.value
    assert "manifest" in await ask("image a {\n    post ¦\n}\n")
    own = "extern provisioner mine {\n    a: string\n}\nimage a {\n    provision ¦\n}\n"
    assert "mine" in await ask(own)


async def test_options_that_are_not_set_yet(ask):
    options = await ask(BUILDER.format("¦"))
    assert "ami_name" in options and "source_ami" in options
    assert "region" not in options and "instance_type" not in options
    ami_name = options["ami_name"]
    assert ami_name.kind == lsp.CompletionItemKind.Property
    assert ami_name.documentation.value and ami_name.detail
    # Those that must be set come first.
    names = list(options)
    assert names.index("ami_name") < names.index("ami_description")
    started = await ask(BUILDER.format("ami_d¦"))
    assert "ami_description" in started
    assert "ami_description" in ask.editor.completed("a.bake", started["ami_description"])
    assert "ami_dami" not in ask.editor.completed("a.bake", started["ami_description"])


async def test_options_that_a_spread_sets_are_set(ask):
    options = await ask('let shared = { ami_name = "abc" }\n' + BUILDER.format("...shared\n        ¦"))
    assert "ami_name" not in options and "source_ami" in options


async def test_options_of_a_nested_block(ask):
    options = await ask(BUILDER.format("source_ami_filter = {\n            ¦\n        }"))
    assert {"filters", "owners", "most_recent"} <= set(options) and "ami_name" not in options


async def test_values_of_an_enum(ask):
    inside = await ask(BUILDER.format('ami_virtualization_type = "¦"'))
    assert {"hvm", "paravirtual"} <= {label.strip('"') for label in inside}
    for label, item in inside.items():
        if label.strip('"') == "hvm":
            assert 'ami_virtualization_type = "hvm"\n' in ask.editor.completed("a.bake", item)
    bare = await ask(BUILDER.format("ami_virtualization_type = ¦"))
    hvm = next(item for label, item in bare.items() if label.strip('"') == "hvm")
    assert 'ami_virtualization_type = "hvm"\n' in ask.editor.completed("a.bake", hvm)
    booleans = await ask(BUILDER.format("ena_support = ¦"))
    assert {"true", "false"} <= set(booleans)


@pytest.mark.parametrize("typed", ["", "eu", "eu-", "eu-c", "eu-central-"])
async def test_regions(ask, typed):
    text = BUILDER.format("").replace('"eu-north-1"', f'"{typed}¦"')
    regions = await ask(text)
    item = next(item for label, item in regions.items() if label.strip('"') == "eu-central-1")
    assert 'region        = "eu-central-1"\n' in ask.editor.completed("a.bake", item)


@pytest.mark.parametrize("typed", ["", "t", "t3", "t3.", "t3.n"])
async def test_instance_types_are_those_of_the_region(ask, typed):
    text = BUILDER.format("").replace('"t3.micro"', f'"{typed}¦"')
    types = await ask(text)
    names = {label.strip('"') for label in types}
    assert "t3.nano" in names
    # An old one that the region never had.
    assert "m1.small" not in names
    item = next(item for label, item in types.items() if label.strip('"') == "t3.nano")
    assert 'instance_type = "t3.nano"\n' in ask.editor.completed("a.bake", item)
    old = {label.strip('"') for label in await ask(text.replace("eu-north-1", "us-east-1"))}
    assert "m1.small" in old


async def test_a_region_inside_a_list(ask):
    regions = await ask(BUILDER.format('ami_regions = ["us-¦"]'))
    item = next(item for label, item in regions.items() if label.strip('"') == "us-west-2")
    assert 'ami_regions = ["us-west-2"]' in ask.editor.completed("a.bake", item)


async def test_columns_of_a_table(ask):
    table = "table t key (a) {\n    | a: string | size: int | disk: string |\n    | x | 1 | gp2 |\n}\n"
    fields = await ask(table + 'let z = t["x"].¦\n')
    assert {"size", "disk"} <= set(fields)
    fields = await ask(table + 'let z = t["x"].si¦\n')
    assert "size" in fields
    assert 't["x"].size\n' in ask.editor.completed("a.bake", fields["size"])


async def test_keys_of_a_table(ask):
    table = "table t key (a) {\n    | a: string | size: int |\n    | first | 1 |\n    | second | 2 |\n}\n"
    keys = {label.strip('"') for label in await ask(table + 'let z = t["¦"].size\n')}
    assert {"first", "second"} <= keys


async def test_names(ask):
    text = 'import "lib.bake"\nparam size: int = 1\nlet other = 2\n' + BUILDER.format('ami_name = "a ${¦}"')
    names = await ask(text)
    assert {"size", "other"} <= set(names)
    assert any(label.startswith("lib") for label in names)
    assert any(label.startswith("replace") for label in names)
    text = "image a {\n    matrix {\n        axis virt in [\"pv\", \"hvm\"]\n    }\n    name = \"x-${vi¦}\"\n}\n"
    names = await ask(text)
    assert "virt" in names
    assert '"x-${virt}"' in ask.editor.completed("a.bake", names["virt"])


async def test_names_of_an_imported_file(ask):
    names = await ask('import "lib.bake"\nlet z = lib.¦\n')
    assert any(label.startswith("virtualization") for label in names)
    groups = await ask('import "lib.bake"\nimage a {\n    use ¦\n}\n')
    assert any(label.startswith("lib.base") for label in groups)


async def test_files_to_import(ask):
    files = await ask('import "¦"\n')
    assert {"lib.bake", "main.bake"} <= set(files) and "a.bake" not in files
    files = await ask('import "li¦"\n')
    assert 'import "lib.bake"\n' in ask.editor.completed("a.bake", files["lib.bake"])


async def test_types(ask):
    types = await ask('type Mine = "a" | "b"\nparam x: ¦\n')
    assert {"Mine", "string", "int", "region", "ami_id", "duration"} <= set(types)


async def test_fields_of_an_action(ask):
    fields = await ask(BUILDER.format('ami_name = "{{¦}}"'))
    assert "timestamp" in fields
    for typed in ["{{¦}}", "{{.¦}}", "{{.Va¦}}", "{{ ¦ }}", "{{ .Path }} {{.¦}}"]:
        shell = await ask(f'image a {{\n    provision shell {{\n        execute_command = "sudo {typed}"\n    }}\n}}\n')
        assert {".Vars", ".Path"} <= set(shell), typed
        before, behind = typed.split("¦")
        whole = before.rsplit("{{", 1)[0] + "{{" + " " * before.endswith(" ") + ".Vars" + behind
        assert f'"sudo {whole}"' in ask.editor.completed("a.bake", shell[".Vars"]), typed


async def test_nothing_in_a_comment(ask):
    assert await ask("// region = ¦\n") == {}
    assert await ask("/// words ¦\nparam a: int = 1\n") == {}


async def test_each_item_can_be_put_in_and_parsed(ask):
    """What the list offers at the top, in an image and in a builder is something that the language knows."""
    for text in ["¦", "image a {\n    ¦\n}\n"]:
        for label, item in (await ask(text)).items():
            assert item.label == label and item.insert_text_format == lsp.InsertTextFormat.Snippet


async def test_snippets_are_for_those_who_know_them(start):
    def plain(capabilities):
        capabilities.text_document.completion.completion_item.snippet_support = False

    editor = await start(change=plain)
    editor.open("a.bake", "")
    for text in ["¦", "image a {\n    ¦\n}\n", BUILDER.format("¦")]:
        for item in (await editor.complete("a.bake", text)).values():
            assert item.insert_text_format != lsp.InsertTextFormat.Snippet
            assert "$" not in item.text_edit.new_text, item
    editor = await start()
    editor.open("b.bake", "")
    image = (await editor.complete("b.bake", "¦"))["image"]
    assert image.insert_text_format == lsp.InsertTextFormat.Snippet and "$" in image.text_edit.new_text


async def test_behind_characters_of_many_units(ask):
    regions = await ask('let 日 = "🦀"\nimage a {\n    builder amazon-ebs { ami_description = "🦀👍🏽", region = "us-w¦" }\n}\n')
    item = next(item for label, item in regions.items() if label.strip('"') == "us-west-1")
    assert 'region = "us-west-1" }' in ask.editor.completed("a.bake", item)
