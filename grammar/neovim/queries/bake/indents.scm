[(statements) (body) (members) (matrix) (chain) (table) (policy) (record) (list) (match) (arguments) (parameters) (index)] @indent.begin
["}" "]" ")"] @indent.branch @indent.end
[(text) (raw_text)] @indent.ignore
