"""A session in Neovim: a mistake is seen, mended by a code action, a value looked at, another completed, the builds listed.

`session` gives the name of each screen when it is there; the test and the pictures of the book take it from there.
"""


def session(screen):
    # It is seen without having been looked for, before anything is saved.
    screen.shows("web-${region}-${size}", "■ there is no")
    screen.find("us-esat")
    screen.keys("C-w", "d")
    screen.shows("there is no region `us-esat-1`", "help: did you mean `us-east-1`?")
    yield "error"

    screen.type("l")
    screen.loses("Diagnostics:")
    screen.type("gra")
    screen.shows('Change to `"us-east-1"`')
    yield "action"

    screen.type("1")
    screen.keys("Enter")
    screen.shows("matrix 4 builds {", "4 builds · list")
    screen.loses("there is no region")
    yield "mended"

    screen.find("${region} ")
    screen.type("lllK")
    screen.shows('"us-east-1" in 2 of 4 builds: web-us-east-1-small', '"eu-west-1" in 2 of 4 builds: web-eu-west-1-small')
    yield "hover"

    screen.keys("Escape")
    screen.find("= if size")
    screen.type('llC"t3."')
    screen.keys("Left", "C-x", "C-o")
    screen.shows("t3.2xlarge", "t3.nano")
    yield "complete"

    screen.type("nano")
    screen.keys("Escape")
    screen.shows('instance_type = "t3.nano"', "matrix 4 builds {")
    screen.loses("■")
    screen.find("image web")
    screen.shows("4 builds · list")
    screen.settled()
    screen.type(":lua vim.lsp.codelens.run()\n")
    screen.shows("web-us-east-1-small", "web-eu-west-1-large")
    yield "list"
