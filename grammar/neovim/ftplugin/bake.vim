" Settings for files of bake, in Vim and Neovim. `gq` formats by `bakec fmt`.
if exists('b:did_ftplugin')
    finish
endif
let b:did_ftplugin = 1

setlocal commentstring=//\ %s
setlocal comments=:///,://!,://,:#
setlocal expandtab shiftwidth=4 softtabstop=4 tabstop=4
setlocal formatoptions-=t formatoptions+=croql
setlocal suffixesadd=.bake
let &l:formatprg = 'bakec fmt -'

" With a parser for tree-sitter the colours are its; else they are those of syntax/bake.vim.
if has('nvim')
    lua pcall(vim.treesitter.start)
endif

let b:undo_ftplugin = 'setlocal commentstring< comments< expandtab< shiftwidth< softtabstop< tabstop<'
            \ . ' formatoptions< suffixesadd< formatprg<'
            \ . (has('nvim') ? '| lua pcall(vim.treesitter.stop)' : '')
