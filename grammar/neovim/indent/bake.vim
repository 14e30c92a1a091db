" Indentation of bake by its brackets; `bakec fmt` decides in the end.
if exists('b:did_indent')
    finish
endif
let b:did_indent = 1

setlocal nosmartindent autoindent
setlocal indentexpr=BakeIndent(v:lnum)
setlocal indentkeys=0{,0},0],0),!^F,o,O
let b:undo_indent = 'setlocal smartindent< autoindent< indentexpr< indentkeys<'

if exists('*BakeIndent')
    finish
endif

" The line without its texts and its comment: only brackets that count are left.
function s:Code(line) abort
    let l:code = substitute(getline(a:line), '"\%(\\.\|[^"\\]\)*"\|''[^'']*''', '', 'g')
    return substitute(l:code, '\%(//\|#\).*$', '', '')
endfunction

function BakeIndent(line) abort
    " Texts of several lines are their author's.
    if synIDattr(synID(a:line, 1, 0), 'name') =~# '^bake\%(Raw\)\?Lines$'
        return -1
    endif
    let l:before = prevnonblank(a:line - 1)
    if l:before == 0
        return 0
    endif
    let l:indent = indent(l:before)
    if s:Code(l:before) =~# '[{\[(]\s*$'
        let l:indent += shiftwidth()
    endif
    if getline(a:line) =~# '^\s*[}\])]'
        let l:indent -= shiftwidth()
    endif
    return max([l:indent, 0])
endfunction
