autocmd BufRead,BufNewFile *.bake setfiletype bake
