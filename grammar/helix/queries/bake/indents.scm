[(statements) (body) (members) (matrix) (chain) (table) (policy) (record) (list) (match) (arguments) (parameters) (index)] @indent
["}" "]" ")"] @outdent
