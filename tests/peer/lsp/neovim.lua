-- Neovim as the book's page sets it up, with the program to try, light colours and what is off by default: hints, lenses, completion.
local root, program = vim.env.BAKEC_ROOT, vim.env.BAKEC
vim.opt.runtimepath:prepend(root .. '/grammar/neovim')
vim.lsp.config('bake', { cmd = { program, 'lsp' } })
vim.lsp.enable('bake')

vim.o.termguicolors = true
vim.o.background = 'light'
vim.o.number = true
vim.o.updatetime = 100
vim.o.swapfile = false
vim.o.shortmess = vim.o.shortmess .. 'I'
vim.o.completeopt = 'menuone,noselect,popup'
vim.o.winborder = 'rounded'
vim.o.signcolumn = 'yes'
vim.o.showmode = false
vim.o.ruler = false
vim.o.laststatus = 0
vim.diagnostic.config({ virtual_text = true })

vim.api.nvim_create_autocmd('LspAttach', {
    callback = function(event)
        vim.lsp.inlay_hint.enable(true, { bufnr = event.buf })
        vim.lsp.completion.enable(true, event.data.client_id, event.buf, { autotrigger = false })
        local lenses = function() vim.lsp.codelens.refresh({ bufnr = event.buf }) end
        lenses()
        vim.api.nvim_create_autocmd({ 'BufEnter', 'CursorHold', 'InsertLeave', 'TextChanged' }, { buffer = event.buf, callback = lenses })
    end,
})
