"""What is shown of the place that is pointed at."""

from editor import covered, position
from lsprotocol import types as lsp


async def test_a_param_shows_its_declaration_its_words_and_its_value(editor):
    editor.open("main.bake")
    said = await editor.hover("main.bake", "param suffix", 7)
    assert 'param suffix: string = "a"' in said
    assert "Suffix of the names." in said


async def test_an_interpolation_shows_what_it_is_worth_in_each_build(editor):
    editor.open("main.bake")
    said = await editor.hover("main.bake", "${region}", 3)
    assert "region" in said
    # Six builds, of three in each region, in their order.
    assert said.endswith(
        '- `"us-east-1"` in 3 of 6 builds: us-east-1-1204-hvm, us-east-1-1404-pv, us-east-1-1404-hvm\n'
        '- `"eu-west-1"` in 3 of 6 builds: eu-west-1-1204-hvm, eu-west-1-1404-pv, eu-west-1-1404-hvm\n'
    )
    said = await editor.hover("main.bake", "${virt}", 3)
    assert '- `"hvm"` in 4 of 6 builds: us-east-1-1204-hvm, us-east-1-1404-hvm, eu-west-1-1204-hvm, …\n' in said
    assert '- `"pv"` in 2 of 6 builds: us-east-1-1404-pv, eu-west-1-1404-pv\n' in said


async def test_an_expression_shows_its_type_and_its_values(editor):
    editor.open("main.bake")
    said = await editor.hover("main.bake", "upstream[region, release][virt]", len("upstream[region, release]["))
    assert "virt" in said
    # The bracket is of the whole expression.
    said = await editor.hover("main.bake", "upstream[region, release][virt]", len("upstream[region, release][virt]") - 1)
    assert "ami_id" in said or "virt" in said
    said = await editor.hover("main.bake", "lib.virtualization(virt)", len("lib.virtualization"))
    assert "virtualization(virt:" in said and "What EC2 calls the virtualization." in said


async def test_an_option_shows_its_type_and_its_words(editor):
    editor.open("main.bake")
    said = await editor.hover("main.bake", "ami_name  ", 3)
    assert "ami_name: " in said and "Required" in said
    assert len(said.split("\n\n")) >= 3, f"no words about the option in {said}"


async def test_matrix_and_builder_show_how_many_builds_they_make(editor):
    editor.open("main.bake")
    said = await editor.hover("main.bake", "matrix {", 2)
    assert said.startswith("6 builds.") and "- us-east-1-1404-pv" in said
    assert (await editor.hover("main.bake", "builder amazon-ebs", 2)).startswith("6 builds.")
    assert (await editor.hover("main.bake", "provision shell when", 2)).startswith("4 builds.")


async def test_a_kind_shows_its_words(editor):
    editor.open("main.bake")
    said = await editor.hover("main.bake", "builder amazon-ebs", len("builder am"))
    assert "builder amazon-ebs" in said and "options." in said


async def test_names_of_other_files_show_their_words(editor):
    editor.open("main.bake")
    assert "What the images share." in await editor.hover("main.bake", "lib.base", 1)
    assert "group base(level: int = 1)" in await editor.hover("main.bake", "lib.base", 5)
    assert "Steps of all images." in await editor.hover("main.bake", "lib.base", 5)
    assert '"1204" | "1404"' in await editor.hover("main.bake", "lib.Release", 5)
    assert "User that the upstream image lets in." in await editor.hover("main.bake", "= ssh_user", 3)


async def test_a_table_and_a_column(editor):
    editor.open("main.bake")
    said = await editor.hover("main.bake", "upstream[region", 2)
    assert "table upstream key (region, release)" in said and "4 rows." in said
    assert "pv: ami_id" in await editor.hover("main.bake", "pv: ami_id", 1)


async def test_an_action_shows_that_it_is_filled_in_later(editor):
    editor.open("main.bake")
    assert "when the plan runs" in await editor.hover("main.bake", "{{timestamp}}", 4)


async def test_nothing_is_said_of_nothing(editor):
    editor.open("main.bake")
    assert await editor.hover("main.bake", "\n\n", 1) is None
    editor.open("lib.bake")
    place = lsp.Position(999, 999)
    params = lsp.HoverParams(editor.document("lib.bake"), place)
    assert await editor.client.text_document_hover_async(params) is None


async def test_the_range_is_that_of_the_words(editor):
    editor.open("main.bake")
    text = editor.text("main.bake")
    params = lsp.HoverParams(**editor.at("main.bake", "suffix: string", 2))
    found = await editor.client.text_document_hover_async(params)
    assert covered(text, found.range) == "suffix"
    assert found.contents.kind == lsp.MarkupKind.Markdown


async def test_a_program_with_a_mistake_elsewhere_still_answers(editor):
    editor.open("main.bake")
    editor.replace("main.bake", '"m3.medium"', "nothing_of_this_name")
    assert 'param suffix: string = "a"' in await editor.hover("main.bake", "${suffix}", 3)
    editor.replace("main.bake", 'output "amis.json" = {', "output = = {")
    assert 'param suffix: string = "a"' in await editor.hover("main.bake", "${suffix}", 3)


async def test_places_count_in_utf_16(editor):
    text = 'let a = "ä日本🦀👩‍👩‍👧e\u0301"\nlet b = "🦀🦀${a}🦀" + a\n'
    editor.open("a.bake", text)
    at = text.rindex("a")
    assert position(text, at) == lsp.Position(1, 23)
    params = lsp.HoverParams(editor.document("a.bake"), position(text, at))
    found = await editor.client.text_document_hover_async(params)
    assert covered(text, found.range) == "a" and "let a" in found.contents.value
    params = lsp.HoverParams(editor.document("a.bake"), position(text, text.index("${a}") + 2))
    found = await editor.client.text_document_hover_async(params)
    assert covered(text, found.range) == "a"
