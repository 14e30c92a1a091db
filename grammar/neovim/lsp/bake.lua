-- The language server for Neovim 0.11 and newer: `vim.lsp.enable('bake')` starts it for every file of bake.
return {
    cmd = { 'bakec', 'lsp' },
    filetypes = { 'bake' },
    root_markers = { '.git' },
}
