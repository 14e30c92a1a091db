-- The Neovim files in a real Neovim: the type of a file, its settings, its indentation, the colours of Vim's syntax and of tree-sitter,
-- and the language server's configuration, beside a stand-in of a server. Prints what is wrong, and ends with 1 then.
--
-- Usage: nvim --clean --headless --cmd 'set rtp^=grammar/neovim,FOLDER_OF_PARSER' -l neovim.lua FILE SERVER
vim.cmd('filetype plugin indent on')
vim.cmd('syntax on')

local file, server = arg[1], arg[2]
local mistakes = {}
local function same(what, held, right)
    if not vim.deep_equal(held, right) then
        table.insert(mistakes, ('%s is %s, not %s'):format(what, vim.inspect(held), vim.inspect(right)))
    end
end

-- ---- a file of the language

vim.cmd.edit(file)
same('the type of the file', vim.bo.filetype, 'bake')
same('commentstring', vim.bo.commentstring, '// %s')
same('formatprg', vim.bo.formatprg, 'bakec fmt -')
same('shiftwidth', vim.bo.shiftwidth, 4)
same('expandtab', vim.bo.expandtab, true)

--- The line and column, from 1, of the first `word` behind the first `context`.
local function place(context, word)
    for number, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, true)) do
        local from = line:find(context, 1, true)
        if from then
            return number, assert(line:find(word, from, true), word .. ' is not behind ' .. context)
        end
    end
    error(context .. ' is nowhere')
end

-- ---- tree-sitter: what a word is

same('tree-sitter runs', vim.treesitter.highlighter.active[vim.api.nvim_get_current_buf()] ~= nil, true)
local tree = vim.treesitter.get_parser(0, 'bake')
tree:parse(true)
for _, name in ipairs({ 'highlights', 'folds', 'indents', 'locals', 'injections' }) do
    same('the query ' .. name .. ' is there', vim.treesitter.query.get('bake', name) ~= nil, true)
end
local function capture(context, word)
    local line, column = place(context, word)
    local found = vim.treesitter.get_captures_at_pos(0, line - 1, column - 1)
    return #found > 0 and found[#found].capture or nil
end
for _, case in ipairs({
    { 'image web', 'image', 'keyword' },
    { 'image web', 'web', 'type.definition' },
    { 'region                       = region', 'region', 'property' },
    { '= region', 'region', 'variable' },
    { 'builder amazon-ebs', 'amazon-ebs', 'type' },
    { 'param version', 'string', 'type.builtin' },
    { 'exclude when', 'when', 'keyword.conditional' },
    { 'env("SIGN', 'env', 'function.builtin' },
    { 'then 20GiB', '20GiB', 'number' },
    { '{{timestamp}}', '{{timestamp}}', 'string.special' },
    { '/// Version', '/// Version', 'comment.documentation' },
}) do
    same(case[2] .. ' of ' .. case[1], capture(case[1], case[2]), case[3])
end

-- ---- Vim's syntax, for those without a parser

vim.treesitter.stop()
vim.cmd('setlocal syntax=bake')
for _, case in ipairs({
    { 'image web', 'image', 'bakeItem' },
    { 'region                       = region', 'region', 'bakeKey' },
    { 'builder amazon-ebs', 'builder', 'bakeStatement' },
    { 'builder amazon-ebs', 'amazon-ebs', 'bakeKind' },
    { 'param version', 'string', 'bakeTypeBuiltin' },
    { 'matches /', '\\d', 'bakeRegexEscape' },
    { 'exclude when', 'when', 'bakeWhen' },
    { 'env("SIGN', 'env', 'bakeFunction' },
    { 'then 20GiB', '20GiB', 'bakeNumber' },
    { '${virt} ${version}', 'virt', 'bakeInterpolation' },
    { '{{timestamp}}', 'timestamp', 'bakeTemplateFunction' },
    { '| us-east-1 ', 'us-east-1', 'bakeRow' },
    { '/// Version', '/// Version', 'bakeDoc' },
}) do
    local line, column = place(case[1], case[2])
    same(case[2] .. ' of ' .. case[1], vim.fn.synIDattr(vim.fn.synID(line, column, 1), 'name'), case[3])
end

-- ---- indentation: taken away and made anew

local before = vim.api.nvim_buf_get_lines(0, 0, -1, true)
vim.api.nvim_buf_set_lines(0, 0, -1, true, vim.tbl_map(vim.trim, before))
vim.cmd('silent normal! gg=G')
same('the indentation', vim.api.nvim_buf_get_lines(0, 0, -1, true), before)
vim.cmd('silent undo | silent undo')
vim.bo.modified = false

-- ---- the language server

local config = vim.lsp.config.bake
same('the command of the server', config.cmd, { 'bakec', 'lsp' })
vim.lsp.config('bake', { cmd = { 'node', server } })
vim.lsp.enable('bake')
vim.cmd.edit({ bang = true })
vim.wait(10000, function()
    return #vim.diagnostic.get(0) > 0
end, 20)
same('what the server says is seen', vim.tbl_map(function(found)
    return found.message
end, vim.diagnostic.get(0)), { 'opened as bake' })

print(#mistakes == 0 and 'all is well' or table.concat(mistakes, '\n'))
vim.cmd(#mistakes == 0 and 'qall!' or '1cquit')
